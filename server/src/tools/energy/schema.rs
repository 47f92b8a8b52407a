//! Small words for writing JSON Schemas: strict objects, described values, and the pieces several tools share.

use serde_json::{Map, Value, json};

use super::period::Keyword;

/// An object of exactly these fields, all present.
pub fn object(fields: &[(&str, Value)]) -> Value {
    let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    json!({ "type": "object", "properties": properties(fields), "required": names, "additionalProperties": false })
}

/// The arguments of a tool: these fields and no others, the `required` ones present.
pub fn arguments(fields: &[(&str, Value)], required: &[&str]) -> Value {
    json!({ "type": "object", "properties": properties(fields), "required": required, "additionalProperties": false })
}

fn properties(fields: &[(&str, Value)]) -> Map<String, Value> {
    fields.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect()
}

pub fn text(description: &str) -> Value {
    json!({ "type": "string", "description": description })
}

/// Text a model writes: never blank, bounded.
pub fn short_text(description: &str, max: usize) -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": max, "description": description })
}

pub fn number(description: &str) -> Value {
    json!({ "type": "number", "description": description })
}

pub fn whole(description: &str) -> Value {
    json!({ "type": "integer", "description": description })
}

pub fn flag(description: &str) -> Value {
    json!({ "type": "boolean", "description": description })
}

/// One of some words.
pub fn one_of(words: &[&str], description: &str) -> Value {
    json!({ "type": "string", "enum": words, "description": description })
}

/// A whole number in a range, with what is taken when it is absent.
pub fn limit(max: i64, default: i64) -> Value {
    json!({
        "type": "integer", "minimum": 1, "maximum": max, "default": default,
        "description": format!("How many rows at most (default {default}).")
    })
}

pub fn list(items: Value, description: &str) -> Value {
    json!({ "type": "array", "items": items, "description": description })
}

/// The same, or null.
pub fn or_null(mut schema: Value) -> Value {
    if let Some(kind) = schema.get("type").cloned() {
        schema["type"] = json!([kind, "null"]);
    }
    schema
}

/// The period argument: a keyword or two local dates.
pub fn period_argument(description: &str) -> Value {
    let keywords: Vec<&str> = Keyword::ALL.iter().map(|keyword| keyword.as_str()).collect();
    let day = json!({ "type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" });
    json!({
        "description": format!(
            "{description} A keyword, or local dates {{\"from\":\"YYYY-MM-DD\",\"to\":\"YYYY-MM-DD\"}}, both inclusive. \
             Weeks start on Monday; last_7_days and last_30_days are whole days ending yesterday."
        ),
        "oneOf": [
            { "type": "string", "enum": keywords },
            {
                "type": "object", "properties": { "from": day, "to": day },
                "required": ["from", "to"], "additionalProperties": false
            }
        ]
    })
}

/// What to measure: at most one of these four; none is the whole site.
pub fn scope_arguments() -> Vec<(&'static str, Value)> {
    vec![
        ("device", device_argument()),
        ("tag", short_text("Name of a tag, e.g. a department; the sum of its devices.", 80)),
        ("aggregation", short_text("Name of a stored aggregation (see list_groups).", 80)),
        (
            "formula",
            short_text(
                "Sum of devices by id or [code], e.g. \"(94+11+27)-(84)\" or \"[MAIN]-[AC-1]*0.5\". \
                 Whole numbers are device ids, numbers with a decimal point are factors.",
                400,
            ),
        ),
    ]
}

pub fn device_argument() -> Value {
    short_text("Code, name or id of a device, e.g. \"Compressor 3\".", 80)
}

/// A device as named in results.
pub fn device() -> Value {
    object(&[("id", whole("Device id, as used in formulas.")), ("code", text("Short code.")), ("name", text("Name."))])
}

/// The period a result is about.
pub fn period() -> Value {
    object(&[
        ("from", text("First local day, YYYY-MM-DD.")),
        ("to", text("Last local day, inclusive.")),
        ("days", whole("Number of days.")),
        ("label", text("The period in words.")),
        ("running", flag("True while the period includes today: numbers still grow.")),
    ])
}

/// The fields of an amount of energy with its cost.
pub fn amount_fields() -> Vec<(&'static str, Value)> {
    vec![
        ("kwh", number("Active energy in kWh.")),
        ("cost", number("Cost in the tenant's currency.")),
        ("cost_text", text("The cost as written for people.")),
    ]
}

/// An amount with the part no tariff covers.
pub fn amount() -> Value {
    let mut fields = amount_fields();
    fields.push(("unpriced_kwh", number("Energy for which no tariff was valid; not in the cost.")));
    object(&fields)
}

pub fn note() -> Value {
    or_null(text("What must be said along with the numbers, e.g. that today is still running."))
}
