//! A range of days divided by one thing, read part by part.

use app::model::{Date, Money, ToolUse, UsageBy, UsageRow};
use uuid::Uuid;

use crate::{
    db::{
        self, Tx,
        tool_day::tool_sums,
        usage_day::{
            DaySums,
            sums::{ById, ByWord, DayRange, Part, Sum, usage_by_day, usage_by_id, usage_by_word, usage_total},
        },
    },
    error::{Error, Result},
};

/// Which part of a list.
#[derive(Clone, Copy, Debug)]
pub struct Which<'a> {
    /// The `next` of the part before.
    pub after: Option<&'a str>,
    /// Only the top is wanted; there is no part after it. Days stay in their order.
    pub dearest_first: bool,
    pub limit: i64,
}

/// A part of a list.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    pub rows: Vec<UsageRow>,
    /// Only by tool.
    pub tools: Vec<ToolUse>,
    /// Where the next part begins; `None`: this was the last.
    pub next: Option<String>,
}

/// Everything in the range.
///
/// # Errors
/// Database errors.
pub async fn total(tx: &mut Tx, range: &DayRange) -> db::Result<UsageRow> {
    Ok(row(String::new(), None, None, &usage_total(tx, range).await?))
}

/// Everything in the range whose days these are, all of them: nothing is read again.
#[must_use]
pub fn total_of(days: &[Sum<Date>]) -> UsageRow {
    let sums = days.iter().fold(DaySums::default(), |sums, day| sums.and(&day.sums));
    row(String::new(), None, None, &sums)
}

/// The rows of these days.
#[must_use]
pub fn day_rows(days: Vec<Sum<Date>>) -> Vec<UsageRow> {
    days.into_iter().map(|sum| keyed(sum.key.to_string(), sum).1).collect()
}

/// A part of the range divided by one thing; what is no place in the list begins it anew.
///
/// # Errors
/// Database errors.
pub async fn listing(tx: &mut Tx, range: &DayRange, by: UsageBy, which: Which<'_>) -> db::Result<Listing> {
    // One more tells whether there are more.
    let limit = which.limit.saturating_add(1);
    let dearest_first = which.dearest_first;
    let text = || Part { after: which.after.map(str::to_owned), dearest_first, limit };
    let id = || Part { after: which.after.and_then(|after| after.parse().ok()), dearest_first, limit };
    let keyed: Vec<(String, UsageRow)> = match by {
        UsageBy::Tenant => vec![(String::new(), total(tx, range).await?)],
        UsageBy::Day => {
            let after = which.after.and_then(|after| after.parse().ok()).map(Date::to_days);
            let days = usage_by_day(tx, range, &Part { after, dearest_first: false, limit }).await?;
            days.into_iter().map(|sum| keyed(sum.key.to_string(), sum)).collect()
        }
        UsageBy::Person => by_id(usage_by_id(tx, ById::Person, range, &id()).await?),
        UsageBy::Group => by_id(usage_by_id(tx, ById::Group, range, &id()).await?),
        UsageBy::Key => by_id(usage_by_id(tx, ById::Key, range, &id()).await?),
        UsageBy::Profile => by_id(usage_by_id(tx, ById::Profile, range, &id()).await?),
        UsageBy::Model => by_word(usage_by_word(tx, ByWord::Model, range, &text()).await?),
        UsageBy::Purpose => by_word(usage_by_word(tx, ByWord::Purpose, range, &text()).await?),
        UsageBy::Format => by_word(usage_by_word(tx, ByWord::Format, range, &text()).await?),
        UsageBy::Tool => return tools(tx, range, &text(), which.limit).await,
    };
    let (kept, next) = cut(keyed, which.limit);
    Ok(Listing { rows: kept, tools: Vec::new(), next })
}

async fn tools(tx: &mut Tx, range: &DayRange, part: &Part<String>, limit: i64) -> db::Result<Listing> {
    let found = tool_sums(tx, range, part).await?;
    let uses = found.into_iter().map(|(tool, sums)| {
        let is_exact = sums.exact_turns == sums.turns;
        let tool_use = ToolUse {
            tool: tool.clone(),
            calls: sums.calls,
            failed_calls: sums.failed_calls,
            denied_calls: sums.denied_calls,
            duration_ms: sums.duration_ms,
            turns: sums.turns,
            turns_cost: is_exact.then_some(Money(sums.exact_turns_pico_usd)),
        };
        (tool, tool_use)
    });
    let (tools, next) = cut(uses.collect(), limit);
    Ok(Listing { rows: Vec::new(), tools, next })
}

/// The rows of this part, and where the next one begins.
fn cut<T>(mut keyed: Vec<(String, T)>, limit: i64) -> (Vec<T>, Option<String>) {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = keyed.len() > limit;
    keyed.truncate(limit);
    let next = if has_more { keyed.last().map(|(key, _)| key.clone()) } else { None };
    (keyed.into_iter().map(|(_, row)| row).collect(), next)
}

fn by_id(sums: Vec<Sum<Uuid>>) -> Vec<(String, UsageRow)> {
    let shown = |id: Uuid| if id.is_nil() { String::new() } else { id.to_string() };
    sums.into_iter().map(|sum| (sum.key.to_string(), keyed(shown(sum.key), sum).1)).collect()
}

fn by_word(sums: Vec<Sum<String>>) -> Vec<(String, UsageRow)> {
    sums.into_iter().map(|sum| keyed(sum.key.clone(), sum)).collect()
}

fn keyed<K>(key: String, sum: Sum<K>) -> (String, UsageRow) {
    (key.clone(), row(key, sum.name, sum.detail, &sum.sums))
}

fn row(key: String, name: Option<String>, detail: Option<String>, sums: &DaySums) -> UsageRow {
    UsageRow {
        key,
        name,
        detail,
        requests: sums.requests,
        estimated_calls: sums.estimated_calls,
        unknown_calls: sums.unknown_calls,
        tokens: sums.tokens,
        cost: Money(sums.cost_pico.saturating_add(sums.adjusted_pico)),
        adjusted: Money(sums.adjusted_pico),
        list_cost: Money(sums.list_cost_pico.saturating_add(sums.adjusted_list_pico)),
        saving: Money(sums.baseline_cost_pico.saturating_sub(sums.cost_pico)),
    }
}

/// Days a report may span.
const MOST_DAYS: i64 = 3_660;

/// The days of a report: both ends included, the current month where they are not named.
///
/// # Errors
/// [`Error::Invalid`] when they are in the wrong order or too far apart.
pub fn days(first: Option<Date>, last: Option<Date>, this_month: (Date, Date)) -> Result<(Date, Date)> {
    let first = first.unwrap_or(this_month.0);
    let last = last.unwrap_or_else(|| this_month.1.max(first));
    if last < first {
        return Err(Error::invalid("to", "The last day comes before the first."));
    }
    if last.to_days() - first.to_days() > MOST_DAYS {
        return Err(Error::invalid("from", "A report spans ten years at most."));
    }
    Ok((first, last))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().expect("a test day")
    }

    #[test]
    fn a_report_has_an_order_and_an_end() {
        let month = (day("2026-03-01"), day("2026-03-31"));
        assert_eq!(days(None, None, month).expect("the month"), month);
        let later = days(Some(day("2026-05-01")), None, month).expect("one day");
        assert_eq!(later, (day("2026-05-01"), day("2026-05-01")), "what begins after the month is not backwards");
        assert!(days(Some(day("2026-03-02")), Some(day("2026-03-01")), month).is_err());
        assert!(days(Some(day("1990-01-01")), None, month).is_err());
        let one = Some(day("2026-03-02"));
        assert_eq!(days(one, one, month).expect("one day"), (day("2026-03-02"), day("2026-03-02")));
        let longest = Date::from_days(day("2026-03-31").to_days() - MOST_DAYS);
        assert!(days(Some(longest), None, month).is_ok());
        assert!(days(Some(Date::from_days(longest.to_days() - 1)), None, month).is_err(), "a day more");
    }

    #[test]
    fn a_part_ends_where_the_next_begins() {
        let all = || vec![("a".to_owned(), 1), ("b".to_owned(), 2), ("c".to_owned(), 3)];
        assert_eq!(cut(all(), 2), (vec![1, 2], Some("b".to_owned())));
        assert_eq!(cut(all(), 3), (vec![1, 2, 3], None));
    }
}
