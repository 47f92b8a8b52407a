// The chat page as its users know it: by roles, labels and words. Where the markup changes, this file changes.

import { expect, type Locator, type Page } from "@playwright/test";

export class Chat {
  readonly composer: Locator;
  readonly send: Locator;
  readonly stop: Locator;
  readonly transcript: Locator;
  readonly answers: Locator;
  readonly questions: Locator;
  readonly sidebar: Locator;

  constructor(
    readonly page: Page,
    readonly origin: string,
    readonly tenant: string,
    private readonly hasScript: boolean,
  ) {
    this.composer = page.getByRole("textbox", { name: /message/i });
    this.send = page.getByRole("button", { name: "Send", exact: true });
    this.stop = page.getByRole("button", { name: "Stop", exact: true });
    this.transcript = page.getByRole("log");
    const article = (heading: string) => page.getByRole("article").filter({ has: page.getByRole("heading", { name: heading }) });
    this.answers = article("Answer");
    this.questions = article("You said");
    this.sidebar = page.getByRole("navigation", { name: /conversations/i });
  }

  /** The same page in another tab. */
  in(page: Page): Chat {
    return new Chat(page, this.origin, this.tenant, this.hasScript);
  }

  /** Opens a new chat, or what `path` names below the tenant. */
  async open(path = ""): Promise<void> {
    await this.page.goto(`${this.origin}/t/${this.tenant}${path}`);
    await this.ready();
  }

  /** Opens the conversation another tab shows. */
  async follow(other: Chat): Promise<void> {
    await this.page.goto(other.page.url());
    await this.ready();
  }

  /** Waits until the controls do something: at once without script, after hydration with it. */
  async ready(): Promise<void> {
    await expect(this.composer).toBeVisible();
    if (this.hasScript) await expect(this.page.locator("html[data-hydrated]")).toBeAttached();
  }

  /** Sends a message; returns when it is in a conversation with an address. */
  async ask(text: string): Promise<void> {
    await this.composer.fill(text);
    await this.send.click();
    await this.page.waitForURL(/\/c\/[0-9a-f-]{36}/);
    await expect(this.questions.filter({ hasText: text }).last()).toBeVisible();
  }

  /** Waits until the last answer is over; without script the page reloads itself until then. */
  async answered(): Promise<Locator> {
    const last = this.answers.last();
    await expect(last).toHaveAttribute("aria-busy", "false", { timeout: 30_000 });
    return last;
  }

  /** The row of a conversation in the sidebar. */
  row(title: string | RegExp): Locator {
    return this.sidebar.getByRole("listitem").filter({ hasText: title });
  }

  /** Opens the menu of a conversation and takes an entry of it. */
  async act(title: string | RegExp, entry: "Rename" | "Delete"): Promise<void> {
    const row = this.row(title);
    await row.hover();
    await row.getByRole("button", { name: /^Actions/ }).or(row.locator("summary")).first().click();
    await row.getByRole("button", { name: entry }).click();
  }
}
