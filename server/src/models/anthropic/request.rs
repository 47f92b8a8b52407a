//! The body of a request.

use std::borrow::Cow;

use base64::{display::Base64Display, engine::general_purpose::STANDARD};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::models::{Content, ImageData, Message, MessageRole, ModelId, ModelRequest};

#[derive(Serialize)]
pub(super) struct Body<'a> {
    model: &'a str,
    max_tokens: i64,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking: Option<Thinking>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    system: Vec<TextBlock<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<ToolBlock<'a>>,
    messages: Vec<WireMessage<'a>>,
}

#[derive(Serialize)]
struct Thinking {
    r#type: &'static str,
}

/// Everything up to and including the marked block is cached for five minutes.
#[derive(Serialize)]
struct CacheControl {
    r#type: &'static str,
}

#[derive(Serialize)]
struct TextBlock<'a> {
    r#type: &'static str,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_control: Option<CacheControl>,
}

#[derive(Serialize)]
struct ToolBlock<'a> {
    name: &'a str,
    description: &'a str,
    input_schema: &'a Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_control: Option<CacheControl>,
}

#[derive(Serialize)]
struct WireMessage<'a> {
    role: &'static str,
    content: Vec<Block<'a>>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Block<'a> {
    Text {
        text: Cow<'a, str>,
    },
    Image {
        source: ImageSource<'a>,
    },
    ToolUse {
        id: &'a str,
        name: &'a str,
        input: Map<String, Value>,
    },
    ToolResult {
        tool_use_id: &'a str,
        content: &'a str,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        is_error: bool,
    },
}

#[derive(Serialize)]
struct ImageSource<'a> {
    r#type: &'static str,
    media_type: &'a str,
    #[serde(serialize_with = "base64")]
    data: &'a ImageData,
}

/// Written straight into the body: the text is never held beside it.
fn base64<S: Serializer>(data: &ImageData, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&Base64Display::new(&data.0, &STANDARD))
}

const EPHEMERAL: &str = "ephemeral";

/// The request as the provider wants it: system and tools cached, empty texts left out (they are refused), neighbouring
/// messages of one role joined (roles must alternate).
pub(super) fn body(request: &ModelRequest, max_tokens: i64) -> Body<'_> {
    let system = Some(request.system.as_str()).filter(|text| !text.trim().is_empty());
    let last_tool = request.tools.len().saturating_sub(1);
    let tools = request.tools.iter().enumerate().map(|(index, tool)| ToolBlock {
        name: &tool.name,
        description: &tool.description,
        input_schema: &tool.input_schema,
        cache_control: (index == last_tool).then_some(CacheControl { r#type: EPHEMERAL }),
    });
    Body {
        model: &request.model.0,
        max_tokens,
        stream: true,
        thinking: thinking(&request.model),
        system: system
            .map(|text| TextBlock { r#type: "text", text, cache_control: Some(CacheControl { r#type: EPHEMERAL }) })
            .into_iter()
            .collect(),
        tools: tools.collect(),
        messages: messages(&request.messages),
    }
}

/// Models that think unless told not to are told not to: thinking is billed without being shown, so an answer that is
/// broken off could not be bounded by what was received.
fn thinking(model: &ModelId) -> Option<Thinking> {
    matches!(model.0.as_str(), "claude-sonnet-5" | "claude-opus-5").then_some(Thinking { r#type: "disabled" })
}

fn messages(messages: &[Message]) -> Vec<WireMessage<'_>> {
    let mut wire: Vec<WireMessage<'_>> = Vec::new();
    for message in messages {
        let role = match message.role {
            MessageRole::User => "user",
            MessageRole::Assistant => "assistant",
        };
        let blocks = message.content.iter().filter_map(block);
        match wire.last_mut() {
            Some(last) if last.role == role => last.content.extend(blocks),
            _ => {
                let content: Vec<Block<'_>> = blocks.collect();
                if !content.is_empty() {
                    wire.push(WireMessage { role, content });
                }
            }
        }
    }
    wire
}

fn block(content: &Content) -> Option<Block<'_>> {
    match content {
        Content::Text { text } if text.trim().is_empty() => None,
        Content::Text { text } => Some(Block::Text { text: Cow::Borrowed(text) }),
        // Read back from where its bytes are not kept.
        Content::Image(image) if image.data.0.is_empty() => {
            Some(Block::Text { text: Cow::Owned(image.note("it is not at hand any more")) })
        }
        Content::Image(image) => Some(Block::Image {
            source: ImageSource { r#type: "base64", media_type: &image.media_type, data: &image.data },
        }),
        Content::Document(document) => Some(Block::Text { text: Cow::Owned(document.shown()) }),
        Content::ToolUse { id, name, input } => {
            // Arguments that were no object (the model was told) must still be one here.
            Some(Block::ToolUse { id, name, input: input.as_object().cloned().unwrap_or_default() })
        }
        Content::ToolResult { id, text, is_error } => {
            Some(Block::ToolResult { tool_use_id: id, content: text, is_error: *is_error })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::{Document, Image, ToolSpec};
    use serde_json::json;

    fn text(text: &str) -> Content {
        Content::Text { text: text.into() }
    }

    fn request(messages: Vec<Message>) -> ModelRequest {
        let tool = |name: &str| ToolSpec {
            name: name.into(),
            description: "d".into(),
            input_schema: json!({"type": "object"}),
        };
        ModelRequest {
            model: ModelId("claude-haiku-4-5".into()),
            system: "You are Steward.".into(),
            tools: vec![tool("a"), tool("b")],
            messages,
        }
    }

    #[test]
    fn the_cap_is_sent_and_system_and_tools_are_cached() {
        let request = request(vec![Message { role: MessageRole::User, content: vec![text("Hi")] }]);
        let body = serde_json::to_value(body(&request, 300)).expect("serializable");
        assert_eq!(
            body,
            json!({
                "model": "claude-haiku-4-5", "max_tokens": 300, "stream": true,
                "system": [{"type": "text", "text": "You are Steward.", "cache_control": {"type": "ephemeral"}}],
                "tools": [
                    {"name": "a", "description": "d", "input_schema": {"type": "object"}},
                    {"name": "b", "description": "d", "input_schema": {"type": "object"},
                        "cache_control": {"type": "ephemeral"}}
                ],
                "messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}]
            })
        );
    }

    #[test]
    fn a_tool_loop_is_written_as_the_provider_wants_it() {
        let request = request(vec![
            Message { role: MessageRole::User, content: vec![text("Hi")] },
            Message {
                role: MessageRole::Assistant,
                content: vec![text(""), Content::ToolUse { id: "t1".into(), name: "a".into(), input: Value::Null }],
            },
            Message {
                role: MessageRole::User,
                content: vec![Content::ToolResult { id: "t1".into(), text: "no".into(), is_error: true }],
            },
            Message { role: MessageRole::Assistant, content: vec![text(" ")] },
            Message { role: MessageRole::User, content: vec![text("And now?")] },
        ]);
        let body = serde_json::to_value(body(&request, 1)).expect("serializable");
        assert_eq!(
            body["messages"],
            json!([
                {"role": "user", "content": [{"type": "text", "text": "Hi"}]},
                {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "a", "input": {}}]},
                {"role": "user", "content": [
                    {"type": "tool_result", "tool_use_id": "t1", "content": "no", "is_error": true},
                    {"type": "text", "text": "And now?"}]}
            ])
        );
    }

    #[test]
    fn files_come_as_pixels_and_as_fenced_text() {
        let image = |data: &'static [u8]| Image {
            name: "a.png".into(),
            media_type: "image/png".into(),
            width: 3,
            height: 2,
            data: ImageData(data.into()),
        };
        let document = Document { name: "a.csv".into(), label: "CSV".into(), text: "x;y\n1;2".into(), is_cut: true };
        let content =
            vec![Content::Image(image(b"\xff\xfe")), Content::Image(image(b"")), Content::Document(document.clone())];
        let request = request(vec![Message { role: MessageRole::User, content }]);
        let body = serde_json::to_value(body(&request, 1)).expect("serializable");
        let blocks = &body["messages"][0]["content"];
        let source = json!({"type": "base64", "media_type": "image/png", "data": "//4="});
        assert_eq!(blocks[0], json!({"type": "image", "source": source}));
        assert!(blocks[1]["text"].as_str().is_some_and(|text| text.contains("not shown")), "{blocks}");
        assert_eq!(blocks[2]["text"], document.shown());
    }

    #[test]
    fn nothing_empty_is_sent() {
        let mut request = request(vec![Message { role: MessageRole::User, content: vec![text("Hi")] }]);
        request.system = " ".into();
        request.tools.clear();
        request.model = ModelId("claude-sonnet-5".into());
        let body = serde_json::to_value(body(&request, 1)).expect("serializable");
        assert_eq!(body["thinking"], json!({"type": "disabled"}));
        assert!(body.get("system").is_none() && body.get("tools").is_none());
    }
}
