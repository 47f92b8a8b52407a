import { demo as test, expect } from "../support/test";
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
    // Without script the browser keeps what was typed one step back.
    if (hasScript) await expect(chat.composer).toHaveValue("What did Compressor 3 cost us last week?");
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
