//! `date_info`: the site's day, what the keywords stand for, shifts and tariff.

use app::model::Date;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    ask::{Ask, arguments},
    calendar::covers,
    money::{format_money, number},
    period::{Keyword, clock, local, local_text, offset_seconds, weekday},
    table::{table, word, words},
};
use crate::tools::{ToolError, ToolResult};

const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

#[derive(Deserialize)]
struct Arguments {
    date: Option<String>,
}

pub fn weekday_name(date: Date) -> &'static str {
    usize::try_from(weekday(date)).ok().and_then(|at| WEEKDAYS.get(at)).copied().unwrap_or_default()
}

pub async fn date_info(ask: &mut Ask<'_>, given: Value) -> Result<ToolResult, ToolError> {
    let given: Arguments = arguments(given)?;
    let date: Date = match &given.date {
        Some(text) => text.parse().map_err(|problem| ToolError::Refused(format!("{text}: {problem}")))?,
        None => ask.today,
    };
    let calendar = &ask.calendar;
    let (_, minute) = local(calendar.zone, ask.now);
    let is_today = date == ask.today;
    let offset = offset_seconds(calendar.zone, ask.now) / 60;
    let sign = if offset < 0 { '-' } else { '+' };
    let utc_offset = format!("{sign}{}", clock(offset.abs()));
    let currency = ask.currency.as_str();

    let mut periods = Map::new();
    for keyword in Keyword::ALL {
        let (from, to) = keyword.days(ask.today);
        periods.insert(keyword.as_str().to_owned(), json!({ "from": from.to_string(), "to": to.to_string() }));
    }
    let shifts: Vec<Value> = calendar
        .shifts
        .iter()
        .map(|shift| {
            json!({
                "name": shift.name, "from": clock(shift.from_minute), "to": clock(shift.to_minute),
                "current": covers(shift.from_minute, shift.to_minute, minute),
            })
        })
        .collect();
    let rates: Vec<_> = calendar.rates_on(date.to_days()).collect();
    let json_rates: Vec<Value> = rates
        .iter()
        .map(|rate| {
            json!({
                "rate": rate.code, "name": rate.name, "from": clock(rate.from_minute), "to": clock(rate.to_minute),
                "price": number(rate.price_micro), "price_text": format_money(currency, rate.price_micro),
                "current": is_today && covers(rate.from_minute, rate.to_minute, minute),
            })
        })
        .collect();
    let structured = json!({
        "date": date.to_string(), "weekday": weekday_name(date), "days_from_today": date.to_days() - ask.today.to_days(),
        "now_local": local_text(calendar.zone, ask.now), "time_zone": calendar.zone.name(), "utc_offset": utc_offset,
        "currency": currency, "periods": periods, "shifts": shifts, "rates": json_rates,
    });
    let tariff: Vec<String> = rates
        .iter()
        .map(|rate| {
            let price = format_money(currency, rate.price_micro);
            format!("{} {}–{} {price}/kWh", rate.code, clock(rate.from_minute), clock(rate.to_minute))
        })
        .collect();
    let tariff = if tariff.is_empty() { "none is set up".to_owned() } else { tariff.join(", ") };
    let text = format!(
        "{date} is a {}. It is now {} in {} (UTC{utc_offset}). Tariff that day: {tariff}.",
        weekday_name(date),
        local_text(calendar.zone, ask.now),
        calendar.zone.name()
    );
    let mut rows: Vec<_> = calendar
        .shifts
        .iter()
        .map(|shift| {
            vec![
                word("Shift"),
                word(&shift.name),
                word(clock(shift.from_minute)),
                word(clock(shift.to_minute)),
                word(""),
            ]
        })
        .collect();
    rows.extend(rates.iter().map(|rate| {
        let price = format!("{}/kWh", format_money(currency, rate.price_micro));
        vec![word("Rate"), word(&rate.code), word(clock(rate.from_minute)), word(clock(rate.to_minute)), word(price)]
    }));
    let columns = vec![words(""), words("Name"), words("From"), words("To"), words("Price")];
    let tables = vec![table(format!("Shifts and tariff on {date}"), columns, rows)];
    Ok(ToolResult { text, structured, tables, charts: vec![] })
}
