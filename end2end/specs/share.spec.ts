// The page of a shared conversation: a document without scripts, read inside the tenant and outside of it.

import type { Browser, Page } from "@playwright/test";
import { findings } from "../support/axe";
import { Chat } from "../support/chat";
import type { Steward } from "../support/processes";
import { demo as test, expect } from "../support/test";

type Link = { id: string; path: string };

const question = "Show the power of Compressor 3 yesterday as a chart";

/** Asks, and shares the answer as the dialog does. */
async function shared(chat: Chat, steward: Steward, audience: "tenant" | "public"): Promise<Link> {
  await chat.open();
  await chat.ask(question);
  await chat.answered();
  const id = /\/c\/([0-9a-f-]{36})/.exec(chat.page.url())?.[1] ?? "";
  const call = async (name: string, data: object) => {
    const answer = await chat.page.request.post(`${steward.url}/fn/${name}`, { data, headers: { origin: steward.url } });
    expect(answer.status(), name).toBe(200);
    return (await answer.json()) as never;
  };
  const { messages } = (await call("conversations/open", { tenant: "prs", id, leaf: null })) as { messages: { id: string }[] };
  return await call("shares/create", { tenant: "prs", id, leaf: messages.at(-1)?.id, audience });
}

/** Somebody who has never signed in. */
async function stranger(browser: Browser, options: object = {}): Promise<Page> {
  const context = await browser.newContext({ locale: "en-GB", ...options });
  return await context.newPage();
}

/** Nothing is wider than the page but what scrolls in its own box. */
async function fits(page: Page): Promise<void> {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(over, "wider than the page").toBeLessThanOrEqual(0);
}

test.describe("a shared conversation @script", () => {
  test.setTimeout(120_000);

  test("outside, with its chart, in both themes and on a phone", async ({ chat, browser, steward }) => {
    steward.command(["tenant", "set", "prs", "public-links=yes"]);
    const link = await shared(chat, steward, "public");
    for (const colorScheme of ["light", "dark"] as const) {
      for (const viewport of [{ width: 1280, height: 800 }, { width: 390, height: 844 }]) {
        const page = await stranger(browser, { colorScheme, viewport });
        const answer = await page.goto(steward.url + link.path);
        expect(answer?.status()).toBe(200);
        await expect(page.getByText(question).first()).toBeVisible();
        await expect(page.getByText(/Shared by a member of /)).toBeVisible();
        await expect(page.getByText("Ana Wijaya")).toHaveCount(0);
        await expect(page.locator("figure.chart svg[role=img]").first()).toBeVisible();
        // Nothing to press but what the browser itself opens.
        await expect(page.getByRole("button")).toHaveCount(0);
        await expect(page.locator("script")).toHaveCount(0);
        await fits(page);
        expect(await findings(page), `${colorScheme}, ${viewport.width} px`).toEqual([]);
        await page.locator("details.tool-raw > summary").first().click();
        await expect(page.locator("figure.chart table").first()).toBeVisible();
        await fits(page);
        await page.context().close();
      }
    }
  });

  test("in the language the reader asks for, else in the tenant's", async ({ chat, browser, steward }) => {
    steward.command(["tenant", "set", "prs", "public-links=yes"]);
    const link = await shared(chat, steward, "public");
    for (const [locale, words] of [["id-ID", "Dibagikan oleh"], ["en-GB", "Shared by"], ["de-DE", "Dibagikan oleh"]] as const) {
      const page = await stranger(browser, { locale });
      await page.goto(steward.url + link.path);
      await expect(page.locator("header")).toContainText(words);
      await page.context().close();
    }
  });

  test("inside: by name, for members only, and no longer than it is shared", async ({ chat, browser, steward, newPerson, signIn }) => {
    const link = await shared(chat, steward, "tenant");
    const colleague = await stranger(browser);
    await signIn(newPerson({ tenant: "prs", role: "member" }), colleague.context());
    await colleague.goto(steward.url + link.path);
    await expect(colleague.getByText(/Shared by Ana/)).toBeVisible();
    await expect(colleague.locator("figure.chart").first()).toBeVisible();
    expect(await findings(colleague), "inside").toEqual([]);

    const outside = await stranger(browser);
    await outside.goto(steward.url + link.path);
    await expect(outside).toHaveURL(/\/login/);

    const revoked = await chat.page.request.post(`${steward.url}/fn/shares/revoke`, {
      data: { tenant: "prs", share: link.id },
      headers: { origin: steward.url },
    });
    expect(revoked.status()).toBe(200);
    expect((await colleague.goto(steward.url + link.path))?.status()).toBe(404);
    await Promise.all([colleague, outside].map((page) => page.context().close()));
  });
});
