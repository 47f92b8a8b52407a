//! Tenants and memberships. [`enter`] is the only way to a [`TenantScope`] for a person; it re-reads the live membership
//! every time. [`resume`] gives background work the scope of the person it works for.

mod brand;
mod color;
mod logo;
mod profile;
mod setup;

pub use crate::db::TenantScope;
pub use brand::{Accent, AccentError};
pub use logo::{LogoError, MAX_BYTES as MAX_LOGO_BYTES, hash, read as read_logo};
pub use profile::{TenantProfile, profile, utc_offset_minutes, view};
pub use setup::{dismiss_setup, setup};

use app::{
    backend::Caller,
    model::{TenantChoice, TenantCode, TenantId, UserId},
};

use crate::{
    db::{Db, SystemTx},
    error::Error,
};

/// Enters a tenant as the caller.
///
/// # Errors
/// [`Error::NotFound`] when there is no such tenant, or no live membership: nobody can tell which.
pub async fn enter(db: &Db, caller: &Caller, tenant: &TenantCode) -> Result<TenantScope, Error> {
    enter_as(db, caller.user, tenant).await
}

/// Enters a tenant as somebody who proved it otherwise than by a session: the holder of a key.
///
/// # Errors
/// As [`enter`].
pub async fn enter_as(db: &Db, user: UserId, tenant: &TenantCode) -> Result<TenantScope, Error> {
    let mut tx = db.read_memberships_of(user).await?;
    crate::db::membership::membership_scope(&mut tx, user, tenant).await?.ok_or(Error::NotFound)
}

/// Enters a tenant as the person with this e-mail, for a front end that is trusted to name its people.
///
/// # Errors
/// As [`enter`].
pub async fn enter_by_email(db: &Db, email: &str, tenant: &TenantCode) -> Result<TenantScope, Error> {
    let mut tx = db.read_directory().await?;
    let person = crate::db::user::user_find_by_email(&mut tx, email).await?.ok_or(Error::NotFound)?;
    drop(tx);
    enter_as(db, person.id, tenant).await
}

/// The scope of somebody whose turn must be ended by the reaper; no membership is needed to settle what was spent.
/// `None`: tenant or person no longer exist.
///
/// # Errors
/// Database errors.
pub async fn resume(tx: &mut SystemTx, tenant: TenantId, user: UserId) -> Result<Option<TenantScope>, Error> {
    Ok(crate::db::membership::past_scope(tx, tenant, user).await?)
}

/// The tenants a person may enter now, by name. None means none: the account is waiting for access.
///
/// # Errors
/// Database errors.
pub async fn choices(db: &Db, user: UserId) -> Result<Vec<TenantChoice>, Error> {
    let mut tx = db.read_memberships_of(user).await?;
    Ok(crate::db::membership::membership_choices(&mut tx, user).await?)
}
