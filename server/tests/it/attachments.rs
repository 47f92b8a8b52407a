//! Files of messages: sent, refused in words, given out safely, shown to models, paid for, and removed in time.

use std::io::Cursor;

use app::model::{AttachmentKind, AttachmentView, Role};
use image::{DynamicImage, ImageFormat, RgbImage};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use server::{
    attachments::{Attachments, Gathering, Limits, Store, UNSENT_MS, chosen, parts},
    conversations::UNDO_MS,
    error::Error,
    models::{Catalogue, Content, Model},
};
use upstream::Script;
use uuid::Uuid;

use crate::support::{
    db::db_test,
    events::{Events, text_of},
    server::{Browser, TestServer},
};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let image = DynamicImage::from(RgbImage::from_pixel(width, height, image::Rgb([200, 30, 30])));
    image.write_to(&mut bytes, ImageFormat::Png).expect("a PNG");
    bytes.into_inner()
}

async fn post(browser: &Browser, tenant: &str, name: &str, bytes: &[u8]) -> Response {
    let name: String = name.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let request = browser.request(Method::POST, &format!("/t/{tenant}/attachments?name={name}"));
    request.body(bytes.to_vec()).send().await.expect("an answer")
}

async fn sent(browser: &Browser, name: &str, bytes: &[u8]) -> AttachmentView {
    let response = post(browser, "prs", name, bytes).await;
    let (status, text) = (response.status(), response.text().await.unwrap());
    assert_eq!(status, StatusCode::CREATED, "{name}: {text}");
    serde_json::from_str(&text).unwrap()
}

async fn refusal(browser: &Browser, name: &str, bytes: &[u8]) -> (StatusCode, String) {
    let response = post(browser, "prs", name, bytes).await;
    let status = response.status();
    let answer: Value = response.json().await.expect("JSON");
    (status, answer["message"].as_str().unwrap_or_default().to_owned())
}

/// Sends a message with files as the page does; (conversation, turn, answer's message id).
async fn ask(
    server: &TestServer,
    browser: &Browser,
    text: &str,
    files: &[&AttachmentView],
    place: Option<(&str, &str)>,
) -> (StatusCode, Value) {
    let key = server.world.id::<Uuid>().to_string();
    let mut fields = vec![("tenant".to_owned(), "prs".to_owned()), ("text".into(), text.into()), ("key".into(), key)];
    if let Some((conversation, parent)) = place {
        fields.extend([("conversation".into(), conversation.into()), ("parent".into(), parent.into())]);
    }
    for (index, file) in files.iter().enumerate() {
        fields.push((format!("attachments[{index}]"), file.id.to_string()));
    }
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    browser.post_form("turns/start", &fields).await
}

async fn answered(browser: &Browser, started: &Value) -> String {
    let turn = started["turn"].as_str().unwrap_or_else(|| panic!("{started}"));
    text_of(&Events::of(browser.get(&format!("/t/prs/turns/{turn}/events")).await).rest().await)
}

async fn ana(server: &TestServer) -> Browser {
    let tenant = server.tenant("prs").await;
    server.person("ana@prs.example", &[(tenant, Role::Member)]).await
}

fn file_path(file: &AttachmentView) -> String {
    format!("/t/prs/attachments/{}", file.id)
}

/// A folder for files, gone with the test.
fn folder() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().to_str().expect("text").to_owned();
    (folder, path)
}

fn files_below(folder: &std::path::Path) -> usize {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.map(|path| if path.is_dir() { files_below(&path) } else { 1 }).sum()
}

db_test! {
    async fn a_file_is_kept_and_given_out_safely_from_either_store(t: TestDb) {
        let (files, path) = folder();
        let server = TestServer::start_with(t, &["--attachments-dir", &path], false).await;
        let ana = ana(&server).await;
        let image = sent(&ana, "../Photo \u{202E}1.PNG", &png(30, 20)).await;
        assert_eq!((image.name.as_str(), image.kind), ("Photo 1.PNG", AttachmentKind::Image { width: 30, height: 20 }));
        assert_eq!(image.max_tokens, 2, "two patches");
        let text = sent(&ana, "Überblick.txt", "für dich <script>".as_bytes()).await;
        assert_eq!(files_below(files.path()), 2);
        let again = sent(&ana, "Photo 1.PNG", &png(30, 20)).await;
        assert_eq!((again.id, files_below(files.path())), (image.id, 2), "the same file is stored once");

        let response = ana.get(&file_path(&image)).await;
        let value = |response: &Response, name: &str| response.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(value(&response, "content-type"), "image/png");
        assert!(value(&response, "content-disposition").starts_with("inline; "), "we drew it");
        assert_eq!(value(&response, "cache-control"), "private, max-age=604800, immutable");
        assert!(response.bytes().await.unwrap().starts_with(b"\x89PNG"));
        let response = ana.get(&file_path(&text)).await;
        assert_eq!(value(&response, "content-type"), "text/plain; charset=utf-8");
        assert_eq!(
            value(&response, "content-disposition"),
            "attachment; filename=\"_berblick.txt\"; filename*=UTF-8''%C3%9Cberblick.txt"
        );
        assert_eq!(value(&response, "x-content-type-options"), "nosniff");
        assert_eq!(value(&response, "content-security-policy"), "sandbox; default-src 'none'");
        assert_eq!(value(&response, "cross-origin-resource-policy"), "same-origin");
        assert_eq!(response.text().await.unwrap(), "für dich <script>");

        let delete = ana.request(Method::DELETE, &file_path(&text)).send().await.unwrap();
        assert_eq!(delete.status(), StatusCode::NO_CONTENT);
        assert_eq!((files_below(files.path()), ana.get(&file_path(&text)).await.status()), (1, StatusCode::NOT_FOUND));
    }

    async fn bad_files_are_refused_in_words(t: TestDb) {
        let arguments = ["--attachment-text-mb", "1", "--attachment-image-mb", "1", "--attachments-tenant-mb", "1"];
        let server = TestServer::start_with(t, &arguments, false).await;
        let ana = ana(&server).await;
        let mut bomb = png(1, 1);
        bomb[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
        let big_text = vec![b'a'; 1024 * 1024 + 1];
        let big_image = [png(1, 1), vec![0; 1024 * 1024]].concat();
        let endless = vec![b'%'; 30 * 1024 * 1024];
        let cases: [(&str, &str, &[u8], StatusCode, &str); 9] = [
            ("nothing", "a.txt", b"", StatusCode::UNPROCESSABLE_ENTITY, "empty"),
            ("a lie", "photo.png", b"just text", StatusCode::UNPROCESSABLE_ENTITY, "says that this is an image"),
            ("an archive", "a.docx", b"PK\x03\x04", StatusCode::UNSUPPORTED_MEDIA_TYPE, "archive"),
            ("a drawing", "a.svg", b"<svg onload='alert(1)'/>", StatusCode::UNSUPPORTED_MEDIA_TYPE, "SVG"),
            ("a bomb", "a.png", &bomb, StatusCode::UNPROCESSABLE_ENTITY, "image"),
            ("cut short", "a.png", &png(99, 99)[..60], StatusCode::UNPROCESSABLE_ENTITY, "damaged"),
            ("a long text", "a.txt", &big_text, StatusCode::PAYLOAD_TOO_LARGE, "1048576 bytes at most"),
            ("a large image", "a.png", &big_image, StatusCode::PAYLOAD_TOO_LARGE, "1048576 bytes at most"),
            ("far too much", "a", &endless, StatusCode::PAYLOAD_TOO_LARGE, "1048576 bytes at most"),
        ];
        for (what, name, bytes, status, words) in cases {
            let (answered, message) = refusal(&ana, name, bytes).await;
            assert_eq!(answered, status, "{what}: {message}");
            assert!(message.contains(words), "{what}: {message}");
        }
        // The quota, to the byte.
        sent(&ana, "a.txt", &vec![b'a'; 1024 * 1024 - 10]).await;
        let (status, message) = refusal(&ana, "b.txt", b"eleven more").await;
        assert_eq!(status, StatusCode::TOO_MANY_REQUESTS, "{message}");
        assert!(message.contains("CANARY-prs-NAME may keep 1 MB"), "{message}");
        let last = sent(&ana, "c.txt", b"ten bytes.").await;
        ana.request(Method::DELETE, &file_path(&last)).send().await.unwrap();
        sent(&ana, "d.txt", b"again ten.").await;
    }

    async fn a_file_is_its_persons_own(t: TestDb) {
        let server = TestServer::start_with_demo_model(t).await;
        let (prs, iop) = (server.tenant("prs").await, server.tenant("iop").await);
        let ana = server.person("ana@both.example", &[(prs, Role::Admin), (iop, Role::Member)]).await;
        let colleague = server.person("budi@prs.example", &[(prs, Role::Admin)]).await;
        let stranger = server.person("citra@iop.example", &[(iop, Role::Admin)]).await;
        let file = sent(&ana, "secret.txt", b"CANARY of Ana").await;
        let unknown = format!("/t/prs/attachments/{}", server.world.id::<Uuid>());
        for (who, browser, path) in [
            ("a colleague", &colleague, file_path(&file)),
            ("a stranger", &stranger, file_path(&file)),
            ("herself elsewhere", &ana, format!("/t/iop/attachments/{}", file.id)),
            ("no id", &ana, "/t/prs/attachments/nonsense".to_owned()),
            ("a path", &ana, "/t/prs/attachments/..%2F..%2Fetc%2Fpasswd".to_owned()),
        ] {
            for method in [Method::GET, Method::DELETE] {
                let answer = browser.request(method.clone(), &path).send().await.unwrap();
                let expected = browser.request(method.clone(), &unknown).send().await.unwrap();
                assert_eq!((answer.status(), expected.status()), (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND), "{who}");
                assert_eq!(answer.text().await.unwrap(), expected.text().await.unwrap(), "{who}: an oracle");
            }
        }
        assert_eq!(server.nobody().get(&file_path(&file)).await.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(post(&stranger, "prs", "a.txt", b"text").await.status(), StatusCode::NOT_FOUND);
        assert_eq!(post(&server.nobody(), "prs", "a.txt", b"text").await.status(), StatusCode::UNAUTHORIZED);
        let foreign = server.nobody().request(Method::POST, "/t/prs/attachments").header("sec-fetch-site", "cross-site");
        assert!(foreign.body("text").send().await.unwrap().status().is_client_error());

        // Nor can it be sent along.
        let (status, answer) = ask(&server, &colleague, "What is in it?", &[&file], None).await;
        assert_eq!((status, answer["field"].as_str()), (StatusCode::UNPROCESSABLE_ENTITY, Some("attachments")), "{answer}");
        let (status, _) = ask(&server, &ana, "What is in it?", &[&file, &file], None).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "twice");
        let many = vec![&file; 11];
        let (status, answer) = ask(&server, &ana, "What is in it?", &many, None).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{answer}");
        assert_eq!(ana.get(&file_path(&file)).await.text().await.unwrap(), "CANARY of Ana");
    }

    async fn models_get_files_now_and_in_later_questions_and_the_hold_covers_them(t: TestDb) {
        let server = TestServer::start_with(t, &[], true).await;
        let ana = ana(&server).await;
        let upstream = server.upstream.as_ref().unwrap();
        let image = sent(&ana, "plant.png", &png(1_400, 900)).await;
        let table = sent(&ana, "march.csv", b"day;kWh\n1;10\n2;```\n").await;
        upstream.enqueue(Script::text("A plant and a table."));

        let (status, started) = ask(&server, &ana, "What is this?", &[&image, &table], None).await;

        assert_eq!(status, StatusCode::OK, "{started}");
        assert_eq!(answered(&ana, &started).await, "A plant and a table.");
        let first = upstream.requests().into_iter().map(|request| request.body).find(has_tools).unwrap();
        let blocks = first["messages"][0]["content"].as_array().unwrap().clone();
        assert_eq!((blocks[0]["type"].as_str(), blocks[0]["source"]["media_type"].as_str()), (Some("image"), Some("image/png")));
        let document = blocks[1]["text"].as_str().unwrap();
        assert!(document.contains("march.csv\" (CSV)") && document.ends_with("\n````"), "{document}");
        assert_eq!(blocks[2]["text"], "What is this?");
        // The view has the files; the answer's view does not.
        let conversation = started["conversation"].as_str().unwrap();
        let (_, view) = ana.call("conversations/open", json!({"tenant": "prs", "id": conversation, "leaf": null})).await;
        let parts = view["messages"][0]["parts"].as_array().unwrap();
        assert_eq!(parts.len(), 3, "{parts:?}");
        assert_eq!(parts[0]["file"]["id"], image.id.to_string());

        // A file that was sent stays; the next question has it again.
        let kept = ana.request(Method::DELETE, &file_path(&image)).send().await.unwrap();
        assert_eq!(kept.status(), StatusCode::CONFLICT);
        let parent = started["assistant_message"].as_str().unwrap();
        let before = upstream.requests().len();
        let (_, started) = ask(&server, &ana, "And now?", &[], Some((conversation, parent))).await;
        answered(&ana, &started).await;
        let second = upstream.requests().into_iter().skip(before).map(|request| request.body).find(has_tools).unwrap();
        assert_eq!(second["messages"][0]["content"].as_array().unwrap()[..2], blocks[..2], "the same files again");

        // The books agree with the provider's own bill, and no call cost more than was held.
        server.books_balance(&["prs"]).await;
        assert!(server.meter("prs").await.used.input > image.max_tokens, "the image was paid for");
        assert_eq!(overruns(&server).await, 0);
    }

    async fn files_are_a_message_by_themselves(t: TestDb) {
        let server = TestServer::start(t).await;
        let ana = ana(&server).await;
        let (status, answer) = ask(&server, &ana, "", &[], None).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "neither text nor file: {answer}");
        let list = sent(&ana, "meters.txt", b"Boiler 7").await;
        let key = server.world.id::<Uuid>().to_string();
        let id = list.id.to_string();
        let fields = [("tenant", "prs"), ("key", key.as_str()), ("attachments[0]", id.as_str())];
        server.upstream.as_ref().unwrap().enqueue(Script::text("A boiler."));
        let (status, started) = ana.post_form("turns/start", &fields).await;
        assert_eq!(status, StatusCode::OK, "{started}");
        assert_eq!(answered(&ana, &started).await, "A boiler.");
        let open = json!({"tenant": "prs", "id": started["conversation"], "leaf": null});
        let (_, view) = ana.call("conversations/open", open).await;
        assert_eq!(view["title"], "meters.txt", "named after what was sent");
        assert_eq!(view["messages"][0]["parts"].as_array().map(Vec::len), Some(1), "{view}");
        server.books_balance(&["prs"]).await;
    }

    async fn what_a_model_cannot_take_is_said_and_not_sent(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        let attachments = Attachments::new(t.db.clone(), t.world.clone(), Store::Database, Limits::default());
        let image = attachments.upload(&scope, "a.png", png(9, 9)).await.unwrap();
        let long = attachments.upload(&scope, "long.txt", "0123456789".repeat(30_000).into_bytes()).await.unwrap();
        let small = attachments.upload(&scope, "small.txt", b"small".to_vec()).await.unwrap();
        let mut tx = t.db.read(&scope).await.unwrap();
        let files = chosen(&scope, &mut tx, &[image.id, long.id, small.id]).await.unwrap();
        let said = parts(&files, "Read these");

        let sees = Catalogue::built_in().find("claude-haiku-4-5").unwrap().clone();
        let blind = Model { sees_images: false, context_tokens: 50, ..sees.clone() };
        let mut gathering = Gathering::new(&Store::Database, &blind);
        let contents = gathering.of_parts(&scope, &mut tx, &said).await.unwrap();
        assert!(matches!(&contents[0], Content::Text { text } if text.contains("does not see images")), "{contents:?}");
        let document = |content: &Content| match content {
            Content::Document(document) => (document.text.len(), document.is_cut),
            other => panic!("{other:?}"),
        };
        assert_eq!((document(&contents[1]), document(&contents[2])), ((100, true), (0, true)), "two bytes a token");
        assert_eq!(gathering.window_tokens(), 50);

        let contents = Gathering::new(&Store::Database, &sees).of_parts(&scope, &mut tx, &said).await.unwrap();
        assert!(matches!(&contents[0], Content::Image(image) if image.media_type == "image/png"));
        assert_eq!((document(&contents[1]), document(&contents[2])), ((200 * 1024, true), (5, false)));

        // One person sends so many files at once and no more.
        let user = scope.user();
        let turns = [attachments.turn(user).await, attachments.turn(user).await, attachments.turn(user).await];
        assert!(turns.iter().all(Result::is_ok));
        assert!(matches!(attachments.turn(user).await, Err(Error::RateLimited { .. })));
        drop(turns);
        assert!(attachments.turn(user).await.is_ok());
    }

    async fn the_demo_model_says_what_it_was_given(t: TestDb) {
        let server = TestServer::start_with_demo_model(t).await;
        let ana = ana(&server).await;
        let image = sent(&ana, "plant.png", &png(300, 200)).await;
        let table = sent(&ana, "march.csv", b"day;kWh\n1;10\n2;11\n").await;
        let (_, started) = ask(&server, &ana, "Look at these, please", &[&image, &table], None).await;
        let answer = answered(&ana, &started).await;
        assert!(answer.contains("`plant.png`**: an image of 300 × 200 pixels"), "{answer}");
        assert!(answer.contains("2 rows; columns: `day`, `kWh`") && answer.contains("> `1;10`"), "{answer}");
        let (key, id) = (server.world.id::<Uuid>().to_string(), table.id.to_string());
        let fields = [("tenant", "prs"), ("key", key.as_str()), ("attachments[0]", id.as_str())];
        let (_, started) = ana.post_form("turns/start", &fields).await;
        let answer = answered(&ana, &started).await;
        assert!(answer.contains("2 rows; columns: `day`, `kWh`"), "without a word: {answer}");
        server.books_balance(&["prs"]).await;
    }

    async fn what_no_message_carries_goes_after_a_day(t: TestDb) {
        let (files, path) = folder();
        let clock = t.clock.clone();
        let server = TestServer::start_with(t, &["--attachments-dir", &path], false).await;
        let ana = ana(&server).await;
        sent(&ana, "unsent.txt", b"never sent").await;
        let kept = sent(&ana, "kept.txt", b"sent along").await;
        let (_, started) = ask(&server, &ana, "Hello", &[&kept], None).await;
        answered(&ana, &started).await;
        let (conversation, message) = (started["conversation"].clone(), started["assistant_message"].clone());
        let body = json!({"tenant": "prs", "id": conversation, "message": message});
        let (status, fork) = ana.call("conversations/fork", body).await;
        assert_eq!(status, StatusCode::OK, "{fork}");
        assert_eq!(server.state.attachments.tidy().await.unwrap(), 0);

        clock.advance_ms(UNSENT_MS + 1);
        assert_eq!(server.state.attachments.tidy().await.unwrap(), 1);
        assert_eq!(files_below(files.path()), 1);

        // Its conversation and the fork of it are removed for good: the file follows the last of them.
        for (conversation, removed) in [(conversation, 0), (fork, 1)] {
            remove_for_good(&server, &clock, conversation.as_str().unwrap().parse().unwrap()).await;
            clock.advance_ms(DAY_MS);
            assert_eq!(server.state.attachments.tidy().await.unwrap(), removed);
            assert_eq!(files_below(files.path()), 1 - removed);
        }
    }
}

fn has_tools(body: &Value) -> bool {
    body["tools"].as_array().is_some_and(|tools| !tools.is_empty())
}

/// Calls that cost more than was held for them.
async fn overruns(server: &TestServer) -> usize {
    let mut tx = server.db.begin_system(server::db::SystemReason::AuditOfBooks).await.unwrap();
    let tenant = server::db::tenant::tenant_find_by_code(&mut tx, &"prs".parse().unwrap()).await.unwrap().unwrap().id;
    let windows = server::db::ledger::audit::audit_windows(&mut tx, tenant).await.unwrap();
    assert!(!windows.is_empty());
    windows.iter().filter(|window| window.overrun != Default::default()).count()
}

async fn remove_for_good(
    server: &TestServer,
    clock: &server::world::MockClock,
    conversation: app::model::ConversationId,
) {
    let mut tx = server.db.begin_system(server::db::SystemReason::Administration).await.unwrap();
    let tenant = server::db::tenant::tenant_find_by_code(&mut tx, &"prs".parse().unwrap()).await.unwrap().unwrap().id;
    tx.query("UPDATE conversations SET deleted_at = $3 WHERE tenant_id = $1 AND id = $2")
        .bind(tenant)
        .bind(conversation)
        .bind(server.world.now())
        .execute()
        .await
        .unwrap();
    tx.commit(server.world.id(), server.world.now(), "test").await.unwrap();
    clock.advance_ms(UNDO_MS + 1);
    assert_eq!(server.state.turns.purge().await.unwrap(), 1);
}
