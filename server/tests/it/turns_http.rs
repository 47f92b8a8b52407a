//! A turn's events over HTTP: server-sent events with ids, replay, and the same answer for what is not there and what is
//! not yours.

use std::time::Duration;

use app::{
    backend::Caller,
    model::{Timestamp, TurnEnvelope},
};
use axum::{
    Extension, Router,
    body::Body,
    http::{Request, StatusCode, header},
    response::Response,
    routing::get,
};
use futures::StreamExt as _;
use http_body_util::BodyExt as _;
use server::{
    db::session::{NewSession, SessionKind, session_delete, session_insert},
    http::turn_events::{MAX_OPEN_PER_PERSON, TurnEventsState, turn_events},
    models::StopReason,
    tenancy::TenantScope,
};
use tower::ServiceExt as _;

use crate::{
    support::db::db_test,
    turns_fake::{Act, Gate, House, patiently, played, text, used},
};

fn router(house: &House) -> Router {
    let state = TurnEventsState::new(house.t.db.clone(), house.t.world.clone(), house.turns.clone());
    router_with(state)
}

fn router_with(state: TurnEventsState) -> Router {
    Router::new().route("/t/{tenant}/turns/{turn}/events", get(turn_events)).with_state(state)
}

fn caller(house: &House, scope: &TenantScope) -> Caller {
    Caller { user: scope.user(), session: house.t.world.id(), request_id: "req-http".into() }
}

async fn get_as(house: &House, caller: Option<Caller>, path: &str, last_event_id: Option<&str>) -> Response {
    let mut request = Request::get(path);
    if let Some(last) = last_event_id {
        request = request.header("last-event-id", last);
    }
    let router = match caller {
        Some(caller) => router(house).layer(Extension(caller)),
        None => router(house),
    };
    router.oneshot(request.body(Body::empty()).expect("a request")).await.expect("an answer")
}

async fn body(response: Response) -> String {
    let bytes = patiently(response.into_body().collect()).await.expect("a body").to_bytes();
    String::from_utf8(bytes.to_vec()).expect("text")
}

/// The envelopes of an event stream, each with its own number as the id.
fn envelopes(stream: &str) -> Vec<TurnEnvelope> {
    let mut all = Vec::new();
    for block in stream.split("\n\n") {
        let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::trim_start);
        let Some(data) = field("data:") else { continue };
        let envelope: TurnEnvelope = serde_json::from_str(data).expect("an envelope");
        assert_eq!(field("id:"), Some(envelope.seq.to_string().as_str()));
        all.push(envelope);
    }
    all
}

db_test! {
    async fn a_browser_follows_and_comes_back(t: TestDb) {
        let house = House::new(t).await;
        let gate = Gate::new();
        let end = [text("two"), used(1, 1), Act::Stop(StopReason::EndTurn)];
        house.fake.then([vec![text("one "), Act::Wait(gate.clone())], end.to_vec()].concat());
        let started = house.start("Count", None).await;
        gate.reached().await;
        let me = caller(&house, &house.scope);
        let path = format!("/t/prs/turns/{}/events", started.turn);
        let response = get_as(&house, Some(me.clone()), &path, None).await;
        assert_eq!(response.status(), StatusCode::OK);
        let headers = response.headers();
        assert_eq!(headers[header::CONTENT_TYPE], "text/event-stream");
        assert_eq!(headers[header::CACHE_CONTROL], "no-store");
        assert_eq!(headers["x-accel-buffering"], "no");
        gate.open();
        let stream = body(response).await;
        assert!(stream.starts_with("retry: 1000\n") || stream.starts_with("retry:1000\n"), "{stream}");
        let all = envelopes(&stream);
        assert_eq!(played(&all).text(), "one two");
        // Back with only the end missing, by header; the header counts more than the address.
        let before_the_end = (all.len() - 1).to_string();
        let rest = get_as(&house, Some(me), &format!("{path}?after=0"), Some(&before_the_end)).await;
        let rest = envelopes(&body(rest).await);
        assert_eq!((rest.len(), rest[0].event.is_terminal()), (1, true));
        house.close().await;
    }

    async fn who_signs_out_stops_seeing(t: TestDb) {
        let house = House::new(t).await;
        let gate = Gate::new();
        house.fake.then(vec![text("one "), Act::Wait(gate.clone()), text("two"), used(1, 1), Act::Stop(StopReason::EndTurn)]);
        let started = house.start("Count", None).await;
        gate.reached().await;
        let me = caller(&house, &house.scope);
        let session = NewSession {
            id: me.session,
            user: me.user,
            kind: SessionKind::Browser,
            token_hash: Some([7; 32]),
            api_tenant: None,
            ip: "::1".into(),
            user_agent: String::new(),
            expires_at: Timestamp(house.t.world.now().0 + 1_000_000),
        };
        let mut tx = house.t.db.begin_directory().await.expect("a transaction");
        session_insert(&mut tx, &session, house.t.world.now()).await.expect("a session");
        tx.commit().await.expect("a commit");
        let state = TurnEventsState::new(house.t.db.clone(), house.t.world.clone(), house.turns.clone());
        let state = TurnEventsState { recheck_every: Duration::from_millis(5), ..state };
        let path = format!("/t/prs/turns/{}/events", started.turn);
        let request = Request::get(path).body(Body::empty()).expect("a request");
        let response = router_with(state).layer(Extension(me.clone())).oneshot(request).await.expect("an answer");
        let mut stream = response.into_body().into_data_stream();
        let mut seen = String::new();
        while !seen.contains("one ") {
            let piece = patiently(stream.next()).await.expect("it goes on").expect("bytes");
            seen.push_str(std::str::from_utf8(&piece).expect("text"));
        }
        let mut tx = house.t.db.begin_directory().await.expect("a transaction");
        assert!(session_delete(&mut tx, me.user, me.session).await.expect("signed out"));
        tx.commit().await.expect("a commit");
        while let Some(piece) = patiently(stream.next()).await {
            seen.push_str(std::str::from_utf8(&piece.expect("bytes")).expect("text"));
        }
        assert!(!envelopes(&seen).iter().any(|envelope| envelope.event.is_terminal()), "{seen}");
        gate.open();
        assert_eq!(played(&house.events(started.turn, 0).await).text(), "one two", "the turn itself goes on");
        house.close().await;
    }

    async fn one_person_follows_sixteen_at_once(t: TestDb) {
        let house = House::new(t).await;
        let started = house.ask("Count", None).await;
        let state = TurnEventsState::new(house.t.db.clone(), house.t.world.clone(), house.turns.clone());
        let colleague = house.colleague().await;
        let follow = async |scope: &TenantScope| {
            let path = format!("/t/prs/turns/{}/events", started.turn);
            let request = Request::get(path).body(Body::empty()).expect("a request");
            let router = router_with(state.clone()).layer(Extension(caller(&house, scope)));
            router.oneshot(request).await.expect("an answer")
        };
        let mut open = Vec::new();
        for _ in 0..MAX_OPEN_PER_PERSON {
            let response = follow(&house.scope).await;
            assert_eq!(response.status(), StatusCode::OK);
            open.push(response);
        }
        let refused = follow(&house.scope).await;
        assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
        assert!(refused.headers().contains_key(header::RETRY_AFTER));
        assert!(body(refused).await.contains("16 answers at once"), "it says why");
        assert_eq!(follow(&colleague).await.status(), StatusCode::NOT_FOUND, "somebody else is not concerned");
        open.pop();
        let again = follow(&house.scope).await;
        assert_eq!(again.status(), StatusCode::OK, "who leaves makes room");
        body(again).await;
        assert_eq!(follow(&house.scope).await.status(), StatusCode::OK, "and who has read to the end");
        house.close().await;
    }

    async fn what_is_not_yours_is_not_there(t: TestDb) {
        let house = House::new(t).await;
        let started = house.ask("Secret", None).await;
        let stranger = house.t.scope("iop", app::model::Role::Admin).await;
        let colleague = house.colleague().await;
        let turn = started.turn;
        let nowhere: app::model::TurnId = house.t.world.id();
        let cases = [
            (&stranger, format!("/t/prs/turns/{turn}/events")),
            (&stranger, format!("/t/iop/turns/{turn}/events")),
            (&colleague, format!("/t/prs/turns/{turn}/events")),
            (&house.scope, format!("/t/iop/turns/{turn}/events")),
            (&house.scope, format!("/t/prs/turns/{nowhere}/events")),
            (&house.scope, "/t/prs/turns/nonsense/events".to_owned()),
            (&house.scope, format!("/t/NONSENSE/turns/{turn}/events")),
        ];
        let mut answers = Vec::new();
        for (scope, path) in cases {
            let response = get_as(&house, Some(caller(&house, scope)), &path, None).await;
            answers.push((response.status(), body(response).await));
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
        assert_eq!(answers[0].0, StatusCode::NOT_FOUND);
        let path = format!("/t/prs/turns/{turn}/events");
        assert_eq!(get_as(&house, None, &path, None).await.status(), StatusCode::UNAUTHORIZED);
        let me = Some(caller(&house, &house.scope));
        let wrong = get_as(&house, me.clone(), &format!("{path}?after=x"), None).await;
        assert_eq!(wrong.status(), StatusCode::UNPROCESSABLE_ENTITY);
        let wrong = get_as(&house, me, &path, Some("-1")).await;
        assert_eq!(wrong.status(), StatusCode::UNPROCESSABLE_ENTITY);
        house.close().await;
    }
}
