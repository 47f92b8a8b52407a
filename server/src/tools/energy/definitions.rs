//! The twelve tools as models see them: names, descriptions, argument and result schemas.
//!
//! What must hold: no schema names a tenant; arguments are strict (`additionalProperties: false`); a result has exactly
//! the fields its schema says. Numbers are numbers (`kwh`, `cost`), texts for people stand beside them (`cost_text`);
//! instants are RFC 3339 in UTC (`at`) with the tenant's local time beside them (`local`, `YYYY-MM-DD HH:MM`).

use serde_json::{Value, json};

use super::{
    Kind,
    quantity::Quantity,
    schema::{
        amount, amount_fields, arguments, device, device_argument, flag, limit, list, note, number, object, one_of,
        or_null, period, period_argument, scope_arguments, short_text, text, whole,
    },
};
use crate::tools::ToolDefinition;

/// The definition of one tool.
pub fn definition(kind: Kind) -> ToolDefinition {
    match kind {
        Kind::FindDevices => find_devices(),
        Kind::DeviceOverview => device_overview(),
        Kind::ListQuantities => list_quantities(),
        Kind::DataFreshness => data_freshness(),
        Kind::QueryTimeseries => query_timeseries(),
        Kind::EnergyAndCost => energy_and_cost(),
        Kind::ComparePeriods => compare_periods(),
        Kind::RankDevices => rank_devices(),
        Kind::CompareGroups => compare_groups(),
        Kind::Peaks => peaks(),
        Kind::ListGroups => list_groups(),
        Kind::DateInfo => date_info(),
    }
}

fn find_devices() -> ToolDefinition {
    let found = object(&[
        ("id", whole("Device id, as used in formulas.")),
        ("code", text("Short code.")),
        ("name", text("Name.")),
        ("parent", or_null(text("Code of the meter above it; null for a main meter."))),
        ("tags", list(text("Tag name."), "Departments, places and kinds it belongs to.")),
    ]);
    ToolDefinition {
        name: "find_devices",
        title: "Find devices",
        description: "Lists the metered devices, or finds those whose code, name or tag matches. Use it first when a \
                      device is named vaguely, or to answer which devices there are.",
        input_schema: arguments(
            &[
                ("query", short_text("Part of a code or name; absent: all devices.", 80)),
                ("tag", short_text("Only devices with this tag.", 80)),
                ("limit", limit(50, 20)),
            ],
            &[],
        ),
        output_schema: object(&[
            ("devices", list(found, "By code; for a query, best match first.")),
            ("total", whole("How many matched.")),
            ("omitted", whole("How many of them are not listed.")),
        ]),
    }
}

fn device_overview() -> ToolDefinition {
    let latest = object(&[
        ("quantity", text("Key of the quantity.")),
        ("name", text("Name of the quantity.")),
        ("unit", text("Unit.")),
        ("value", number("Latest value.")),
        ("at", text("End of its interval, RFC 3339 UTC.")),
        ("local", text("The same in local time.")),
    ]);
    ToolDefinition {
        name: "device_overview",
        title: "Device overview",
        description: "One device at a glance: where it belongs, its latest readings, and its energy and cost today so \
                      far, yesterday, this month so far and last month.",
        input_schema: arguments(&[("device", device_argument())], &["device"]),
        output_schema: object(&[
            ("device", device()),
            ("parent", or_null(text("Code of the meter above it."))),
            ("tags", list(text("Tag name."), "What it belongs to.")),
            ("currency", text("ISO 4217 code.")),
            ("today", amount()),
            ("yesterday", amount()),
            ("this_month", amount()),
            ("last_month", amount()),
            ("latest", list(latest, "The latest reading of each quantity.")),
        ]),
    }
}

fn list_quantities() -> ToolDefinition {
    let row = object(&[
        ("id", whole("Number of the quantity.")),
        ("key", text("Key, as query_timeseries takes it.")),
        ("name", text("Name.")),
        ("unit", text("Unit.")),
        ("devices", whole("How many devices measure it.")),
    ]);
    ToolDefinition {
        name: "list_quantities",
        title: "List quantities",
        description: "Which quantities are measured (energy, power, voltage, current, …), for all devices or one.",
        input_schema: arguments(&[("device", device_argument())], &[]),
        output_schema: object(&[("quantities", list(row, "Measured quantities."))]),
    }
}

fn data_freshness() -> ToolDefinition {
    let row = object(&[
        ("id", whole("Device id.")),
        ("code", text("Code.")),
        ("name", text("Name.")),
        ("at", or_null(text("End of the latest interval, RFC 3339 UTC; null: no data."))),
        ("local", or_null(text("The same in local time."))),
        ("age_minutes", or_null(whole("Minutes since then."))),
        (
            "status",
            one_of(
                &["fresh", "late", "silent", "no_data"],
                "fresh: up to 30 minutes old; late: up to a day; silent: older.",
            ),
        ),
    ]);
    ToolDefinition {
        name: "data_freshness",
        title: "Data freshness",
        description: "When each device last delivered a reading, and which are late or silent.",
        input_schema: arguments(
            &[
                ("device", device_argument()),
                ("tag", short_text("Only devices with this tag.", 80)),
                ("limit", limit(50, 50)),
            ],
            &[],
        ),
        output_schema: object(&[
            ("now_local", text("Local time of the answer.")),
            ("devices", list(row, "Oldest data first.")),
            ("fresh", whole("How many are fresh.")),
            ("late", whole("How many are late.")),
            ("silent", whole("How many are silent.")),
            ("no_data", whole("How many have no data.")),
            ("omitted", whole("How many are not listed.")),
        ]),
    }
}

fn query_timeseries() -> ToolDefinition {
    let keys: Vec<&str> = Quantity::ALL.iter().map(|quantity| quantity.key()).collect();
    let point = object(&[
        ("at", text("Start of the bucket, RFC 3339 UTC.")),
        ("local", text("The same in local time.")),
        ("value", number("Energy: the sum of the bucket. Other quantities: its average.")),
        ("min", or_null(number("Lowest; null for energy."))),
        ("max", or_null(number("Highest; null for energy."))),
    ]);
    ToolDefinition {
        name: "query_timeseries",
        title: "Time series",
        description: "The course of one quantity of one device over a period, at most 500 points. Use it for charts and \
                      patterns; for totals and costs use energy_and_cost.",
        input_schema: arguments(
            &[
                ("device", device_argument()),
                ("quantity", one_of(&keys, "What to read (default active_energy).")),
                ("period", period_argument("Which period.")),
                (
                    "bucket",
                    one_of(
                        &["auto", "15min", "hour", "day"],
                        "Width of a point (default auto); coarsened when there would be more than 500.",
                    ),
                ),
            ],
            &["device", "period"],
        ),
        output_schema: object(&[
            ("device", device()),
            ("quantity", text("Key of the quantity.")),
            ("unit", text("Unit of the values.")),
            ("period", period()),
            ("bucket", text("Width of a point in words.")),
            ("points", list(point, "Oldest first; buckets without readings are absent.")),
            (
                "summary",
                object(&[
                    ("min", or_null(number("Lowest value."))),
                    ("max", or_null(number("Highest value."))),
                    ("average", or_null(number("Average of the values."))),
                    ("total", or_null(number("Sum, for energy only."))),
                ]),
            ),
            ("note", note()),
        ]),
    }
}

fn energy_and_cost() -> ToolDefinition {
    let mut fields = scope_arguments();
    fields.push(("period", period_argument("Which period.")));
    fields.push((
        "group_by",
        one_of(&["none", "day", "month", "shift", "rate", "device"], "How to split the total (default none)."),
    ));
    let mut row = vec![("key", text("Date, month, name or code of the row.")), ("label", text("The row in words."))];
    row.extend(amount_fields());
    row.push(("share_percent", or_null(number("Share of the total's energy in percent."))));
    ToolDefinition {
        name: "energy_and_cost",
        title: "Energy and cost",
        description: "Energy in kWh and its cost for a device, a tag, an aggregation, a formula or (none given) the whole \
                      site, over a period, optionally split by day, month, shift, tariff rate or device. Days are \
                      calendar days of the site.",
        input_schema: arguments(&fields, &["period"]),
        output_schema: object(&[
            ("scope", text("What was measured, in words.")),
            ("period", period()),
            ("currency", text("ISO 4217 code.")),
            ("group_by", text("As asked.")),
            ("total", amount()),
            ("rows", list(object(&row), "The parts; empty for none.")),
            ("omitted", whole("Rows left out; they are in the total.")),
            ("note", note()),
        ]),
    }
}

fn compare_periods() -> ToolDefinition {
    let mut fields = scope_arguments();
    fields.push(("period", period_argument("The period to judge.")));
    fields.push((
        "baseline",
        period_argument("What to compare it with; absent: the period of the same kind just before."),
    ));
    let side = object(&[("period", period()), ("amount", amount())]);
    ToolDefinition {
        name: "compare_periods",
        title: "Compare periods",
        description: "Energy and cost of one period against another, with the differences. While the period is running \
                      and no baseline is given, complete days are compared with as many days of the period before.",
        input_schema: arguments(&fields, &["period"]),
        output_schema: object(&[
            ("scope", text("What was measured, in words.")),
            ("currency", text("ISO 4217 code.")),
            ("current", side.clone()),
            ("baseline", side),
            (
                "change",
                object(&[
                    ("kwh", number("Current minus baseline.")),
                    ("kwh_percent", or_null(number("In percent of the baseline; null when that is zero."))),
                    ("cost", number("Current minus baseline.")),
                    ("cost_text", text("The same as written for people.")),
                    ("cost_percent", or_null(number("In percent of the baseline."))),
                ]),
            ),
            ("note", note()),
        ]),
    }
}

fn rank_devices() -> ToolDefinition {
    let mut row = vec![("rank", whole("1 is first.")), ("device", device())];
    row.extend(amount_fields());
    row.push(("share_percent", or_null(number("Share of all ranked devices' energy in percent."))));
    ToolDefinition {
        name: "rank_devices",
        title: "Rank devices",
        description: "Which devices used most (or least) energy or money in a period. Meters that stand above others are \
                      left out, so that nothing is counted twice.",
        input_schema: arguments(
            &[
                ("period", period_argument("Which period.")),
                ("by", one_of(&["energy", "cost"], "What to rank by (default energy).")),
                ("order", one_of(&["highest", "lowest"], "Which end first (default highest).")),
                ("tag", short_text("Only devices with this tag.", 80)),
                ("limit", limit(50, 10)),
            ],
            &["period"],
        ),
        output_schema: object(&[
            ("period", period()),
            ("currency", text("ISO 4217 code.")),
            ("by", text("As asked.")),
            ("order", text("As asked.")),
            ("rows", list(object(&row), "In order of rank.")),
            ("total", amount()),
            ("omitted", whole("Devices not listed; they are in the total.")),
            ("note", note()),
        ]),
    }
}

fn compare_groups() -> ToolDefinition {
    let mut row = vec![("group", text("Tag name.")), ("devices", whole("How many devices it has."))];
    row.extend(amount_fields());
    row.push(("share_percent", or_null(number("Share of all groups' energy in percent."))));
    ToolDefinition {
        name: "compare_groups",
        title: "Compare groups",
        description: "Energy and cost of all tags of one kind (departments, unless another kind is given) in a period.",
        input_schema: arguments(
            &[
                ("period", period_argument("Which period.")),
                ("kind", short_text("Kind of tag (default department; see list_groups).", 40)),
            ],
            &["period"],
        ),
        output_schema: object(&[
            ("kind", text("Kind of tag.")),
            ("period", period()),
            ("currency", text("ISO 4217 code.")),
            ("rows", list(object(&row), "Highest energy first.")),
            ("total", amount()),
            ("omitted", whole("Groups not listed; they are in the total.")),
            ("note", note()),
        ]),
    }
}

fn peaks() -> ToolDefinition {
    let mut fields = scope_arguments();
    fields.push(("period", period_argument("Which period, at most 92 days.")));
    fields.push(("limit", limit(20, 5)));
    let peak = object(&[
        ("at", text("Start of the quarter hour, RFC 3339 UTC.")),
        ("local", text("The same in local time.")),
        ("kw", number("Average power of the quarter hour.")),
        ("shift", text("Name of the shift then.")),
        ("rate", text("Tariff rate then.")),
    ]);
    ToolDefinition {
        name: "peaks",
        title: "Peaks",
        description: "The highest quarter hours of demand (kW) in a period, at most one per hour, with the average and \
                      the load factor.",
        input_schema: arguments(&fields, &["period"]),
        output_schema: object(&[
            ("scope", text("What was measured, in words.")),
            ("period", period()),
            ("peaks", list(peak, "Highest first.")),
            ("average_kw", or_null(number("Average demand over the measured time."))),
            ("load_factor_percent", or_null(number("Average divided by the highest peak."))),
            ("note", note()),
        ]),
    }
}

fn list_groups() -> ToolDefinition {
    let tag = object(&[
        ("kind", text("Kind of tag, e.g. department.")),
        ("name", text("Name.")),
        ("devices", list(text("Code of a device."), "Its devices.")),
    ]);
    let aggregation = object(&[
        ("name", text("Name.")),
        ("kind", text("What it is for, e.g. net, unmetered.")),
        ("formula", text("Its formula over device ids.")),
    ]);
    ToolDefinition {
        name: "list_groups",
        title: "List groups",
        description: "The tags (departments, places, kinds) with their devices, and the stored aggregations.",
        input_schema: arguments(&[("kind", short_text("Only tags of this kind.", 40))], &[]),
        output_schema: object(&[
            ("tags", list(tag, "By kind and name.")),
            ("aggregations", list(aggregation, "By name.")),
            ("omitted", whole("Tags and aggregations not listed.")),
        ]),
    }
}

fn date_info() -> ToolDefinition {
    let span = object(&[("from", text("First local day.")), ("to", text("Last local day, inclusive."))]);
    let periods: Vec<(&str, Value)> =
        super::period::Keyword::ALL.iter().map(|keyword| (keyword.as_str(), span.clone())).collect();
    let shift = object(&[
        ("name", text("Name.")),
        ("from", text("HH:MM.")),
        ("to", text("HH:MM.")),
        ("current", flag("Whether it is on now.")),
    ]);
    let rate = object(&[
        ("rate", text("Code, e.g. WBP.")),
        ("name", text("Name.")),
        ("from", text("HH:MM.")),
        ("to", text("HH:MM.")),
        ("price", number("Per kWh, in the tenant's currency.")),
        ("price_text", text("The same as written for people.")),
        ("current", flag("Whether it applies now.")),
    ]);
    ToolDefinition {
        name: "date_info",
        title: "Date, shifts and tariff",
        description: "The site's date and time, the dates that today, last week and so on stand for, the shifts, and the \
                      tariff rates of a day (today when none is given).",
        input_schema: arguments(
            &[(
                "date",
                json!({ "type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "description": "A local day." }),
            )],
            &[],
        ),
        output_schema: object(&[
            ("date", text("The day asked about.")),
            ("weekday", text("Its weekday in English.")),
            ("days_from_today", whole("0 today, negative in the past.")),
            ("now_local", text("Local time now.")),
            ("time_zone", text("IANA name.")),
            ("utc_offset", text("e.g. +07:00.")),
            ("currency", text("ISO 4217 code.")),
            ("periods", object(&periods)),
            ("shifts", list(shift, "In order of the day.")),
            ("rates", list(rate, "In order of the day.")),
        ]),
    }
}
