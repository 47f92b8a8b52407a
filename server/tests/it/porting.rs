//! Conversations taken out and brought in: whole, bounded, once, whatever the file says.

use app::{
    backend::Caller,
    model::{ConversationId, Folder, ImportReport, MessageAuthor, Part, Role, TenantId},
};
use bytes::Bytes;
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};
use server::{
    conversations::{
        self,
        export::{Export, Exporter, Format},
        import::{self, Interrupted},
    },
    db::{DbValue, TenantScope},
    error::Error,
};

use crate::support::{
    db::{TestDb, db_test},
    server::{Browser, TestServer},
};

fn two_chats() -> Value {
    let message = |role: &str, at: f64, text: &str| json!({"author": {"role": role}, "create_time": at, "content": {"content_type": "text", "parts": [text]}});
    json!([
        {"title": "Peaks", "create_time": 1_700_000_000.0, "conversation_id": "c-1", "current_node": "a2", "mapping": {
            "root": {"parent": null, "message": null},
            "u": {"parent": "root", "message": message("user", 1_700_000_001.0, "When is the zebrapeak?")},
            "a1": {"parent": "u", "message": message("assistant", 1_700_000_005.0, "At noon.")},
            "a2": {"parent": "u", "message": message("assistant", 1_700_000_006.0, "At 13:00.\u{0}")}}},
        {"uuid": "k-1", "name": "Zebra", "created_at": "1970-01-01T00:00:00Z", "updated_at": "2200-01-01T00:00:00Z",
         "chat_messages": [{"uuid": "1", "sender": "human", "text": "Hello"}, {"uuid": "2", "sender": "assistant", "text": "Hi"}]},
    ])
}

async fn bring(t: &TestDb, scope: &TenantScope, file: &[u8]) -> Result<ImportReport, Error> {
    let pieces: Vec<Result<Bytes, Interrupted>> =
        file.chunks(1_000).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    import::run(&t.db, &t.world, scope, futures::stream::iter(pieces)).await
}

async fn list(t: &TestDb, scope: &TenantScope) -> Vec<app::model::ConversationSummary> {
    let mut tx = t.db.read(scope).await.unwrap();
    conversations::list(scope, &mut tx, Folder::Inbox, None).await.unwrap().items
}

fn exporter(t: &TestDb, scope: &TenantScope) -> Exporter {
    let caller = Caller { user: scope.user(), session: t.world.id(), request_id: "test".into() };
    Exporter { db: t.db.clone(), caller, tenant: scope.code().clone() }
}

/// The file, the number of pieces it came in, and the largest one.
async fn taken(mut export: Export) -> (String, usize, usize) {
    let (mut file, mut pieces, mut largest) = (String::new(), 0, 0);
    while let Some(piece) = export.piece().await.unwrap() {
        pieces += 1;
        largest = largest.max(piece.len());
        file.push_str(&piece);
    }
    (file, pieces, largest)
}

async fn all(t: &TestDb, scope: &TenantScope, format: Format) -> String {
    taken(Export::all(exporter(t, scope), format, t.world.now()).await.unwrap()).await.0
}

/// An archive of one file as it is (APPNOTE 6.3.10).
fn stored_zip(name: &str, content: &[u8]) -> Vec<u8> {
    let mut crc = flate2::Crc::new();
    crc.update(content);
    let size = u32::try_from(content.len()).unwrap().to_le_bytes();
    let name_length = u16::try_from(name.len()).unwrap().to_le_bytes();
    let sum = crc.sum().to_le_bytes();
    let common = [&[20, 0, 0, 0, 0, 0, 0, 0, 0, 0][..], &sum, &size, &size, &name_length, &[0, 0]].concat();
    let local = [b"PK\x03\x04", &common[..], name.as_bytes(), content].concat();
    let entry = [b"PK\x01\x02\x14\0", &common[..], &[0; 14], name.as_bytes()].concat();
    let (bytes, offset) = (u32::try_from(entry.len()).unwrap(), u32::try_from(local.len()).unwrap());
    let end = [b"PK\x05\x06\0\0\0\0\x01\0\x01\0", &bytes.to_le_bytes()[..], &offset.to_le_bytes(), &[0, 0]].concat();
    [local, entry, end].concat()
}

async fn post(browser: &Browser, tenant: &str, file: Vec<u8>) -> (StatusCode, Value) {
    let request = browser.request(Method::POST, &format!("/t/{tenant}/import"));
    let response = request.header(header::CONTENT_TYPE, "application/octet-stream").body(file).send().await.unwrap();
    (response.status(), response.json().await.unwrap())
}

db_test! {
    async fn what_is_brought_in_is_there_once(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        let file = serde_json::to_vec(&two_chats()).unwrap();
        let report = bring(&t, &scope, &file).await.unwrap();
        assert_eq!((report.imported, report.known, report.problems.len()), (2, 0, 0), "{report:?}");
        let again = bring(&t, &scope, &file).await.unwrap();
        assert_eq!((again.imported, again.known), (0, 2));
        let rows = list(&t, &scope).await;
        assert_eq!(rows.len(), 2);
        assert!(rows.iter().all(|row| row.updated_at <= t.world.now()), "no time from the future: {rows:?}");
        let peaks = rows.iter().find(|row| row.title == "Peaks").unwrap().id;
        let mut tx = t.db.read(&scope).await.unwrap();
        let view = conversations::open(&scope, &mut tx, peaks, None).await.unwrap();
        assert_eq!(view.messages.len(), 2);
        let last = &view.messages[1];
        assert_eq!((last.author, last.siblings.index, last.siblings.count), (MessageAuthor::Assistant, 2, 2));
        assert_eq!(last.parts, [Part::Text { text: "At 13:00.".into() }], "without NUL");
        assert_eq!(last.usage, None, "nothing was charged");
        let hits = conversations::search(&scope, &mut tx, "zebrapeak", None, t.world.now()).await.unwrap();
        assert_eq!(hits.items.len(), 1, "it is found");
        drop(tx);
        // Deleted here and wanted again.
        let mut tx = t.db.begin(&scope).await.unwrap();
        conversations::delete(&scope, &mut tx, peaks, t.world.now()).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(bring(&t, &scope, &file).await.unwrap().imported, 1);
        // Somebody else's import is their own.
        let other = t.scope("iop", Role::Member).await;
        assert_eq!(bring(&t, &other, &file).await.unwrap().imported, 2);
        assert!(server::usage::audit_books(&t.db).await.unwrap().is_empty());
    }

    async fn our_own_file_goes_round(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        bring(&t, &scope, &serde_json::to_vec(&two_chats()).unwrap()).await.unwrap();
        let file = all(&t, &scope, Format::Json).await;
        let value: Value = serde_json::from_str(&file).expect("JSON");
        assert_eq!((value["format"].as_str(), value["version"].as_u64()), (Some("steward"), Some(1)));
        let messages: usize =
            value["conversations"].as_array().unwrap().iter().map(|one| one["messages"].as_array().unwrap().len()).sum();
        assert_eq!(messages, 5, "all branches");
        let here = bring(&t, &scope, file.as_bytes()).await.unwrap();
        assert_eq!((here.imported, here.known), (0, 2), "they are here already: {here:?}");
        let other = t.scope("iop", Role::Member).await;
        let there = bring(&t, &other, file.as_bytes()).await.unwrap();
        assert_eq!((there.imported, there.problems.len()), (2, 0), "{there:?}");
        let back: Value = serde_json::from_str(&all(&t, &other, Format::Json).await).unwrap();
        let texts = |file: &Value| {
            let mut texts: Vec<String> = file["conversations"].as_array().unwrap().iter()
                .flat_map(|one| one["messages"].as_array().unwrap())
                .map(|message| message["parts"].to_string()).collect();
            texts.sort();
            texts
        };
        assert_eq!(texts(&back), texts(&value));
        let empty = t.scope("new", Role::Member).await;
        let nothing: Value = serde_json::from_str(&all(&t, &empty, Format::Json).await).expect("JSON");
        assert_eq!(nothing["conversations"], json!([]));
    }

    async fn one_conversation_is_taken_out_as_text(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        bring(&t, &scope, &serde_json::to_vec(&two_chats()).unwrap()).await.unwrap();
        let id = list(&t, &scope).await.iter().find(|row| row.title == "Peaks").unwrap().id;
        let one = async |format| {
            let (export, title) = Export::one(exporter(&t, &scope), format, id, None, t.world.now()).await.unwrap();
            assert_eq!(title, "Peaks");
            taken(export).await.0
        };
        let markdown = one(Format::Markdown).await;
        assert!(markdown.starts_with("# Peaks\n") && markdown.contains("## You\n\nWhen is"), "{markdown}");
        assert!(markdown.contains("At 13:00.") && !markdown.contains("At noon."), "the branch that is shown: {markdown}");
        assert!(one(Format::Text).await.contains("You:\nWhen is"));
        let json: Value = serde_json::from_str(&one(Format::Json).await).expect("JSON");
        assert_eq!(json["conversations"][0]["messages"].as_array().unwrap().len(), 3, "all branches");
        let stranger = t.scope("iop", Role::Admin).await;
        let refused = Export::one(exporter(&t, &stranger), Format::Json, id, None, t.world.now()).await;
        assert!(matches!(refused, Err(Error::NotFound)));
    }

    async fn ten_thousand_conversations_come_in_bounded_pieces(t: TestDb) {
        const COUNT: usize = 10_000;
        let scope = t.scope("prs", Role::Member).await;
        let mut rows = Vec::new();
        for _ in 0..COUNT {
            rows.extend([
                DbValue::Id(scope.tenant().0),
                DbValue::Id(t.world.id::<ConversationId>().0),
                DbValue::Id(scope.user().0),
                DbValue::Text("A title".into()),
                DbValue::Int(t.world.now().0),
                DbValue::Int(t.world.now().0),
            ]);
        }
        let mut tx = t.db.begin(&scope).await.unwrap();
        let insert = "INSERT INTO conversations (tenant_id, id, user_id, title, created_at, updated_at)";
        tx.insert_many(insert, 6, rows, "").await.unwrap();
        tx.commit().await.unwrap();
        let export = Export::all(exporter(&t, &scope), Format::Json, t.world.now()).await.unwrap();
        let (file, pieces, largest) = taken(export).await;
        assert!(pieces >= 50, "{pieces}");
        assert!(largest < 256 * 1024, "{largest}");
        let value: Value = serde_json::from_str(&file).expect("JSON");
        assert_eq!(value["conversations"].as_array().unwrap().len(), COUNT);
    }

    async fn bad_files_are_told_in_words(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        let whole = serde_json::to_vec(&two_chats()).unwrap();
        for (file, says) in [
            (&b""[..], "not an export"),
            (b"   \n", "not an export"),
            (b"hello", "not an export"),
            (b"\x00\xff\xfe", "not an export"),
            (b"PK\x03\x04zip", "Unpack it"),
            (b"{}", "no conversations"),
            (br#"{"format":"steward","version":2,"conversations":[]}"#, "later version"),
            (b"[", "ends in the middle"),
            (b"[}", "damaged"),
            (b"{\"conversations\":7}", "damaged"),
        ] {
            match bring(&t, &scope, file).await {
                Err(Error::Invalid { message, .. }) => assert!(message.contains(says), "{message}"),
                other => panic!("{says}: {other:?}"),
            }
        }
        let cut = bring(&t, &scope, &whole[..whole.len() - 20]).await.unwrap();
        assert_eq!(cut.imported, 1, "{cut:?}");
        assert!(cut.problems[0].contains("ends in the middle") && cut.problems[0].contains("was taken"), "{cut:?}");
        let odd = json!([1, null, {}, {"mapping": 3}, {"title": "Empty", "mapping": {}}, {"chat_messages": [[]]},
            {"title": "Circle", "mapping": {
                "a": {"parent": "b", "message": {"author": {"role": "user"}, "content": {"parts": ["round"]}}},
                "b": {"parent": "a", "message": {"author": {"role": "assistant"}, "content": {"parts": ["and round"]}}}}}]);
        let odd = bring(&t, &scope, &serde_json::to_vec(&odd).unwrap()).await.unwrap();
        assert_eq!((odd.imported, odd.problems.len()), (1, 7), "{odd:?}");
        assert_eq!(bring(&t, &scope, b"\xEF\xBB\xBF []").await.unwrap(), ImportReport::default(), "empty is fine");
        let deep = format!("[{}{}]", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(bring(&t, &scope, deep.as_bytes()).await.unwrap().problems.len(), 1);
    }

    async fn an_archive_brings_in_what_is_in_it(t: TestDb) {
        let server = TestServer::start(t).await;
        let ours: TenantId = server.tenant("prs").await;
        server.tenant("iop").await;
        let ana = server.person("ana@prs.example", &[(ours, Role::Member)]).await;
        let chats = serde_json::to_vec(&two_chats()).unwrap();
        let archive = stored_zip("export/conversations.json", &chats);
        let (status, report) = post(&ana, "iop", archive.clone()).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{report}");
        let (status, report) = post(&ana, "prs", archive.clone()).await;
        assert_eq!((status, &report["imported"]), (StatusCode::OK, &json!(2)), "{report}");
        let (_, again) = post(&ana, "prs", archive.clone()).await;
        assert_eq!((&again["imported"], &again["known"]), (&json!(0), &json!(2)), "{again}");
        let nested = stored_zip("conversations.json", &archive);
        for (file, says) in [
            (stored_zip("other.json", &chats), "no conversations.json"),
            (nested, "not an export"),
            (archive[..archive.len() - 30].to_vec(), "Unpack it"),
        ] {
            let (status, refusal) = post(&ana, "prs", file).await;
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
            assert!(refusal["message"].as_str().unwrap().contains(says), "{refusal}");
        }
    }

    async fn files_go_in_and_out_over_http(t: TestDb) {
        let server = TestServer::start(t).await;
        let ours: TenantId = server.tenant("prs").await;
        server.tenant("iop").await;
        let ana = server.person("ana@prs.example", &[(ours, Role::Member)]).await;
        let file = serde_json::to_vec(&two_chats()).unwrap();
        let (status, report) = post(&ana, "prs", file.clone()).await;
        assert_eq!((status, &report["imported"]), (StatusCode::OK, &json!(2)), "{report}");
        assert_eq!(post(&ana, "iop", file.clone()).await.0, StatusCode::NOT_FOUND);
        let (status, refusal) = post(&ana, "prs", b"nonsense".to_vec()).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refusal["message"].as_str().unwrap().contains("not an export"), "{refusal}");

        // A form without scripts.
        let mut body = b"--XX\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhello\r\n--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"c.json\"\r\n\r\n".to_vec();
        body.extend(&file);
        body.extend(b"\r\n--XX--\r\n");
        let form = ana.request(Method::POST, "/t/prs/import").header(header::CONTENT_TYPE, "multipart/form-data; boundary=XX");
        let answer = form.body(body).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        assert_eq!(answer.headers()[header::LOCATION], "/t/prs?imported=0", "known already");

        let export = ana.get("/t/prs/export?format=json").await;
        assert_eq!(export.status(), StatusCode::OK);
        assert_eq!(export.headers()[header::CACHE_CONTROL], "no-store");
        let name = export.headers()[header::CONTENT_DISPOSITION].to_str().unwrap().to_owned();
        assert!(name.starts_with("attachment; filename=\"steward-prs-2026-03-10.json\""), "{name}");
        let value: Value = serde_json::from_str(&export.text().await.unwrap()).expect("JSON");
        let id = value["conversations"][0]["id"].as_str().unwrap();
        for (format, kind) in [("md", "text/markdown"), ("txt", "text/plain"), ("json", "application/json")] {
            let one = ana.get(&format!("/t/prs/c/{id}/export?format={format}")).await;
            assert_eq!(one.status(), StatusCode::OK);
            assert!(one.headers()[header::CONTENT_TYPE].to_str().unwrap().starts_with(kind));
        }
        let head = ana.request(Method::HEAD, &format!("/t/prs/c/{id}/export?format=md")).send().await.unwrap();
        assert_eq!(head.status(), StatusCode::OK);
        assert_eq!(ana.get(&format!("/t/prs/c/{id}/export?format=exe")).await.status(), StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(ana.get(&format!("/t/prs/c/{id}/export?leaf={id}")).await.status(), StatusCode::NOT_FOUND);
        server.books_balance(&["prs"]).await;
    }
}
