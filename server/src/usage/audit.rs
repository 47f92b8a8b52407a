//! The audit of the books: the theorem of `accounting.md` §3, checked from the rows alone and in one snapshot.

use crate::db::{
    Db, Result, SystemReason,
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

/// `settled + reserved ≤ limit + overrun`.
fn check_limit(code: &str, window: &AuditedWindow, violations: &mut Vec<String>) {
    let dimensions = each(&window.settled).into_iter().zip(each(&window.reserved)).zip(each(&window.overrun));
    for ((((what, settled), (_, reserved)), (_, overrun)), ceiling) in dimensions.zip(window.ceiling) {
        let Some(ceiling) = ceiling else { continue };
        let used = i128::from(settled) + i128::from(reserved);
        if used > i128::from(ceiling) + i128::from(overrun) {
            violations.push(format!(
                "{}: {settled} {what} settled and {reserved} reserved are more than the limit of {ceiling} and the \
                 overrun of {overrun}",
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
