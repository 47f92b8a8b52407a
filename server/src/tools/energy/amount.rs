//! Energy with its cost: exact sums, and how they are written.

use std::ops::AddAssign;

use app::{
    model::{Cell, Lang},
    words::energy as say,
};
use serde_json::{Map, Value, json};

use super::{
    calendar::Calendar,
    money::{Style, format_kwh, format_percent, number},
    period::Period,
    site::Target,
};
use crate::{
    db::{
        Result, TenantScope, Tx,
        energy::daily::{Daily, daily_list},
    },
    tools::ToolError,
};

/// Energy and its cost, in millionths of kWh and of the currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    pub used: i64,
    pub cost: i64,
    /// The part of `used` no rate covers.
    pub unpriced: i64,
}

impl Amount {
    /// A cell of a device as it counts in a target.
    #[must_use]
    pub fn of(cell: &Daily) -> Self {
        let unpriced = if cell.rate_id == 0 { cell.used_micro } else { 0 };
        Self { used: cell.used_micro, cost: cell.cost_micro, unpriced }
    }

    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        Self {
            used: self.used.saturating_sub(other.used),
            cost: self.cost.saturating_sub(other.cost),
            unpriced: self.unpriced.saturating_sub(other.unpriced),
        }
    }

    /// As results carry it, without what is unpriced.
    #[must_use]
    pub fn fields(&self, style: &Style) -> Map<String, Value> {
        let mut fields = Map::new();
        fields.insert("kwh".to_owned(), json!(number(self.used)));
        fields.insert("cost".to_owned(), json!(number(self.cost)));
        fields.insert("cost_text".to_owned(), json!(style.money(self.cost)));
        fields
    }

    /// As results carry it.
    #[must_use]
    pub fn json(&self, style: &Style) -> Value {
        let mut fields = self.fields(style);
        fields.insert("unpriced_kwh".to_owned(), json!(number(self.unpriced)));
        Value::Object(fields)
    }

    /// e.g. `1,234.5 kWh, Rp1,300,000`.
    #[must_use]
    pub fn words(&self, style: &Style) -> String {
        format!("{}, {}", format_kwh(self.used, style.lang), style.money(self.cost))
    }

    /// Energy and cost as cells of a table.
    #[must_use]
    pub fn cells(&self, style: &Style) -> [Cell; 2] {
        [
            Cell {
                text: format_kwh(self.used, style.lang).trim_end_matches(" kWh").to_owned(),
                value: Some(number(self.used)),
            },
            Cell { text: style.money(self.cost), value: Some(number(self.cost)) },
        ]
    }

    /// This one's share of another's energy, in percent with one decimal; `None` of nothing.
    #[must_use]
    pub fn share_of(&self, total: &Self) -> Option<f64> {
        percent(self.used, total.used)
    }
}

impl AddAssign for Amount {
    fn add_assign(&mut self, other: Self) {
        self.used = self.used.saturating_add(other.used);
        self.cost = self.cost.saturating_add(other.cost);
        self.unpriced = self.unpriced.saturating_add(other.unpriced);
    }
}

/// `part` in percent of `whole`, one decimal.
#[must_use]
pub fn percent(part: i64, whole: i64) -> Option<f64> {
    if whole == 0 {
        return None;
    }
    Some((number(part) / number(whole) * 1_000.0).round() / 10.0)
}

/// A percentage as a cell.
#[must_use]
pub fn percent_cell(value: Option<f64>, lang: Lang) -> Cell {
    Cell { text: value.map_or_else(|| "–".to_owned(), |value| format_percent(value, lang)), value }
}

/// The cells of a target over a period: per device with its weight applied, by day. Each device's cells are its own, so
/// grouping them in any way adds up to the same whole.
///
/// # Errors
/// Database errors; [`ToolError::Refused`] when a weight leads beyond 64 bits.
pub async fn cells(
    scope: &TenantScope,
    tx: &mut Tx,
    target: &Target,
    period: &Period,
) -> std::result::Result<Vec<(i64, Daily)>, ToolError> {
    let mut all = Vec::new();
    for (device, weight) in &target.terms {
        let rows = device_cells(scope, tx, device.id, period).await?;
        for row in rows {
            let (Some(used_micro), Some(cost_micro)) = (weight.of(row.used_micro), weight.of(row.cost_micro)) else {
                return Err(ToolError::Refused(
                    "The factors of this formula lead to numbers that are too large.".to_owned(),
                ));
            };
            all.push((device.id, Daily { used_micro, cost_micro, ..row }));
        }
    }
    Ok(all)
}

/// One device's cells over a period.
///
/// # Errors
/// Database errors.
pub async fn device_cells(scope: &TenantScope, tx: &mut Tx, device: i64, period: &Period) -> Result<Vec<Daily>> {
    daily_list(scope, tx, device, period.from.to_days(), period.to.to_days()).await
}

/// The sum of some cells.
#[must_use]
pub fn total<'a>(cells: impl IntoIterator<Item = &'a Daily>) -> Amount {
    let mut total = Amount::default();
    for cell in cells {
        total += Amount::of(cell);
    }
    total
}

/// What must be said along with an amount of a period.
#[must_use]
pub fn note(period: &Period, total: &Amount, has_data: bool, calendar: &Calendar, lang: Lang) -> Option<String> {
    let mut notes = Vec::new();
    if period.is_future() {
        notes.push(say::in_the_future(lang).to_owned());
    } else if !has_data {
        notes.push(say::no_readings(lang, period.dates(lang)));
    } else if period.is_running() {
        notes.push(say::still_running(lang).to_owned());
    }
    if total.unpriced != 0 {
        let energy = format_kwh(total.unpriced, lang);
        let is_set_up = !calendar.rates.is_empty();
        notes.push(if is_set_up { say::no_tariff_valid(lang, energy) } else { say::no_tariff_here(lang, energy) });
    }
    (!notes.is_empty()).then(|| notes.join(" "))
}
