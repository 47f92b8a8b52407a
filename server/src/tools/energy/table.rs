//! Tables to show, made from the same numbers as the structured results.

use app::model::{Cell, Column, Lang, Table};

use super::money::decimal;

/// A heading of text.
pub fn words(label: &str) -> Column {
    Column { label: label.to_owned(), unit: String::new(), numeric: false }
}

/// A heading of numbers.
pub fn figures(label: &str, unit: &str) -> Column {
    Column { label: label.to_owned(), unit: unit.to_owned(), numeric: true }
}

/// A cell of text.
pub fn word(text: impl Into<String>) -> Cell {
    Cell { text: text.into(), value: None }
}

/// A cell of a whole number that names or counts something: never grouped.
pub fn count(value: i64) -> Cell {
    let number = value as f64;
    Cell { text: value.to_string(), value: Some(number) }
}

/// A cell of a number with some decimals.
pub fn figure(value: f64, decimals: u32, lang: Lang) -> Cell {
    Cell { text: decimal(value, decimals, lang), value: Some(value) }
}

pub fn table(caption: impl Into<String>, columns: Vec<Column>, rows: Vec<Vec<Cell>>) -> Table {
    Table { caption: caption.into(), columns, rows, omitted: 0 }
}
