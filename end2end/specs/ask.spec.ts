import { demo as test, expect } from "../support/test";

test.describe("the main job", () => {
  test("a question runs tools on the own meters and is answered from their results", async ({ chat }) => {
    await chat.open();
    await chat.ask("What did Compressor 3 cost us last week?");
    const answer = await chat.answered();
    await expect(answer).toContainText("Compressor 3");
    await expect(answer).toContainText(/Rp|IDR/);
    await answer.getByText(/^Used \d+ tools?/).first().click();
    const card = answer.locator("details.tool").filter({ hasText: /Energi dan biaya|Energy and cost/i }).first();
    await card.locator("summary").first().click();
    await expect(card.getByText(/^ran as PRS/)).toBeVisible();
    await expect(card.getByRole("table").first()).toBeVisible();
  });

  test("it is kept: after a reload question, answer and tool card are there", async ({ chat }) => {
    await chat.open();
    await chat.ask("Which devices used the most energy last week?");
    const before = await chat.text(await chat.answered()).allInnerTexts();
    await chat.reload();
    expect(await chat.text(await chat.answered()).allInnerTexts()).toEqual(before);
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
