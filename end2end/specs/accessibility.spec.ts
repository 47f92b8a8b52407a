// axe finds nothing, on every page, in both themes. The engine is put into the page from outside, past its policy.

import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { demo as test, expect } from "../support/test";

async function findings(page: Page): Promise<string[]> {
  const result = await new AxeBuilder({ page }).analyze();
  return result.violations.map((found) => `${found.id}: ${found.help}: ${found.nodes.map((node) => node.html).join(" | ")}`);
}

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(`axe, ${colorScheme} @script`, () => {
    test.use({ colorScheme });

    test("signed out", async ({ page, steward, complaints }) => {
      complaints.expect(/status of 404/);
      for (const path of ["/login", "/nowhere"]) {
        await page.goto(steward.url + path);
        expect(await findings(page), path).toEqual([]);
      }
    });

    test("choosing a tenant, and waiting for one", async ({ page, steward, newPerson, signIn }) => {
      await signIn(newPerson({ tenant: "prs", role: "member" }, { tenant: "iop", role: "member" }));
      await page.goto(steward.url);
      expect(await findings(page)).toEqual([]);
      await page.context().clearCookies();
      await signIn(newPerson());
      await page.goto(steward.url);
      expect(await findings(page)).toEqual([]);
    });

    test("the chat: empty, with an answer, with an open tool card, with help", async ({ chat, page }) => {
      await chat.open();
      expect(await findings(page), "empty").toEqual([]);
      await chat.ask("What did Compressor 3 cost us last week?");
      await chat.answered();
      expect(await findings(page), "answered").toEqual([]);
      await chat.answers.locator("details.tools > summary").first().click();
      await chat.answers.locator("details.tool > summary").first().click();
      expect(await findings(page), "tool card").toEqual([]);
      await page.keyboard.press("Control+/");
      await expect(page.getByRole("dialog")).toBeVisible();
      expect(await findings(page), "help").toEqual([]);
    });

    test("the chat on a phone", async ({ chat, page }) => {
      await page.setViewportSize({ width: 390, height: 800 });
      await chat.open();
      expect(await findings(page)).toEqual([]);
    });

    test("settings and usage", async ({ page, steward, newPerson, signIn }) => {
      await signIn(newPerson({ tenant: "prs", role: "admin" }));
      for (const path of ["/settings", "/t/prs/usage"]) {
        await page.goto(steward.url + path);
        await expect(page.getByRole("heading").first()).toBeVisible();
        expect(await findings(page), path).toEqual([]);
      }
    });
  });
}
