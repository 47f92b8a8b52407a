//! A tenant as its people and its assistant see it.

use app::model::{TenantView, Timestamp};
use chrono::Offset;

use super::{Accent, hash};
use crate::{
    db::{TenantScope, Tx, tenant},
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
    let tenant = tenant::tenant_find(scope, tx).await?.ok_or(Error::NotFound)?;
    let code = scope.code();
    // Addresses change with what they lead to, so that browsers may keep it for ever.
    let accent = tenant.accent.as_deref().and_then(|accent| Accent::parse(accent).ok());
    let brand_css = accent.map(|accent| format!("/t/{code}/brand.css?v={}", hash(accent.css().as_bytes())));
    let logo = tenant.logo_hash.map(|hash| format!("/t/{code}/logo?v={hash}"));
    Ok(TenantView {
        code: code.clone(),
        name: scope.tenant_name().to_owned(),
        assistant: tenant.assistant,
        time_zone: scope.time_zone().name().to_owned(),
        utc_offset_minutes: utc_offset_minutes(scope.time_zone(), world.now()),
        currency: tenant.currency,
        prompts: tenant.prompts,
        contact: tenant.contact,
        commands: tenant.commands,
        welcome: tenant.welcome,
        logo,
        brand_css,
        locale: tenant.locale,
        shows_cost: tenant.shows_cost,
        allows_public_links: tenant.allows_public_links,
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
