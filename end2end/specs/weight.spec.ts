// The page's budget as interface.md §10 sets it: the hard caps are the gate, the targets are reported.

import type { Page } from "@playwright/test";
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
    const bytes = list.reduce((sum, load) => sum + load.bytes, 0);
    console.log(`first chat: ${bytes} B in ${list.length} requests (target ≤ 350 KB, cap 450 KB, 6 requests)\n${told(list)}`);
    // The stream and what it asks for when it begins are no part of the page.
    const parts = list.filter((load) => !load.path.endsWith("/events") && !load.path.startsWith("/fn/"));
    expect(parts.length, told(list)).toBeLessThanOrEqual(6);
    for (const load of list.filter((load) => /^\/pkg\/.*\.(wasm|js|css)$/.test(load.path))) expect(load.encoding, load.path).toBe("br");
    expect(bytes, told(list)).toBeLessThanOrEqual(450_000);
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
