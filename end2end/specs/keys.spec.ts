// Keys for programs: made in the settings, shown once, revoked; with and without scripts, in both themes, on a phone.

import { findings } from "../support/axe";
import { demo as test, expect } from "../support/test";

test("a key is made from the settings, shown once, works and is revoked", async ({ page, steward, person, hasScript, context }) => {
  if (hasScript) await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: steward.url });
  await page.goto(`${steward.url}/settings`);
  await page.getByRole("link", { name: /Keys for programs/ }).click();
  await page.waitForURL(`${steward.url}/t/prs/keys`);
  await expect(page.getByText("There are none yet.")).toBeVisible();
  await page.getByLabel("What is it for?").fill(`Laptop of ${person.name}`);
  await page.getByLabel("It ends after").selectOption({ label: "30 days" });
  await page.getByLabel("Requests a minute at most").fill("3");
  await page.getByRole("button", { name: "Make a key" }).click();
  await expect(page.getByRole("heading", { name: "This is your key" })).toBeVisible();
  const key = await page.locator("#the-key").innerText();
  expect(key).toMatch(/^stw_[A-Za-z0-9]{12}_[A-Za-z0-9]{48}$/);
  expect(page.url()).not.toContain("stw_");

  // The buttons that copy are there when they can work.
  const copy = page.getByRole("button", { name: /Copy: The key/ });
  if (hasScript) {
    await copy.click();
    await expect(page.getByRole("button", { name: /Copied/ })).toBeVisible();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(key);
  } else {
    await expect(copy).toBeHidden();
  }
  expect(await findings(page), "shown").toEqual([]);

  const models = (secret: string) => page.request.get(`${steward.url}/v1/models`, { headers: { authorization: `Bearer ${secret}` } });
  expect((await models(key)).status()).toBe(200);

  await page.getByRole("link", { name: "To the keys" }).click();
  await expect(page.getByText("3 requests a minute")).toBeVisible();
  expect(await page.content()).not.toContain(key);
  expect(await findings(page), "listed").toEqual([]);

  await page.locator("summary", { hasText: "Revoke" }).click();
  await page.getByRole("button", { name: "Revoke it now" }).click();
  await expect(page.getByRole("status")).toHaveText("The key is revoked.");
  expect((await models(key)).status()).toBe(401);
});

test("what is wrong about the form is said beside the field", async ({ page, steward, person, complaints }) => {
  complaints.expect(/status of 422/);
  await page.goto(`${steward.url}/t/prs/keys`);
  await page.getByLabel("What is it for?").fill(person.name);
  await page.getByLabel("Tokens a minute at most").fill("many");
  await page.getByRole("button", { name: "Make a key" }).click();
  await expect(page.getByLabel("Tokens a minute at most")).toHaveAttribute("aria-invalid", "true");
  await expect(page.getByText("Write a whole number from 1, or nothing.")).toBeVisible();
  await expect(page.getByLabel("What is it for?")).toHaveValue(person.name);
  expect(await findings(page), "refused").toEqual([]);
});

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(`keys on a phone, ${colorScheme}`, () => {
    test.use({ colorScheme, viewport: { width: 390, height: 844 } });

    test("nothing is wider than the screen", async ({ page, steward, newPerson, signIn }, info) => {
      await signIn(newPerson({ tenant: "prs", role: "admin" }));
      await page.goto(`${steward.url}/t/prs/keys`);
      await page.getByLabel("What is it for?").fill("Nightly report of the mill's third compressor hall");
      await page.getByLabel("A service's").check();
      await page.getByRole("button", { name: "Make a key" }).click();
      await page.screenshot({ path: info.outputPath("shown.png"), fullPage: true });
      await page.getByRole("link", { name: "To the keys" }).click();
      await page.locator("summary", { hasText: "New secret" }).first().click();
      await page.screenshot({ path: info.outputPath("listed.png"), fullPage: true });
      expect(await findings(page), colorScheme).toEqual([]);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect(overflow).toBeLessThanOrEqual(0);
    });
  });
}
