//! The composer as the server sends it.

use app::model::{
    Lang, MessageAuthor, MessageStatus, MessageView, ModelBadge, Money, Part, Prompt, Quality, Tokens, TurnUsage,
};
use axum::http::StatusCode;

use super::{
    fake_backend::{NOW, answer, message, question},
    site::{Answer, Site, form_fields},
};

fn badge(id: &str, name: &str, sees_images: bool) -> ModelBadge {
    ModelBadge { id: id.into(), name: name.into(), demo: false, context_tokens: 100_000, sees_images }
}

fn with_usage(mut answer: MessageView, input: i64, output: i64) -> MessageView {
    answer.usage = Some(TurnUsage {
        tokens: Tokens { input, output, ..Tokens::default() },
        cost: Money(0),
        quality: Quality::Exact,
        calls: 1,
        duration_ms: 1,
        first_token_ms: None,
        tool_ms: 0,
    });
    answer
}

/// The opening tag with `piece` in it.
fn tag<'a>(page: &'a Answer, piece: &str) -> &'a str {
    let at = page.html.find(piece).unwrap_or_else(|| panic!("no {piece} in {}", page.html));
    let start = page.html[..at].rfind('<').expect("a tag");
    &page.html[start..at + page.html[at..].find('>').expect("its end")]
}

#[tokio::test]
async fn models_are_chosen_only_where_there_are_several_and_the_last_one_stays() {
    let site = Site::default();
    assert!(!site.get("/t/prs").await.has("model-picker"));
    site.backend.state().models = vec![badge("demo-1", "Claude", true), badge("small", "Small", false)];
    assert!(tag(&site.get("/t/prs").await, "value=\"demo-1\"").contains("selected"), "the tenant's usual one");
    let mut last = answer(2, "!");
    last.model = Some("Small".into());
    let id = site.backend.add("x", NOW, vec![question(1, "?"), last]);
    let page = site.get(&format!("/t/prs/c/{id}")).await;
    assert!(tag(&page, "value=\"small\"").contains("selected"));
    assert!(tag(&page, "name=\"model\"").contains("aria-label=\"Model\""));
    assert!(page.text().contains("Small can make mistakes"));
}

#[tokio::test]
async fn the_composer_speaks_indonesian() {
    let site = Site { lang: Lang::Indonesian, ..Site::default() };
    let id = site.backend.add("x", NOW, vec![question(1, "?"), answer(2, "!")]);
    let page = site.get(&format!("/t/prs/c/{id}")).await;
    assert!(page.has("placeholder=\"Tanya Wira…\"") && page.text().contains("Pesan"), "{}", page.html);
    assert!(page.has("aria-label=\"Lampirkan berkas\"") && page.has("aria-label=\"Kirim\""));
    assert!(page.text().contains("jawaban terskrip"));
}

#[tokio::test]
async fn one_button_sends_or_stops() {
    let site = Site::default();
    let id = site.backend.add("x", NOW, vec![question(1, "?"), answer(2, "!")]);
    let page = site.get(&format!("/t/prs/c/{id}")).await;
    assert!(page.has("aria-label=\"Send\"") && !page.has("aria-label=\"Stop\""));
    assert!(!tag(&page, "aria-label=\"Send\"").contains("form="), "it sends the form around it");
    let running = message(4, MessageAuthor::Assistant, vec![], MessageStatus::Running);
    let id = site.backend.add("y", NOW, vec![question(3, "?"), running]);
    let page = site.get(&format!("/t/prs/c/{id}")).await;
    assert!(!page.has("aria-label=\"Send\""));
    assert!(tag(&page, "aria-label=\"Stop\"").contains("form=\"stop\""));
}

#[tokio::test]
async fn the_context_is_estimated_and_warned_of() {
    let site = Site::default();
    assert!(!site.get("/t/prs").await.text().contains("of context"), "nothing was said yet");
    // The usual model has 200,000 tokens.
    let id = site.backend.add("x", NOW, vec![question(1, "?"), with_usage(answer(2, "!"), 22_000, 2_000)]);
    let page = site.get(&format!("/t/prs/c/{id}")).await;
    assert!(page.text().contains("≈ 12 % of context") && !page.has("gauge warn"));
    let long = Part::Text { text: "words ".repeat(20_000) };
    let more = message(4, MessageAuthor::User, vec![long], MessageStatus::Complete);
    let messages = vec![question(1, "?"), with_usage(answer(2, "!"), 130_000, 2_000), question(3, "?"), more];
    let id = site.backend.add("y", NOW, messages);
    let page = site.get(&format!("/t/prs/c/{id}")).await;
    assert!(page.text().contains("≈ 81 % of context") && page.has("gauge warn"), "{}", page.text());
}

#[tokio::test]
async fn an_example_that_names_a_prompt_posts_the_prompt() {
    let site = Site::default();
    {
        let mut state = site.backend.state();
        let text = "Write the digest of yesterday.".into();
        state.commands = vec![Prompt { name: "daily-digest".into(), title: "Daily digest".into(), text }];
        state.example = Some("/daily-digest".into());
    }
    let page = site.get("/t/prs").await;
    assert!(page.text().contains("/daily-digest"));
    assert!(tag(&page, "id=\"composer-text\"").contains("aria-autocomplete=\"list\""));
    let chip = page.html.find("value=\"Write the digest of yesterday.\"").expect("the prompt");
    let form = page.html[..chip].rfind("<form").expect("its form");
    let fields = form_fields(&page.html[form..], "<form");
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(site.post("/fn/turns/start", "/t/prs", &fields).await.status, StatusCode::FOUND);
    assert_eq!(site.backend.state().started[0].text.as_ref().unwrap().as_str(), "Write the digest of yesterday.");
}

#[tokio::test]
async fn without_scripts_the_chosen_model_is_posted() {
    let site = Site::default();
    site.backend.state().models = vec![badge("demo-1", "Claude", true), badge("small", "Small", false)];
    let page = site.get("/t/prs").await;
    let mut fields = form_fields(&page.html, "<form id=\"composer\"");
    fields.insert("text".into(), "Hello".into());
    fields.insert("model".into(), "small".into());
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(site.post("/fn/turns/start", "/t/prs", &fields).await.status, StatusCode::FOUND);
    assert_eq!(site.backend.state().started[0].model.as_deref(), Some("small"));
}
