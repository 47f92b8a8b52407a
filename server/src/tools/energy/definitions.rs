//! The twelve tools as models see them: names, descriptions, argument and result schemas.
//!
//! What must hold: no schema names a tenant; arguments are strict (`additionalProperties: false`); a result has exactly
//! the fields its schema says. Numbers are numbers (`kwh`, `cost`), texts for people stand beside them (`cost_text`);
//! instants are RFC 3339 in UTC (`at`) with the tenant's local time beside them (`local`, `YYYY-MM-DD HH:MM`).

mod energy;
mod inventory;

use super::Kind;
use crate::tools::ToolDefinition;

/// The definition of one tool.
pub fn definition(kind: Kind) -> ToolDefinition {
    match kind {
        Kind::FindDevices => inventory::find_devices(),
        Kind::DeviceOverview => inventory::device_overview(),
        Kind::ListQuantities => inventory::list_quantities(),
        Kind::DataFreshness => inventory::data_freshness(),
        Kind::QueryTimeseries => energy::query_timeseries(),
        Kind::EnergyAndCost => energy::energy_and_cost(),
        Kind::ComparePeriods => energy::compare_periods(),
        Kind::RankDevices => energy::rank_devices(),
        Kind::CompareGroups => energy::compare_groups(),
        Kind::Peaks => energy::peaks(),
        Kind::ListGroups => inventory::list_groups(),
        Kind::DateInfo => inventory::date_info(),
    }
}
