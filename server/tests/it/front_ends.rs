//! Front ends that name their people: every header × every kind of key (T12), ids that become people, accounts that are made,
//! signed people, and what a key's life does to all that.

use std::collections::BTreeMap;

use app::model::{Role, Timestamp};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use server::{
    db::{
        SystemReason,
        api_key::{JwtSecret, Scopes, UnknownPerson, api_key_get, api_key_set},
        ledger::Books,
    },
    http::{self, routes::Policy},
    identity::{
        api_keys::{KeyText, MadeKey, WantedKey},
        front_end::PERSON_HEADERS,
    },
};

use crate::support::{
    db::db_test,
    keys::{hello, key_command, make_key, settled, with_key},
    server::{TestServer, http_client},
};

/// A kind of key: its name, the key, and whether it may ask and administer; `None`: it opens nothing.
type Kind = (&'static str, KeyText, Option<(bool, bool)>);

const SECRET: &[u8; 32] = b"0123456789abcdef0123456789abcdef";

/// A signed person.
fn signed(server: &TestServer, email: &str, id: &str) -> String {
    let now = server.world.now().0 / 1_000;
    let claims = json!({"sub": id, "email": email, "name": "Citra", "role": "admin", "iss": "open-webui", "iat": now, "exp": now + 300});
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(SECRET)).unwrap()
}

/// Changes a key behind the scenes.
async fn change(
    server: &TestServer,
    made: &MadeKey,
    tenant: app::model::TenantId,
    with: impl FnOnce(&mut server::db::api_key::ApiKey),
) {
    let mut tx = server.db.begin_system(SystemReason::Administration).await.unwrap();
    let books = Books::within(&tx, tenant);
    let mut key = api_key_get(books, &mut tx, made.id).await.unwrap().unwrap();
    with(&mut key);
    api_key_set(books, &mut tx, &key).await.unwrap();
    tx.commit(server.world.id(), server.world.now(), "test").await.unwrap();
}

/// Asks with headers; status and the error's words.
async fn ask(server: &TestServer, key: &KeyText, headers: &[(&str, &str)]) -> (StatusCode, String) {
    let mut request = with_key(server, Method::POST, "/v1/messages", key).json(&hello());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.send().await.unwrap();
    let status = response.status();
    let body: Value = response.json().await.unwrap();
    (status, body["error"]["message"].as_str().unwrap_or_default().to_owned())
}

/// Settled calls per person, by e-mail.
async fn calls_by_person(server: &TestServer) -> BTreeMap<String, i64> {
    #[derive(sqlx::FromRow)]
    struct Row {
        email: String,
        calls: i64,
    }
    settled(server).await;
    let mut tx = server.db.read_system(SystemReason::AuditOfBooks).await.unwrap();
    let rows: Vec<Row> = tx
        .query(
            "SELECT u.email, COUNT(*) AS calls FROM model_calls c JOIN users u ON u.id = c.user_id \
             WHERE c.state <> 'open' GROUP BY u.email",
        )
        .all()
        .await
        .unwrap();
    rows.into_iter().map(|row| (row.email, row.calls)).collect()
}

/// What a route of the gateway is asked with.
fn body_of(path: &str) -> Value {
    let messages = json!([{"role": "user", "content": "Hello"}]);
    match path {
        path if path.starts_with("/ollama") => {
            json!({"model": "claude-haiku-4-5", "messages": messages, "stream": false, "options": {"num_predict": 300}})
        }
        path if path.ends_with("/count_tokens") => json!({"model": "claude-haiku-4-5", "messages": messages}),
        path if path.ends_with("/messages") => hello(),
        path if path.ends_with("/chat/completions") => {
            json!({"model": "claude-haiku-4-5", "messages": messages, "max_tokens": 300})
        }
        "/key/generate" => json!({"key_alias": "From T12"}),
        _ => {
            json!({"team_id": "t12", "team_alias": "T12", "member": {"role": "user", "user_email": "ana@prs.example"}})
        }
    }
}

db_test! {
    async fn t12_every_route_every_kind_of_key_every_spoofed_header(t: TestDb) {
        let server = TestServer::start(t).await;
        let tenant = server.tenant("prs").await;
        let other = server.tenant("iop").await;
        let ana = server.account("ana@prs.example", &[(tenant, Role::Member)]).await;
        server.account("citra@prs.example", &[(tenant, Role::Member)]).await;
        let budi = server.account("budi@iop.example", &[(other, Role::Admin)]).await;
        let key = async |wanted| make_key(&server, tenant, wanted).await;
        let admin = Scopes { asks: false, administers: true };
        let both = Scopes { asks: true, administers: true };
        let personal = key(WantedKey { user: Some(ana), ..WantedKey::default() }).await;
        let front_end = key(WantedKey { is_trusted_front_end: true, ..WantedKey::default() }).await;
        let signing = key(WantedKey { is_trusted_front_end: true, ..WantedKey::default() }).await;
        change(&server, &signing, tenant, |key| key.jwt_secret = Some(JwtSecret::new(SECRET.to_vec()).unwrap())).await;
        let over = key(WantedKey { user: Some(ana), expires_at: Some(Timestamp(1)), ..WantedKey::default() }).await;
        let lost = key(WantedKey { user: Some(budi), ..WantedKey::default() }).await;
        let foreign = make_key(&server, other, WantedKey { user: Some(budi), ..WantedKey::default() }).await;
        let forged = KeyText::parse(&format!("stw_{}_{}", personal.text.public_id(), "x".repeat(48))).unwrap();
        // (kind, key, may ask, may administer); `None`: opens nothing.
        let kinds: Vec<Kind> = vec![
            ("personal", personal.text.clone(), Some((true, false))),
            ("service", key(WantedKey::default()).await.text, Some((true, false))),
            ("administrator", key(WantedKey { scopes: admin, ..WantedKey::default() }).await.text, Some((false, true))),
            ("both", key(WantedKey { scopes: both, ..WantedKey::default() }).await.text, Some((true, true))),
            ("front end", front_end.text.clone(), Some((true, false))),
            ("signing front end", signing.text.clone(), Some((true, false))),
            ("another tenant's", foreign.text.clone(), Some((true, false))),
            ("expired", over.text, None),
            ("of somebody who left", lost.text, None),
            ("forged", forged, None),
        ];
        let token = signed(&server, "citra@prs.example", "owui-1");
        let mut headers: Vec<Option<(&str, &str)>> = vec![None];
        for name in PERSON_HEADERS {
            headers.push(Some((name, match name {
                "x-openwebui-user-email" => "citra@prs.example",
                "x-openwebui-user-jwt" => &token,
                "x-openwebui-user-role" => "admin",
                _ => "somebody",
            })));
        }
        let (_, table) = http::routes().finish();
        let routes: Vec<_> = table.into_iter().filter(|row| row.policy == Policy::Key).collect();
        assert!(routes.len() > 7, "the table is read: {}", routes.len());
        let mut answered = 0;
        for row in &routes {
            let administers = row.path.starts_with("/team") || row.path.starts_with("/key") || row.path.starts_with("/user") || row.path.starts_with("/spend");
            // Profiles have stories of their own; here there is none.
            let has_profile = row.path.contains("{profile}");
            let path = row.path.replace("{id}", "claude-haiku-4-5").replace("{profile}", "nosuch").replace("{*other}", "else");
            for (kind, key, may) in &kinds {
                for header in headers.iter().take(if has_profile { 2 } else { headers.len() }) {
                    let method = Method::from_bytes(row.method.as_str().as_bytes()).unwrap();
                    let mut request = with_key(&server, method.clone(), &path, key);
                    if method == Method::POST {
                        request = request.json(&body_of(&path));
                    }
                    if let Some((name, value)) = header {
                        request = request.header(*name, *value);
                    }
                    let response = request.send().await.unwrap();
                    let (status, name) = (response.status().as_u16(), header.map(|(name, _)| name));
                    let body = response.text().await.unwrap();
                    let what = format!("{} {} with a key {kind} and {name:?}: {status} {body}", row.method, row.path);
                    let is_named = match *kind {
                        "front end" => name == Some("x-openwebui-user-email"),
                        "signing front end" => name == Some("x-openwebui-user-jwt"),
                        _ => true,
                    };
                    match may {
                        None => assert_eq!(status, 401, "{what}"),
                        Some((_, false)) if administers => assert_eq!(status, 403, "{what}"),
                        Some(_) if administers => assert!(![401, 403, 500].contains(&status), "{what}"),
                        Some((false, _)) => assert_eq!(status, 403, "{what}"),
                        Some(_) if !is_named => assert_eq!(status, 403, "{what}"),
                        Some(_) if has_profile => assert_eq!(status, 404, "{what}"),
                        Some(_) => {
                            assert_eq!(status, 200, "{what}");
                            let asks = row.path.ends_with("/messages") || row.path.ends_with("/completions") || row.path.ends_with("/api/chat");
                            answered += i64::from(asks);
                        }
                    }
                    assert!(!body.contains("CANARY-iop") && !body.contains(SECRET.escape_ascii().to_string().as_str()), "{what}");
                }
            }
            // Mixed credentials are nobody's, whichever of them is good.
            let method = Method::from_bytes(row.method.as_str().as_bytes()).unwrap();
            let mixed = with_key(&server, method, &path, &personal.text).header("x-api-key", front_end.text.reveal());
            let mixed = mixed.json(&body_of(&path)).send().await.unwrap();
            assert_eq!(mixed.status(), StatusCode::UNAUTHORIZED, "{}", row.path);
            let nobody = http_client().request(Method::GET, format!("{}/v1/models", server.base)).send().await.unwrap();
            assert_eq!(nobody.status(), StatusCode::UNAUTHORIZED);
        }
        // Whom it was booked on: the key's own person, or whom its front end named; never whom somebody else named.
        let by_person = calls_by_person(&server).await;
        let all: i64 = by_person.values().sum();
        assert_eq!(all, answered, "{by_person:?}");
        let asks = |path: &str| !path.contains("{profile}") && ["/messages", "/completions", "/api/chat"].iter().any(|end| path.ends_with(end));
        let asking = i64::try_from(routes.iter().filter(|row| asks(&row.path)).count()).unwrap();
        assert_eq!(by_person["citra@prs.example"], asking * 2, "by e-mail and by signature: {by_person:?}");
        let each = i64::try_from(headers.len()).unwrap();
        assert_eq!(by_person["ana@prs.example"], asking * each, "{by_person:?}");
        server.books_balance(&["prs", "iop"]).await;
    }

    async fn an_id_that_came_with_an_e_mail_is_known_afterwards(t: TestDb) {
        let server = TestServer::start(t).await;
        let tenant = server.tenant("prs").await;
        let other = server.tenant("iop").await;
        for email in ["citra@prs.example", "dewi@prs.example"] {
            server.account(email, &[(tenant, Role::Member)]).await;
        }
        server.account("budi@iop.example", &[(other, Role::Member)]).await;
        let made = make_key(&server, tenant, WantedKey { is_trusted_front_end: true, ..WantedKey::default() }).await;
        let key = &made.text;
        let archestra = ("x-archestra-user-id", "a-17");
        let (status, words) = ask(&server, key, &[archestra]).await;
        assert_eq!(status, StatusCode::FORBIDDEN);
        assert!(words.contains("together with the person's e-mail"), "{words}");
        // With somebody else's tenant's person it is not bound.
        assert_eq!(ask(&server, key, &[archestra, ("x-openwebui-user-email", "budi@iop.example")]).await.0, StatusCode::FORBIDDEN);
        assert_eq!(ask(&server, key, &[archestra]).await.0, StatusCode::FORBIDDEN);
        assert_eq!(ask(&server, key, &[archestra, ("x-openwebui-user-email", " Citra@prs.EXAMPLE")]).await.0, StatusCode::OK);
        server.state.api_keys.front_ends.forget();
        assert_eq!(ask(&server, key, &[archestra]).await.0, StatusCode::OK, "by the id alone");
        let (status, words) = ask(&server, key, &[archestra, ("x-openwebui-user-email", "dewi@prs.example")]).await;
        assert_eq!(status, StatusCode::FORBIDDEN);
        assert!(words.contains("unbind"), "{words}");
        // Two ids that mean two people.
        assert_eq!(ask(&server, key, &[("x-openwebui-user-id", "o-1"), ("x-openwebui-user-email", "dewi@prs.example")]).await.0, StatusCode::OK);
        assert_eq!(ask(&server, key, &[("x-openwebui-user-id", "o-1"), archestra]).await.0, StatusCode::FORBIDDEN);
        // Twice the same header, an e-mail that is none.
        assert_eq!(ask(&server, key, &[archestra, ("x-archestra-user-id", "a-18")]).await.0, StatusCode::FORBIDDEN);
        assert_eq!(ask(&server, key, &[("x-openwebui-user-email", "not an address")]).await.0, StatusCode::FORBIDDEN);
        // Another key knows nothing of it, and rotation forgets nothing.
        let second = make_key(&server, tenant, WantedKey { is_trusted_front_end: true, ..WantedKey::default() }).await;
        assert_eq!(ask(&server, &second.text, &[archestra]).await.0, StatusCode::FORBIDDEN);
        let printed = key_command(&server, &["rotate", key.public_id(), "--grace-hours", "1"]).await.unwrap();
        let rotated = KeyText::parse(printed.lines().next().unwrap()).unwrap();
        for text in [&rotated, key] {
            assert_eq!(ask(&server, text, &[archestra]).await.0, StatusCode::OK);
        }
        // An administrator forgets it.
        key_command(&server, &["unbind", rotated.public_id(), "archestra:a-17"]).await.unwrap();
        server.state.api_keys.front_ends.forget();
        assert_eq!(ask(&server, &rotated, &[archestra]).await.0, StatusCode::FORBIDDEN);
        key_command(&server, &["bind", rotated.public_id(), "archestra:a-17", "dewi@prs.example"]).await.unwrap();
        assert_eq!(ask(&server, &rotated, &[archestra]).await.0, StatusCode::OK);
        let by_person = calls_by_person(&server).await;
        assert_eq!((by_person["citra@prs.example"], by_person["dewi@prs.example"]), (4, 2), "{by_person:?}");
        server.books_balance(&["prs"]).await;
    }

    async fn accounts_are_made_where_the_key_says_so(t: TestDb) {
        let server = TestServer::start(t).await;
        let tenant = server.tenant("prs").await;
        let other = server.tenant("iop").await;
        server.account("budi@iop.example", &[(other, Role::Member)]).await;
        let wanted = WantedKey { is_trusted_front_end: true, unknown_person: UnknownPerson::Provision, ..WantedKey::default() };
        let key = make_key(&server, tenant, wanted).await.text;
        let new = [("x-openwebui-user-email", "eka@prs.example"), ("x-openwebui-user-name", "Eka%20Putri"), ("x-openwebui-user-role", "admin"), ("x-openwebui-user-id", "o-5")];
        // At once, and one account all the same.
        let answers = futures::future::join_all((0..5).map(|_| ask(&server, &key, &new))).await;
        assert!(answers.iter().all(|(status, _)| *status == StatusCode::OK), "{answers:?}");
        #[derive(sqlx::FromRow)]
        struct Row { name: String, role: String, password_hash: Option<String>, provisioned: i64 }
        let mut tx = server.db.read_system(SystemReason::Administration).await.unwrap();
        let rows: Vec<Row> = tx.query(
            "SELECT u.name, m.role, u.password_hash, (SELECT COUNT(*) FROM provisioned_people) AS provisioned \
             FROM users u JOIN memberships m ON m.user_id = u.id WHERE u.email = 'eka@prs.example'").all().await.unwrap();
        drop(tx);
        assert_eq!(rows.len(), 1);
        assert_eq!((rows[0].name.as_str(), rows[0].role.as_str(), &rows[0].password_hash, rows[0].provisioned), ("Eka Putri", "member", &None, 1));
        let refused = server.nobody().request(Method::POST, "/login").form(&[("email", "eka@prs.example"), ("password", "")]).send().await.unwrap();
        assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
        // Who is somewhere else, or was taken out, is not let in by a header.
        let (status, words) = ask(&server, &key, &[("x-openwebui-user-email", "budi@iop.example")]).await;
        assert_eq!(status, StatusCode::FORBIDDEN);
        assert!(words.contains("an administrator has to add them"), "{words}");
        let mut tx = server.db.begin_system(SystemReason::Administration).await.unwrap();
        let eka = server::db::user::user_find_by_email(&mut tx, "eka@prs.example").await.unwrap().unwrap().id;
        server::db::membership::membership_delete(&mut tx, tenant, eka).await.unwrap();
        tx.commit(server.world.id(), server.world.now(), "test").await.unwrap();
        server.state.api_keys.front_ends.forget();
        assert_eq!(ask(&server, &key, &new).await.0, StatusCode::FORBIDDEN);
        server.books_balance(&["prs"]).await;
    }

    async fn a_key_with_a_secret_takes_signed_people_only(t: TestDb) {
        let server = TestServer::start(t).await;
        let tenant = server.tenant("prs").await;
        server.account("citra@prs.example", &[(tenant, Role::Member)]).await;
        let made = make_key(&server, tenant, WantedKey { is_trusted_front_end: true, ..WantedKey::default() }).await;
        let email = ("x-openwebui-user-email", "citra@prs.example");
        let token = signed(&server, "citra@prs.example", "o-1");
        let (status, words) = ask(&server, &made.text, &[("x-openwebui-user-jwt", &token)]).await;
        assert_eq!(status, StatusCode::FORBIDDEN);
        assert!(words.contains("--jwt-secret-file"), "{words}");
        let file = tempfile::NamedTempFile::new().unwrap();
        let path = file.path().to_str().unwrap();
        std::fs::write(path, "short\n").unwrap();
        let id = made.text.public_id();
        let refused = key_command(&server, &["set", id, "--jwt-secret-file", path]).await.unwrap_err();
        assert!(refused.contains("32 bytes"), "{refused}");
        std::fs::write(path, [SECRET.as_slice(), b"\r\n"].concat()).unwrap();
        key_command(&server, &["set", id, "--jwt-secret-file", path]).await.unwrap();
        server.state.api_keys.forget();
        assert_eq!(ask(&server, &made.text, &[email]).await.0, StatusCode::FORBIDDEN, "plain headers are over");
        assert_eq!(ask(&server, &made.text, &[("x-openwebui-user-jwt", &token)]).await.0, StatusCode::OK);
        // The token says who, whatever else is said.
        assert_eq!(ask(&server, &made.text, &[("x-openwebui-user-jwt", &token), ("x-openwebui-user-email", "dewi@prs.example")]).await.0, StatusCode::OK);
        let forged = format!("{}x", &token[..token.len() - 1]);
        assert_eq!(ask(&server, &made.text, &[("x-openwebui-user-jwt", &forged), email]).await.0, StatusCode::FORBIDDEN);
        let listed = key_command(&server, &["list", "prs"]).await.unwrap();
        assert!(listed.contains("names its people (signed)") && !listed.contains("0123456789abcdef"), "{listed}");
        key_command(&server, &["set", id, "--no-jwt-secret"]).await.unwrap();
        server.state.api_keys.forget();
        assert_eq!(ask(&server, &made.text, &[email]).await.0, StatusCode::OK);
        assert_eq!(calls_by_person(&server).await["citra@prs.example"], 3);
        server.books_balance(&["prs"]).await;
    }

    async fn a_key_lives_and_its_limits_with_it(t: TestDb) {
        let server = TestServer::start(t).await;
        let tenant = server.tenant("prs").await;
        server.account("ana@prs.example", &[(tenant, Role::Member)]).await;
        let printed = key_command(&server, &["create", "prs", "--name", "Script", "--user", "ana@prs.example", "--requests-per-minute", "1"]).await.unwrap();
        let key = KeyText::parse(printed.lines().next().unwrap()).unwrap();
        assert_eq!(ask(&server, &key, &[]).await.0, StatusCode::OK);
        assert_eq!(ask(&server, &key, &[]).await.0, StatusCode::TOO_MANY_REQUESTS);
        key_command(&server, &["set", key.public_id(), "--requests-per-minute", "unlimited", "--models", "claude-opus-5"]).await.unwrap();
        server.state.api_keys.forget();
        assert_eq!(ask(&server, &key, &[]).await.0, StatusCode::NOT_FOUND, "another model");
        key_command(&server, &["set", key.public_id(), "--models", "all"]).await.unwrap();
        server.state.api_keys.forget();
        // Rotated twice: the former secrets end one after the other, the key goes on as it is.
        let mut texts = vec![key.clone()];
        for _ in 0..2 {
            let printed = key_command(&server, &["rotate", texts.last().unwrap().public_id(), "--grace-hours", "2"]).await.unwrap();
            texts.push(KeyText::parse(printed.lines().next().unwrap()).unwrap());
        }
        for text in &texts {
            assert_eq!(ask(&server, text, &[]).await.0, StatusCode::OK);
        }
        let again = key_command(&server, &["rotate", key.public_id()]).await.unwrap_err();
        assert!(again.contains("already"), "{again}");
        let listed = key_command(&server, &["list", "prs"]).await.unwrap();
        assert_eq!(listed.lines().count(), 1, "one key: {listed}");
        assert!(key_command(&server, &["revoke", key.public_id()]).await.unwrap().contains("former secret"));
        server.state.api_keys.forget();
        assert_eq!(ask(&server, &key, &[]).await.0, StatusCode::UNAUTHORIZED);
        assert_eq!(ask(&server, &texts[1], &[]).await.0, StatusCode::OK);
        key_command(&server, &["revoke", texts[2].public_id()]).await.unwrap();
        server.state.api_keys.forget();
        for text in &texts {
            assert_eq!(ask(&server, text, &[]).await.0, StatusCode::UNAUTHORIZED, "its former secrets, too");
        }
        for wrong in [
            &["set", "nosuch", "--name", "x"][..],
            &["set", key.public_id(), "--unknown", "provision"],
            &["set", key.public_id(), "--scopes", "admin"],
            &["set", key.public_id(), "--requests-per-minute", "0"],
            &["create", "prs", "--name", "x", "--admin", "--user", "ana@prs.example"],
            &["create", "prs", "--name", "x", "--unknown", "provision"],
            &["bind", texts[2].public_id(), "nonsense", "ana@prs.example"],
        ] {
            assert!(key_command(&server, wrong).await.is_err(), "{wrong:?}");
        }
        server.books_balance(&["prs"]).await;
    }
}
