//! Meters and the sources of their quantities.

use crate::db::{DbValue, Result, TenantScope, Tx};

/// The most devices a tenant has; every list of them is bounded by it.
pub const MAX_DEVICES: i64 = 2_000;

/// A meter.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Device {
    /// Unique within the tenant; used in formulas.
    pub id: i64,
    pub code: String,
    pub name: String,
    /// The meter above it.
    pub parent_id: Option<i64>,
}

/// How a source counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceKind {
    /// What was used in each interval, or a gauge's value.
    Interval,
    /// A register that counts up and may start again from zero.
    Counter,
}

impl SourceKind {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Interval => "interval",
            Self::Counter => "counter",
        }
    }
}

/// The end of a source's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct SourceLatest {
    pub device_id: i64,
    pub quantity: i64,
    /// Start of the latest quarter hour with a reading.
    pub ts: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct KindRow {
    kind: String,
}

/// All meters, by code.
///
/// # Errors
/// Database errors.
pub async fn device_list(scope: &TenantScope, tx: &mut Tx) -> Result<Vec<Device>> {
    tx.query("SELECT id, code, name, parent_id FROM en_device WHERE tenant_id = $1 ORDER BY code LIMIT $2")
        .bind(scope.tenant())
        .bind(MAX_DEVICES)
        .all()
        .await
}

/// Adds a meter.
///
/// # Errors
/// [`crate::db::Error::Duplicate`] when id or code are taken.
pub async fn device_insert(scope: &TenantScope, tx: &mut Tx, device: &Device) -> Result<()> {
    tx.query("INSERT INTO en_device (tenant_id, id, code, name, parent_id) VALUES ($1, $2, $3, $4, $5)")
        .bind(scope.tenant())
        .bind(device.id)
        .bind(&device.code)
        .bind(&device.name)
        .bind(device.parent_id)
        .execute()
        .await?;
    Ok(())
}

/// What kind a device's source of a quantity is; `None`: it has none.
///
/// # Errors
/// Database errors.
pub async fn source_kind(scope: &TenantScope, tx: &mut Tx, device: i64, quantity: i64) -> Result<Option<SourceKind>> {
    let row = tx
        .query("SELECT kind FROM en_source WHERE tenant_id = $1 AND device_id = $2 AND quantity = $3")
        .bind(scope.tenant())
        .bind(device)
        .bind(quantity)
        .optional::<KindRow>()
        .await?;
    row.map(|row| match row.kind.as_str() {
        "interval" => Ok(SourceKind::Interval),
        "counter" => Ok(SourceKind::Counter),
        other => Err(crate::db::Error::Corrupt {
            table: "en_source",
            column: "kind",
            row: format!("{} {device} {quantity}", scope.tenant()),
            problem: format!("{other} is not a kind of source"),
        }),
    })
    .transpose()
}

/// Adds sources `(device, quantity, kind)`; those that exist stay as they are.
///
/// # Errors
/// Database errors.
pub async fn source_add(scope: &TenantScope, tx: &mut Tx, sources: &[(i64, i64, SourceKind)]) -> Result<()> {
    let mut values = Vec::with_capacity(sources.len() * 4);
    for (device, quantity, kind) in sources {
        values.extend([
            DbValue::Id(scope.tenant().0),
            DbValue::Int(*device),
            DbValue::Int(*quantity),
            DbValue::Text(kind.as_str().to_owned()),
        ]);
    }
    tx.insert_many(
        "INSERT INTO en_source (tenant_id, device_id, quantity, kind)",
        4,
        values,
        "ON CONFLICT (tenant_id, device_id, quantity) DO NOTHING",
    )
    .await?;
    Ok(())
}

/// Every source with the end of its data.
///
/// # Errors
/// Database errors.
pub async fn source_latest(scope: &TenantScope, tx: &mut Tx) -> Result<Vec<SourceLatest>> {
    tx.query(
        "SELECT s.device_id, s.quantity, (SELECT MAX(r.ts) FROM en_reading15 r WHERE r.tenant_id = s.tenant_id \
         AND r.device_id = s.device_id AND r.quantity = s.quantity) AS ts \
         FROM en_source s WHERE s.tenant_id = $1 ORDER BY s.device_id, s.quantity LIMIT 20000",
    )
    .bind(scope.tenant())
    .all()
    .await
}
