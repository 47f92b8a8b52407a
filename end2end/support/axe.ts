// What axe finds on a page. The engine is put into the page from outside, past its policy.

import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";

/** One line for each finding: rule, help, and the elements. Empty: nothing was found. */
export async function findings(page: Page): Promise<string[]> {
  const result = await new AxeBuilder({ page }).analyze();
  return result.violations.map((found) => `${found.id}: ${found.help}: ${found.nodes.map((node) => node.html.slice(0, 300)).join(" | ")}`);
}
