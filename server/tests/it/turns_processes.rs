//! The real program killed while an answer waits for its person, and started again.

use std::{
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};

use crate::support::server::http_client;

/// Nothing takes this long unless it hangs; demo data are made at the first start.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running server, killed (as `kill -9` does) when dropped.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn serve(data: &Path, port: u16) -> Server {
    let child = Command::new(env!("CARGO_BIN_EXE_steward"))
        .env_clear()
        .env("STEWARD_DATA_DIR", data)
        .env("STEWARD_LOG", "warn")
        .args(["serve", "--demo", "--demo-pace", "fast", "--hash-files", "false"])
        .args(["--addr", &format!("127.0.0.1:{port}")])
        .stdout(Stdio::null())
        .spawn()
        .expect("the program starts");
    let server = Server(child);
    let ready = format!("http://127.0.0.1:{port}/readyz");
    until("the server is ready", async || {
        http_client().get(&ready).send().await.ok().filter(|r| r.status().is_success()).map(drop)
    })
    .await;
    server
}

/// Asks again until there is an answer.
async fn until<T>(what: &str, ask: impl AsyncFn() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(begin.elapsed() < PATIENCE, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

/// Ana's browser.
struct Ana {
    base: String,
    cookie: String,
}

impl Ana {
    async fn sign_in(port: u16) -> Self {
        let base = format!("http://127.0.0.1:{port}");
        let form = [("email", "ana@prs.example"), ("password", server::demo::PASSWORD)];
        let response = http_client()
            .post(format!("{base}/login"))
            .header("sec-fetch-site", "same-origin")
            .form(&form)
            .send()
            .await
            .expect("an answer");
        assert_eq!(response.status(), StatusCode::SEE_OTHER);
        let cookie = response.headers().get(header::SET_COOKIE).expect("a cookie").to_str().expect("text");
        let cookie = cookie.split(';').next().expect("a pair").to_owned();
        Self { base, cookie }
    }

    fn request(&self, function: &str) -> reqwest::RequestBuilder {
        http_client()
            .request(Method::POST, format!("{}/fn/{function}", self.base))
            .header(header::COOKIE, &self.cookie)
            .header("sec-fetch-site", "same-origin")
            .header(header::ACCEPT, "application/json")
    }

    async fn ask(&self, text: &str, key: &str) -> Value {
        let form = [("tenant", "prs"), ("text", text), ("key", key)];
        let response = self.request("turns/start").form(&form).send().await.expect("an answer");
        assert_eq!(response.status(), StatusCode::OK);
        response.json().await.expect("JSON")
    }

    async fn decide(&self, turn: &Value, call: &Value, decision: Value) -> StatusCode {
        let body = json!({"tenant": "prs", "turn": turn, "call_id": call, "decision": decision});
        self.request("turns/decide").json(&body).send().await.expect("an answer").status()
    }

    /// The answer of a conversation with one.
    async fn answer(&self, conversation: &Value) -> Value {
        let body = json!({"tenant": "prs", "id": conversation, "leaf": null});
        let response = self.request("conversations/open").json(&body).send().await.expect("an answer");
        let view: Value = response.json().await.expect("JSON");
        view["messages"][1].clone()
    }

    /// The call that waits, once one does.
    async fn waiting(&self, conversation: &Value) -> Value {
        until("a call waits", async || {
            let answer = self.answer(conversation).await;
            let calls = answer["parts"].as_array()?.iter().map(|part| &part["call"]);
            calls.into_iter().find(|call| call["status"]["kind"] == "waiting").cloned()
        })
        .await
    }

    async fn complete(&self, conversation: &Value) -> Value {
        until("the answer is complete", async || {
            let answer = self.answer(conversation).await;
            (answer["status"]["kind"] == "complete").then_some(answer)
        })
        .await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_it_waits_it_waits_on_and_what_is_allowed_runs_once() {
    let data = tempfile::tempdir().expect("a temporary folder");
    let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    let server = serve(data.path(), port).await;
    let ana = Ana::sign_in(port).await;
    let started = ana.ask("Add a note to compressor 3: bearing noise", "0190aaaa-0000-7000-8000-00000000000a").await;
    let before = ana.waiting(&started["conversation"]).await;
    drop(server);

    let server = serve(data.path(), port).await;
    let ana = Ana::sign_in(port).await;
    let after = ana.waiting(&started["conversation"]).await;
    assert_eq!(after, before, "it waits as before");
    let effect = &after["status"]["reason"]["wish"]["approval"]["effect"];
    assert_eq!(effect, "Tambah catatan “bearing noise” pada compressor 3");
    let (turn, call) = (&started["turn"], &after["call_id"]);
    assert_eq!(ana.decide(turn, call, json!("allow_once")).await, StatusCode::OK);
    assert_eq!(ana.decide(turn, call, json!("allow_once")).await, StatusCode::OK, "the same again is fine");
    assert_eq!(ana.decide(turn, call, json!("deny")).await, StatusCode::CONFLICT);
    let answer = ana.complete(&started["conversation"]).await;
    assert!(answer.to_string().contains("Stored: note 1"), "{answer}");
    drop(server);

    let _server = serve(data.path(), port).await;
    let ana = Ana::sign_in(port).await;
    let listed = ana.ask("Show the notes", "0190aaaa-0000-7000-8000-00000000000b").await;
    let answer = ana.complete(&listed["conversation"]).await.to_string();
    assert!(answer.contains("bearing noise") && !answer.contains("\"note\\\": 2"), "one note: {answer}");
    let audit = Command::new(env!("CARGO_BIN_EXE_steward"))
        .env_clear()
        .env("STEWARD_DATA_DIR", data.path())
        .arg("audit")
        .output()
        .expect("the program runs");
    assert!(audit.status.success(), "{}", String::from_utf8_lossy(&audit.stdout));
}
