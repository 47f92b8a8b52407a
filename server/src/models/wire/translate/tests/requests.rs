use proptest::prelude::*;
use serde_json::{Map, json};

use super::*;
use crate::models::wire::{CapField, testing};

fn request(format: WireFormat, body: Value) -> WireRequest {
    let Value::Object(body) = body else { panic!("an object") };
    WireRequest::from_body(format, body).expect("a good request")
}

fn translated(from: WireFormat, to: WireFormat, body: Value) -> Value {
    let translated = translate_request(&request(from, body), to).expect("translatable");
    Value::Object(translated.body().clone())
}

fn refused(from: WireFormat, to: WireFormat, body: Value) -> Untranslatable {
    translate_request(&request(from, body), to).expect_err("not translatable")
}

fn openai_chat() -> Value {
    json!({
        "model": "m", "max_tokens": 50, "stream": true, "stop": "END", "temperature": 0.5, "user": "u1",
        "parallel_tool_calls": false, "tool_choice": "required", "reasoning_effort": "low", "store": true,
        "tools": [{"type": "function", "function": {"name": "find", "description": "Finds.",
            "parameters": {"type": "object", "properties": {"q": {"type": "string"}}}}}],
        "messages": [
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "Look"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,QQ==", "detail": "low"}},
                {"type": "image_url", "image_url": {"url": "https://a.example/b.png"}}]},
            {"role": "assistant", "content": null, "tool_calls": [
                {"id": "call.1", "type": "function", "function": {"name": "find", "arguments": "{\"q\":\"a\"}"}},
                {"id": "c2", "type": "function", "function": {"name": "find", "arguments": ""}}]},
            {"role": "tool", "tool_call_id": "call.1", "content": "one"},
            {"role": "tool", "tool_call_id": "c2", "content": [{"type": "text", "text": "two"}]},
            {"role": "user", "content": "And?"}
        ]
    })
}

#[test]
fn openai_becomes_anthropic() {
    let body = translated(WireFormat::OpenAi, WireFormat::Anthropic, openai_chat());
    assert_eq!(
        body,
        json!({
            "model": "m", "max_tokens": 50, "stream": true, "stop_sequences": ["END"], "temperature": 0.5,
            "metadata": {"user_id": "u1"}, "thinking": {"type": "adaptive"}, "output_config": {"effort": "low"},
            "tool_choice": {"type": "any", "disable_parallel_tool_use": true},
            "tools": [{"name": "find", "description": "Finds.",
                "input_schema": {"type": "object", "properties": {"q": {"type": "string"}}}}],
            "system": [{"type": "text", "text": "Be brief."}],
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "Look"},
                    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "QQ=="}},
                    {"type": "image", "source": {"type": "url", "url": "https://a.example/b.png"}}]},
                {"role": "assistant", "content": [
                    {"type": "tool_use", "id": "call_1", "name": "find", "input": {"q": "a"}},
                    {"type": "tool_use", "id": "c2", "name": "find", "input": {}}]},
                {"role": "user", "content": [
                    {"type": "tool_result", "tool_use_id": "call_1", "content": "one"},
                    {"type": "tool_result", "tool_use_id": "c2", "content": "two"},
                    {"type": "text", "text": "And?"}]}
            ]
        })
    );
}

#[test]
fn anthropic_becomes_openai() {
    let body = translated(
        WireFormat::Anthropic,
        WireFormat::OpenAi,
        json!({
            "model": "m", "max_tokens": 50, "stream": true, "stop_sequences": ["END"], "top_p": 0.9,
            "metadata": {"user_id": "u1"}, "thinking": {"type": "disabled"},
            "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
            "tool_choice": {"type": "tool", "name": "find", "disable_parallel_tool_use": true},
            "tools": [{"name": "find", "input_schema": {"type": "object"}, "cache_control": {"type": "ephemeral"}}],
            "output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}},
            "messages": [
                {"role": "user", "content": "Hi"},
                {"role": "assistant", "content": [{"type": "thinking", "thinking": "Hm", "signature": ""},
                    {"type": "text", "text": "I look."},
                    {"type": "tool_use", "id": "t1", "name": "find", "input": {"q": 1}}]},
                {"role": "user", "content": [
                    {"type": "tool_result", "tool_use_id": "t1", "is_error": true,
                        "content": [{"type": "text", "text": "no"}]},
                    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "QQ=="}}]}
            ]
        }),
    );
    assert_eq!(
        body,
        json!({
            "model": "m", "max_completion_tokens": 50, "stream": true, "stream_options": {"include_usage": true},
            "stop": ["END"], "top_p": 0.9, "user": "u1", "reasoning_effort": "none", "parallel_tool_calls": false,
            "tool_choice": {"type": "function", "function": {"name": "find"}},
            "tools": [{"type": "function", "function": {"name": "find", "parameters": {"type": "object"}}}],
            "response_format": {"type": "json_schema",
                "json_schema": {"name": "answer", "schema": {"type": "object"}, "strict": true}},
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "Hi"},
                {"role": "assistant", "content": "I look.", "tool_calls": [
                    {"id": "t1", "type": "function", "function": {"name": "find", "arguments": "{\"q\":1}"}}]},
                {"role": "tool", "tool_call_id": "t1", "content": "no"},
                {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,QQ=="}}]}
            ]
        })
    );
}

#[test]
fn ollama_becomes_the_others_and_back() {
    let ollama = json!({
        "model": "m", "stream": false, "format": "json", "think": false, "keep_alive": "5m",
        "options": {"num_predict": 50, "temperature": 0.5, "num_ctx": 4096, "stop": ["END"]},
        "tools": [{"type": "function", "function": {"name": "find", "parameters": {"type": "object"}}}],
        "messages": [
            {"role": "user", "content": "Look", "images": ["iVBORw0KGgo="]},
            {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "find", "arguments": {"q": 1}}}]},
            {"role": "tool", "content": "one", "tool_name": "find"}
        ]
    });
    assert_eq!(
        translated(WireFormat::Ollama, WireFormat::OpenAi, ollama.clone()),
        json!({
            "model": "m", "response_format": {"type": "json_object"}, "reasoning_effort": "none",
            "max_completion_tokens": 50, "temperature": 0.5, "stop": ["END"],
            "tools": [{"type": "function", "function": {"name": "find", "parameters": {"type": "object"}}}],
            "messages": [
                {"role": "user", "content": [
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
                    {"type": "text", "text": "Look"}]},
                {"role": "assistant", "content": null, "tool_calls": [
                    {"id": "call_0", "type": "function", "function": {"name": "find", "arguments": "{\"q\":1}"}}]},
                {"role": "tool", "tool_call_id": "call_0", "content": "one"}
            ]
        })
    );
    let refusal = refused(WireFormat::Ollama, WireFormat::Anthropic, ollama);
    assert_eq!(refusal.field, "response_format", "{refusal}");
    let mut chat = openai_chat();
    for field in ["parallel_tool_calls", "tool_choice"] {
        chat.as_object_mut().expect("an object").remove(field);
    }
    chat["messages"][1]["content"].as_array_mut().expect("parts").pop();
    let body = translated(WireFormat::OpenAi, WireFormat::Ollama, chat);
    assert_eq!(body["options"], json!({"num_predict": 50, "temperature": 0.5, "stop": ["END"]}));
    assert_eq!((&body["stream"], &body["think"]), (&json!(true), &json!("low")));
    assert_eq!(body["messages"][1], json!({"role": "user", "content": "Look", "images": ["QQ=="]}));
    assert_eq!(
        body["messages"][3],
        json!({"role": "tool", "content": "one", "tool_name": "find", "tool_call_id": "call.1"})
    );
}

fn with(mut body: Value, field: &str, value: Value) -> Value {
    body[field] = value;
    body
}

#[test]
fn what_openai_says_and_others_cannot_is_refused_in_words() {
    let plain = json!({"model": "m", "messages": [{"role": "user", "content": "Hi"}]});
    let part = |part: Value| json!([{"role": "user", "content": [part]}]);
    for (field, value, place) in [
        ("n", json!(2), "n"),
        ("logprobs", json!(true), "logprobs"),
        ("logit_bias", json!({"1": 5}), "logit_bias"),
        ("audio", json!({"voice": "a"}), "audio"),
        ("modalities", json!(["text", "audio"]), "modalities"),
        ("functions", json!([]), "functions"),
        ("web_search_options", json!({}), "web_search_options"),
        ("min_p", json!(0.1), "min_p"),
        ("temperature", json!(1.5), "temperature"),
        ("frequency_penalty", json!(0.5), "frequency_penalty"),
        ("reasoning_effort", json!("minimal"), "reasoning_effort"),
        ("response_format", json!({"type": "json_object"}), "response_format"),
        ("stop", json!(["\n"]), "stop"),
        ("stop", json!([1]), "stop"),
        ("tools", json!([{"type": "custom", "custom": {}}]), "tools[0].type"),
        ("tool_choice", json!({"type": "allowed_tools"}), "tool_choice"),
        ("messages", part(json!({"type": "input_audio"})), "messages[0].content[0]"),
        ("messages", part(json!({"type": "file"})), "messages[0].content[0]"),
        ("messages", part(json!({"type": "image_url", "image_url": {"url": "ftp://a"}})), "messages[0].content[0]"),
        (
            "messages",
            part(json!({"type": "image_url", "image_url": {"url": "data:image/tiff;base64,QQ"}})),
            "messages[0].content",
        ),
        ("messages", json!([{"role": "function", "content": "x"}]), "messages[0].role"),
        ("messages", json!([{"role": "tool", "content": "x"}]), "messages[0].tool_call_id"),
        ("messages", json!([{"role": "system", "content": "x"}]), "messages"),
        (
            "messages",
            json!([{"role": "assistant", "tool_calls": [{"id": "a", "function": {"name": "f", "arguments": "[1]"}}]}]),
            "messages[0].tool_calls[0].function.arguments",
        ),
    ] {
        let refusal = refused(WireFormat::OpenAi, WireFormat::Anthropic, with(plain.clone(), field, value.clone()));
        assert_eq!(refusal.field, place, "{field}: {value}");
        assert!(refusal.why.len() > 10, "{refusal}");
    }
    for (field, value) in [
        ("n", json!(1)),
        ("logprobs", json!(false)),
        ("frequency_penalty", json!(0)),
        ("audio", json!(null)),
        ("seed", json!(7)),
    ] {
        translated(WireFormat::OpenAi, WireFormat::Anthropic, with(plain.clone(), field, value));
    }
    let tools = json!([{"type": "function", "function": {"name": "f"}}]);
    let with_tools = with(plain, "tools", tools);
    let refusal =
        refused(WireFormat::OpenAi, WireFormat::Ollama, with(with_tools.clone(), "tool_choice", json!("required")));
    assert_eq!(refusal.field, "tool_choice");
    let none = translated(WireFormat::OpenAi, WireFormat::Ollama, with(with_tools, "tool_choice", json!("none")));
    assert_eq!(none.get("tools"), None);
}

#[test]
fn what_only_claude_knows_is_refused_in_words() {
    let plain = json!({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]});
    let block = |block: Value| json!([{"role": "assistant", "content": [block]}]);
    for (field, value, place) in [
        ("top_k", json!(5), "top_k"),
        ("thinking", json!({"type": "enabled", "budget_tokens": 2048}), "thinking"),
        ("mcp_servers", json!([{}]), "tools"),
        ("context_management", json!({}), "context_management"),
        ("tools", json!([{"type": "web_search_20250305", "name": "web_search"}]), "tools"),
        ("tools", json!([{"type": "bash_20250124", "name": "bash"}]), "tools[0].type"),
        ("output_config", json!({"task_budget": {"total": 5}}), "output_config.task_budget"),
        ("output_config", json!({"effort": "huge"}), "output_config.effort"),
        ("thinking", json!({"type": "between_tools"}), "thinking.type"),
        ("messages", block(json!({"type": "thinking", "thinking": "x", "signature": "abc"})), "messages[0].content[0]"),
        ("messages", block(json!({"type": "redacted_thinking", "data": "x"})), "messages[0].content[0]"),
        ("messages", block(json!({"type": "document", "source": {}})), "messages[0].content[0]"),
        ("messages", block(json!({"type": "server_tool_use", "id": "a"})), "messages[0].content[0].type"),
        (
            "messages",
            block(json!({"type": "image", "source": {"type": "file", "file_id": "f"}})),
            "messages[0].content[0].source.type",
        ),
    ] {
        let refusal = refused(WireFormat::Anthropic, WireFormat::OpenAi, with(plain.clone(), field, value.clone()));
        assert_eq!(refusal.field, place, "{field}: {value}");
    }
    let image = json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "QQ"}});
    let result =
        json!([{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": [image]}]}]);
    assert_eq!(
        refused(WireFormat::Anthropic, WireFormat::OpenAi, with(plain, "messages", result)).field,
        "messages[0].content"
    );
}

/// What a chat says, whatever the format: who said which texts, called which tools with what, and got what back.
#[derive(Clone, Debug)]
enum Said {
    User(String),
    Assistant(String),
    /// A call, then its result.
    Call {
        name: String,
        argument: i64,
        result: String,
    },
}

fn said() -> impl Strategy<Value = Said> {
    let text = || "[a-zé€ ]{0,8}[a-z]";
    prop_oneof![
        text().prop_map(Said::User),
        text().prop_map(Said::Assistant),
        ("[a-z]{1,6}", any::<i64>(), text()).prop_map(|(name, argument, result)| Said::Call { name, argument, result }),
    ]
}

fn written(chat: &[Said]) -> Value {
    let mut messages = vec![json!({"role": "system", "content": "S"}), json!({"role": "user", "content": "U"})];
    for (index, said) in chat.iter().enumerate() {
        match said {
            Said::User(text) => messages.push(json!({"role": "user", "content": text})),
            Said::Assistant(text) => messages.push(json!({"role": "assistant", "content": text})),
            Said::Call { name, argument, result } => {
                let (id, arguments) = (format!("c{index}"), json!({"a": argument}).to_string());
                let function = json!({"name": name, "arguments": arguments});
                let call = json!({"id": id, "type": "function", "function": function});
                messages.push(json!({"role": "assistant", "content": null, "tool_calls": [call]}));
                messages.push(json!({"role": "tool", "tool_call_id": id, "content": result}));
            }
        }
    }
    let parameters = json!({"type": "object", "properties": {"a": {"type": "integer"}}});
    let tool = json!({"type": "function", "function": {"name": "t", "parameters": parameters}});
    json!({"model": "m", "messages": messages, "tools": [tool]})
}

/// Everything said in an OpenAI request, in order; the frames of messages do not matter.
fn heard(body: &Map<String, Value>) -> Vec<(String, String)> {
    let mut heard = Vec::new();
    for message in body["messages"].as_array().expect("messages") {
        let role = message["role"].as_str().expect("a role");
        match &message["content"] {
            Value::String(text) => heard.push((role.to_owned(), text.clone())),
            Value::Array(parts) => {
                heard.extend(
                    parts.iter().map(|part| (role.to_owned(), part["text"].as_str().expect("text").to_owned())),
                );
            }
            _ => {}
        }
        for call in message["tool_calls"].as_array().map(Vec::as_slice).unwrap_or_default() {
            heard.push((call["id"].as_str().expect("an id").to_owned(), call["function"].to_string()));
        }
        if let Some(id) = message["tool_call_id"].as_str() {
            heard.push(("result of".to_owned(), id.to_owned()));
        }
    }
    heard
}

proptest! {
    #[test]
    fn there_and_back_keeps_text_tools_calls_and_results(chat in prop::collection::vec(said(), 0..8)) {
        let original = request(WireFormat::OpenAi, written(&chat));
        for via in [WireFormat::Anthropic, WireFormat::Ollama] {
            let there = translate_request(&original, via).expect("translatable").with_max_output(5, CapField::MaxTokens);
            let back = translate_request(&there, WireFormat::OpenAi).expect("translatable back");
            prop_assert_eq!(heard(back.body()), heard(original.body()));
            prop_assert_eq!(&back.body()["tools"], &original.body()["tools"]);
        }
    }

    #[test]
    fn no_request_makes_it_panic(
        content in testing::json_value(), extra in testing::json_value(), field in testing::word(), role in testing::word()
    ) {
        let mut body = Map::new();
        body.insert("model".to_owned(), "m".into());
        body.insert("messages".to_owned(), json!([{"role": role, "content": content}, {"role": "user", "content": "x"}, content]));
        body.insert(field, extra);
        for from in FORMATS {
            let Ok(request) = WireRequest::from_body(from, body.clone()) else { continue };
            for to in FORMATS {
                if let Err(refusal) = translate_request(&request, to) {
                    prop_assert!(!refusal.why.is_empty());
                }
            }
        }
    }
}
