//! Settings and usage as people see them, rendered by the server on a fake backend.

#![expect(clippy::expect_used, reason = "tests: a broken fixture should fail loudly")]

#[path = "support/fake_backend.rs"]
#[expect(dead_code, reason = "shared with the tests of the chat, which ask for more")]
mod fake_backend;
#[path = "support/november.rs"]
mod november;
#[path = "support/site.rs"]
#[expect(dead_code, reason = "shared with the tests of the chat, which ask for more")]
mod site;

use std::sync::Arc;

use app::{
    backend::Redirect,
    error::AppError,
    model::{BudgetLimits, Lang, Money, Quality},
};
use axum::{
    body::Body,
    http::{Request, StatusCode, header},
    response::IntoResponse,
};
use fake_backend::FakeBackend;
use leptos::prelude::*;

/// The page at `address`, without the marks between two texts.
async fn page(address: &str, backend: FakeBackend) -> String {
    november::page(address, Lang::English, backend).await.replace("<!>", "")
}

/// Posts a form of the settings as a browser without scripts does; the local address it is sent to.
async fn post(path: &str, fields: &str) -> String {
    let request = Request::post(path)
        .header(header::ACCEPT, "text/html")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::REFERER, "http://steward.example/settings")
        .body(Body::from(fields.to_owned()))
        .expect("a request");
    let context = || {
        FakeBackend::of_november().provide();
        provide_context(Redirect(Arc::new(leptos_axum::redirect)));
    };
    let response = leptos_axum::handle_server_fns_with_context(context, request).await.into_response();
    assert_eq!(response.status(), StatusCode::FOUND, "a plain form is answered with a redirect");
    let location = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    location.trim_start_matches("http://steward.example").to_owned()
}

fn assert_shows(html: &str, parts: &[&str]) {
    for part in parts {
        assert!(html.contains(part), "{part} is missing in {html}");
    }
}

// ---- Settings ----

#[tokio::test]
async fn settings_show_the_person_and_work_as_plain_forms() {
    let html = page("/settings", FakeBackend::of_november()).await;
    assert_shows(
        &html,
        &[
            r#"value="Ana &lt;Wijaya&gt;""#,
            "You sign in as ana@example.com",
            r#"action="/fn/account/name""#,
            r#"action="/fn/account/theme""#,
            r#"action="/fn/account/language""#,
            r#"action="/fn/account/password""#,
            r#"action="/fn/account/sessions/end""#,
            r#"autocomplete="current-password""#,
            r#"autocomplete="new-password""#,
            "At least 12 characters",
        ],
    );
    assert!(!html.contains("style="), "the CSP forbids inline styles");
    let dark = html.split("<input").find(|input| input.contains(r#"value="dark""#)).expect("the dark choice");
    assert!(dark.contains("checked"), "the chosen theme is marked: {dark}");
}

#[tokio::test]
async fn only_other_sessions_can_be_ended() {
    let html = page("/settings", FakeBackend::of_november()).await;
    assert_shows(
        &html,
        &["Firefox on Linux", "This device", "Safari on iPhone", "192.0.2.7", "the session of Safari on iPhone"],
    );
    assert!(!html.contains("the session of Firefox on Linux"), "one's own session is left by signing out");
    assert_eq!(html.matches(r#"name="id""#).count(), 1);
    assert_shows(&html, &[r#"<form method="post" action="/logout">"#]);
}

#[tokio::test]
async fn a_wrong_password_is_said_at_its_field_without_scripts() {
    let address = post("/fn/account/password", "current=wrong&new=kopi-tubruk-di-teras&username=ana").await;
    assert!(address.starts_with("/settings?"), "{address}");
    let html = page(&address, FakeBackend::of_november()).await;
    let field = html.split("id=\"current\"").nth(1).expect("the field");
    let field = &field[..field.find("</div>").expect("its end")];
    assert_shows(field, &[r#"aria-invalid="true""#, "This is not your current password."]);
    assert_eq!(html.matches("This is not your current password.").count(), 1, "said once");
}

#[tokio::test]
async fn a_success_without_scripts_is_said_where_it_happened() {
    for (path, fields, words) in [
        ("/fn/account/name", "name=Budi", "Your name is saved."),
        ("/fn/account/theme", "theme=dark", "Your theme is saved."),
        ("/fn/account/language", "lang=id", "Your language is saved."),
        ("/fn/account/language", "lang=", "Your language is saved."),
        ("/fn/account/password", "current=right&new=kopi-tubruk-di-teras", "Every other session has ended."),
        ("/fn/account/sessions/end", "id=00000000-0000-0000-0000-00000000000c", "The session has ended."),
    ] {
        let html = page(&post(path, fields).await, FakeBackend::of_november()).await;
        assert_eq!(html.matches("notice-ok").count(), 1, "{path}");
        assert_shows(&html, &[words]);
    }
}

#[tokio::test]
async fn a_blank_name_is_refused_at_its_field() {
    let html = page(&post("/fn/account/name", "name=+").await, FakeBackend::of_november()).await;
    let field = html.split("id=\"name\"").nth(1).expect("the field");
    assert_shows(
        &field[..field.find("</div>").expect("its end")],
        &[r#"aria-invalid="true""#, "write something first"],
    );
}

#[tokio::test]
async fn without_a_session_there_is_a_way_to_sign_in() {
    let backend = FakeBackend::of_november();
    backend.state().me = Err(AppError::SignedOut);
    let html = page("/settings", backend).await;
    assert_shows(&html, &["Your session has ended", r#"href="/login""#]);
}

// ---- Usage ----

#[tokio::test]
async fn usage_shows_limits_days_and_people() {
    let html = page("/t/prs/usage", FakeBackend::of_november()).await;
    assert_shows(
        &html,
        &[
            "Usage of PRS Textile",
            "November 2026",
            "41 % of this month's budget is used",
            "1 request estimated",
            "Resets on 1 December 2026",
            "412,300",
            "of 1,000,000",
            "no limit",
            "of $50.00",
            r#"aria-label="Input tokens" min="0" max="1000000" low="800000" high="950000" optimum="0" value="412300""#,
            r#"aria-label="Requests" min="0" max="1""#,
            "Days are those of Asia/Jakarta.",
            "Ana Wijaya",
            "Budi &lt;b&gt;",
            "$3.35",
            "2@example.com",
            r#"href="?month=2026-10-01&amp;by=person""#,
            r#"href="/api/usage?tenant=prs&amp;by=person&amp;from=2026-11-01&amp;to=2026-11-30&amp;format=csv""#,
        ],
    );
    assert_eq!(html.matches(r#"class="chip""#).count(), 7, "a link for each way to divide it");
    assert_eq!(html.matches(r#"aria-current="true""#).count(), 1);
    assert_eq!(html.matches("<meter").count(), 3, "what has no limit has no meter");
    assert!(!html.contains("Next"), "the current month is the last");
    assert!(!html.contains("style="), "the CSP forbids inline styles");
}

#[tokio::test]
async fn the_chart_is_drawn_by_the_server_and_says_what_it_shows() {
    let html = page("/t/prs/usage", FakeBackend::of_november()).await;
    assert_shows(
        &html,
        &[
            r#"viewBox="0 0 600 1000""#,
            r#"aria-labelledby="usage-chart-title usage-chart-desc""#,
            "Cost by day, November 2026</title>",
            "3 days with usage; the highest is $8.34 on 3 November.</desc>",
            "3 November: $8.34, 12 requests",
            "Show as a table",
        ],
    );
    assert_eq!(html.matches("<rect").count(), 3);
    assert_eq!(html.matches("bar-unsure").count(), 1, "an estimated day looks different");
    // The highest day is as high as the chart; the one with almost nothing can still be seen.
    assert!(html.contains(r#"height="1000""#) && html.contains(r#"height="12""#), "{html}");
}

#[tokio::test]
async fn where_nothing_costs_anything_tokens_are_drawn() {
    let backend = FakeBackend::of_november();
    if let Ok(report) = &mut backend.state().report {
        for day in &mut report.by_day {
            day.cost = Money(0);
            day.quality = Quality::Exact;
        }
        report.breakdown.total.estimated_calls = 0;
    }
    let html = page("/t/prs/usage", backend).await;
    assert_shows(&html, &["Tokens by day", "24,000", "100 % exact"]);
}

#[tokio::test]
async fn tools_are_counted_without_tokens() {
    let html = page("/t/prs/usage?by=tool", FakeBackend::of_november()).await;
    assert_shows(&html, &["Usage by tool", "energy_and_cost", "8 s", "$1.25", "Tools have no tokens."]);
    let html = page("/t/prs/usage?by=rubbish", FakeBackend::of_november()).await;
    assert_shows(&html, &["Usage by person", "Ana Wijaya"]);
    let backend = FakeBackend::of_november();
    if let Ok(report) = &mut backend.state().report {
        report.breakdown.total.saving = Money(2_000_000_000_000);
        report.breakdown.total.adjusted = Money(-1_000_000_000_000);
    }
    let html = page("/t/prs/usage?by=group", backend).await;
    assert_shows(&html, &["Rules that choose a cheaper model saved $2.00.", "invoice: -$1.00.", "members today"]);
}

#[tokio::test]
async fn another_month_can_be_chosen_and_may_be_empty() {
    let html = page("/t/prs/usage?month=2026-12-01", FakeBackend::of_november()).await;
    assert_shows(
        &html,
        &[
            "Nothing was used in December 2026.",
            r#"href="?month=2027-01-01&amp;by=person""#,
            r#"href="?month=2026-11-01&amp;by=person""#,
            "Current",
        ],
    );
    assert!(!html.contains("<svg viewBox"), "there is nothing to draw");
    let html = page("/t/prs/usage?month=rubbish", FakeBackend::of_november()).await;
    assert_shows(&html, &["November 2026"]);
}

#[tokio::test]
async fn members_are_told_that_this_is_for_administrators() {
    let backend = FakeBackend::of_november();
    backend.state().report = Err(AppError::Forbidden);
    let html = page("/t/prs/usage", backend).await;
    assert_shows(&html, &["Only administrators see what everybody has used."]);
    assert!(!html.contains("<table"));
}

#[tokio::test]
async fn a_tenant_one_cannot_see_does_not_exist() {
    for address in ["/t/other/usage", "/t/NOT-A-CODE/usage"] {
        let html = page(address, FakeBackend::of_november()).await;
        assert_shows(&html, &["This does not exist, or you have no access to it."]);
    }
}

#[tokio::test]
async fn a_month_without_limits_shows_figures_without_meters() {
    let backend = FakeBackend::of_november();
    if let Ok(report) = &mut backend.state().report {
        report.meter.limits = BudgetLimits::default();
        report.meter.percent = None;
    }
    let html = page("/t/prs/usage", backend).await;
    assert_shows(&html, &["No limit is set", "412,300"]);
    assert!(!html.contains("<meter"));
}

#[tokio::test]
async fn an_unknown_address_is_explained() {
    let html = page("/nowhere", FakeBackend::of_november()).await;
    assert_shows(&html, &["This page does not exist, or you have no access to it.", r#"href="/""#]);
}
