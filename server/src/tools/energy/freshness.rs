//! `data_freshness`: when each device last delivered.

use std::collections::HashMap;

use app::words::energy as say;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    ask::{Ask, arguments, row_limit},
    counter::QUARTER,
    period::{local_text, utc_text},
    table::{figure, figures, table, word, words},
};
use crate::{
    db::energy::device::{Device, source_latest},
    tools::{ToolError, ToolResult},
};

/// Minutes since the end of the latest quarter hour up to which a device counts as fresh, and as late.
const FRESH_MINUTES: i64 = 30;
const LATE_MINUTES: i64 = 24 * 60;

#[derive(Deserialize)]
struct Arguments {
    device: Option<String>,
    tag: Option<String>,
    limit: Option<u16>,
}

fn status(age_minutes: Option<i64>) -> &'static str {
    match age_minutes {
        None => "no_data",
        Some(..=FRESH_MINUTES) => "fresh",
        Some(..=LATE_MINUTES) => "late",
        Some(_) => "silent",
    }
}

pub async fn data_freshness(ask: &mut Ask<'_>, given: Value) -> Result<ToolResult, ToolError> {
    let given: Arguments = arguments(given)?;
    let devices: Vec<Device> = match (&given.device, &given.tag) {
        (Some(_), Some(_)) => return Err(ToolError::Refused("Name a device or a tag, not both.".to_owned())),
        (Some(text), None) => vec![ask.site.device(text)?.clone()],
        (None, Some(text)) => ask.site.tag(text)?.1.into_iter().cloned().collect(),
        (None, None) => ask.site.devices.clone(),
    };
    let mut ends: HashMap<i64, i64> = HashMap::new();
    for source in source_latest(ask.scope, &mut ask.tx).await? {
        if let Some(ts) = source.ts {
            let end = ends.entry(source.device_id).or_insert(i64::MIN);
            *end = (*end).max(ts + QUARTER);
        }
    }
    let mut rows: Vec<(Device, Option<i64>, Option<i64>)> = devices
        .into_iter()
        .map(|device| {
            let end = ends.get(&device.id).copied();
            (device, end, end.map(|end| (ask.now - end).max(0) / 60))
        })
        .collect();
    rows.sort_by(|(a, x, _), (b, y, _)| x.cmp(y).then_with(|| a.code.cmp(&b.code)));
    let number_of = |wanted: &str| rows.iter().filter(|(_, _, age)| status(*age) == wanted).count();
    let (fresh, late, silent, no_data) =
        (number_of("fresh"), number_of("late"), number_of("silent"), number_of("no_data"));
    let all = rows.len();
    rows.truncate(row_limit(given.limit, 50));

    let zone = ask.calendar.zone;
    let structured = json!({
        "now_local": local_text(zone, ask.now),
        "devices": rows.iter().map(|(device, end, age)| json!({
            "id": device.id, "code": device.code, "name": device.name, "at": end.map(utc_text),
            "local": end.map(|end| local_text(zone, end)), "age_minutes": age, "status": status(*age),
        })).collect::<Vec<_>>(),
        "fresh": fresh, "late": late, "silent": silent, "no_data": no_data, "omitted": all - rows.len(),
    });
    let lang = ask.style.lang;
    let text = say::fresh_of(lang, all, fresh, FRESH_MINUTES, late, silent, no_data);
    let shown = rows
        .iter()
        .map(|(device, end, age)| {
            let age_cell = age.map_or_else(|| word("–"), |age| figure(age as f64, 0, lang));
            let end = end.map_or_else(|| say::never(lang).to_owned(), |end| local_text(zone, end));
            vec![word(&device.name), word(end), age_cell, word(say::freshness(lang, status(*age)))]
        })
        .collect();
    let columns = vec![
        words(say::device(lang)),
        words(say::latest_reading(lang)),
        figures(say::age(lang), "min"),
        words(say::status(lang)),
    ];
    Ok(ToolResult { text, structured, tables: vec![table(say::data_freshness(lang), columns, shown)], charts: vec![] })
}
