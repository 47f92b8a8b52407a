// Pictures to look at, and the one the README shows (`make screenshots`); they gate nothing.

import path from "node:path";
import { demo as test, expect } from "../support/test";

const folder = path.resolve(import.meta.dirname, "../screenshots");

for (const colorScheme of ["light", "dark"] as const) {
  for (const width of [1280, 390]) {
    test.describe(`${colorScheme} ${width}`, () => {
      test.use({ colorScheme, viewport: { width, height: 800 } });

      test("pictures", async ({ page, chat, steward, newPerson, signIn }) => {
        const shot = (name: string) => page.screenshot({ path: path.join(folder, `${name}-${colorScheme}-${width}.png`) });
        await chat.open();
        await shot("new");
        await chat.ask("What did Compressor 3 cost us last week?");
        await chat.answered();
        await chat.ask("Which devices used the most energy yesterday?");
        await expect(chat.answers).toHaveCount(2);
        await chat.answered();
        await shot("chat");
        await chat.answers.locator("details.tools > summary").first().click();
        await chat.answers.locator("details.tool > summary").first().click();
        await shot("tools");
        await page.goto(`${steward.url}/settings`);
        await shot("settings");
        await page.context().clearCookies();
        await page.goto(`${steward.url}/login`);
        await shot("login");
        await signIn(newPerson({ tenant: "prs", role: "admin" }));
        await page.goto(`${steward.url}/t/prs/usage`);
        await shot("usage");
      });
    });
  }
}
