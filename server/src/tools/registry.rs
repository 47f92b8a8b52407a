//! The one door through which tools run. Whatever happens behind it becomes an outcome: an unknown tool, arguments that
//! do not pass the schema, a refusal, a time-out, a panic, a result of the wrong shape or size.

use std::{sync::Arc, time::Duration};

use app::model::{Lang, Risk, ToolOutput};
use jsonschema::Validator;
use serde_json::Value;
use tokio_util::task::AbortOnDropHandle;

use super::{Called, Tool, ToolContext, ToolError, ToolOutcome, ToolResult, cap, chart_bounds as bounds, energy};
use crate::models::ToolSpec;

/// The longest one call may take.
const TIME_OUT: Duration = Duration::from_secs(10);
/// The largest arguments, as JSON.
const MAX_ARGUMENT_BYTES: usize = 16 * 1024;
/// The largest structured result a model is given, as JSON.
const MAX_MODEL_BYTES: usize = 32 * 1024;
/// The largest structured result a transcript keeps, as pretty-printed JSON.
const MAX_SHOWN_BYTES: usize = 64 * 1024;
/// The longest text of a result or a refusal, in bytes.
const MAX_TEXT_BYTES: usize = 4 * 1024;
/// The most rows of one table a transcript keeps, and the most tables.
const MAX_TABLE_ROWS: usize = 200;
const MAX_TABLES: usize = 8;
/// The most charts; what each may hold is in [`bounds`].
const MAX_CHARTS: usize = 4;
/// The longest summary, in characters.
const MAX_SUMMARY_CHARS: usize = 60;
/// The longest description of an effect, in characters.
const MAX_EFFECT_CHARS: usize = 400;
/// The most fields of a form.
const MAX_FIELDS: usize = 20;

/// The tools there are.
#[derive(Clone, Default)]
pub struct Registry {
    entries: Vec<Arc<Entry>>,
}

struct Entry {
    tool: Arc<dyn Tool>,
    /// Compiled once; a schema that does not compile (a mistake in the program) fails each call.
    arguments: Result<Validator, String>,
    result: Result<Validator, String>,
}

impl Registry {
    /// The built-in tools: twelve that read, and the notes.
    #[must_use]
    pub fn built_in() -> Self {
        let mut tools = energy::tools();
        tools.extend(energy::notes::tools());
        Self::of(tools)
    }

    /// These tools.
    #[must_use]
    pub fn of(tools: Vec<Arc<dyn Tool>>) -> Self {
        let compiled = |schema: &Value| jsonschema::validator_for(schema).map_err(|error| error.to_string());
        let entry = |tool: Arc<dyn Tool>| {
            let definition = tool.definition();
            let (arguments, result) = (compiled(&definition.input_schema), compiled(&definition.output_schema));
            Arc::new(Entry { tool, arguments, result })
        };
        Self { entries: tools.into_iter().map(entry).collect() }
    }

    /// What the model is offered.
    #[must_use]
    pub fn specs(&self) -> Vec<ToolSpec> {
        let spec = |entry: &Arc<Entry>| {
            let definition = entry.tool.definition();
            ToolSpec {
                name: definition.name.to_owned(),
                description: definition.description.to_owned(),
                input_schema: definition.input_schema.clone(),
            }
        };
        self.entries.iter().map(spec).collect()
    }

    /// The title people see for a tool; the name itself when unknown.
    #[must_use]
    pub fn title(&self, name: &str, lang: Lang) -> String {
        self.find(name).map_or(name, |entry| entry.tool.title(lang)).to_owned()
    }

    /// ≤ 60 characters for the folded row.
    #[must_use]
    pub fn summary(&self, name: &str, arguments: &Value, lang: Lang) -> String {
        let summary = self.find(name).map(|entry| entry.tool.summary(arguments, lang)).unwrap_or_default();
        one_line(&summary, MAX_SUMMARY_CHARS)
    }

    /// What the person is asked before this call: how much it can change, and what it would do. `None`: it runs without
    /// asking, or does not run at all ([`Registry::run`] says why).
    #[must_use]
    pub fn asks(&self, name: &str, arguments: &Value, lang: Lang) -> Option<(Risk, String)> {
        let entry = self.find(name).filter(|entry| entry.tool.asks())?;
        entry.check_arguments(arguments).ok()?;
        Some((entry.tool.risk(), one_line(&entry.tool.effect(arguments, lang), MAX_EFFECT_CHARS)))
    }

    /// Runs one call: unknown tool, bad arguments, time-out, failure and oversized output all become an outcome.
    /// Dropping the future stops the tool. Whether the person allowed it is the caller's business.
    pub async fn run(&self, context: &ToolContext, name: &str, arguments: Value) -> Called {
        self.run_within(context, name, arguments, TIME_OUT).await
    }

    /// As [`Registry::run`], where nobody can be asked.
    pub async fn call(&self, context: &ToolContext, name: &str, arguments: Value) -> ToolOutcome {
        nobody_to_ask(self.run(context, name, arguments).await)
    }

    #[cfg(test)]
    async fn call_within(
        &self,
        context: &ToolContext,
        name: &str,
        arguments: Value,
        time_out: Duration,
    ) -> ToolOutcome {
        nobody_to_ask(self.run_within(context, name, arguments, time_out).await)
    }

    async fn run_within(&self, context: &ToolContext, name: &str, arguments: Value, time_out: Duration) -> Called {
        let Some(entry) = self.find(name) else {
            return Called::Ended(failed(self.unknown(name)));
        };
        if let Err(problem) = entry.check_arguments(&arguments) {
            return Called::Ended(failed(problem));
        }
        let (tool, owned_context) = (Arc::clone(&entry.tool), context.clone());
        // A task of its own, so that a panic inside the tool ends there.
        let task = AbortOnDropHandle::new(tokio::spawn(async move { tool.run(&owned_context, arguments).await }));
        let outcome = match tokio::time::timeout(time_out, task).await {
            Err(_) => {
                tracing::warn!(tool = name, "a tool took too long");
                failed(format!("This took longer than {} seconds and was stopped; ask for less.", TIME_OUT.as_secs()))
            }
            Ok(Err(join_error)) => {
                tracing::error!(tool = name, error = %join_error, "a tool panicked");
                failed("This tool failed inside; the data is unharmed. Try something else.".to_owned())
            }
            Ok(Ok(Err(ToolError::Refused(reason)))) => failed(reason),
            Ok(Ok(Err(ToolError::NeedsInput { message, mut fields }))) => {
                fields.truncate(MAX_FIELDS);
                return Called::NeedsInput { message: cap::text(&message, MAX_TEXT_BYTES), fields };
            }
            Ok(Ok(Err(ToolError::Db(error)))) => {
                tracing::error!(
                    tool = name,
                    error = &error as &dyn std::error::Error,
                    "a tool could not read its data"
                );
                failed("The data could not be read. Try again in a moment.".to_owned())
            }
            Ok(Ok(Ok(result))) => entry.outcome(result),
        };
        Called::Ended(outcome)
    }

    fn find(&self, name: &str) -> Option<&Arc<Entry>> {
        self.entries.iter().find(|entry| entry.tool.definition().name == name)
    }

    fn unknown(&self, name: &str) -> String {
        let names: Vec<&str> = self.entries.iter().map(|entry| entry.tool.definition().name).collect();
        let name: String = name.chars().filter(|c| !c.is_control()).take(64).collect();
        format!("There is no tool \"{name}\". The tools are: {}.", names.join(", "))
    }
}

impl Entry {
    fn check_arguments(&self, arguments: &Value) -> Result<(), String> {
        if arguments.is_null() {
            return Err(format!("The arguments could not be read as a JSON object. {}", self.allowed()));
        }
        if arguments.to_string().len() > MAX_ARGUMENT_BYTES {
            return Err(format!("The arguments are too large: {MAX_ARGUMENT_BYTES} bytes at most."));
        }
        let validator = match &self.arguments {
            Ok(validator) => validator,
            Err(problem) => {
                tracing::error!(tool = self.tool.definition().name, problem, "an argument schema does not compile");
                return Err("This tool is broken and cannot be used.".to_owned());
            }
        };
        let problems: Vec<String> = validator
            .iter_errors(arguments)
            .take(5)
            .map(|error| {
                // Masked: a model's value may be long, and the model knows what it wrote.
                let place = error.instance_path().to_string();
                let place = place.trim_start_matches('/');
                if place.is_empty() { error.masked().to_string() } else { format!("{place}: {}", error.masked()) }
            })
            .collect();
        if problems.is_empty() {
            return Ok(());
        }
        Err(format!("These arguments do not fit: {}. {}", problems.join("; "), self.allowed()))
    }

    /// What the tool takes, from its schema.
    fn allowed(&self) -> String {
        let schema = &self.tool.definition().input_schema;
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let Some(properties) = schema["properties"].as_object().filter(|properties| !properties.is_empty()) else {
            return "It takes no arguments.".to_owned();
        };
        let mut text = String::from("Allowed arguments:");
        for (name, property) in properties {
            let must = if required.contains(&name.as_str()) { " (required)" } else { "" };
            let description = property["description"].as_str().unwrap_or_default();
            let words = property.get("enum").or_else(|| property.pointer("/oneOf/0/enum"));
            let words = words.map(|words| format!(" One of {words}.")).unwrap_or_default();
            text.push_str(&format!("\n- {name}{must}: {description}{words}"));
        }
        text
    }

    fn outcome(&self, result: ToolResult) -> ToolOutcome {
        let name = self.tool.definition().name;
        let is_valid = self.result.as_ref().is_ok_and(|validator| validator.is_valid(&result.structured));
        if !is_valid {
            tracing::error!(tool = name, "a tool's result does not fit its schema");
            return failed("This tool gave a result it should not give; it is not used.".to_owned());
        }
        let text = cap::text(&result.text, MAX_TEXT_BYTES);
        let bytes = i64::try_from(result.structured.to_string().len()).unwrap_or(i64::MAX);
        let (model_json, note) = cap::json(result.structured.clone(), MAX_MODEL_BYTES, Value::to_string);
        let note = note.map(|note| format!("\n{note}")).unwrap_or_default();
        let (json, _) = cap::json(result.structured, MAX_SHOWN_BYTES, |value| format!("{value:#}"));
        let tables =
            result.tables.into_iter().take(MAX_TABLES).map(|table| cap::table(table, MAX_TABLE_ROWS)).collect();
        let charts = result.charts.into_iter().take(MAX_CHARTS).map(bounds::chart).collect();
        ToolOutcome {
            model_text: format!("{text}{note}\n{model_json}"),
            is_error: false,
            failure: None,
            output: ToolOutput { text, tables, charts, json, bytes },
        }
    }
}

/// A tool that needs to know more where nobody can be asked.
fn nobody_to_ask(called: Called) -> ToolOutcome {
    match called {
        Called::Ended(outcome) => outcome,
        Called::NeedsInput { message, .. } => failed(message),
    }
}

/// One line without control and text-direction characters, at most so many characters.
fn one_line(text: &str, max: usize) -> String {
    let is_hidden = |c: char| matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    let clean = text.chars().filter(|c| !is_hidden(*c)).map(|c| if c.is_control() { ' ' } else { c });
    if text.chars().count() <= max {
        return clean.collect();
    }
    clean.take(max - 1).chain(['…']).collect()
}

fn failed(reason: String) -> ToolOutcome {
    let reason = cap::text(&reason, MAX_TEXT_BYTES);
    let output = ToolOutput { text: reason.clone(), ..ToolOutput::default() };
    ToolOutcome { model_text: reason.clone(), is_error: true, failure: Some(reason), output }
}

#[cfg(test)]
mod tests;
