//! `find_devices`, `device_overview`, `list_quantities`, `list_groups`.

use std::collections::BTreeMap;

use app::words::energy as say;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    amount::{self, Amount},
    ask::{Ask, arguments, row_limit},
    counter::QUARTER,
    money::number,
    period::{Keyword, Period, local_text, utc_text},
    quantity::Quantity,
    site::{likeness, plain},
    table::{count, figure, figures, table, word, words},
};
use crate::{
    db::energy::{
        device::{Device, source_kind, source_latest},
        reading::{reading_buckets, reading_raw},
    },
    tools::{ToolError, ToolResult},
};

/// The most tags and aggregations listed.
const MAX_GROUPS: usize = 100;
/// How alike a name must be to be found (see [`likeness`]).
const ALIKE: f64 = 0.45;

#[derive(Deserialize)]
struct FindArguments {
    query: Option<String>,
    tag: Option<String>,
    limit: Option<u16>,
}

pub async fn find_devices(ask: &mut Ask<'_>, given: Value) -> Result<ToolResult, ToolError> {
    let given: FindArguments = arguments(given)?;
    let mut devices: Vec<&Device> = ask.site.devices.iter().collect();
    if let Some(tag) = &given.tag {
        let (_, members) = ask.site.tag(tag)?;
        devices.retain(|device| members.iter().any(|member| member.id == device.id));
    }
    if let Some(query) = &given.query {
        let mut scored: Vec<(f64, &Device)> = devices
            .iter()
            .map(|device| (match_score(ask, query, device), *device))
            .filter(|(score, _)| *score >= ALIKE)
            .collect();
        scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.code.cmp(&b.1.code)));
        devices = scored.into_iter().map(|(_, device)| device).collect();
    }
    let total = devices.len();
    devices.truncate(row_limit(given.limit, 20));
    let row = |device: &Device| {
        json!({
            "id": device.id, "code": device.code, "name": device.name, "parent": ask.site.parent_code(device),
            "tags": ask.site.tags_of(device.id),
        })
    };
    let rows: Vec<Value> = devices.iter().map(|device| row(device)).collect();
    let omitted = total - devices.len();
    let structured = json!({ "devices": rows, "total": total, "omitted": omitted });
    let names: Vec<String> = devices.iter().map(|device| format!("{} ({})", device.name, device.code)).collect();
    let lang = ask.style.lang;
    let text = match (total, omitted) {
        (0, _) => say::no_device_matches(lang).to_owned(),
        (1, _) => say::one_device(lang, names.join(", ")),
        (_, 0) => say::devices_found(lang, total, names.join(", ")),
        _ => say::first_devices(lang, total, names.len(), names.join(", ")),
    };
    let columns = vec![figures("Id", ""), words(say::code(lang)), words(say::name(lang)), words(say::tags(lang))];
    let shown = devices
        .iter()
        .map(|device| {
            vec![count(device.id), word(&device.code), word(&device.name), word(ask.site.tags_of(device.id).join(", "))]
        })
        .collect();
    Ok(ToolResult { text, structured, tables: vec![table(say::devices(lang), columns, shown)], charts: vec![] })
}

/// How well a device matches a query: 1 for its id, code or name, less for a part of these or of a tag.
fn match_score(ask: &Ask<'_>, query: &str, device: &Device) -> f64 {
    let wanted = plain(query);
    let (code, name) = (plain(&device.code), plain(&device.name));
    if wanted.is_empty() {
        return 0.0;
    }
    if wanted == code || wanted == name || query.trim() == device.id.to_string() {
        return 1.0;
    }
    if code.contains(&wanted) || name.contains(&wanted) {
        return 0.9;
    }
    if ask.site.tags_of(device.id).iter().any(|tag| plain(tag).contains(&wanted)) {
        return 0.8;
    }
    likeness(query, &device.name).max(likeness(query, &device.code))
}

#[derive(Deserialize)]
struct OverviewArguments {
    device: String,
}

pub async fn device_overview(ask: &mut Ask<'_>, given: Value) -> Result<ToolResult, ToolError> {
    let given: OverviewArguments = arguments(given)?;
    let device = ask.site.device(&given.device)?.clone();
    let mut amounts: Vec<(Keyword, Amount)> = Vec::new();
    for keyword in [Keyword::Today, Keyword::Yesterday, Keyword::ThisMonth, Keyword::LastMonth] {
        let cells = amount::device_cells(ask.scope, &mut ask.tx, device.id, &Period::named(keyword, ask.today)).await?;
        amounts.push((keyword, amount::total(&cells)));
    }
    let mut latest: Vec<(Quantity, f64, i64)> = Vec::new();
    for source in source_latest(ask.scope, &mut ask.tx).await? {
        let (Some(quantity), Some(ts)) = (Quantity::from_id(source.quantity), source.ts) else { continue };
        if source.device_id != device.id {
            continue;
        }
        latest.push((quantity, latest_value(ask, &device, quantity, ts).await?, ts + QUARTER));
    }

    let (style, zone) = (&ask.style, ask.calendar.zone);
    let lang = style.lang;
    let mut structured = json!({
        "device": { "id": device.id, "code": device.code, "name": device.name },
        "parent": ask.site.parent_code(&device), "tags": ask.site.tags_of(device.id), "currency": style.currency,
        "latest": latest.iter().map(|(quantity, value, end)| json!({
            "quantity": quantity.key(), "name": quantity.name(lang), "unit": quantity.unit(), "value": value,
            "at": utc_text(*end), "local": local_text(zone, *end),
        })).collect::<Vec<_>>(),
    });
    for (keyword, sum) in &amounts {
        structured[keyword.as_str()] = sum.json(style);
    }
    let parts: Vec<String> =
        amounts.iter().map(|(keyword, sum)| format!("{} {}", keyword.label(lang), sum.words(style))).collect();
    let text = format!("{} ({}): {}.", device.name, device.code, parts.join("; "));
    let rows = amounts
        .iter()
        .map(|(keyword, sum)| {
            let [energy, cost] = sum.cells(style);
            vec![word(keyword.label(lang)), energy, cost]
        })
        .collect();
    let energy = table(
        say::energy_and_cost_of(lang, &device.name),
        vec![words(say::period(lang)), figures(say::energy(lang), "kWh"), figures(say::cost(lang), &style.currency)],
        rows,
    );
    let rows = latest
        .iter()
        .map(|(quantity, value, end)| {
            vec![
                word(quantity.name(lang)),
                figure(*value, 2, lang),
                word(quantity.unit()),
                word(local_text(zone, *end)),
            ]
        })
        .collect();
    let readings = table(
        say::latest_readings_of(lang, &device.name),
        vec![
            words(say::quantity(lang)),
            figures(say::value(lang), ""),
            words(say::unit(lang)),
            words(say::local_time(lang)),
        ],
        rows,
    );
    Ok(ToolResult { text, structured, tables: vec![energy, readings], charts: vec![] })
}

/// A register or a gauge as it stands, an amount as it was in its quarter hour.
async fn latest_value(ask: &mut Ask<'_>, device: &Device, quantity: Quantity, ts: i64) -> Result<f64, ToolError> {
    let range = (ts, ts + QUARTER);
    let is_counter = source_kind(ask.scope, &mut ask.tx, device.id, quantity.id()).await?
        == Some(crate::db::energy::device::SourceKind::Counter);
    if quantity.is_amount() && !is_counter {
        let buckets = reading_buckets(ask.scope, &mut ask.tx, device.id, quantity.id(), range, QUARTER).await?;
        return Ok(buckets.first().map_or(0.0, |bucket| number(bucket.used_micro)));
    }
    let raw = reading_raw(ask.scope, &mut ask.tx, device.id, quantity.id(), range.0, range.1).await?;
    Ok(raw.last().map_or(0.0, |raw| raw.last))
}

#[derive(Deserialize)]
struct QuantityArguments {
    device: Option<String>,
}

pub async fn list_quantities(ask: &mut Ask<'_>, given: Value) -> Result<ToolResult, ToolError> {
    let given: QuantityArguments = arguments(given)?;
    let only = given.device.as_deref().map(|text| ask.site.device(text)).transpose()?.map(|device| device.id);
    let mut measured: BTreeMap<Quantity, i64> = BTreeMap::new();
    for source in source_latest(ask.scope, &mut ask.tx).await? {
        if only.is_none_or(|id| id == source.device_id)
            && let Some(quantity) = Quantity::from_id(source.quantity)
        {
            *measured.entry(quantity).or_default() += 1;
        }
    }
    let lang = ask.style.lang;
    let rows: Vec<Value> = measured
        .iter()
        .map(|(quantity, devices)| {
            json!({
                "id": quantity.id(), "key": quantity.key(), "name": quantity.name(lang), "unit": quantity.unit(),
                "devices": devices,
            })
        })
        .collect();
    let names: Vec<String> = measured.keys().map(|quantity| quantity.name(lang).to_owned()).collect();
    let text = match names.is_empty() {
        true => say::nothing_measured_yet(lang).to_owned(),
        false => say::measured(lang, names.join(", ")),
    };
    let columns = vec![
        words(say::quantity(lang)),
        words(say::key(lang)),
        words(say::unit(lang)),
        figures(say::devices(lang), ""),
    ];
    let shown = measured
        .iter()
        .map(|(quantity, devices)| {
            vec![word(quantity.name(lang)), word(quantity.key()), word(quantity.unit()), count(*devices)]
        })
        .collect();
    Ok(ToolResult {
        text,
        structured: json!({ "quantities": rows }),
        tables: vec![table(say::quantities(lang), columns, shown)],
        charts: vec![],
    })
}

#[derive(Deserialize)]
struct GroupArguments {
    kind: Option<String>,
}

pub async fn list_groups(ask: &mut Ask<'_>, given: Value) -> Result<ToolResult, ToolError> {
    let given: GroupArguments = arguments(given)?;
    let mut tags: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for tag in &ask.site.tags {
        if given.kind.as_deref().is_some_and(|kind| plain(kind) != plain(&tag.kind)) {
            continue;
        }
        let devices = tags.entry((&tag.kind, &tag.name)).or_default();
        devices.extend(ask.site.by_id(tag.device_id).map(|device| device.code.as_str()));
    }
    let aggregations = &ask.site.aggregations;
    let omitted = tags.len().saturating_sub(MAX_GROUPS) + aggregations.len().saturating_sub(MAX_GROUPS);
    let tags: Vec<_> = tags.into_iter().take(MAX_GROUPS).collect();
    let aggregations: Vec<_> = aggregations.iter().take(MAX_GROUPS).collect();

    let structured = json!({
        "tags": tags.iter().map(|((kind, name), devices)| json!({ "kind": kind, "name": name, "devices": devices }))
            .collect::<Vec<_>>(),
        "aggregations": aggregations.iter().map(|aggregation| json!({
            "name": aggregation.name, "kind": aggregation.kind, "formula": aggregation.formula,
        })).collect::<Vec<_>>(),
        "omitted": omitted,
    });
    let names: Vec<String> = tags.iter().map(|((kind, name), _)| format!("{name} ({kind})")).collect();
    let formulas: Vec<&str> = aggregations.iter().map(|aggregation| aggregation.name.as_str()).collect();
    let lang = ask.style.lang;
    let none = |names: String| if names.is_empty() { say::none(lang).to_owned() } else { names };
    let text = say::groups(lang, none(names.join(", ")), none(formulas.join(", ")));
    let tag_rows =
        tags.iter().map(|((kind, name), devices)| vec![word(*name), word(*kind), word(devices.join(", "))]).collect();
    let formula_rows = aggregations
        .iter()
        .map(|aggregation| vec![word(&aggregation.name), word(&aggregation.kind), word(&aggregation.formula)])
        .collect();
    let heads = |last| vec![words(say::name(lang)), words(say::kind(lang)), words(last)];
    let tables = vec![
        table(say::tags(lang), heads(say::devices(lang)), tag_rows),
        table(say::aggregations(lang), heads(say::formula(lang)), formula_rows),
    ];
    Ok(ToolResult { text, structured, tables, charts: vec![] })
}
