//! Markdown and plain text: what was said, what tools did, in order.

use app::model::{AttachmentView, MessageAuthor, MessageStatus, Part, ToolCallStatus, ToolCallView};

use crate::db::{message::MessageRecord, porting::PortedConversation};

pub(super) fn markdown_title(piece: &mut String, conversation: &PortedConversation, is_first: bool) {
    if !is_first {
        piece.push_str("\n---\n\n");
    }
    piece.push_str(&format!("# {}\n\n{}\n\n", conversation.title, conversation.created_at.date_utc()));
}

pub(super) fn plain_title(piece: &mut String, conversation: &PortedConversation, is_first: bool) {
    if !is_first {
        piece.push_str("\n\n");
    }
    let line = "=".repeat(conversation.title.chars().count().min(78));
    piece.push_str(&format!("{}\n{line}\n{}\n\n", conversation.title, conversation.created_at.date_utc()));
}

/// Who speaks: the person, or the model by its name.
fn speaker(record: &MessageRecord) -> &str {
    match record.author {
        MessageAuthor::User => "You",
        MessageAuthor::Assistant => record.model.as_deref().unwrap_or("Assistant"),
    }
}

fn ending(status: &MessageStatus) -> Option<String> {
    match status {
        MessageStatus::Complete => None,
        MessageStatus::Running => Some("(still being written)".to_owned()),
        MessageStatus::Stopped => Some("(stopped)".to_owned()),
        MessageStatus::Failed(error) => Some(format!("(failed: {})", one_line(&error.message))),
    }
}

pub(super) fn markdown(piece: &mut String, record: &MessageRecord) {
    piece.push_str(&format!("## {}\n\n", speaker(record)));
    for part in &record.parts {
        match part {
            Part::Text { text } => paragraph(piece, text),
            Part::Attachment { file } => {
                paragraph(piece, &format!("*{}*", attached(file).replace(['*', '_', '`'], " ")))
            }
            Part::Tool { call } => markdown_call(piece, call),
            Part::Reasoning { .. } => {}
        }
    }
    if let Some(ending) = ending(&record.status) {
        paragraph(piece, &format!("*{ending}*"));
    }
}

fn markdown_call(piece: &mut String, call: &ToolCallView) {
    piece.push_str(&format!("<details><summary>{}</summary>\n\n", escaped(&heading(call))));
    fenced(piece, "json", &call.arguments);
    if let Some(output) = &call.output {
        let (kind, text) = if output.text.trim().is_empty() { ("json", &output.json) } else { ("", &output.text) };
        fenced(piece, kind, text);
    }
    piece.push_str("</details>\n\n");
}

pub(super) fn plain(piece: &mut String, record: &MessageRecord) {
    piece.push_str(&format!("{}:\n", speaker(record)));
    for part in &record.parts {
        match part {
            Part::Text { text } => paragraph(piece, text),
            Part::Attachment { file } => paragraph(piece, &format!("[{}]", attached(file))),
            Part::Tool { call } => {
                piece.push_str(&format!("[{}]\n", heading(call)));
                if let Some(output) = &call.output {
                    paragraph(piece, &output.text);
                }
            }
            Part::Reasoning { .. } => {}
        }
    }
    if let Some(ending) = ending(&record.status) {
        paragraph(piece, &ending);
    }
}

fn paragraph(piece: &mut String, text: &str) {
    let text = text.trim_end();
    if !text.is_empty() {
        piece.push_str(text);
        piece.push_str("\n\n");
    }
}

fn attached(file: &AttachmentView) -> String {
    format!("Attached: {}", one_line(&file.name))
}

fn heading(call: &ToolCallView) -> String {
    let mut heading = format!("Tool: {}", one_line(&call.title));
    if !call.summary.is_empty() {
        heading.push_str(&format!(" · {}", one_line(&call.summary)));
    }
    match &call.status {
        ToolCallStatus::Failed(reason) => heading.push_str(&format!(" · failed: {}", one_line(reason))),
        ToolCallStatus::Denied(reason) => heading.push_str(&format!(" · not run: {}", one_line(reason))),
        ToolCallStatus::Running | ToolCallStatus::Done | ToolCallStatus::Waiting(_) => {}
    }
    heading
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A code block that its content cannot end: its fence is longer than every run of backticks inside (CommonMark §4.5).
fn fenced(piece: &mut String, kind: &str, text: &str) {
    let text = text.trim_end();
    if text.is_empty() {
        return;
    }
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    piece.push_str(&format!("{fence}{kind}\n{text}\n{fence}\n\n"));
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn nothing_ends_its_own_block(text in "[`\n a]{0,40}") {
            let mut piece = String::new();
            fenced(&mut piece, "", &text);
            if !piece.is_empty() {
                let fence: String = piece.chars().take_while(|c| *c == '`').collect();
                proptest::prop_assert_eq!(piece.matches(fence.as_str()).count(), 2);
            }
        }
    }

    #[test]
    fn a_heading_is_one_line_of_text() {
        let call = ToolCallView {
            call_id: String::new(),
            name: String::new(),
            title: "A</summary>\n<script>".into(),
            arguments: "{}".into(),
            summary: String::new(),
            status: ToolCallStatus::Denied("no\nreason".into()),
            output: None,
            duration_ms: None,
            ran_as: String::new(),
        };
        let mut piece = String::new();
        markdown_call(&mut piece, &call);
        assert!(
            piece.starts_with(
                "<details><summary>Tool: A&lt;/summary&gt; &lt;script&gt; · not run: no reason</summary>\n"
            )
        );
    }
}
