//! Limits and refusals in words.

use app::model::{BudgetRefusal, Money, Timestamp};

use super::admission::{Limit, what_is_left};
use crate::db::budget::{BudgetOnPath, Period, ScopeKind};

/// A refusal in words.
pub(super) fn refusal(
    budget: &BudgetOnPath,
    limit: Limit,
    tenant_name: &str,
    user_name: &str,
    resets_at: Timestamp,
) -> BudgetRefusal {
    // An unlimited budget still ends where counting does.
    let uncountable = || "more than can be counted".to_owned();
    let counted = |limit: Option<i64>, one| limit.map_or_else(uncountable, |number| count(number, one));
    let limits = &budget.limits;
    let cost = || limits.cost.map_or_else(uncountable, money);
    let (is_used_up, left) = what_is_left(budget, limit);
    BudgetRefusal {
        budget: budget_name(budget.scope, budget.period, tenant_name, user_name),
        limit: match limit {
            Limit::InputTokens => counted(limits.input_tokens, "input token"),
            Limit::OutputTokens => counted(limits.output_tokens, "output token"),
            Limit::Tokens => counted(limits.tokens, "token"),
            Limit::Requests => counted(limits.requests, "request"),
            Limit::Cost => cost(),
            Limit::UnknownPrice => format!("{}, and this model's price is not known", cost()),
            Limit::TooLarge => "this request is larger than can be counted".to_owned(),
        },
        resets_at: begins_anew(budget.period, resets_at),
        contact: budget.contact.clone(),
        is_used_up,
        left,
    }
}

/// When a budget begins anew, given the end of its window; `None`: never.
pub(super) fn begins_anew(period: Period, end: Timestamp) -> Option<Timestamp> {
    (period != Period::None).then_some(end)
}

/// `PRS Textile's monthly budget`.
pub(super) fn budget_name(scope: ScopeKind, period: Period, tenant_name: &str, user_name: &str) -> String {
    let owner = match scope {
        ScopeKind::Tenant => tenant_name,
        ScopeKind::User => user_name,
        ScopeKind::Group => "the group",
        ScopeKind::Profile => "this profile",
        ScopeKind::Key => "this key",
    };
    let period = match period {
        Period::Month => "monthly ",
        Period::Week => "weekly ",
        Period::Day => "daily ",
        Period::None => "",
    };
    format!("{owner}'s {period}budget")
}

/// `1 request`, `1,000,000 input tokens`.
pub(super) fn count(number: i64, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{} {one}s", thousands(number)) }
}

/// `$12.35`.
pub(super) fn money(amount: Money) -> String {
    amount.to_string()
}

/// `1000000` → `1,000,000`.
pub(super) fn thousands(number: i64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use app::model::BudgetLimits;
    use chrono_tz::Tz;
    use uuid::Uuid;

    use super::*;
    use crate::db::{budget::window::WindowState, ledger::Amounts};

    #[test]
    fn refusals_are_in_words() {
        let one = BudgetOnPath {
            id: Uuid::nil(),
            scope: ScopeKind::Tenant,
            period: Period::Month,
            limits: BudgetLimits {
                requests: Some(1),
                input_tokens: Some(1_234_567),
                tokens: Some(2_000_000),
                ..BudgetLimits::default()
            },
            soft_percent: None,
            is_active: true,
            time_zone: Tz::UTC,
            contact: "ana@prs.example".into(),
            window: None,
        };
        let words = |limit| refusal(&one, limit, "PRS Textile", "Ana", Timestamp(5));
        assert_eq!(words(Limit::Requests).limit, "1 request");
        assert_eq!(words(Limit::InputTokens).limit, "1,234,567 input tokens");
        assert_eq!(words(Limit::Tokens).limit, "2,000,000 tokens");
        assert_eq!(words(Limit::InputTokens).budget, "PRS Textile's monthly budget");
        assert_eq!(
            (words(Limit::Requests).resets_at, words(Limit::Requests).contact),
            (Some(Timestamp(5)), one.contact.clone())
        );
        let own = BudgetOnPath { scope: ScopeKind::User, period: Period::None, ..one.clone() };
        let refused = refusal(&own, Limit::Requests, "PRS Textile", "Ana", Timestamp(5));
        assert_eq!((refused.budget.as_str(), refused.resets_at), ("Ana's budget", None), "it never does");
    }

    #[test]
    fn too_little_is_not_nothing() {
        let used = |output_tokens, pico_usd| BudgetOnPath {
            id: Uuid::nil(),
            scope: ScopeKind::Key,
            period: Period::Day,
            limits: BudgetLimits { output_tokens: Some(10), cost: Some(Money(100)), ..BudgetLimits::default() },
            soft_percent: None,
            is_active: true,
            time_zone: Tz::UTC,
            contact: String::new(),
            window: Some(WindowState {
                settled: Amounts { output_tokens, pico_usd, ..Amounts::default() },
                ..WindowState::empty(Timestamp(0), Timestamp(5))
            }),
        };
        let told = |budget: &BudgetOnPath, limit| {
            let refused = refusal(budget, limit, "PRS Textile", "Ana", Timestamp(5));
            (refused.is_used_up, refused.left)
        };
        assert_eq!(told(&used(9, 30), Limit::OutputTokens), (false, Some(Money(70))));
        assert_eq!(told(&used(10, 100), Limit::OutputTokens), (true, Some(Money(0))));
        assert_eq!(told(&used(9, 101), Limit::Cost), (true, Some(Money(0))), "an overrun is not less than nothing");
        assert_eq!(told(&used(10, 100), Limit::UnknownPrice), (false, Some(Money(0))));
        // What is held may come back.
        let mut held = used(4, 30);
        if let Some(window) = &mut held.window {
            window.reserved = Amounts { output_tokens: 6, pico_usd: 70, ..Amounts::default() };
        }
        assert_eq!(told(&held, Limit::OutputTokens), (false, Some(Money(0))));
        let mut unlimited = used(10, 100);
        unlimited.limits.cost = None;
        assert_eq!(told(&unlimited, Limit::OutputTokens), (true, None));
    }

    #[test]
    fn thousands_are_grouped() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_000_000, "1,000,000")] {
            assert_eq!(thousands(number), text);
        }
    }
}
