//! The one stream per browser: what changes for a person is heard by each of their streams within moments, by nobody else,
//! from any place on, and from other processes.

use std::{pin::Pin, time::Duration};

use app::{
    backend::Caller,
    model::{ConversationId, LastTurn, PersonEvent, Role, Title, TurnEnvelope, TurnEvent, TurnId},
};
use axum::{Extension, Router, body::Body, http::Request, routing::get};
use futures::{Stream, StreamExt as _};
use http_body_util::BodyExt as _;
use reqwest::{Method, StatusCode};
use serde_json::json;
use server::{
    conversations,
    db::{Db, Engine, TenantScope, changes::Change},
    http::{
        person_events::{PersonEventsState, person_events},
        turn_events::TurnEventsState,
    },
    live::{self, Live, Position, Told},
    models::StopReason,
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;
use upstream::{Script, Step};

use crate::{
    support::{
        db::db_test,
        server::{Browser, TestServer},
    },
    turns_fake::{Act, Gate, House, config, patiently, played, says, text, turns_on, used},
};

/// A browser's stream, read as the browser does.
struct Heard {
    body: futures::stream::BoxStream<'static, reqwest::Result<bytes::Bytes>>,
    buffer: String,
    last_turn: LastTurn,
    /// The id of the last event that had one.
    place: String,
}

/// What a stream says.
#[derive(Debug)]
enum Said {
    Event(PersonEvent),
    End(String),
}

impl Heard {
    async fn open(browser: &Browser, path: &str) -> Self {
        let response = browser.get(path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["x-accel-buffering"], "no");
        let body = response.bytes_stream().boxed();
        Self { body, buffer: String::new(), last_turn: LastTurn::default(), place: String::new() }
    }

    /// The next thing said; `None` at the end of the stream.
    async fn next(&mut self) -> Option<Said> {
        loop {
            if let Some(end) = self.buffer.find("\n\n") {
                let block: String = self.buffer.drain(..end + 2).collect();
                let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::trim_start);
                let Some(data) = field("data:") else { continue };
                match field("event:") {
                    Some("end") => return Some(Said::End(data.to_owned())),
                    Some(_) => continue,
                    None => {}
                }
                if let Some(id) = field("id:") {
                    self.place = id.to_owned();
                }
                if data.starts_with('[') {
                    let [text]: [String; 1] = serde_json::from_str(data).expect("a text");
                    return Some(Said::Event(self.last_turn.more(text).expect("of a known turn")));
                }
                let event = serde_json::from_str(data).expect("an event");
                self.last_turn.note(&event);
                return Some(Said::Event(event));
            }
            let chunk = patiently(self.body.next()).await?.ok()?;
            self.buffer.push_str(std::str::from_utf8(&chunk).expect("UTF-8"));
        }
    }

    async fn event(&mut self) -> PersonEvent {
        match self.next().await {
            Some(Said::Event(event)) => event,
            other => panic!("an event was expected, not {other:?}"),
        }
    }

    /// Everything up to and including the first that fits.
    async fn until(&mut self, fits: impl Fn(&PersonEvent) -> bool) -> Vec<PersonEvent> {
        let mut all = Vec::new();
        loop {
            let event = self.event().await;
            let is_last = fits(&event);
            all.push(event);
            if is_last {
                return all;
            }
        }
    }
}

fn envelopes(events: &[PersonEvent]) -> Vec<TurnEnvelope> {
    let turn = |event: &PersonEvent| match event {
        PersonEvent::Turn(envelope) => Some(envelope.clone()),
        _ => None,
    };
    events.iter().filter_map(turn).collect()
}

fn is_terminal(event: &PersonEvent) -> bool {
    matches!(event, PersonEvent::Turn(envelope) if envelope.event.is_terminal())
}

fn is_meter(event: &PersonEvent) -> bool {
    matches!(event, PersonEvent::Meter(_))
}

fn titles(events: &[PersonEvent]) -> Vec<&str> {
    let rows = events.iter().filter_map(|event| match event {
        PersonEvent::Conversation(row) => Some(row.title.as_str()),
        _ => None,
    });
    rows.collect()
}

/// Starts a turn as the page does, and gives (conversation, turn).
async fn start(server: &TestServer, browser: &Browser, tenant: &str, text: &str) -> (String, String) {
    let key = server.world.id::<uuid::Uuid>().to_string();
    let fields = [("tenant", tenant), ("text", text), ("key", &key)];
    let (status, answer) = browser.post_form("turns/start", &fields).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    (answer["conversation"].as_str().unwrap().into(), answer["turn"].as_str().unwrap().into())
}

async fn rename(browser: &Browser, conversation: &str, title: &str) {
    let fields = [("tenant", "prs"), ("id", conversation), ("title", title)];
    let (status, answer) = browser.post_form("conversations/rename", &fields).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
}

db_test! {
    async fn two_streams_show_the_same(t: TestDb) {
        let server = TestServer::start(t).await;
        let tenant = server.tenant("prs").await;
        let ana = server.person("ana@prs.example", &[(tenant, Role::Admin)]).await;
        server.upstream.as_ref().unwrap().enqueue(Script::texts(&["One ", "two ", "three."]));
        let mut one = Heard::open(&ana, "/t/prs/events").await;
        let mut other = Heard::open(&ana, "/t/prs/events").await;
        assert_eq!((one.event().await, other.event().await), (PersonEvent::Resync, PersonEvent::Resync));

        let (conversation, turn) = start(&server, &ana, "prs", "Count to three").await;

        let (heard, same) = (one.until(is_meter).await, other.until(is_meter).await);
        for events in [&heard, &same] {
            let answer = envelopes(events);
            assert!(answer.iter().all(|envelope| envelope.turn.to_string() == turn));
            assert_eq!(played(&answer).text(), "One two three.");
            assert_eq!(answer.iter().filter(|envelope| envelope.event.is_terminal()).count(), 1);
            let rows: Vec<_> = events.iter().filter_map(|event| match event {
                PersonEvent::Conversation(row) => Some(row),
                _ => None,
            }).collect();
            assert!(rows.iter().all(|row| row.id.to_string() == conversation));
            assert!(rows.first().unwrap().running, "it is told that it began: {rows:?}");
            assert!(!rows.last().unwrap().running, "and that it ended: {rows:?}");
            assert_eq!(rows.last().unwrap().title, "A short title");
        }
        // What a person does, too.
        rename(&ana, &conversation, "Counting").await;
        assert_eq!(titles(&[one.event().await, other.event().await]), ["Counting", "Counting"]);
        let pin = json!({"tenant": "prs", "id": conversation, "pinned": true});
        let archive = json!({"tenant": "prs", "ids": [conversation], "archived": true});
        for (function, arguments, expected) in
            [("conversations/pin", pin, (true, false)), ("conversations/archive", archive, (false, true))]
        {
            let (status, answer) = ana.call(function, arguments).await;
            assert_eq!(status, StatusCode::OK, "{function}: {answer}");
            for event in [one.event().await, other.event().await] {
                assert!(
                    matches!(&event, PersonEvent::Conversation(row) if (row.pinned, row.archived) == expected),
                    "{function}: {event:?}"
                );
            }
        }
        for (function, is_gone) in [("conversations/delete", true), ("conversations/restore", false)] {
            let (status, _) = ana.post_form(function, &[("tenant", "prs"), ("id", &conversation)]).await;
            assert_eq!(status, StatusCode::OK);
            for stream in [&mut one, &mut other] {
                let event = stream.event().await;
                assert_eq!(matches!(event, PersonEvent::Gone(_)), is_gone, "{function}: {event:?}");
            }
        }
        server.books_balance(&["prs"]).await;
    }

    async fn a_page_hears_what_came_after_it_and_nothing_else(t: TestDb) {
        let server = TestServer::start(t).await;
        let tenant = server.tenant("prs").await;
        let ana = server.person("ana@prs.example", &[(tenant, Role::Admin)]).await;
        server.upstream.as_ref().unwrap().enqueue(Script::texts(&["One."]));
        let mut whole = Heard::open(&ana, "/t/prs/events").await;
        let (conversation, _) = start(&server, &ana, "prs", "Count to one").await;
        whole.until(is_meter).await;
        let page = ana.get(&format!("/t/prs/c/{conversation}")).await.text().await.unwrap();
        let place = page.split_once(r#""live":""#).and_then(|(_, rest)| rest.split_once('"')).expect("a place").0;

        rename(&ana, &conversation, "After the page").await;
        let mut stream = Heard::open(&ana, &format!("/t/prs/events?turns=&last={place}")).await;
        assert_eq!(titles(&[stream.event().await]), ["After the page"]);
        rename(&ana, &conversation, "After the stream").await;
        assert_eq!(titles(&[stream.event().await]), ["After the stream"]);
    }

    async fn a_stream_goes_on_from_any_place(t: TestDb) {
        let server = TestServer::start(t).await;
        let tenant = server.tenant("prs").await;
        let ana = server.person("ana@prs.example", &[(tenant, Role::Admin)]).await;
        let upstream = server.upstream.as_ref().unwrap();
        upstream.enqueue(
            Script::texts(&["One ", "two ", "three "]).step(Step::Gate("half".into())).step(Step::Text("four ".into())).step(Step::Text("five.".into())),
        );
        let (conversation, turn) = start(&server, &ana, "prs", "Count to five").await;
        upstream.reached("half").await.unwrap();
        let mut first = Heard::open(&ana, "/t/prs/events").await;
        let has_half = |event: &PersonEvent| matches!(event, PersonEvent::Turn(envelope) if serde_json::to_string(envelope).unwrap().contains("three"));
        let before = envelopes(&first.until(has_half).await);
        let mut streams = Vec::new();
        for seen in 0..=before.len() {
            streams.push((seen, Heard::open(&ana, &format!("/t/prs/events?turns={turn}:{seen}")).await));
        }
        upstream.release("half");
        for (seen, mut stream) in streams {
            let rest = envelopes(&stream.until(is_terminal).await);
            // Who begins to read when the answer is over already gets it whole instead of piece by piece.
            if !matches!(rest[0].event, TurnEvent::Snapshot { .. }) {
                let seqs: Vec<u64> = rest.iter().map(|envelope| envelope.seq).collect();
                let expected: Vec<u64> = (u64::try_from(seen).unwrap() + 1..).take(seqs.len()).collect();
                assert_eq!(seqs, expected, "after {seen}");
            }
            let whole = [&before[..seen], &rest].concat();
            assert_eq!(played(&whole).text(), "One two three four five.");
        }
        // Away for a while: what changed meanwhile is told, and nothing has to be fetched again.
        first.until(is_meter).await;
        let place = first.place.clone();
        drop(first);
        rename(&ana, &conversation, "While away").await;
        let mut back = Heard::open(&ana, &format!("/t/prs/events?last={place}")).await;
        assert_eq!(titles(&[back.event().await]), ["While away"]);
        // From another run of the server, or too long ago: everything is fetched again.
        for unknown in ["0190aaaa00007000800000000000000a-3", "nonsense", &format!("{}99", back.place)] {
            let mut back = Heard::open(&ana, &format!("/t/prs/events?last={unknown}")).await;
            assert_eq!(back.event().await, PersonEvent::Resync, "{unknown}");
        }
        server.books_balance(&["prs"]).await;
    }

    async fn nobody_hears_what_is_not_theirs(t: TestDb) {
        let server = TestServer::start(t).await;
        let (ours, theirs) = (server.tenant("prs").await, server.tenant("iop").await);
        let ana = server.person("ana@prs.example", &[(ours, Role::Admin), (theirs, Role::Admin)]).await;
        let budi = server.person("budi@prs.example", &[(ours, Role::Admin)]).await;
        let citra = server.person("citra@iop.example", &[(theirs, Role::Admin)]).await;
        let (conversation, turn) = start(&server, &ana, "prs", "CANARY question").await;
        let asked = format!("?turns={turn}:0");
        let mut others = vec![
            (Heard::open(&budi, &format!("/t/prs/events{asked}")).await, &budi, "prs"),
            (Heard::open(&citra, &format!("/t/iop/events{asked}")).await, &citra, "iop"),
            (Heard::open(&ana, &format!("/t/iop/events{asked}")).await, &ana, "iop"),
        ];
        let mut own = Heard::open(&ana, &format!("/t/prs/events{asked}")).await;
        own.until(is_terminal).await;
        rename(&ana, &conversation, "CANARY title").await;
        own.until(|event| titles(std::slice::from_ref(event)) == ["CANARY title"]).await;
        for (stream, browser, tenant) in &mut others {
            assert_eq!(stream.event().await, PersonEvent::Resync);
            let (conversation, turn) = start(&server, browser, tenant, "My own question").await;
            for event in stream.until(is_terminal).await {
                match event {
                    PersonEvent::Conversation(row) => assert_eq!(row.id.to_string(), conversation),
                    PersonEvent::Turn(envelope) => assert_eq!(envelope.turn.to_string(), turn),
                    other => panic!("{other:?}"),
                }
            }
        }
        // A tenant that is not theirs is not there, like one that does not exist; nobody is asked to sign in.
        let (foreign, unknown) = (budi.get("/t/iop/events").await, budi.get("/t/nosuch/events").await);
        assert_eq!((foreign.status(), unknown.status()), (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND));
        assert_eq!(foreign.text().await.unwrap(), unknown.text().await.unwrap());
        assert_eq!(server.nobody().get("/t/prs/events").await.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(ana.get("/t/prs/events?turns=x").await.status(), StatusCode::UNPROCESSABLE_ENTITY);
        server.books_balance(&["prs", "iop"]).await;
    }

    async fn who_signs_out_is_told_and_hears_no_more(t: TestDb) {
        let server = TestServer::start(t).await;
        let tenant = server.tenant("prs").await;
        let ana = server.person("ana@prs.example", &[(tenant, Role::Admin)]).await;
        let mut stream = Heard::open(&ana, "/t/prs/events").await;
        assert_eq!(stream.event().await, PersonEvent::Resync);
        let response = ana.request(Method::POST, "/logout").send().await.unwrap();
        assert_eq!(response.status(), StatusCode::SEE_OTHER);
        let said = stream.next().await;
        assert!(matches!(&said, Some(Said::End(reason)) if reason == "signed_out"), "{said:?}");
        assert!(stream.next().await.is_none());
        assert_eq!(ana.get("/t/prs/events").await.status(), StatusCode::UNAUTHORIZED);
    }

    async fn a_stream_ends_by_itself_and_the_browser_comes_back_soon(t: TestDb) {
        let house = House::new(t).await;
        let turns = TurnEventsState::new(house.t.db.clone(), house.t.world.clone(), house.turns.clone());
        let state = PersonEventsState { close_after: Duration::ZERO, ..PersonEventsState::new(turns, CancellationToken::new()) };
        let caller = Caller { user: house.scope.user(), session: house.t.world.id(), request_id: "req".into() };
        let router = Router::new().route("/t/{tenant}/events", get(person_events)).with_state(state).layer(Extension(caller));
        let request = Request::get("/t/prs/events").body(Body::empty()).expect("a request");
        let response = router.oneshot(request).await.expect("an answer");
        let bytes = patiently(response.into_body().collect()).await.expect("it ends").to_bytes();
        assert!(String::from_utf8_lossy(&bytes).starts_with("retry: 500\n"), "{bytes:?}");
        house.close().await;
    }

    async fn the_server_goes_down_with_open_streams(t: TestDb) {
        let mut server = TestServer::start(t).await;
        let tenant = server.tenant("prs").await;
        let ana = server.person("ana@prs.example", &[(tenant, Role::Admin)]).await;
        let upstream = server.upstream.as_ref().unwrap();
        upstream.enqueue(Script::text("One ").step(Step::Gate("never".into())));
        let mut stream = Heard::open(&ana, "/t/prs/events").await;
        start(&server, &ana, "prs", "Count").await;
        upstream.reached("never").await.unwrap();
        let (_, rest) = tokio::join!(server.shut_down(), async {
            let mut rest = Vec::new();
            while let Some(Said::Event(event)) = stream.next().await {
                rest.push(event);
            }
            rest
        });
        assert!(rest.iter().any(is_terminal), "the answer's end is told: {rest:?}");
    }

    async fn who_is_too_slow_is_told_to_look_again(t: TestDb) {
        let house = House::new(t).await;
        let started = house.ask("Hello", None).await;
        let mut stream = follow(&house.t.db, &house.scope, &house, Position::default());
        assert_eq!(next(&mut stream).await.event, PersonEvent::Resync);
        // It reads nothing while a lot happens; nobody waits for it.
        for _ in 0..3 {
            let mut tx = house.t.db.begin(&house.scope).await.expect("a transaction");
            for _ in 0..200 {
                tx.announce(&house.scope, Change::Conversation(house.t.world.id()));
            }
            tx.commit().await.expect("a commit");
        }
        patiently(async {
            while next(&mut stream).await.event != PersonEvent::Resync {}
        })
        .await;
        rename_as(&house.t.db, &house.scope, started.conversation, "Later").await;
        patiently(async {
            while titles(&[next(&mut stream).await.event]) != ["Later"] {}
        })
        .await;
        house.close().await;
    }

    async fn what_is_rolled_back_is_not_told(t: TestDb) {
        let house = House::new(t).await;
        let started = house.ask("Hello", None).await;
        let mut stream = follow(&house.t.db, &house.scope, &house, Position::default());
        assert_eq!(next(&mut stream).await.event, PersonEvent::Resync);
        let mut tx = house.t.db.begin(&house.scope).await.expect("a transaction");
        let title = Title::parse("Never").expect("a title");
        conversations::rename(&house.scope, &mut tx, started.conversation, &title).await.expect("renamed");
        drop(tx);
        rename_as(&house.t.db, &house.scope, started.conversation, "Committed").await;
        let told = next(&mut stream).await;
        assert_eq!(titles(&[told.event]), ["Committed"]);
        assert!(told.place.is_some());
        house.close().await;
    }

    async fn another_process_on_the_same_database_is_heard(t: TestDb) {
        if t.db.engine() == Engine::Sqlite {
            return;
        }
        let house = House::new(t).await;
        house.t.db.changes().begin(house.t.world.id());
        // The other process: a database of its own, and no looking by itself.
        let db = Db::open(&house.t.config).await.expect("the database opens");
        db.changes().begin(house.t.world.id());
        let never = Duration::from_secs(3_600);
        let turns = turns_on(&db, &house.t.world, &house.fake, server::turns::TurnsConfig { poll_every: never, ..config() });
        let down = CancellationToken::new();
        let live = Live { db: db.clone(), world: house.t.world.clone(), turns: turns.clone(), shutdown: down.clone() };
        let mut stream: Stories = Box::pin(live.follow(house.scope.clone(), Position::default()));
        assert_eq!(next(&mut stream).await.event, PersonEvent::Resync);
        let listening = tokio::spawn(live::hear_others(db.clone(), down.clone()));
        assert_eq!(next(&mut stream).await.event, PersonEvent::Resync, "from here on it hears the others");

        let gate = Gate::new();
        let end = [text("two"), used(1, 1), Act::Stop(StopReason::EndTurn)];
        house.fake.then([vec![text("one "), Act::Wait(gate.clone())], end.to_vec()].concat());
        let started = house.start("Count", None).await;
        gate.reached().await;
        let follower = tokio::spawn({
            let (turns, scope) = (turns.clone(), house.scope.clone());
            async move { crate::turns_fake::follow(&turns, &scope, started.turn, 0).await }
        });
        let mut events = Vec::new();
        while !envelopes(&events).iter().any(|envelope| format!("{:?}", envelope.event).contains("one ")) {
            events.push(next(&mut stream).await.event);
        }
        gate.open();
        while !events.iter().any(is_terminal) {
            events.push(next(&mut stream).await.event);
        }
        assert_eq!(played(&envelopes(&events)).text(), "one two");
        assert_eq!(played(&patiently(follower).await.expect("a follower")).text(), "one two");
        rename_as(&house.t.db, &house.scope, started.conversation, "From over there").await;
        while titles(&events).last() != Some(&"From over there") {
            events.push(next(&mut stream).await.event);
        }
        down.cancel();
        patiently(listening).await.expect("it ends");
        house.close().await;
    }

    async fn a_turn_that_begins_is_sent_from_its_first_event(t: TestDb) {
        let house = House::new(t).await;
        let mut stream = follow(&house.t.db, &house.scope, &house, Position::default());
        assert_eq!(next(&mut stream).await.event, PersonEvent::Resync);
        house.fake.then(says("First."));
        house.fake.then(says("Second."));
        let mut texts = Vec::new();
        for question in ["One?", "Two?"] {
            let started = house.start(question, None).await;
            let mut events = Vec::new();
            while !events.iter().any(is_terminal) {
                events.push(next(&mut stream).await.event);
            }
            let answer = envelopes(&events);
            assert!(answer.iter().all(|envelope| envelope.turn == started.turn));
            texts.push(played(&answer).text());
        }
        assert_eq!(texts, ["First.", "Second."]);
        // A turn that is over, and one that never was, are no reason to wait or to fail.
        let nowhere: TurnId = house.t.world.id();
        let position = Position { place: None, turns: vec![(nowhere, 3)] };
        assert_eq!(next(&mut follow(&house.t.db, &house.scope, &house, position)).await.event, PersonEvent::Resync);
        house.close().await;
    }
}

type Stories = Pin<Box<dyn Stream<Item = Told> + Send>>;

fn follow(db: &Db, scope: &TenantScope, house: &House, position: Position) -> Stories {
    let shutdown = CancellationToken::new();
    let live = Live { db: db.clone(), world: house.t.world.clone(), turns: house.turns.clone(), shutdown };
    Box::pin(live.follow(scope.clone(), position))
}

async fn next(stream: &mut Stories) -> Told {
    patiently(stream.next()).await.expect("it goes on")
}

async fn rename_as(db: &Db, scope: &TenantScope, id: ConversationId, title: &str) {
    let mut tx = db.begin(scope).await.expect("a transaction");
    let title = Title::parse(title).expect("a title");
    conversations::rename(scope, &mut tx, id, &title).await.expect("renamed");
    tx.commit().await.expect("a commit");
}
