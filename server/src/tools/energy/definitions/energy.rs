//! What was used: energy, cost, comparisons, rankings, peaks, series.

use crate::tools::{
    ToolDefinition,
    energy::{
        quantity::Quantity,
        schema::{
            amount, amount_fields, arguments, device, device_argument, limit, list, note, number, object, one_of,
            or_null, period, period_argument, scope_arguments, short_text, text, whole,
        },
    },
};

pub fn query_timeseries() -> ToolDefinition {
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

pub fn energy_and_cost() -> ToolDefinition {
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

pub fn compare_periods() -> ToolDefinition {
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

pub fn rank_devices() -> ToolDefinition {
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

pub fn compare_groups() -> ToolDefinition {
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

pub fn peaks() -> ToolDefinition {
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
