//! The steps of setting Steward up, ticked by what is really there.

use app::{
    model::{Lang, Role, SetupStep},
    words::setup as words,
};

use crate::{
    db::{
        TenantScope, Tx,
        tenant::{tenant_dismiss_setup, tenant_progress},
    },
    error::Result,
};

/// The steps for an administrator, until all are done or one of them has hidden the list; nothing for anybody else. `has_model`: a real model answers, not
/// the demo's.
///
/// # Errors
/// Database errors.
pub async fn setup(scope: &TenantScope, tx: &mut Tx, lang: Lang, has_model: bool) -> Result<Vec<SetupStep>> {
    if scope.role() != Role::Admin {
        return Ok(vec![]);
    }
    let progress = tenant_progress(scope, tx).await?;
    if progress.is_dismissed {
        return Ok(vec![]);
    }
    let code = scope.code();
    let step = |title: &str, how: String, done| SetupStep { title: title.to_owned(), how, done };
    let steps = vec![
        step(words::model(lang), words::model_how(lang).to_owned(), has_model),
        step(words::tools(lang), words::tools_how(lang, code.as_str()), progress.has_devices),
        // Whoever reads this is in one.
        step(words::tenant(lang), "steward tenant add".to_owned(), true),
        step(words::budget(lang), words::budget_how(lang, code.as_str()), progress.has_budget),
        step(words::invite(lang), words::invite_how(lang, code.as_str()), progress.has_colleagues),
    ];
    Ok(if steps.iter().all(|step| step.done) { vec![] } else { steps })
}

/// Hides the list from the tenant's administrators, for good.
///
/// # Errors
/// Database errors.
pub async fn dismiss_setup(scope: &TenantScope, tx: &mut Tx) -> Result<()> {
    Ok(tenant_dismiss_setup(scope, tx).await?)
}
