//! Profiles at work: which one a request comes under, and what it changes about it.
//!
//! What must hold: a profile is of the key's tenant; a key bound to one names no other; whoever may not use a profile is
//! told what he would be told if there were none.

use std::{sync::Arc, time::Duration};

use app::model::{ProfileId, TenantId, Timestamp};
use moka::future::Cache;

use super::{
    Incoming,
    rules::{CostRules, percent_left},
};
use crate::{
    db::{
        Db, TenantScope,
        budget::{BudgetOnPath, Payer, budget_path},
        ledger::Books,
        profile::{Profile, profile_by_id, profile_by_slug},
    },
    error::{Error, Result},
    identity::api_keys::KeyHolder,
    models::wire::{WireError, WireErrorKind, WireRequest},
};

/// How long what was read of a profile is believed.
const BELIEVED: Duration = Duration::from_secs(1);
/// Profiles, and names that are none, remembered at once.
const REMEMBERED: u64 = 10_000;
/// Longest slug; see `steward profile create`.
pub const MAX_SLUG: usize = 64;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Named {
    Id(ProfileId),
    Slug(String),
}

/// The profiles of all tenants, as far as they are asked for. Cheap to clone.
#[derive(Clone)]
pub struct Profiles {
    db: Db,
    known: Cache<(TenantId, Named), Option<Arc<Profile>>>,
}

impl Profiles {
    #[must_use]
    pub fn new(db: Db) -> Self {
        Self { db, known: Cache::builder().max_capacity(REMEMBERED).time_to_live(BELIEVED).build() }
    }

    /// The profile of a request: the one its address names, or the one its key is bound to; `None`: neither.
    ///
    /// # Errors
    /// [`Error::NotFound`]: there is none of that name, it is disabled, or the key is bound to another. Database errors.
    pub async fn of(&self, holder: &KeyHolder, slug: Option<&str>) -> Result<Option<Arc<Profile>>> {
        let bound_to = holder.key.profile;
        let named = match (slug, bound_to) {
            (Some(slug), _) if slug.len() > MAX_SLUG => return Err(Error::NotFound),
            (Some(slug), _) => Named::Slug(slug.to_owned()),
            (None, Some(id)) => Named::Id(id),
            (None, None) => return Ok(None),
        };
        let found = self.find(&holder.scope, named).await?.filter(|profile| !profile.is_disabled);
        let profile = found.filter(|profile| bound_to.is_none_or(|id| id == profile.id)).ok_or(Error::NotFound)?;
        Ok(Some(profile))
    }

    async fn find(&self, scope: &TenantScope, named: Named) -> Result<Option<Arc<Profile>>> {
        let key = (scope.tenant(), named);
        if let Some(known) = self.known.get(&key).await {
            return Ok(known);
        }
        let found = Box::pin(self.read(scope, &key.1)).await?.map(Arc::new);
        self.known.insert(key, found.clone()).await;
        Ok(found)
    }

    async fn read(&self, scope: &TenantScope, named: &Named) -> Result<Option<Profile>> {
        let mut tx = self.db.read(scope).await?;
        Ok(match named {
            Named::Id(id) => profile_by_id(Books::of(scope), &mut tx, *id).await?,
            Named::Slug(slug) => profile_by_slug(Books::of(scope), &mut tx, slug).await?,
        })
    }

    /// What the tightest budget on a request's path has left, percent; `None`: nothing limits it.
    ///
    /// # Errors
    /// Database errors.
    pub(super) async fn budget_left(&self, incoming: &Incoming, now: Timestamp) -> Result<Option<i64>> {
        let scope = &incoming.scope;
        let payer = Payer {
            user: scope.user(),
            key: Some(incoming.holder.key.id),
            profile: incoming.profile.as_ref().map(|profile| profile.id),
        };
        let mut tx = self.db.read(scope).await?;
        let path = budget_path(Books::of(scope), &mut tx, payer, now).await?;
        Ok(path.iter().filter(|budget| budget.is_active).filter_map(left_of).min())
    }
}

/// What a budget's tightest limit has left, percent; what is only held may come back.
fn left_of(budget: &BudgetOnPath) -> Option<i64> {
    let used = budget.window.as_ref().map(|window| window.settled).unwrap_or_default();
    let limits = &budget.limits;
    let pairs = [
        (limits.input_tokens, used.input_tokens),
        (limits.output_tokens, used.output_tokens),
        (limits.tokens, used.input_tokens.saturating_add(used.output_tokens)),
        (limits.requests, used.requests),
        (limits.cost.map(|cost| cost.0), used.pico_usd),
    ];
    pairs.into_iter().filter_map(|(limit, used)| Some(percent_left(limit?, used))).min()
}

/// The cost rules of a profile.
pub(super) fn rules_of(profile: &Profile) -> CostRules {
    CostRules {
        cheaper_model: profile.cheaper_model.clone(),
        below_tokens: profile.cheaper_below_tokens,
        when_budget_below: profile.cheaper_when_budget_below,
    }
}

/// A request as it goes on under a profile: its instructions first, no tools where none are allowed.
///
/// # Errors
/// It brings tools that are not allowed.
pub fn under(profile: &Profile, request: WireRequest) -> std::result::Result<WireRequest, WireError> {
    if !profile.allows_tools && request.brings_tools() {
        let message = format!("The profile \"{}\" allows no tools.", profile.slug);
        let mut error = WireError::new(WireErrorKind::InvalidRequest, message);
        error.param = Some("tools".to_owned());
        return Err(error);
    }
    Ok(request.with_instructions(&profile.system_prompt))
}
