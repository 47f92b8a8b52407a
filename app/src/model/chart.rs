//! Charts of structured tool results: the data, not the drawing. Values are numbers; words and units are for people.

use serde::{Deserialize, Serialize};

use super::Timestamp;

/// A chart. Its data table (the same values) is always offered beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Chart {
    pub title: String,
    /// One sentence for people who cannot see it: what it shows and its extremes.
    pub description: String,
    /// Unit of the values, e.g. `kWh`; empty: none.
    pub unit: String,
    pub kind: ChartKind,
    /// At most 12; with more, the smallest were added up as "Other".
    pub series: Vec<Series>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ChartKind {
    /// Values over time: one instant per value; `offset_minutes` shifts UTC to the tenant's clock.
    Time { at: Vec<Timestamp>, offset_minutes: i32 },
    /// Values per category, in the order given.
    Bars { categories: Vec<String>, stacked: bool },
    /// Parts of a whole: one series, one value per category, none negative.
    Shares { categories: Vec<String> },
}

/// A row of values, as many as the kind has instants or categories; `None`: no reading.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Series {
    pub name: String,
    pub values: Vec<Option<f64>>,
}
