//! Operators' notes on devices: the built-in tools that change something, and ask their person before they do.

use std::sync::Arc;

use app::{
    model::{FieldKind, FormField, Lang, Risk, Timestamp},
    words::energy as say,
};
use async_trait::async_trait;
use chrono::{NaiveDateTime, TimeZone as _};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    ask::{Ask, arguments, row_limit},
    period::{local_text, utc_text},
    schema,
    table::{count, table, word, words},
};
use crate::{
    db::{
        self,
        energy::note::{DeviceNote, note_delete, note_insert, note_list},
    },
    tools::{Tool, ToolContext, ToolDefinition, ToolError, ToolResult},
};

/// The longest note, characters.
const MAX_TEXT: u32 = 500;
/// Tries at a number that somebody else took at the same moment.
const TRIES: usize = 3;

/// The notes' tools.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Add,
    List,
    Delete,
}

/// The tools of notes.
#[must_use]
pub fn tools() -> Vec<Arc<dyn Tool>> {
    let tool = |kind: Kind| -> Arc<dyn Tool> { Arc::new(NoteTool { kind, definition: definition(kind) }) };
    [Kind::Add, Kind::List, Kind::Delete].into_iter().map(tool).collect()
}

struct NoteTool {
    kind: Kind,
    definition: ToolDefinition,
}

fn text_of<'a>(arguments: &'a Value, name: &str) -> &'a str {
    arguments.get(name).and_then(Value::as_str).map(str::trim).unwrap_or_default()
}

#[async_trait]
impl Tool for NoteTool {
    fn definition(&self) -> &ToolDefinition {
        &self.definition
    }

    fn title(&self, lang: Lang) -> &'static str {
        say::tool(lang, self.definition.name).unwrap_or(self.definition.title)
    }

    fn summary(&self, arguments: &Value, lang: Lang) -> String {
        match (self.kind, arguments.get("note").and_then(Value::as_i64), text_of(arguments, "device")) {
            (Kind::Delete, Some(number), _) => say::note_numbered(lang, number),
            (_, _, "") => say::all_devices(lang).to_owned(),
            (_, _, device) => device.to_owned(),
        }
    }

    fn risk(&self) -> Risk {
        match self.kind {
            Kind::Add => Risk::Write,
            Kind::List => Risk::Read,
            Kind::Delete => Risk::Destructive,
        }
    }

    fn effect(&self, arguments: &Value, lang: Lang) -> String {
        let (device, text) = (text_of(arguments, "device"), text_of(arguments, "text"));
        match self.kind {
            Kind::Add if text.is_empty() => say::add_note_to(lang, device),
            Kind::Add => say::add_note_saying(lang, text, device),
            Kind::List => say::show_notes(lang).to_owned(),
            Kind::Delete => say::delete_note_numbered(lang, &arguments["note"]),
        }
    }

    async fn run(&self, context: &ToolContext, arguments: Value) -> Result<ToolResult, ToolError> {
        match self.kind {
            Kind::Add => add_note(context, arguments).await,
            Kind::List => list_notes(context, arguments).await,
            Kind::Delete => delete_note(context, arguments).await,
        }
    }
}

fn definition(kind: Kind) -> ToolDefinition {
    let note = || {
        schema::object(&[
            ("note", schema::whole("The note's number.")),
            ("device", schema::device()),
            ("at", schema::text("What instant it is about, RFC 3339 UTC.")),
            ("local", schema::text("The same in local time.")),
            ("text", schema::text("The note.")),
            ("author", schema::text("Who wrote it.")),
        ])
    };
    match kind {
        Kind::Add => ToolDefinition {
            name: "add_note",
            title: "Add a note",
            description: "Stores an operator's note on a device, e.g. a noise, a repair, a stop. The person is asked \
                          first. Leave out the text when the person did not say it: they are asked for it.",
            input_schema: schema::arguments(
                &[
                    ("device", schema::device_argument()),
                    (
                        "text",
                        json!({ "type": "string", "maxLength": MAX_TEXT, "description": "The note, as the person said it." }),
                    ),
                    (
                        "at",
                        schema::short_text("What instant it is about, local time YYYY-MM-DD HH:MM; absent: now.", 16),
                    ),
                ],
                &["device"],
            ),
            output_schema: note(),
        },
        Kind::List => ToolDefinition {
            name: "list_notes",
            title: "Notes",
            description: "Lists operators' notes on a device or on all devices, the latest first.",
            input_schema: schema::arguments(
                &[("device", schema::device_argument()), ("limit", schema::limit(50, 20))],
                &[],
            ),
            output_schema: schema::object(&[("notes", schema::list(note(), "The latest first."))]),
        },
        Kind::Delete => ToolDefinition {
            name: "delete_note",
            title: "Delete a note",
            description: "Deletes an operator's note for good, by its number (see list_notes). The person is asked first.",
            input_schema: schema::arguments(
                &[("note", json!({ "type": "integer", "minimum": 1, "description": "The note's number." }))],
                &["note"],
            ),
            output_schema: note(),
        },
    }
}

#[derive(Deserialize)]
struct AddArguments {
    device: String,
    text: Option<String>,
    at: Option<String>,
}

async fn add_note(context: &ToolContext, given: Value) -> Result<ToolResult, ToolError> {
    let given: AddArguments = arguments(given)?;
    let ask = Ask::begin(context).await?;
    let lang = ask.style.lang;
    let device = ask.site.device(&given.device)?.clone();
    let at = match &given.at {
        Some(local) => instant(&ask, local)?,
        None => Timestamp(ask.now.saturating_mul(1000)),
    };
    let text = given.text.as_deref().map(str::trim).unwrap_or_default().to_owned();
    if text.is_empty() {
        let field = FormField {
            name: "text".to_owned(),
            label: say::note(lang).to_owned(),
            description: say::what_happened(lang, &device.name),
            kind: FieldKind::Text { max_chars: MAX_TEXT },
            required: true,
        };
        return Err(ToolError::NeedsInput {
            message: say::what_should_it_say(lang, &device.name),
            fields: vec![field],
        });
    }
    let scope = &context.scope;
    for _ in 0..TRIES {
        let mut tx = context.db.begin(scope).await?;
        match note_insert(scope, &mut tx, device.id, at, &text, context.world.now()).await {
            Ok(number) => {
                tx.commit().await?;
                let author = scope.user_name().to_owned();
                let note = DeviceNote { number, device_id: device.id, at: at.0, text, author };
                let told = say::note_stored(lang, number, &device.name, &note.text);
                return Ok(one(&ask, &note, told));
            }
            Err(db::Error::Duplicate(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(ToolError::Refused("Many notes are being written at once. Try again.".to_owned()))
}

/// An instant from local time; where the clock is set back, the first of the two.
fn instant(ask: &Ask<'_>, local: &str) -> Result<Timestamp, ToolError> {
    let refused =
        || ToolError::Refused(format!("\"{}\" is no local time like 2026-03-09 14:30.", local.escape_debug()));
    let time = NaiveDateTime::parse_from_str(local.trim(), "%Y-%m-%d %H:%M").map_err(|_| refused())?;
    let instant = ask.calendar.zone.from_local_datetime(&time).earliest().ok_or_else(refused)?;
    let at = Timestamp(instant.timestamp_millis());
    if at.0.div_euclid(1000) > ask.now {
        return Err(ToolError::Refused("A note is about now or the past.".to_owned()));
    }
    Ok(at)
}

#[derive(Deserialize)]
struct ListArguments {
    device: Option<String>,
    limit: Option<u16>,
}

async fn list_notes(context: &ToolContext, given: Value) -> Result<ToolResult, ToolError> {
    let given: ListArguments = arguments(given)?;
    let mut ask = Ask::begin(context).await?;
    let device = given.device.as_deref().map(|text| ask.site.device(text)).transpose()?.map(|device| device.id);
    let limit = i64::try_from(row_limit(given.limit, 20)).unwrap_or(20);
    let notes = note_list(ask.scope, &mut ask.tx, device, limit).await?;
    let lang = ask.style.lang;
    let text = say::notes_counted(lang, notes.len());
    let shown: Vec<Value> = notes.iter().map(|note| shown(&ask, note)).collect();
    let columns = vec![
        words(say::note(lang)),
        words(say::device(lang)),
        words(say::local_time(lang)),
        words(say::text(lang)),
        words(say::author(lang)),
    ];
    let rows = notes
        .iter()
        .map(|note| {
            vec![
                count(note.number),
                word(device_name(&ask, note)),
                word(local_text(ask.calendar.zone, note.at.div_euclid(1000))),
                word(&note.text),
                word(&note.author),
            ]
        })
        .collect();
    Ok(ToolResult {
        text,
        structured: json!({ "notes": shown }),
        tables: vec![table(say::list_notes(lang), columns, rows)],
        charts: vec![],
    })
}

#[derive(Deserialize)]
struct DeleteArguments {
    note: i64,
}

async fn delete_note(context: &ToolContext, given: Value) -> Result<ToolResult, ToolError> {
    let given: DeleteArguments = arguments(given)?;
    let scope = &context.scope;
    let mut tx = context.db.begin(scope).await?;
    let Some(note) = note_delete(scope, &mut tx, given.note).await? else {
        return Err(ToolError::Refused(format!("There is no note {}.", given.note)));
    };
    tx.commit().await?;
    let ask = Ask::begin(context).await?;
    let name = device_name(&ask, &note);
    let told = say::note_deleted(ask.style.lang, note.number, name, &note.text);
    Ok(one(&ask, &note, told))
}

fn device_name(ask: &Ask<'_>, note: &DeviceNote) -> String {
    ask.site.by_id(note.device_id).map_or_else(String::new, |device| device.name.clone())
}

fn shown(ask: &Ask<'_>, note: &DeviceNote) -> Value {
    let ts = note.at.div_euclid(1000);
    let (code, name) = ask
        .site
        .by_id(note.device_id)
        .map_or((String::new(), String::new()), |device| (device.code.clone(), device.name.clone()));
    json!({
        "note": note.number, "device": { "id": note.device_id, "code": code, "name": name }, "at": utc_text(ts),
        "local": local_text(ask.calendar.zone, ts), "text": note.text, "author": note.author,
    })
}

fn one(ask: &Ask<'_>, note: &DeviceNote, text: String) -> ToolResult {
    ToolResult { text, structured: shown(ask, note), tables: Vec::new(), charts: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_something_asks_and_says_what_it_would_do() {
        let tools = tools();
        let told: Vec<(Risk, bool, String)> = tools
            .iter()
            .map(|tool| {
                let arguments = json!({ "device": "Compressor 3", "text": "bearing noise", "note": 2 });
                (tool.risk(), tool.asks(), tool.effect(&arguments, Lang::English))
            })
            .collect();
        assert_eq!(told[0], (Risk::Write, true, "Add the note “bearing noise” to Compressor 3".into()));
        assert!(!told[1].1);
        assert_eq!(told[2], (Risk::Destructive, true, "Delete note 2 for good".into()));
        assert_eq!(
            tools[0].effect(&json!({ "device": "Compressor 3" }), Lang::Indonesian),
            "Tambah catatan pada Compressor 3"
        );
        assert_eq!(tools[1].title(Lang::Indonesian), "Catatan");
        for tool in &tools {
            for schema in [&tool.definition().input_schema, &tool.definition().output_schema] {
                assert!(jsonschema::validator_for(schema).is_ok() && schema["additionalProperties"] == false);
            }
        }
    }
}
