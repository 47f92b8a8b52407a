// axe finds nothing, on every page, in every state, in both themes.

import { randomUUID } from "node:crypto";
import type { Page } from "@playwright/test";
import { findings } from "../support/axe";
import { Chat } from "../support/chat";
import { demo, scripted, expect } from "../support/test";

/** Moving parts are looked at when they stand still: half-way colours are nobody's. */
async function clean(page: Page, state: string, wanted: RegExp | null = null): Promise<void> {
  await page.evaluate(() => {
    const ends = document.getAnimations().filter((moving) => moving.effect?.getTiming().iterations !== Infinity);
    const all = Promise.all(ends.map((moving) => moving.finished.catch(() => undefined)));
    // What is not drawn does not come to its end either.
    const enough = new Promise((resolve) => setTimeout(resolve, 1_000));
    return Promise.race([all, enough]).then(() => undefined);
  });
  const found = await findings(page);
  expect.soft(wanted ? found.filter((finding) => !wanted.test(finding)) : found, state).toEqual([]);
}

for (const colorScheme of ["light", "dark"] as const) {
  demo.describe(`axe, ${colorScheme} @script`, () => {
    demo.use({ colorScheme });

    demo("signed out", async ({ page, steward, complaints }) => {
      complaints.expect(/status of 40[14]/);
      for (const path of ["/login", "/nowhere", "/login?next=%2Fsettings"]) {
        await page.goto(steward.url + path);
        await clean(page, path);
      }
      await page.goto(`${steward.url}/login`);
      await page.getByLabel("E-mail").fill("nobody@example.test");
      await page.getByLabel("Password").fill("not the password");
      await page.getByRole("button", { name: "Sign in" }).click();
      await expect(page.getByRole("alert")).toBeVisible();
      await clean(page, "refused");
    });

    demo("choosing a tenant, waiting for one, no access", async ({ page, steward, newPerson, signIn, complaints }) => {
      complaints.expect(/status of 404/);
      await signIn(newPerson({ tenant: "prs", role: "member" }, { tenant: "iop", role: "member" }));
      await page.goto(steward.url);
      await clean(page, "choosing");
      await page.context().clearCookies();
      await signIn(newPerson());
      await page.goto(steward.url);
      // It updates itself, as interface.md §8 asks; nothing can be typed there that a refresh would lose.
      await clean(page, "waiting for access", /^meta-refresh:/);
      await page.goto(`${steward.url}/t/prs`);
      await clean(page, "no such page");
    });

    demo("the chat: empty, answered, tool card, menus, dialogs", async ({ chat, page }) => {
      demo.setTimeout(240_000);
      await chat.open();
      await clean(page, "empty");
      await chat.ask("What did Compressor 3 cost us last week?");
      await chat.answered();
      await clean(page, "answered");
      await chat.answers.locator("details.tools > summary").first().click();
      await chat.answers.locator("details.tool > summary").first().click();
      await clean(page, "tool card");
      await page.keyboard.press("Control+/");
      await expect(page.getByRole("dialog")).toBeVisible();
      await clean(page, "help");
      await page.keyboard.press("Escape");
      await page.keyboard.press("Control+k");
      await clean(page, "search, recent");
      await page.keyboard.type("compressor");
      await expect(page.getByRole("dialog").getByRole("option").first()).toBeVisible();
      await clean(page, "search, found");
      await page.keyboard.press("Escape");
      await expect(page.getByRole("dialog")).toBeHidden();
      await chat.menu("Share…");
      await expect(page.getByRole("dialog")).toBeVisible();
      await clean(page, "share");
      await page.keyboard.press("Escape");
      await chat.openMenu();
      await clean(page, "menu of a row");
      await page.keyboard.press("Escape");
      await page.getByLabel("Menu of Ana Wijaya").click();
      await clean(page, "menu of the person");
      await page.getByRole("button", { name: "Import…" }).click();
      await expect(page.getByRole("dialog")).toBeVisible();
      await clean(page, "import");
      await page.keyboard.press("Escape");
      await chat.menu("Select…");
      await clean(page, "selecting");
    });

    demo("an approval, allowed", async ({ chat, page }) => {
      await chat.open();
      await chat.ask("add a note to compressor 3: bearing noise");
      await expect(page.getByRole("button", { name: "Allow once" })).toBeVisible();
      await clean(page, "approval");
      await page.getByRole("button", { name: "Allow once" }).click();
      await chat.answered();
      await clean(page, "allowed");
    });

    demo("charts", async ({ chat, page }) => {
      await chat.open();
      await chat.ask("/daily-digest");
      await chat.answered();
      await clean(page, "digest");
      await chat.ask("Show the power of Compressor 3 yesterday as a chart");
      await expect(chat.answers).toHaveCount(2);
      await chat.answered();
      await clean(page, "chart");
    });

    demo("the chat on a phone, with the drawer", async ({ chat, page }) => {
      await page.setViewportSize({ width: 390, height: 800 });
      await chat.open();
      await clean(page, "phone");
      await page.getByRole("button", { name: "Show the sidebar" }).click();
      await expect(chat.sidebar).toBeInViewport();
      await clean(page, "drawer");
    });

    demo("settings and usage", async ({ page, steward, newPerson, signIn }) => {
      await signIn(newPerson({ tenant: "prs", role: "admin" }));
      for (const path of ["/settings", "/t/prs/usage"]) {
        await page.goto(steward.url + path);
        await expect(page.getByRole("heading").first()).toBeVisible();
        await clean(page, path);
      }
    });
  });

  scripted.describe(`axe, states of an answer, ${colorScheme} @script`, () => {
    scripted.use({ colorScheme });

    scripted("streaming, queued, failed, stopped, rich, signed out, offline", async ({ chat, page, upstream, steward, complaints }) => {
      scripted.setTimeout(240_000);
      complaints.expect(/status of 401|ERR_INTERNET_DISCONNECTED|Failed to fetch/);
      const id = randomUUID().slice(0, 8);
      await upstream.enqueue({ when: { user_contains: id }, steps: [{ text: "# Written\n\nJust now" }, { gate: id }, { text: " done." }] });
      await chat.open();
      await chat.ask(`Write (${id})`);
      await expect(chat.answers.last()).toContainText("Just now");
      await clean(page, "streaming");
      await chat.composer.fill("And then?");
      await page.keyboard.press("Enter");
      await clean(page, "queued");
      await upstream.enqueue({ when: { user_contains: "And then" }, refuse: { status: 400, type: "invalid_request_error", message: "No" } });
      await upstream.release(id);
      await expect(chat.answers).toHaveCount(2);
      await expect(chat.answers.last()).toHaveAttribute("aria-busy", "false");
      await clean(page, "failed");
      const rows = Array.from({ length: 120 }, (_, n) => `| ${n} | Compressor ${n} | ${n * 17} | a long remark about what happened on this day |`);
      const rich = [
        "| # | Device | kWh | Remark |\n| ---: | --- | ---: | --- |",
        rows.join("\n"),
        "\n- [x] done\n- [ ] open\n\n```rust\nfn main() {}\n```\n\n$$E = mc^2$$\n\nA note[^1], [a link](https://example.com), ![a picture](https://example.com/x.png).\n\n[^1]: The note.\n\n> quoted",
      ].join("\n");
      await upstream.enqueue({ when: { user_contains: "everything" }, steps: [{ text: rich }] });
      await chat.ask("Show everything");
      await expect(chat.answers).toHaveCount(3);
      await chat.answered();
      await clean(page, "rich");
      await page.context().setOffline(true);
      await expect(page.getByText(/You are offline/)).toBeVisible();
      await clean(page, "offline");
      await page.context().setOffline(false);
      await page.request.post(`${steward.url}/logout`, { headers: { origin: steward.url }, maxRedirects: 0 });
      await chat.composer.fill("Anybody?");
      await chat.send.click();
      await expect(page.getByText(/session has ended/i).first()).toBeVisible();
      await clean(page, "session ended");
    });

    scripted("over budget", async ({ page, steward, newTenant, newPerson, signIn, complaints }) => {
      complaints.expect(/status of 402/);
      const tenant = newTenant({ requests: 0 });
      await signIn(newPerson({ tenant, role: "admin" }));
      const chat = new Chat(page, steward.url, tenant, true);
      await chat.open();
      await clean(page, "nothing left");
      await chat.composer.fill("Too dear");
      await chat.send.click();
      await expect(page.getByRole("alert").getByText(/is used up/i).first()).toBeVisible();
      await clean(page, "over budget");
      await page.goto(`${steward.url}/t/${tenant}/usage`);
      await clean(page, "usage, used up");
    });
  });

  // With scripts switched off axe cannot run either; the pages' own scripts are kept away instead.
  demo.describe(`axe, before any script, ${colorScheme} @script`, () => {
    demo.use({ colorScheme });

    demo("the chat as the server renders it", async ({ chat, page, context, complaints }) => {
      await chat.open();
      await chat.ask("/daily-digest");
      await chat.answered();
      complaints.expect(/ERR_FAILED|Failed to (load|fetch)/);
      await context.route(/\.(js|wasm)(\?|$)/, (route) => route.abort());
      await page.reload();
      await expect(chat.answers.last()).toBeVisible();
      await clean(page, "answered, not hydrated");
      await page.goto(`${chat.origin}/t/prs`);
      await clean(page, "empty, not hydrated");
    });
  });
}
