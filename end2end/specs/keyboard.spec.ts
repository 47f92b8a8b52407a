import { Chat } from "../support/chat";
import { demo as test, expect } from "../support/test";

test.describe("by keyboard alone @script", () => {
  test("the main job: sign in, ask, read, open the tool card", async ({ page, steward, newPerson }) => {
    const person = newPerson({ tenant: "prs", role: "member" });
    await page.goto(`${steward.url}/login`);
    await expect(page.getByLabel("E-mail")).toBeFocused();
    await page.keyboard.type(person.email);
    await page.keyboard.press("Tab");
    await page.keyboard.type(person.password);
    await page.keyboard.press("Enter");
    await page.waitForURL(`${steward.url}/t/prs`);
    const chat = new Chat(page, steward.url, "prs", true);
    await chat.ready();
    await page.locator("body").press("Shift+Escape");
    await expect(chat.composer).toBeFocused();
    await page.keyboard.type("What did Compressor 3 cost us last week?");
    await expect(chat.composer).toHaveValue("What did Compressor 3 cost us last week?");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/c\//);
    const answer = await chat.answered();
    const group = answer.locator("details.tools").first();
    await group.locator("> summary").focus();
    await page.keyboard.press("Enter");
    await expect(group).toHaveAttribute("open", "");
  });

  test("Shift+Enter breaks the line, Enter sends", async ({ chat, page }) => {
    await chat.open();
    await chat.composer.focus();
    await page.keyboard.type("What devices");
    await page.keyboard.press("Shift+Enter");
    await page.keyboard.type("do I have?");
    await expect(chat.composer).toHaveValue("What devices\ndo I have?");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/c\//);
    await expect(chat.composer).toHaveValue("");
  });

  test("the help dialog opens, closes, and gives the focus back", async ({ chat, page }) => {
    await chat.open();
    await chat.composer.focus();
    await page.keyboard.press("Control+/");
    const dialog = page.getByRole("dialog");
    await expect(dialog).toBeVisible();
    await page.keyboard.press("Escape");
    await expect(dialog).toBeHidden();
    await expect(chat.composer).toBeFocused();
  });

  test("the first stop of the keyboard offers to skip to the message box", async ({ chat, page }) => {
    await chat.open();
    const skip = page.locator("a[href], button, summary, input, textarea").first();
    await expect(skip).toHaveText(/skip to/i);
    await skip.focus();
    await expect(skip).toBeInViewport();
    await page.keyboard.press("Enter");
    await expect(chat.composer).toBeFocused();
  });
});
