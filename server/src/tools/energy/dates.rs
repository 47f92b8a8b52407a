//! `date_info`: the site's day, what the keywords stand for, shifts and tariff.

use app::{model::Date, words::energy as say};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    ask::{Ask, arguments},
    calendar::covers,
    money::number,
    period::{Keyword, clock, local, local_text, offset_seconds, weekday},
    table::{table, word, words},
};
use crate::tools::{ToolError, ToolResult};

#[derive(Deserialize)]
struct Arguments {
    date: Option<String>,
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
    let (style, lang) = (&ask.style, ask.style.lang);
    let weekday = say::weekday(lang, weekday(date));

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
                "price": number(rate.price_micro), "price_text": style.money(rate.price_micro),
                "current": is_today && covers(rate.from_minute, rate.to_minute, minute),
            })
        })
        .collect();
    let structured = json!({
        "date": date.to_string(), "weekday": weekday, "days_from_today": date.to_days() - ask.today.to_days(),
        "now_local": local_text(calendar.zone, ask.now), "time_zone": calendar.zone.name(), "utc_offset": utc_offset,
        "currency": style.currency, "periods": periods, "shifts": shifts, "rates": json_rates,
    });
    let tariff: Vec<String> = rates
        .iter()
        .map(|rate| {
            let price = style.money(rate.price_micro);
            format!("{} {}–{} {price}/kWh", rate.code, clock(rate.from_minute), clock(rate.to_minute))
        })
        .collect();
    let tariff = if tariff.is_empty() { say::no_tariff_set_up(lang).to_owned() } else { tariff.join(", ") };
    let (now, zone) = (local_text(calendar.zone, ask.now), calendar.zone.name());
    let text = say::day_told(lang, date, weekday, now, zone, utc_offset, tariff);
    let mut rows: Vec<_> = calendar
        .shifts
        .iter()
        .map(|shift| {
            vec![
                word(say::shift(lang)),
                word(&shift.name),
                word(clock(shift.from_minute)),
                word(clock(shift.to_minute)),
                word(""),
            ]
        })
        .collect();
    rows.extend(rates.iter().map(|rate| {
        let price = format!("{}/kWh", style.money(rate.price_micro));
        vec![
            word(say::rate(lang)),
            word(&rate.code),
            word(clock(rate.from_minute)),
            word(clock(rate.to_minute)),
            word(price),
        ]
    }));
    let columns =
        vec![words(""), words(say::name(lang)), words(say::from(lang)), words(say::to(lang)), words(say::price(lang))];
    let tables = vec![table(say::shifts_and_tariff(lang, date), columns, rows)];
    Ok(ToolResult { text, structured, tables, charts: vec![] })
}
