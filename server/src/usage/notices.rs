//! What people are told of their budgets: written when a settlement passes a threshold, shown until it is put away.

use std::collections::BTreeMap;

use app::model::{BudgetNotice, Timestamp};

use super::{
    soft::{fullest, reached},
    words::{begins_anew, budget_name},
};
use crate::{
    db::{
        Result, TenantScope, Tx,
        budget::{
            BudgetOnPath,
            notice::{NoticeKind, notice_list, notice_put, notice_see, window_standing},
            window::Settling,
        },
        ledger::{Amounts, Books, WindowKey},
    },
    error::Error,
    world::World,
};

/// Notes which of the windows just settled have passed a threshold.
pub(super) async fn tell(tx: &mut Tx, windows: &BTreeMap<(Books, WindowKey), Settling>, now: Timestamp) -> Result<()> {
    for ((books, window), settling) in windows {
        let Some(standing) = window_standing(*books, tx, *window).await? else { continue };
        let reached = reached(&standing.limits, standing.soft_percent, &standing.settled);
        let is_overrun = settling.overrun != Amounts::default();
        let kinds = [
            (NoticeKind::Soft, reached.is_some() && standing.soft_percent.is_some() && !standing.has_soft),
            (NoticeKind::Hard, reached == Some(NoticeKind::Hard) && !standing.has_hard),
            (NoticeKind::Overrun, is_overrun && !standing.has_overrun),
        ];
        for (kind, is_due) in kinds {
            if is_due && notice_put(*books, tx, *window, kind, now).await? {
                metrics::counter!("steward_budget_notices_total", "kind" => kind.as_str()).increment(1);
                tracing::info!(budget = %window.budget, kind = kind.as_str(), "a budget's threshold was passed");
            }
        }
    }
    Ok(())
}

/// What the person should be told now: of the budgets on their path that are nearly or wholly used up, and whose notice
/// they have not put away, the fullest.
pub(super) async fn notice(
    scope: &TenantScope,
    tx: &mut Tx,
    path: &[BudgetOnPath],
    at: Timestamp,
) -> Result<Option<BudgetNotice>> {
    let full: Vec<_> = path.iter().filter_map(|budget| Some((budget, level(budget)?))).collect();
    if full.is_empty() {
        return Ok(None);
    }
    let stored = notice_list(scope, tx, at).await?;
    let is_unseen = |window: WindowKey, kind: NoticeKind| {
        stored.iter().any(|notice| notice.window == window && notice.kind == kind && !notice.is_seen)
    };
    let notices = full.iter().filter_map(|(budget, kind)| {
        let window = budget.window?;
        let key = WindowKey { budget: budget.id, start: window.start };
        let percent = fullest(&budget.limits, &window.settled)?;
        is_unseen(key, *kind).then(|| BudgetNotice {
            key: format!("{}.{}.{}", key.budget, key.start.0, kind.as_str()),
            budget: budget_name(budget.scope, budget.period, scope.tenant_name(), scope.user_name()),
            percent,
            resets_at: begins_anew(budget.period, window.end),
        })
    });
    Ok(notices.max_by_key(|notice| notice.percent))
}

/// How far a budget is used up, by what is settled.
pub(super) fn level(budget: &BudgetOnPath) -> Option<NoticeKind> {
    let window = budget.window.filter(|_| budget.is_active)?;
    reached(&budget.limits, budget.soft_percent, &window.settled)
}

/// The person puts a notice away. One that is not there is put away already.
///
/// # Errors
/// [`Error::NotFound`] for what is no notice's key; database errors.
pub async fn put_away(scope: &TenantScope, tx: &mut Tx, world: &World, key: &str) -> std::result::Result<(), Error> {
    let mut parts = key.split('.');
    let (Some(budget), Some(start), Some(kind), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Err(Error::NotFound);
    };
    let budget = budget.parse().map_err(|_| Error::NotFound)?;
    let start = Timestamp(start.parse().map_err(|_| Error::NotFound)?);
    let kind = kind.parse().map_err(|_| Error::NotFound)?;
    if !notice_see(scope, tx, WindowKey { budget, start }, kind, world.now()).await? {
        return Err(Error::NotFound);
    }
    Ok(())
}
