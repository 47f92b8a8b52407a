//! `energy_and_cost` and `compare_periods`.

use std::collections::BTreeMap;

use app::{
    model::{Chart, Date, Lang},
    words::energy as say,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    amount::{self, Amount, percent, percent_cell},
    ask::{Ask, arguments},
    chart,
    money::{Style, format_kwh, format_percent, number},
    period::{Keyword, Period},
    site::{ScopeArguments, Target},
    table::{figures, table, word, words},
};
use crate::{
    db::energy::daily::Daily,
    tools::{ToolError, ToolResult},
};

/// The most rows of a split.
const MAX_ROWS: usize = 400;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum GroupBy {
    #[default]
    None,
    Day,
    Month,
    Shift,
    Rate,
    Device,
}

impl GroupBy {
    fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Day => "day",
            Self::Month => "month",
            Self::Shift => "shift",
            Self::Rate => "rate",
            Self::Device => "device",
        }
    }

    fn heading(self, lang: Lang) -> &'static str {
        match self {
            Self::None => "",
            Self::Day => say::day(lang),
            Self::Month => say::month(lang),
            Self::Shift => say::shift(lang),
            Self::Rate => say::rate(lang),
            Self::Device => say::device(lang),
        }
    }
}

#[derive(Deserialize)]
struct EnergyArguments {
    #[serde(flatten)]
    scope: ScopeArguments,
    period: Value,
    #[serde(default)]
    group_by: GroupBy,
}

/// One part of a total.
struct Row {
    key: String,
    label: String,
    amount: Amount,
}

pub async fn energy_and_cost(ask: &mut Ask<'_>, given: Value) -> Result<ToolResult, ToolError> {
    let given: EnergyArguments = arguments(given)?;
    let period = ask.period(&given.period)?;
    let target = ask.site.target(&given.scope)?;
    let cells = amount::cells(ask.scope, &mut ask.tx, &target, &period).await?;
    let total = amount::total(cells.iter().map(|(_, cell)| cell));
    let mut rows = match given.group_by {
        GroupBy::None => Vec::new(),
        GroupBy::Device => by_device(ask, &target, &period, &cells).await?,
        group_by => by_cell(ask, group_by, &cells),
    };
    let omitted = rows.len().saturating_sub(MAX_ROWS);
    rows.truncate(MAX_ROWS);
    let lang = ask.style.lang;
    let note = amount::note(&period, &total, !cells.is_empty(), &ask.calendar, lang);
    let style = &ask.style;

    let json_row = |row: &Row| {
        let mut fields = row.amount.fields(style);
        fields.insert("key".to_owned(), json!(row.key));
        fields.insert("label".to_owned(), json!(row.label));
        fields.insert("share_percent".to_owned(), json!(row.amount.share_of(&total)));
        Value::Object(fields)
    };
    let structured = json!({
        "scope": target.label, "period": period.json(lang), "currency": style.currency, "group_by": given.group_by.as_str(),
        "total": total.json(style), "rows": rows.iter().map(json_row).collect::<Vec<_>>(), "omitted": omitted,
        "note": note,
    });
    let mut text = format!("{}, {}: {}.", target.label, period.label(lang), total.words(style));
    if let Some(note) = &note {
        text.push_str(&format!(" {note}"));
    }
    let tables =
        if rows.is_empty() { Vec::new() } else { vec![split_table(given.group_by, &text, &rows, &total, style)] };
    let charts = split_chart(given.group_by, &period, &target.label, &rows, style);
    Ok(ToolResult { text, structured, tables, charts: charts.into_iter().collect() })
}

fn split_table(group_by: GroupBy, caption: &str, rows: &[Row], total: &Amount, style: &Style) -> app::model::Table {
    let lang = style.lang;
    let columns = vec![
        words(group_by.heading(lang)),
        figures(say::energy(lang), "kWh"),
        figures(say::cost(lang), &style.currency),
        figures(say::share(lang), "%"),
    ];
    let rows = rows
        .iter()
        .map(|row| {
            let [energy, cost] = row.amount.cells(style);
            vec![word(&row.label), energy, cost, percent_cell(row.amount.share_of(total), lang)]
        })
        .collect();
    table(caption, columns, rows)
}

/// Days and months as bars (also those without readings), parts of the total as shares, as bars when one is negative.
fn split_chart(group_by: GroupBy, period: &Period, label: &str, rows: &[Row], style: &Style) -> Option<Chart> {
    let lang = style.lang;
    let part = say::part(lang, group_by.as_str());
    if rows.is_empty() {
        return None;
    }
    let used = |row: &Row| (row.label.clone(), Some(row.amount.used));
    let in_time: Vec<String> = match group_by {
        GroupBy::Day => chart::days(period),
        GroupBy::Month => chart::months(period),
        GroupBy::None | GroupBy::Shift | GroupBy::Rate | GroupBy::Device => {
            let parts: Vec<(String, Option<i64>)> = rows.iter().map(used).collect();
            let title = say::by_part(lang, label, part, period.label(lang));
            return Some(chart::parts(title, label, &parts, style));
        }
    };
    let value = |key: String| {
        let amount = rows.iter().find(|row| row.key == key).map(|row| row.amount.used);
        (key, amount)
    };
    let bars: Vec<(String, Option<i64>)> = in_time.into_iter().map(value).collect();
    let sentence = chart::extremes(label, &bars, part, lang);
    let title = say::per_part(lang, label, part, period.label(lang));
    Some(chart::bars(title, sentence, "kWh", say::energy(lang), &bars))
}

/// Splits by something every cell knows.
fn by_cell(ask: &Ask<'_>, group_by: GroupBy, cells: &[(i64, Daily)]) -> Vec<Row> {
    let mut rows: BTreeMap<(i64, String), Amount> = BTreeMap::new();
    for (_, cell) in cells {
        let date = Date::from_days(cell.day);
        let key = match group_by {
            GroupBy::Day => (cell.day, date.to_string()),
            GroupBy::Month => (i64::from(date.year) * 12 + i64::from(date.month), month(date)),
            GroupBy::Shift => (cell.shift_id, ask.calendar.shift_name(cell.shift_id, ask.style.lang)),
            // By code and not by id: a new price is still the same rate.
            _ => (0, ask.calendar.rate_code(cell.rate_id, ask.style.lang)),
        };
        *rows.entry(key).or_default() += Amount::of(cell);
    }
    rows.into_iter().map(|((_, key), amount)| Row { label: label(ask, group_by, &key), key, amount }).collect()
}

fn month(date: Date) -> String {
    format!("{:04}-{:02}", date.year, date.month)
}

fn label(ask: &Ask<'_>, group_by: GroupBy, key: &str) -> String {
    match group_by {
        GroupBy::Rate => {
            let rate = ask.calendar.rates.iter().find(|rate| rate.code == key);
            rate.map_or_else(|| key.to_owned(), |rate| format!("{} ({})", rate.code, rate.name))
        }
        _ => key.to_owned(),
    }
}

/// Splits by meter, most energy first: the meters of the target, those with others below them replaced by these; what
/// the ones below do not measure is a row of its own, so that the rows add up.
async fn by_device(
    ask: &mut Ask<'_>,
    target: &Target,
    period: &Period,
    cells: &[(i64, Daily)],
) -> Result<Vec<Row>, ToolError> {
    let mut rows = Vec::new();
    for (device, weight) in &target.terms {
        let whole = amount::total(cells.iter().filter(|(id, _)| *id == device.id).map(|(_, cell)| cell));
        let below: Vec<_> = ask.site.leaves_below(device.id).into_iter().cloned().collect();
        if below.is_empty() {
            rows.push(Row { key: device.code.clone(), label: device.name.clone(), amount: whole });
            continue;
        }
        let mut rest = whole;
        for leaf in below {
            let part = Target { label: String::new(), terms: vec![(leaf.clone(), *weight)] };
            let part = amount::cells(ask.scope, &mut ask.tx, &part, period).await?;
            let part = amount::total(part.iter().map(|(_, cell)| cell));
            rest = rest.minus(part);
            rows.push(Row { key: leaf.code, label: leaf.name, amount: part });
        }
        let label = say::not_metered_below(ask.style.lang, &device.name);
        rows.push(Row { key: format!("{}:rest", device.code), label, amount: rest });
    }
    rows.sort_by(|a, b| b.amount.used.cmp(&a.amount.used).then_with(|| a.key.cmp(&b.key)));
    Ok(rows)
}

#[derive(Deserialize)]
struct CompareArguments {
    #[serde(flatten)]
    scope: ScopeArguments,
    period: Value,
    baseline: Option<Value>,
}

pub async fn compare_periods(ask: &mut Ask<'_>, given: Value) -> Result<ToolResult, ToolError> {
    let given: CompareArguments = arguments(given)?;
    let lang = ask.style.lang;
    let asked = ask.period(&given.period)?;
    let target = ask.site.target(&given.scope)?;
    let (current, baseline, fairness) = match &given.baseline {
        Some(baseline) => (asked, ask.period(baseline)?, None),
        None => like_for_like(asked, lang),
    };
    let now = amount::cells(ask.scope, &mut ask.tx, &target, &current).await?;
    let then = amount::cells(ask.scope, &mut ask.tx, &target, &baseline).await?;
    let (a, b) = (amount::total(now.iter().map(|(_, cell)| cell)), amount::total(then.iter().map(|(_, cell)| cell)));
    let change = a.minus(b);
    let (kwh_percent, cost_percent) = (percent(change.used, b.used), percent(change.cost, b.cost));
    let notes: Vec<String> = [
        fairness,
        amount::note(&current, &a, !now.is_empty(), &ask.calendar, lang),
        amount::note(&baseline, &b, !then.is_empty(), &ask.calendar, lang),
    ]
    .into_iter()
    .flatten()
    .collect();
    let note = (!notes.is_empty()).then(|| notes.join(" "));

    let style = &ask.style;
    let structured = json!({
        "scope": target.label, "currency": style.currency,
        "current": { "period": current.json(lang), "amount": a.json(style) },
        "baseline": { "period": baseline.json(lang), "amount": b.json(style) },
        "change": {
            "kwh": number(change.used), "kwh_percent": kwh_percent, "cost": number(change.cost),
            "cost_text": style.money(change.cost), "cost_percent": cost_percent,
        },
        "note": note,
    });
    let by = kwh_percent.map(|value| format!(" ({})", format_percent(value, lang))).unwrap_or_default();
    let (now_label, then_label) = (current.label(lang), baseline.label(lang));
    let changed = format!("{}{by}, {}", format_kwh(change.used, lang), style.money(change.cost));
    let (now_words, then_words) = (a.words(style), b.words(style));
    let mut text = say::compared(lang, &target.label, now_words, &now_label, then_words, &then_label, changed);
    if let Some(note) = &note {
        text.push_str(&format!(" {note}"));
    }
    let row = |label: String, amount: &Amount| {
        let [energy, cost] = amount.cells(style);
        vec![word(label), energy, cost]
    };
    let columns =
        vec![words(say::period(lang)), figures(say::energy(lang), "kWh"), figures(say::cost(lang), &style.currency)];
    let rows =
        vec![row(now_label.clone(), &a), row(then_label.clone(), &b), row(say::change(lang).to_owned(), &change)];
    let tables = vec![table(say::comparison(lang, &target.label), columns, rows)];
    let bars = vec![(then_label.clone(), Some(b.used)), (now_label.clone(), Some(a.used))];
    let (used_then, used_now) = (format_kwh(b.used, lang), format_kwh(a.used, lang));
    let sentence = say::used_then_and_now(lang, &target.label, used_then, then_label, used_now, now_label);
    let chart = chart::bars(say::comparison(lang, &target.label), sentence, "kWh", say::energy(lang), &bars);
    Ok(ToolResult { text, structured, tables, charts: vec![chart] })
}

/// The period of the same kind just before; while the asked one is running, only its complete days and as many of the
/// one before count, so that half a day is not compared with a whole one.
fn like_for_like(asked: Period, lang: Lang) -> (Period, Period, Option<String>) {
    let before = match asked.keyword {
        Some(Keyword::ThisWeek) => Period::named(Keyword::LastWeek, asked.today()),
        Some(Keyword::ThisMonth) => Period::named(Keyword::LastMonth, asked.today()),
        Some(Keyword::LastMonth) => {
            let last = Date::from_days(asked.from.to_days() - 1);
            let first = Date::from_days(last.to_days() - i64::from(last.day) + 1);
            return match Period::between(first, last, asked.today()) {
                Ok(before) => (asked, before, None),
                Err(_) => (asked.clone(), asked.before(), None),
            };
        }
        _ => asked.before(),
    };
    if !asked.is_running() {
        return (asked, before, None);
    }
    let complete = asked.today().to_days() - asked.from.to_days();
    if complete == 0 {
        let note = say::part_of_a_day(lang).to_owned();
        return (asked, before.first(1), Some(note));
    }
    let note = say::complete_days(lang, complete);
    (asked.first(complete), before.first(complete), Some(note))
}
