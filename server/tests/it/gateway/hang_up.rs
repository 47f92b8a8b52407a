//! T7 (accounting.md §4): clients that hang up at every possible point, clients that read slowly, and providers that never
//! come to an end. Whatever the client does, what was made is booked, and nothing is left behind.

use std::time::{Duration, Instant};

use futures::future::join_all;
use reqwest::Response;
use serde_json::{Value, json};
use upstream::{FaultKind, Flood, Script, Step, Upstream};

use super::*;
use crate::support::db::db_test;

/// A way to ask: the client's format and the provider's, which may differ.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way {
    pub path: &'static str,
    pub model: &'static str,
}

pub(super) const WAYS: [Way; 6] = [
    Way { path: "/v1/messages", model: "claude-haiku-4-5" },
    Way { path: "/v1/chat/completions", model: "gpt-4o-mini" },
    Way { path: "/ollama/api/chat", model: "llama3.2" },
    Way { path: "/v1/chat/completions", model: "claude-haiku-4-5" },
    Way { path: "/v1/messages", model: "gpt-4o-mini" },
    Way { path: "/v1/chat/completions", model: "llama3.2" },
];

impl Way {
    pub fn body(self, text: &str, is_streaming: bool) -> Value {
        let tool = json!({"type": "object", "properties": {"query": {"type": "string"}}});
        let mut body = json!({"model": self.model, "stream": is_streaming,
            "messages": [{"role": "user", "content": text}]});
        if self.path == "/v1/messages" {
            body["max_tokens"] = 1_000.into();
            body["tools"] = json!([{"name": "find", "description": "Finds", "input_schema": tool}]);
        } else {
            body["max_tokens"] = 1_000.into();
            body["tools"] =
                json!([{"type": "function", "function": {"name": "find", "description": "Finds", "parameters": tool}}]);
        }
        body
    }

    /// Where the provider answers this way.
    fn upstream_path(self) -> &'static str {
        match self.model {
            "claude-haiku-4-5" => "/v1/messages",
            "gpt-4o-mini" => "/v1/chat/completions",
            _ => "/api/chat",
        }
    }
}

/// Text in several pieces, then a call of a tool.
fn script() -> Script {
    Script::texts(&["Compressor 3 ", "used 12 kWh — ", "Rp 18.000."]).step(Step::Tool(upstream::ToolCall {
        id: "call_1".into(),
        name: "find".into(),
        input: json!({"query": "compressor"}),
        raw_input: None,
    }))
}

/// How many events the provider's stream has.
async fn events_of(way: Way) -> usize {
    let provider = Upstream::start().await.unwrap();
    provider.enqueue(script());
    let same = WAYS.into_iter().find(|same| same.model == way.model).unwrap();
    let mut body = same.body("Count", true);
    if way.model == "gpt-4o-mini" {
        body["stream_options"] = json!({"include_usage": true});
    }
    let request = http_client().post(format!("{}{}", provider.url(), way.upstream_path()));
    let request = request.bearer_auth("k").header("x-api-key", "k").header("anthropic-version", "2023-06-01");
    let text = request.json(&body).send().await.unwrap().text().await.unwrap();
    let separator = if way.upstream_path() == "/api/chat" { "\n" } else { "\n\n" };
    text.split(separator).filter(|event| !event.is_empty()).count()
}

async fn ask_way(house: &House, way: Way, is_streaming: bool) -> Response {
    house.post(way.path, &house.key, &way.body("Count", is_streaming)).send().await.unwrap()
}

db_test! {
    async fn t7_hung_up_at_every_event_every_token_is_booked(t: TestDb) {
        let house = House::new(t).await;
        for way in WAYS {
            let events = events_of(way).await;
            assert!(events >= 5, "{way:?}: {events}");
            for at in 0..events {
                let gate = format!("{}-{}-{at}", way.path, way.model);
                house.upstream().enqueue(script().fault(at, FaultKind::Hang(gate.clone())));
                let response = ask_way(&house, way, true).await;
                assert_eq!(response.status(), StatusCode::OK, "{way:?}");
                house.upstream().reached(&gate).await.unwrap();
                drop(response);
                house.upstream().release(&gate);
            }
            // Before the head, and before a document.
            let gate = format!("{}-{}-head", way.path, way.model);
            for is_streaming in [true, false] {
                let held = Script { gate_before_head: Some(gate.clone()), ..script() };
                house.upstream().enqueue(held);
                let request = house.post(way.path, &house.key, &way.body("Count", is_streaming));
                let asking = tokio::spawn(request.send());
                let number = if is_streaming { 1 } else { 2 };
                house.upstream().reached_by(&gate, number).await.unwrap();
                asking.abort();
                let _ = asking.await;
                if number == 2 { house.upstream().release(&gate); }
            }
        }
        // To the token: the provider was heard to the end each time.
        house.books_balance().await;
        assert_eq!(open_calls(&house).await, 0);
        assert_eq!(house.upstream().queued(), 0);
    }

    async fn t7_a_provider_without_an_end_is_broken_off_once_nobody_listens(t: TestDb) {
        let house = House::new(t).await;
        let hung = join_all(WAYS.map(async |way| {
            let gate = format!("{}-{}", way.path, way.model);
            let fits = |script: Script| script.when(|when| {
                when.model = Some(way.model.to_owned());
                when.user_contains = Some(way.path.to_owned());
            });
            house.upstream().enqueue(fits(Script::text("A beginning ").step(Step::Gate(gate.clone())).step(Step::Text("more".into()))));
            let response = house.post(way.path, &house.key, &way.body(way.path, true)).send().await.unwrap();
            house.upstream().reached(&gate).await.unwrap();
            drop(response);
        })).await;
        house.upstream().aborted(u64::try_from(hung.len()).unwrap()).await.unwrap();
        house.settled().await;
        assert_eq!(open_calls(&house).await, 0);
        let violations = usage::audit_books(&house.server.db).await.unwrap();
        assert!(violations.is_empty(), "{violations:?}");
        let (meter, bill) = (house.server.meter("prs").await, house.upstream().bill());
        assert_eq!(meter.requests, bill.calls);
        assert!(meter.used.input_total() >= bill.input && meter.used.output >= bill.output, "{meter:?} {bill:?}");
    }

    async fn t7_a_slow_reader_slows_the_provider_and_misses_nothing(t: TestDb) {
        // More than the buffers of four sockets between the two of them.
        const FLOOD: Flood = Flood { events: 30_000, bytes: 1_000 };
        let total_tokens = i64::try_from(FLOOD.events).unwrap() * i64::try_from(FLOOD.bytes).unwrap() / 4;
        let house = House::new(t).await;
        house.upstream().enqueue(Script { ignore_max_tokens: true, ..Script::default() }.step(Step::Flood(FLOOD)));
        let body = json!({"model": "llama3.2", "messages": [{"role": "user", "content": "Everything"}]});
        let slow = reqwest_without_hurry();
        let request = slow.post(format!("{}/ollama/api/chat", house.server.base)).bearer_auth(house.key.reveal());
        let mut response = request.json(&body).send().await.unwrap();
        let mut read = response.chunk().await.unwrap().unwrap().len();
        // It stands still some time: then it waits for its reader.
        let mut before = (house.upstream().bill().output, Instant::now());
        while before.1.elapsed() < Duration::from_millis(500) {
            tokio::time::sleep(Duration::from_millis(20)).await;
            let now = house.upstream().bill().output;
            if now != before.0 {
                before = (now, Instant::now());
            }
        }
        assert!(before.0 < total_tokens, "all of it is somewhere in memory");
        let mut end = Vec::new();
        while let Some(chunk) = response.chunk().await.unwrap() {
            read += chunk.len();
            end = chunk.to_vec();
        }
        assert!(read > 30_000_000 && String::from_utf8_lossy(&end).contains("\"done\":true"), "{read}");
        house.settled().await;
        let (meter, bill) = (house.server.meter("prs").await, house.upstream().bill());
        assert_eq!((meter.requests, meter.used.output), (1, bill.output));
    }

    async fn t7_500_hung_up_streams_leave_no_task_and_no_hold(t: TestDb) {
        const ALL: usize = 500;
        const AT_ONCE: usize = 100;
        let house = House::new(t).await;
        let limits = BudgetLimits { requests: Some(10_000), ..BudgetLimits::default() };
        house.limit(limits).await;
        let tasks = house.server.state.tasks.len();
        for round in 0..ALL / AT_ONCE {
            let gate = format!("round-{round}");
            for at in 0..AT_ONCE {
                house.upstream().enqueue(script().fault(at % 5, FaultKind::Hang(gate.clone())));
            }
            let responses = join_all((0..AT_ONCE).map(|at| ask_way(&house, WAYS[at % WAYS.len()], true))).await;
            house.upstream().reached_by(&gate, u64::try_from(AT_ONCE).unwrap()).await.unwrap();
            drop(responses);
            house.upstream().release(&gate);
        }
        house.books_balance().await;
        assert_eq!((open_calls(&house).await, house.server.state.gateway.running()), (0, 0));
        assert!(house.server.state.tasks.len() <= tasks, "tasks are left");
        assert_eq!(house.server.meter("prs").await.requests, i64::try_from(ALL).unwrap());
    }
}

/// A client that waits as long as its test.
fn reqwest_without_hurry() -> reqwest::Client {
    #[expect(clippy::disallowed_methods, reason = "the other side of the wire")]
    let builder = reqwest::Client::builder();
    builder.no_proxy().timeout(Duration::from_secs(120)).build().expect("a client")
}
