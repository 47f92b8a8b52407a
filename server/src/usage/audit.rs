//! The audit of the books: the theorem of `accounting.md` §3, checked from the rows alone and in one snapshot.

use crate::db::{
    Db, Result, SystemReason,
    budget::grant::{Granted, grant_sums},
    ledger::{
        Amounts,
        audit::{AuditedWindow, Classes, Source, audit_calls, audit_classes, audit_sums, audit_tenants, audit_windows},
    },
    usage_day::audit::usage_days_audit,
};

/// Checks the theorem over all tenants; each line is one violation, none means the books balance.
///
/// # Errors
/// Database errors.
pub async fn audit_books(db: &Db) -> Result<Vec<String>> {
    let mut tx = db.read_system(SystemReason::AuditOfBooks).await?;
    let mut violations = Vec::new();
    let mut after = String::new();
    loop {
        let tenants = audit_tenants(&mut tx, &after).await?;
        let Some((_, last)) = tenants.last() else { return Ok(violations) };
        after.clone_from(last);
        for (tenant, code) in &tenants {
            let windows = audit_windows(&mut tx, *tenant).await?;
            for window in &windows {
                check_limit(code, window, &mut violations);
            }
            for source in Source::ALL {
                let sums = audit_sums(&mut tx, *tenant, source).await?;
                for window in &windows {
                    let sum = sums.iter().find(|(key, _)| *key == window.key).map_or_else(Amounts::default, |s| s.1);
                    check_sums(code, window, source, &sum, &mut violations);
                }
            }
            let classes = audit_classes(&mut tx, *tenant).await?;
            for window in &windows {
                let sum = classes.iter().find(|(key, _)| *key == window.key).map_or_else(Classes::default, |c| c.1);
                if sum != window.classes {
                    violations.push(format!(
                        "{}: classes {:?}, by its calls {sum:?}",
                        at(code, window),
                        window.classes
                    ));
                }
            }
            let granted = grant_sums(&mut tx, *tenant).await?;
            for window in &windows {
                let sum = granted.iter().find(|(key, _)| *key == window.key).map_or_else(Granted::default, |g| g.1);
                if sum != window.granted {
                    violations.push(format!(
                        "{}: granted {:?}, by its grants {sum:?}",
                        at(code, window),
                        window.granted
                    ));
                }
            }
            for (call, rule) in audit_calls(&mut tx, *tenant).await? {
                violations.push(format!("{code}: call {call}: {rule}"));
            }
            violations.extend(usage_days_audit(&mut tx, *tenant).await?.iter().map(|wrong| format!("{code}: {wrong}")));
        }
    }
}

fn at(code: &str, window: &AuditedWindow) -> String {
    format!("{code}: budget {} from {}", window.key.budget, window.key.start)
}

fn each(amounts: &Amounts) -> [(&'static str, i64); 4] {
    [
        ("input tokens", amounts.input_tokens),
        ("output tokens", amounts.output_tokens),
        ("requests", amounts.requests),
        ("pico-dollars", amounts.pico_usd),
    ]
}

/// `settled + reserved ≤ limit + overrun`, where the limit is the highest that held, and what was granted.
fn check_limit(code: &str, window: &AuditedWindow, violations: &mut Vec<String>) {
    let [by_input, by_output, by_requests, by_cost] = window.ceiling;
    let granted = &window.granted;
    let of = |amounts: &Amounts| each(amounts).map(|(_, amount)| i128::from(amount));
    let [settled, reserved, overrun] = [&window.settled, &window.reserved, &window.overrun].map(of);
    // Input and output together have no counters of their own; neither has their overrun, which is no more than both.
    let both = |[input, output, ..]: [i128; 4]| input + output;
    let checks = [
        ("input tokens", settled[0], reserved[0], overrun[0], by_input, granted.input_tokens),
        ("output tokens", settled[1], reserved[1], overrun[1], by_output, granted.output_tokens),
        ("requests", settled[2], reserved[2], overrun[2], by_requests, granted.requests),
        ("pico-dollars", settled[3], reserved[3], overrun[3], by_cost, granted.pico_usd),
        ("tokens", both(settled), both(reserved), both(overrun), window.ceiling_tokens, granted.tokens),
    ];
    for (what, settled, reserved, overrun, ceiling, granted) in checks {
        let Some(ceiling) = ceiling else { continue };
        if settled + reserved > i128::from(ceiling) + i128::from(granted) + overrun {
            violations.push(format!(
                "{}: {settled} {what} settled and {reserved} reserved are more than the limit of {ceiling}, the \
                 granted {granted} and the overrun of {overrun}",
                at(code, window)
            ));
        }
    }
}

fn check_sums(code: &str, window: &AuditedWindow, source: Source, sum: &Amounts, violations: &mut Vec<String>) {
    let (column, figures, by) = match source {
        Source::Holds => ("reserved", &window.reserved, "open holds"),
        Source::LedgerReserved => ("reserved", &window.reserved, "the ledger"),
        Source::LedgerSettled => ("settled", &window.settled, "the ledger"),
        Source::LedgerOverrun => ("overrun", &window.overrun, "the ledger"),
    };
    for ((what, figure), (_, sum)) in each(figures).into_iter().zip(each(sum)) {
        if figure != sum {
            violations.push(format!("{}: {figure} {what} {column}, {sum} by {by}", at(code, window)));
        }
    }
}

#[cfg(test)]
mod tests {
    use app::model::Timestamp;
    use uuid::Uuid;

    use super::*;
    use crate::db::ledger::WindowKey;

    fn amounts(input_tokens: i64, output_tokens: i64, requests: i64, pico_usd: i64) -> Amounts {
        Amounts { input_tokens, output_tokens, requests, pico_usd }
    }

    /// Settled 50, reserved 20, overrun 3 and granted 7 of everything, without a limit.
    fn window() -> AuditedWindow {
        AuditedWindow {
            key: WindowKey { budget: Uuid::nil(), start: Timestamp(0) },
            reserved: amounts(20, 20, 20, 20),
            settled: amounts(50, 50, 50, 50),
            overrun: amounts(3, 3, 3, 3),
            ceiling: [None; 4],
            ceiling_tokens: None,
            granted: Granted { input_tokens: 7, output_tokens: 7, tokens: 7, requests: 7, pico_usd: 7 },
            classes: Classes::default(),
        }
    }

    fn found(window: &AuditedWindow) -> Vec<String> {
        let mut violations = Vec::new();
        check_limit("prs", window, &mut violations);
        violations
    }

    #[test]
    fn a_limit_holds_to_the_last_unit() {
        assert!(found(&window()).is_empty(), "nothing is limited");
        for (at, what) in ["input tokens", "output tokens", "requests", "pico-dollars"].into_iter().enumerate() {
            let with = |limit| {
                let mut window = window();
                window.ceiling[at] = Some(limit);
                found(&window)
            };
            assert!(with(60).is_empty() && with(1_000).is_empty(), "50 + 20 is 60 + 7 + 3");
            let [violation]: [String; 1] = with(59).try_into().expect("one violation");
            assert!(violation.contains(&format!("50 {what} settled and 20 reserved")), "{violation}");
        }
        let with = |ceiling_tokens| found(&AuditedWindow { ceiling_tokens, ..window() });
        assert!(with(Some(127)).is_empty(), "100 + 40 is 127 + 7 + 6");
        let [violation]: [String; 1] = with(Some(126)).try_into().expect("one violation");
        assert!(violation.contains("100 tokens settled and 40 reserved"), "{violation}");
    }

    #[test]
    fn input_and_output_count_together_and_not_one_for_the_other() {
        let mut window = window();
        (window.settled.output_tokens, window.reserved.output_tokens, window.overrun.output_tokens) = (0, 0, 0);
        let with = |limit| found(&AuditedWindow { ceiling_tokens: Some(limit), ..window.clone() }).len();
        assert_eq!((with(60), with(59)), (0, 1));
    }

    #[test]
    fn sums_are_compared_in_every_column() {
        let window = window();
        let check = |source, sum| {
            let mut violations = Vec::new();
            check_sums("prs", &window, source, &sum, &mut violations);
            violations.len()
        };
        for (source, figures) in [
            (Source::Holds, window.reserved),
            (Source::LedgerReserved, window.reserved),
            (Source::LedgerSettled, window.settled),
            (Source::LedgerOverrun, window.overrun),
        ] {
            assert_eq!(check(source, figures), 0);
            assert_eq!(check(source, Amounts { requests: figures.requests + 1, ..figures }), 1);
            assert_eq!(check(source, Amounts::default()), 4);
        }
    }
}
