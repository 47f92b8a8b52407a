import { demo as test, expect, type Person } from "../support/test";
import type { Steward } from "../support/processes";

/** Writes a conversation of so many questions and answers by the REST interface; gives its id. */
async function converse(steward: Steward, { email, password }: Person, turns: number): Promise<string> {
  const post = async (path: string, body: unknown, token?: string) => {
    const headers = { "content-type": "application/json", ...(token ? { authorization: `Bearer ${token}` } : {}) };
    const answer = await fetch(steward.url + path, { method: "POST", headers, body: JSON.stringify(body) });
    expect(answer.ok, path).toBe(true);
    return (await answer.json()) as Record<string, string>;
  };
  const token = (await post("/api/auth/login", { email, password, tenant: "prs" })).access_token;
  let conversation: string | undefined;
  for (let turn = 0; turn < turns; turn++) {
    conversation = (await post("/api/chat", { message: `Hello number ${turn}`, conversation }, token)).conversation;
  }
  return conversation ?? "";
}

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

  test("the part above is put there without moving or replacing what is read @script", async ({ chat, page, person, steward }) => {
    const id = await converse(steward, person, 35);
    await chat.open(`/c/${id}`);
    await expect(chat.questions.last()).toContainText("Hello number 34");
    const first = chat.questions.first();
    const question = /Hello number \d+/.exec((await first.textContent()) ?? "")?.[0] ?? "no question";
    const shown = await page.getByRole("article").count();
    expect(shown).toBeLessThan(70);
    await first.evaluate((article) => {
      article.scrollIntoView();
      const top = article.getBoundingClientRect().top;
      const watched = { farthest: 0, frames: 0 };
      Object.assign(article, { watched });
      const watch = () => {
        watched.farthest = Math.max(watched.farthest, Math.abs(article.getBoundingClientRect().top - top));
        watched.frames += 1;
        requestAnimationFrame(watch);
      };
      watch();
    });
    await expect(chat.questions.first()).toContainText("Hello number 0");
    await expect(page.getByRole("article")).toHaveCount(70);
    const same = page.getByRole("article").filter({ hasText: new RegExp(`${question}\\b`) }).first();
    const seen = () => same.evaluate((article) => (article as unknown as { watched?: { farthest: number; frames: number } }).watched);
    const frames = (await seen())?.frames ?? 0;
    expect(frames, "the element is the one it was").toBeGreaterThan(0);
    // What was added may grow for some more frames.
    await expect.poll(async () => (await seen())?.frames).toBeGreaterThan(frames + 20);
    expect((await seen())?.farthest, "pixels what is read moved, in any frame").toBeLessThanOrEqual(2);
  });
});
