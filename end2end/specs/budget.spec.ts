import { demo as test, expect } from "../support/test";
import { findings } from "../support/axe";
import { Chat } from "../support/chat";

// Limits belong to a tenant: this spec has one of its own, so that no other spec runs into them.
test.describe("over budget", () => {
  test("the refusal is explained in place and the draft is kept", async ({ page, steward, newPerson, signIn, hasScript, complaints }) => {
    complaints.expect(/status of 402/);
    const tenant = `broke${Date.now().toString(36)}`;
    steward.command(["tenant", "add", tenant, "--name", "Broke Mill", "--time-zone", "Asia/Jakarta", "--currency", "IDR", "--contact", "energy@broke.test"]);
    steward.command(["budget", tenant, "--requests", "0"]);
    await signIn(newPerson({ tenant, role: "member" }));
    const chat = new Chat(page, steward.url, tenant, hasScript);
    await chat.open();
    await chat.composer.fill("What did Compressor 3 cost us last week?");
    await chat.send.click();
    await expect(page.getByText(/Broke Mill.*budget.*used up/i).first()).toBeVisible();
    await expect(page.getByText(/resets on/i).first()).toBeVisible();
    await expect(page.getByText("energy@broke.test").first()).toBeVisible();
    await expect(hasScript ? chat.composer : page.getByLabel("Message")).toHaveValue("What did Compressor 3 cost us last week?");
    if (hasScript) return;
    steward.command(["budget", tenant, "--requests", "10"]);
    await page.getByLabel("Message").fill("What did Compressor 3 cost us last month?");
    await page.getByRole("button", { name: "Send" }).click();
    await expect(page).toHaveURL(/\/c\//);
    await expect(page.getByText("What did Compressor 3 cost us last month?").first()).toBeVisible();
  });

  test("more is asked for, granted, and at hand", async ({ page, steward, newTenant, newPerson, signIn, hasScript, browser }) => {
    const tenant = newTenant({ requests: 10 });
    await signIn(newPerson({ tenant, role: "member" }));
    await page.goto(`${steward.url}/t/${tenant}/budget`);
    if (hasScript) expect(await findings(page), "budget").toEqual([]);
    await page.getByLabel("What do you need more for?").fill("The audit of week 47");
    await page.getByRole("button", { name: "Ask for more" }).click();
    await expect(page.getByText("Your request is with the administrators.")).toBeVisible();
    if (hasScript) expect(await findings(page), "asked").toEqual([]);

    const office = await browser.newContext({ javaScriptEnabled: hasScript, locale: "en-GB" });
    await signIn(newPerson({ tenant, role: "admin" }), office);
    const desk = await office.newPage();
    await desk.goto(`${steward.url}/t/${tenant}/budget/requests`);
    await expect(desk.getByText("The audit of week 47")).toBeVisible();
    if (hasScript) expect(await findings(desk), "requests").toEqual([]);
    await desk.getByLabel(/Requests/).fill("5");
    await desk.getByRole("button", { name: "Grant for this window" }).click();
    await expect(desk.getByRole("status")).toHaveText("It is decided.");
    await office.close();

    await page.goto(`${steward.url}/t/${tenant}/budget`);
    await expect(page.getByText("Granted, until this budget begins anew.")).toBeVisible();
    await expect(page.getByText("15").first()).toBeVisible();
  });

  test("the meter moves by what was used", async ({ page, steward, newPerson, signIn, hasScript }) => {
    const tenant = `small${Date.now().toString(36)}`;
    steward.command(["tenant", "add", tenant, "--name", "Small Mill", "--time-zone", "Asia/Jakarta", "--currency", "IDR"]);
    steward.command(["budget", tenant, "--requests", "50"]);
    await signIn(newPerson({ tenant, role: "admin" }));
    const chat = new Chat(page, steward.url, tenant, hasScript);
    await chat.open();
    await chat.ask("Hello");
    await chat.answered();
    await page.goto(`${steward.url}/t/${tenant}/usage`);
    // One answer and its title: two requests of fifty.
    await expect(page.getByText(/2 (of|\/) 50/).first()).toBeVisible();
    await expect(page.getByText("Ana Wijaya").first()).toBeVisible();
  });
});
