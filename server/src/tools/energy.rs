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

mod amount;
mod ask;
pub mod calendar;
mod chart;
mod consumption;
pub mod counter;
pub mod daily;
mod dates;
pub mod definitions;
mod devices;
pub mod formula;
mod freshness;
pub mod import;
pub mod money;
pub mod notes;
mod peaks;
pub mod period;
pub mod quantity;
mod ranking;
mod schema;
mod site;
mod table;
mod timeseries;

use std::sync::Arc;

use app::{model::Lang, words::energy as say};
use async_trait::async_trait;
use serde_json::Value;

use self::ask::Ask;
use super::{Tool, ToolContext, ToolDefinition, ToolError, ToolResult};

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

/// The twelve tools.
#[must_use]
pub fn tools() -> Vec<Arc<dyn Tool>> {
    let tool =
        |kind: Kind| -> Arc<dyn Tool> { Arc::new(EnergyTool { kind, definition: definitions::definition(kind) }) };
    Kind::ALL.into_iter().map(tool).collect()
}

/// One of the twelve.
struct EnergyTool {
    kind: Kind,
    definition: ToolDefinition,
}

#[async_trait]
impl Tool for EnergyTool {
    fn definition(&self) -> &ToolDefinition {
        &self.definition
    }

    fn title(&self, lang: Lang) -> &'static str {
        say::tool(lang, self.definition.name).unwrap_or(self.definition.title)
    }

    fn summary(&self, arguments: &Value, lang: Lang) -> String {
        summary(self.kind, arguments, lang)
    }

    async fn run(&self, context: &ToolContext, arguments: Value) -> Result<ToolResult, ToolError> {
        let mut ask = Ask::begin(context).await?;
        match self.kind {
            Kind::FindDevices => devices::find_devices(&mut ask, arguments).await,
            Kind::DeviceOverview => devices::device_overview(&mut ask, arguments).await,
            Kind::ListQuantities => devices::list_quantities(&mut ask, arguments).await,
            Kind::DataFreshness => freshness::data_freshness(&mut ask, arguments).await,
            Kind::QueryTimeseries => timeseries::query_timeseries(&mut ask, arguments).await,
            Kind::EnergyAndCost => consumption::energy_and_cost(&mut ask, arguments).await,
            Kind::ComparePeriods => consumption::compare_periods(&mut ask, arguments).await,
            Kind::RankDevices => ranking::rank_devices(&mut ask, arguments).await,
            Kind::CompareGroups => ranking::compare_groups(&mut ask, arguments).await,
            Kind::Peaks => peaks::peaks(&mut ask, arguments).await,
            Kind::ListGroups => devices::list_groups(&mut ask, arguments).await,
            Kind::DateInfo => dates::date_info(&mut ask, arguments).await,
        }
    }
}

/// What a call is about, in a few words: what is measured, then the period.
fn summary(kind: Kind, arguments: &Value, lang: Lang) -> String {
    let text = |name: &str| arguments.get(name).and_then(Value::as_str).map(str::to_owned);
    let named = ["device", "tag", "aggregation", "formula", "query", "kind", "date"].into_iter().find_map(text);
    let subject = match (named, kind) {
        (Some(named), _) => Some(named),
        (None, Kind::FindDevices | Kind::RankDevices | Kind::DataFreshness | Kind::ListQuantities) => {
            Some(say::all_devices(lang).to_owned())
        }
        (None, Kind::CompareGroups) => Some(say::departments(lang).to_owned()),
        (None, Kind::EnergyAndCost | Kind::ComparePeriods | Kind::Peaks) => Some(say::whole_site(lang).to_owned()),
        (None, Kind::ListGroups) => Some(say::all_groups(lang).to_owned()),
        (None, _) => None,
    };
    let period = arguments.get("period").and_then(|period| match period.as_str() {
        Some(word) => Some(say::period_named(lang, word, false)),
        None => Some(say::days(lang, period.get("from")?.as_str()?, period.get("to")?.as_str()?)),
    });
    let parts: Vec<String> = [subject, period].into_iter().flatten().collect();
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_schema_is_valid_and_strict_and_names_no_tenant() {
        let mut names = Vec::new();
        for tool in tools() {
            let definition = tool.definition();
            names.push(definition.name);
            assert_eq!(tool.title(Lang::English), definition.title);
            assert!(say::tool(Lang::Indonesian, definition.name).is_some(), "{}", definition.name);
            for schema in [&definition.input_schema, &definition.output_schema] {
                assert!(jsonschema::meta::validate(schema).is_ok(), "{}", definition.name);
                assert!(jsonschema::validator_for(schema).is_ok(), "{}", definition.name);
                assert_eq!(schema["type"], "object");
                assert_eq!(schema["additionalProperties"], false);
            }
            let arguments = definition.input_schema["properties"].as_object().unwrap();
            assert!(arguments.keys().all(|name| !name.contains("tenant")), "{}", definition.name);
        }
        assert_eq!(
            names,
            [
                "find_devices",
                "device_overview",
                "list_quantities",
                "data_freshness",
                "query_timeseries",
                "energy_and_cost",
                "compare_periods",
                "rank_devices",
                "compare_groups",
                "peaks",
                "list_groups",
                "date_info",
            ]
        );
    }

    #[test]
    fn a_summary_says_what_and_when() {
        assert_eq!(
            summary(Kind::EnergyAndCost, &json!({ "device": "Compressor 3", "period": "last_week" }), Lang::English),
            "Compressor 3, last week"
        );
        let dates = json!({ "period": { "from": "2026-03-01", "to": "2026-03-02" } });
        assert_eq!(summary(Kind::Peaks, &dates, Lang::English), "Whole site, 2026-03-01 to 2026-03-02");
        assert_eq!(summary(Kind::DateInfo, &json!({}), Lang::English), "");
        assert_eq!(summary(Kind::RankDevices, &json!({ "period": 7 }), Lang::English), "All devices");
        let week = json!({ "period": "this_week" });
        assert_eq!(summary(Kind::Peaks, &week, Lang::Indonesian), "Seluruh lokasi, minggu ini");
    }
}
