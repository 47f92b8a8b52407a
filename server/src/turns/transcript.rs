//! What a sequence of events amounts to.

use app::model::{Part, ToolCallView, TurnEvent};

/// The message after `events`, starting from `parts`.
#[must_use]
pub fn fold(mut parts: Vec<Part>, events: impl IntoIterator<Item = TurnEvent>) -> Vec<Part> {
    for event in events {
        match event {
            TurnEvent::Snapshot { parts: whole } => parts = whole,
            TurnEvent::Text { text } => append_text(&mut parts, &text),
            TurnEvent::Reasoning { text } => append_reasoning(&mut parts, &text),
            TurnEvent::ToolStarted { call } => parts.push(Part::Tool { call }),
            TurnEvent::ToolChanged { call } | TurnEvent::ToolFinished { call } => put_call(&mut parts, call),
            TurnEvent::Titled { .. }
            | TurnEvent::Finished { .. }
            | TurnEvent::Stopped { .. }
            | TurnEvent::Failed { .. } => {}
        }
    }
    parts
}

fn append_text(parts: &mut Vec<Part>, added: &str) {
    match parts.last_mut() {
        Some(Part::Text { text }) => text.push_str(added),
        _ => parts.push(Part::Text { text: added.to_owned() }),
    }
}

fn append_reasoning(parts: &mut Vec<Part>, added: &str) {
    match parts.last_mut() {
        Some(Part::Reasoning { text }) => text.push_str(added),
        _ => parts.push(Part::Reasoning { text: added.to_owned() }),
    }
}

fn put_call(parts: &mut Vec<Part>, call: ToolCallView) {
    let place = parts.iter_mut().find_map(|part| match part {
        Part::Tool { call: existing } if existing.call_id == call.call_id => Some(existing),
        _ => None,
    });
    match place {
        Some(existing) => *existing = call,
        None => parts.push(Part::Tool { call }),
    }
}

/// The text of a message as the model sees it again when there is nothing better: without tool calls.
#[must_use]
pub(super) fn text_of(parts: &[Part]) -> String {
    let texts: Vec<&str> = parts
        .iter()
        .filter_map(|part| match part {
            Part::Text { text } => Some(text.as_str()),
            Part::Tool { .. } | Part::Reasoning { .. } | Part::Attachment { .. } => None,
        })
        .collect();
    texts.join("\n\n")
}
