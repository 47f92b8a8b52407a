import { demo as test, expect } from "../support/test";

test.describe("conversations", () => {
  test("one gets a title by itself, and its own address", async ({ chat, page }) => {
    await chat.open();
    await chat.ask("What devices do I have?");
    await chat.answered();
    await chat.reload();
    await expect(chat.rows).toHaveCount(1);
    await expect(chat.rows).toContainText(/\S/);
    await expect(page).toHaveURL(/\/t\/prs\/c\/[0-9a-f-]{36}/);
  });

  test("renaming keeps the new title", async ({ chat, page }) => {
    await chat.open();
    await chat.ask("What devices do I have?");
    await chat.answered();
    await chat.reload();
    await chat.rename("All our meters");
    await expect(chat.row("All our meters")).toBeVisible();
    await chat.reload();
    await expect(chat.row("All our meters")).toBeVisible();
    await expect(page.getByRole("heading", { level: 1 })).toContainText("All our meters");
  });

  test("a deleted one is gone, and comes back with Undo", async ({ chat, page }) => {
    await chat.open();
    await chat.ask("What devices do I have?");
    await chat.answered();
    const address = page.url();
    await chat.delete();
    await expect(chat.rows).toHaveCount(0);
    await page.getByRole("button", { name: "Undo" }).click();
    await expect(chat.rows).toHaveCount(1);
    await page.goto(address);
    await expect(chat.questions).toHaveCount(1);
  });

  test("double-click on a title renames @script", async ({ chat, page }) => {
    await chat.open();
    await chat.ask("What devices do I have?");
    await chat.answered();
    await chat.rows.first().getByRole("link").dblclick();
    await chat.rows.first().getByRole("textbox", { name: "Title" }).fill("Double");
    await page.keyboard.press("Enter");
    await expect(chat.row("Double")).toBeVisible();
  });
});
