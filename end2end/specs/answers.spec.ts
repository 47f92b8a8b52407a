// How an answer ends or waits, and what the page around it says: decided questions, busy providers, cut answers, files
// without a word, the model and the archive in the header.

import { randomUUID } from "node:crypto";
import { scripted as test, demo, expect } from "../support/test";

/** Waits until what was drawn is laid out: two frames. */
const laidOut = () => new Promise<void>((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())));

test.describe("an answer @script", () => {
  test("what is read does not move when a question is decided", async ({ chat, page, upstream }) => {
    await page.setViewportSize({ width: 1280, height: 560 });
    const id = randomUUID().slice(0, 8);
    const lines = Array.from({ length: 30 }, (_, line) => `Line ${line + 1} of the answer.`).join("\n\n");
    const when = { user_contains: id };
    const tool = { id: "toolu_1", name: "add_note", input: { device: "compressor 3", text: "bearing noise" } };
    await upstream.enqueue({ when, steps: [{ text: lines }, { tool }] });
    await upstream.enqueue({ when, steps: [{ gate: id }, { text: "Noted." }] });
    await chat.open();
    await chat.ask(`Note the noise (${id})`);
    const allow = page.getByRole("button", { name: "Allow once" });
    await expect(allow).toBeInViewport();
    const line = chat.answers.last().getByText("Line 29 of the answer.");
    await page.evaluate(laidOut);
    // The view may still be gliding to the end.
    let before = -1;
    await expect(async () => {
      const seen = before;
      before = (await line.boundingBox())?.y ?? -1;
      await page.evaluate(laidOut);
      expect(before).toBe(seen);
    }).toPass();
    await allow.click();
    await expect(allow).toBeHidden();
    await page.evaluate(laidOut);
    const after = (await line.boundingBox())?.y ?? -1;
    expect(Math.abs(after - before), "pixels the text moved").toBeLessThanOrEqual(2);
    await upstream.release(id);
    await expect(chat.answers.last()).toContainText("Noted.");
  });

  test("a busy provider: how long to wait is counted down", async ({ chat, page, upstream }) => {
    const id = randomUUID().slice(0, 8);
    const when = { user_contains: id };
    const refuse = { status: 429, type: "rate_limit_error", message: "too many" };
    for (let attempt = 0; attempt < 2; attempt += 1) await upstream.enqueue({ when, refuse });
    await upstream.enqueue({ when, refuse: { ...refuse, headers: { "retry-after": "50" } } });
    await chat.open();
    await chat.ask(`Busy? (${id})`);
    const failure = page.getByRole("group", { name: "This answer failed" });
    await expect(failure).toContainText(/It can be tried again in 0:[0-4]\d\./);
    await chat.reload();
    await expect(failure).toContainText(/It can be tried again in 0:[0-4]\d\./);
    await upstream.enqueue({ when, steps: [{ text: "Not any more." }] });
    await failure.getByRole("button", { name: "Retry" }).click();
    await expect(chat.answers.last()).toContainText("Not any more.");
  });

  test("one cut by its length goes on where it stopped", async ({ chat, upstream }) => {
    const id = randomUUID().slice(0, 8);
    const when = { user_contains: id };
    await upstream.enqueue({ when, steps: [{ text: "The first half" }], stop_reason: "max_tokens" });
    await chat.open();
    await chat.ask(`At length (${id})`);
    const answer = await chat.answered();
    await expect(answer).toContainText("The answer reached its greatest length.");
    await upstream.enqueue({ steps: [{ text: " and the second." }] });
    await answer.getByRole("button", { name: "Continue" }).click();
    await expect(chat.text(chat.answers.last())).toContainText("and the second.");
    await expect(chat.text(await chat.answered())).toContainText("The first half");
    await expect(chat.answers).toHaveCount(1);
  });

  test("files are a message by themselves, and tell how far they are", async ({ chat, page, upstream }) => {
    await upstream.enqueue({ steps: [{ text: "A long list." }] });
    await chat.open();
    const network = await page.context().newCDPSession(page);
    await network.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 100_000 });
    const file = { name: "readings.txt", mimeType: "text/plain", buffer: Buffer.from("12.5 kWh\n".repeat(20_000)) };
    await page.getByLabel("Attach files").setInputFiles(file);
    await expect(page.locator(".file").getByText(/^\d+ %$/)).toBeVisible();
    await network.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: -1 });
    await expect(page.locator(".file .spinner")).toHaveCount(0);
    await chat.send.click();
    await expect(chat.questions.getByText("readings.txt")).toBeVisible();
    await expect(chat.text(await chat.answered())).toHaveText("A long list.");
    await page.waitForURL(/\/c\//);
    await chat.reload();
    await expect(chat.questions.getByText("readings.txt")).toBeVisible();
    await expect(chat.row("readings").or(chat.row("A short title")).first()).toBeVisible();
  });
});

demo.describe("the header @script", () => {
  demo("names the model that answered", async ({ chat, page }) => {
    await chat.open();
    const models = page.getByRole("combobox", { name: "Model" });
    const labels = await models.locator("option").allInnerTexts();
    const other = labels.at(-1) ?? "";
    expect(labels.length).toBeGreaterThan(1);
    await models.selectOption({ label: other });
    await chat.ask("What devices do I have?");
    await chat.answered();
    await expect(page.locator(".header-chips .chip").first()).toHaveAttribute("title", `${other}: Built in and scripted: not an AI`);
    await chat.reload();
    await expect(page.locator(".header-chips .chip").first()).toHaveAttribute("title", `${other}: Built in and scripted: not an AI`);
  });

  demo("knows a conversation of the archive, which no list shows", async ({ chat, page }) => {
    await chat.open();
    await chat.ask("What devices do I have?");
    await chat.answered();
    await chat.menu("Archive");
    await expect(chat.rows).toHaveCount(0);
    await chat.reload();
    const menu = page.locator("summary").and(page.getByLabel("Conversation menu"));
    await menu.click();
    await page.locator(".conversation-menu").getByRole("button", { name: "Unarchive" }).click();
    await expect(chat.rows).toHaveCount(1);
    await menu.click();
    await expect(page.locator(".conversation-menu").getByRole("button", { name: "Archive", exact: true })).toBeVisible();
  });
});
