// The vendors' own clients, unchanged but for their base URL and key: each asks a model of its own format and one of
// another's, whole and streamed, with tools, and meets an error. No browser.

import { randomUUID } from "node:crypto";
import Anthropic from "@anthropic-ai/sdk";
import { Ollama } from "ollama";
import OpenAI from "openai";
import { scripted as test, expect } from "../support/test";

const weather = {
  type: "object" as const,
  properties: { device: { type: "string" as const } },
  required: ["device"],
};

test.describe("the vendors' clients @script", () => {
  // A key of a new member of a tenant of its own.
  const keyed = test.extend<{ key: string }>({
    key: async ({ steward, newPerson, newTenant }, use) => {
      const tenant = newTenant();
      const person = newPerson({ tenant, role: "member" });
      const shown = steward.command(["key", "create", tenant, "--user", person.email, "--name", "A client"]);
      await use(shown.split("\n")[0] ?? "");
    },
  });

  for (const model of ["gpt-5.4-mini", "claude-haiku-4-5", "llama3.2"]) {
    keyed(`OpenAI's asks ${model}`, async ({ steward, upstream, key }) => {
      const client = new OpenAI({ baseURL: `${steward.url}/v1`, apiKey: key });
      const id = randomUUID();
      const messages = [{ role: "user" as const, content: `What did it use? ${id}` }];

      await upstream.enqueue({ when: { user_contains: id }, steps: [{ text: "Twelve " }, { text: "kWh." }] });
      const whole = await client.chat.completions.create({ model, messages, max_completion_tokens: 500 });
      expect(whole.choices[0]?.message.content).toBe("Twelve kWh.");
      expect(whole.usage?.completion_tokens).toBeGreaterThan(0);

      await upstream.enqueue({ when: { user_contains: id }, steps: [{ text: "Twelve " }, { text: "kWh." }] });
      const options = { include_usage: true };
      const stream = await client.chat.completions.create({ model, messages, stream: true, stream_options: options });
      let text = "";
      let usage;
      for await (const chunk of stream) {
        text += chunk.choices[0]?.delta.content ?? "";
        usage = chunk.usage ?? usage;
      }
      expect(text).toBe("Twelve kWh.");
      expect(usage?.prompt_tokens).toBeGreaterThan(0);

      const call = { id: "call_1", name: "reading", input: { device: "C3" } };
      await upstream.enqueue({ when: { user_contains: id }, steps: [{ tool: call }] });
      const tools = [{ type: "function" as const, function: { name: "reading", parameters: weather } }];
      const asked = await client.chat.completions.create({ model, messages, tools, max_completion_tokens: 500 });
      const called = asked.choices[0]?.message.tool_calls?.[0];
      expect(called?.type === "function" && JSON.parse(called.function.arguments)).toEqual({ device: "C3" });
      expect(asked.choices[0]?.finish_reason).toBe("tool_calls");
    });
  }

  for (const model of ["claude-haiku-4-5", "gpt-5.4-mini"]) {
    keyed(`Anthropic's asks ${model}`, async ({ steward, upstream, key }) => {
      const client = new Anthropic({ baseURL: steward.url, apiKey: key });
      const id = randomUUID();
      const messages = [{ role: "user" as const, content: `What did it use? ${id}` }];

      await upstream.enqueue({ when: { user_contains: id }, steps: [{ text: "Twelve " }, { text: "kWh." }] });
      const whole = await client.messages.create({ model, messages, max_tokens: 500 });
      expect(whole.content).toMatchObject([{ type: "text", text: "Twelve kWh." }]);
      expect(whole.stop_reason).toBe("end_turn");

      await upstream.enqueue({ when: { user_contains: id }, steps: [{ text: "Twelve " }, { text: "kWh." }] });
      const streamed = await client.messages.stream({ model, messages, max_tokens: 500 }).finalMessage();
      expect(streamed.content).toMatchObject([{ type: "text", text: "Twelve kWh." }]);
      expect(streamed.usage.output_tokens).toBeGreaterThan(0);

      const call = { id: "toolu_1", name: "reading", input: { device: "C3" } };
      await upstream.enqueue({ when: { user_contains: id }, steps: [{ tool: call }] });
      const tools = [{ name: "reading", input_schema: weather }];
      const asked = await client.messages.stream({ model, messages, tools, max_tokens: 500 }).finalMessage();
      expect(asked.content).toMatchObject([{ type: "tool_use", name: "reading", input: { device: "C3" } }]);
      expect(asked.stop_reason).toBe("tool_use");
    });
  }

  for (const model of ["llama3.2", "claude-haiku-4-5"]) {
    keyed(`Ollama's asks ${model}`, async ({ steward, upstream, key }) => {
      const client = new Ollama({ host: `${steward.url}/ollama`, headers: { authorization: `Bearer ${key}` } });
      const id = randomUUID();
      const messages = [{ role: "user", content: `What did it use? ${id}` }];
      const options = { num_predict: 500 };

      await upstream.enqueue({ when: { user_contains: id }, steps: [{ text: "Twelve " }, { text: "kWh." }] });
      const whole = await client.chat({ model, messages, options });
      expect([whole.message.content, whole.done]).toEqual(["Twelve kWh.", true]);

      await upstream.enqueue({ when: { user_contains: id }, steps: [{ text: "Twelve " }, { text: "kWh." }] });
      let text = "";
      for await (const part of await client.chat({ model, messages, options, stream: true })) text += part.message.content;
      expect(text).toBe("Twelve kWh.");
      expect((await client.list()).models.map((model) => model.name)).toContain("llama3.2");
    });
  }

  keyed("they raise what they should, and try again what may succeed", async ({ steward, upstream, key }) => {
    const messages = [{ role: "user" as const, content: "Hello" }];
    const nobody = new OpenAI({ baseURL: `${steward.url}/v1`, apiKey: "stw_wrong" });
    await expect(nobody.models.list()).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
    const openai = new OpenAI({ baseURL: `${steward.url}/v1`, apiKey: key });
    await expect(openai.chat.completions.create({ model: "gpt-9", messages })).rejects.toBeInstanceOf(OpenAI.NotFoundError);
    const anthropic = new Anthropic({ baseURL: steward.url, apiKey: key });
    const list = await anthropic.models.list();
    expect(list.data.map((model) => model.id)).toContain("claude-haiku-4-5");

    // Busy for longer than the gateway waits: the client waits and comes again.
    const id = randomUUID();
    const busy = { status: 529, type: "overloaded_error", message: "Overloaded", headers: { "retry-after": "0" } };
    const asks = [{ role: "user" as const, content: `Hello ${id}` }];
    for (let count = 0; count < 2; count += 1) await upstream.enqueue({ when: { user_contains: id }, refuse: busy });
    await upstream.enqueue({ when: { user_contains: id }, steps: [{ text: "Now." }] });
    const answer = await anthropic.messages.create({ model: "claude-haiku-4-5", messages: asks, max_tokens: 500 });
    expect(answer.content).toMatchObject([{ type: "text", text: "Now." }]);
  });

  keyed("over budget they raise once, without trying again", async ({ steward, upstream, newPerson, newTenant }) => {
    const tenant = newTenant({ requests: 0 });
    const person = newPerson({ tenant, role: "member" });
    const shown = steward.command(["key", "create", tenant, "--user", person.email, "--name", "A client"]);
    const key = shown.split("\n")[0] ?? "";
    const before = await upstream.bill();
    const messages = [{ role: "user" as const, content: "Hello" }];
    let requests = 0;
    const counted: typeof fetch = (input, init) => {
      requests += 1;
      return fetch(input, init);
    };
    const openai = new OpenAI({ baseURL: `${steward.url}/v1`, apiKey: key, fetch: counted });
    const refused = openai.chat.completions.create({ model: "gpt-5.4-mini", messages });
    await expect(refused).rejects.toMatchObject({ status: 429, code: "budget_exceeded" });
    expect(requests).toBe(1);
    const anthropic = new Anthropic({ baseURL: steward.url, apiKey: key, fetch: counted });
    const also = anthropic.messages.create({ model: "claude-haiku-4-5", messages, max_tokens: 500 });
    await expect(also).rejects.toMatchObject({ status: 402 });
    expect(requests).toBe(2);
    expect((await upstream.bill()).calls).toBe(before.calls);
  });
});
