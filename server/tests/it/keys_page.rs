//! The page of keys: a key is shown once, to who proved a moment ago who they are; everybody sees what is theirs.

use app::model::Role;
use reqwest::{Method, StatusCode, header};
use server::identity::api_keys::{KeyText, WantedKey};

use crate::support::{
    db::db_test,
    keys::{hello, make_key, settled, with_key},
    server::{Browser, PASSWORD, TestServer, http_client},
};

/// What a page shows, with its status.
async fn open(browser: &Browser, path: &str) -> (StatusCode, String) {
    let response = browser.get(path).await;
    (response.status(), response.text().await.unwrap())
}

/// The value of the form's hidden id.
fn form_id(html: &str) -> String {
    let after = html.split("name=\"key\" value=\"").nth(1).unwrap_or_else(|| panic!("no form in {html}"));
    after.split('"').next().unwrap().to_owned()
}

async fn send(browser: &Browser, path: &str, fields: &[(&str, &str)]) -> (StatusCode, header::HeaderMap, String) {
    let response = browser.request(Method::POST, path).form(fields).send().await.unwrap();
    (response.status(), response.headers().clone(), response.text().await.unwrap())
}

/// The key on a page that shows one.
fn shown(html: &str) -> KeyText {
    let at = html.find("<code>stw_").unwrap_or_else(|| panic!("no key in {html}")) + "<code>".len();
    KeyText::parse(html[at..].split('<').next().unwrap()).unwrap()
}

/// The address of what can be done about the first key of a page.
fn action(html: &str, what: &str) -> String {
    let end = html.find(&format!("/{what}\"")).unwrap_or_else(|| panic!("no {what} in {html}"));
    let start = html[..end].rfind('"').unwrap() + 1;
    format!("{}/{what}", &html[start..end])
}

db_test! {
    async fn a_key_is_shown_once_and_works(t: TestDb) {
        let server = TestServer::start(t).await;
        let tenant = server.tenant("prs").await;
        let ana = server.person("ana@prs.example", &[(tenant, Role::Member)]).await;
        let way = ana.get("/settings/keys").await;
        assert_eq!((way.status(), way.headers()["location"].to_str().unwrap()), (StatusCode::SEE_OTHER, "/t/prs/keys"));
        let (status, html) = open(&ana, "/t/prs/keys").await;
        assert_eq!(status, StatusCode::OK);
        assert!(html.contains("There are none yet") && !html.contains("type=\"password\"") && !html.contains("Whose key?"), "{html}");
        let id = form_id(&html);
        let fields = [("key", id.as_str()), ("name", "Laptop <b>"), ("days", "30"), ("requests", "5"), ("tokens", "")];
        let (status, headers, html) = send(&ana, "/t/prs/keys", &fields).await;
        assert_eq!(status, StatusCode::OK, "{html}");
        assert_eq!(headers["cache-control"], "no-store");
        assert!(headers["content-security-policy"].to_str().unwrap().contains("'nonce-"));
        assert!(html.contains("Laptop &lt;b&gt;") && html.contains("/v1\nexport OPENAI_API_KEY=stw_"), "{html}");
        let key = shown(&html);
        let asked = with_key(&server, Method::POST, "/v1/messages", &key).json(&hello()).send().await.unwrap();
        assert_eq!((asked.status(), asked.headers()["anthropic-ratelimit-requests-limit"].to_str().unwrap()), (StatusCode::OK, "5"));
        asked.text().await.unwrap();
        // Sent again, as a reload does: no second key, and no look at the first.
        let (status, headers, _) = send(&ana, "/t/prs/keys", &fields).await;
        assert_eq!((status, headers["location"].to_str().unwrap()), (StatusCode::SEE_OTHER, "/t/prs/keys?notice=made"));
        let (_, html) = open(&ana, "/t/prs/keys?notice=made").await;
        assert!(html.contains("A key is shown once") && html.contains(key.public_id()) && html.contains("5 requests a minute"), "{html}");
        assert!(!html.contains(&key.reveal()), "never again");
        assert_eq!(html.matches("key-actions").count(), 1, "one key");
        // A new secret: the old one ends now.
        let (status, _, html) = send(&ana, &action(&html, "rotate"), &[("grace_hours", "0")]).await;
        assert_eq!(status, StatusCode::OK, "{html}");
        let rotated = shown(&html);
        let status = async |key: &KeyText| with_key(&server, Method::GET, "/v1/models", key).send().await.unwrap().status();
        assert_eq!((status(&key).await, status(&rotated).await), (StatusCode::UNAUTHORIZED, StatusCode::OK));
        let (_, html) = open(&ana, "/t/prs/keys").await;
        let (answer, headers, _) = send(&ana, &action(&html, "revoke"), &[]).await;
        assert_eq!((answer, headers["location"].to_str().unwrap()), (StatusCode::SEE_OTHER, "/t/prs/keys?notice=revoked"));
        assert_eq!(status(&rotated).await, StatusCode::UNAUTHORIZED);
        let (_, html) = open(&ana, "/t/prs/keys").await;
        assert!(html.contains("Revoked") && !html.contains("key-actions"), "{html}");
        settled(&server).await;
        server.books_balance(&["prs"]).await;
    }

    async fn who_signed_in_long_ago_gives_the_password_again(t: TestDb) {
        let clock = t.clock.clone();
        let server = TestServer::start(t).await;
        let tenant = server.tenant("prs").await;
        let ana = server.person("ana@prs.example", &[(tenant, Role::Member)]).await;
        clock.advance_ms(5 * 60_000 + 1);
        let (_, html) = open(&ana, "/t/prs/keys").await;
        assert!(html.contains("type=\"password\""), "{html}");
        let id = form_id(&html);
        let with = |password: &'static str| [("key", id.clone()), ("name", "Laptop".into()), ("days", "90".into()), ("password", password.to_owned())];
        for wrong in ["", "wrong wrong wrong"] {
            let fields = with(wrong);
            let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let (status, _, html) = send(&ana, "/t/prs/keys", &fields).await;
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
            assert!(html.contains("This is not your password") && html.contains("value=\"Laptop\"") && !html.contains("<code>stw_A"), "{html}");
        }
        let fields = with(PASSWORD);
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let (status, _, html) = send(&ana, "/t/prs/keys", &fields).await;
        assert_eq!(status, StatusCode::OK, "{html}");
        // A new secret asks as well; ending one does not.
        let (_, html) = open(&ana, "/t/prs/keys").await;
        let (status, _, refused) = send(&ana, &action(&html, "rotate"), &[("grace_hours", "0")]).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{refused}");
        assert_eq!(send(&ana, &action(&html, "revoke"), &[]).await.0, StatusCode::SEE_OTHER);
    }

    async fn everybody_sees_what_is_theirs(t: TestDb) {
        let server = TestServer::start(t).await;
        let tenant = server.tenant("prs").await;
        let other = server.tenant("iop").await;
        let ana = server.person("ana@prs.example", &[(tenant, Role::Admin), (other, Role::Member)]).await;
        let budi = server.person("budi@prs.example", &[(tenant, Role::Member)]).await;
        let stranger = server.person("citra@iop.example", &[(other, Role::Admin)]).await;
        let service = make_key(&server, tenant, WantedKey { name: "Nightly".into(), is_trusted_front_end: true, ..WantedKey::default() }).await;
        let (_, html) = open(&budi, "/t/prs/keys").await;
        assert!(!html.contains("Nightly") && !html.contains("Keys of services"), "{html}");
        let (_, html) = open(&ana, "/t/prs/keys").await;
        assert!(html.contains("Nightly") && html.contains("Names its people") && html.contains("Whose key?"), "{html}");
        // In several tenants one is chosen.
        let (_, html) = open(&ana, "/settings/keys").await;
        assert!(html.contains("/t/prs/keys") && html.contains("/t/iop/keys"), "{html}");
        // A member makes no service's key; an administrator does.
        let as_service = async |browser: &Browser| {
            let id = form_id(&open(browser, "/t/prs/keys").await.1);
            send(browser, "/t/prs/keys", &[("key", &id), ("name", "Robot"), ("days", "never"), ("whose", "service")]).await.0
        };
        assert_eq!(as_service(&budi).await, StatusCode::FORBIDDEN);
        assert_eq!(as_service(&ana).await, StatusCode::OK);
        // Other people's keys are not there.
        let id = form_id(&open(&ana, "/t/prs/keys").await.1);
        send(&ana, "/t/prs/keys", &[("key", &id), ("name", "Ana's own"), ("days", "90")]).await;
        for key in [service.id.to_string(), id.clone()] {
            for what in ["revoke", "rotate"] {
                for browser in [&budi, &stranger] {
                    let (status, _, body) = send(browser, &format!("/t/prs/keys/{key}/{what}"), &[("grace_hours", "0")]).await;
                    assert_eq!(status, StatusCode::NOT_FOUND, "{body}");
                }
                let (status, _, _) = send(&stranger, &format!("/t/iop/keys/{key}/{what}"), &[("grace_hours", "0")]).await;
                assert_eq!(status, StatusCode::NOT_FOUND);
            }
        }
        // From another site nothing is made.
        let forged = ana.request(Method::POST, "/t/prs/keys").form(&[("key", id.as_str()), ("name", "x"), ("days", "90")]);
        let mut forged = forged.build().unwrap();
        forged.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
        let forged = http_client().execute(forged).await.unwrap();
        assert_eq!(forged.status(), StatusCode::FORBIDDEN);
        for wrong in [("tokens", "none"), ("days", "1"), ("name", "")] {
            let id = form_id(&open(&ana, "/t/prs/keys").await.1);
            let mut fields = vec![("key", id.as_str()), ("name", "x"), ("days", "90")];
            fields.retain(|(name, _)| *name != wrong.0);
            fields.push(wrong);
            let (status, _, html) = send(&ana, "/t/prs/keys", &fields).await;
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong:?}");
            assert!(html.contains("class=\"error\"") && html.contains("aria-invalid") || wrong.0 == "days", "{html}");
        }
    }
}
