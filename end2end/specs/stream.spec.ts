// What happens while an answer is being written. The provider stops at a gate in the middle of its answer and goes on
// when the spec says so: nothing here depends on time.

import { randomUUID } from "node:crypto";
import type { Upstream } from "../support/processes";
import { scripted as test, expect } from "../support/test";

const first = "Compressor 3 used 1,204 kWh";
const second = " in the week of 9 November.";

/** Prepares an answer that waits between its halves; gives the question to ask and the gate to open. */
async function heldAnswer(upstream: Upstream): Promise<{ question: string; gate: string }> {
  const id = randomUUID().slice(0, 8);
  const question = `What did compressor 3 use? (${id})`;
  await upstream.enqueue({ when: { user_contains: id }, steps: [{ text: first }, { gate: id }, { text: second }] });
  return { question, gate: id };
}

test.describe("while an answer is written", () => {
  test("a reload continues without a lost or doubled character", async ({ chat, upstream }) => {
    const { question, gate } = await heldAnswer(upstream);
    await chat.open();
    await chat.ask(question);
    await expect(chat.answers.last()).toContainText(first);
    await chat.reload();
    await expect(chat.answers.last()).toContainText(first);
    await upstream.release(gate);
    const answer = await chat.answered();
    await expect(chat.text(answer)).toHaveText(first + second);
    await expect(chat.answers).toHaveCount(1);
  });

  test("a second tab follows", async ({ chat, newTab, upstream }) => {
    const { question, gate } = await heldAnswer(upstream);
    await chat.open();
    await chat.ask(question);
    const other = chat.in(await newTab());
    await other.follow(chat);
    await expect(other.answers.last()).toContainText(first);
    await upstream.release(gate);
    for (const tab of [chat, other]) {
      await expect(tab.text(await tab.answered())).toHaveText(first + second);
    }
  });

  test("closing the tab does not stop it", async ({ chat, page, newTab, upstream }) => {
    const { question, gate } = await heldAnswer(upstream);
    await chat.open();
    await chat.ask(question);
    await expect(chat.answers.last()).toContainText(first);
    const address = page.url();
    const other = chat.in(await newTab());
    await page.close();
    await upstream.release(gate);
    await other.page.goto(address);
    await expect(other.text(await other.answered())).toHaveText(first + second);
  });

  test("another tab stops it", async ({ chat, newTab, upstream }) => {
    const { question, gate } = await heldAnswer(upstream);
    await chat.open();
    await chat.ask(question);
    await expect(chat.answers.last()).toContainText(first);
    const other = chat.in(await newTab());
    await other.follow(chat);
    await other.stop.click();
    for (const tab of [chat, other]) {
      const answer = await tab.answered();
      await expect(answer).toContainText("Stopped.");
      await expect(answer).toContainText(first);
      await expect(answer).not.toContainText(second.trim());
    }
    await upstream.release(gate);
  });

  test("two devices that send at once branch", async ({ chat, page, person, signIn, browser, javaScriptEnabled, newTab, upstream, complaints }) => {
    complaints.expect(/ERR_FAILED/);
    await chat.open();
    await upstream.enqueue({ when: { user_contains: "beginning" }, steps: [{ text: "Begun." }] });
    await chat.ask("The beginning");
    await chat.answered();
    // Another device that has not heard of the first one's message yet.
    const device = await browser.newContext({ javaScriptEnabled });
    await device.route(/\/events\?/, (route) => route.abort());
    await signIn(person, device);
    const other = chat.in(await newTab(device));
    await other.follow(chat);
    const [left, right] = [await heldAnswer(upstream), await heldAnswer(upstream)];
    await chat.ask(left.question);
    await other.ask(right.question);
    await upstream.release(left.gate);
    await upstream.release(right.gate);
    await page.goto(page.url().split("?")[0] ?? "");
    await chat.ready();
    await chat.answered();
    await expect(chat.transcript.getByText(/^[12]\/2$/)).toBeVisible();
    // Which of them was written to last is theirs to decide; the other one is a click away.
    const shown = (await chat.questions.last().innerText()).includes(left.question) ? left : right;
    const hidden = shown === left ? right : left;
    await expect(chat.questions.last()).toContainText(shown.question);
    await page.getByRole("link", { name: /^(Previous|Next) version$/ }).first().click();
    await expect(chat.questions.last()).toContainText(hidden.question);
    await expect(chat.text(await chat.answered())).toHaveText(first + second);
    await device.close();
  });

  test("a provider that fails is explained in place", async ({ chat, upstream }) => {
    const id = randomUUID().slice(0, 8);
    // Refused as often as it is asked: retries included.
    for (let attempt = 0; attempt < 4; attempt++) {
      await upstream.enqueue({
        when: { user_contains: id },
        refuse: { status: 529, type: "overloaded_error", message: "Overloaded" },
      });
    }
    await chat.open();
    await chat.ask(`Is anybody there? (${id})`);
    const answer = await chat.answered();
    await expect(answer.getByRole("group", { name: "This answer failed" })).toBeVisible();
    await expect(answer).toContainText("Details");
  });
});

test.describe("when the server dies", () => {
  test.describe.configure({ mode: "serial" });

  test("the answer so far is there as interrupted, and the next question works", async ({ chat, page, steward, upstream, complaints }) => {
    complaints.expect(/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED_ENCODING|Failed to load resource|Failed to fetch|network error/);
    const { question, gate } = await heldAnswer(upstream);
    await chat.open();
    await chat.ask(question);
    await expect(chat.answers.last()).toContainText(first);
    // The text is in the log at most half a second later; asked for from the server, not from memory of this page.
    const url = page.url();
    await expect.poll(async () => (await page.request.get(url)).text()).toContain(first);
    await steward.kill();
    await upstream.release(gate);
    await steward.start();
    // A page without scripts asks again by itself: it may be on its way there already, or have found nobody.
    await expect(async () => {
      await page.goto(url);
    }).toPass();
    await chat.ready();
    await expect(chat.answers.last()).toHaveAttribute("aria-busy", "false", { timeout: 90_000 });
    await expect(chat.answers.last()).toContainText(/interrupted/i);
    await upstream.enqueue({ when: { user_contains: "Once more" }, steps: [{ text: "Here again." }] });
    await chat.ask("Once more");
    await expect(chat.text(await chat.answered())).toHaveText("Here again.");
  });
});
