// The look of every page and state, held against the pictures in `look/` (see support/look.ts; `make screenshots` takes
// them anew). Times and figures differ from day to day: so little of a picture is no difference.

import { randomUUID } from "node:crypto";
import type { Page } from "@playwright/test";
import { Chat } from "../support/chat";
import { differs } from "../support/look";
import { demo, scripted, expect } from "../support/test";

/** The share of a picture that other fonts and other figures may change. */
const mayDiffer = 0.12;

type Kind = { name: string; colorScheme: "light" | "dark"; viewport: { width: number; height: number } };
const kinds: Kind[] = [
  { name: "light", colorScheme: "light", viewport: { width: 1280, height: 800 } },
  { name: "dark", colorScheme: "dark", viewport: { width: 1280, height: 800 } },
  { name: "phone", colorScheme: "light", viewport: { width: 390, height: 800 } },
];

/** The page follows an answer to its end, and not at once: waits until nothing has moved for ten frames. */
async function standsStill(page: Page): Promise<void> {
  await page.waitForFunction(async () => {
    const places = () => [...document.querySelectorAll("*")].reduce((sum, element) => sum + element.scrollTop, 0);
    const before = places();
    for (let frame = 0; frame < 10; frame++) await new Promise(requestAnimationFrame);
    return places() === before;
  });
}

for (const kind of kinds) {
  const { colorScheme, viewport } = kind;
  const isPhone = viewport.width < 768;

  const shot = async (page: Page, name: string) => {
    await page.mouse.move(viewport.width / 2, 1);
    await standsStill(page);
    const png = await page.screenshot({ animations: "disabled", caret: "hide", scale: "css" });
    expect.soft(differs(`${name}-${kind.name}`, png), name).toBeLessThanOrEqual(mayDiffer);
  };
  const openDrawer = async (page: Page) => {
    if (isPhone) await page.getByRole("button", { name: "Show the sidebar" }).click();
  };

  demo.describe(`look, ${kind.name} @script`, () => {
    demo.use({ colorScheme, viewport });

    demo("the chat", async ({ page, chat }) => {
      demo.setTimeout(120_000);
      await chat.open();
      await shot(page, "empty");
      await chat.ask("What did Compressor 3 cost us last week?");
      await chat.answered();
      await shot(page, "answer");
      await chat.answers.locator("details.tools > summary").first().click();
      await chat.answers.locator("details.tool > summary").first().click();
      await shot(page, "tools");
      await chat.ask("Show the power of Compressor 3 yesterday as a chart");
      await expect(chat.answers).toHaveCount(2);
      await chat.answered();
      await shot(page, "chart");
      await chat.ask("add a note to compressor 3: bearing noise");
      await expect(page.getByRole("button", { name: "Allow once" })).toBeVisible();
      await shot(page, "approval");
      await page.getByRole("button", { name: "Deny" }).click();
      await chat.answered();
      await openDrawer(page);
      await shot(page, "sidebar");
      await chat.openMenu();
      await shot(page, "row-menu");
      await page.keyboard.press("Escape");
      if (isPhone) await page.keyboard.press("Escape");
      await page.keyboard.press("Control+k");
      await page.keyboard.type("compressor");
      await expect(page.getByRole("dialog").getByRole("option").first()).toBeVisible();
      await shot(page, "search");
      await page.keyboard.press("Escape");
      await page.keyboard.press("Control+/");
      await shot(page, "help");
    });

    demo("the pages around it", async ({ page, steward, newPerson, signIn, complaints }) => {
      complaints.expect(/status of 404/);
      await page.goto(`${steward.url}/login`);
      await shot(page, "login");
      await signIn(newPerson());
      await page.goto(steward.url);
      await shot(page, "pending");
      await page.goto(`${steward.url}/t/prs`);
      await shot(page, "not-found");
      await page.context().clearCookies();
      await signIn(newPerson({ tenant: "prs", role: "admin" }, { tenant: "iop", role: "member" }));
      await page.goto(steward.url);
      await shot(page, "tenants");
      await page.goto(`${steward.url}/settings`);
      await shot(page, "settings");
    });

    demo("keys, usage and budgets", async ({ page, steward, newTenant, newPerson, signIn }) => {
      demo.setTimeout(120_000);
      const tenant = newTenant({ requests: 10, name: "Own Mill" });
      await signIn(newPerson({ tenant, role: "admin" }));
      await page.goto(`${steward.url}/t/${tenant}/keys`);
      await shot(page, "keys-empty");
      await page.getByLabel("What is it for?").fill("Notebook for the shift report");
      await page.getByLabel("Requests a minute at most").fill("30");
      await page.getByRole("button", { name: "Make a key" }).click();
      await expect(page.getByRole("heading", { name: "This is your key" })).toBeVisible();
      await shot(page, "key-made");
      await page.getByRole("link", { name: "To the keys" }).click();
      await expect(page.getByText("30 requests a minute")).toBeVisible();
      await shot(page, "keys");
      const chat = new Chat(page, steward.url, tenant, true);
      await chat.open();
      await chat.ask("Hello");
      await chat.answered();
      await page.goto(`${steward.url}/t/${tenant}/usage`);
      await expect(page.getByText("Ana Wijaya").first()).toBeVisible();
      await shot(page, "usage");
      await page.goto(`${steward.url}/t/${tenant}/budget`);
      await shot(page, "budget");
      await page.getByLabel("What do you need more for?").fill("The audit of week 47 needs every compressor.");
      await page.getByRole("button", { name: "Ask for more" }).click();
      await expect(page.getByText("Your request is with the administrators.")).toBeVisible();
      await shot(page, "budget-asked");
      await page.goto(`${steward.url}/t/${tenant}/budget/requests`);
      await expect(page.getByText("The audit of week 47")).toBeVisible();
      await shot(page, "budget-requests");
    });
  });

  scripted.describe(`look, ${kind.name} @script`, () => {
    scripted.use({ colorScheme, viewport });

    scripted("states of an answer", async ({ page, chat, upstream }) => {
      scripted.setTimeout(120_000);
      const id = randomUUID().slice(0, 8);
      await upstream.enqueue({
        when: { user_contains: "of the week" },
        steps: [{ text: "## Week 46\n\nCompressor 3 used **1,204 kWh**, most of it on\n\n1. Tuesday,\n2. Wednesday" }, { gate: id }, { text: "." }],
      });
      await chat.open();
      await chat.ask("Tell me of the week");
      await expect(chat.answers.last()).toContainText("Wednesday");
      await shot(page, "streaming");
      await upstream.release(id);
      await chat.answered();
      const rows = Array.from({ length: 60 }, (_, n) => `| ${n + 1} | Compressor ${(n % 9) + 1} | ${1_204 - n * 7} | the bearing is louder than it was in the week before |`);
      const table = `| # | Device | kWh | Remark |\n| ---: | --- | ---: | --- |\n${rows.join("\n")}\n`;
      await upstream.enqueue({ when: { user_contains: "long table" }, steps: [{ text: `Here it is.\n\n${table}` }] });
      await chat.ask("A long table, please");
      await expect(chat.answers).toHaveCount(2);
      await chat.answered();
      await shot(page, "long-table");
      const rich = "- [x] read\n- [ ] understood\n\n```rust\n/// Energy of a quarter hour.\nfn kwh(power_kw: f64) -> f64 {\n    power_kw * 0.25 // hours\n}\n```\n\n$$E = \\int_0^T P(t)\\,dt \\approx \\sum_{i=1}^{n} P_i \\cdot \\frac{1}{4}$$\n\nA note[^1] and [a link](https://example.com).\n\n> Quoted.\n\n[^1]: At the end.\n";
      await upstream.enqueue({ when: { user_contains: "everything" }, steps: [{ text: rich }] });
      await chat.ask("Show everything");
      await expect(chat.answers).toHaveCount(3);
      await chat.answered();
      await shot(page, "rich");
      await upstream.enqueue({ when: { user_contains: "Fail" }, refuse: { status: 400, type: "invalid_request_error", message: "No" } });
      await chat.ask("Fail, please");
      await expect(chat.answers).toHaveCount(4);
      await expect(chat.answers.last()).toHaveAttribute("aria-busy", "false");
      await shot(page, "failed");
    });

    scripted("over budget", async ({ page, steward, newTenant, newPerson, signIn, complaints }) => {
      complaints.expect(/status of 402/);
      const tenant = newTenant({ requests: 0 });
      await signIn(newPerson({ tenant, role: "member" }));
      const chat = new Chat(page, steward.url, tenant, true);
      await chat.open();
      await chat.composer.fill("What did Compressor 3 cost us last week?");
      await chat.send.click();
      await expect(page.getByRole("alert").getByText(/is used up/i).first()).toBeVisible();
      await shot(page, "over-budget");
    });
  });
}
