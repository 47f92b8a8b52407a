//! Links to shared conversations: who may open them, what they show, and when they stop.

use app::model::{Audience, Role, ShareView};
use reqwest::{Method, Response, StatusCode, header};
use serde_json::{Value, json};
use server::{
    conversations::share::MAX_SHARES,
    db::{SystemReason, share::tenant_allow_public_links},
};
use upstream::Script;
use uuid::Uuid;

use crate::support::{
    db::db_test,
    events::Events,
    server::{Browser, TestServer},
};

const QUESTION: &str = "CANARY-QUESTION with <script>alert(1)</script>";
const ANSWER: &str = "CANARY-ANSWER **bold** [x](javascript:alert(1))\n\n```rust\nfn main() {}\n```";

/// A conversation of one question and its answer; (conversation, answer).
async fn asked(server: &TestServer, browser: &Browser, files: &[&str]) -> (String, String) {
    if let Some(upstream) = &server.upstream {
        upstream.enqueue(Script::text(ANSWER));
    }
    let key = server.world.id::<Uuid>().to_string();
    let mut fields =
        vec![("tenant".to_owned(), "prs".to_owned()), ("text".into(), QUESTION.into()), ("key".into(), key)];
    for (place, file) in files.iter().enumerate() {
        fields.push((format!("attachments[{place}]"), (*file).to_owned()));
    }
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let (status, started) = browser.post_form("turns/start", &fields).await;
    assert_eq!(status, StatusCode::OK, "{started}");
    let word = |name: &str| started[name].as_str().unwrap().to_owned();
    let events = browser.get(&format!("/t/prs/turns/{}/events", word("turn"))).await;
    Events::of(events).rest().await;
    (word("conversation"), word("assistant_message"))
}

async fn share(browser: &Browser, (id, leaf): (&str, &str), audience: Audience) -> (StatusCode, Value) {
    browser.call("shares/create", json!({"tenant": "prs", "id": id, "leaf": leaf, "audience": audience})).await
}

async fn shared(browser: &Browser, place: (&str, &str), audience: Audience) -> ShareView {
    let (status, made) = share(browser, place, audience).await;
    assert_eq!(status, StatusCode::OK, "{made}");
    serde_json::from_value(made).unwrap()
}

async fn allow_public(server: &TestServer, tenant: app::model::TenantId, allowed: bool) {
    let mut tx = server.db.begin_system(SystemReason::Administration).await.unwrap();
    tenant_allow_public_links(&mut tx, tenant, allowed).await.unwrap();
    tx.commit(server.world.id(), server.world.now(), "test").await.unwrap();
}

async fn status(browser: &Browser, path: &str) -> StatusCode {
    browser.get(path).await.status()
}

fn header_of<'r>(response: &'r Response, name: &str) -> &'r str {
    response.headers().get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
}

db_test! {
    async fn members_read_a_copy_as_it_was(t: TestDb) {
        let server = TestServer::start(t).await;
        let (ours, theirs) = (server.tenant("prs").await, server.tenant("iop").await);
        let ana = server.person("ana@prs.example", &[(ours, Role::Member)]).await;
        let budi = server.person("budi@prs.example", &[(ours, Role::Member)]).await;
        let stranger = server.person("citra@iop.example", &[(theirs, Role::Admin)]).await;
        let (id, leaf) = asked(&server, &ana, &[]).await;
        let link = shared(&ana, (&id, &leaf), Audience::Tenant).await;
        assert!(link.path.starts_with("/t/prs/s/") && link.path.len() == "/t/prs/s/".len() + 22, "{}", link.path);

        let response = budi.get(&link.path).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(header_of(&response, "referrer-policy"), "no-referrer");
        assert_eq!(header_of(&response, "cache-control"), "no-store");
        assert!(header_of(&response, "x-robots-tag").contains("noindex"));
        assert!(!header_of(&response, "content-security-policy").contains("script-src"));
        let page = response.text().await.unwrap();
        for part in ["CANARY-ANSWER <strong>bold</strong>", "&lt;script&gt;alert(1)", "hl-keyword", "Shared by Name"] {
            assert!(page.contains(part), "{part} is missing: {page}");
        }
        for part in ["<script", "href=\"javascript:", "style=", "<!>", "ana@prs.example"] {
            assert!(!page.contains(part), "{part} in {page}");
        }
        let words = budi.request(Method::GET, &link.path).header(header::ACCEPT_LANGUAGE, "id");
        assert!(words.send().await.unwrap().text().await.unwrap().contains("Dibagikan oleh Name"));

        // Others: as an unknown link.
        let secret = link.path.rsplit('/').next().unwrap();
        assert_eq!(server.nobody().get(&link.path).await.status(), StatusCode::SEE_OTHER);
        for path in [link.path.clone(), format!("/t/iop/s/{secret}"), format!("/s/{secret}"), format!("/t/prs/s/{}", "A".repeat(22))] {
            assert_eq!(status(&stranger, &path).await, StatusCode::NOT_FOUND, "{path}");
        }
        assert_eq!(status(&budi, &format!("/s/{secret}")).await, StatusCode::NOT_FOUND, "members' links have one address");

        // Listed again with the same address, by its person only.
        let of = json!({"tenant": "prs", "id": id});
        let (_, listed) = ana.call("shares/list", of.clone()).await;
        assert_eq!(serde_json::from_value::<Vec<ShareView>>(listed).unwrap(), std::slice::from_ref(&link));
        assert_eq!(budi.call("shares/list", of).await.0, StatusCode::NOT_FOUND);
        let revoke = json!({"tenant": "prs", "share": link.id});
        assert_eq!(budi.call("shares/revoke", revoke.clone()).await.0, StatusCode::NOT_FOUND);
        assert_eq!(ana.call("shares/revoke", revoke.clone()).await.0, StatusCode::OK);
        assert_eq!(status(&budi, &link.path).await, StatusCode::NOT_FOUND);
        assert_eq!(ana.call("shares/revoke", revoke).await.0, StatusCode::NOT_FOUND);
        server.books_balance(&["prs"]).await;
    }

    async fn a_link_lives_as_long_as_its_conversation(t: TestDb) {
        let server = TestServer::start(t).await;
        let ours = server.tenant("prs").await;
        let ana = server.person("ana@prs.example", &[(ours, Role::Member)]).await;
        let (id, leaf) = asked(&server, &ana, &[]).await;
        let link = shared(&ana, (&id, &leaf), Audience::Tenant).await;
        // What is written or renamed later is not in the copy.
        let renamed = [("tenant", "prs"), ("id", id.as_str()), ("title", "LATER TITLE")];
        assert_eq!(ana.post_form("conversations/rename", &renamed).await.0, StatusCode::OK);
        assert!(!ana.get(&link.path).await.text().await.unwrap().contains("LATER"));
        let place = [("tenant", "prs"), ("id", id.as_str())];
        assert_eq!(ana.post_form("conversations/delete", &place).await.0, StatusCode::OK);
        assert_eq!(status(&ana, &link.path).await, StatusCode::NOT_FOUND, "dead at once");
        assert_eq!(ana.post_form("conversations/restore", &place).await.0, StatusCode::OK);
        assert_eq!(status(&ana, &link.path).await, StatusCode::OK, "and alive again");
        for _ in 1..MAX_SHARES {
            shared(&ana, (&id, &leaf), Audience::Tenant).await;
        }
        let (refused, why) = share(&ana, (&id, &leaf), Audience::Tenant).await;
        assert_eq!(refused, StatusCode::CONFLICT, "{why}");
        let unknown = server.world.id::<Uuid>().to_string();
        assert_eq!(share(&ana, (&id, &unknown), Audience::Tenant).await.0, StatusCode::NOT_FOUND);
        assert_eq!(share(&ana, (&unknown, &leaf), Audience::Tenant).await.0, StatusCode::NOT_FOUND);
    }

    async fn public_links_need_the_tenants_leave_and_name_nobody(t: TestDb) {
        let server = TestServer::start(t).await;
        let ours = server.tenant("prs").await;
        let ana = server.person("ana@prs.example", &[(ours, Role::Member)]).await;
        let (id, leaf) = asked(&server, &ana, &[]).await;
        assert_eq!(share(&ana, (&id, &leaf), Audience::Public).await.0, StatusCode::CONFLICT);
        allow_public(&server, ours, true).await;
        let (_, home) = ana.call("tenant/home", json!({"tenant": "prs"})).await;
        assert_eq!(home["tenant"]["allows_public_links"], true);
        let link = shared(&ana, (&id, &leaf), Audience::Public).await;
        assert!(link.path.starts_with("/s/"), "{}", link.path);

        let response = server.nobody().get(&link.path).await;
        assert_eq!((response.status(), header_of(&response, "cache-control")), (StatusCode::OK, "no-store"));
        let page = response.text().await.unwrap();
        assert!(page.contains("CANARY-ANSWER") && page.contains("a member of CANARY-prs-NAME"), "{page}");
        assert!(!page.contains("Name of") && !page.contains("ana@"), "{page}");
        assert_eq!(status(&ana, &link.path.replace("/s/", "/t/prs/s/")).await, StatusCode::NOT_FOUND);
        allow_public(&server, ours, false).await;
        assert_eq!(status(&server.nobody(), &link.path).await, StatusCode::NOT_FOUND, "the tenant changed its mind");
        for nonsense in ["/s/", "/s/x", "/s/%00", "/s/AAAAAAAAAAAAAAAAAAAAAA"] {
            assert_eq!(status(&server.nobody(), nonsense).await, StatusCode::NOT_FOUND, "{nonsense}");
        }
    }

    async fn pictures_are_shown_under_the_link_only(t: TestDb) {
        let server = TestServer::start(t).await;
        let ours = server.tenant("prs").await;
        let ana = server.person("ana@prs.example", &[(ours, Role::Member)]).await;
        let budi = server.person("budi@prs.example", &[(ours, Role::Member)]).await;
        let upload = async |name: &str, bytes: Vec<u8>| {
            let request = ana.request(Method::POST, &format!("/t/prs/attachments?name={name}")).body(bytes);
            let view: Value = request.send().await.unwrap().json().await.unwrap();
            view["id"].as_str().unwrap_or_else(|| panic!("{view}")).to_owned()
        };
        let mut png = std::io::Cursor::new(Vec::new());
        let image = image::DynamicImage::from(image::RgbImage::from_pixel(8, 8, image::Rgb([1, 2, 3])));
        image.write_to(&mut png, image::ImageFormat::Png).unwrap();
        let shown = upload("shown.png", png.into_inner()).await;
        let note = upload("note.txt", b"PRIVATE NOTE".to_vec()).await;
        let (id, leaf) = asked(&server, &ana, &[&shown, &note]).await;
        let link = shared(&ana, (&id, &leaf), Audience::Tenant).await;
        let page = budi.get(&link.path).await.text().await.unwrap();
        assert!(page.contains(&format!("src=\"{}/a/{shown}\"", link.path)) && page.contains("note.txt"), "{page}");
        let picture = budi.get(&format!("{}/a/{shown}", link.path)).await;
        assert_eq!((picture.status(), header_of(&picture, "content-type")), (StatusCode::OK, "image/png"));
        assert_eq!(status(&budi, &format!("/t/prs/attachments/{shown}")).await, StatusCode::NOT_FOUND, "not by itself");
        for other in [note.as_str(), &server.world.id::<Uuid>().to_string(), "x"] {
            assert_eq!(status(&budi, &format!("{}/a/{other}", link.path)).await, StatusCode::NOT_FOUND, "{other}");
        }
        assert_eq!(ana.call("shares/revoke", json!({"tenant": "prs", "share": link.id})).await.0, StatusCode::OK);
        assert_eq!(status(&budi, &format!("{}/a/{shown}", link.path)).await, StatusCode::NOT_FOUND);
    }
}
