//! A tenant as its people and its assistant see it.

use app::model::{Lang, TenantView, Timestamp};
use chrono::Offset;

use crate::{
    db::{TenantScope, Tx, share, tenant},
    error::{Error, Result},
    world::World,
};

/// What the assistant is told about its tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantProfile {
    /// The assistant's name.
    pub assistant: String,
    /// The tenant's own closing part of the system prompt; empty: the built-in one.
    pub instructions: String,
    /// ISO 4217.
    pub currency: String,
    /// Example questions.
    pub prompts: Vec<String>,
    /// Whom to ask about access and budgets.
    pub contact: String,
}

/// The tenant's profile.
///
/// # Errors
/// [`Error::NotFound`] when the tenant was removed meanwhile; database errors.
pub async fn profile(scope: &TenantScope, tx: &mut Tx) -> Result<TenantProfile> {
    let tenant = tenant::tenant_find(scope, tx).await?.ok_or(Error::NotFound)?;
    Ok(TenantProfile {
        assistant: tenant.assistant,
        instructions: tenant.instructions,
        currency: tenant.currency,
        prompts: tenant.prompts,
        contact: tenant.contact,
    })
}

/// The tenant as shown around the chat.
///
/// # Errors
/// [`Error::NotFound`] when the tenant was removed meanwhile; database errors.
pub async fn view(scope: &TenantScope, tx: &mut Tx, world: &World) -> Result<TenantView> {
    let profile = profile(scope, tx).await?;
    Ok(TenantView {
        code: scope.code().clone(),
        name: scope.tenant_name().to_owned(),
        assistant: profile.assistant,
        time_zone: scope.time_zone().name().to_owned(),
        utc_offset_minutes: utc_offset_minutes(scope.time_zone(), world.now()),
        currency: profile.currency,
        prompts: profile.prompts,
        contact: profile.contact,
        commands: vec![],
        welcome: String::new(),
        logo: None,
        brand_css: None,
        locale: Lang::English,
        shows_cost: false,
        allows_public_links: share::tenant_allows_public_links(scope, tx).await?,
    })
}

/// Minutes a zone is ahead of UTC at an instant.
#[must_use]
pub fn utc_offset_minutes(zone: chrono_tz::Tz, at: Timestamp) -> i32 {
    let Some(utc) = chrono::DateTime::from_timestamp_millis(at.0) else { return 0 };
    utc.with_timezone(&zone).offset().fix().local_minus_utc() / 60
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_offset_is_that_of_the_day() {
        let winter = Timestamp(1_768_435_200_000); // 2026-01-15
        let summer = Timestamp(1_784_073_600_000); // 2026-07-15
        assert_eq!(utc_offset_minutes(chrono_tz::Asia::Jakarta, winter), 420);
        assert_eq!(utc_offset_minutes(chrono_tz::Europe::Berlin, winter), 60);
        assert_eq!(utc_offset_minutes(chrono_tz::Europe::Berlin, summer), 120);
        assert_eq!(utc_offset_minutes(chrono_tz::Asia::Kolkata, winter), 330);
    }
}
