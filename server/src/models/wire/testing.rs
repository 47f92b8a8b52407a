//! What the tests of several rooms need.

use proptest::prelude::*;
use serde_json::Value;

/// Any JSON value, a few levels deep.
pub(super) fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1e6..1e6f64).prop_map(Value::from),
        word().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(word(), inner, 0..5)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// Words of the formats, so that arbitrary values reach deep into the readers, and some that are none.
pub(super) fn word() -> impl Strategy<Value = String> {
    const KNOWN: &[&str] = &[
        "type",
        "role",
        "content",
        "text",
        "user",
        "assistant",
        "system",
        "tool",
        "tool_calls",
        "function",
        "name",
        "arguments",
        "id",
        "index",
        "delta",
        "choices",
        "message",
        "usage",
        "prompt_tokens",
        "completion_tokens",
        "finish_reason",
        "stop",
        "error",
        "message_start",
        "content_block",
        "content_block_start",
        "content_block_delta",
        "message_delta",
        "input_json_delta",
        "partial_json",
        "text_delta",
        "tool_use",
        "tool_result",
        "tool_use_id",
        "input",
        "image",
        "image_url",
        "url",
        "source",
        "base64",
        "data",
        "media_type",
        "images",
        "done",
        "done_reason",
        "eval_count",
        "prompt_eval_count",
        "thinking",
        "tools",
        "tool_choice",
        "response_format",
        "output_config",
        "format",
        "options",
        "data:image/png;base64,AAAA",
        "{}",
        "stop_reason",
    ];
    prop_oneof![3 => prop::sample::select(KNOWN).prop_map(str::to_owned), 1 => "\\PC{0,6}"]
}

/// Feeds the bytes in pieces of the given sizes, over and over.
pub(super) fn in_pieces(bytes: &[u8], sizes: &[usize], mut push: impl FnMut(&[u8])) {
    let mut rest = bytes;
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            return;
        }
        let (piece, tail) = rest.split_at((*size).clamp(1, rest.len()));
        push(piece);
        rest = tail;
    }
}
