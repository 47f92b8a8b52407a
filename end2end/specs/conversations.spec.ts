import { demo as test, expect } from "../support/test";

test.describe("conversations", () => {
  test("one gets a title by itself, and its own address", async ({ chat, page }) => {
    await chat.open();
    await chat.ask("What devices do I have?");
    await chat.answered();
    await page.reload();
    await chat.ready();
    await expect(chat.sidebar.getByRole("link", { name: /\S+/ }).first()).toBeVisible();
    await expect(page).toHaveURL(/\/t\/prs\/c\/[0-9a-f-]{36}/);
  });

  test("renaming keeps the new title", async ({ chat, page, hasScript }) => {
    await chat.open();
    await chat.ask("What devices do I have?");
    await chat.answered();
    await page.reload();
    await chat.ready();
    await chat.act(/.*/, "Rename");
    const title = page.getByRole("textbox", { name: "Title" }).first();
    await title.fill("All our meters");
    await title.press("Enter");
    await expect(chat.row("All our meters")).toBeVisible();
    await page.reload();
    await chat.ready();
    await expect(chat.row("All our meters")).toBeVisible();
    if (hasScript) await expect(page.getByRole("banner")).toContainText("All our meters");
  });

  test("a deleted one is gone, and comes back with Undo @script", async ({ chat, page }) => {
    await chat.open();
    await chat.ask("What devices do I have?");
    await chat.answered();
    const address = page.url();
    await chat.act(/.*/, "Delete");
    await expect(chat.sidebar.getByRole("listitem")).toHaveCount(0);
    await page.getByRole("button", { name: "Undo" }).click();
    await expect(chat.sidebar.getByRole("listitem")).toHaveCount(1);
    await page.goto(address);
    await expect(chat.questions).toHaveCount(1);
  });

  test("deleting works without script, too @no-script", async ({ chat, page }) => {
    await chat.open();
    await chat.ask("What devices do I have?");
    await chat.answered();
    await chat.act(/.*/, "Delete");
    await page.goto(`${chat.origin}/t/prs`);
    await expect(chat.sidebar.getByRole("listitem")).toHaveCount(0);
  });

  test("double-click on a title renames @script", async ({ chat, page }) => {
    await chat.open();
    await chat.ask("What devices do I have?");
    await chat.answered();
    await chat.sidebar.getByRole("link").filter({ hasText: /\S/ }).last().dblclick();
    await page.getByRole("textbox", { name: "Title" }).fill("Double");
    await page.keyboard.press("Enter");
    await expect(chat.row("Double")).toBeVisible();
  });
});
