//! What an answer cost, folded away until somebody asks.

use leptos::prelude::*;

use super::{format, icon::icon};
use crate::model::{Quality, TurnUsage};

#[component]
pub fn UsageDetails(usage: TurnUsage) -> impl IntoView {
    let tokens = usage.tokens;
    let quality = match usage.quality {
        Quality::Exact => "exact, as the provider reported it",
        Quality::Estimated => "an upper bound: the provider's report was cut off",
        Quality::Unknown => "not known yet: the whole hold is charged until it is",
    };
    let cached = tokens.cache_read;
    let rows = [
        ("Input", format!("{} tokens", format::thousands(tokens.input_total()))),
        ("of these cached", format!("{} tokens", format::thousands(cached))),
        ("Output", format!("{} tokens", format::thousands(tokens.output))),
        ("Cost", usage.cost.to_string()),
        ("Figures", quality.to_owned()),
        ("Model calls", format::thousands(usage.calls)),
        ("Took", format::duration(usage.duration_ms)),
    ];
    let rows = rows.into_iter().map(|(name, value)| view! { <div><dt>{name}</dt><dd>{value}</dd></div> });
    view! {
        <details class="menu-box usage-details">
            <summary class="button button-quiet button-icon" aria-label="Details of this answer" title="Details">
                {icon("info")}
            </summary>
            <dl class="menu">{rows.collect_view()}</dl>
        </details>
    }
    .into_any()
}
