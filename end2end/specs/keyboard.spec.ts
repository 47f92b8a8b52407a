import type { Locator, Page } from "@playwright/test";
import { Chat } from "../support/chat";
import { demo as test, expect } from "../support/test";

/** Presses Tab until what is wanted has the keyboard. */
async function tabTo(page: Page, wanted: Locator, key: "Tab" | "Shift+Tab" = "Tab"): Promise<void> {
  for (let stops = 0; stops < 80; stops++) {
    if (await wanted.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press(key);
  }
  await expect(wanted, "reached by Tab").toBeFocused();
}

test.describe("by keyboard alone @script", () => {
  test("a whole day: ask, allow a tool, branch, search, rename, pin, settings, sign out", async ({ page, steward, newPerson }) => {
    test.setTimeout(120_000);
    const person = newPerson({ tenant: "prs", role: "member" });
    await page.goto(`${steward.url}/login`);
    // Chromium gives the focus with the first frame, which may come after the load event.
    await expect(page.getByLabel("E-mail")).toBeFocused();
    await page.keyboard.type(person.email);
    await expect(page.getByLabel("E-mail")).toHaveValue(person.email);
    await page.keyboard.press("Tab");
    await page.keyboard.type(person.password);
    await page.keyboard.press("Enter");
    await page.waitForURL(`${steward.url}/t/prs`);
    const chat = new Chat(page, steward.url, "prs", true);
    await chat.ready();

    // Ask; what is typed anywhere goes into the message box.
    await page.keyboard.press("Shift+Escape");
    await page.keyboard.type("What devices do I have?");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/c\//);
    await chat.answered();

    // A tool that asks first.
    await page.keyboard.type("add a note to compressor 3: bearing noise");
    await page.keyboard.press("Enter");
    const allow = page.getByRole("button", { name: "Allow once" });
    await expect(allow).toBeVisible();
    await tabTo(page, allow, "Shift+Tab");
    await page.keyboard.press("Enter");
    await expect(chat.answers).toHaveCount(2);
    await chat.answered();

    // Change the last message: a second version; go back to the first one.
    await page.keyboard.press("Shift+Escape");
    await page.keyboard.press("ArrowUp");
    await expect(chat.composer).toHaveValue("add a note to compressor 3: bearing noise");
    await page.keyboard.press("Control+a");
    await page.keyboard.type("How fresh is the data?");
    await page.keyboard.press("Enter");
    await expect(chat.questions.last()).toContainText("How fresh is the data?");
    await chat.answered();
    const previous = chat.questions.last().getByRole("link", { name: "Previous version" });
    await tabTo(page, previous, "Shift+Tab");
    await page.keyboard.press("Enter");
    await expect(chat.questions.last()).toContainText("bearing noise");

    // Find it again.
    await page.keyboard.press("Control+k");
    await expect(page.getByRole("dialog").getByRole("combobox")).toBeFocused();
    await page.keyboard.type("bearing");
    await expect(page.getByRole("dialog").getByRole("option").filter({ hasText: "bearing" }).first()).toBeVisible();
    await page.keyboard.press("Enter");
    await expect(page.getByRole("dialog")).toBeHidden();
    await expect(chat.transcript.getByText("bearing noise").first()).toBeVisible();

    // Rename by F2 and pin by the menu of its row.
    const link = chat.rows.first().getByRole("link");
    await tabTo(page, link, "Shift+Tab");
    await page.keyboard.press("F2");
    await expect(chat.rows.first().getByRole("textbox", { name: "Title" })).toBeFocused();
    await page.keyboard.press("Control+a");
    await page.keyboard.type("By hand");
    await page.keyboard.press("Enter");
    await expect(chat.row("By hand")).toBeVisible();
    const more = chat.rows.first().getByLabel(/^Menu for /);
    await tabTo(page, more);
    await page.keyboard.press("Enter");
    const pin = page.locator(".row-menu").getByRole("button", { name: "Pin" });
    await tabTo(page, pin);
    await page.keyboard.press("Enter");
    await expect(page.getByRole("heading", { name: "Pinned" })).toBeVisible();

    // Settings, and out.
    const menu = page.getByLabel("Menu of Ana Wijaya");
    await tabTo(page, menu);
    await page.keyboard.press("Enter");
    await tabTo(page, page.getByRole("link", { name: "Settings" }));
    await page.keyboard.press("Enter");
    await page.waitForURL(`${steward.url}/settings`);
    await page.goBack();
    await chat.ready();
    await tabTo(page, menu);
    await page.keyboard.press("Enter");
    await tabTo(page, page.getByRole("button", { name: "Sign out" }));
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/login/);
  });

  test("everything that can be pressed has a name", async ({ chat, page }) => {
    await chat.open();
    await chat.ask("What did Compressor 3 cost us last week?");
    await chat.answered();
    const client = await page.context().newCDPSession(page);
    const { nodes } = await client.send("Accessibility.getFullAXTree");
    const controls = ["button", "link", "textbox", "checkbox", "combobox", "searchbox", "DisclosureTriangle"];
    const nameless = nodes.filter(
      (node) => !node.ignored && controls.includes(String(node.role?.value)) && String(node.name?.value ?? "").trim() === "",
    );
    expect(nameless.map((node) => `${String(node.role?.value)} ${node.backendDOMNodeId}`)).toEqual([]);
    await expect(page.getByRole("log")).toHaveAttribute("aria-live", "off");
    for (const landmark of ["main", "complementary", "navigation"] as const) {
      await expect(page.getByRole(landmark).first(), landmark).toBeAttached();
    }
  });

  test("a finished answer is announced", async ({ chat, page }) => {
    await chat.open();
    const said: string[] = [];
    await page.exposeFunction("heard", (text: string) => said.push(text));
    await page.evaluate(() => {
      const heard = (window as unknown as { heard: (text: string) => void }).heard;
      for (const region of document.querySelectorAll("[aria-live=polite], [role=status]")) {
        new MutationObserver(() => heard(region.textContent ?? "")).observe(region, { childList: true, subtree: true, characterData: true });
      }
    });
    await chat.ask("What devices do I have?");
    await chat.answered();
    await expect.poll(() => said.join(" | ")).toContain("Response complete");
    expect(said.join(" | ")).toContain("Responding");
  });

  test("the main job: sign in, ask, read, open the tool card", async ({ page, steward, newPerson }) => {
    const person = newPerson({ tenant: "prs", role: "member" });
    await page.goto(`${steward.url}/login`);
    await expect(page.getByLabel("E-mail")).toBeFocused();
    await page.keyboard.type(person.email);
    await page.keyboard.press("Tab");
    await page.keyboard.type(person.password);
    await page.keyboard.press("Enter");
    await page.waitForURL(`${steward.url}/t/prs`);
    const chat = new Chat(page, steward.url, "prs", true);
    await chat.ready();
    await page.locator("body").press("Shift+Escape");
    await expect(chat.composer).toBeFocused();
    await page.keyboard.type("What did Compressor 3 cost us last week?");
    await expect(chat.composer).toHaveValue("What did Compressor 3 cost us last week?");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/c\//);
    const answer = await chat.answered();
    const group = answer.locator("details.tools").first();
    await group.locator("> summary").focus();
    await page.keyboard.press("Enter");
    await expect(group).toHaveAttribute("open", "");
  });

  test("Shift+Enter breaks the line, Enter sends", async ({ chat, page }) => {
    await chat.open();
    await chat.composer.focus();
    await page.keyboard.type("What devices");
    await page.keyboard.press("Shift+Enter");
    await page.keyboard.type("do I have?");
    await expect(chat.composer).toHaveValue("What devices\ndo I have?");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/c\//);
    await expect(chat.composer).toHaveValue("");
  });

  test("the help dialog opens, closes, and gives the focus back", async ({ chat, page }) => {
    await chat.open();
    await chat.composer.focus();
    await page.keyboard.press("Control+/");
    const dialog = page.getByRole("dialog");
    await expect(dialog).toBeVisible();
    await page.keyboard.press("Escape");
    await expect(dialog).toBeHidden();
    await expect(chat.composer).toBeFocused();
  });

  test("one Escape closes the search, also when something is typed", async ({ chat, page }) => {
    await chat.open();
    await chat.composer.focus();
    await page.keyboard.press("Control+k");
    const field = page.getByRole("dialog").getByRole("combobox");
    await expect(field).toBeFocused();
    await page.keyboard.type("bearing");
    await expect(field).toHaveValue("bearing");
    await page.keyboard.press("Escape");
    await expect(page.getByRole("dialog")).toBeHidden();
    await expect(chat.composer).toBeFocused();
  });

  test("the first stop of the keyboard offers to skip to the message box", async ({ chat, page }) => {
    await chat.open();
    const skip = page.locator("a[href], button, summary, input, textarea").first();
    await expect(skip).toHaveText(/skip to/i);
    await skip.focus();
    await expect(skip).toBeInViewport();
    await page.keyboard.press("Enter");
    await expect(chat.composer).toBeFocused();
  });
});
