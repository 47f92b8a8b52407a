import { demo as test, expect } from "../support/test";

test.describe("the main job", () => {
  test("a question runs tools on the own meters and is answered from their results", async ({ chat, page }) => {
    await chat.open();
    await chat.ask("What did Compressor 3 cost us last week?");
    const answer = await chat.answered();
    await expect(answer).toContainText("Compressor 3");
    await expect(answer).toContainText(/Rp|IDR/);
    const group = answer.locator("details").filter({ has: page.getByText(/^Used \d+ tools?/) }).first();
    await expect(group).toBeVisible();
    await group.getByText(/^Used \d+ tools?/).click();
    await expect(group).toContainText(/Energy and cost/i);
  });

  test("it is kept: after a reload question, answer and tool card are there", async ({ chat, page }) => {
    await chat.open();
    await chat.ask("Which devices used the most energy last week?");
    const before = await (await chat.answered()).locator(".markdown").first().innerText();
    await page.reload();
    await chat.ready();
    const after = await (await chat.answered()).locator(".markdown").first().innerText();
    expect(after).toBe(before);
    await expect(chat.questions).toHaveCount(1);
    await expect(chat.answers.getByText(/^Used \d+ tools?/).first()).toBeVisible();
  });

  test("the demo model is labelled as such", async ({ chat, page }) => {
    await chat.open();
    await expect(page.getByText(/demo model/i).first()).toBeVisible();
  });

  test("a follow-up question continues the conversation", async ({ chat }) => {
    await chat.open();
    await chat.ask("What devices do I have?");
    await chat.answered();
    await chat.ask("How fresh is the data?");
    await expect(chat.answers).toHaveCount(2);
    await chat.answered();
    await expect(chat.questions).toHaveCount(2);
  });

  test("a conversation of somebody else does not exist", async ({ chat, page, newPerson, signIn, browser, complaints, newTab }) => {
    complaints.expect(/status of 404/);
    await chat.open();
    await chat.ask("What devices do I have?");
    await chat.answered();
    const stranger = await browser.newContext();
    await signIn(newPerson({ tenant: "prs", role: "member" }), stranger);
    const tab = await newTab(stranger);
    const answer = await tab.goto(page.url());
    expect(answer?.status()).toBe(404);
    await stranger.close();
  });
});
