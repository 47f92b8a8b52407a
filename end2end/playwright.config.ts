// Projects over one set of specs: `hydrated` runs all of them but those tagged @no-script; `no-script` runs the rest of
// them with JavaScript switched off, but not those tagged @script; `screenshots` compares the look with the pictures in
// `look/`; `bench` measures and gates nothing.
// The servers are started by support/test.ts, one of each kind per worker.

import { existsSync } from "node:fs";
import { defineConfig, devices } from "@playwright/test";

const own = process.env.STEWARD_CHROMIUM ?? "";
const installed = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
// "playwright": the browser Playwright has downloaded.
const executablePath = own === "playwright" ? undefined : own || installed;

export default defineConfig({
  testDir: "specs",
  outputDir: "test-results",
  fullyParallel: true,
  forbidOnly: !!process.env.CI,
  retries: 0,
  workers: process.env.STEWARD_WORKERS ? Number(process.env.STEWARD_WORKERS) : 2,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: [["list"]],
  use: {
    ...devices["Desktop Chrome"],
    viewport: { width: 1280, height: 800 },
    locale: "en-GB",
    timezoneId: "Asia/Jakarta",
    // Photographs of the document at every step would cost more than the pages themselves: only when asked for.
    trace: { mode: "retain-on-failure", snapshots: !!process.env.STEWARD_TRACE, screenshots: !!process.env.STEWARD_TRACE },
    launchOptions: {
      executablePath,
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
  projects: [
    { name: "hydrated", testIgnore: /screenshots|bench/, grepInvert: /@no-script/ },
    { name: "no-script", testIgnore: /screenshots|bench/, grepInvert: /@script/, use: { javaScriptEnabled: false } },
    { name: "screenshots", testMatch: /screenshots/ },
    { name: "bench", testMatch: /bench/, use: { trace: "off" } },
  ],
});
