//! `peaks`: the highest quarter hours of demand.

use std::collections::BTreeMap;

use app::words::energy as say;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    amount,
    ask::{Ask, arguments, row_limit},
    chart,
    counter::QUARTER,
    money::{decimal, number},
    period::{local_text, utc_text},
    quantity::Quantity,
    site::ScopeArguments,
    table::{figure, figures, table, word, words},
};
use crate::{
    db::energy::reading::reading_used,
    tools::{ToolError, ToolResult, chart_bounds},
};

/// The longest period whose quarter hours are looked at.
const MAX_DAYS: i64 = 92;
/// Peaks closer than this, in seconds, are one.
const APART: i64 = 3_600;
/// Demand in kW is the energy of a quarter hour times this.
const QUARTERS_PER_HOUR: i64 = 4;

#[derive(Deserialize)]
struct Arguments {
    #[serde(flatten)]
    scope: ScopeArguments,
    period: Value,
    limit: Option<u16>,
}

pub async fn peaks(ask: &mut Ask<'_>, given: Value) -> Result<ToolResult, ToolError> {
    let given: Arguments = arguments(given)?;
    let period = ask.period(&given.period)?;
    if period.days() > MAX_DAYS {
        return Err(ToolError::Refused(format!(
            "Peaks are looked for in at most {MAX_DAYS} days, this period has {}; ask for a part of it.",
            period.days()
        )));
    }
    let target = ask.site.target(&given.scope)?;
    let (start, end) = period.seconds(ask.calendar.zone);
    let mut used: BTreeMap<i64, i64> = BTreeMap::new();
    for (device, weight) in &target.terms {
        let energy = Quantity::ActiveEnergy.id();
        for row in reading_used(ask.scope, &mut ask.tx, device.id, energy, start, end).await? {
            let part = weight.of(row.used_micro).unwrap_or(0);
            let sum = used.entry(row.ts).or_default();
            *sum = sum.saturating_add(part);
        }
    }
    let quarters = i64::try_from(used.len()).unwrap_or(i64::MAX);
    let energy: i64 = used.values().fold(0, |sum, part| sum.saturating_add(*part));
    let average = (quarters > 0).then(|| energy.saturating_mul(QUARTERS_PER_HOUR) / quarters);
    let highest = highest_apart(&used, row_limit(given.limit, 5));
    let load_factor = match (average, highest.first()) {
        (Some(average), Some((_, peak))) => amount::percent(average, *peak),
        _ => None,
    };

    let (calendar, lang) = (&ask.calendar, ask.style.lang);
    let note = amount::note(&period, &amount::Amount::default(), !used.is_empty(), calendar, lang);
    let place = |ts: i64| {
        let slot = calendar.slot(ts);
        (
            local_text(calendar.zone, ts),
            calendar.shift_name(slot.shift_id, lang),
            calendar.rate_code(slot.rate_id, lang),
        )
    };
    let rows: Vec<Value> = highest
        .iter()
        .map(|(ts, demand)| {
            let (local, shift, rate) = place(*ts);
            json!({ "at": utc_text(*ts), "local": local, "kw": number(*demand), "shift": shift, "rate": rate })
        })
        .collect();
    let structured = json!({
        "scope": target.label, "period": period.json(lang), "peaks": rows, "average_kw": average.map(number),
        "load_factor_percent": load_factor, "note": note,
    });
    let kw = |micro: i64| decimal(number(micro), 1, lang);
    let mut text = match highest.first() {
        Some((ts, demand)) => {
            let average = kw(average.unwrap_or(0));
            say::highest_demand(lang, &target.label, period.label(lang), kw(*demand), place(*ts).0, average)
        }
        None => say::no_demand(lang, &target.label, period.label(lang)),
    };
    if let Some(note) = &note {
        text.push_str(&format!(" {note}"));
    }
    let columns = vec![
        words(say::local_time(lang)),
        figures(say::demand(lang), "kW"),
        words(say::shift(lang)),
        words(say::rate(lang)),
    ];
    let shown = highest
        .iter()
        .map(|(ts, demand)| {
            let (local, shift, rate) = place(*ts);
            vec![word(local), figure(number(*demand), 1, lang), word(shift), word(rate)]
        })
        .collect();
    let caption = say::peaks_of(lang, &target.label, period.label(lang));
    let sentence = highest.first().map(|(ts, demand)| say::demand_told(lang, kw(*demand), place(*ts).0));
    let title = say::demand_of(lang, &target.label, period.label(lang));
    let demand = used.iter().map(|(ts, used)| (*ts, number(used.saturating_mul(QUARTERS_PER_HOUR))));
    let chart = sentence.map(|sentence| {
        chart::time(title, sentence, (say::demand(lang), "kW"), calendar.zone, QUARTER, demand.collect())
    });
    let charts = chart.map(chart_bounds::fine).into_iter().collect();
    Ok(ToolResult { text, structured, tables: vec![table(caption, columns, shown)], charts })
}

/// The highest quarter hours as `(ts, micro-kW)`, highest first (the earlier of equals), none within an hour of another.
fn highest_apart(used: &BTreeMap<i64, i64>, limit: usize) -> Vec<(i64, i64)> {
    let mut sorted: Vec<(i64, i64)> =
        used.iter().map(|(ts, used)| (*ts, used.saturating_mul(QUARTERS_PER_HOUR))).collect();
    sorted.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    let mut found: Vec<(i64, i64)> = Vec::with_capacity(limit);
    for (ts, demand) in sorted {
        if found.len() == limit {
            break;
        }
        if found.iter().all(|(other, _)| (ts - other).abs() >= APART) {
            found.push((ts, demand));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_of_a_peak_are_the_same_peak() {
        let used: BTreeMap<i64, i64> = [(0, 5), (900, 9), (1_800, 8), (4_500, 7), (9_000, 7)].into();
        assert_eq!(highest_apart(&used, 5), [(900, 36), (4_500, 28), (9_000, 28)]);
        assert_eq!(highest_apart(&used, 1), [(900, 36)]);
    }
}
