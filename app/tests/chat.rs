//! The chat page as the server sends it: what a person reads and can do before any script runs, or without scripts.

#![expect(clippy::expect_used, reason = "a test that cannot go on says why")]

#[path = "chat/charts.rs"]
mod charts;
#[path = "chat/composer.rs"]
mod composer;
#[path = "support/fake_backend.rs"]
mod fake_backend;
#[path = "support/site.rs"]
mod site;
#[path = "chat/transcript.rs"]
mod transcript;

use app::{
    error::AppError,
    model::{
        BudgetRefusal, Cursor, Lang, MessageAuthor, MessageStatus, Part, Role, SearchHit, SetupStep, SnippetPiece,
        Theme, Timestamp,
    },
};
use axum::http::StatusCode;
use fake_backend::{NEXT_KEY, NOW, answer, message, message_id, question};
use site::{Site, form_fields};

const DAY: i64 = 86_400_000;

#[tokio::test]
async fn a_new_chat_greets_and_offers_examples() {
    let site = Site::default();
    let page = site.get("/t/prs").await;
    assert_eq!(page.status, StatusCode::OK);
    let text = page.text();
    for expected in [
        "Hello Ana",
        "What would you like to know about PRS Textile?",
        "What did compressor 3 cost us last week?",
        "No conversations yet.",
        "42 % of this month used",
        "Demo model",
    ] {
        assert!(text.contains(expected), "{expected} in: {text}");
    }
    assert!(page.has("placeholder=\"Ask Wira…\""));
    assert!(page.has("<title>PRS Textile · Steward</title>"), "the title is in the first byte");
}

#[tokio::test]
async fn a_real_model_is_named_and_not_called_a_demo() {
    let site = Site::default();
    site.backend.state().demo = false;
    let text = site.get("/t/prs").await.text();
    assert!(text.contains("Claude can make mistakes"), "{text}");
    assert!(!text.contains("Demo model"));
}

#[tokio::test]
async fn a_running_answer_shows_the_text_so_far_reloads_and_can_be_stopped() {
    let site = Site::default();
    let running =
        message(2, MessageAuthor::Assistant, vec![Part::Text { text: "So far".into() }], MessageStatus::Running);
    let turn = running.turn.expect("a turn");
    let id = site.backend.add("x", NOW, vec![question(1, "?"), running]);
    let path = format!("/t/prs/c/{id}");
    let page = site.get(&path).await;
    assert!(page.text().contains("So far"));
    assert!(page.has("<noscript><meta http-equiv=\"refresh\" content=\"2\"></noscript>"));
    assert!(page.has("An answer is being written"), "the dot in the sidebar");
    let fields = form_fields(&page.html, "id=\"stop\"");
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let stopped = site.post("/fn/turns/stop", &path, &fields).await;
    assert_eq!((stopped.status, stopped.location.as_str()), (StatusCode::FOUND, path.as_str()));
    assert_eq!(site.backend.state().stopped, [turn]);
}

#[tokio::test]
async fn a_finished_page_does_not_reload() {
    let site = Site::default();
    let id = site.backend.add("x", NOW, vec![question(1, "?"), answer(2, "!")]);
    assert!(!site.get(&format!("/t/prs/c/{id}")).await.has("http-equiv"));
}

#[tokio::test]
async fn a_plain_form_sends_a_message_below_the_last_one_and_leads_to_the_conversation() {
    let site = Site::default();
    let id = site.backend.add("x", NOW, vec![question(1, "?"), answer(2, "!")]);
    let path = format!("/t/prs/c/{id}");
    let page = site.get(&path).await;
    let mut fields = form_fields(&page.html, "<form id=\"composer\"");
    fields.insert("text".into(), "And yesterday?\r\n& more = ä".into());
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let sent = site.post("/fn/turns/start", &path, &fields).await;
    assert_eq!((sent.status, sent.location.as_str()), (StatusCode::FOUND, path.as_str()));
    let state = site.backend.state();
    let start = state.started.first().expect("one message");
    assert_eq!(start.conversation, Some(id));
    assert_eq!(start.parent, Some(message_id(2)));
    assert_eq!(start.key, NEXT_KEY);
    assert_eq!(start.text.as_ref().unwrap().as_str(), "And yesterday?\r\n& more = ä");
}

#[tokio::test]
async fn a_plain_form_starts_a_new_conversation() {
    let site = Site::default();
    let page = site.get("/t/prs").await;
    let mut fields = form_fields(&page.html, "<form id=\"composer\"");
    assert!(!fields.contains_key("conversation") && !fields.contains_key("parent"));
    fields.insert("text".into(), "Hello".into());
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let sent = site.post("/fn/turns/start", "/t/prs", &fields).await;
    assert_eq!(sent.status, StatusCode::FOUND);
    assert!(sent.location.starts_with("/t/prs/c/"), "{}", sent.location);
}

#[tokio::test]
async fn a_refused_plain_form_comes_back_with_the_reason() {
    let site = Site::default();
    site.backend.state().refusal = Some(AppError::OverBudget(BudgetRefusal {
        budget: "PRS Textile's monthly budget".into(),
        limit: "1,000,000 input tokens".into(),
        resets_at: Some(Timestamp(1_796_058_000_000)),
        contact: "energy@prs.example".into(),
        is_used_up: true,
        left: None,
    }));
    let mut fields = form_fields(&site.get("/t/prs").await.html, "<form id=\"composer\"");
    fields.insert("text".into(), "Hello".into());
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let refused = site.post("/fn/turns/start", "http://localhost/t/prs", &fields).await;
    assert_eq!(refused.status, StatusCode::FOUND);
    let path = refused.location.strip_prefix("http://localhost").expect("back to where it came from");
    let text = site.get(path).await.text();
    for expected in
        ["PRS Textile's monthly budget is used up", "1,000,000 input tokens", "1 Dec 2026, 00:00", "energy@prs.example"]
    {
        assert!(text.contains(expected), "{expected} in: {text}");
    }
}

#[tokio::test]
async fn rename_delete_and_undo_work_as_forms() {
    let site = Site::default();
    let id = site.backend.add("Old name", NOW, vec![question(1, "?"), answer(2, "!")]);
    let path = format!("/t/prs/c/{id}");
    let id_text = id.to_string();
    let renamed = site
        .post("/fn/conversations/rename", &path, &[("tenant", "prs"), ("id", &id_text), ("title", "New name")])
        .await;
    assert_eq!((renamed.status, renamed.location.as_str()), (StatusCode::FOUND, path.as_str()));
    assert_eq!(site.backend.state().renamed, [(id, "New name".to_owned())]);

    let deleted = site.post("/fn/conversations/delete", &path, &[("tenant", "prs"), ("id", &id_text)]).await;
    assert_eq!(deleted.status, StatusCode::FOUND);
    let page = site.get(&deleted.location).await;
    assert!(page.text().contains("The conversation was deleted."));
    let fields = form_fields(&page.html, "class=\"notice deleted\"");
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let restored = site.post("/fn/conversations/restore", &deleted.location, &fields).await;
    assert_eq!(restored.location, path);
    assert_eq!(site.backend.state().restored, [id]);
}

#[tokio::test]
async fn the_sidebar_groups_by_the_tenants_days_and_leads_to_older_ones() {
    let site = Site::default();
    for (title, age) in [("one", 0), ("two", DAY), ("three", 3 * DAY), ("four", 20 * DAY), ("five", 80 * DAY)] {
        site.backend.add(title, Timestamp(NOW.0 - age), vec![]);
    }
    site.backend.state().next_page = Some(Cursor("after/five+".into()));
    let page = site.get("/t/prs").await;
    let text = page.text();
    let mut from = 0;
    for expected in [
        "Today",
        "one",
        "Yesterday",
        "two",
        "Previous 7 days",
        "three",
        "Previous 30 days",
        "four",
        "September 2026",
        "five",
        "Older",
    ] {
        let at = text[from..].find(expected).unwrap_or_else(|| panic!("{expected} after {from} in: {text}"));
        from += at + expected.len();
    }
    assert!(page.has("href=\"?older=after%2Ffive%2B\""));
}

#[tokio::test]
async fn pinned_ones_stand_first_and_archived_ones_in_a_list_of_their_own() {
    let site = Site::default();
    site.backend.add("Plain", NOW, vec![]);
    site.backend.add("Dear", Timestamp(NOW.0 - 90 * DAY), vec![]);
    site.backend.add("Stowed", Timestamp(NOW.0 - 80 * DAY), vec![]);
    {
        let mut state = site.backend.state();
        state.conversations[1].0.pinned = true;
        state.conversations[1].0.waiting = true;
        state.conversations[2].0.archived = true;
    }
    let page = site.get("/t/prs").await;
    let text = page.shown();
    let at = |words: &str| text.find(words).unwrap_or_else(|| panic!("{words} in: {text}"));
    assert!(at("Pinned") < at("Dear") && at("Dear") < at("Today") && at("Today") < at("Plain"));
    assert!(!text.contains("Stowed"));
    assert!(page.has("aria-label=\"Waits for your answer\""));
    assert!(page.has("href=\"?folder=archive\""));
    let archive = site.get("/t/prs?folder=archive").await;
    let text = archive.shown();
    assert!(text.contains("Stowed") && text.contains("September 2026") && !text.contains("Dear"), "{text}");
    assert!(text.contains("All conversations"));
}

#[tokio::test]
async fn a_search_without_scripts_lists_its_hits_in_the_sidebar() {
    let site = Site::default();
    let id = site.backend.add("Peaks", NOW, vec![]);
    let piece = |text: &str, hit| SnippetPiece { text: text.into(), hit };
    site.backend.state().hits = vec![SearchHit {
        conversation: id,
        title: vec![piece("Peaks", false)],
        message: Some(message_id(7)),
        author: Some(MessageAuthor::Assistant),
        snippet: vec![piece("The <peak> of ", false), piece("November", true), piece(" was high", false)],
        at: NOW,
        archived: true,
    }];
    let page = site.get("/t/prs?q=november").await;
    assert!(page.has("The &lt;peak&gt; of <mark>November</mark> was high"), "{}", page.html);
    assert!(page.has(&format!("href=\"/t/prs/c/{id}?leaf={0}#m-{0}\"", message_id(7))));
    assert!(page.shown().contains("Results: november"), "{}", page.shown());
    assert!(page.shown().contains("ArchivedWira"), "{}", page.shown());
    site.backend.state().hits = vec![];
    assert!(site.get("/t/prs?q=x").await.shown().contains("Nothing was found."));
    assert!(!site.get("/t/prs?q=+").await.shown().contains("Results:"), "a blank search is no search");
}

#[tokio::test]
async fn files_go_out_and_in_without_scripts() {
    let site = Site::default();
    let id = site.backend.add("Peaks", NOW, vec![question(1, "?"), answer(2, "!")]);
    let page = site.get(&format!("/t/prs/c/{id}")).await;
    for format in ["md", "txt", "json"] {
        assert!(page.has(&format!("href=\"/t/prs/c/{id}/export?format={format}\"")), "{format}");
    }
    assert!(page.has("href=\"/t/prs/export\""));
    assert!(page.has("enctype=\"multipart/form-data\" action=\"/t/prs/import\""));
    assert!(site.get("/t/prs?imported=3").await.shown().contains("Conversations imported: 3"));
}

#[tokio::test]
async fn a_tenant_looks_like_itself() {
    let site = Site::default();
    assert!(!site.get("/t/prs").await.has("/brand/"));
    site.backend.state().branded = true;
    let page = site.get("/t/prs").await;
    let head = page.html.split("</head>").next().unwrap_or_default();
    assert!(head.contains("/t/prs/brand/style.css"), "the accent is there before the first paint");
    assert!(page.has("src=\"/t/prs/brand/logo\" alt=\"\""));
    assert!(page.shown().contains("Selamat datang di pabrik."));
}

#[tokio::test]
async fn the_first_administrator_sees_what_is_left_to_set_up() {
    let site = Site::default();
    assert!(!site.get("/t/prs").await.shown().contains("Set Steward up"));
    let step = |title: &str, done| SetupStep { title: title.into(), how: format!("how to {title}"), done };
    site.backend.state().setup = vec![step("Connect a model", true), step("Set a budget", false)];
    let text = site.get("/t/prs").await.shown();
    assert!(text.contains("Done: Connect a model"), "{text}");
    assert!(text.contains("To do: Set a budgethow to Set a budget"), "{text}");
    assert!(!text.contains("how to Connect"), "{text}");
}

#[tokio::test]
async fn a_budget_that_is_used_up_says_until_when_and_whom_to_ask() {
    let site = Site::default();
    site.backend.state().meter.percent = Some(104);
    let text = site.get("/t/prs").await.shown();
    let expected = "This month's budget is used up. It resets on 1 December 2026. Ask energy@prs.example for more.";
    assert!(text.contains(expected), "{text}");
    assert!(!text.contains('$'), "money is not shown here");
}

#[tokio::test]
async fn the_frame_speaks_indonesian() {
    let site = Site { lang: Lang::Indonesian, ..Site::default() };
    let id = site.backend.add("Puncak", NOW, vec![question(1, "?"), answer(2, "!")]);
    let new = site.get("/t/prs").await;
    assert!(new.has("<html lang=\"id\""));
    let text = new.shown();
    for expected in ["Halo Ana", "Obrolan baru", "Hari ini", "42 % bulan ini terpakai", "Arsip", "Pengaturan", "Keluar"]
    {
        assert!(text.contains(expected), "{expected} in: {text}");
    }
    let page = site.get(&format!("/t/prs/c/{id}")).await;
    assert!(page.has("aria-label=\"Menu percakapan\"") && page.has("aria-label=\"Menu untuk Puncak\""));
    assert!(page.shown().contains("Ganti nama"));
    let missing = site.get("/t/prs/c/nonsense").await;
    assert!(missing.shown().contains("Ini tidak ada, atau Anda tidak memiliki akses."));
}

#[tokio::test]
async fn people_with_several_tenants_switch_in_the_header() {
    let page = Site::default().get("/t/prs").await;
    assert!(page.has("aria-label=\"PRS Textile: Change tenant\""));
    assert!(page.has("<a href=\"/t/prs\" rel=\"external\" aria-current=\"page\">PRS Textile</a>"), "{}", page.html);
    assert!(page.has("<a href=\"/t/mill\" rel=\"external\">Mill &amp; Co</a>"));
}

#[tokio::test]
async fn what_does_not_exist_is_404_whether_unknown_or_nonsense() {
    let site = Site::default();
    for path in ["/t/prs/c/00000000-0000-0000-0000-00000000dead", "/t/prs/c/nonsense", "/t/other", "/t/N%20O"] {
        let page = site.get(path).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
        assert!(page.text().contains("This does not exist, or you have no access to it."), "{path}");
    }
}

#[tokio::test]
async fn administrators_get_to_usage_and_everybody_to_their_other_tenants() {
    let site = Site::default();
    assert!(!site.get("/t/prs").await.has("/t/prs/usage"));
    site.backend.state().role = Role::Admin;
    let page = site.get("/t/prs").await;
    assert!(page.has("href=\"/t/prs/usage\""));
    assert!(page.text().contains("Mill &amp; Co"));
    assert!(page.has("action=\"/logout\""));
}

#[tokio::test]
async fn theme_and_sidebar_are_right_in_the_first_byte() {
    let site = Site { theme: Theme::Dark, collapsed: true, ..Site::default() };
    let page = site.get("/t/prs").await;
    assert!(page.has("<html lang=\"en\" class=\"dark\">"));
    assert!(page.has("class=\"frame collapsed\""), "collapsed");
}

#[tokio::test]
async fn what_people_write_is_never_markup() {
    let site = Site::default();
    let evil = "</title><script>alert(1)</script><img src=x onerror=alert(1)>";
    let id = site.backend.add(evil, NOW, vec![question(1, evil), answer(2, evil)]);
    let page = site.get(&format!("/t/prs/c/{id}")).await;
    assert!(!page.has("<script>alert"));
    assert_eq!(page.html.matches("</title>").count(), 1);
    assert!(!page.has("<img"));
    assert!(page.has("&lt;script&gt;alert(1)&lt;/script&gt;"));
}

#[tokio::test]
async fn nothing_is_styled_inline_and_every_script_has_a_nonce() {
    let site = Site::default();
    let id = site.backend.add("x", NOW, vec![question(1, "?"), answer(2, "| a | b |\n|---|--:|\n| 1 | 2 |\n")]);
    let page = site.get(&format!("/t/prs/c/{id}")).await;
    assert!(!page.has(" style="), "the CSP forbids inline styles");
    assert!(!page.has(" onclick="), "the CSP forbids inline handlers");
    for script in page.html.split("<script").skip(1) {
        let tag = script.split('>').next().unwrap_or_default();
        // Data is not run.
        assert!(tag.contains("nonce=\"") || tag.contains("type=\"application/json\""), "{tag}");
    }
}

#[test]
fn every_address_of_the_application_is_mounted() {
    let paths = site::routes();
    for expected in ["/settings", "/t/{tenant}", "/t/{tenant}/c/{id}", "/t/{tenant}/usage"] {
        assert!(paths.iter().any(|path| path.trim_end_matches('/') == expected), "{expected} in {paths:?}");
    }
}
