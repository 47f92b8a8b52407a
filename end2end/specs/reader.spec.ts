// What somebody finds who uses the chat for the first time, with their hands off where the page should do it.

import { Chat } from "../support/chat";
import { demo, scripted, expect } from "../support/test";

demo.describe("a reader @script", () => {
  demo("a prompt goes with Enter, and the page follows its answer to the end", async ({ page, chat }) => {
    for (const size of [{ width: 1280, height: 800 }, { width: 390, height: 844 }]) {
      await page.setViewportSize(size);
      await chat.open();
      await chat.composer.pressSequentially("/weekly-summary");
      await page.keyboard.press("Enter");
      await chat.answered();
      await expect(chat.questions.last()).toContainText("weekly-summary");
      // Its tools fold when the text begins, and the page gets shorter.
      await chat.ask("/peak-report last week");
      await chat.answered();
      const box = page.locator("#transcript-box");
      const below = () => box.evaluate((element) => element.scrollHeight - element.scrollTop - element.clientHeight);
      await expect.poll(below, { message: `${size.width} px` }).toBeLessThan(3);
    }
  });

  demo("an administrator sees the greeting first", async ({ page, steward, newPerson, signIn }) => {
    await signIn(newPerson({ tenant: "prs", role: "admin" }));
    for (const size of [{ width: 1280, height: 800 }, { width: 390, height: 844 }]) {
      await page.setViewportSize(size);
      await new Chat(page, steward.url, "prs", true).open();
      await expect(page.getByRole("heading", { level: 2, name: /^Hello/ })).toBeInViewport({ ratio: 1 });
    }
  });

  demo("the menu of a first message is within reach", async ({ page, chat }) => {
    await chat.open();
    await chat.ask("What devices do I have?");
    const answer = await chat.answered();
    for (const article of [chat.questions.last(), answer]) {
      for (const summary of await article.locator("details.menu-box > summary").all()) {
        if (!(await summary.isVisible())) continue;
        await summary.click();
        const menu = article.locator("details.menu-box[open] > .menu");
        await expect(menu).toBeVisible();
        for (const entry of await menu.locator(":scope > *").all()) {
          if (!(await entry.isVisible())) continue;
          await entry.scrollIntoViewIfNeeded();
          const isOnTop = await entry.evaluate((element) => {
            const { x, y, width, height } = element.getBoundingClientRect();
            return element.contains(document.elementFromPoint(x + width / 2, y + height / 2));
          });
          expect(isOnTop, (await entry.textContent()) ?? "").toBe(true);
        }
        await page.keyboard.press("Escape");
        await expect(menu).toBeHidden();
      }
    }
  });
});

scripted("many files go up, one after the other @script", async ({ chat, page, upstream }) => {
  await upstream.enqueue({ when: { user_contains: "compare" }, steps: [{ text: "Compared." }] });
  await chat.open();
  const files = Array.from({ length: 8 }, (_, n) => ({ name: `meter-${n}.csv`, mimeType: "text/csv", buffer: Buffer.from(`at,kWh\n2026-03-0${n + 1},${n}\n`) }));
  await page.getByLabel("Attach files").setInputFiles(files);
  await chat.composer.fill("compare the eight meters");
  await chat.send.click();
  await expect(chat.questions.last()).toContainText("meter-7.csv");
  for (const { name } of files) await expect(chat.questions.last()).toContainText(name);
  await expect(chat.text(await chat.answered())).toHaveText("Compared.");
});

scripted("a message does not go without a file that failed @script", async ({ chat, page, complaints }) => {
  complaints.expect(/status of 4\d\d/);
  await chat.open();
  await page.getByLabel("Attach files").setInputFiles({ name: "evil.exe", mimeType: "application/octet-stream", buffer: Buffer.from("MZ\u0000\u0001") });
  await expect(page.locator(".file .spinner")).toHaveCount(0);
  await chat.composer.fill("look at this");
  await chat.send.click();
  await expect(page.getByText("A file could not be attached. Try it again or take it away, then send.")).toBeVisible();
  await expect(chat.composer).toHaveValue("look at this");
});
