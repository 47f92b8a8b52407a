//! How many tokens the input of a request can cost at most.
//!
//! The tokenizers work on bytes, so a text never has more tokens than bytes. Everything in the body counts, known or
//! not, as a field we do not know may reach the model as well; only the data of images counts by pixels.

use serde_json::{Map, Value};

use super::{WireFormat, WireRequest, image_size, json};
use crate::models::image_tokens;

/// The bound of what the request itself does not bound: a file somewhere else, the pages of a PDF, a sound. The model's
/// context is its bound then.
pub const UNBOUNDED: i64 = i64::MAX;

/// What the format puts around everything, tokens.
const REQUEST_FRAME: i64 = 64;
/// What it puts around a message, tokens.
const MESSAGE_FRAME: i64 = 16;
/// What it says about tools once there are any, tokens (Anthropic, "Tool use overview", system prompt tokens: at most 804
/// for a model on sale; the computer tool adds 735 and the text editor 700).
const TOOLS_FRAME: i64 = 1_024;
const PREPARED_TOOL: i64 = 1_024;
/// An image whose size is not known (on another server, or in a format we cannot read). Anthropic ("Vision") scales to at
/// most 2,576 pixels a side and 4,784 tokens.
const ANTHROPIC_IMAGE: i64 = 8_192;
/// OpenAI ("Images and vision"): at most 10,000 patches of 32 × 32 pixels, each at most 2.46 tokens.
const OPENAI_IMAGE: i64 = 24_600;
/// The same page: gpt-4o-mini counts 2,833 and 5,667 for each of at most 8 tiles.
const OPENAI_MINI_IMAGE: i64 = 48_169;
/// Four tiles and an overview of 1,601 tokens each are the most of the models Ollama ships.
const OLLAMA_IMAGE: i64 = 8_005;

/// An upper bound of the input tokens of the request as it goes to the provider (the model's name matters).
#[must_use]
pub fn input_bound(request: &WireRequest) -> i64 {
    let body = request.body();
    let mut total = REQUEST_FRAME;
    for (field, value) in body {
        total = total.saturating_add(tokens(field.len()));
        total = total.saturating_add(match field.as_str() {
            "messages" => messages(request, value),
            "tools" => tools(value),
            _ => tokens(json::length(value)),
        });
    }
    total
}

fn tokens(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

fn tools(tools: &Value) -> i64 {
    let list = tools.as_array().map(Vec::as_slice).unwrap_or_default();
    if list.is_empty() {
        return 0;
    }
    let is_prepared =
        |tool: &&Value| !matches!(tool.get("type").and_then(Value::as_str), None | Some("function" | "custom"));
    let prepared = tokens(list.iter().filter(is_prepared).count()).saturating_mul(PREPARED_TOOL);
    TOOLS_FRAME.saturating_add(prepared).saturating_add(tokens(json::length(tools)))
}

fn messages(request: &WireRequest, messages: &Value) -> i64 {
    let list = messages.as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().fold(0, |sum: i64, message| sum.saturating_add(MESSAGE_FRAME).saturating_add(content(request, message)))
}

/// A message, or what stands in it: images by their size, all else by its bytes.
fn content(request: &WireRequest, value: &Value) -> i64 {
    match value {
        Value::Array(values) => values.iter().fold(2, |sum: i64, value| sum.saturating_add(content(request, value))),
        Value::Object(block) => block_tokens(request, block),
        _ => tokens(json::length(value)),
    }
}

fn block_tokens(request: &WireRequest, block: &Map<String, Value>) -> i64 {
    let kind = block.get("type").and_then(Value::as_str);
    match (request.format(), kind) {
        (WireFormat::OpenAi, Some("image_url")) => {
            let image = block.get("image_url");
            let url = image.and_then(|image| image.get("url").or(Some(image))?.as_str());
            return image_of(request, url.and_then(image_size::data_url).map(|(_, data)| data));
        }
        (WireFormat::OpenAi, Some("input_audio" | "file")) => return UNBOUNDED,
        (WireFormat::Anthropic, Some("image")) => {
            return image_of(request, source(block).and_then(|source| source.get("data")?.as_str()));
        }
        (WireFormat::Anthropic, Some("document")) if !is_text_document(block) => return UNBOUNDED,
        (WireFormat::Anthropic, Some("container_upload")) => return UNBOUNDED,
        _ => {}
    }
    let mut sum: i64 = 2;
    for (field, value) in block {
        let part = match (request.format(), field.as_str(), value) {
            (WireFormat::Ollama, "images", Value::Array(images)) => {
                images.iter().fold(0, |sum: i64, image| sum.saturating_add(image_of(request, image.as_str())))
            }
            _ => content(request, value),
        };
        sum = sum.saturating_add(tokens(field.len()) + 4).saturating_add(part);
    }
    sum
}

fn source(block: &Map<String, Value>) -> Option<&Value> {
    block.get("source")
}

/// The text of a document stands in the request; its own images are found by reading on.
fn is_text_document(block: &Map<String, Value>) -> bool {
    matches!(source(block).and_then(|source| source.get("type")?.as_str()), Some("text" | "content"))
}

/// An image; `data` is its base64 if it is in the request.
fn image_of(request: &WireRequest, data: Option<&str>) -> i64 {
    image_bound(request.format(), request.model(), data.and_then(image_size::of_base64))
}

/// An upper bound of the tokens of an image of this size (width, height; `None`: not known) for a model.
#[must_use]
pub fn image_bound(format: WireFormat, model: &str, size: Option<(u32, u32)>) -> i64 {
    match format {
        WireFormat::Anthropic => size.map_or(ANTHROPIC_IMAGE, |(width, height)| image_tokens(width, height)),
        WireFormat::Ollama => {
            size.map_or(OLLAMA_IMAGE, |(width, height)| image_tokens(width, height).max(OLLAMA_IMAGE))
        }
        WireFormat::OpenAi if model.contains("4o-mini") => OPENAI_MINI_IMAGE,
        WireFormat::OpenAi => size.map_or(OPENAI_IMAGE, |(width, height)| openai_image(width, height)),
    }
}

/// The dearer of OpenAI's two rules ("Images and vision"), without counting on its scaling down: patches of 32 pixels at
/// 2.46 tokens, or 85 tokens and 170 for each of at most 8 tiles (a small image is scaled up to them).
fn openai_image(width: u32, height: u32) -> i64 {
    const MOST_TILES: i64 = 85 + 8 * 170;
    let patches = i64::from(width.div_ceil(32)).saturating_mul(i64::from(height.div_ceil(32)));
    (patches.saturating_mul(246) / 100 + 1).clamp(MOST_TILES, OPENAI_IMAGE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::wire::testing;
    use proptest::prelude::*;
    use serde_json::json;

    const PNG: &str =
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

    fn bound(format: WireFormat, messages: Value) -> i64 {
        with(format, json!({"model": "m", "messages": messages}))
    }

    fn with(format: WireFormat, body: Value) -> i64 {
        let Value::Object(body) = body else { panic!("an object") };
        input_bound(&WireRequest::from_body(format, body).expect("a good request"))
    }

    #[test]
    fn every_byte_of_text_counts_and_so_does_every_message() {
        let one = bound(WireFormat::OpenAi, json!([{"role": "user", "content": "x".repeat(1_000)}]));
        assert!((1_000..1_200).contains(&one), "{one}");
        let two = bound(
            WireFormat::OpenAi,
            json!([{"role": "user", "content": "x".repeat(1_000)}, {"role": "user", "content": ""}]),
        );
        assert!(two > one + MESSAGE_FRAME);
        let system = json!({"model": "m", "max_tokens": 1, "system": "x".repeat(500), "messages": [{"content": "x"}]});
        assert!(with(WireFormat::Anthropic, system) > 500);
        let unknown = json!({"model": "m", "messages": [{"content": "x"}], "memory": {"text": "x".repeat(500)}});
        assert!(with(WireFormat::OpenAi, unknown) > 500);
        let tools = json!({"model": "m", "messages": [{"content": "x"}], "tools": [{"name": "x".repeat(500)}]});
        assert!(with(WireFormat::Anthropic, tools) > TOOLS_FRAME + 500);
    }

    #[test]
    fn images_count_by_their_size() {
        let data = |format, content: Value| bound(format, json!([{"role": "user", "content": content}]));
        let url = format!("data:image/png;base64,{PNG}");
        let openai = data(WireFormat::OpenAi, json!([{"type": "image_url", "image_url": {"url": url}}]));
        assert!((1_445..1_600).contains(&openai), "{openai}");
        let source = json!({"type": "base64", "media_type": "image/png", "data": PNG});
        let anthropic = data(WireFormat::Anthropic, json!([{"type": "image", "source": source}]));
        assert!(anthropic < 150, "{anthropic}");
        let in_result =
            json!([{"type": "tool_result", "tool_use_id": "t", "content": [{"type": "image", "source": source}]}]);
        assert!(data(WireFormat::Anthropic, in_result) < 250);
        let ollama = bound(WireFormat::Ollama, json!([{"role": "user", "content": "x", "images": [PNG]}]));
        assert!((OLLAMA_IMAGE..OLLAMA_IMAGE + 200).contains(&ollama), "{ollama}");
    }

    #[test]
    fn what_is_elsewhere_has_its_documented_bound() {
        let url = "https://a.example/b.png";
        let openai =
            bound(WireFormat::OpenAi, json!([{"content": [{"type": "image_url", "image_url": {"url": url}}]}]));
        assert!(openai > OPENAI_IMAGE);
        let mini =
            json!({"model": "gpt-4o-mini", "messages": [{"content": [{"type": "image_url", "image_url": url}]}]});
        assert!(with(WireFormat::OpenAi, mini) > OPENAI_MINI_IMAGE);
        let source = json!({"type": "url", "url": url});
        assert!(
            bound(WireFormat::Anthropic, json!([{"content": [{"type": "image", "source": source}]}])) > ANTHROPIC_IMAGE
        );
        let pdf = json!([{"content": [{"type": "document", "source": {"type": "base64", "data": "AAAA"}}]}]);
        assert_eq!(bound(WireFormat::Anthropic, pdf), UNBOUNDED);
        let text = json!([{"content": [{"type": "document", "source": {"type": "text", "data": "hello"}}]}]);
        assert!(bound(WireFormat::Anthropic, text) < 300);
        assert_eq!(
            bound(WireFormat::OpenAi, json!([{"content": [{"type": "file", "file": {"file_id": "f"}}]}])),
            UNBOUNDED
        );
    }

    #[test]
    fn a_large_image_costs_what_the_provider_says_at_most() {
        assert_eq!(openai_image(1024, 1024), 2_520, "1024 patches × 2.46");
        assert_eq!(openai_image(1, 1), 1_445);
        assert_eq!(openai_image(u32::MAX, u32::MAX), OPENAI_IMAGE);
    }

    fn strings(value: &Value) -> usize {
        match value {
            Value::String(text) => text.len(),
            Value::Array(values) => values.iter().map(strings).sum(),
            Value::Object(map) => map.iter().map(|(key, value)| key.len() + strings(value)).sum(),
            _ => 0,
        }
    }

    proptest! {
        /// Without pictures the bound is never below the bytes, however the request looks.
        #[test]
        fn nothing_is_overlooked(value in testing::json_value()) {
            let text = value.to_string().replace("image", "other").replace("base64", "other").replace("document", "o");
            let value: Value = serde_json::from_str(&text).expect("still JSON");
            let messages = json!([{"role": "user", "content": value}]);
            for format in [WireFormat::OpenAi, WireFormat::Anthropic, WireFormat::Ollama] {
                prop_assert!(bound(format, messages.clone()) >= tokens(strings(&messages)));
            }
        }
    }
}
