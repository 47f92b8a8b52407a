//! `steward import readings FILE.csv …`: loads measured readings of one device.

use std::{fs::File, io::BufReader, path::PathBuf};

use app::model::TenantCode;
use clap::{Args, Subcommand, ValueEnum};

use crate::{
    db::{Db, energy::device::SourceKind},
    error::Error,
    tools::energy::{
        import::{self, Column, Options, Stamp},
        period::local_text,
        quantity::Quantity,
    },
    world::World,
};

/// Rows between two lines of progress.
const PROGRESS_ROWS: usize = 20_000;

#[derive(Subcommand, Clone, Debug)]
pub enum ImportCommand {
    /// Readings of one device, a quarter hour per row. All or nothing; the same file twice changes nothing.
    Readings(ReadingsArgs),
}

#[derive(Args, Clone, Debug)]
pub struct ReadingsArgs {
    /// A CSV file with a heading.
    pub file: PathBuf,
    /// The tenant's short name.
    #[arg(long)]
    pub tenant: TenantCode,
    /// The device's code, and the name it gets when it is not there yet.
    #[arg(long, value_name = "CODE[:NAME]")]
    pub device: String,
    /// The column with the times.
    #[arg(long, value_name = "NAME")]
    pub time_column: String,
    /// How times are written, as strftime has it.
    #[arg(long, value_name = "FORMAT", default_value = "%Y-%m-%d %H:%M")]
    pub time_format: String,
    /// The zone times are in, an IANA name; the tenant's when absent.
    #[arg(long, value_name = "ZONE")]
    pub time_zone: Option<chrono_tz::Tz>,
    /// Times name the end of the quarter hour.
    #[arg(long, conflicts_with = "interval_start")]
    pub interval_end: bool,
    /// Times name the start of the quarter hour.
    #[arg(long, required_unless_present = "interval_end")]
    pub interval_start: bool,
    /// Which column is which quantity (its key or number), e.g. "Usage_kWh=active_energy"; a unit of its own may follow, e.g. ":MWh".
    #[arg(long = "map", value_name = "COLUMN=QUANTITY[:UNIT]", required = true, value_parser = column)]
    pub columns: Vec<Column>,
    /// What amounts are: used in each interval, or a register that counts up.
    #[arg(long, value_enum)]
    pub kind: Kind,
    /// 00:00 is the end of the day it is written with, not its start.
    #[arg(long)]
    pub midnight_belongs_to_previous_day: bool,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Interval,
    Counter,
}

impl ImportCommand {
    /// # Errors
    /// In words for the person at the terminal; nothing was imported then.
    pub async fn run(&self, db: &Db, world: &World) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let Self::Readings(args) = self;
        let scope = import::administrator_of(db, world, &args.tenant).await.map_err(|error| match error {
            Error::Invalid { message, .. } => message.into(),
            other => Box::<dyn std::error::Error + Send + Sync>::from(other),
        })?;
        let file = File::open(&args.file).map_err(|error| format!("{}: {error}", args.file.display()))?;
        let options = args.options(scope.time_zone());
        let mut shown = 0;
        let progress = |rows: usize| {
            if rows >= shown + PROGRESS_ROWS {
                shown = rows;
                eprintln!("{rows} rows …");
            }
        };
        let imported = import::readings(db, &scope, BufReader::new(file), &options, progress).await?;
        let zone = scope.time_zone();
        let range =
            imported.range.map(|(from, to)| format!(", {} to {}", local_text(zone, from), local_text(zone, to)));
        println!(
            "{} rows, {} readings of device {} (id {}){}.",
            imported.rows,
            imported.readings,
            options.device_code,
            imported.device_id,
            range.unwrap_or_default()
        );
        Ok(())
    }
}

impl ReadingsArgs {
    /// As the library takes them.
    #[must_use]
    pub fn options(&self, tenant_zone: chrono_tz::Tz) -> Options {
        let (code, name) = match self.device.split_once(':') {
            Some((code, name)) => (code, Some(name.trim().to_owned())),
            None => (self.device.as_str(), None),
        };
        Options {
            device_code: code.trim().to_owned(),
            device_name: name,
            time_column: self.time_column.clone(),
            time_format: self.time_format.clone(),
            zone: self.time_zone.unwrap_or(tenant_zone),
            stamp: if self.interval_end { Stamp::IntervalEnd } else { Stamp::IntervalStart },
            midnight_ends_its_day: self.midnight_belongs_to_previous_day,
            columns: self.columns.clone(),
            kind: if self.kind == Kind::Counter { SourceKind::Counter } else { SourceKind::Interval },
        }
    }
}

/// `COLUMN=QUANTITY[:UNIT]`; the column's name may have any character but the last `=` of the text.
fn column(text: &str) -> Result<Column, String> {
    let (name, quantity) = text.rsplit_once('=').ok_or("a mapping is COLUMN=QUANTITY[:UNIT]")?;
    let (quantity, unit) = match quantity.split_once(':') {
        Some((quantity, unit)) => (quantity, Some(unit)),
        None => (quantity, None),
    };
    let quantity: Quantity = quantity.trim().parse()?;
    let factor = match unit {
        None => 1.0,
        Some(unit) => quantity
            .factor_from(unit.trim())
            .ok_or_else(|| format!("{unit} is not a unit of {quantity}, which is stored in {}", quantity.unit()))?,
    };
    Ok(Column { name: name.trim().to_owned(), quantity, factor })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapping_has_a_column_a_quantity_and_perhaps_a_unit() {
        let mapped = column("CO2(tCO2)=co2:t").unwrap();
        assert_eq!((mapped.name.as_str(), mapped.quantity, mapped.factor), ("CO2(tCO2)", Quantity::Co2, 1_000.0));
        assert_eq!(column("a=b=124").unwrap().name, "a=b");
        assert!(column("kWh").is_err());
        assert!(column("kWh=power").is_err_and(|e| e.contains("active_power")));
        assert!(column("kWh=active_energy:V").is_err_and(|e| e.contains("kWh")));
    }
}
