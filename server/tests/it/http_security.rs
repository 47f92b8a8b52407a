//! What holds for every route: origin, headers, limits, request ids. Both engines.

use std::time::Duration;

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use serde_json::json;
use server::http::limits::Limits;

use crate::{
    identity::ana,
    identity_http::{Site, post_with},
    support::db::db_test,
};

db_test! {
    async fn another_site_changes_nothing(t: TestDb) {
        let site = Site::open(&t).await;
        ana(&t, &site.auth).await;
        let cookie = site.sign_in().await;
        let login = "email=ana%40prs.example&password=mosaic+tundra+fiddle";
        let forged: [&[(&str, &str)]; 6] = [
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site")],
            &[("origin", "https://evil.example"), ("host", "steward.example")],
            &[("origin", "null"), ("host", "steward.example")],
            &[("origin", "https://steward.example:444"), ("host", "steward.example")],
            &[],
        ];
        for headers in forged {
            for (path, body) in [("/logout", ""), ("/login", login), ("/fn/echo", "{}")] {
                let mut request = Request::post(path).header("cookie", &cookie).header("content-type", "application/x-www-form-urlencoded");
                for (name, value) in headers {
                    request = request.header(*name, *value);
                }
                let answer = site.send(request.body(Body::from(body)).expect("a request")).await;
                assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path} {headers:?}");
                assert_eq!(answer.header("set-cookie"), "");
            }
        }
        let stream = Request::get("/t/prs/turns/1/events").header("accept", "text/event-stream").header("sec-fetch-site", "cross-site");
        assert_eq!(site.send(stream.body(Body::empty()).expect("a request")).await.status, StatusCode::FORBIDDEN);
        assert_eq!(site.get("/login", &cookie).await.status, StatusCode::SEE_OTHER, "still signed in");
        let own = Request::post("/logout").header("cookie", &cookie).header("origin", "https://steward.example").header("host", "steward.example");
        assert_eq!(site.send(own.body(Body::empty()).expect("a request")).await.status, StatusCode::SEE_OTHER);
    }

    async fn every_answer_carries_the_headers(t: TestDb) {
        let site = Site::open(&t).await;
        let never_there = Request::get("/nothing").body(Body::empty()).expect("a request");
        for answer in [site.get("/login", "").await, site.get("/t/prs", "").await, site.send(never_there).await,
                       site.send(post_with("/api/auth/login", "text/plain", "")).await] {
            let mut seen: Vec<String> = answer
                .headers
                .iter()
                .filter(|(name, _)| !matches!(name.as_str(), "content-type" | "content-length" | "location" | "x-request-id" | "cache-control"))
                .map(|(name, value)| format!("{name}: {}", value.to_str().expect("ascii")))
                .collect();
            seen.sort();
            assert_eq!(seen, [
                "content-security-policy: default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'",
                "cross-origin-opener-policy: same-origin",
                "cross-origin-resource-policy: same-origin",
                "permissions-policy: accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), usb=()",
                "referrer-policy: same-origin",
                "strict-transport-security: max-age=31536000",
                "x-content-type-options: nosniff",
                "x-frame-options: DENY",
            ]);
        }
    }

    async fn request_ids_are_ours(t: TestDb) {
        let site = Site::open(&t).await;
        let request = Request::get("/login").header("x-request-id", "forged").body(Body::empty()).expect("a request");
        let id = site.send(request).await.header("x-request-id").parse::<uuid::Uuid>().expect("a UUID");
        assert_eq!(id.get_version_num(), 7);
    }

    async fn bodies_are_bounded_in_size_depth_and_time(t: TestDb) {
        let limits = Limits { read: Duration::from_millis(50), handle: Duration::from_secs(30) };
        let site = Site::with_limits(&t, limits).await;
        ana(&t, &site.auth).await;
        let cookie = site.sign_in().await;
        let post = || {
            let request = Request::post("/fn/echo").header("cookie", &cookie).header("sec-fetch-site", "same-origin");
            request.header("content-type", "application/json")
        };
        let send = async |body: String| site.send(post().body(Body::from(body)).expect("a request")).await;
        let deep = send(format!("{}{}", "[".repeat(100_000), "]".repeat(100_000))).await;
        assert_eq!(deep.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(deep.json()["message"].as_str().is_some_and(|message| message.contains("nested")));
        let large = send(format!("\"{}\"", "x".repeat(1024 * 1024))).await;
        assert_eq!((large.status, &large.json()["error"]), (StatusCode::PAYLOAD_TOO_LARGE, &json!("too_large")));
        let lying = post().header("content-length", "5000000").body(Body::empty()).expect("a request");
        assert_eq!(site.send(lying).await.status, StatusCode::PAYLOAD_TOO_LARGE);
        let endless = Body::from_stream(futures::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b'x'; 65_536])));
        let endless = post().body(endless).expect("a request");
        assert_eq!(site.send(endless).await.status, StatusCode::PAYLOAD_TOO_LARGE);
        let silent = Body::from_stream(futures::stream::pending::<Result<Vec<u8>, std::io::Error>>());
        let silent = post().body(silent).expect("a request");
        let silent = site.send(silent).await;
        assert_eq!((silent.status, &silent.json()["error"]), (StatusCode::REQUEST_TIMEOUT, &json!("invalid")));
        let fine = send("[[1]]".into()).await;
        assert_eq!((fine.status, fine.text.as_str()), (StatusCode::OK, "[[1]]"), "it reached the handler");
        // A long message is for who is signed in.
        let long = format!("\"{}\"", "x".repeat(200 * 1024));
        assert_eq!(send(long.clone()).await.status, StatusCode::OK);
        let made_up = ("cookie", "__Host-steward=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
        for (name, value) in [("authorization", "Bearer x"), ("accept", "*/*"), made_up] {
            let request = Request::post("/fn/echo").header("content-type", "application/json").header(name, value);
            let request = request.header("sec-fetch-site", "same-origin").body(Body::from(long.clone()));
            let answer = site.send(request.expect("a request")).await;
            assert_eq!((answer.status, &answer.json()["max_bytes"]), (StatusCode::PAYLOAD_TOO_LARGE, &json!(16_384)), "{name}");
        }
    }

    async fn a_handler_that_hangs_is_given_up(t: TestDb) {
        let limits = Limits { read: Duration::from_secs(15), handle: Duration::from_millis(50) };
        let site = Site::with_limits(&t, limits).await;
        let answer = site.send(post_with("/fn/never", "application/json", "{}")).await;
        assert_eq!((answer.status, &answer.json()["error"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("unavailable")));
        assert_eq!(answer.json()["request_id"], answer.header("x-request-id"));
    }

    async fn without_the_store_nobody_is_let_in(t: TestDb) {
        let site = Site::open(&t).await;
        ana(&t, &site.auth).await;
        let cookie = site.sign_in().await;
        t.db.close().await;
        let page = site.get("/t/prs", &cookie).await;
        assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(page.text.contains(page.header("x-request-id")), "the id to quote");
        assert_eq!(site.form("/login", "", "email=ana%40prs.example&password=x").await.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(site.get("/login", "").await.status, StatusCode::OK, "the page itself needs no store");
    }
}
