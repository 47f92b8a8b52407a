//! Our request in the common words of all formats.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::models::{
    Content, Image, Message, MessageRole, ModelRequest,
    wire::chat::{Chat, ChatImage, ChatMessage, ChatRole, ChatTool, Part, ResultPart},
};

/// The request as a chat that streams. Empty texts are left out, and messages without anything.
pub(super) fn chat(request: &ModelRequest) -> Chat {
    let system = Some(request.system.as_str()).filter(|text| !text.trim().is_empty());
    let system = system.map(|text| ChatMessage { role: ChatRole::System, parts: vec![Part::Text(text.to_owned())] });
    let said = request.messages.iter().map(message).filter(|message| !message.parts.is_empty());
    let tools = request.tools.iter().map(|tool| ChatTool {
        name: tool.name.clone(),
        description: Some(tool.description.clone()),
        schema: tool.input_schema.clone(),
        is_strict: None,
    });
    Chat {
        model: request.model.0.clone(),
        messages: system.into_iter().chain(said).collect(),
        tools: tools.collect(),
        is_streaming: true,
        ..Chat::default()
    }
}

fn message(message: &Message) -> ChatMessage {
    let role = match message.role {
        MessageRole::User => ChatRole::User,
        MessageRole::Assistant => ChatRole::Assistant,
    };
    ChatMessage { role, parts: message.content.iter().filter_map(part).collect() }
}

fn part(content: &Content) -> Option<Part> {
    match content {
        Content::Text { text } if text.trim().is_empty() => None,
        Content::Text { text } => Some(Part::Text(text.clone())),
        Content::Image(image) => Some(picture(image)),
        Content::Document(document) => Some(Part::Text(document.shown())),
        // Arguments that were no object (the model was told) must still be one here.
        Content::ToolUse { id, name, input } => Some(Part::ToolCall {
            id: id.clone(),
            name: name.clone(),
            arguments: input.as_object().cloned().unwrap_or_default(),
        }),
        Content::ToolResult { id, text, is_error } => Some(Part::ToolResult {
            id: id.clone(),
            name: None,
            content: vec![ResultPart::Text(text.clone())],
            is_error: *is_error,
        }),
    }
}

fn picture(image: &Image) -> Part {
    // Read back from where its bytes are not kept.
    if image.data.0.is_empty() {
        return Part::Text(image.note("it is not at hand any more"));
    }
    Part::Image(ChatImage::Data { media_type: image.media_type.clone(), data: STANDARD.encode(&image.data.0) })
}
