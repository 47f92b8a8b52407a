//! Budgets and requests for more, as they are printed.

use app::model::TenantCode;
use uuid::Uuid;

use super::find;
use crate::{
    cli::tenants::{PAGE, PAGE_LEN},
    db::{
        Db, SystemReason,
        budget::{
            list::{BudgetLine, budget_get, budget_list},
            request::{RequestState, request_list},
        },
        ledger::{Amounts, Books},
    },
    error::Error,
    usage,
    world::World,
};

pub(super) async fn list(db: &Db, world: &World, code: &TenantCode) -> Result<String, Error> {
    let mut tx = db.read_system(SystemReason::Administration).await?;
    let tenant = find(&mut tx, code).await?;
    let books = Books::within(&tx, tenant.id);
    let (mut text, mut after) = (String::new(), Uuid::nil());
    loop {
        let page = budget_list(books, &mut tx, world.now(), after, PAGE).await?;
        for line in &page {
            text.push_str(&in_words(line));
        }
        match page.last() {
            Some(last) if page.len() == PAGE_LEN => after = last.id,
            _ => break,
        }
    }
    if text.is_empty() {
        text = format!("{code} a month: {}, by default\n", usage::limits_in_words(&usage::default_limits()));
    }
    Ok(text)
}

/// A budget on two lines.
fn in_words(line: &BudgetLine) -> String {
    let owner = if line.owner.is_empty() { "(gone)" } else { &line.owner };
    let limits = line.effective();
    let (settled, held, resets) = match &line.window {
        Some(window) => (window.settled, window.reserved, window.end.to_string()),
        None => (Amounts::default(), Amounts::default(), "when it is first used".to_owned()),
    };
    let state = match (line.is_active, usage::level_in_words(&limits, line.soft_percent, &settled)) {
        (false, _) => "inactive",
        (true, words) => words,
    };
    let held = if held == Amounts::default() {
        String::new()
    } else {
        format!("; held: {}", usage::used_in_words(&limits, &held))
    };
    format!(
        "{:<8} {:<32} {:<6} {state}; window ends {resets}\n         used: {}{held}\n",
        line.key.scope.as_str(),
        owner,
        line.key.period.as_str(),
        usage::used_in_words(&limits, &settled),
    )
}

pub(super) async fn requests(db: &Db, world: &World, code: &TenantCode) -> Result<String, Error> {
    let mut tx = db.read_system(SystemReason::Administration).await?;
    let tenant = find(&mut tx, code).await?;
    let books = Books::within(&tx, tenant.id);
    let (mut text, mut after) = (String::new(), Uuid::nil());
    loop {
        let page = request_list(books, &mut tx, world.now(), after, PAGE, false).await?;
        for request in &page {
            let budget = budget_get(books, &mut tx, world.now(), request.window.budget).await?;
            let budget = budget.map_or_else(String::new, |line| {
                format!("{} {}, {}", line.key.scope.as_str(), line.owner, line.key.period.as_str())
            });
            let state = match request.state {
                RequestState::Open => "open".to_owned(),
                state => format!("{} by {}", state.as_str(), request.decided_by),
            };
            text.push_str(&format!(
                "{} {state}: {} asks for more of {budget}: {}\n",
                request.id,
                request.user_email,
                request.reason.replace(['\n', '\r'], " ")
            ));
        }
        match page.last() {
            Some(last) if page.len() == PAGE_LEN => after = last.id,
            _ => break,
        }
    }
    if text.is_empty() {
        text = format!("Nobody in {code} asks for more.\n");
    }
    Ok(text)
}
