//! Signing in over HTTP: pages, cookies, tokens. Both engines.

use std::net::SocketAddr;

use app::{backend::Caller, model::Role};
use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{HeaderMap, Request, StatusCode, header},
    response::IntoResponse,
    routing::{get, post},
};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use server::{
    http::{
        guard::guarded,
        limits::{ApiJson, Limits},
        login, rest_auth, session,
    },
    identity::AuthState,
};
use tower::ServiceExt;

use crate::{
    identity::{EMAIL, PASSWORD, ana, auth_state, join, person},
    support::db::{TestDb, db_test},
};

/// The real routes, and a page, a server function and an event stream like the real ones.
pub struct Site {
    pub auth: AuthState,
    router: Router,
}

/// What came back.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }
    /// `name=value` of the cookie that was set.
    pub fn cookie(&self) -> &str {
        self.header("set-cookie").split(';').next().unwrap_or_default()
    }
}

impl Site {
    pub async fn open(t: &TestDb) -> Self {
        Self::with_limits(t, Limits::default()).await
    }

    pub async fn with_limits(t: &TestDb, limits: Limits) -> Self {
        let auth = auth_state(t).await;
        Self::of(auth, limits)
    }

    pub fn of(auth: AuthState, limits: Limits) -> Self {
        let page = async |session::SignedIn(caller): session::SignedIn| caller.user.to_string();
        let function = async |session::SignedIn(_): session::SignedIn, ApiJson(body): ApiJson<Value>| axum::Json(body);
        let events = async || ([(header::CONTENT_TYPE, "text/event-stream")], "data: x\n\n").into_response();
        let never = async || std::future::pending::<()>().await;
        let routes = login::routes::<AuthState>()
            .merge(rest_auth::routes())
            .route("/t/{code}", get(page))
            .route("/fn/echo", post(function))
            .route("/t/prs/turns/1/events", get(events))
            .route("/fn/never", post(never))
            .with_state(auth.clone());
        Self { router: guarded(routes, &auth, limits), auth }
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.expect("the router never fails");
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.expect("a body");
        let text = String::from_utf8(bytes.to_vec()).expect("UTF-8");
        Answer { status: parts.status, headers: parts.headers, text }
    }

    pub async fn get(&self, path: &str, cookie: &str) -> Answer {
        self.send(Request::get(path).header("cookie", cookie).body(Body::empty()).expect("a request")).await
    }

    pub async fn form(&self, path: &str, cookie: &str, fields: &str) -> Answer {
        let request = Request::post(path)
            .header("cookie", cookie)
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(fields.to_owned()));
        self.send(request.expect("a request")).await
    }

    pub async fn api(&self, path: &str, token: &str, body: &Value) -> Answer {
        let mut request = Request::post(path).header("content-type", "application/json");
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        self.send(request.body(Body::from(body.to_string())).expect("a request")).await
    }

    pub async fn me(&self, token: &str) -> Answer {
        let request = Request::get("/api/auth/me").header("authorization", format!("Bearer {token}"));
        self.send(request.body(Body::empty()).expect("a request")).await
    }

    pub async fn sign_in(&self) -> String {
        let answer = self.form("/login", "", "email=ana%40prs.example&password=mosaic+tundra+fiddle").await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
        answer.cookie().to_owned()
    }

    async fn tokens(&self) -> Value {
        let answer = self.api("/api/auth/login", "", &json!({"email": EMAIL, "password": PASSWORD})).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        answer.json()
    }
}

db_test! {
    async fn a_browser_signs_in_works_and_signs_out(t: TestDb) {
        let site = Site::open(&t).await;
        let user = ana(&t, &site.auth).await;
        join(&t, user, "prs", Role::Member).await;
        let page = site.get("/t/prs?a=1", "").await;
        assert_eq!((page.status, page.header("location")), (StatusCode::SEE_OTHER, "/login?next=/t/prs%3Fa%3D1"));
        let login = site.get("/login?next=/t/prs", "").await;
        assert_eq!(login.status, StatusCode::OK);
        assert!(login.text.contains("name=\"next\" value=\"/t/prs\""), "{}", login.text);
        let entered = site.form("/login", "", "email=ana%40prs.example&password=mosaic+tundra+fiddle&next=/t/prs").await;
        assert_eq!((entered.status, entered.header("location")), (StatusCode::SEE_OTHER, "/t/prs"));
        let set = entered.header("set-cookie").to_owned();
        assert!(set.starts_with("__Host-steward="), "{set}");
        assert!(set.ends_with("; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax; Secure"), "{set}");
        assert_eq!(entered.header("cache-control"), "no-store");
        let cookie = entered.cookie().to_owned();
        let page = site.get("/t/prs", &cookie).await;
        assert_eq!((page.status, page.text.as_str()), (StatusCode::OK, user.to_string().as_str()));
        assert_eq!(page.header("cache-control"), "no-store");
        assert_eq!(site.get("/", &cookie).await.header("location"), "/t/prs");
        assert_eq!(site.get("/login", &cookie).await.header("location"), "/");
        let out = site.form("/logout", &cookie, "").await;
        assert_eq!((out.status, out.header("location")), (StatusCode::SEE_OTHER, "/login?notice=signed-out"));
        assert!(out.header("set-cookie").starts_with("__Host-steward=; Path=/; Max-Age=0;"));
        let ended = site.get("/t/prs", &cookie).await;
        assert_eq!(ended.header("location"), "/login?next=/t/prs&notice=session-ended");
        let notice = site.get("/login?notice=signed-out", "").await;
        assert!(notice.text.contains("You are signed out."));
    }

    async fn the_development_cookie_is_the_documented_exception(t: TestDb) {
        let mut auth = auth_state(&t).await;
        let config = server::identity::AuthConfig { secure_cookies: false, ..(*auth.config).clone() };
        auth.config = std::sync::Arc::new(config);
        ana(&t, &auth).await;
        let site = Site::of(auth, Limits::default());
        let answer = site.form("/login", "", "email=ana%40prs.example&password=mosaic+tundra+fiddle").await;
        let set = answer.header("set-cookie");
        assert!(set.starts_with("steward-dev=") && !set.contains("Secure"), "{set}");
        assert_eq!(answer.header("strict-transport-security"), "");
        assert_eq!(site.get("/", answer.cookie()).await.status, StatusCode::OK);
    }

    async fn unknown_and_wrong_get_the_same_page(t: TestDb) {
        let site = Site::open(&t).await;
        ana(&t, &site.auth).await;
        person(&t, "sso@prs.example", None).await;
        let body = |answer: &Answer, email: &str| answer.text.replace(email, "E");
        let wrong = site.form("/login", "", "email=ana%40prs.example&password=wrong").await;
        assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
        assert!(wrong.text.contains("value=\"ana@prs.example\""), "the e-mail is kept");
        assert!(wrong.text.contains("role=\"alert\""));
        assert_eq!(wrong.header("set-cookie"), "");
        for email in ["nobody@prs.example", "sso@prs.example"] {
            let form = format!("email={}&password=wrong", email.replace('@', "%40"));
            let other = site.form("/login", "", &form).await;
            assert_eq!(other.status, wrong.status);
            assert_eq!(body(&other, email), body(&wrong, "ana@prs.example"));
        }
        let api = async |email: &str| site.api("/api/auth/login", "", &json!({"email": email, "password": "x"})).await;
        let (known, unknown) = (api(EMAIL).await, api("nobody@prs.example").await);
        assert_eq!((known.status, &known.text), (unknown.status, &unknown.text));
        assert_eq!(known.json()["error"], "wrong_credentials");
    }

    async fn hostile_input_gets_a_clear_answer(t: TestDb) {
        let site = Site::open(&t).await;
        ana(&t, &site.auth).await;
        let empty = site.form("/login", "", "email=&password=").await;
        assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(site.form("/login", "", "email=ana%40prs.example&password=").await.status, StatusCode::UNPROCESSABLE_ENTITY);
        let huge = format!("email=ana%40prs.example&password={}", "x".repeat(1_000_000));
        let refused = site.form("/login", "", &huge).await;
        assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
        assert!(refused.text.contains("<!DOCTYPE html>"), "people get a page");
        let long = format!("email=ana%40prs.example&password={}", "x".repeat(10_000));
        assert_eq!(site.form("/login", "", &long).await.status, StatusCode::UNAUTHORIZED);
        for nul in ["email=ana%40prs.example%00&password=x", "email=a%E2%80%AEb%40prs.example&password=%00%E2%80%AE"] {
            assert_eq!(site.form("/login", "", nul).await.status, StatusCode::UNAUTHORIZED, "{nul}");
        }
        let script = site.form("/login", "", "email=%3Cscript%3Ealert(1)%3C/script%3E&password=x").await;
        assert!(!script.text.contains("<script>"), "{}", script.text);
        let broken = site.form("/login", "", "email=%FF%FE&password=x").await;
        assert!(broken.status.is_client_error(), "{}", broken.status);
        let json = site.send(post_with("/login", "application/json", "{}")).await;
        assert_eq!(json.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
        assert_eq!(site.send(Request::put("/login").body(Body::empty()).expect("a request")).await.status, StatusCode::METHOD_NOT_ALLOWED);
        for evil in ["//evil.example", "https://evil.example", "/%5Cevil.example", "/%09/evil.example"] {
            let form = format!("email=ana%40prs.example&password=mosaic+tundra+fiddle&next={evil}");
            assert_eq!(site.form("/login", "", &form).await.header("location"), "/", "{evil}");
        }
        for cookie in ["__Host-steward=", "__Host-steward=x", "__Host-steward=\u{7f}", "=;;=", &format!("__Host-steward={}", "A".repeat(43))] {
            let Ok(request) = Request::get("/t/prs").header("cookie", cookie).body(Body::empty()) else { continue };
            assert_eq!(site.send(request).await.status, StatusCode::SEE_OTHER, "{cookie}");
        }
    }

    async fn too_many_attempts_are_told_to_wait(t: TestDb) {
        let site = Site::open(&t).await;
        ana(&t, &site.auth).await;
        for _ in 0..5 {
            site.form("/login", "", "email=ana%40prs.example&password=wrong").await;
        }
        let page = site.form("/login", "", "email=ana%40prs.example&password=mosaic+tundra+fiddle").await;
        assert_eq!((page.status, page.header("retry-after")), (StatusCode::TOO_MANY_REQUESTS, "1"));
        let api = site.api("/api/auth/login", "", &json!({"email": EMAIL, "password": PASSWORD})).await;
        assert_eq!((api.status, api.header("retry-after")), (StatusCode::TOO_MANY_REQUESTS, "1"));
        assert_eq!(api.json()["error"], "rate_limited");
    }

    async fn the_start_page_leads_to_the_tenants_one_has(t: TestDb) {
        let site = Site::open(&t).await;
        let user = ana(&t, &site.auth).await;
        assert_eq!(site.get("/", "").await.header("location"), "/login");
        let cookie = site.sign_in().await;
        let waiting = site.get("/", &cookie).await;
        assert_eq!(waiting.status, StatusCode::OK);
        assert!(waiting.text.contains("waiting for access"));
        join(&t, user, "prs", Role::Member).await;
        assert_eq!(site.get("/", &cookie).await.header("location"), "/t/prs");
        join(&t, user, "iop", Role::Admin).await;
        t.scope("foreign", Role::Admin).await;
        let choice = site.get("/", &cookie).await;
        assert!(choice.text.contains("href=\"/t/prs\"") && choice.text.contains("href=\"/t/iop\""));
        assert!(!choice.text.contains("foreign"));
    }

    async fn an_api_client_lives_by_its_tokens(t: TestDb) {
        let site = Site::open(&t).await;
        let user = ana(&t, &site.auth).await;
        join(&t, user, "prs", Role::Admin).await;
        let tokens = site.tokens().await;
        assert_eq!((&tokens["token_type"], &tokens["expires_in"], &tokens["tenant"]), (&json!("Bearer"), &json!(600), &json!("prs")));
        assert_eq!(tokens["tenants"], json!([{"code": "prs", "name": "prs name", "role": "admin"}]));
        let access = tokens["access_token"].as_str().expect("a token");
        let me = site.me(access).await;
        assert_eq!((me.status, &me.json()["email"], &me.json()["tenant"]), (StatusCode::OK, &json!(EMAIL), &json!("prs")));
        assert_eq!(me.header("cache-control"), "no-store");
        t.clock.advance_ms(630_000);
        let over = site.me(access).await;
        assert_eq!((over.status, over.header("www-authenticate")), (StatusCode::UNAUTHORIZED, "Bearer"));
        assert_eq!(over.json()["error"], "signed_out");
        let next = site.api("/api/auth/refresh", "", &json!({"refresh_token": tokens["refresh_token"]})).await.json();
        let access = next["access_token"].as_str().expect("a token");
        assert_eq!(site.me(access).await.status, StatusCode::OK);
        assert_eq!(site.api("/api/auth/logout", access, &json!({})).await.status, StatusCode::NO_CONTENT);
        assert_eq!(site.me(access).await.status, StatusCode::UNAUTHORIZED, "at once, although it is still signed and in time");
        assert_eq!(site.api("/api/auth/logout", access, &json!({})).await.status, StatusCode::UNAUTHORIZED);
        let refresh = site.api("/api/auth/refresh", "", &json!({"refresh_token": next["refresh_token"]})).await;
        assert_eq!(refresh.status, StatusCode::UNAUTHORIZED);
    }

    async fn the_address_comes_from_the_peer_or_our_own_proxy(t: TestDb) {
        let auth = AuthState { proxies: "10.0.0.0/8".parse().expect("a network"), ..auth_state(&t).await };
        let user = ana(&t, &auth).await;
        let site = Site::of(auth, Limits::default());
        let sign_in_from = async |peer: [u8; 4]| {
            let body = Body::from("email=ana%40prs.example&password=mosaic+tundra+fiddle");
            let mut request = Request::post("/login")
                .header("content-type", "application/x-www-form-urlencoded")
                .header("x-forwarded-for", "6.6.6.6, 192.0.2.1")
                .body(body)
                .expect("a request");
            request.extensions_mut().insert(ConnectInfo(SocketAddr::from((peer, 4242))));
            assert_eq!(site.send(request).await.status, StatusCode::SEE_OTHER);
            t.clock.advance_ms(1);
        };
        sign_in_from([10, 0, 0, 1]).await;
        sign_in_from([203, 0, 113, 9]).await;
        let caller = Caller { user, session: t.world.id(), request_id: "r".into() };
        let sessions = server::identity::list_sessions(&t.db, &t.world, &caller).await.expect("a list");
        assert_eq!(sessions.iter().map(|s| s.ip.as_str()).collect::<Vec<_>>(), ["203.0.113.9", "192.0.2.1"]);
    }

    async fn a_choice_of_tenants_is_a_conflict_with_the_list(t: TestDb) {
        let site = Site::open(&t).await;
        let user = ana(&t, &site.auth).await;
        let none = site.api("/api/auth/login", "", &json!({"email": EMAIL, "password": PASSWORD})).await;
        assert_eq!((none.status, &none.json()["error"]), (StatusCode::FORBIDDEN, &json!("no_tenant")));
        join(&t, user, "prs", Role::Member).await;
        join(&t, user, "iop", Role::Member).await;
        let choice = site.api("/api/auth/login", "", &json!({"email": EMAIL, "password": PASSWORD})).await;
        assert_eq!((choice.status, &choice.json()["error"]), (StatusCode::CONFLICT, &json!("choose_tenant")));
        assert_eq!(choice.json()["tenants"].as_array().map(Vec::len), Some(2));
        let named = site.api("/api/auth/login", "", &json!({"email": EMAIL, "password": PASSWORD, "tenant": "iop"})).await;
        assert_eq!((named.status, &named.json()["tenant"]), (StatusCode::OK, &json!("iop")));
    }

    async fn bad_requests_to_the_api_are_named(t: TestDb) {
        let site = Site::open(&t).await;
        for (body, status) in [
            ("", 400), ("{", 400), ("[]", 422), ("{}", 422), (r#"{"email":1,"password":"x"}"#, 422),
            (r#"{"email":"a@b","password":"x","admin":true}"#, 422), (r#"{"email":"a@b","password":"x","tenant":"A B"}"#, 422),
        ] {
            let answer = site.send(post_with("/api/auth/login", "application/json", body)).await;
            assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (status, &json!("invalid")), "{body}");
            assert!(answer.json()["message"].as_str().is_some_and(|message| !message.is_empty()));
        }
        let form = site.send(post_with("/api/auth/login", "text/plain", "{}")).await;
        assert_eq!(form.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
        let huge = json!({"email": EMAIL, "password": "x".repeat(1_000_000)}).to_string();
        let huge = site.send(post_with("/api/auth/login", "application/json", &huge)).await;
        assert_eq!((huge.status, &huge.json()["error"]), (StatusCode::PAYLOAD_TOO_LARGE, &json!("too_large")));
        for token in ["", "x", "A", &"A".repeat(43), "\u{202E}"] {
            let answer = site.api("/api/auth/refresh", "", &json!({"refresh_token": token})).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{token}");
        }
    }

    async fn forged_tokens_open_nothing(t: TestDb) {
        let site = Site::open(&t).await;
        let user = ana(&t, &site.auth).await;
        join(&t, user, "prs", Role::Member).await;
        let access = site.tokens().await["access_token"].as_str().expect("a token").to_owned();
        assert_eq!(site.me(&access).await.status, StatusCode::OK);
        let header = jsonwebtoken::decode_header(&access).expect("a header");
        assert_eq!((header.alg, header.typ.as_deref()), (Algorithm::EdDSA, Some("at+jwt")));
        let claims = site.auth.tokens.verify(&access).await.expect("checked").expect("valid");
        let jwks = site.get("/.well-known/jwks.json", "").await;
        assert_eq!(jwks.header("cache-control"), "public, max-age=300");
        let jwks = jwks.json();
        let key = &jwks["keys"][0];
        assert_eq!((&key["kty"], &key["crv"], &key["use"]), (&json!("OKP"), &json!("Ed25519"), &json!("sig")));
        assert_eq!(key["kid"].as_str(), header.kid.as_deref());
        assert!(key.get("d").is_none() && key.get("k").is_none(), "no private part");

        let sign = |header: &Header, claims: &Value, key: &EncodingKey| jsonwebtoken::encode(header, claims, key).expect("a token");
        let body = serde_json::to_value(&claims).expect("json");
        // The public key as an HMAC secret: the classic confusion.
        let public = key["x"].as_str().expect("a key");
        let hmac = Header { kid: header.kid.clone(), typ: header.typ.clone(), ..Header::new(Algorithm::HS256) };
        let mut forged = vec![
            sign(&hmac, &body, &EncodingKey::from_secret(public.as_bytes())),
            sign(&hmac, &body, &EncodingKey::from_urlsafe_base64_secret(&format!("{public}=")).expect("base64")),
        ];
        // A key of one's own under our key id, and under an unknown one.
        let mut der = vec![0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
        der.extend([7; 32]);
        let own = EncodingKey::from_ed_der(&der);
        forged.push(sign(&header, &body, &own));
        forged.push(sign(&Header { kid: Some(t.world.id::<uuid::Uuid>().to_string()), ..header.clone() }, &body, &own));
        forged.push(sign(&Header { kid: None, ..header.clone() }, &body, &own));
        // No algorithm, no signature, other claims under the old signature.
        let parts: Vec<&str> = access.split('.').collect();
        let encode = |value: &Value| {
            use base64::Engine;
            base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value.to_string())
        };
        let none = encode(&json!({"alg": "none", "typ": "at+jwt", "kid": header.kid}));
        forged.push(format!("{none}.{}.", parts[1]));
        forged.push(format!("{none}.{}.{}", parts[1], parts[2]));
        forged.push(format!("{}.{}.", parts[0], parts[1]));
        let mut other = body.clone();
        other["sub"] = json!(t.world.id::<uuid::Uuid>().to_string());
        forged.push(format!("{}.{}.{}", parts[0], encode(&other), parts[2]));
        forged.extend(["", ".", "..", "...", "a.b.c", &"a".repeat(100_000), "\u{e4}"].map(str::to_owned));
        for token in forged {
            let Ok(request) = Request::get("/api/auth/me").header("authorization", format!("Bearer {token}")).body(Body::empty()) else { continue };
            assert_eq!(site.send(request).await.status, StatusCode::UNAUTHORIZED, "{token:.80}");
        }
    }

    async fn a_bad_token_is_not_replaced_by_a_good_cookie(t: TestDb) {
        let site = Site::open(&t).await;
        ana(&t, &site.auth).await;
        let cookie = site.sign_in().await;
        let request = Request::get("/api/auth/me").header("cookie", cookie.as_str());
        assert_eq!(site.send(request.body(Body::empty()).expect("a request")).await.status, StatusCode::OK);
        for (authorization, status) in [("Bearer x", 401), ("bearer ", 401), ("Basic x", 200), ("x", 200)] {
            let request =
                Request::get("/api/auth/me").header("cookie", cookie.as_str()).header("authorization", authorization);
            let answer = site.send(request.body(Body::empty()).expect("a request")).await;
            assert_eq!(answer.status.as_u16(), status, "{authorization}");
        }
        let page = Request::get("/t/prs").header("cookie", cookie.as_str()).header("authorization", "Bearer x");
        let page = site.send(page.body(Body::empty()).expect("a request")).await;
        assert_eq!(page.status, StatusCode::OK, "outside of the REST interface tokens count for nothing");
    }
}

pub fn post_with(path: &str, content_type: &str, body: &str) -> Request<Body> {
    Request::post(path).header("content-type", content_type).body(Body::from(body.to_owned())).expect("a request")
}
