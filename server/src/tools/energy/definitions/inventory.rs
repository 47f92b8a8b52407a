//! What there is: devices, quantities, groups, freshness, dates.

use serde_json::json;

use crate::tools::{
    ToolDefinition,
    energy::{
        period::Keyword,
        schema::{
            amount, arguments, device, device_argument, flag, limit, list, number, object, one_of, or_null, short_text,
            text, whole,
        },
    },
};

pub fn find_devices() -> ToolDefinition {
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

pub fn device_overview() -> ToolDefinition {
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

pub fn list_quantities() -> ToolDefinition {
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

pub fn data_freshness() -> ToolDefinition {
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

pub fn list_groups() -> ToolDefinition {
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

pub fn date_info() -> ToolDefinition {
    let span = object(&[("from", text("First local day.")), ("to", text("Last local day, inclusive."))]);
    let periods: Vec<(&str, serde_json::Value)> =
        Keyword::ALL.iter().map(|keyword| (keyword.as_str(), span.clone())).collect();
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
