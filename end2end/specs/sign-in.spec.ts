import { demo as test, expect } from "../support/test";

test.describe("signing in", () => {
  test("a wrong password keeps the e-mail and says what happened", async ({ page, steward, newPerson, complaints }) => {
    complaints.expect(/status of 401/);
    const person = newPerson({ tenant: "prs", role: "member" });
    await page.goto(`${steward.url}/login`);
    await page.getByLabel("E-mail").fill(person.email);
    await page.getByLabel("Password").fill("not the password");
    await page.getByRole("button", { name: "Sign in" }).click();
    await expect(page.getByRole("alert")).toHaveText("E-mail or password is not right.");
    await expect(page.getByLabel("E-mail")).toHaveValue(person.email);
    await expect(page.getByLabel("Password")).toHaveValue("");
  });

  test("somebody in one tenant lands in its chat and can sign out again", async ({ page, steward, newPerson }) => {
    const person = newPerson({ tenant: "prs", role: "member" });
    await page.goto(`${steward.url}/`);
    await page.waitForURL(/\/login/);
    await page.getByLabel("E-mail").fill(person.email);
    await page.getByLabel("Password").fill(person.password);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.waitForURL(`${steward.url}/t/prs`);
    await page.goto(`${steward.url}/settings`);
    await expect(page.getByText(person.email).first()).toBeVisible();
    const signedOut = await page.request.post(`${steward.url}/logout`, { headers: { origin: steward.url } });
    expect(signedOut.ok()).toBe(true);
    await page.goto(`${steward.url}/t/prs`);
    await page.waitForURL(/\/login/);
  });

  test("an address asked for before signing in is where one arrives", async ({ page, steward, newPerson }) => {
    const person = newPerson({ tenant: "prs", role: "member" });
    await page.goto(`${steward.url}/settings`);
    await page.waitForURL(/\/login\?next=/);
    await page.getByLabel("E-mail").fill(person.email);
    await page.getByLabel("Password").fill(person.password);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.waitForURL(`${steward.url}/settings`);
  });

  test("somebody in several tenants chooses one", async ({ page, steward, newPerson, signIn }) => {
    const person = newPerson({ tenant: "prs", role: "member" }, { tenant: "iop", role: "admin" });
    await signIn(person);
    await page.goto(`${steward.url}/`);
    await expect(page.getByRole("heading", { name: "Choose where to work" })).toBeVisible();
    await page.getByRole("link", { name: /iop/ }).click();
    await page.waitForURL(`${steward.url}/t/iop`);
  });

  test("somebody in no tenant waits for access", async ({ page, steward, newPerson, signIn, complaints }) => {
    complaints.expect(/status of 404/);
    await signIn(newPerson());
    await page.goto(`${steward.url}/`);
    await expect(page.getByRole("heading", { name: "Your account is waiting for access" })).toBeVisible();
    const foreign = await page.goto(`${steward.url}/t/prs`);
    expect(foreign?.status()).toBe(404);
  });
});
