"""The vendors' own Python clients against Steward, unchanged but for their address and key: synchronous and asynchronous,
whole and streamed, with tools, errors and retries. The provider behind Steward is the scripted one, and the books are
checked at the end.

Run by `end2end/tools/test.sh clients`; STEWARD_BIN and UPSTREAM_BIN name the programs. To add a client: its pinned
version in requirements.in, a class here.
"""

import asyncio
import json
import os
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.request
import uuid

import anthropic
import ollama
import openai

READY_WITHIN_S = 60
CLAUDE, GPT, LLAMA = "claude-haiku-4-5", "gpt-4o-mini", "llama3.2"
SCHEMA = {"type": "object", "properties": {"device": {"type": "string"}}, "required": ["device"]}


def post(url, body):
    request = urllib.request.Request(url, json.dumps(body).encode(), {"content-type": "application/json"})
    urllib.request.urlopen(request, timeout=20).read()


class House:
    """A server on a database of its own, the scripted provider, and a key of a member."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="steward-clients-")
        self.upstream_process = subprocess.Popen([os.environ["UPSTREAM_BIN"]], stdout=subprocess.PIPE, text=True)
        self.upstream = self.upstream_process.stdout.readline().strip()
        self.command("tenant", "add", "prs", "--name", "PRS", "--time-zone", "Asia/Jakarta", "--currency", "IDR")
        self.key = self.member("prs")
        self.command("tenant", "add", "poor", "--name", "Poor", "--time-zone", "UTC", "--currency", "USD")
        self.command("budget", "poor", "--requests", "0")
        self.poor_key = self.member("poor")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.server = subprocess.Popen(
            [os.environ["STEWARD_BIN"], "serve", "--addr", f"127.0.0.1:{port}", "--hash-files", "false"],
            env=self.environment(),
            stdout=subprocess.DEVNULL,
        )
        until = time.monotonic() + READY_WITHIN_S
        while not self.is_ready():
            if self.server.poll() is not None or time.monotonic() > until:
                raise RuntimeError("steward did not start")
            time.sleep(0.05)

    def environment(self):
        return {
            "PATH": os.environ.get("PATH", ""),
            "STEWARD_DATA_DIR": self.folder.name,
            "STEWARD_LOG": "off",
            "ANTHROPIC_API_KEY": "end2end",
            "ANTHROPIC_BASE_URL": self.upstream,
            "STEWARD_MODEL": CLAUDE,
            "OPENAI_API_KEY": "end2end",
            "OPENAI_BASE_URL": f"{self.upstream}/v1",
            "OLLAMA_BASE_URL": self.upstream,
            "STEWARD_OLLAMA_MODELS": LLAMA,
        }

    def command(self, *arguments):
        done = subprocess.run(
            [os.environ["STEWARD_BIN"], *arguments], env=self.environment(), capture_output=True, text=True, timeout=60
        )
        if done.returncode != 0:
            raise RuntimeError(f"steward {' '.join(arguments)}: {done.stderr}{done.stdout}")
        return done.stdout

    def member(self, tenant):
        email = f"ana@{tenant}.example"
        self.command("user", "add", email, "--name", "Ana")
        self.command("membership", "add", email, tenant, "--role", "member")
        return self.command("key", "create", tenant, "--user", email, "--name", "A client").splitlines()[0]

    def is_ready(self):
        try:
            return urllib.request.urlopen(f"{self.url}/readyz", timeout=5).status == 200
        except OSError:
            return False

    def script(self, mark, *steps, **more):
        """The next answer to a text with this mark."""
        post(f"{self.upstream}/_script", {"when": {"user_contains": mark}, "steps": list(steps), **more})

    def says(self, mark):
        self.script(mark, {"text": "Twelve "}, {"text": "kWh."})

    def calls(self, mark):
        self.script(mark, {"tool": {"id": "call_1", "name": "reading", "input": {"device": "C3"}}})

    def is_busy(self, mark, times):
        headers = {"retry-after": "0"}
        refuse = {"status": 503, "type": "overloaded_error", "message": "Overloaded", "headers": headers}
        for _ in range(times):
            self.script(mark, refuse=refuse)

    def bill(self):
        return json.loads(urllib.request.urlopen(f"{self.upstream}/_bill", timeout=20).read())

    def close(self):
        try:
            # Asked to stop it settles what is left; then the books must balance.
            self.server.terminate()
            self.server.wait(timeout=30)
            self.command("audit")
        finally:
            for process in (self.server, self.upstream_process):
                process.kill()
                process.wait()
            self.upstream_process.stdout.close()
            self.folder.cleanup()


house = None


def setUpModule():
    global house
    house = House()


def tearDownModule():
    house.close()


class Story(unittest.TestCase):
    def setUp(self):
        self.mark = str(uuid.uuid4())
        self.messages = [{"role": "user", "content": f"What did it use? {self.mark}"}]


class OpenAi(Story):
    tools = [{"type": "function", "function": {"name": "reading", "parameters": SCHEMA}}]

    def client(self, key=None, **options):
        return openai.OpenAI(base_url=f"{house.url}/v1", api_key=key or house.key, **options)

    def test_whole_streamed_and_with_tools(self):
        client = self.client()
        for model in (GPT, CLAUDE, LLAMA):
            with self.subTest(model=model):
                ask = {"model": model, "messages": self.messages, "max_completion_tokens": 500}
                house.says(self.mark)
                whole = client.chat.completions.create(**ask)
                self.assertEqual(whole.choices[0].message.content, "Twelve kWh.")
                self.assertGreater(whole.usage.completion_tokens, 0)

                house.says(self.mark)
                text, usage = "", None
                for chunk in client.chat.completions.create(**ask, stream=True, stream_options={"include_usage": True}):
                    text += (chunk.choices[0].delta.content or "") if chunk.choices else ""
                    usage = chunk.usage or usage
                self.assertEqual(text, "Twelve kWh.")
                self.assertGreater(usage.prompt_tokens, 0)

                house.calls(self.mark)
                asked = client.chat.completions.create(**ask, tools=self.tools)
                call = asked.choices[0].message.tool_calls[0]
                self.assertEqual((call.function.name, json.loads(call.function.arguments)), ("reading", {"device": "C3"}))
                self.assertEqual(asked.choices[0].finish_reason, "tool_calls")
                result = {"role": "tool", "tool_call_id": call.id, "content": "12 kWh"}
                messages = [*self.messages, asked.choices[0].message.to_dict(), result]
                house.says(self.mark)
                again = client.chat.completions.create(**{**ask, "messages": messages}, tools=self.tools)
                self.assertEqual(again.choices[0].message.content, "Twelve kWh.")

    def test_asynchronous(self):
        async def story():
            async with openai.AsyncOpenAI(base_url=f"{house.url}/v1", api_key=house.key) as client:
                ask = {"model": GPT, "messages": self.messages}
                house.says(self.mark)
                whole = await client.chat.completions.create(**ask)
                house.says(self.mark)
                text = ""
                async for chunk in await client.chat.completions.create(**ask, stream=True):
                    text += chunk.choices[0].delta.content or ""
                names = [model.id async for model in await client.models.list()]
                return whole.choices[0].message.content, text, names

        whole, text, names = asyncio.run(story())
        self.assertEqual((whole, text), ("Twelve kWh.", "Twelve kWh."))
        self.assertIn(CLAUDE, names)

    def test_errors_and_retries(self):
        ask = {"model": GPT, "messages": self.messages}
        with self.assertRaises(openai.AuthenticationError):
            self.client(key="stw_wrong").chat.completions.create(**ask)
        with self.assertRaises(openai.NotFoundError):
            self.client().chat.completions.create(**{**ask, "model": "gpt-9"})
        with self.assertRaises(openai.BadRequestError):
            self.client().chat.completions.create(**ask, n=2_147_483_648)
        # Busy for longer than the gateway waits: the client waits and comes again.
        house.is_busy(self.mark, 2)
        house.says(self.mark)
        self.assertEqual(self.client().chat.completions.create(**ask).choices[0].message.content, "Twelve kWh.")
        house.is_busy(self.mark, 2)
        with self.assertRaises(openai.InternalServerError):
            self.client(max_retries=0).chat.completions.create(**ask)
        # Mid-stream.
        house.script(self.mark, {"text": "Twelve "}, {"error": {"status": 0, "type": "server_error", "message": "Oops"}})
        with self.assertRaises(openai.APIError):
            list(self.client().chat.completions.create(**ask, stream=True))

    def test_over_budget_once(self):
        before = house.bill()["calls"]
        began = time.monotonic()
        with self.assertRaises(openai.RateLimitError) as refused:
            self.client(key=house.poor_key).chat.completions.create(model=GPT, messages=self.messages)
        self.assertEqual(refused.exception.code, "budget_exceeded")
        self.assertEqual(refused.exception.response.headers["x-should-retry"], "false")
        self.assertEqual(house.bill()["calls"], before)
        self.assertLess(time.monotonic() - began, 10)


class Anthropic(Story):
    tools = [{"name": "reading", "input_schema": SCHEMA}]

    def client(self, key=None, **options):
        return anthropic.Anthropic(base_url=house.url, api_key=key or house.key, **options)

    def test_whole_streamed_and_with_tools(self):
        client = self.client()
        for model in (CLAUDE, GPT):
            with self.subTest(model=model):
                ask = {"model": model, "messages": self.messages, "max_tokens": 500}
                house.says(self.mark)
                whole = client.messages.create(**ask)
                self.assertEqual((whole.content[0].text, whole.stop_reason), ("Twelve kWh.", "end_turn"))
                self.assertGreater(whole.usage.output_tokens, 0)

                house.says(self.mark)
                with client.messages.stream(**ask) as stream:
                    text = "".join(stream.text_stream)
                    final = stream.get_final_message()
                self.assertEqual(text, "Twelve kWh.")
                self.assertGreater(final.usage.output_tokens, 0)

                house.calls(self.mark)
                with client.messages.stream(**ask, tools=self.tools) as stream:
                    asked = stream.get_final_message()
                call = asked.content[0]
                self.assertEqual((call.type, call.input, asked.stop_reason), ("tool_use", {"device": "C3"}, "tool_use"))
                result = {"type": "tool_result", "tool_use_id": call.id, "content": "12 kWh"}
                told = [{"role": "assistant", "content": asked.content}, {"role": "user", "content": [result]}]
                again = client.messages.create(**{**ask, "messages": [*self.messages, *told]}, tools=self.tools)
                self.assertGreater(len(again.content[0].text), 0)

    def test_asynchronous(self):
        async def story():
            async with anthropic.AsyncAnthropic(base_url=house.url, api_key=house.key) as client:
                ask = {"model": CLAUDE, "messages": self.messages, "max_tokens": 500}
                house.says(self.mark)
                whole = await client.messages.create(**ask)
                house.says(self.mark)
                async with client.messages.stream(**ask) as stream:
                    text = "".join([piece async for piece in stream.text_stream])
                names = [model.id async for model in client.models.list()]
                return whole.content[0].text, text, names

        whole, text, names = asyncio.run(story())
        self.assertEqual((whole, text), ("Twelve kWh.", "Twelve kWh."))
        self.assertIn(CLAUDE, names)

    def test_errors_and_retries(self):
        ask = {"model": CLAUDE, "messages": self.messages, "max_tokens": 500}
        with self.assertRaises(anthropic.AuthenticationError):
            self.client(key="stw_wrong").messages.create(**ask)
        with self.assertRaises(anthropic.NotFoundError):
            self.client().messages.create(**{**ask, "model": "claude-9"})
        with self.assertRaises(anthropic.BadRequestError):
            self.client().messages.create(**{**ask, "max_tokens": -1})
        house.is_busy(self.mark, 2)
        house.says(self.mark)
        self.assertEqual(self.client().messages.create(**ask).content[0].text, "Twelve kWh.")
        house.script(self.mark, {"text": "Twelve "}, {"error": {"status": 0, "type": "overloaded_error", "message": "Busy"}})
        with self.assertRaises(anthropic.APIStatusError), self.client().messages.stream(**ask) as stream:
            stream.until_done()

    def test_over_budget_once(self):
        before = house.bill()["calls"]
        with self.assertRaises(anthropic.APIStatusError) as refused:
            self.client(key=house.poor_key).messages.create(model=CLAUDE, messages=self.messages, max_tokens=500)
        self.assertEqual((refused.exception.status_code, house.bill()["calls"]), (402, before))


class Ollama(Story):
    tools = [{"type": "function", "function": {"name": "reading", "description": "Reads", "parameters": SCHEMA}}]

    def options(self, key=None):
        return {"host": f"{house.url}/ollama", "headers": {"Authorization": f"Bearer {key or house.key}"}}

    def test_whole_streamed_and_with_tools(self):
        client = ollama.Client(**self.options())
        for model in (LLAMA, CLAUDE):
            with self.subTest(model=model):
                ask = {"model": model, "messages": self.messages, "options": {"num_predict": 500}}
                house.says(self.mark)
                whole = client.chat(**ask)
                self.assertEqual((whole.message.content, whole.done), ("Twelve kWh.", True))
                house.says(self.mark)
                text = "".join(part.message.content for part in client.chat(**ask, stream=True))
                self.assertEqual(text, "Twelve kWh.")
                house.calls(self.mark)
                call = client.chat(**ask, tools=self.tools).message.tool_calls[0]
                self.assertEqual((call.function.name, dict(call.function.arguments)), ("reading", {"device": "C3"}))
        self.assertIn(LLAMA, [model.model for model in client.list().models])

    def test_asynchronous(self):
        async def story():
            client = ollama.AsyncClient(**self.options())
            house.says(self.mark)
            whole = await client.chat(model=LLAMA, messages=self.messages)
            house.says(self.mark)
            parts = [part.message.content async for part in await client.chat(model=LLAMA, messages=self.messages, stream=True)]
            return whole.message.content, "".join(parts)

        self.assertEqual(asyncio.run(story()), ("Twelve kWh.", "Twelve kWh."))

    def test_errors(self):
        for key, model, status in (("stw_wrong", LLAMA, 401), (None, "no-such-model", 404), (house.poor_key, LLAMA, 429)):
            with self.subTest(status=status), self.assertRaises(ollama.ResponseError) as refused:
                ollama.Client(**self.options(key)).chat(model=model, messages=self.messages)
            self.assertEqual(refused.exception.status_code, status)
            self.assertNotEqual(refused.exception.error, "")
        house.script(self.mark, {"text": "Twelve "}, {"error": {"status": 0, "type": "x", "message": "runner stopped"}})
        with self.assertRaises(ollama.ResponseError):
            list(ollama.Client(**self.options()).chat(model=LLAMA, messages=self.messages, stream=True))


if __name__ == "__main__":
    unittest.main(verbosity=2, warnings="ignore")
