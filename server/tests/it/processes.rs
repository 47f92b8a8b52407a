//! The real program as a process: set up with its commands, killed mid-answer, started again. In the rooms below: several
//! processes on one database ([`fleet`]), for the proofs T1 and T6 of accounting.md.

mod exact_cap;
mod fleet;
mod killed;
mod outage;

use std::{
    net::TcpListener,
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use reqwest::header;
use serde_json::{Value, json};
use upstream::{Script, Step, Upstream};

use crate::support::{events::Events, server::http_client};

/// `steward` with a data folder of its own.
struct Program<'t> {
    data: &'t Path,
    port: u16,
    upstream: &'t Upstream,
}

impl Program<'_> {
    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_steward"));
        command.env_clear().env("STEWARD_DATA_DIR", self.data).env("STEWARD_LOG", "warn");
        command
    }

    /// Runs a command to its end.
    fn run(&self, arguments: &[&str]) -> Output {
        let output = self.command().args(arguments).output().expect("the program runs");
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "steward {arguments:?}: {errors}");
        output
    }

    /// Starts serving and waits until it is ready.
    async fn serve(&self) -> Server {
        let child = self
            .command()
            .args(["serve", "--hash-files", "false", "--addr", &format!("127.0.0.1:{}", self.port)])
            .env("ANTHROPIC_API_KEY", "test-key")
            .env("ANTHROPIC_BASE_URL", self.upstream.url())
            .env("STEWARD_MODEL", "claude-haiku-4-5")
            .stdout(Stdio::null())
            .spawn()
            .expect("the program starts");
        let server = Server(child);
        let ready = format!("http://127.0.0.1:{}/readyz", self.port);
        until("the server is ready", async || {
            http_client().get(&ready).send().await.ok().filter(|r| r.status().is_success()).map(drop)
        })
        .await;
        server
    }
}

/// A running server, killed when dropped.
struct Server(Child);

impl Server {
    /// As `kill -9` does.
    fn kill(mut self) {
        self.0.kill().expect("it is killed");
        self.0.wait().expect("it is gone");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Asks again until there is an answer; 20 seconds at most.
async fn until<T>(what: &str, ask: impl AsyncFn() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(begin.elapsed() < Duration::from_secs(20), "not within 20 s: {what}");
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_mid_answer_it_comes_back_with_the_text_and_balanced_books() {
    let data = tempfile::tempdir().expect("a temporary folder");
    let upstream = Upstream::start().await.expect("the scripted provider");
    let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    let program = Program { data: data.path(), port, upstream: &upstream };
    program.run(&["tenant", "add", "prs", "--name", "PRS Textile", "--time-zone", "Asia/Jakarta", "--currency", "IDR"]);
    let added = program.run(&["user", "add", "ana@prs.example", "--name", "Ana"]);
    let password = String::from_utf8_lossy(&added.stdout)
        .split_whitespace()
        .last()
        .expect("the generated password is printed")
        .to_owned();

    program.run(&["membership", "add", "ana@prs.example", "prs", "--role", "admin"]);

    let server = program.serve().await;
    let base = format!("http://127.0.0.1:{port}");
    let token = sign_in(&base, &password).await;
    upstream.enqueue(Script::text("The first half is here.").step(Step::Gate("never".into())));
    let response = http_client()
        .post(format!("{base}/api/chat"))
        .bearer_auth(&token)
        .header(header::ACCEPT, "text/event-stream")
        .json(&json!({"message": "Tell me everything"}))
        .send()
        .await
        .expect("an answer");
    let mut events = Events::of(response);
    while let Some(event) = events.next().await {
        if event.event["text"].as_str().is_some_and(|text| text.contains("half")) {
            break;
        }
    }
    // The log is written within half a second: killed after that, the text is there.
    let conversation = until("the text is in the log", async || logged_conversation(&base, &token).await).await;
    server.kill();

    let _server = program.serve().await;
    let token = sign_in(&base, &password).await;
    let answer = until("the turn has ended", async || {
        let view: Value = get(&base, &token, &format!("/api/conversations/{conversation}")).await;
        let answer = view["messages"][1].clone();
        (answer["status"] == "failed").then_some(answer)
    })
    .await;
    assert!(answer["text"].as_str().expect("text").contains("The first half is here."), "{answer}");
    let usage: Value = get(&base, &token, "/api/usage").await;
    assert_eq!(usage["quality"], "estimated", "{usage}");
    assert!(usage["tokens"]["output"].as_i64() >= Some(upstream.bill().output), "never less than was made: {usage}");
    program.run(&["audit"]);
}

async fn logged_conversation(base: &str, token: &str) -> Option<String> {
    let list: Value = get(base, token, "/api/conversations").await;
    let id = list["items"][0]["id"].as_str()?.to_owned();
    let view: Value = get(base, token, &format!("/api/conversations/{id}")).await;
    view["messages"][1]["text"].as_str().filter(|text| text.contains("half")).map(|_| id)
}

async fn sign_in(base: &str, password: &str) -> String {
    let answer: Value = http_client()
        .post(format!("{base}/api/auth/login"))
        .json(&json!({"email": "ana@prs.example", "password": password}))
        .send()
        .await
        .expect("an answer")
        .json()
        .await
        .expect("JSON");
    answer["access_token"].as_str().unwrap_or_else(|| panic!("no token: {answer}")).to_owned()
}

async fn get(base: &str, token: &str, path: &str) -> Value {
    let response = http_client().get(format!("{base}{path}")).bearer_auth(token).send().await.expect("an answer");
    response.json().await.expect("JSON")
}
