//! What an answer cost, folded away until somebody asks.

use leptos::prelude::*;

use super::{format, icon::icon};
use crate::{
    chat::{browser, state::Chat},
    model::{Quality, TurnUsage},
    words::{self, thread},
};

#[component]
pub fn UsageDetails(usage: TurnUsage, model: Option<String>) -> impl IntoView {
    let lang = words::lang();
    let tokens = usage.tokens;
    let quality = match usage.quality {
        Quality::Exact => thread::figures_exact(lang),
        Quality::Estimated => thread::figures_estimated(lang),
        Quality::Unknown => thread::figures_unknown(lang),
    };
    let shows_cost = Chat::get().home.with_value(|home| home.tenant.shows_cost);
    let rows = [
        model.map(|model| (thread::model(lang), model)),
        Some((thread::tokens_input(lang), thread::tokens(lang, tokens.input_total()))),
        Some((thread::tokens_cached(lang), thread::tokens(lang, tokens.cache_read))),
        Some((thread::tokens_output(lang), thread::tokens(lang, tokens.output))),
        shows_cost.then(|| (thread::cost(lang), usage.cost.to_string())),
        Some((thread::figures(lang), quality.to_owned())),
        Some((thread::model_calls(lang), format::thousands(usage.calls))),
        usage.first_token_ms.map(|ms| (thread::first_token(lang), format::duration(ms))),
        speed_tenths(&usage).map(|tenths| (thread::speed(lang), thread::tokens_per_second(lang, tenths))),
        (usage.tool_ms > 0).then(|| (thread::tool_time(lang), format::duration(usage.tool_ms))),
        Some((thread::took(lang), format::duration(usage.duration_ms))),
    ];
    let rows = rows.into_iter().flatten();
    let rows = rows.map(|(name, value)| view! { <div><dt>{name}</dt><dd>{value}</dd></div> });
    view! {
        <details class="menu-box up usage-details" on:toggle=|event| browser::turn_menu(&event)>
            <summary class="button button-quiet button-icon" aria-label=thread::details_of_answer(lang) title=words::common::details(lang)>
                {icon("info")}
            </summary>
            <dl class="menu">{rows.collect_view()}</dl>
        </details>
    }
    .into_any()
}

/// Tenths of output tokens per second of the time the model wrote: without the wait for its first word and for tools.
/// `None` when that is not known or too short to mean something.
fn speed_tenths(usage: &TurnUsage) -> Option<i64> {
    let writing_ms = usage.duration_ms.checked_sub(usage.first_token_ms?)?.checked_sub(usage.tool_ms)?;
    if writing_ms < 100 || usage.tokens.output <= 0 {
        return None;
    }
    usage.tokens.output.checked_mul(10_000)?.checked_div(writing_ms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Money, Tokens};

    #[test]
    fn speed_is_that_of_the_model_alone() {
        let usage = TurnUsage {
            tokens: Tokens { output: 500, ..Tokens::default() },
            cost: Money(0),
            quality: Quality::Exact,
            calls: 1,
            duration_ms: 12_000,
            first_token_ms: Some(1_000),
            tool_ms: 1_000,
        };
        assert_eq!(speed_tenths(&usage), Some(500));
        assert_eq!(speed_tenths(&TurnUsage { first_token_ms: None, ..usage }), None);
        assert_eq!(speed_tenths(&TurnUsage { duration_ms: 2_050, ..usage }), None, "too short to tell");
        assert_eq!(speed_tenths(&TurnUsage { tokens: Tokens::default(), ..usage }), None);
    }
}
