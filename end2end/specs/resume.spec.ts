// The resume matrix: whatever happens between the provider and the eyes, the answer ends with the text of an undisturbed
// run, and every call of the provider is charged once. `RESUME_RUNS=100` repeats it (`make bench` does).
//
// The provider stops at a gate in the middle of its answer, the disturbance happens there, and it goes on when the spec
// says so. What a provider did not finish because our process died is asked for with "Continue".

import { randomUUID } from "node:crypto";
import type { BrowserContext, Locator, Page } from "@playwright/test";
import { Chat } from "../support/chat";
import type { Bill, Steward, Upstream } from "../support/processes";
import { Proxy } from "../support/proxy";
import { type Person, scripted as test, expect } from "../support/test";

const runs = Number(process.env.RESUME_RUNS ?? "1");
/** How long the network is away; in repetitions long enough for the page to say so. */
const cutMs = 30_000;
const cutAgainMs = 3_000;
/** After so long the proxy closes a connection; the answer takes several times as long. */
const livesMs = 1_500;

const first = "## Week 46\n\nCompressor 3 used **1,204 kWh**";
const second = " in the week of 9 November.\n\n| Day | kWh |\n| --- | ---: |\n| Mon | 170 |\n| Tue | 181 |\n\nThat is all.";
const shown = ["Week 46", "Compressor 3 used 1,204 kWh in the week of 9 November.", "Day", "kWh", "Mon", "170", "Tue", "181", "That is all."];

/** What a run is made of. */
type Stage = {
  run: number;
  page: Page;
  chat: Chat;
  steward: Steward;
  upstream: Upstream;
  person: Person;
  question: string;
  gate: string;
  newTab: (context?: BrowserContext) => Promise<Page>;
  signIn: (person: Person, context?: BrowserContext) => Promise<void>;
  newContext: () => Promise<BrowserContext>;
};

/** The words of an answer in their order, however they are spaced; without those of its buttons. */
async function words(chat: Chat, answer: Locator): Promise<string> {
  const texts = await chat.text(answer).evaluateAll((all) =>
    all.map((text) => {
      const copy = text.cloneNode(true) as Element;
      for (const button of copy.querySelectorAll("button")) button.remove();
      for (const block of copy.querySelectorAll("h1, h2, h3, h4, h5, h6, p, th, td")) block.append(" ");
      return copy.textContent ?? "";
    }),
  );
  return texts.join("").replace(/\s+/g, " ").trim();
}

const expected = shown.join(" ");

async function saysAll(chat: Chat): Promise<void> {
  const answer = await chat.answered();
  await expect(answer).toContainText("That is all.");
  expect(await words(chat, answer)).toBe(expected);
  await expect(chat.answers).toHaveCount(1);
  await expect(chat.questions).toHaveCount(1);
}

/** Our process died: what was written is there, and the rest is asked for. */
async function goesOn(stage: Stage): Promise<void> {
  const { chat, upstream } = stage;
  const answer = chat.answers.last();
  await expect(answer).toHaveAttribute("aria-busy", "false", { timeout: 90_000 });
  await expect(answer).toContainText("1,204 kWh");
  await upstream.enqueue({ when: { user_contains: "Continue exactly" }, steps: [{ text: second }] });
  await answer.getByRole("button", { name: "Continue" }).click();
  await expect(answer).toContainText("That is all.");
}

/** The text so far is in the log half a second later; asked for from the server, not from memory of this page. */
async function isKept(page: Page): Promise<void> {
  await expect.poll(async () => (await page.request.get(page.url())).text()).toContain("1,204 kWh");
}

/** How a case ends: with the page that shows the answer, and how often the provider was asked for it. */
type Case = { name: string; calls: number; run: (stage: Stage) => Promise<Chat[]> };

const cases: Case[] = [
  {
    name: "nothing happens",
    calls: 1,
    run: async ({ chat, upstream, gate }) => {
      await upstream.release(gate);
      return [chat];
    },
  },
  {
    name: "the page is loaded again",
    calls: 1,
    run: async ({ chat, upstream, gate }) => {
      await chat.reload();
      await expect(chat.answers.last()).toContainText("1,204 kWh");
      await upstream.release(gate);
      return [chat];
    },
  },
  {
    name: "a second tab",
    calls: 1,
    run: async ({ chat, upstream, gate, newTab }) => {
      const other = chat.in(await newTab());
      await other.follow(chat);
      await expect(other.answers.last()).toContainText("1,204 kWh");
      await upstream.release(gate);
      return [chat, other];
    },
  },
  {
    name: "a second device",
    calls: 1,
    run: async ({ chat, upstream, gate, newTab, signIn, person, newContext }) => {
      const device = await newContext();
      await signIn(person, device);
      const other = chat.in(await newTab(device));
      await other.follow(chat);
      await expect(other.answers.last()).toContainText("1,204 kWh");
      await upstream.release(gate);
      return [chat, other];
    },
  },
  {
    name: "the network is away for 30 s",
    calls: 1,
    run: async ({ page, chat, upstream, gate, run }) => {
      await page.context().setOffline(true);
      await upstream.release(gate);
      await expect(page.getByText(/You are offline/)).toBeVisible();
      // Not a wait for something: this is how long the cut is.
      await new Promise((resolve) => setTimeout(resolve, run === 0 ? cutMs : cutAgainMs));
      await page.context().setOffline(false);
      return [chat];
    },
  },
  {
    name: "the server is restarted",
    calls: 2,
    run: async (stage) => {
      await isKept(stage.page);
      await stage.steward.end();
      await stage.upstream.release(stage.gate);
      await stage.steward.start();
      await goesOn(stage);
      return [stage.chat];
    },
  },
  {
    name: "the server is killed",
    calls: 2,
    run: async (stage) => {
      await isKept(stage.page);
      await stage.steward.kill();
      await stage.upstream.release(stage.gate);
      await stage.steward.start();
      await goesOn(stage);
      return [stage.chat];
    },
  },
];

/** What the tenant's administrators see of the month, by the words it stands under. */
async function books(page: Page, steward: Steward, tenant: string): Promise<(label: string) => number> {
  const html = await (await page.request.get(`${steward.url}/t/${tenant}/usage`)).text();
  const text = html.replace(/<[^>]*>/g, " ").replace(/\s+/g, " ");
  return (label) => {
    const found = new RegExp(`${label} ([\\d,]+) (?:of|no limit)`).exec(text);
    if (!found?.[1]) throw new Error(`the usage page tells nothing of ${label}`);
    return Number(found[1].replaceAll(",", ""));
  };
}

/** Our books and the provider's bill since `before` are the same. */
async function isChargedOnce(page: Page, steward: Steward, upstream: Upstream, tenant: string, before: Bill, calls: number): Promise<void> {
  const bill = await upstream.bill();
  const book = await books(page, steward, tenant);
  // The answer, what continued it, and the title.
  expect(bill.calls - before.calls, "calls the provider bills").toBe(calls + 1);
  expect(book("Requests"), "calls in our books").toBe(calls + 1);
  // Of a call whose end nobody heard, only its hold is known.
  if (calls === 1) {
    const input = (of: Bill) => of.input + of.cache_read + of.cache_write;
    expect(book("Input tokens")).toBe(input(bill) - input(before));
    expect(book("Output tokens")).toBe(bill.output - before.output);
  }
  expect(steward.command(["audit"])).toContain("The books balance.");
}

test.describe("the answer is resumed @script", () => {
  for (let run = 0; run < runs; run++) {
    for (const { name, calls, run: disturb } of cases) {
      test(runs > 1 ? `${name}, run ${run + 1}` : name, async ({ page, steward, upstream, newPerson, newTenant, signIn, newTab, browser, complaints }) => {
        test.setTimeout(180_000);
        complaints.expect(/ERR_|Failed to load resource|Failed to fetch|network error/);
        const tenant = newTenant({ requests: 400 });
        const person = newPerson({ tenant, role: "admin" });
        await signIn(person);
        const chat = new Chat(page, steward.url, tenant, true);
        const id = randomUUID().slice(0, 8);
        const question = `What did compressor 3 use? (${id})`;
        await upstream.enqueue({ when: { user_contains: id }, steps: [{ text: first }, { gate: id }, { text: second }] });
        const before: Bill = await upstream.bill();
        await chat.open();
        await chat.ask(question);
        await expect(chat.answers.last()).toContainText("1,204 kWh");
        const devices: BrowserContext[] = [];
        const newContext = async () => {
          const device = await browser.newContext();
          devices.push(device);
          return device;
        };
        const seen = await disturb({ run, page, chat, steward, upstream, person, question, gate: id, newTab, signIn, newContext });
        for (const tab of seen) await saysAll(tab);
        // And from the server's memory alone.
        await chat.reload();
        await saysAll(chat);
        await isChargedOnce(page, steward, upstream, tenant, before, calls);
        for (const device of devices) await device.close();
      });
    }

    test(runs > 1 ? `a proxy closes every connection, run ${run + 1}` : "a proxy closes every connection", async ({ page, steward, upstream, newPerson, newTenant, signIn, complaints }) => {
      test.setTimeout(120_000);
      complaints.expect(/ERR_|Failed to load resource|Failed to fetch|network error/);
      const proxy = await Proxy.start(steward.url, livesMs);
      const tenant = newTenant({ requests: 400 });
      await signIn(newPerson({ tenant, role: "admin" }));
      const chat = new Chat(page, proxy.url, tenant, true);
      const id = randomUUID().slice(0, 8);
      const letters = `${first}${second}`.match(/[\s\S]{1,8}/g) ?? [];
      await upstream.enqueue({
        when: { user_contains: id },
        steps: letters.flatMap((text) => [{ text }, { wait_ms: 400 }]),
      });
      const before = await upstream.bill();
      await chat.open();
      await chat.ask(`What did compressor 3 use? (${id})`);
      await saysAll(chat);
      expect(proxy.cut, "connections closed on the way").toBeGreaterThan(2);
      await isChargedOnce(page, steward, upstream, tenant, before, 1);
      await proxy.stop();
    });
  }
});
