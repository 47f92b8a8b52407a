//! `/spend/logs`.

use std::collections::BTreeMap;

use app::model::{Date, Money, Timestamp};
use axum::response::Response;

use super::{
    administrator::Administrator,
    body::{Query, wrong},
    shapes::{Object, list},
    worded,
};
use crate::{
    db::team::{DaySpend, SpendFilter, SpendLine},
    gateway::Refusal,
    identity::administration::keys::total,
};

/// Lines unless another number is asked for, and at most.
const LINES: i64 = 100;
const MOST_LINES: i64 = 1_000;

/// `GET /spend/logs`: lines, newest first, older ones after `?before=` (the `id` of a line), as many as `?limit=`; with
/// `start_date` and `end_date` a sum per day, unless `summarize=false`. Also `api_key`, `user_id`, `request_id`.
pub async fn logs(admin: Administrator, query: Query) -> Response {
    let work = async {
        let days = days(&query)?;
        let before =
            query.text("before").map(|text| text.parse().map_err(|_| wrong("before", "`before` is the id of a line")));
        let rest = SpendFilter {
            days,
            request_id: query.text("request_id").map(str::to_owned),
            before: before.transpose()?,
            ..SpendFilter::default()
        };
        let filter =
            admin.desk().spend_filter(query.text("api_key"), query.text("user_id"), rest).await.map_err(worded)?;
        if days.is_some() && query.text("summarize") != Some("false") {
            return Ok(by_day(&admin.desk().spend_by_day(&filter).await.map_err(worded)?));
        }
        let limit = match query.text("limit") {
            None => LINES,
            Some(text) => text
                .parse()
                .ok()
                .filter(|limit| (1..=MOST_LINES).contains(limit))
                .ok_or_else(|| wrong("limit", "`limit` is a number from 1 to 1000"))?,
        };
        let lines = admin.desk().spend_lines(&filter, limit).await.map_err(worded)?;
        Ok(list(lines.iter().map(line)))
    };
    admin.answer(work.await)
}

/// First and last day; both or neither.
fn days(query: &Query) -> Result<Option<(i64, i64)>, Refusal> {
    let day = |field: &str| -> Result<Option<i64>, Refusal> {
        let Some(text) = query.text(field) else { return Ok(None) };
        // Clients also send a time; the day is what counts.
        let day = text.get(..10).unwrap_or(text).parse::<Date>();
        day.map(|day| Some(day.to_days())).map_err(|_| wrong(field, format!("`{field}` is a day such as 2026-03-10")))
    };
    match (day("start_date")?, day("end_date")?) {
        (None, None) => Ok(None),
        (Some(first), Some(last)) if first <= last => Ok(Some((first, last))),
        (Some(_), Some(_)) => Err(wrong("end_date", "`end_date` is before `start_date`")),
        _ => Err(wrong("start_date", "`start_date` and `end_date` go together")),
    }
}

fn line(line: &SpendLine) -> String {
    let metadata = Object::new().put("quality", line.quality.as_deref()).put("purpose", &line.purpose).done();
    Object::new()
        .put("id", line.id)
        .put("request_id", line.request_id.clone().unwrap_or_else(|| line.id.to_string()))
        .put(
            "call_type",
            if line.client_format.as_deref() == Some("anthropic") { "anthropic_messages" } else { "acompletion" },
        )
        .put("api_key", line.public_id.as_deref().unwrap_or_default())
        .money("spend", Some(Money(line.cost_pico_usd)))
        .put("total_tokens", line.input_tokens.saturating_add(line.output_tokens))
        .put("prompt_tokens", line.input_tokens)
        .put("completion_tokens", line.output_tokens)
        .time("startTime", Some(Timestamp(line.created_at)))
        .time("endTime", line.settled_at.map(Timestamp))
        .put("model", &line.model)
        .put("custom_llm_provider", &line.provider)
        .put("user", line.user_id)
        .raw("metadata", &metadata)
        .done()
}

/// A sum per day, by person and by model.
fn by_day(rows: &[DaySpend]) -> String {
    let mut days: BTreeMap<i64, Vec<&DaySpend>> = BTreeMap::new();
    for row in rows {
        days.entry(row.local_day).or_default().push(row);
    }
    list(days.into_iter().map(|(day, rows)| {
        let all = total(rows.iter().map(|row| row.spent));
        Object::new()
            .put("startTime", Date::from_days(day).to_string())
            .money("spend", Some(all))
            .raw("users", &amounts(rows.iter().map(|row| (row.user_id.to_string(), row.spent))))
            .raw("models", &amounts(rows.iter().map(|row| (row.model.clone(), row.spent))))
            .done()
    }))
}

fn amounts(rows: impl Iterator<Item = (String, i64)>) -> String {
    let mut sums: BTreeMap<String, i64> = BTreeMap::new();
    for (name, amount) in rows {
        let sum = sums.entry(name).or_default();
        *sum = sum.saturating_add(amount);
    }
    let object = sums.into_iter().fold(Object::new(), |object, (name, sum)| object.amount_of(&name, Money(sum)));
    object.done()
}
