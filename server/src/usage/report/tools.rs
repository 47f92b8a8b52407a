//! Counting a turn's tool calls when it ends.

use std::collections::BTreeMap;

use app::model::{Part, Quality, Timestamp, ToolCallStatus, TurnUsage};

use crate::{
    db::{
        Result, TenantScope, Tx,
        ledger::Books,
        tool_day::{ToolSums, tool_days_add},
    },
    usage::window::local_date,
};

/// A model may make names up; no tool has a longer one.
const MAX_NAME_CHARS: usize = 100;

/// Counts the calls of a turn that ends, in the transaction that ends it. `before`: what its message held when it began,
/// which an earlier turn has counted; `usage`: what this turn alone used.
///
/// # Errors
/// Database errors.
pub async fn note_tools(
    scope: &TenantScope,
    tx: &mut Tx,
    started_at: Timestamp,
    before: &[Part],
    parts: &[Part],
    usage: &TurnUsage,
) -> Result<()> {
    let tools = count(before, parts, usage);
    if tools.is_empty() {
        return Ok(());
    }
    let local_day = local_date(scope.time_zone(), started_at)?.to_days();
    tool_days_add(Books::of(scope), tx, local_day, scope.user(), &tools).await
}

fn count(before: &[Part], parts: &[Part], usage: &TurnUsage) -> Vec<(String, ToolSums)> {
    let is_tool = |part: &&Part| matches!(part, Part::Tool { .. });
    let counted = before.iter().filter(is_tool).count();
    let mut tools: BTreeMap<String, ToolSums> = BTreeMap::new();
    for part in parts.iter().filter(is_tool).skip(counted) {
        let Part::Tool { call } = part else { continue };
        let name = call.name.chars().take(MAX_NAME_CHARS).collect();
        let sums = tools.entry(name).or_default();
        sums.calls += 1;
        sums.failed_calls += i64::from(matches!(call.status, ToolCallStatus::Failed(_)));
        sums.denied_calls += i64::from(matches!(call.status, ToolCallStatus::Denied(_)));
        sums.duration_ms = sums.duration_ms.saturating_add(call.duration_ms.unwrap_or(0).max(0));
    }
    let is_exact = usage.quality == Quality::Exact;
    for sums in tools.values_mut() {
        sums.turns = 1;
        sums.exact_turns = i64::from(is_exact);
        sums.exact_turns_pico_usd = if is_exact { usage.cost.0 } else { 0 };
    }
    tools.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use app::model::{Money, Tokens, ToolCallView};

    use super::*;

    fn call(name: &str, status: ToolCallStatus, duration_ms: Option<i64>) -> Part {
        Part::Tool {
            call: ToolCallView {
                call_id: "1".into(),
                name: name.into(),
                title: String::new(),
                arguments: String::new(),
                summary: String::new(),
                status,
                output: None,
                duration_ms,
                ran_as: String::new(),
            },
        }
    }

    #[test]
    fn each_call_counts_once_and_each_turn_once_for_a_tool() {
        let usage = TurnUsage {
            tokens: Tokens::default(),
            cost: Money(700),
            quality: Quality::Exact,
            calls: 2,
            duration_ms: 0,
            first_token_ms: None,
            tool_ms: 0,
        };
        let before = [call("a", ToolCallStatus::Done, Some(1_000))];
        let mut parts = before.to_vec();
        parts.push(Part::Text { text: "so".into() });
        parts.push(call("a", ToolCallStatus::Done, Some(20)));
        parts.push(call("b", ToolCallStatus::Denied("no".into()), None));
        parts.push(call("a", ToolCallStatus::Failed("why".into()), Some(-5)));
        let counted = count(&before, &parts, &usage);
        let a = ToolSums {
            calls: 2,
            failed_calls: 1,
            denied_calls: 0,
            duration_ms: 20,
            turns: 1,
            exact_turns: 1,
            exact_turns_pico_usd: 700,
        };
        let b = ToolSums { calls: 1, failed_calls: 0, denied_calls: 1, duration_ms: 0, ..a };
        assert_eq!(counted, [("a".to_owned(), a), ("b".to_owned(), b)]);
        let estimated = TurnUsage { quality: Quality::Estimated, ..usage };
        assert_eq!(count(&before, &parts, &estimated)[0].1.exact_turns_pico_usd, 0);
        assert!(count(&parts, &parts, &usage).is_empty(), "nothing new");
    }
}
