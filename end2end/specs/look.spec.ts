import { demo as test, expect } from "../support/test";

const widths = [360, 390, 768, 1280];

test.describe("look", () => {
  for (const width of widths) {
    test(`nothing scrolls sideways at ${width} px`, async ({ chat, page, steward }) => {
      await page.setViewportSize({ width, height: 800 });
      await chat.open();
      await chat.ask("Compare this week with last week for every device");
      await chat.answered();
      for (const path of [new URL(page.url()).pathname, "/t/prs", "/settings", "/login"]) {
        await page.goto(steward.url + path);
        // Locators work without script; evaluate does too, because it does not go through the page.
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        expect(overflow, `${path} at ${width} px`).toBeLessThanOrEqual(0);
      }
    });
  }

  test("the chosen theme stays, and is in the first bytes of the page", async ({ chat, page, steward }) => {
    await page.goto(`${steward.url}/settings`);
    await page.getByRole("radio", { name: "Dark" }).check();
    await page.getByRole("button", { name: "Save theme" }).click();
    await expect(page.getByText("Your theme is saved.")).toBeVisible();
    await expect(page.locator("html")).toHaveClass(/dark/);
    const html = await (await page.request.get(`${steward.url}/t/prs`)).text();
    expect(html).toMatch(/<html[^>]*class="[^"]*dark/);
    await chat.open();
    await expect(page.locator("html")).toHaveClass(/dark/);
  });

  test("the sidebar is a drawer on a phone @script", async ({ chat, page }) => {
    await page.setViewportSize({ width: 390, height: 800 });
    await chat.open();
    await expect(chat.sidebar).not.toBeInViewport();
    await page.getByRole("button", { name: "Show the sidebar" }).click();
    await expect(chat.sidebar).toBeInViewport();
    await page.keyboard.press("Escape");
    await expect(chat.sidebar).not.toBeInViewport();
  });

  test("a draft survives a reload @script", async ({ chat }) => {
    await chat.open();
    await chat.composer.fill("half a thought");
    await chat.reload();
    await expect(chat.composer).toHaveValue("half a thought");
  });
});
