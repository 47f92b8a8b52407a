//! The chat with models of other formats: turns on OpenAI's and Ollama's wire formats against the scripted upstream, whose
//! own bill is held against our books.

use app::model::{MessageText, Quality, Role, StartTurn, TenantId, TurnEvent, TurnStarted};
use serde_json::{Value, json};
use server::{db::TenantScope, tenancy, usage::audit_books};
use upstream::{ApiError, Format, Recorded, Script, Step};

use crate::{
    support::{
        db::{TestDb, db_test},
        server::TestServer,
    },
    turns_fake::{follow, patiently},
};

/// A whole server, and a member who chooses among its models.
struct House {
    server: TestServer,
    scope: TenantScope,
}

const MODELS: [(&str, Format); 2] = [("gpt-4o-mini", Format::OpenAi), ("llama3.2", Format::Ollama)];

impl House {
    async fn new(t: TestDb) -> Self {
        let server = TestServer::start(t).await;
        let tenant: TenantId = server.tenant("prs").await;
        let user = server.account("ana@prs.example", &[(tenant, Role::Member)]).await;
        let caller = app::backend::Caller { user, session: server.world.id(), request_id: "test".into() };
        let code = "prs".parse().expect("a code");
        let scope = tenancy::enter(&server.db, &caller, &code).await.expect("a scope");
        Self { server, scope }
    }

    fn upstream(&self) -> &upstream::Upstream {
        self.server.upstream.as_ref().expect("the scripted provider")
    }

    async fn start(&self, model: &str, text: &str) -> TurnStarted {
        let start = StartTurn {
            conversation: None,
            parent: None,
            text: Some(MessageText::parse(text).expect("a message")),
            attachments: vec![],
            model: Some(model.to_owned()),
            key: self.server.world.id(),
        };
        self.server.state.turns.start(&self.scope, "req-1", start).await.expect("a turn starts")
    }

    async fn events(&self, started: &TurnStarted) -> Vec<TurnEvent> {
        let events = patiently(follow(&self.server.state.turns, &self.scope, started.turn, 0)).await;
        events.into_iter().map(|envelope| envelope.event).collect()
    }

    async fn ask(&self, model: &str, text: &str) -> Vec<TurnEvent> {
        let started = self.start(model, text).await;
        self.events(&started).await
    }

    /// What the provider was asked in a format; titles apart.
    fn asked(&self, format: Format) -> Vec<Recorded> {
        let is_answer = |request: &Recorded| request.format == Some(format) && request.body.get("tools").is_some();
        self.upstream().requests().into_iter().filter(is_answer).collect()
    }
}

fn said(events: &[TurnEvent]) -> String {
    let texts = events.iter().filter_map(|event| match event {
        TurnEvent::Text { text } => Some(text.as_str()),
        _ => None,
    });
    texts.collect()
}

fn find_devices(id: &str) -> Script {
    Script::tools([(id, "find_devices", json!({"query": "compressor"}))]).usage(|usage| {
        usage.input = Some(700);
        usage.output = Some(30);
    })
}

db_test! {
    async fn a_tool_loop_is_played_in_each_format_and_paid_to_the_token(t: TestDb) {
        let house = House::new(t).await;
        for (model, format) in MODELS {
            house.upstream().enqueue(find_devices("call_9").when(|when| when.format = Some(format)));
            let answer = Script::texts(&["I found ", "two of them."]).usage(|usage| {
                usage.input = Some(800);
                usage.cache_read = (format == Format::OpenAi).then_some(100);
                usage.output = Some(11);
            });
            house.upstream().enqueue(answer.when(|when| when.format = Some(format)));
            let events = house.ask(model, "Which compressors are there?").await;
            let Some(TurnEvent::Finished { usage }) = events.last() else { panic!("{model}: {events:?}") };
            assert_eq!((usage.calls, usage.quality), (3, Quality::Exact), "two steps and the title");
            assert_eq!(said(&events), "I found two of them.");
            let asked = house.asked(format);
            assert!(asked.len() == 2 && asked.iter().all(|request| request.status == 200), "{asked:?}");
            let second = &asked[1].body["messages"];
            let result = second.as_array().unwrap().iter().find(|message| message["role"] == "tool");
            assert!(result.is_some_and(|result| result["content"].is_string()), "{second}");
            let cap = if format == Format::Ollama { &asked[0].body["options"]["num_predict"] } else { &asked[0].body["max_tokens"] };
            assert!(cap.as_i64().is_some_and(|cap| cap > 0), "the cap is always sent: {}", asked[0].body);
        }
        house.server.books_balance(&["prs"]).await;
    }

    async fn a_stop_keeps_what_was_said_and_hears_the_call_out(t: TestDb) {
        let house = House::new(t).await;
        for (model, format) in MODELS {
            let gate = format!("half-{model}");
            let script = Script::text("The first half").step(Step::Gate(gate.clone())).step(Step::Text(" and more".into()));
            house.upstream().enqueue(script.when(|when| when.format = Some(format)));
            let started = house.start(model, "Tell me").await;
            house.upstream().reached(&gate).await.unwrap();
            house.server.state.turns.stop(&house.scope, started.turn).await.expect("a stop");
            house.upstream().release(&gate);
            let events = house.events(&started).await;
            assert!(matches!(events.last(), Some(TurnEvent::Stopped { .. })), "{model}: {events:?}");
        }
        let violations = audit_books(&house.server.db).await.unwrap();
        assert!(violations.is_empty(), "{violations:?}");
        let (meter, bill) = (house.server.meter("prs").await, house.upstream().bill());
        // A title that was asked for and broken off may be unknown to the provider; it is never the other way round.
        assert!(meter.requests >= bill.calls, "{meter:?} {bill:?}");
        assert!(meter.used.input_total() >= bill.input && meter.used.output >= bill.output, "{meter:?} {bill:?}");
    }

    async fn what_goes_wrong_is_tried_again_or_explained_and_never_booked_below_its_bill(t: TestDb) {
        let house = House::new(t).await;
        for (model, format) in MODELS {
            let of = |script: Script| script.when(|when| when.format = Some(format));
            let busy = ApiError::new(503, "overloaded", "Busy").header("retry-after", "0");
            house.upstream().enqueue(of(Script::refuse(busy)));
            house.upstream().enqueue(of(Script::text("Here I am.")));
            let events = house.ask(model, "Hello?").await;
            assert!(matches!(events.last(), Some(TurnEvent::Finished { .. })), "{model}: {events:?}");
            assert_eq!(said(&events), "Here I am.");
            house.upstream().enqueue(of(Script::text("This is the first half, ").step(Step::Reset)));
            let events = house.ask(model, "Tell me").await;
            assert!(matches!(events.last(), Some(TurnEvent::Failed { .. })), "{model}: {events:?}");
            assert!(said(&events).contains("first half"));
        }
        let violations = audit_books(&house.server.db).await.unwrap();
        assert!(violations.is_empty(), "{violations:?}");
        let (meter, bill) = (house.server.meter("prs").await, house.upstream().bill());
        // A title that was asked for and broken off may be unknown to the provider; it is never the other way round.
        assert!(meter.requests >= bill.calls, "{meter:?} {bill:?}");
        assert!(meter.used.input_total() >= bill.input && meter.used.output >= bill.output, "{meter:?} {bill:?}");
    }

    async fn they_are_in_the_menu_of_models(t: TestDb) {
        let house = House::new(t).await;
        let browser = house.server.person("citra@prs.example", &[(house.scope.tenant(), Role::Member)]).await;
        let page = browser.get("/t/prs").await.text().await.unwrap();
        for name in ["GPT-4o mini", "GPT-5.4 mini", "llama3.2", "Claude Haiku 4.5"] {
            assert!(page.contains(name), "no {name}");
        }
        let nobody: Value = json!({"message": "x", "model": "gpt-9"});
        assert!(browser.ask(nobody).await.0.is_client_error());
    }
}
