//! The rows of a CSV file, one at a time, as readings or as what is wrong with them.

use std::io::BufRead;

use chrono::{MappedLocalTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone};
use chrono_tz::Tz;

use crate::{
    db::energy::{device::SourceKind, reading::Reading},
    tools::energy::{counter::QUARTER, money::micro, quantity::Quantity},
};

/// What a time in the file names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stamp {
    IntervalStart,
    IntervalEnd,
}

/// A column of values.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    pub name: String,
    pub quantity: Quantity,
    /// What a value is multiplied by to be in the quantity's unit.
    pub factor: f64,
}

/// How to read a file.
#[derive(Clone, Debug)]
pub struct Options {
    pub device_code: String,
    /// For a device that is not there yet; absent: its code.
    pub device_name: Option<String>,
    pub time_column: String,
    /// As `chrono::format::strftime` writes it, with date, hour and minute.
    pub time_format: String,
    pub zone: Tz,
    pub stamp: Stamp,
    /// 00:00 is written with the day it ends instead of the day it begins.
    pub midnight_ends_its_day: bool,
    pub columns: Vec<Column>,
    /// Of amounts; gauges are always values.
    pub kind: SourceKind,
}

/// A row that cannot be imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRow {
    /// In the file, the heading being line 1.
    pub line: u64,
    pub reason: String,
}

/// A row that can.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub line: u64,
    /// Start of the quarter hour, epoch seconds.
    pub ts: i64,
    /// In the quantities' units.
    pub values: Vec<(Quantity, f64)>,
}

impl Options {
    /// # Errors
    /// What does not fit together, before a file is read.
    pub fn check(&self) -> Result<(), String> {
        let code_is_plain = (1..=40).contains(&self.device_code.chars().count())
            && self.device_code.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ' '));
        if !code_is_plain {
            return Err("a device code is 1 to 40 letters, digits, spaces, -, _ and .".to_owned());
        }
        let name = self.device_name.as_deref().unwrap_or("name");
        if name.trim().is_empty() || name.chars().count() > 80 || name.chars().any(char::is_control) {
            return Err("a device name is 1 to 80 characters in one line".to_owned());
        }
        if self.columns.is_empty() {
            return Err("no column is mapped to a quantity".to_owned());
        }
        for (at, column) in self.columns.iter().enumerate() {
            if self.columns.iter().skip(at + 1).any(|other| other.quantity == column.quantity) {
                return Err(format!("two columns are mapped to {}", column.quantity));
            }
        }
        Ok(())
    }

    /// The kind of a quantity's source: only amounts are counted.
    #[must_use]
    pub fn kind_of(&self, quantity: Quantity) -> SourceKind {
        if quantity.is_amount() { self.kind } else { SourceKind::Interval }
    }
}

impl Row {
    /// As it is stored. What a counter's readings used is derived later.
    pub fn readings(self, device_id: i64, kind: SourceKind) -> Vec<Reading> {
        let Self { ts, values, .. } = self;
        values
            .into_iter()
            .map(|(quantity, value)| {
                let is_amount = quantity.is_amount();
                let used_micro = if is_amount && kind == SourceKind::Interval { micro(value) } else { None };
                let gauge = (!is_amount).then_some((value, value, value));
                Reading { device_id, quantity: quantity.id(), ts, last: value, gauge, n: 1, used_micro }
            })
            .collect()
    }
}

/// Reads a file row by row.
pub struct Rows<'o, R> {
    reader: csv::Reader<R>,
    options: &'o Options,
    time_at: usize,
    value_at: Vec<(usize, &'o Column)>,
    /// The instant of the row before, to tell equal hours apart where a clock is put back.
    previous: Option<i64>,
}

impl<'o, R: BufRead> Rows<'o, R> {
    /// Reads the heading.
    ///
    /// # Errors
    /// Columns that are not there.
    pub fn open(mut source: R, options: &'o Options) -> Result<Self, String> {
        const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
        let start = source.fill_buf().map_err(|error| format!("the file could not be read: {error}"))?;
        if start.starts_with(BYTE_ORDER_MARK) {
            source.consume(BYTE_ORDER_MARK.len());
        }
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(source);
        let heading = reader.headers().map_err(|error| format!("the heading could not be read: {error}"))?.clone();
        let place = |name: &str| {
            heading.iter().position(|column| column == name).ok_or_else(|| {
                let names: Vec<&str> = heading.iter().take(50).collect();
                format!("there is no column \"{name}\"; there are {}", names.join(", "))
            })
        };
        let time_at = place(&options.time_column)?;
        let value_at =
            options.columns.iter().map(|column| Ok((place(&column.name)?, column))).collect::<Result<_, String>>()?;
        Ok(Self { reader, options, time_at, value_at, previous: None })
    }

    /// The next row; `None` at the end.
    pub fn next_row(&mut self) -> Option<Result<Row, BadRow>> {
        let mut record = csv::StringRecord::new();
        match self.reader.read_record(&mut record) {
            Ok(false) => None,
            Ok(true) => {
                let line = record.position().map_or(0, csv::Position::line);
                Some(self.row(&record, line).map_err(|reason| BadRow { line, reason }))
            }
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                let reason = match error.kind() {
                    csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                        format!("it has {len} columns, the heading has {expected_len}")
                    }
                    csv::ErrorKind::Utf8 { .. } => "it is not text in UTF-8".to_owned(),
                    _ => error.to_string(),
                };
                Some(Err(BadRow { line, reason }))
            }
        }
    }

    fn row(&mut self, record: &csv::StringRecord, line: u64) -> Result<Row, String> {
        let ts = self.start(record.get(self.time_at).unwrap_or_default())?;
        let mut values = Vec::with_capacity(self.value_at.len());
        for (at, column) in &self.value_at {
            let text = record.get(*at).unwrap_or_default();
            if !text.is_empty() {
                values.push((column.quantity, value(text, column)?));
            }
        }
        Ok(Row { line, ts, values })
    }

    /// The start of the quarter hour a time names.
    fn start(&mut self, text: &str) -> Result<i64, String> {
        let shown: String = text.chars().take(40).collect();
        let mut time = NaiveDateTime::parse_from_str(text, &self.options.time_format)
            .map_err(|_| format!("\"{shown}\" is not a time like {}", self.options.time_format))?;
        if self.options.midnight_ends_its_day && time.time() == NaiveTime::MIN {
            time += TimeDelta::days(1);
        }
        let earliest = NaiveDate::from_ymd_opt(1970, 1, 2).unwrap_or_default();
        if time.date() < earliest || time.date() > earliest + TimeDelta::days(84_000) {
            return Err(format!("\"{shown}\" is not between 1970 and 2200"));
        }
        let instant = match self.options.zone.from_local_datetime(&time) {
            MappedLocalTime::Single(instant) => instant.timestamp(),
            MappedLocalTime::Ambiguous(first, second) => {
                let is_second = self.previous.is_some_and(|previous| previous >= first.timestamp());
                if is_second { second.timestamp() } else { first.timestamp() }
            }
            MappedLocalTime::None => {
                return Err(format!("\"{shown}\" did not exist in {}: the clock was put forward", self.options.zone));
            }
        };
        self.previous = Some(instant);
        if instant % QUARTER != 0 {
            return Err(format!("\"{shown}\" is not on a quarter hour"));
        }
        Ok(if self.options.stamp == Stamp::IntervalEnd { instant - QUARTER } else { instant })
    }
}

fn value(text: &str, column: &Column) -> Result<f64, String> {
    let shown: String = text.chars().take(40).collect();
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
    let number = number.ok_or_else(|| format!("{}: \"{shown}\" is not a number", column.name))?;
    // Rounded to what is stored, so that a factor leaves no noise.
    let scaled = micro(number * column.factor).ok_or_else(|| format!("{}: {shown} is too large", column.name))?;
    if column.quantity.is_amount() && scaled < 0 {
        return Err(format!("{}: {shown} is negative", column.name));
    }
    Ok(super::super::money::number(scaled))
}

#[cfg(test)]
mod tests;
