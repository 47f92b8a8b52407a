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
  /** The conversations in the sidebar, newest first; the headings between them are not counted. */
  readonly rows: Locator;

  constructor(
    readonly page: Page,
    readonly origin: string,
    readonly tenant: string,
    private readonly hasScript: boolean,
  ) {
    this.composer = page.getByRole("textbox", { name: "Message", exact: true });
    this.send = page.getByRole("button", { name: "Send", exact: true });
    this.stop = page.getByRole("button", { name: "Stop", exact: true });
    this.transcript = page.getByRole("log");
    const article = (heading: string) =>
      page.getByRole("article").filter({ has: page.getByRole("heading", { name: heading, exact: true, includeHidden: true }) });
    this.answers = article("Answer");
    this.questions = article("You said");
    this.sidebar = page.getByRole("complementary", { name: "Conversations", includeHidden: true });
    const list = page.getByRole("navigation", { name: "Your conversations" });
    this.rows = list.getByRole("listitem").filter({ has: page.getByRole("link").or(page.getByRole("textbox")) });
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

  /** Loads the page again. */
  async reload(): Promise<void> {
    await this.page.reload();
    await this.ready();
  }

  /** Waits until the controls do something: at once without script, after hydration with it. */
  async ready(): Promise<void> {
    await expect(this.composer).toBeVisible();
    if (this.hasScript) await hydrated(this.page);
  }

  /** Sends a message; returns when it is in a conversation with an address. */
  async ask(text: string): Promise<void> {
    await this.composer.fill(text);
    await this.send.click();
    await expect(this.questions.filter({ hasText: text }).last()).toBeVisible();
    await this.page.waitForURL(/\/c\/[0-9a-f-]{36}/);
  }

  /** Waits until the last answer is over; without script the page reloads itself until then. */
  async answered(): Promise<Locator> {
    const last = this.answers.last();
    await expect(last).toHaveAttribute("aria-busy", "false", { timeout: 30_000 });
    return last;
  }

  /** The text of an answer, without its tool cards and buttons. */
  text(answer: Locator): Locator {
    return answer.locator(".markdown");
  }

  row(title: string): Locator {
    return this.rows.filter({ hasText: title });
  }

  /** Renames the conversation that is open: in the sidebar with script, in the menu of the page without. */
  async rename(title: string): Promise<void> {
    if (!this.hasScript) {
      await this.page.locator("summary").and(this.page.getByLabel("Conversation menu")).click();
      await this.page.getByRole("textbox", { name: "Title" }).fill(title);
      await this.page.getByRole("button", { name: "Rename" }).click();
      return;
    }
    await this.openMenu();
    await this.rows.first().getByRole("button", { name: "Rename" }).click();
    await this.rows.first().getByRole("textbox", { name: "Title" }).fill(title);
    // The list shows the title at once; a reload before the answer would take the request back.
    const saved = this.page.waitForResponse((response) => response.url().includes("/fn/conversations/rename"));
    await this.page.keyboard.press("Enter");
    await saved;
  }

  /** Deletes the newest conversation by its menu in the sidebar; without script the open one by the menu of the page. */
  async delete(): Promise<void> {
    if (!this.hasScript) {
      await this.page.locator("summary").and(this.page.getByLabel("Conversation menu")).click();
      await this.page.getByRole("button", { name: "Delete" }).click();
      return;
    }
    await this.openMenu();
    await this.rows.first().getByRole("button", { name: "Delete" }).click();
  }

  /** Chooses from the menu of the newest conversation in the sidebar. */
  async menu(name: string): Promise<void> {
    await this.openMenu();
    await this.page.locator(".row-menu").getByRole("button", { name }).click();
  }

  async openMenu(): Promise<void> {
    await this.rows.first().hover();
    await this.rows.first().getByLabel(/^Menu for /).click();
  }
}

/** Waits until the page listens to the keyboard: the last thing it does when it wakes up. */
export async function hydrated(page: Page): Promise<void> {
  const client = await page.context().newCDPSession(page);
  const listens = async () => {
    try {
      const { result } = await client.send("Runtime.evaluate", { expression: "window" });
      const { listeners } = await client.send("DOMDebugger.getEventListeners", { objectId: result.objectId ?? "" });
      return listeners.some((listener) => listener.type === "keydown");
    } catch {
      return false; // between two documents
    }
  };
  await expect.poll(listens, { message: "the page wakes up", timeout: 20_000 }).toBe(true);
  await client.detach();
}
