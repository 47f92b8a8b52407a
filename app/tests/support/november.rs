//! The pages beside the chat, on a backend with one person, their sessions and one tenant's November.

use app::{
    model::{
        BudgetLimits, Date, Lang, Me, Money, Quality, Role, SessionId, SessionView, Theme, Timestamp, Tokens,
        UsageBreakdown, UsageBy, UsageByDay, UsageMeter, UsageReport, UsageRow,
    },
    pages::{not_found::NotFoundPage, settings::SettingsPage, usage::UsagePage},
};
use futures::StreamExt;
use leptos::prelude::*;
use leptos_router::{
    components::{Route, Router, Routes},
    location::RequestUrl,
    path,
};
use uuid::Uuid;

use super::{
    fake_backend::{FakeBackend, caller, choice},
    site,
};

/// The pages under test with the addresses they have in `app::routes`.
#[component]
fn Pages() -> impl IntoView {
    leptos_meta::provide_meta_context();
    view! {
        <Router>
            <Routes fallback=NotFoundPage>
                <Route path=path!("/settings") view=SettingsPage/>
                <Route path=path!("/t/:tenant/usage") view=UsagePage/>
            </Routes>
        </Router>
    }
}

/// The page at `address`, as the server sends it.
pub async fn page(address: &str, lang: Lang, backend: FakeBackend) -> String {
    // Starts the executor, once per process.
    site::routes();
    let owner = Owner::new();
    let stream = owner.with(|| {
        provide_context(RequestUrl::new(address));
        provide_context(lang);
        backend.provide();
        view! { <Pages/> }.to_html_stream_in_order()
    });
    let html = stream.collect::<Vec<String>>().await.concat();
    drop(owner);
    html
}

fn tokens(input: i64, output: i64) -> Tokens {
    Tokens { input, output, ..Tokens::default() }
}

fn november(day: u8) -> Date {
    Date { year: 2026, month: 11, day }
}

fn session(number: u128, device: &str, current: bool) -> SessionView {
    SessionView {
        id: SessionId(Uuid::from_u128(number)),
        current,
        device: device.to_owned(),
        ip: "192.0.2.7".to_owned(),
        created_at: Timestamp(1_795_000_000_000),
        last_seen_at: Timestamp(1_795_270_000_000),
    }
}

impl FakeBackend {
    pub fn of_november() -> Self {
        let limits = BudgetLimits {
            input_tokens: Some(1_000_000),
            output_tokens: None,
            requests: Some(0),
            cost: Some(Money(50_000_000_000_000)),
            tokens: None,
        };
        let meter = UsageMeter {
            percent: Some(41),
            used: tokens(412_300, 88_120),
            requests: 231,
            cost: Money(12_345_000_000_000),
            limits,
            resets_at: Timestamp(1_796_058_000_000),
            quality: Quality::Estimated,
            notice: None,
        };
        let day = |day: u8, pico: i64, quality| UsageByDay {
            day: november(day),
            tokens: tokens(20_000, 4_000),
            requests: 12,
            cost: Money(pico),
            quality,
        };
        let person = |number: u128, name: &str, pico: i64| UsageRow {
            key: Uuid::from_u128(number).to_string(),
            name: Some(name.to_owned()),
            detail: Some(format!("{number}@example.com")),
            tokens: tokens(206_150, 44_060),
            requests: 115,
            cost: Money(pico),
            list_cost: Money(pico),
            ..UsageRow::default()
        };
        let backend = Self::default();
        let mut state = backend.state();
        state.role = Role::Admin;
        state.me = Ok(Me {
            id: caller().user,
            name: "Ana <Wijaya>".to_owned(),
            email: "ana@example.com".to_owned(),
            theme: Theme::Dark,
            lang: None,
            tenants: vec![choice("prs", "PRS Textile", Role::Admin)],
        });
        state.sessions = vec![session(11, "Firefox on Linux", true), session(12, "Safari on iPhone", false)];
        state.report = Ok(UsageReport {
            month: november(1),
            meter: meter.clone(),
            by_day: vec![
                day(2, 4_000_000_000_000, Quality::Exact),
                day(3, 8_340_000_000_000, Quality::Estimated),
                day(20, 5_000_000_000, Quality::Exact),
            ],
            breakdown: UsageBreakdown {
                by: UsageBy::Person,
                total: UsageRow { requests: 230, estimated_calls: 1, ..person(0, "", 12_345_000_000_000) },
                rows: vec![person(1, "Ana Wijaya", 9_000_000_000_000), person(2, "Budi <b>", 3_345_000_000_000)],
                tools: Vec::new(),
                more: false,
            },
        });
        state.meter = meter;
        drop(state);
        backend
    }
}
