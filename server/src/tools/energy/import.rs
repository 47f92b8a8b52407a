//! Import of measured readings from a CSV file: streamed, checked row by row, all or nothing in one transaction, and
//! idempotent (the same file twice changes nothing).
//!
//! A row is one quarter hour of one device, its columns mapped to quantities. Times are local to a zone and must fall
//! on quarter hours; they name the interval's end or its start. Where a clock is put back, the first of the two equal
//! hours is taken first, in the file's order. An empty cell is no reading. Memory is bounded by [`MAX_ROWS`] times 16
//! bytes and the rows written at a time.

mod counters;
mod rows;

use std::{
    collections::{BTreeMap, HashSet},
    io::BufRead,
};

use app::model::TenantCode;

pub use self::rows::{BadRow, Column, Options, Stamp};
use self::rows::{Row, Rows};
use super::{calendar::Calendar, daily, period::local, quantity::Quantity};
use crate::{
    db::{
        Db, SystemReason, TenantScope, Tx,
        energy::{
            device::{Device, MAX_DEVICES, SourceKind, device_insert, device_list, source_add, source_kind},
            reading::{Reading, reading_put},
        },
        membership::membership_list,
        tenant::tenant_find_by_code,
        user::user_find_by_email,
    },
    error::Error,
    tenancy,
    world::World,
};

/// The most rows of a file.
pub const MAX_ROWS: usize = 2_000_000;
/// Rows written at a time.
const ROWS_AT_A_TIME: usize = 2_000;
/// Bad rows that are reported; the file is not read further.
const MAX_BAD_ROWS: usize = 10;

/// What was imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Imported {
    pub rows: usize,
    pub readings: usize,
    /// Epoch seconds: start of the first quarter hour and end of the last one.
    pub range: Option<(i64, i64)>,
    pub device_id: i64,
    pub is_new_device: bool,
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("nothing was imported; {}", list(.0))]
    BadRows(Vec<BadRow>),
    /// The options do not fit the file or the tenant.
    #[error("nothing was imported: {0}")]
    Refused(String),
    #[error("nothing was imported: the file could not be read: {0}")]
    Read(String),
    #[error("nothing was imported: the database failed")]
    Db(#[from] crate::db::Error),
}

fn list(bad: &[BadRow]) -> String {
    let lines: Vec<String> = bad.iter().map(|bad| format!("line {}: {}", bad.line, bad.reason)).collect();
    let more = if bad.len() >= MAX_BAD_ROWS { "\n(and perhaps more)" } else { "" };
    format!("these rows cannot be read:\n{}{more}", lines.join("\n"))
}

/// The scope of a tenant's first administrator, for an import from the command line; leaves a row in the record of
/// system access.
///
/// # Errors
/// [`Error::Invalid`]: no such tenant, or it has no administrator.
pub async fn administrator_of(db: &Db, world: &World, code: &TenantCode) -> Result<TenantScope, Error> {
    let mut tx = db.begin_system(SystemReason::Administration).await?;
    let tenant = tenant_find_by_code(&mut tx, code).await?;
    let tenant = tenant.ok_or_else(|| Error::invalid("tenant", format!("there is no tenant {code}")))?;
    let members = membership_list(&mut tx, Some(code), ("", ""), 1_000).await?;
    for member in members.iter().filter(|member| member.role == "admin") {
        let Some(user) = user_find_by_email(&mut tx, &member.email).await? else { continue };
        if let Some(scope) = tenancy::resume(&mut tx, tenant.id, user.id).await? {
            tx.commit(world.id(), world.now(), &format!("import readings into {code}")).await?;
            return Ok(scope);
        }
    }
    Err(Error::invalid(
        "tenant",
        format!("{code} has no administrator; add one with steward membership add EMAIL {code} --role admin"),
    ))
}

/// Imports readings. `progress` is told the number of rows so far, now and then.
///
/// # Errors
/// See [`ImportError`]; nothing was changed then.
pub async fn readings(
    db: &Db,
    scope: &TenantScope,
    source: impl BufRead,
    options: &Options,
    mut progress: impl FnMut(usize),
) -> Result<Imported, ImportError> {
    options.check().map_err(ImportError::Refused)?;
    let mut rows = Rows::open(source, options).map_err(ImportError::Refused)?;
    let mut tx = db.begin(scope).await?;
    let (device_id, is_new_device) = device(scope, &mut tx, options).await?;
    sources(scope, &mut tx, device_id, options).await?;

    let mut import = Import { seen: HashSet::new(), ends: BTreeMap::new(), rows: 0, readings: 0 };
    let mut bad: Vec<BadRow> = Vec::new();
    let mut batch: Vec<Reading> = Vec::new();
    while let Some(row) = rows.next_row() {
        let row = row.and_then(|row| import.take(row));
        match row {
            Ok(row) if bad.is_empty() => batch.extend(row.readings(device_id, options.kind)),
            Ok(_) => {}
            Err(problem) => {
                bad.push(problem);
                if bad.len() == MAX_BAD_ROWS {
                    break;
                }
            }
        }
        if batch.len() >= ROWS_AT_A_TIME {
            import.write(scope, &mut tx, &mut batch).await?;
            progress(import.rows);
        }
    }
    if !bad.is_empty() {
        return Err(ImportError::BadRows(bad));
    }
    import.write(scope, &mut tx, &mut batch).await?;
    progress(import.rows);
    derive(scope, &mut tx, device_id, options, &import).await?;
    tx.commit().await?;
    let range = import.ends.values().copied().reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
    Ok(Imported {
        rows: import.rows,
        readings: import.readings,
        range: range.map(|(a, b)| (a, b + 900)),
        device_id,
        is_new_device,
    })
}

/// How far an import is.
struct Import {
    seen: HashSet<i64>,
    /// First and last quarter hour by quantity.
    ends: BTreeMap<Quantity, (i64, i64)>,
    rows: usize,
    readings: usize,
}

impl Import {
    /// Counts a row and refuses a second one of the same time.
    fn take(&mut self, row: Row) -> Result<Row, BadRow> {
        if self.rows >= MAX_ROWS {
            return Err(BadRow { line: row.line, reason: format!("a file has at most {MAX_ROWS} rows; split it") });
        }
        if !self.seen.insert(row.ts) {
            return Err(BadRow { line: row.line, reason: "an earlier row has the same time".to_owned() });
        }
        self.rows += 1;
        for (quantity, _) in &row.values {
            let ends = self.ends.entry(*quantity).or_insert((row.ts, row.ts));
            *ends = (ends.0.min(row.ts), ends.1.max(row.ts));
        }
        Ok(row)
    }

    async fn write(&mut self, scope: &TenantScope, tx: &mut Tx, batch: &mut Vec<Reading>) -> Result<(), ImportError> {
        reading_put(scope, tx, batch).await?;
        self.readings += batch.len();
        batch.clear();
        Ok(())
    }
}

/// The device, made when it is not there.
async fn device(scope: &TenantScope, tx: &mut Tx, options: &Options) -> Result<(i64, bool), ImportError> {
    let devices = device_list(scope, tx).await?;
    if let Some(device) = devices.iter().find(|device| device.code.eq_ignore_ascii_case(&options.device_code)) {
        return Ok((device.id, false));
    }
    if i64::try_from(devices.len()).unwrap_or(i64::MAX) >= MAX_DEVICES {
        return Err(ImportError::Refused(format!("a tenant has at most {MAX_DEVICES} devices")));
    }
    let id = devices.iter().map(|device| device.id).max().unwrap_or(0) + 1;
    let name = options.device_name.clone().unwrap_or_else(|| options.device_code.clone());
    device_insert(scope, tx, &Device { id, code: options.device_code.clone(), name, parent_id: None }).await?;
    Ok((id, true))
}

/// The device's sources, made when they are not there; one that counts otherwise is refused.
async fn sources(scope: &TenantScope, tx: &mut Tx, device: i64, options: &Options) -> Result<(), ImportError> {
    for column in &options.columns {
        let kind = options.kind_of(column.quantity);
        let stored = source_kind(scope, tx, device, column.quantity.id()).await?;
        if let Some(stored) = stored.filter(|stored| *stored != kind) {
            return Err(ImportError::Refused(format!(
                "{} of {} comes from a source of kind {}, not {}",
                column.quantity,
                options.device_code,
                stored.as_str(),
                kind.as_str()
            )));
        }
        source_add(scope, tx, &[(device, column.quantity.id(), kind)]).await?;
    }
    Ok(())
}

/// Derives what was used from counters, and the days from what was used.
async fn derive(
    scope: &TenantScope,
    tx: &mut Tx,
    device: i64,
    options: &Options,
    import: &Import,
) -> Result<(), ImportError> {
    let calendar = Calendar::load(scope, tx).await?;
    for (quantity, ends) in &import.ends {
        let mut touched = *ends;
        if options.kind_of(*quantity) == SourceKind::Counter {
            touched = counters::rebuild(scope, tx, device, *quantity, *ends).await?;
        }
        if *quantity == Quantity::ActiveEnergy {
            let day = |ts: i64| local(calendar.zone, ts).0.to_days();
            daily::rebuild(scope, tx, &calendar, device, (day(touched.0), day(touched.1))).await?;
        }
    }
    Ok(())
}
