//! T3 and the "Bad input": whatever a client sends, it gets the right error in its own words, nothing is sent, and
//! nothing is booked.

use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::*;
use crate::support::db::db_test;

const PATHS: [(&str, &str); 3] =
    [("/v1/messages", "claude-haiku-4-5"), ("/v1/chat/completions", "gpt-4o-mini"), ("/ollama/api/chat", "llama3.2")];

/// A good request of this format.
fn good(path: &str, model: &str) -> Value {
    let mut body = json!({"model": model, "messages": [{"role": "user", "content": "Hello"}]});
    if path == "/v1/messages" {
        body["max_tokens"] = 500.into();
    }
    body
}

fn with(path: &str, model: &str, field: &str, value: Value) -> Value {
    let mut body = good(path, model);
    body[field] = value;
    body
}

/// The message of an error in the words of its format; fails where it is another format's.
fn message_of(path: &str, body: &str) -> String {
    let value: Value = serde_json::from_str(body).unwrap_or_else(|_| panic!("{path}: no JSON: {body}"));
    let error = &value["error"];
    let message = match path {
        "/v1/messages" => {
            assert_eq!(value["type"], "error", "{body}");
            assert!(error["type"].is_string(), "{body}");
            &error["message"]
        }
        "/v1/chat/completions" => {
            assert!(error["type"].is_string() && error.get("param").is_some() && error.get("code").is_some(), "{body}");
            &error["message"]
        }
        _ => error,
    };
    message.as_str().unwrap_or_else(|| panic!("{path}: {body}")).to_owned()
}

/// A list in a list in a list …
fn nested(levels: usize) -> Value {
    (0..levels).fold(json!({"type": "string"}), |inner, _| json!({"type": "object", "properties": {"a": inner}}))
}

db_test! {
    async fn t3_what_makes_no_sense_is_refused_in_the_clients_own_words(t: TestDb) {
        let house = House::new(t).await;
        for (path, model) in PATHS {
            let cap = if path == "/v1/chat/completions" { "max_completion_tokens" } else { "max_tokens" };
            let mut bodies = vec![
                (with(path, model, "stream", json!("true")), 400),
                (with(path, model, "stream", json!(1)), 400),
                (with(path, model, "messages", json!("Hello")), 400),
                (with(path, model, "messages", json!([5])), 400),
                (with(path, model, "model", json!(null)), 400),
                (with(path, model, "model", json!("no-such-model")), 404),
                (with(path, model, "model", json!("x".repeat(10_000))), 400),
                (with(path, model, "tools", json!("all")), 400),
                (with(path, model, "Messages", json!([])), 400),
                // 200 levels of a schema; the JSON around it is deeper still.
                (with(path, model, "tools", json!([{"name": "a", "input_schema": nested(200)}])), 400),
            ];
            if path == "/ollama/api/chat" {
                bodies.push((with(path, model, "options", json!({"num_predict": "many"})), 400));
                bodies.push((with(path, model, "options", json!({"num_predict": 1e300})), 400));
                bodies.push((with(path, model, "options", json!([])), 400));
            } else {
                for wrong in [json!(-1), json!(1.5), json!("1000"), json!(9_300_000_000_000_000_000_u64), json!(1e30)] {
                    bodies.push((with(path, model, cap, wrong), 400));
                }
            }
            if path == "/v1/chat/completions" {
                for wrong in [json!(2_147_483_648_u64), json!(0), json!(-1), json!("2"), json!(129)] {
                    bodies.push((with(path, model, "n", wrong), 400));
                }
                bodies.push((with(path, model, "stream_options", json!("usage")), 400));
            }
            for (body, status) in bodies {
                let response = house.post(path, &house.key, &body).send().await.unwrap();
                let shown: String = body.to_string().chars().take(200).collect();
                assert_eq!(response.status().as_u16(), status, "{path} {shown}");
                assert!(response.headers()["content-type"].to_str().unwrap().starts_with("application/json"));
                let text = response.text().await.unwrap();
                assert!(!message_of(path, &text).is_empty() && text.len() < 2_000, "{path} {shown}: {text}");
            }
            let url = format!("{}{path}", house.server.base);
            for raw in ["", "{", "null", "[]", "\u{0}", "{\"model\":\"a\",\"model\":\"b\"}", &"[".repeat(100_000)] {
                let request = http_client().post(&url).bearer_auth(house.key.reveal()).body(raw.to_owned());
                let response = request.send().await.unwrap();
                assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{path} {raw:.20}");
                message_of(path, &response.text().await.unwrap());
            }
        }
        assert!(house.upstream().requests().is_empty(), "nothing was sent");
        house.books_balance().await;
        assert_eq!(house.server.meter("prs").await.requests, 0);
    }

    async fn t3_the_largest_numbers_that_are_numbers_are_clamped_and_booked_as_they_are(t: TestDb) {
        let house = House::new(t).await;
        for (path, model) in PATHS {
            let huge = json!(i64::MAX);
            let body = match path {
                "/v1/messages" => with(path, model, "max_tokens", huge),
                "/v1/chat/completions" => with(path, model, "max_completion_tokens", huge),
                _ => with(path, model, "options", json!({"num_predict": huge})),
            };
            let response = house.post(path, &house.key, &body).send().await.unwrap();
            assert_eq!(response.status(), StatusCode::OK, "{path}");
            response.text().await.unwrap();
        }
        // No output at all is a legal wish.
        let none = with("/v1/messages", "claude-haiku-4-5", "max_tokens", json!(0));
        assert_eq!(house.messages(&none).send().await.unwrap().status(), StatusCode::OK);
        let sent = house.upstream().requests();
        let caps: Vec<i64> = sent
            .iter()
            .filter_map(|request| {
                let body = &request.body;
                [&body["max_tokens"], &body["max_completion_tokens"], &body["options"]["num_predict"]]
                    .into_iter()
                    .find_map(Value::as_i64)
            })
            .collect();
        assert_eq!(caps.len(), 4, "the cap is always sent: {caps:?}");
        assert!(caps.iter().all(|cap| *cap <= 200_000), "within what the model can: {caps:?}");
        house.books_balance().await;
    }

    async fn t3_bodies_and_heads_that_are_too_large_are_refused_and_the_next_request_is_answered(t: TestDb) {
        let house = House::new(t).await;
        for (path, model) in PATHS {
            // Told by its length, so that it need not be read; the refusal comes although the client still writes.
            let mut body = good(path, model);
            body["messages"][0]["content"] = "x".repeat(50 * 1024 * 1024).into();
            let sent = house.post(path, &house.key, &body).send().await;
            if let Ok(response) = sent {
                assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE, "{path}");
                message_of(path, &response.text().await.unwrap());
            }
            // Without a length.
            let piece = bytes::Bytes::from(vec![b' '; 1024 * 1024]);
            let pieces = futures::stream::iter((0..50).map(move |_| Ok::<_, std::io::Error>(piece.clone())));
            let request = http_client().post(format!("{}{path}", house.server.base)).bearer_auth(house.key.reveal());
            if let Ok(response) = request.body(reqwest::Body::wrap_stream(pieces)).send().await {
                assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE, "{path}");
                message_of(path, &response.text().await.unwrap());
            }
            assert!(raw_head(&house, path, 1024 * 1024).await.starts_with("HTTP/1.1 431"), "{path}");
            assert_eq!(house.post(path, &house.key, &good(path, model)).send().await.unwrap().status(), StatusCode::OK);
        }
        assert_eq!(house.upstream().requests().len(), 3, "only the good ones were sent");
        house.books_balance().await;
    }

    async fn t12_keys_that_contradict_each_other_or_open_another_house_change_nothing(t: TestDb) {
        let house = House::new(t).await;
        let other = house.server.tenant("iop").await;
        let outsider = house.server.account("budi@iop.example", &[(other, Role::Member)]).await;
        let foreign = make_key(&house.server, other, WantedKey { user: Some(outsider), ..WantedKey::default() }).await;
        for (path, model) in PATHS {
            let url = format!("{}{path}", house.server.base);
            let post = || http_client().post(&url).json(&good(path, model));
            let mixed = post().bearer_auth(house.key.reveal()).header("x-api-key", foreign.reveal());
            let in_address = http_client().post(format!("{url}?key={}", house.key.reveal())).json(&good(path, model));
            let basic = post().basic_auth("stw", Some(house.key.reveal()));
            for request in [post(), mixed, in_address, basic] {
                let response = request.send().await.unwrap();
                assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{path}");
                message_of(path, &response.text().await.unwrap());
            }
            // The other tenant's key spends the other tenant's money, whatever its headers claim.
            let claimed = post()
                .bearer_auth(foreign.reveal())
                .header("x-openwebui-user-email", "ana@prs.example")
                .header("x-openwebui-user-id", "1")
                .header("x-tenant", "prs");
            assert_eq!(claimed.send().await.unwrap().status(), StatusCode::OK, "{path}");
        }
        house.settled().await;
        let spent = async |code: &str| house.server.meter(code).await.requests;
        assert_eq!((spent("prs").await, spent("iop").await), (0, 3));
        house.server.books_balance(&["prs", "iop"]).await;
    }
}

/// The status line a head of so many bytes is answered with.
async fn raw_head(house: &House, path: &str, bytes: usize) -> String {
    let address = house.server.base.trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(&address).await.unwrap();
    let head = format!("POST {path} HTTP/1.1\r\nhost: {address}\r\nx-long: {}\r\n\r\n", "x".repeat(bytes));
    // It may be refused before it has been said.
    let _ = stream.write_all(head.as_bytes()).await;
    let mut answer = vec![0; 64];
    let read = stream.read(&mut answer).await.unwrap_or(0);
    String::from_utf8_lossy(&answer[..read]).into_owned()
}
