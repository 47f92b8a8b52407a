// The page's budget as interface.md §10 sets it: the hard caps are the gate, the targets are reported.

import type { Page } from "@playwright/test";
import { hydrated } from "../support/chat";
import { demo as test, expect } from "../support/test";

type Load = { path: string; bytes: number; encoding: string };

/** Everything the page fetches until it is quiet, with its size on the wire. */
async function loads(page: Page, url: string): Promise<Load[]> {
  const client = await page.context().newCDPSession(page);
  await client.send("Network.enable");
  const found = new Map<string, Load>();
  client.on("Network.responseReceived", ({ requestId, response }) => {
    const encoding = Object.entries(response.headers).find(([name]) => name.toLowerCase() === "content-encoding")?.[1] ?? "";
    found.set(requestId, { path: new URL(response.url).pathname, bytes: 0, encoding });
  });
  client.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    const load = found.get(requestId);
    if (load) load.bytes = encodedDataLength;
  });
  await page.goto(url, { waitUntil: "networkidle" });
  return [...found.values()].filter((load) => !load.path.startsWith("/favicon"));
}

/** A part of the program that is fetched when the page has come to rest, or when it is needed. */
function isLater(load: Load): boolean {
  return /^\/pkg\/(split|chunk)_/.test(load.path);
}

/** The stream and what it asks for when it begins are no part of the page. */
function isFile(load: Load): boolean {
  return !load.path.endsWith("/events") && !load.path.startsWith("/fn/");
}

const sum = (list: Load[]) => list.reduce((bytes, load) => bytes + load.bytes, 0);

function told(list: Load[]): string {
  return list.map((load) => `${load.path} ${load.bytes} B ${load.encoding}`).join("\n");
}

test.describe("page weight @script", () => {
  test("the login page is HTML and CSS", async ({ page, steward }) => {
    const list = await loads(page, `${steward.url}/login`);
    const bytes = list.reduce((sum, load) => sum + load.bytes, 0);
    test.info().annotations.push({ type: "login page", description: `${bytes} B, target 25,000` });
    console.log(`login page: ${bytes} B in ${list.length} requests (target ≤ 25 KB, cap 60 KB)`);
    expect(list.filter((load) => /\.(wasm|js)$/.test(load.path)), "no script").toEqual([]);
    expect(bytes, told(list)).toBeLessThanOrEqual(60_000);
  });

  test("the first chat", async ({ page, steward, person: _signedIn }) => {
    const list = await loads(page, `${steward.url}/t/prs`);
    const first = list.filter((load) => isFile(load) && !isLater(load));
    console.log(`first chat: ${sum(first)} B in ${first.length} requests (at most 350 KB in 6)\n${told(list)}`);
    expect(first.length, told(list)).toBeLessThanOrEqual(6);
    const compressed = first.filter((load) => load.path === "/t/prs" || /^\/pkg\/.*\.(wasm|js|css)$/.test(load.path));
    for (const load of compressed) expect(load.encoding, load.path).toBe("br");
    expect(sum(first), told(list)).toBeLessThanOrEqual(350_000);
  });

  test("a new chat wakes up before the rest of the program is fetched", async ({ page, steward, person: _signedIn }) => {
    let asked = 0;
    let release = () => {};
    const released = new Promise<void>((go) => (release = go));
    await page.route(/\/pkg\/(split|chunk)_/, async (route) => {
      asked += 1;
      await released;
      await route.continue();
    });
    await page.goto(`${steward.url}/t/prs`);
    await hydrated(page);
    // What is fetched at rest is asked for without anybody's wish; until it comes, the rest of the page works.
    await expect.poll(() => asked).toBeGreaterThan(0);
    await page.locator("#composer-text").fill("Which device uses most?");
    await page.locator("#composer-text").press("Enter");
    await expect(page).toHaveURL(/\/c\//);
    release();
    await expect(page.locator("article.user")).toHaveCount(1);
    await expect(page.locator("article.answer .markdown").first()).not.toBeEmpty();
  });

  test("a conversation", async ({ page, steward, person: _signedIn }) => {
    await page.goto(`${steward.url}/t/prs`);
    await hydrated(page);
    await page.locator("#composer-text").fill("Which device uses most?");
    await page.locator("#composer-text").press("Enter");
    await expect(page.locator("article.answer .message-actions")).toBeVisible({ timeout: 20_000 });
    const cache = await page.context().newCDPSession(page);
    await cache.send("Network.clearBrowserCache");
    const list = await loads(page, page.url());
    const needed = list.filter((load) => isFile(load) && !/\/split_rest/.test(load.path));
    console.log(`a conversation: ${sum(needed)} B in ${needed.length} requests (cap 450 KB)\n${told(list)}`);
    expect(sum(needed), told(list)).toBeLessThanOrEqual(450_000);
  });

  test("hashed files are kept for ever", async ({ page, steward, person: _signedIn }) => {
    const list = await loads(page, `${steward.url}/t/prs`);
    const files = list.filter((load) => load.path.startsWith("/pkg/"));
    expect(files.length).toBeGreaterThanOrEqual(3);
    for (const file of files) {
      const answer = await page.request.get(steward.url + file.path);
      expect(answer.headers()["cache-control"], file.path).toMatch(/immutable/);
    }
  });
});
