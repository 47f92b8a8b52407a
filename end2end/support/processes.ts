// Programs of ours as child processes: started with a clean environment, waited for by a condition, ended for sure.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createWriteStream, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";

const root = path.resolve(import.meta.dirname, "../..");
const steward = process.env.STEWARD_BIN ?? path.join(root, "target/test/steward");
const upstream = process.env.UPSTREAM_BIN ?? path.join(root, "target/test/upstream");
const readyWithinMs = 60_000;

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** Only what a program needs: nothing of the machine's own settings (keys, databases) reaches it. */
function environment(extra: Record<string, string>): Record<string, string> {
  const kept = ["PATH", "HOME", "TMPDIR", "LANG"];
  const own = Object.fromEntries(kept.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
  return { ...own, ...extra };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise((resolve) => child.once("exit", resolve));
}

/** The scripted provider stands in for all of them. */
function asked(provider: string): Record<string, string> {
  return {
    ANTHROPIC_API_KEY: "end2end",
    ANTHROPIC_BASE_URL: provider,
    OPENAI_API_KEY: "end2end",
    OPENAI_BASE_URL: `${provider}/v1`,
    OLLAMA_BASE_URL: provider,
    STEWARD_OLLAMA_MODELS: "llama3.2",
  };
}

export type StewardOptions = {
  /** Names the log file. */
  name: string;
  /** Seed the demo tenants. */
  demo: boolean;
  /** The provider to ask instead of the demo model. */
  provider?: string;
  /** Further settings by their variable. */
  settings?: Record<string, string>;
};

/** A server on a database of its own. */
export class Steward {
  readonly url: string;
  private child?: ChildProcess;
  private readonly folder = mkdtempSync(path.join(tmpdir(), "steward-e2e-"));

  private constructor(
    private readonly options: StewardOptions,
    private readonly port: number,
  ) {
    this.url = `http://127.0.0.1:${port}`;
  }

  static async start(options: StewardOptions): Promise<Steward> {
    const server = new Steward(options, await freePort());
    await server.start();
    return server;
  }

  /** Starts it and waits until it is ready. */
  async start(): Promise<void> {
    const logs = path.join(root, "end2end/test-results/logs");
    mkdirSync(logs, { recursive: true });
    const log = createWriteStream(path.join(logs, `${this.options.name}.log`), { flags: "a" });
    const child = spawn(steward, ["serve", ...(this.options.demo ? ["--demo"] : [])], {
      cwd: root,
      env: this.environment(),
      stdio: ["ignore", "pipe", "pipe"],
    });
    child.stdout.pipe(log);
    child.stderr.pipe(log);
    this.child = child;
    await new Promise<void>((resolve, reject) => {
      child.once("spawn", resolve);
      child.once("error", (error) => reject(new Error(`${steward} could not be started (make test builds it): ${error}`)));
    });
    const until = Date.now() + readyWithinMs;
    while (Date.now() < until) {
      if (child.exitCode !== null) throw new Error(`steward ended with ${child.exitCode}; see ${log.path}`);
      const answer = await fetch(`${this.url}/readyz`).catch(() => undefined);
      if (answer?.ok) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`steward was not ready within ${readyWithinMs} ms; see ${log.path}`);
  }

  /** As the kernel ends a process that is out of memory: no farewell. */
  async kill(): Promise<void> {
    if (!this.child) return;
    this.child.kill("SIGKILL");
    await ended(this.child);
  }

  /** As a service manager ends it: asked first. */
  async end(): Promise<void> {
    const child = this.child;
    if (!child) return;
    child.kill("SIGTERM");
    const late = setTimeout(() => child.kill("SIGKILL"), 15_000);
    await ended(child);
    clearTimeout(late);
  }

  /** Runs a command on the same database; gives what it printed. */
  command(args: string[], input = ""): string {
    const done = spawnSync(steward, args, { cwd: root, env: this.environment(), input, encoding: "utf8" });
    if (done.status !== 0) throw new Error(`steward ${args.join(" ")} ended with ${done.status}: ${done.stderr}`);
    return done.stdout;
  }

  async stop(): Promise<void> {
    await this.end();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private environment(): Record<string, string> {
    return environment({
      STEWARD_DATA_DIR: this.folder,
      STEWARD_ADDR: `127.0.0.1:${this.port}`,
      STEWARD_DEMO_PACE: "fast",
      STEWARD_SHUTDOWN_SECONDS: "1",
      LEPTOS_SITE_ROOT: process.env.LEPTOS_SITE_ROOT ?? path.join(root, "target/site"),
      ...(this.options.provider ? asked(this.options.provider) : {}),
      ...this.options.settings,
    });
  }
}

/** The words of end2end/upstream/src/script.rs that specs use. */
export type Step = { text: string } | { gate: string } | { wait_ms: number } | { tool: { id: string; name: string; input: unknown } };
export type Script = {
  when?: { user_contains?: string; side?: boolean };
  steps?: Step[];
  refuse?: { status: number; type: string; message: string; headers?: Record<string, string> };
  stop_reason?: string;
  fault?: { at_event: number; kind: unknown };
  ignore_max_tokens?: boolean;
};
export type Bill = { calls: number; input: number; cache_read: number; cache_write: number; output: number };

/** The scripted model provider. */
export class Upstream {
  private constructor(
    readonly url: string,
    private readonly child: ChildProcess,
  ) {}

  static async start(): Promise<Upstream> {
    const child = spawn(upstream, ["--addr", "127.0.0.1:0"], {
      cwd: root,
      env: environment({}),
      stdio: ["ignore", "pipe", "inherit"],
    });
    const url = await new Promise<string>((resolve, reject) => {
      child.once("error", (error) => reject(new Error(`${upstream} could not be started (make test builds it): ${error}`)));
      child.once("exit", (status) => reject(new Error(`upstream ended with ${status}`)));
      createInterface(child.stdout).on("line", (line) => {
        const found = /http:\/\/\S+/.exec(line);
        if (found) resolve(found[0]);
      });
    });
    return new Upstream(url, child);
  }

  /** The next request that fits is answered by this. */
  async enqueue(script: Script): Promise<void> {
    await this.post("/_script", script);
  }

  /** Lets every stream go on that waits at this gate. */
  async release(gate: string): Promise<void> {
    await this.post("/_release", { gate });
  }

  async bill(): Promise<Bill> {
    const answer = await fetch(`${this.url}/_bill`);
    return (await answer.json()) as Bill;
  }

  async stop(): Promise<void> {
    this.child.kill("SIGKILL");
    await ended(this.child);
  }

  private async post(route: string, body: unknown): Promise<void> {
    const headers = { "content-type": "application/json" };
    const answer = await fetch(`${this.url}${route}`, { method: "POST", headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`upstream ${route} answered ${answer.status}: ${await answer.text()}`);
  }
}
