// What a hostile model can write, drawn by a real browser: nothing runs, nothing is fetched from elsewhere, no link leads
// to anything but http, https and mailto. The corpus has one JSON string per line; `app/tests` checks the same lines
// without a browser.

import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import { scripted as test, expect } from "../support/test";

const corpus = readFileSync(path.resolve(import.meta.dirname, "corpus/xss.txt"), "utf8")
  .split("\n")
  .filter((line) => line.trim() !== "")
  .map((line) => JSON.parse(line) as string);
/** So many entries are in one answer: one broken construct must not hide the others. */
const perAnswer = 75;

/** Half surrogates cannot be sent as UTF-8: a provider cannot either. */
const sendable = corpus.map((entry) => entry.replace(/[\ud800-\udfff]/gu, "\ufffd"));
const batches = Array.from({ length: Math.ceil(sendable.length / perAnswer) }, (_, n) =>
  sendable.slice(n * perAnswer, (n + 1) * perAnswer),
);

test.describe("hostile answers", () => {
  for (const [number, batch] of batches.entries()) {
    test(`corpus, part ${number + 1} of ${batches.length}`, async ({ page, chat, upstream, steward }) => {
      const dialogs: string[] = [];
      page.on("dialog", (dialog) => {
        dialogs.push(dialog.message());
        void dialog.dismiss();
      });
      const foreign: string[] = [];
      page.on("request", (request) => {
        const url = request.url();
        if (!url.startsWith(`${steward.url}/`) && !url.startsWith("data:")) foreign.push(url);
      });
      const popups: string[] = [];
      page.on("popup", (popup) => popups.push(popup.url()));

      const id = randomUUID().slice(0, 8);
      await upstream.enqueue({
        when: { user_contains: id },
        steps: [...batch.map((entry) => ({ text: `${entry}\n\n---\n\n` })), { text: "The end of the corpus." }],
      });
      await chat.open();
      await chat.ask(`Be hostile (${id})`);
      const answer = await chat.answered();
      await expect(answer).toContainText("The end of the corpus.");
      // Once as it was streamed, once as the server renders it.
      for (const how of ["streamed", "rendered by the server"]) {
        const links = await answer.locator("[href], [src], [action], [formaction], [srcset], [data], [background], [poster]").evaluateAll((all) =>
          all.map((element) =>
            ["href", "src", "action", "formaction", "srcset", "data", "background", "poster"]
              .map((name) => element.getAttribute(name))
              .filter((value) => value !== null)
              .join(" "),
          ),
        );
        const strange = links.filter((link) => !/^(https?:\/\/|mailto:|#|\/(?!\/)|\?)/i.test(link));
        expect(strange, `links, ${how}`).toEqual([]);
        const forbidden = answer.locator(".markdown").locator("script, iframe, object, embed, img, video, audio, form, style, link, meta, base");
        expect(await forbidden.evaluateAll((all) => all.map((element) => element.outerHTML)), `elements, ${how}`).toEqual([]);
        const handlers = await answer.evaluate((root) =>
          [...root.querySelectorAll("*")].flatMap((element) =>
            element.getAttributeNames().filter((name) => name.startsWith("on") || name === "style"),
          ),
        );
        expect(handlers, `handlers and styles, ${how}`).toEqual([]);
        await chat.reload();
        await expect(answer).toContainText("The end of the corpus.");
      }
      expect(dialogs, "dialogs").toEqual([]);
      expect(foreign, "requests to elsewhere").toEqual([]);
      expect(popups, "popups").toEqual([]);
    });
  }
});
