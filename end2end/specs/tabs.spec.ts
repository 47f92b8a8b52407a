// Several tabs of one browser: they show the same, and one of them holds the stream for all.

import { randomUUID } from "node:crypto";
import type { Page } from "@playwright/test";
import { scripted as test, expect } from "../support/test";

// A second on an idle machine; tests share theirs.
const withinMs = 5_000;

/** Counts the event streams that the pages hold open. */
function countStreams(...pages: Page[]): () => number {
  let open = 0;
  const isStream = (url: string) => /\/events(\?|$)/.test(url);
  for (const page of pages) {
    page.on("request", (request) => {
      if (isStream(request.url())) open += 1;
    });
    for (const ended of ["requestfinished", "requestfailed"] as const) {
      page.on(ended as "requestfinished", (request) => {
        if (isStream(request.url())) open -= 1;
      });
    }
  }
  return () => open;
}

/** What a page asks the server for after its document: server functions and streams, in their order. */
function asked(page: Page): string[] {
  const paths: string[] = [];
  page.on("request", (request) => {
    const { pathname } = new URL(request.url());
    if (pathname.startsWith("/fn/") || pathname.endsWith("/events")) paths.push(pathname);
  });
  return paths;
}

test.describe("tabs of one browser @script", () => {
  test("a page that was just drawn asks for its stream and for nothing else", async ({ chat, page, newTab, steward }) => {
    await chat.open();
    await chat.ask("Something to keep");
    await chat.answered();
    const id = page.url().split("/").at(-1) ?? "";
    await page.close();

    const first = chat.in(await newTab());
    const ofFirst = asked(first.page);
    await first.open(`/c/${id}`);
    await expect.poll(() => ofFirst).toContain("/t/prs/events");
    const second = chat.in(await newTab());
    const ofSecond = asked(second.page);
    await second.open(`/c/${id}`);
    // By a hand that neither page knows of: what comes after the page comes by the stream, and when it has come, whatever
    // the pages wanted besides would have been asked for.
    const renamed = await first.page.request.post(`${steward.url}/fn/conversations/rename`, {
      form: { tenant: "prs", id, title: "Renamed elsewhere" },
      headers: { origin: steward.url, accept: "application/json" },
    });
    expect(renamed.status()).toBe(200);
    for (const chat of [first, second]) await expect(chat.row("Renamed elsewhere")).toBeVisible();
    expect(ofFirst).toEqual(["/t/prs/events"]);
    expect(ofSecond).toEqual([]);
  });

  test("they share one stream, show the same list and the same answer", async ({ chat, page, newTab, upstream }) => {
    const [second, third] = [await newTab(), await newTab()];
    const streams = countStreams(page, second, third);
    await chat.open();
    const others = [chat.in(second), chat.in(third)];
    for (const other of others) await other.open();
    await expect.poll(streams, "streams of three tabs").toBe(1);

    const id = randomUUID().slice(0, 8);
    await upstream.enqueue({ when: { user_contains: id }, steps: [{ text: "One half" }, { gate: id }, { text: " and the other." }] });
    await chat.ask(`Both halves, please (${id})`);
    for (const other of others) {
      await expect(other.row(id).or(other.row("A short title")).first()).toBeVisible({ timeout: withinMs });
      await other.rows.first().getByRole("link").click();
      await expect(other.answers.last()).toContainText("One half");
    }
    await upstream.release(id);
    await expect(chat.answers.last()).toContainText("and the other.");
    for (const other of others) {
      await expect(other.answers.last()).toContainText("and the other.", { timeout: withinMs });
    }
    expect(streams(), "streams after the answer").toBe(1);
  });

  test("what is renamed, pinned, deleted in one shows in the other", async ({ chat, newTab, page, complaints }) => {
    complaints.expect(/status of 404/);
    await chat.open();
    await chat.ask("Something to keep");
    await chat.answered();
    const other = chat.in(await newTab());
    await other.follow(chat);
    await chat.rename("Known everywhere");
    await expect(other.row("Known everywhere")).toBeVisible({ timeout: withinMs });
    await expect(other.page.getByRole("heading", { level: 1 })).toContainText("Known everywhere");
    await chat.menu("Pin");
    await expect(other.page.getByRole("heading", { name: "Pinned" })).toBeVisible({ timeout: withinMs });
    await chat.delete();
    await expect(other.rows).toHaveCount(0, { timeout: withinMs });
    await page.getByRole("button", { name: "Undo" }).click();
    await expect(other.rows).toHaveCount(1, { timeout: withinMs });
  });

  test("when the tab with the stream is closed, another one goes on", async ({ chat, page, newTab, upstream }) => {
    const id = randomUUID().slice(0, 8);
    await upstream.enqueue({ when: { user_contains: id }, steps: [{ text: "One half" }, { gate: id }, { text: " and the other." }] });
    await chat.open();
    await chat.ask(`Both halves, please (${id})`);
    const other = chat.in(await newTab());
    await other.follow(chat);
    await expect(other.answers.last()).toContainText("One half");
    await page.close();
    await upstream.release(id);
    await expect(other.text(await other.answered())).toHaveText("One half and the other.");
  });
});
