//! A browser that has signed in before is not slowed by strangers who try its account. Both engines.

use reqwest::{Method, StatusCode, header};

use crate::support::{
    db::db_test,
    server::{PASSWORD, TestServer},
};

const EMAIL: &str = "ana@prs.example";

/// An attempt to sign in; the status and the cookies that were set.
async fn attempt(server: &TestServer, email: &str, password: &str, cookie: &str) -> (StatusCode, Vec<String>) {
    let form = server.nobody().request(Method::POST, "/login").header(header::COOKIE, cookie);
    let form = form.header("sec-fetch-site", "same-origin").form(&[("email", email), ("password", password)]);
    let response = form.send().await.expect("an answer");
    let cookies = response.headers().get_all(header::SET_COOKIE).iter();
    let cookies = cookies.map(|value| value.to_str().expect("text").to_owned()).collect();
    (response.status(), cookies)
}

db_test! {
    async fn strangers_do_not_slow_a_known_browser(t: TestDb) {
        let server = TestServer::start(t).await;
        server.account(EMAIL, &[]).await;
        server.account("budi@prs.example", &[]).await;
        let (status, cookies) = attempt(&server, EMAIL, PASSWORD, "").await;
        assert_eq!(status, StatusCode::SEE_OTHER);
        let device = cookies.iter().find(|cookie| cookie.starts_with("device-dev=")).expect("a device cookie");
        for part in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=15552000"] {
            assert!(device.contains(part), "{part} in {device}");
        }
        let device = device.split(';').next().expect("a pair").to_owned();
        assert!(!device.contains("ana"), "the cookie does not name its account");

        // Somebody else tries the account, even from the same address, until it is blocked.
        let mut status = StatusCode::OK;
        for _ in 0..8 {
            status = attempt(&server, EMAIL, "wrong wrong wrong", "").await.0;
        }
        assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(attempt(&server, EMAIL, PASSWORD, "").await.0, StatusCode::TOO_MANY_REQUESTS, "without the cookie");
        assert_eq!(attempt(&server, EMAIL, PASSWORD, &device).await.0, StatusCode::SEE_OTHER, "the owner comes in");

        // It is for this account only, cannot be forged, and its own attempts are counted, too.
        let forged = format!("{}x", &device[..device.len() - 1]);
        assert_eq!(attempt(&server, EMAIL, PASSWORD, &forged).await.0, StatusCode::TOO_MANY_REQUESTS);
        for _ in 0..8 {
            status = attempt(&server, "budi@prs.example", "wrong wrong wrong", &device).await.0;
        }
        assert_eq!(status, StatusCode::TOO_MANY_REQUESTS, "another account is a stranger's");
        for _ in 0..8 {
            status = attempt(&server, EMAIL, "wrong wrong wrong", &device).await.0;
        }
        assert_eq!(status, StatusCode::TOO_MANY_REQUESTS, "nor does it help to guess");
    }
}
