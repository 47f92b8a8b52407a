//! Logos of tenants, apart from the tenants, so that no list reads them.

use app::model::{TenantId, Timestamp};

use super::{Result, SystemTx, TenantScope, Tx};

/// A logo as it is served.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct TenantLogo {
    pub media_type: String,
    /// Hexadecimal, of the content.
    pub hash: String,
    pub content: Vec<u8>,
}

/// The logo of the scope's tenant.
///
/// # Errors
/// Database errors.
pub async fn tenant_logo_find(scope: &TenantScope, tx: &mut Tx) -> Result<Option<TenantLogo>> {
    tx.query("SELECT media_type, hash, content FROM tenant_logos WHERE tenant_id = $1")
        .bind(scope.tenant())
        .optional::<TenantLogo>()
        .await
}

/// Stores a logo, replacing the one there was.
///
/// # Errors
/// Database errors.
pub async fn tenant_logo_put(tx: &mut SystemTx, tenant: TenantId, logo: &TenantLogo, now: Timestamp) -> Result<()> {
    tx.query(
        "INSERT INTO tenant_logos (tenant_id, media_type, hash, content, updated_at) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (tenant_id) DO UPDATE SET media_type = excluded.media_type, hash = excluded.hash, \
         content = excluded.content, updated_at = excluded.updated_at",
    )
    .bind(tenant)
    .bind(&logo.media_type)
    .bind(&logo.hash)
    .bind(logo.content.clone())
    .bind(now)
    .execute()
    .await?;
    Ok(())
}

/// Removes a logo; `false`: there was none.
///
/// # Errors
/// Database errors.
pub async fn tenant_logo_delete(tx: &mut SystemTx, tenant: TenantId) -> Result<bool> {
    let deleted = tx.query("DELETE FROM tenant_logos WHERE tenant_id = $1").bind(tenant).execute().await?;
    Ok(deleted > 0)
}
