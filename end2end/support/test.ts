// The harness of every spec: servers that live as long as a worker, a fresh person per test, and a page that fails the
// test when the browser complains (console errors, uncaught errors, violations of the content security policy).
//
//   import { demo as test } from "../support/test";      the demo model and its data
//   import { scripted as test } from "../support/test";  a provider that says what the spec tells it to

import { randomUUID } from "node:crypto";
import { test as base, expect, type BrowserContext, type Page } from "@playwright/test";
import { Chat } from "./chat";
import { Steward, Upstream } from "./processes";

export { expect };

export type Person = { email: string; name: string; password: string };

/** What the browser complained about. */
export class Complaints {
  private readonly all: string[] = [];
  private readonly expected: RegExp[] = [];

  watch(page: Page): void {
    page.on("pageerror", (error) => this.all.push(`uncaught: ${error.message}`));
    page.on("console", (message) => {
      if (message.type() === "error" || /content security policy/i.test(message.text())) {
        this.all.push(`console: ${message.text()} (${message.location().url})`);
      }
    });
  }

  /** This test provokes complaints of this kind. */
  expect(pattern: RegExp): void {
    this.expected.push(pattern);
  }

  get unexpected(): string[] {
    return this.all.filter((text) => !this.expected.some((pattern) => pattern.test(text)));
  }
}

export type Membership = { tenant: string; role: "member" | "admin" };

type Fixtures = {
  complaints: Complaints;
  hasScript: boolean;
  /** A new member of the textile mill, signed in. */
  person: Person;
  chat: Chat;
  /** Makes another person. */
  newPerson: (...memberships: Membership[]) => Person;
  /** Makes a tenant of its own, with so many requests a month; gives its code. */
  newTenant: (options?: { requests?: number; name?: string }) => string;
  /** Signs a person in, in the given context. */
  signIn: (person: Person, context?: BrowserContext) => Promise<void>;
  /** Another tab of the same person, or of another context. */
  newTab: (context?: BrowserContext) => Promise<Page>;
};

type WorkerFixtures = { steward: Steward };

const harness = base.extend<Fixtures, WorkerFixtures>({
  steward: [
    async ({}, use) => {
      await use(undefined as unknown as Steward); // replaced below
    },
    { scope: "worker" },
  ],

  hasScript: async ({ javaScriptEnabled }, use) => use(javaScriptEnabled),

  complaints: [
    async ({}, use) => {
      const complaints = new Complaints();
      await use(complaints);
      expect(complaints.unexpected, "what the browser complained about").toEqual([]);
    },
    { auto: true },
  ],

  page: async ({ page, complaints }, use) => {
    complaints.watch(page);
    await use(page);
  },

  newPerson: async ({ steward }, use) => {
    await use((...memberships) => {
      const id = randomUUID().slice(0, 8);
      const person = { email: `ana.${id}@example.test`, name: "Ana Wijaya", password: `a quiet meter room ${id}` };
      steward.command(["user", "add", person.email, "--name", person.name, "--password-stdin"], person.password);
      for (const { tenant, role } of memberships) {
        steward.command(["membership", "add", person.email, tenant, "--role", role]);
      }
      return person;
    });
  },

  newTenant: async ({ steward }, use) => {
    await use(({ requests, name = "Own Mill" } = {}) => {
      const tenant = `own-${randomUUID().slice(0, 8)}`;
      const mill = ["--name", name, "--time-zone", "Asia/Jakarta", "--currency", "IDR", "--contact", "energy@own.test"];
      steward.command(["tenant", "add", tenant, ...mill]);
      if (requests !== undefined) steward.command(["budget", tenant, "--requests", String(requests)]);
      return tenant;
    });
  },

  signIn: async ({ steward, context }, use) => {
    await use(async (person, where = context) => {
      const answer = await where.request.post(`${steward.url}/login`, {
        form: { email: person.email, password: person.password, next: "" },
        headers: { origin: steward.url },
        maxRedirects: 0,
      });
      expect(answer.status(), "signing in").toBe(303);
    });
  },

  person: async ({ newPerson, signIn }, use) => {
    const person = newPerson({ tenant: "prs", role: "member" });
    await signIn(person);
    await use(person);
  },

  chat: async ({ page, steward, person: _signedIn, hasScript }, use) => {
    await use(new Chat(page, steward.url, "prs", hasScript));
  },

  newTab: async ({ context, complaints }, use) => {
    await use(async (where = context) => {
      const page = await where.newPage();
      complaints.watch(page);
      return page;
    });
  },
});

/** Against the demo model: real tools, real numbers of the seeded tenants. */
export const demo = harness.extend<object, WorkerFixtures>({
  steward: [
    async ({}, use, worker) => {
      const steward = await Steward.start({ name: `demo-${worker.workerIndex}`, demo: true });
      await use(steward);
      const books = () => steward.command(["audit"]);
      expect(books, "the books balance").not.toThrow();
      await steward.stop();
    },
    { scope: "worker", timeout: 120_000 },
  ],
});

/** Against a provider that answers as scripted; its own bill is held against our books when the worker ends. */
export const scripted = harness.extend<object, WorkerFixtures & { upstream: Upstream }>({
  upstream: [
    async ({}, use) => {
      const upstream = await Upstream.start();
      await use(upstream);
      await upstream.stop();
    },
    { scope: "worker" },
  ],
  steward: [
    async ({ upstream }, use, worker) => {
      const options = { name: `scripted-${worker.workerIndex}`, demo: false, provider: upstream.url };
      const steward = await Steward.start(options);
      const mill = ["--name", "PRS Textile", "--time-zone", "Asia/Jakarta", "--currency", "IDR"];
      steward.command(["tenant", "add", "prs", ...mill]);
      await use(steward);
      const books = () => steward.command(["audit"]);
      expect(books, "the books balance").not.toThrow();
      await steward.stop();
    },
    { scope: "worker", timeout: 120_000 },
  ],
});
