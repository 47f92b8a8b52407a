//! Who trusted front ends mean by their own ids, and whose accounts were made because of them.

use app::model::{ApiKeyId, Timestamp, UserId};
use uuid::Uuid;

use super::{Result, SystemTx, TenantScope, Tx, ledger::Books};

/// A front end has so many ids for one person at most; more are not kept.
const MOST_IDS_PER_PERSON: i64 = 20;

#[derive(sqlx::FromRow)]
struct PersonRow {
    user_id: Uuid,
}

/// Whom a key's front end means by this id.
///
/// # Errors
/// Database errors.
pub async fn front_end_person_find(
    scope: &TenantScope,
    tx: &mut Tx,
    key: ApiKeyId,
    external_id: &str,
) -> Result<Option<UserId>> {
    let row: Option<PersonRow> = tx
        .query("SELECT user_id FROM front_end_people WHERE tenant_id = $1 AND key_id = $2 AND external_id = $3")
        .bind(scope.tenant())
        .bind(key)
        .bind(external_id)
        .optional()
        .await?;
    Ok(row.map(|row| UserId(row.user_id)))
}

/// Remembers whom a front end means by an id, unless that is known already.
///
/// # Errors
/// Database errors.
pub async fn front_end_person_bind(
    books: Books,
    tx: &mut Tx,
    key: ApiKeyId,
    external_id: &str,
    user: UserId,
    now: Timestamp,
) -> Result<()> {
    tx.query(
        "INSERT INTO front_end_people (tenant_id, key_id, external_id, user_id, created_at) SELECT $1, $2, $3, $4, $5 \
         WHERE (SELECT COUNT(*) FROM front_end_people WHERE tenant_id = $1 AND key_id = $2 AND user_id = $4) < $6 \
         ON CONFLICT (tenant_id, key_id, external_id) DO NOTHING",
    )
    .bind(books.tenant())
    .bind(key)
    .bind(external_id)
    .bind(user)
    .bind(now)
    .bind(MOST_IDS_PER_PERSON)
    .execute()
    .await?;
    Ok(())
}

/// Forgets whom a front end means by an id; `false`: nobody was meant by it.
///
/// # Errors
/// Database errors.
pub async fn front_end_person_unbind(books: Books, tx: &mut Tx, key: ApiKeyId, external_id: &str) -> Result<bool> {
    let removed = tx
        .query("DELETE FROM front_end_people WHERE tenant_id = $1 AND key_id = $2 AND external_id = $3")
        .bind(books.tenant())
        .bind(key)
        .bind(external_id)
        .execute()
        .await?;
    Ok(removed > 0)
}

#[derive(sqlx::FromRow)]
struct CountRow {
    count: i64,
}

/// How many accounts were made because of a key since then.
///
/// # Errors
/// Database errors.
pub async fn provisioned_count(books: Books, tx: &mut SystemTx, key: ApiKeyId, since: Timestamp) -> Result<i64> {
    let row: CountRow = tx
        .query(
            "SELECT COUNT(*) AS count FROM provisioned_people WHERE tenant_id = $1 AND key_id = $2 AND created_at >= $3",
        )
        .bind(books.tenant())
        .bind(key)
        .bind(since)
        .one()
        .await?;
    Ok(row.count)
}

/// Notes that an account was made because of a key.
///
/// # Errors
/// Database errors.
pub async fn provisioned_insert(
    books: Books,
    tx: &mut SystemTx,
    key: ApiKeyId,
    user: UserId,
    now: Timestamp,
) -> Result<()> {
    tx.query("INSERT INTO provisioned_people (tenant_id, user_id, key_id, created_at) VALUES ($1, $2, $3, $4)")
        .bind(books.tenant())
        .bind(user)
        .bind(key)
        .bind(now)
        .execute()
        .await?;
    Ok(())
}
