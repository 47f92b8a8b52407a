//! The plain pages: what they say, that they work without scripts, that they escape what they are given.

#![expect(clippy::expect_used, reason = "tests: a broken fixture should fail loudly")]

use app::{
    model::{BudgetLimits, Date, Lang, Money, Role, TenantChoice, Theme, Timestamp},
    plain::{
        BudgetCard, BudgetRequestsPage, BudgetsPage, ChooseTenantPage, ErrorPage, KeyField, KeyForm, KeyRow,
        KeyShownPage, KeyState, KeysPage, LoginError, LoginNotice, LoginPage, OpenRequest, OwnRequest, PlainFrame,
        WaitingPage, budget_requests, budgets, choose_tenant, error, key_shown, keys, login, waiting,
    },
};

const INJECTION: &str = "\"><script>alert(1)</script>&'";

fn frame() -> PlainFrame {
    PlainFrame { css_href: "/pkg/steward.abc.css".to_owned(), theme: Theme::System, lang: Lang::English }
}

fn login_page() -> LoginPage {
    LoginPage { frame: frame(), error: None, notice: None, email: String::new(), next: "/t/prs".to_owned() }
}

fn assert_shows(html: &str, parts: &[&str]) {
    for part in parts {
        assert!(html.contains(part), "{part} is missing in {html}");
    }
}

/// The `<input …>` of this name.
fn input<'a>(html: &'a str, name: &str) -> &'a str {
    let wanted = format!("name=\"{name}\"");
    html.split("<input")
        .map(|rest| rest.split('>').next().unwrap_or(""))
        .find(|tag| tag.contains(&wanted))
        .expect("the input")
}

#[test]
fn signing_in_needs_no_script() {
    let html = login(&login_page());
    assert!(html.starts_with("<!DOCTYPE html><html"), "{html}");
    assert_shows(
        &html,
        &[
            r#"<html lang="en" class="system">"#,
            r#"<meta charset="utf-8">"#,
            "width=device-width",
            "<title>Sign in · Steward</title>",
            r#"href="/pkg/steward.abc.css""#,
            r#"method="post" action="/login""#,
            r#"<label for="email">E-mail</label>"#,
            r#"<label for="password">Password</label>"#,
        ],
    );
    assert_shows(input(&html, "email"), &[r#"type="email""#, r#"autocomplete="username""#, "required", "autofocus"]);
    assert_shows(input(&html, "password"), &[r#"type="password""#, r#"autocomplete="current-password""#, "required"]);
    assert_shows(input(&html, "next"), &[r#"type="hidden""#, r#"value="/t/prs""#]);
    assert!(!html.contains("role=\"alert\"") && !html.contains("aria-invalid"), "nothing is wrong yet: {html}");
}

#[test]
fn a_refusal_keeps_the_email_and_goes_to_the_password() {
    let html = login(&LoginPage {
        error: Some(LoginError::Credentials),
        notice: Some(LoginNotice::SignedOut),
        email: "ana@example.com".to_owned(),
        ..login_page()
    });
    assert_shows(&html, &[r#"role="alert""#, "E-mail or password is not right."]);
    assert_shows(input(&html, "email"), &[r#"value="ana@example.com""#, r#"aria-invalid="true""#]);
    assert_shows(input(&html, "password"), &["autofocus", r#"aria-describedby="login-error""#]);
    assert!(!input(&html, "email").contains("autofocus"));
    assert!(!input(&html, "password").contains("value="), "a password never comes back");
    assert!(!html.contains("You are signed out."), "the error is what counts now");
}

#[test]
fn every_error_and_notice_has_its_words() {
    for (reason, words) in [
        (LoginError::Missing, "Enter your e-mail and your password."),
        (LoginError::RateLimited { retry_after_s: 30 }, "Try again in 30 seconds."),
        (LoginError::RateLimited { retry_after_s: 601 }, "Try again in 11 minutes."),
        (LoginError::RateLimited { retry_after_s: 0 }, "Try again in a second."),
        (LoginError::Unavailable, "not possible right now"),
        (LoginError::Stale, "too old"),
    ] {
        assert_shows(&login(&LoginPage { error: Some(reason), ..login_page() }), &[words, r#"role="alert""#]);
    }
    for (reason, words) in [
        (LoginNotice::SignedOut, "You are signed out."),
        (LoginNotice::SessionEnded, "Your session has ended."),
        (LoginNotice::PasswordChanged, "Your password is changed."),
    ] {
        assert_shows(&login(&LoginPage { notice: Some(reason), ..login_page() }), &[words, r#"role="status""#]);
    }
}

#[test]
fn several_tenants_are_offered_and_none_is_the_default() {
    let choice = |code: &str, name: &str, role| TenantChoice {
        code: code.parse().expect("a code"),
        name: name.to_owned(),
        role,
    };
    let html = choose_tenant(&ChooseTenantPage {
        frame: frame(),
        email: "ana@example.com".to_owned(),
        tenants: vec![choice("prs", "PRS Textile", Role::Admin), choice("acme", "Acme <Mills>", Role::Member)],
    });
    assert_shows(
        &html,
        &[
            r#"<a href="/t/prs">"#,
            r#"<a href="/t/acme">"#,
            "PRS Textile",
            "Acme &lt;Mills&gt;",
            "Signed in as ",
            "ana@example.com",
            r#"<form method="post" action="/logout">"#,
        ],
    );
    assert_eq!(html.matches("Administrator").count(), 1);
}

#[test]
fn who_waits_is_told_whom_to_ask() {
    let page =
        WaitingPage { frame: frame(), email: "ana@example.com".to_owned(), contact: "ops@example.com".to_owned() };
    assert_shows(
        &waiting(&page),
        &[
            "Your account is waiting for ops@example.com",
            "<strong>ops@example.com</strong>",
            r#"<meta http-equiv="refresh" content="15""#,
            "Check again",
            "Sign out",
        ],
    );
    let html = waiting(&WaitingPage { contact: String::new(), ..page });
    assert_shows(&html, &["Your account is waiting for access", "the administrator of your organisation"]);
}

#[test]
fn an_error_tells_what_to_do_and_what_to_quote() {
    for (status, words) in [
        (403, "You may not do this."),
        (404, "This page does not exist"),
        (500, "a fault on our side"),
        (503, "Try again in a moment."),
    ] {
        let html = error(&ErrorPage::of_status(frame(), status, "req-77".to_owned()));
        assert_shows(&html, &[words, &status.to_string(), "req-77", r#"href="/""#]);
    }
    let html = error(&ErrorPage::of_status(frame(), 404, String::new()));
    assert!(!html.contains("Request "), "there is no id to quote");
}

#[test]
fn nothing_given_becomes_markup() {
    let evil = || INJECTION.to_owned();
    let mut evil_frame = frame();
    evil_frame.css_href = evil();
    let pages = [
        login(&LoginPage { email: evil(), next: evil(), frame: evil_frame, ..login_page() }),
        waiting(&WaitingPage { frame: frame(), email: evil(), contact: evil() }),
        choose_tenant(&ChooseTenantPage {
            frame: frame(),
            email: evil(),
            tenants: vec![TenantChoice { code: "prs".parse().expect("a code"), name: evil(), role: Role::Member }],
        }),
        error(&ErrorPage { frame: frame(), status: 500, title: evil(), message: evil(), request_id: evil() }),
    ];
    for html in pages {
        assert!(!html.contains("<script"), "{html}");
        assert!(html.contains("&lt;script&gt;alert(1)"), "it is shown: {html}");
    }
}

#[test]
fn plain_pages_carry_no_script_and_no_inline_style() {
    for html in [login(&login_page()), error(&ErrorPage::of_status(frame(), 404, String::new()))] {
        for forbidden in ["<script", "style=", "<style", "onclick", "http://", "https://"] {
            assert!(!html.contains(forbidden), "{forbidden} in {html}");
        }
        assert!(html.len() < 4_000, "{} bytes", html.len());
    }
}

#[test]
fn the_theme_is_there_from_the_first_byte() {
    for (theme, class, colors) in [(Theme::Light, "light", 1), (Theme::Dark, "dark", 1), (Theme::System, "system", 2)] {
        let html = login(&LoginPage { frame: PlainFrame { theme, ..frame() }, ..login_page() });
        assert_shows(&html, &[&format!("class=\"{class}\"")]);
        assert_eq!(html.matches("name=\"theme-color\"").count(), colors);
    }
}

fn keys_page() -> KeysPage {
    let day = Date { year: 2026, month: 3, day: 10 };
    let row = KeyRow {
        id: "0190aaaa-0000-7000-8000-000000000001".to_owned(),
        public_id: "AbCdEfGhIjKl".to_owned(),
        name: INJECTION.to_owned(),
        state: KeyState::Active,
        created: day,
        last_used: None,
        ends: Some(day),
        requests_per_minute: Some(5),
        tokens_per_minute: None,
        concurrent: None,
        is_front_end: true,
        administers: false,
    };
    KeysPage {
        frame: frame(),
        nonce: "abc".to_owned(),
        tenant: ("prs".to_owned(), INJECTION.to_owned()),
        notice: None,
        own: vec![row],
        services: None,
        older: None,
        form: KeyForm { name: INJECTION.to_owned(), ..KeyForm::default() },
        asks_password: false,
        origin: "https://steward.example".to_owned(),
    }
}

#[test]
fn keys_are_listed_with_what_can_be_done_about_them() {
    let html = keys(&keys_page());
    assert_shows(
        &html,
        &[
            "<title>Keys for programs · Steward</title>",
            r#"src="/copy.js" nonce="abc""#,
            "stw_AbCdEfGhIjKl_…",
            "Made on 10 March 2026 · never used · ends on 10 March 2026 · 5 requests a minute",
            "Names its people",
            r#"action="/t/prs/keys/0190aaaa-0000-7000-8000-000000000001/revoke""#,
            r#"action="/t/prs/keys""#,
            "https://steward.example/ollama",
        ],
    );
    assert!(!html.contains("<script>alert") && html.matches("<script").count() == 1, "{html}");
    assert!(!html.contains("type=\"password\"") && !html.contains("Whose key?") && !html.contains("role=\"alert\""));
    assert!(!html.contains(" style="), "no inline styles");
}

#[test]
fn an_administrator_chooses_whose_key_it_is_and_an_old_sign_in_is_asked_for_the_password() {
    let page = KeysPage { services: Some(vec![]), asks_password: true, ..keys_page() };
    let html = keys(&page);
    assert_shows(&html, &["Keys of services", "Whose key?", "There are none yet."]);
    assert_shows(input(&html, "password"), &[r#"autocomplete="current-password""#, "required"]);
    let wrong = KeyForm { error: Some((KeyField::Tokens, "Write a whole number.".to_owned())), ..KeyForm::default() };
    let html = keys(&KeysPage { form: wrong, ..keys_page() });
    assert_shows(input(&html, "tokens"), &[r#"aria-invalid="true""#, r#"aria-describedby="tokens-hint tokens-error""#]);
    let indonesian = PlainFrame { lang: Lang::Indonesian, ..frame() };
    assert_shows(&keys(&KeysPage { frame: indonesian, ..keys_page() }), &["Kunci untuk program", "Cabut sekarang"]);
}

#[test]
fn a_key_is_shown_with_what_to_do_with_it() {
    let page = KeyShownPage {
        frame: frame(),
        nonce: "abc".to_owned(),
        tenant: "prs".to_owned(),
        name: INJECTION.to_owned(),
        key: "stw_AbCdEfGhIjKl_secret".to_owned(),
        origin: "https://steward.example".to_owned(),
    };
    let html = key_shown(&page);
    assert_shows(
        &html,
        &["<code>stw_AbCdEfGhIjKl_secret</code>", "not shown again", "OPENAI_API_KEY=stw_AbCdEfGhIjKl_secret"],
    );
    assert!(!html.contains("<script>alert"), "{html}");
}

fn budget_card() -> BudgetCard {
    BudgetCard {
        id: "0190-budget".to_owned(),
        name: INJECTION.to_owned(),
        limits: BudgetLimits {
            tokens: Some(1_500_000),
            cost: Some(Money(25_000_000_000_000)),
            ..BudgetLimits::default()
        },
        used: [1_000_000, 200_000, 7],
        cost: Money(20_000_000_000_000),
        percent: Some(80),
        resets_at: Some(Timestamp(1_796_058_000_000)),
    }
}

#[test]
fn asking_for_more_needs_no_script() {
    let page = |request, lang| BudgetsPage {
        frame: PlainFrame { lang, ..frame() },
        tenant: "prs".parse().expect("a code"),
        locale: Lang::English,
        offset_minutes: 420,
        budgets: vec![(budget_card(), request)],
        is_admin: false,
    };
    let html = budgets(&page(OwnRequest::None, Lang::English));
    assert_shows(&html, &["Your budgets", "80 % used", "1,200,000 / 1,500,000", "$20.00 / $25.00", "1 December 2026"]);
    assert_shows(&html, &[r#"method="post" action="/t/prs/budget""#, r#"name="reason""#, "Ask for more"]);
    assert_shows(input(&html, "budget"), &[r#"type="hidden""#, r#"value="0190-budget""#]);
    assert!(!html.contains("<script") && !html.contains("/budget/requests"), "{html}");
    let open = budgets(&page(OwnRequest::Open { reason: INJECTION.to_owned() }, Lang::Indonesian));
    assert!(!open.contains("name=\"reason\"") && !open.contains("<script"), "{open}");
    assert_shows(&open, &["Anggaran Anda", "Permintaan Anda sudah di administrator"]);
    let declined = budgets(&page(OwnRequest::Declined { answer: "not now".to_owned() }, Lang::English));
    assert_shows(&declined, &["Declined.", "not now", r#"name="reason""#]);
}

#[test]
fn requests_are_decided_without_scripts() {
    let request = OpenRequest {
        id: "0190-request".to_owned(),
        person: "Budi".to_owned(),
        reason: INJECTION.to_owned(),
        budget: budget_card(),
    };
    let mut page = BudgetRequestsPage {
        frame: frame(),
        tenant: "prs".parse().expect("a code"),
        locale: Lang::English,
        offset_minutes: 420,
        requests: vec![request],
        is_decided: false,
    };
    let html = budget_requests(&page);
    assert!(!html.contains("<script"), "{html}");
    assert_shows(&html, &[r#"action="/t/prs/budget/requests/0190-request""#, r#"name="tokens""#, r#"name="cost""#]);
    assert_shows(&html, &[r#"name="decision" value="grant""#, r#"name="decision" value="decline""#]);
    assert!(!html.contains("name=\"requests\""), "what is not limited cannot be granted");
    page.requests.clear();
    page.is_decided = true;
    assert_shows(&budget_requests(&page), &["Nobody asks for more.", "It is decided."]);
}
