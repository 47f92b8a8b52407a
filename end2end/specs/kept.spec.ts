// Nothing typed is ever lost, and nothing sent is sent twice.

import { randomUUID } from "node:crypto";
import type { Page } from "@playwright/test";
import { Chat } from "../support/chat";
import { scripted as test, expect } from "../support/test";

/** The keys under which messages were sent, as the server sees them. */
function keysOf(page: Page): string[] {
  const keys: string[] = [];
  page.on("request", (request) => {
    if (!request.url().includes("/fn/turns/start")) return;
    const body = request.postData() ?? "";
    const key = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/.exec(/key["=:]+([^"&]+)/.exec(body)?.[1] ?? "");
    keys.push(key?.[0] ?? body);
  });
  return keys;
}

test.describe("nothing typed is lost @script", () => {
  test("each conversation keeps its draft over a reload", async ({ chat, page }) => {
    await chat.open();
    await chat.ask("The first one");
    await chat.answered();
    await chat.composer.fill("for the first");
    const address = page.url();
    await chat.open();
    await expect(chat.composer).toHaveValue("");
    await chat.composer.fill("for a new one");
    await chat.reload();
    await expect(chat.composer).toHaveValue("for a new one");
    await page.goto(address);
    await chat.ready();
    await expect(chat.composer).toHaveValue("for the first");
  });

  test("a message queued while an answer is written goes out after it, and a reload keeps it", async ({ chat, page, upstream }) => {
    const id = randomUUID().slice(0, 8);
    await upstream.enqueue({ when: { user_contains: id }, steps: [{ text: "Working" }, { gate: id }, { text: " done." }] });
    await upstream.enqueue({ when: { user_contains: "And the second" }, steps: [{ text: "Second answer." }] });
    await chat.open();
    await chat.ask(`Begin (${id})`);
    await expect(chat.answers.last()).toContainText("Working");
    await chat.composer.fill("And the second?");
    await page.keyboard.press("Enter");
    await expect(page.getByText("And the second?").first()).toBeVisible();
    await expect(chat.composer).toHaveValue("");
    await upstream.release(id);
    await expect(chat.questions).toHaveCount(2);
    await expect(chat.text(await chat.answered())).toHaveText("Second answer.");
    await expect(chat.composer).toHaveValue("");
  });

  test("a reload while a message is queued keeps it", async ({ chat, page, upstream }) => {
    const id = randomUUID().slice(0, 8);
    await upstream.enqueue({ when: { user_contains: id }, steps: [{ text: "Working" }, { gate: id }, { text: " done." }] });
    await chat.open();
    await chat.ask(`Begin (${id})`);
    await expect(chat.answers.last()).toContainText("Working");
    await chat.composer.fill("Keep me");
    await page.keyboard.press("Enter");
    await chat.reload();
    const kept = async () => (await chat.composer.inputValue()) + (await page.locator("body").innerText());
    await expect.poll(kept).toContain("Keep me");
    await upstream.release(id);
    await chat.answered();
  });

  test("a queued message that was taken back and sent again arrives once", async ({ chat, page, upstream }) => {
    const id = randomUUID().slice(0, 8);
    await upstream.enqueue({ when: { user_contains: id }, steps: [{ text: "Working" }, { gate: id }, { text: " done." }] });
    await upstream.enqueue({ when: { user_contains: "Taken back, then sent" }, steps: [{ text: "Heard once." }] });
    await chat.open();
    await chat.ask(`Begin (${id})`);
    await expect(chat.answers.last()).toContainText("Working");
    const keys = keysOf(page);
    await chat.composer.fill("Taken back");
    await page.keyboard.press("Enter");
    const queue = page.getByRole("list", { name: "Messages that wait" });
    await expect(queue).toContainText("Taken back");
    await queue.getByRole("button", { name: "Edit" }).click();
    await expect(queue).toBeHidden();
    await expect(chat.composer).toHaveValue("Taken back");
    await chat.composer.pressSequentially(", then sent");
    await page.keyboard.press("Enter");
    await expect(queue).toContainText("Taken back, then sent");
    await upstream.release(id);
    await expect(chat.questions).toHaveCount(2);
    await expect(chat.text(await chat.answered())).toHaveText("Heard once.");
    expect(new Set(keys).size, "sent under one key").toBe(1);
    await chat.reload();
    await expect(chat.questions).toHaveCount(2);
    await expect(chat.composer).toHaveValue("");
  });

  test("a part of the program that is gone brings a newer page, and the draft stays", async ({ chat, page, complaints }) => {
    complaints.expect(/404|Failed to load resource|HTTP status code is not ok/);
    let gone = 0;
    await page.route(/\/pkg\/(split|chunk)_/, async (route) => {
      gone += 1;
      await route.fulfill({ status: 404, body: "gone" });
    });
    await chat.open();
    await chat.composer.fill("Typed before the new version");
    await expect.poll(() => gone).toBeGreaterThan(0);
    const again = page.waitForEvent("load", { timeout: 30_000 });
    await again;
    await page.unroute(/\/pkg\/(split|chunk)_/);
    await chat.ready();
    await expect(chat.composer).toHaveValue("Typed before the new version");
    expect(new URL(page.url()).pathname, "the same place").toBe("/t/prs");
  });

  test("a session that ended is begun again in place, and the message goes out once", async ({ chat, page, person, steward, complaints }) => {
    complaints.expect(/status of 401/);
    await chat.open();
    await chat.ask("Before");
    await chat.answered();
    await chat.composer.fill("After the session ended");
    // Signed out elsewhere: the cookie is still there and worth nothing.
    const ended = await page.request.post(`${steward.url}/logout`, { headers: { origin: steward.url }, maxRedirects: 0 });
    expect(ended.status()).toBeLessThan(400);
    const keys = keysOf(page);
    // Whoever notices first: the stream, or the sending.
    const dialog = page.getByRole("dialog");
    await expect(async () => {
      const offered = page.getByRole("button", { name: "Sign in", exact: true });
      if (await dialog.isHidden()) await ((await offered.isVisible()) ? offered : chat.send).click({ timeout: 1_000 });
      await expect(dialog).toBeVisible({ timeout: 1_000 });
    }).toPass();
    await expect(chat.composer).toHaveValue("After the session ended");
    // Both have noticed by now, or will: it is said once, and what is typed in the dialog stays.
    await expect(page.getByText(/Your session has ended/)).toHaveCount(1);
    await dialog.getByLabel("Password").fill("not the password");
    await dialog.getByRole("button", { name: "Sign in", exact: true }).click();
    await expect(dialog.getByRole("alert")).toHaveText("E-mail or password is not right.");
    await dialog.getByLabel("Password").fill(person.password);
    await dialog.getByRole("button", { name: "Sign in", exact: true }).click();
    // Sent by itself when the sending was what had been refused.
    await expect(async () => {
      if ((await chat.composer.inputValue()) !== "" && (await dialog.isHidden())) await chat.send.click({ timeout: 1_000 });
      await expect(chat.questions).toHaveCount(2, { timeout: 2_000 });
    }).toPass();
    await expect(chat.questions.last()).toContainText("After the session ended");
    await chat.answered();
    await expect(chat.composer).toHaveValue("");
    expect(new Set(keys).size, "one message, one key").toBe(1);
    await chat.reload();
    await expect(chat.questions).toHaveCount(2);
  });

  test("over budget the text stays where it was typed", async ({ page, steward, newTenant, newPerson, signIn, complaints }) => {
    complaints.expect(/status of 402/);
    const tenant = newTenant({ requests: 0 });
    await signIn(newPerson({ tenant, role: "member" }));
    const chat = new Chat(page, steward.url, tenant, true);
    await chat.open();
    await chat.composer.fill("Too dear");
    await chat.send.click();
    await expect(page.getByRole("alert").getByText(/is used up/i).first()).toBeVisible();
    await expect(chat.composer).toHaveValue("Too dear");
    await chat.reload();
    await expect(chat.composer).toHaveValue("Too dear");
    steward.command(["budget", tenant, "--requests", "10"]);
    await chat.send.click();
    await chat.answered();
    await expect(chat.composer).toHaveValue("");
  });

  test("offline it is kept, and sent once when the network is back", async ({ chat, page, complaints }) => {
    complaints.expect(/ERR_INTERNET_DISCONNECTED|Failed to fetch/);
    await chat.open();
    await chat.ask("Before");
    await chat.answered();
    await page.context().setOffline(true);
    await chat.composer.fill("Through the tunnel");
    await chat.send.click();
    await expect(page.getByText(/Waiting for the network/)).toBeVisible();
    await expect(page.getByText("Through the tunnel")).toBeVisible();
    await page.context().setOffline(false);
    await expect(chat.questions).toHaveCount(2);
    await chat.answered();
    await chat.reload();
    await expect(chat.questions).toHaveCount(2);
  });

  test("an answer to the sending that gets lost does not double the message", async ({ chat, page, complaints }) => {
    complaints.expect(/ERR_FAILED|Failed to fetch/);
    await chat.open();
    await chat.ask("Before");
    await chat.answered();
    const keys = keysOf(page);
    let lost = false;
    await page.route("**/fn/turns/start*", async (route) => {
      if (lost) return route.continue();
      lost = true;
      // It arrives, but nobody hears that it did.
      await route.fetch();
      await route.abort();
    });
    await chat.composer.fill("Only once");
    await chat.send.click();
    await expect(page.getByRole("alert").getByText(/No connection to Steward/).or(chat.questions.filter({ hasText: "Only once" })).first()).toBeVisible();
    if ((await chat.composer.inputValue()) !== "") await chat.send.click();
    await expect(chat.questions.filter({ hasText: "Only once" })).toHaveCount(1);
    await chat.answered();
    await chat.reload();
    await expect(chat.questions).toHaveCount(2);
    await expect(chat.composer).toHaveValue("");
    expect(new Set(keys).size, "both attempts have the same key").toBeLessThanOrEqual(1);
  });

  test("one that arrived though nobody heard so is not sent again", async ({ chat, page, complaints, upstream }) => {
    complaints.expect(/ERR_FAILED|Failed to fetch/);
    const id = randomUUID().slice(0, 8);
    await upstream.enqueue({ when: { user_contains: id }, steps: [{ text: "Working" }, { gate: id }, { text: " done." }] });
    await chat.open();
    await chat.ask("Before");
    await chat.answered();
    let lost = false;
    // Only the first one arrives; no answer ever comes back.
    await page.route("**/fn/turns/start*", async (route) => {
      if (!lost) await route.fetch();
      lost = true;
      await route.abort();
    });
    await chat.composer.fill(`Only once (${id})`);
    await chat.send.click();
    await expect(chat.questions.filter({ hasText: id })).toHaveCount(1);
    await expect(page.getByRole("list", { name: "Messages that wait" })).toBeHidden();
    await expect(chat.composer).toHaveValue("");
    await expect(chat.answers.last()).toContainText("Working");
    await upstream.release(id);
    await chat.answered();
    await chat.reload();
    await expect(chat.questions).toHaveCount(2);
    await expect(page.getByRole("list", { name: "Messages that wait" })).toBeHidden();
  });
});
