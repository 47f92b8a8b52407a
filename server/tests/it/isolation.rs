//! Nobody sees what is not theirs: every route of the table, called as nobody, as another tenant and with the wrong role;
//! ids of another tenant answer exactly like ids that do not exist.

use std::collections::BTreeSet;

use app::model::Role;
use axum::http::Method as AxumMethod;
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};
use server::http::{
    self,
    routes::{Listed, Policy},
};
use uuid::Uuid;

use crate::support::{
    db::db_test,
    server::{Browser, TestServer},
};

/// What the words in paths and bodies stand for.
#[derive(Clone)]
struct Ids {
    tenant: String,
    conversation: String,
    message: String,
    turn: String,
}

impl Ids {
    /// Ids that do not exist, in a tenant that does not exist either or in a given one.
    fn unknown(tenant: &str) -> Self {
        let id = || Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + u128::from(rand_like())).to_string();
        Self { tenant: tenant.into(), conversation: id(), message: id(), turn: id() }
    }

    fn fill(&self, text: &str) -> String {
        text.replace("{tenant}", &self.tenant)
            .replace("{conversation}", &self.conversation)
            .replace("{id}", &self.conversation)
            .replace("{message}", &self.message)
            .replace("{turn}", &self.turn)
            // Never one that is there: what a link shows to whom has stories of its own.
            .replace("{secret}", "AAAAAAAAAAAAAAAAAAAAAA")
            .replace("{picture}", &self.message)
            .replace("{call}", "call_1")
    }

    /// Takes the ids out again, so that two answers can be compared.
    fn mask(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (id, word) in [(&self.conversation, "CONVERSATION"), (&self.message, "MESSAGE"), (&self.turn, "TURN")] {
            text = text.replace(id, word);
        }
        text.replace(&format!("/t/{}", self.tenant), "/t/TENANT")
    }
}

/// Distinct numbers without randomness.
fn rand_like() -> u64 {
    static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
    NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}

/// The body of a call: server functions by path. A function without a row here fails the test.
fn function_body(path: &str) -> Option<Body> {
    let json = |text: &str| Some(Body::Json(text.to_owned()));
    let form = |pairs: &[(&str, &str)]| {
        Some(Body::Form(pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()))
    };
    match path {
        "/fn/account/me" | "/fn/account/sessions" => json("{}"),
        "/fn/account/name" => form(&[("name", "Somebody")]),
        "/fn/account/theme" => form(&[("theme", "dark")]),
        "/fn/account/language" => form(&[("lang", "id")]),
        "/fn/account/password" => form(&[("current", "wrong wrong wrong"), ("new", "another long passphrase here")]),
        "/fn/account/sessions/end" => form(&[("id", "{conversation}")]),
        "/fn/tenant/home" | "/fn/usage/meter" => json(r#"{"tenant":"{tenant}"}"#),
        "/fn/tenant/dismiss_setup" => form(&[("tenant", "{tenant}")]),
        "/fn/usage/report" => json(r#"{"tenant":"{tenant}","month":null,"by":"person"}"#),
        "/fn/conversations/list" => json(r#"{"tenant":"{tenant}","folder":"inbox","after":null}"#),
        "/fn/conversations/open" => json(r#"{"tenant":"{tenant}","id":"{conversation}","leaf":"{message}"}"#),
        "/fn/conversations/earlier" => json(r#"{"tenant":"{tenant}","id":"{conversation}","before":"{message}"}"#),
        "/fn/conversations/rename" => form(&[("tenant", "{tenant}"), ("id", "{conversation}"), ("title", "Mine now")]),
        "/fn/conversations/delete" | "/fn/conversations/restore" => {
            form(&[("tenant", "{tenant}"), ("id", "{conversation}")])
        }
        "/fn/conversations/pin" => json(r#"{"tenant":"{tenant}","id":"{conversation}","pinned":true}"#),
        "/fn/conversations/archive" => json(r#"{"tenant":"{tenant}","ids":["{conversation}"],"archived":true}"#),
        "/fn/conversations/delete_many" => json(r#"{"tenant":"{tenant}","ids":["{conversation}"]}"#),
        "/fn/conversations/search" => json(r#"{"tenant":"{tenant}","query":"hello","after":null}"#),
        "/fn/conversations/fork" => json(r#"{"tenant":"{tenant}","id":"{conversation}","message":"{message}"}"#),
        "/fn/conversations/edit_answer" => {
            json(r#"{"tenant":"{tenant}","id":"{conversation}","message":"{message}","text":"mine"}"#)
        }
        "/fn/conversations/rate" => {
            json(r#"{"tenant":"{tenant}","id":"{conversation}","message":"{message}","feedback":"up"}"#)
        }
        "/fn/text/enrich" => json(r#"{"sources":[]}"#),
        "/fn/shares/list" => json(r#"{"tenant":"{tenant}","id":"{conversation}"}"#),
        "/fn/shares/create" => {
            json(r#"{"tenant":"{tenant}","id":"{conversation}","leaf":"{message}","audience":"tenant"}"#)
        }
        "/fn/shares/revoke" => json(r#"{"tenant":"{tenant}","share":"{message}"}"#),
        "/fn/turns/again" => json(
            r#"{"tenant":"{tenant}","conversation":"{conversation}","again":{"answer":"{message}"},"model":null,"key":"0190aaaa-0000-7000-8000-000000000002"}"#,
        ),
        "/fn/turns/decide" => json(r#"{"tenant":"{tenant}","turn":"{turn}","call_id":"call_1","decision":"deny"}"#),
        "/fn/turns/start" => form(&[
            ("tenant", "{tenant}"),
            ("conversation", "{conversation}"),
            ("parent", "{message}"),
            ("text", "hello"),
            ("key", "0190aaaa-0000-7000-8000-000000000001"),
        ]),
        "/fn/turns/stop" => form(&[("tenant", "{tenant}"), ("turn", "{turn}")]),
        _ => None,
    }
}

#[derive(Clone)]
enum Body {
    None,
    Json(String),
    Form(Vec<(String, String)>),
}

fn body_of(listed: &Listed) -> Body {
    if listed.path.starts_with("/fn/") {
        return function_body(&listed.path).unwrap_or_else(|| panic!("{} has no row in this test", listed.path));
    }
    match (listed.method.as_str(), listed.path.as_str()) {
        ("POST", "/api/chat") => {
            Body::Json(r#"{"conversation":"{conversation}","parent":"{message}","message":"hello"}"#.into())
        }
        ("POST", "/api/conversations/{id}/turns/{turn}/calls/{call}") => Body::Json(r#"{"decision":"deny"}"#.into()),
        ("PATCH", "/api/conversations/{id}") => Body::Json(r#"{"pinned":true}"#.into()),
        ("POST", "/api/auth/login") => {
            Body::Json(r#"{"email":"nobody@example.com","password":"wrong wrong wrong"}"#.into())
        }
        ("POST", "/api/auth/refresh") => Body::Json(r#"{"refresh_token":"nonsense"}"#.into()),
        ("POST", "/login") => {
            Body::Form(vec![("email".into(), "nobody@example.com".into()), ("password".into(), "x".into())])
        }
        ("POST", "/t/{tenant}/budget") => {
            Body::Form(vec![("budget".into(), "{message}".into()), ("reason".into(), "x".into())])
        }
        ("POST", "/t/{tenant}/budget/seen") => Body::Form(vec![("key".into(), "{message}.1.soft".into())]),
        ("POST", "/t/{tenant}/budget/requests/{id}") => {
            Body::Form(vec![("decision".into(), "grant".into()), ("requests".into(), "5".into())])
        }
        _ => Body::None,
    }
}

struct Answer {
    status: StatusCode,
    location: Option<String>,
    body: String,
}

async fn call(browser: &Browser, listed: &Listed, ids: &Ids) -> Answer {
    let method = Method::from_bytes(listed.method.as_str().as_bytes()).unwrap();
    let mut path = ids.fill(&listed.path);
    if listed.path.starts_with("/api/") && listed.policy == Policy::Member {
        path = format!("{path}?tenant={}", ids.tenant);
    }
    let request = browser.request(method, &path);
    let request = match body_of(listed) {
        Body::None => request,
        Body::Json(text) => request.header(header::CONTENT_TYPE, "application/json").body(ids.fill(&text)),
        Body::Form(pairs) => {
            let pairs: Vec<_> = pairs.into_iter().map(|(k, v)| (k, ids.fill(&v))).collect();
            request.header(header::ACCEPT, "application/json").form(&pairs)
        }
    };
    let response = request.send().await.unwrap();
    let location = response.headers().get(header::LOCATION).map(|v| v.to_str().unwrap().to_owned());
    Answer { status: response.status(), location, body: comparable(&response.text().await.unwrap(), ids) }
}

/// Without what differs between any two answers.
fn comparable(body: &str, ids: &Ids) -> String {
    let mut text = ids.mask(body);
    for marker in ["nonce=\"", "crossorigin=\"", "request_id\":\"", "Request <code>", "Request "] {
        text = blank_after(&text, marker);
    }
    text
}

fn blank_after(text: &str, marker: &str) -> String {
    let mut pieces = text.split(marker);
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        out.push_str(marker);
        out.push_str(piece.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "-_+/=".contains(c)));
    }
    out
}

/// A tenant with one conversation of one question, and the ids in it.
async fn with_a_conversation(server: &TestServer, code: &str, email: &str) -> Ids {
    let api = server.api(email, code).await;
    let (status, answer) = api.ask(json!({"message": format!("CANARY-{code}-QUESTION")})).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    Ids {
        tenant: code.into(),
        conversation: text(&answer["conversation"]),
        message: text(&answer["message"]["id"]),
        turn: text(&answer["turn"]),
    }
}

/// Routes that end the session, or answer without end: called by stories of their own.
fn is_called_here(listed: &Listed) -> bool {
    !matches!(listed.path.as_str(), "/logout" | "/api/auth/logout" | "/t/{tenant}/events")
}

#[test]
fn the_table_names_every_server_function_and_page() {
    let listed: BTreeSet<&str> = http::pages::SERVER_FUNCTIONS.iter().map(|(path, _)| *path).collect();
    let registered: BTreeSet<&str> = leptos::server_fn::axum::server_fn_paths().map(|(path, _)| path).collect();
    assert_eq!(listed, registered);
    let pages: BTreeSet<&str> = http::app_pages().into_iter().map(|(path, _)| path).collect();
    let routed: BTreeSet<&str> = server::state::page_paths().iter().map(|path| path.trim_end_matches('/')).collect();
    assert_eq!(pages, routed);
}

db_test! {
    async fn every_route_keeps_strangers_out(t: TestDb) {
        let server = TestServer::start(t).await;
        let ours = server.tenant("prs").await;
        let theirs = server.tenant("iop").await;
        server.account("ana@prs.example", &[(ours, Role::Admin)]).await;
        let member = server.person("budi@prs.example", &[(ours, Role::Member)]).await;
        let stranger = server.person("citra@iop.example", &[(theirs, Role::Admin)]).await;
        let outsider = server.person("dewi@nowhere.example", &[]).await;
        let ids = with_a_conversation(&server, "prs", "ana@prs.example").await;
        let (_, table) = http::routes().finish();
        assert!(table.len() > 30, "the table is read: {}", table.len());

        for listed in table.iter().filter(|row| is_called_here(row)) {
            let name = format!("{} {}", listed.method, listed.path);
            let nobody = call(&server.nobody(), listed, &ids).await;
            if listed.policy == Policy::Public || listed.policy == Policy::Operator {
                assert!(!nobody.status.is_server_error(), "{name}: {} {}", nobody.status, nobody.body);
            } else if nobody.status == StatusCode::SEE_OTHER {
                assert!(nobody.location.unwrap_or_default().starts_with("/login"), "{name} leads to the login");
            } else {
                assert_eq!(nobody.status, StatusCode::UNAUTHORIZED, "{name}: {}", nobody.body);
            }
            assert!(!nobody.body.contains("CANARY"), "{name} tells nobody: {}", nobody.body);

            if !matches!(listed.policy, Policy::Member | Policy::Admin) {
                continue;
            }
            for (who, browser) in [("another tenant", &stranger), ("no tenant", &outsider)] {
                let answer = call(browser, listed, &ids).await;
                let unknown = call(browser, listed, &Ids::unknown("nosuch")).await;
                assert_eq!(answer.status, StatusCode::NOT_FOUND, "{name} as {who}: {}", answer.body);
                assert_eq!((answer.status, &answer.body), (unknown.status, &unknown.body), "{name} as {who}: an oracle");
                assert!(!answer.body.contains("CANARY-prs"), "{name} as {who}: {}", answer.body);
            }
            // The own tenant's name does not open the other one's ids.
            let foreign = Ids { tenant: "iop".into(), ..ids.clone() };
            let answer = call(&stranger, listed, &foreign).await;
            let unknown = call(&stranger, listed, &Ids::unknown("iop")).await;
            assert_eq!(answer.status, unknown.status, "{name}: {}", answer.body);
            let difference = first_difference(&without_keys(&answer.body), &without_keys(&unknown.body));
            assert_eq!(difference, None, "{name}: ids of another tenant are an oracle");
            assert!(!answer.body.contains("CANARY-prs"), "{name}: {}", answer.body);
            // A colleague does not see it either: conversations are a person's own.
            let colleague = call(&member, listed, &ids).await;
            assert!(!colleague.body.contains("CANARY-prs-QUESTION"), "{name} as a colleague: {}", colleague.body);
            if listed.policy == Policy::Admin {
                assert_eq!(colleague.status, StatusCode::FORBIDDEN, "{name} as a member");
            }
        }
        server.books_balance(&["prs", "iop"]).await;
    }

    async fn a_token_is_for_one_tenant_and_for_the_rest_interface(t: TestDb) {
        let server = TestServer::start(t).await;
        let (one, other) = (server.tenant("prs").await, server.tenant("iop").await);
        let email = "ana@both.example";
        server.account(email, &[(one, Role::Admin), (other, Role::Admin)]).await;
        let ids = with_a_conversation(&server, "prs", email).await;
        let token = server.api(email, "iop").await;
        let (_, table) = http::routes().finish();
        let mut rest = 0;

        for listed in table.iter().filter(|row| is_called_here(row)) {
            let name = format!("{} {}", listed.method, listed.path);
            if matches!(listed.policy, Policy::Public | Policy::Operator) {
                continue;
            }
            // Her own conversation, but in the tenant the token is not for.
            let answer = call(&token, listed, &ids).await;
            assert!(!answer.body.contains("CANARY-prs-QUESTION"), "{name}: {}", answer.body);
            if !listed.path.starts_with("/api/") {
                match answer.status {
                    StatusCode::SEE_OTHER => assert!(answer.location.unwrap_or_default().starts_with("/login"), "{name}"),
                    status => assert_eq!(status, StatusCode::UNAUTHORIZED, "{name} takes a token: {}", answer.body),
                }
                // Nor is it a session where it is for the right tenant.
                let own = call(&token, listed, &Ids { tenant: "iop".into(), ..ids.clone() }).await;
                assert!(matches!(own.status, StatusCode::SEE_OTHER | StatusCode::UNAUTHORIZED), "{name}: {}", own.body);
            } else if matches!(listed.policy, Policy::Member | Policy::Admin) {
                rest += 1;
                assert_eq!(answer.status, StatusCode::NOT_FOUND, "{name}: {}", answer.body);
                let foreign = call(&token, listed, &Ids { tenant: "iop".into(), ..ids.clone() }).await;
                let unknown = call(&token, listed, &Ids::unknown("iop")).await;
                assert_eq!((foreign.status, &foreign.body), (unknown.status, &unknown.body), "{name}: an oracle");
                assert!(!foreign.body.contains("CANARY-prs"), "{name}: {}", foreign.body);
            }
        }
        assert!(rest >= 5, "the REST interface was called: {rest}");
        server.books_balance(&["prs", "iop"]).await;
    }
}

/// Where two answers part, with what follows.
fn first_difference(one: &str, other: &str) -> Option<(String, String)> {
    let at = one.chars().zip(other.chars()).position(|(a, b)| a != b);
    let at = at.or_else(|| (one.len() != other.len()).then(|| one.chars().count().min(other.chars().count())))?;
    let around = |text: &str| text.chars().skip(at.saturating_sub(40)).take(120).collect();
    Some((around(one), around(other)))
}

/// Without fresh idempotency keys.
fn without_keys(body: &str) -> String {
    let body = blank_after(body, "next_key\\\":\\\"");
    let body = blank_after(&body, "next_key\":\"");
    blank_after(&body, "name=\"key\" value=\"")
}

#[test]
fn methods_of_the_table_are_those_of_the_router() {
    let (_, table) = http::routes().finish();
    let methods = [AxumMethod::GET, AxumMethod::POST, AxumMethod::PATCH, AxumMethod::DELETE];
    assert!(table.iter().all(|row| methods.contains(&row.method)));
}
