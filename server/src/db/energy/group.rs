//! Tags and aggregations: how meters are grouped.

use crate::db::{DbValue, Result, TenantScope, Tx};

/// One device's membership of a tag.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Tag {
    /// e.g. `department`.
    pub kind: String,
    pub name: String,
    pub device_id: i64,
}

/// A named formula.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Aggregation {
    pub name: String,
    pub kind: String,
    /// Over device ids, e.g. `(94+11+27)-(84)`.
    pub formula: String,
}

/// All memberships of tags, by kind, name and device.
///
/// # Errors
/// Database errors.
pub async fn tag_list(scope: &TenantScope, tx: &mut Tx) -> Result<Vec<Tag>> {
    tx.query("SELECT kind, name, device_id FROM en_tag WHERE tenant_id = $1 ORDER BY kind, name, device_id LIMIT 20000")
        .bind(scope.tenant())
        .all()
        .await
}

/// Adds memberships; those that exist stay.
///
/// # Errors
/// Database errors.
pub async fn tag_add(scope: &TenantScope, tx: &mut Tx, tags: &[Tag]) -> Result<()> {
    let mut values = Vec::with_capacity(tags.len() * 4);
    for tag in tags {
        values.extend([
            DbValue::Id(scope.tenant().0),
            DbValue::Text(tag.kind.clone()),
            DbValue::Text(tag.name.clone()),
            DbValue::Int(tag.device_id),
        ]);
    }
    tx.insert_many(
        "INSERT INTO en_tag (tenant_id, kind, name, device_id)",
        4,
        values,
        "ON CONFLICT (tenant_id, kind, name, device_id) DO NOTHING",
    )
    .await?;
    Ok(())
}

/// All aggregations, by name.
///
/// # Errors
/// Database errors.
pub async fn aggregation_list(scope: &TenantScope, tx: &mut Tx) -> Result<Vec<Aggregation>> {
    tx.query("SELECT name, kind, formula FROM en_aggregation WHERE tenant_id = $1 ORDER BY name LIMIT 1000")
        .bind(scope.tenant())
        .all()
        .await
}

/// Adds an aggregation; one of that name stays as it is.
///
/// # Errors
/// Database errors.
pub async fn aggregation_add(scope: &TenantScope, tx: &mut Tx, aggregation: &Aggregation) -> Result<()> {
    tx.query(
        "INSERT INTO en_aggregation (tenant_id, name, kind, formula) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (tenant_id, name) DO NOTHING",
    )
    .bind(scope.tenant())
    .bind(&aggregation.name)
    .bind(&aggregation.kind)
    .bind(&aggregation.formula)
    .execute()
    .await?;
    Ok(())
}
