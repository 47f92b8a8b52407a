use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::models::wire::{WireErrorKind, testing};

fn translated(from: WireFormat, to: WireFormat, body: Value) -> Value {
    translate_response(from, to, body.to_string().as_bytes(), &stamp()).expect("an answer")
}

fn anthropic() -> Value {
    json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude", "stop_reason": "tool_use",
        "content": [{"type": "thinking", "thinking": "Hm", "signature": "s"}, {"type": "text", "text": "Héllo"},
            {"type": "tool_use", "id": "toolu_1", "name": "find", "input": {"q": 1}}],
        "usage": {"input_tokens": 3, "cache_read_input_tokens": 4, "cache_creation_input_tokens": 5, "output_tokens": 6}
    })
}

fn openai() -> Value {
    json!({
        "id": "x", "object": "chat.completion", "choices": [{"index": 0, "finish_reason": "tool_calls", "message": {
            "role": "assistant", "content": "Héllo", "reasoning_content": "Hm", "tool_calls": [
                {"id": "call_1", "type": "function", "function": {"name": "find", "arguments": "{\"q\":1}"}}]}}],
        "usage": {"prompt_tokens": 12, "completion_tokens": 6, "prompt_tokens_details": {"cached_tokens": 4}}
    })
}

#[test]
fn anthropic_becomes_openai() {
    assert_eq!(
        translated(WireFormat::Anthropic, WireFormat::OpenAi, anthropic()),
        json!({
            "id": "chatcmpl-x1", "object": "chat.completion", "created": 1_790_000_000, "model": "m",
            "choices": [{"index": 0, "logprobs": null, "finish_reason": "tool_calls", "message": {
                "role": "assistant", "content": "Héllo", "refusal": null, "reasoning_content": "Hm", "tool_calls": [
                    {"id": "toolu_1", "type": "function", "function": {"name": "find", "arguments": "{\"q\":1}"}}]}}],
            "usage": {"prompt_tokens": 12, "completion_tokens": 6, "total_tokens": 18,
                "prompt_tokens_details": {"cached_tokens": 4}}
        })
    );
}

#[test]
fn openai_becomes_anthropic() {
    assert_eq!(
        translated(WireFormat::OpenAi, WireFormat::Anthropic, openai()),
        json!({
            "id": "msg_x1", "type": "message", "role": "assistant", "model": "m", "stop_reason": "tool_use",
            "stop_sequence": null,
            "content": [{"type": "thinking", "thinking": "Hm", "signature": ""}, {"type": "text", "text": "Héllo"},
                {"type": "tool_use", "id": "call_1", "name": "find", "input": {"q": 1}}],
            "usage": {"input_tokens": 8, "cache_read_input_tokens": 4, "output_tokens": 6}
        })
    );
}

#[test]
fn ollama_becomes_the_others_and_back() {
    let ollama = json!({
        "model": "l", "created_at": "2026-01-01T00:00:00Z", "done": true, "done_reason": "stop", "eval_count": 6,
        "message": {"role": "assistant", "content": "Héllo", "thinking": "Hm",
            "tool_calls": [{"function": {"name": "find", "arguments": {"q": 1}}}]}
    });
    let openai_answer = translated(WireFormat::Ollama, WireFormat::OpenAi, ollama.clone());
    assert_eq!(openai_answer["choices"][0]["finish_reason"], "tool_calls");
    assert_eq!(openai_answer["choices"][0]["message"]["tool_calls"][0]["id"], "call_x1_2");
    assert_eq!(openai_answer["usage"], json!({"completion_tokens": 6, "total_tokens": 6}), "absent is not zero");
    let anthropic_answer = translated(WireFormat::Ollama, WireFormat::Anthropic, ollama);
    assert_eq!(anthropic_answer["content"][2]["input"], json!({"q": 1}));
    assert_eq!(
        translated(WireFormat::OpenAi, WireFormat::Ollama, openai()),
        json!({
            "model": "m", "created_at": "2026-09-21T14:13:20Z", "done": true, "done_reason": "stop",
            "prompt_eval_count": 12, "eval_count": 6,
            "message": {"role": "assistant", "content": "Héllo", "thinking": "Hm",
                "tool_calls": [{"id": "call_1", "function": {"name": "find", "arguments": {"q": 1}}}]}
        })
    );
}

#[test]
fn every_reason_to_stop_has_its_counterpart() {
    for (anthropic_reason, openai_reason) in [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("refusal", "content_filter"),
        ("something_new", "stop"),
    ] {
        let body = json!({"type": "message", "content": [], "stop_reason": anthropic_reason});
        let choice = &translated(WireFormat::Anthropic, WireFormat::OpenAi, body)["choices"][0];
        assert_eq!(choice["finish_reason"], openai_reason);
        assert_eq!(choice["message"]["content"], Value::Null);
    }
    for (openai_reason, anthropic_reason) in
        [("stop", "end_turn"), ("length", "max_tokens"), ("content_filter", "refusal"), ("function_call", "tool_use")]
    {
        let body = json!({"choices": [{"message": {"content": "x"}, "finish_reason": openai_reason}]});
        assert_eq!(translated(WireFormat::OpenAi, WireFormat::Anthropic, body)["stop_reason"], anthropic_reason);
    }
    let sly = json!({"choices": [{"message": {"tool_calls": [{"id": "a", "function": {"name": "f", "arguments": "{}"}}]},
        "finish_reason": "stop"}]});
    assert_eq!(translated(WireFormat::OpenAi, WireFormat::Anthropic, sly)["stop_reason"], "tool_use");
}

#[test]
fn arguments_that_are_none_are_an_error_unless_the_cap_cut_them() {
    let body = |reason: &str| {
        let call = json!({"id": "a", "function": {"name": "f", "arguments": "{\"q\": "}});
        json!({"choices": [{"message": {"content": "x", "tool_calls": [call]}, "finish_reason": reason}]}).to_string()
    };
    for to in [WireFormat::Anthropic, WireFormat::Ollama] {
        let error = translate_response(WireFormat::OpenAi, to, body("tool_calls").as_bytes(), &stamp());
        assert_eq!(error.expect_err("no arguments").kind, WireErrorKind::Upstream);
        assert!(translate_response(WireFormat::OpenAi, to, body("length").as_bytes(), &stamp()).is_ok());
    }
}

#[test]
fn an_error_under_200_and_nonsense_are_errors() {
    for (body, kind) in [
        (r#"{"error":{"message":"x","type":"overloaded_error"}}"#, WireErrorKind::Overloaded),
        (r#"{"choices":[]}"#, WireErrorKind::Upstream),
        ("{}", WireErrorKind::Upstream),
        ("<html>", WireErrorKind::Upstream),
        (r#"{"choices":[{"message":{"content":"Hel"#, WireErrorKind::Upstream),
    ] {
        let error = translate_response(WireFormat::OpenAi, WireFormat::Anthropic, body.as_bytes(), &stamp());
        assert_eq!(error.expect_err(body).kind, kind);
    }
}

proptest! {
    #[test]
    fn no_answer_makes_it_panic(value in testing::json_value(), bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        for from in FORMATS {
            for to in FORMATS {
                let _ = translate_response(from, to, value.to_string().as_bytes(), &stamp());
                let _ = translate_response(from, to, &bytes, &stamp());
                let message = json!({"choices": [{"message": value, "finish_reason": "stop"}], "done": true,
                    "message": value, "type": "message", "stop_reason": "end_turn", "content": [value], "usage": value});
                let _ = translate_response(from, to, message.to_string().as_bytes(), &stamp());
            }
        }
    }
}
