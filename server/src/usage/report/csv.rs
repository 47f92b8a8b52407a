//! Reports as CSV (RFC 4180, UTF-8, a header line, `\r\n`): money as whole pico-dollars and as exact decimal dollars.
//!
//! A cell that a spreadsheet would take for a formula (`=`, `+`, `-`, `@`, tab or return at its beginning) is preceded by an
//! apostrophe; numbers of ours are not.

use app::{
    model::{Lang, Money, ToolUse, UsageBy, UsageRow},
    words::usage::row_name,
};

/// For whom a file is: what the provider asks, and with it the margin, is the operator's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    Tenant,
    Operator,
}

/// The first line.
#[must_use]
pub fn header(by: UsageBy, audience: Audience) -> String {
    if by == UsageBy::Tool {
        return "tool,calls,failed_calls,denied_calls,duration_ms,answers,answers_cost_pico_usd,answers_cost_usd\r\n"
            .into();
    }
    let mut line = String::from(by.as_str());
    line.push_str(
        ",name,detail,requests,exact,estimated,unknown,input_tokens,cache_read_tokens,cache_write_5m_tokens,\
         cache_write_1h_tokens,output_tokens,cost_pico_usd,cost_usd,corrections_pico_usd,corrections_usd,\
         saving_pico_usd,saving_usd",
    );
    if audience == Audience::Operator {
        line.push_str(",list_cost_pico_usd,list_cost_usd,margin_pico_usd,margin_usd");
    }
    line.push_str("\r\n");
    line
}

/// One line.
#[must_use]
pub fn line(by: UsageBy, row: &UsageRow, audience: Audience) -> String {
    let mut line = String::new();
    text(&mut line, &row.key);
    text(&mut line, &row_name(Lang::English, by, row));
    text(&mut line, row.detail.as_deref().unwrap_or_default());
    let tokens = &row.tokens;
    for count in [
        row.requests,
        row.exact_calls(),
        row.estimated_calls,
        row.unknown_calls,
        tokens.input,
        tokens.cache_read,
        tokens.cache_write_5m,
        tokens.cache_write_1h,
        tokens.output,
    ] {
        cell(&mut line, &count.to_string());
    }
    for amount in [row.cost, row.adjusted, row.saving] {
        money(&mut line, amount);
    }
    if audience == Audience::Operator {
        money(&mut line, row.list_cost);
        money(&mut line, margin(row));
    }
    end(&mut line);
    line
}

/// What is charged beyond what the provider asks.
#[must_use]
pub fn margin(row: &UsageRow) -> Money {
    Money(row.cost.0.saturating_sub(row.list_cost.0))
}

/// One line about a tool.
#[must_use]
pub fn tool_line(tool: &ToolUse) -> String {
    let mut line = String::new();
    text(&mut line, &tool.tool);
    for count in [tool.calls, tool.failed_calls, tool.denied_calls, tool.duration_ms, tool.turns] {
        cell(&mut line, &count.to_string());
    }
    match tool.turns_cost {
        Some(cost) => money(&mut line, cost),
        None => line.push_str(",,"),
    }
    end(&mut line);
    line
}

fn money(line: &mut String, amount: Money) {
    cell(line, &amount.0.to_string());
    cell(line, &dollars(amount));
}

/// Exactly, with two decimals at least: `12.35`, `-0.000000000001`.
#[must_use]
pub fn dollars(amount: Money) -> String {
    let size = amount.0.unsigned_abs();
    let fraction = format!("{:012}", size % 1_000_000_000_000);
    let kept = fraction.trim_end_matches('0').len().max(2);
    let sign = if amount.0 < 0 { "-" } else { "" };
    format!("{sign}{}.{}", size / 1_000_000_000_000, fraction.get(..kept).unwrap_or(&fraction))
}

/// What people wrote.
fn text(line: &mut String, value: &str) {
    let is_formula = value.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    let value = if is_formula { format!("'{value}") } else { value.to_owned() };
    if value.contains([',', '"', '\r', '\n']) {
        cell(line, &format!("\"{}\"", value.replace('"', "\"\"")));
    } else {
        cell(line, &value);
    }
}

fn cell(line: &mut String, value: &str) {
    line.push_str(value);
    line.push(',');
}

/// Instead of the comma after the last cell.
fn end(line: &mut String) {
    line.pop();
    line.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use app::model::Tokens;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_margin_is_what_is_charged_beyond_the_list() {
        let row = UsageRow { cost: Money(1_150), list_cost: Money(1_000), ..row("Ana") };
        assert_eq!(margin(&row), Money(150));
        assert!(line(UsageBy::Person, &row, Audience::Operator).trim_end().ends_with(",150,0.00000000015"));
    }

    fn row(name: &str) -> UsageRow {
        UsageRow {
            key: "k".into(),
            name: Some(name.into()),
            detail: None,
            requests: 3,
            estimated_calls: 1,
            unknown_calls: 0,
            tokens: Tokens { input: 10, output: 2, ..Tokens::default() },
            cost: Money(3_100_000_000),
            adjusted: Money(-1),
            list_cost: Money(3_000_000_000),
            saving: Money(0),
        }
    }

    #[test]
    fn money_is_exact() {
        for (pico, text) in [
            (0, "0.00"),
            (12_350_000_000_000, "12.35"),
            (3_100_000_000, "0.0031"),
            (-1, "-0.000000000001"),
            (i64::MAX, "9223372.036854775807"),
            (i64::MIN, "-9223372.036854775808"),
        ] {
            assert_eq!(dollars(Money(pico)), text);
        }
    }

    #[test]
    fn a_line_has_a_cell_for_each_column_and_no_formula() {
        for audience in [Audience::Tenant, Audience::Operator] {
            for by in UsageBy::ALL.into_iter().filter(|by| *by != UsageBy::Tool) {
                let columns = header(by, audience).matches(',').count();
                assert_eq!(line(by, &row("Ana"), audience).matches(',').count(), columns, "{by:?}");
            }
        }
        let tenant = line(UsageBy::Person, &row("=1+1"), Audience::Tenant);
        assert_eq!(tenant, "k,'=1+1,,3,2,1,0,10,0,0,0,2,3100000000,0.0031,-1,-0.000000000001,0,0.00\r\n");
        assert!(line(UsageBy::Person, &row("a \"b\", c"), Audience::Tenant).starts_with("k,\"a \"\"b\"\", c\",,"));
        let nobody = UsageRow { key: String::new(), name: None, ..row("") };
        assert!(line(UsageBy::Key, &nobody, Audience::Tenant).starts_with(",In the chat,,3,"), "an empty first cell");
        let tool = ToolUse {
            tool: "@sum".into(),
            calls: 1,
            failed_calls: 0,
            denied_calls: 0,
            duration_ms: 5,
            turns: 1,
            turns_cost: None,
        };
        assert_eq!(tool_line(&tool), "'@sum,1,0,0,5,1,,\r\n");
        assert_eq!(header(UsageBy::Tool, Audience::Tenant).matches(',').count(), tool_line(&tool).matches(',').count());
    }

    proptest! {
        #[test]
        fn no_name_makes_a_formula_or_another_line(name in ".{0,20}") {
            let line = line(UsageBy::Person, &row(&name), Audience::Tenant);
            let cell = line.strip_prefix("k,").unwrap_or_default();
            let cell = cell.strip_prefix('"').unwrap_or(cell);
            prop_assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']));
            prop_assert_eq!(line.matches('"').count() % 2, 0);
        }
    }
}
