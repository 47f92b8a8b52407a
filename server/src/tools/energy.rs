//! The built-in energy tools: twelve read-only questions about a tenant's meters.
//!
//! Identity comes from the [`ToolContext`]; no argument names a tenant, and a device, tag or formula is resolved among
//! the devices *of this tenant* only, so that another tenant's device answers exactly like one that does not exist.
//!
//! How time and energy are meant, everywhere in this room:
//! - A **reading** at `ts` (epoch seconds, a multiple of 900) is about the quarter hour `[ts, ts + 900)`. An *interval*
//!   source gives what was used in it; a *counter* source gives the register at its end, and [`counter`] turns
//!   registers into what was used (resets and gaps included). Either way the energy used in the quarter hour is stored
//!   beside the reading in whole micro-kWh, so that sums are exact and every part adds up to its whole.
//! - A **day** is a calendar day in the tenant's zone, 23 to 25 hours long; a quarter hour belongs to the day it starts
//!   in. Today is still accumulating (`running`), yesterday is a whole day.
//! - A **shift** is a time of day. A shift across midnight (22–06) is split between the two calendar days it touches:
//!   "yesterday, by shift" has the hours 00–06 and 22–24 of yesterday under it. So shifts add up to days, and days to
//!   the bill; the run of one night is asked with `query_timeseries`.
//! - A **rate** is a time of day with a price, valid for a range of local days. Cost is rounded once, per device, day,
//!   shift and rate, in micro-units of the tenant's currency; energy no rate covers is reported as unpriced.
//! - `en_daily` holds energy and cost per device, day, shift and rate. One function derives it from readings
//!   ([`daily::derive`]); seeding and import both use it, and nothing else writes it.
//!
//! To add a tool: a variant of [`Kind`], its definition in [`definitions`], a file with `Args` and `run`.

pub mod definitions;
pub mod period;
pub mod quantity;
mod schema;

/// The tools there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    FindDevices,
    DeviceOverview,
    ListQuantities,
    DataFreshness,
    QueryTimeseries,
    EnergyAndCost,
    ComparePeriods,
    RankDevices,
    CompareGroups,
    Peaks,
    ListGroups,
    DateInfo,
}

impl Kind {
    pub const ALL: [Self; 12] = [
        Self::FindDevices,
        Self::DeviceOverview,
        Self::ListQuantities,
        Self::DataFreshness,
        Self::QueryTimeseries,
        Self::EnergyAndCost,
        Self::ComparePeriods,
        Self::RankDevices,
        Self::CompareGroups,
        Self::Peaks,
        Self::ListGroups,
        Self::DateInfo,
    ];
}
