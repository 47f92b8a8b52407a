//! What the demo model says of the files it was given: what it really got, nothing made up.

use super::words::Language;
use crate::models::{Content, Document, Image, MessageRole, ModelRequest};

/// Lines of a text, rows of a table that are shown.
const MAX_LINES: usize = 5;
const MAX_LINE_CHARS: usize = 160;
const MAX_COLUMNS: usize = 20;

/// The files of the newest message; `None` when it has none or answers a tool call.
pub(super) fn described(request: &ModelRequest, language: Language) -> Option<String> {
    let last = request.messages.last().filter(|message| message.role == MessageRole::User)?;
    let is_result = |content: &Content| matches!(content, Content::ToolResult { .. });
    if last.content.iter().any(is_result) {
        return None;
    }
    let files = last.content.iter().filter_map(|content| match content {
        Content::Image(image) => Some(self::image(image, language)),
        Content::Document(document) => Some(self::document(document, language)),
        _ => None,
    });
    let files: Vec<String> = files.collect();
    if files.is_empty() {
        return None;
    }
    let head = language.pick("You gave me:", "Anda memberi saya:");
    Some(format!("{head}\n\n{}", files.join("\n\n")))
}

fn image(image: &Image, language: Language) -> String {
    let (name, bytes) = (code(&image.name), image.data.0.len());
    match language {
        Language::English => format!(
            "**{name}**: an image of {} × {} pixels ({bytes} bytes). I am scripted and cannot describe what it shows.",
            image.width, image.height
        ),
        Language::Indonesian => format!(
            "**{name}**: gambar {} × {} piksel ({bytes} byte). Saya berskrip dan tidak dapat menjelaskan isinya.",
            image.width, image.height
        ),
    }
}

fn document(document: &Document, language: Language) -> String {
    let name = code(&document.name);
    let label = &document.label;
    let size = document.text.len();
    let at_least = if document.is_cut { language.pick("at least ", "sedikitnya ") } else { "" };
    let facts = if label.starts_with("CSV") {
        let (columns, rows) = columns_and_rows(&document.text);
        let columns: Vec<String> = columns.iter().take(MAX_COLUMNS).map(|column| code(column)).collect();
        let columns = columns.join(", ");
        match language {
            Language::English => format!("{at_least}{rows} rows; columns: {columns}"),
            Language::Indonesian => format!("{at_least}{rows} baris; kolom: {columns}"),
        }
    } else {
        let lines = document.text.lines().count();
        match language {
            Language::English => format!("{at_least}{lines} lines"),
            Language::Indonesian => format!("{at_least}{lines} baris"),
        }
    };
    let begins = language.pick("It begins:", "Awalnya:");
    let quoted: Vec<String> = document.text.lines().take(MAX_LINES).map(quote).collect();
    format!("**{name}**: {label}, {size} bytes, {facts}. {begins}\n\n{}", quoted.join("\n"))
}

/// The names of the first row, and how many rows follow.
fn columns_and_rows(text: &str) -> (Vec<String>, usize) {
    let delimiter = crate::models::delimiter(text).unwrap_or(b',');
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut records = reader.records();
    let columns = records.next().and_then(Result::ok).map(|record| record.iter().map(str::to_owned).collect());
    (columns.unwrap_or_default(), records.filter(Result::is_ok).count())
}

fn quote(line: &str) -> String {
    format!("> {}", code(&line.chars().take(MAX_LINE_CHARS).collect::<String>()))
}

/// As code, so that nothing in it is markup.
fn code(text: &str) -> String {
    let text = text.trim().replace('`', "'");
    if text.is_empty() { String::new() } else { format!("`{text}`") }
}
