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
