use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::models::{sse::SseParser, wire::WireErrorKind, wire::testing};

fn through(from: WireFormat, to: WireFormat, body: &[u8], sizes: &[usize]) -> Vec<u8> {
    let mut translator = Translator::new(from, to, stamp(), true);
    let mut out = Vec::new();
    testing::in_pieces(body, sizes, |piece| out.extend(translator.push(piece)));
    out.extend(translator.finish());
    assert!(translator.is_over() && translator.push(b"data: {}\n\n").is_empty(), "nothing follows the end");
    out
}

fn sse(events: &[Value]) -> String {
    events.iter().map(|data| format!("data: {data}\n\n")).collect()
}

fn read_sse(bytes: &[u8]) -> Vec<(String, String)> {
    let events = SseParser::default().push(bytes).expect("a stream");
    events.into_iter().map(|event| (event.name, event.data)).collect()
}

fn json_of(data: &str) -> Value {
    serde_json::from_str(data).expect("JSON")
}

/// What a client makes of an OpenAI stream: text, calls (id, name, arguments), the reason, and the usage.
#[derive(Debug, Default, PartialEq)]
struct Heard {
    text: String,
    reasoning: String,
    calls: Vec<(String, String, String)>,
    stop: String,
    usage: Value,
}

fn as_openai_client(bytes: &[u8]) -> Heard {
    let mut heard = Heard::default();
    let events = read_sse(bytes);
    assert_eq!(events.last().map(|(_, data)| data.as_str()), Some("[DONE]"));
    for (position, (_, data)) in events[..events.len() - 1].iter().enumerate() {
        let chunk = json_of(data);
        assert_eq!((&chunk["id"], &chunk["object"]), (&json!("chatcmpl-x1"), &json!("chat.completion.chunk")));
        let Some(choice) = chunk["choices"].get(0) else {
            heard.usage = chunk["usage"].clone();
            continue;
        };
        let delta = &choice["delta"];
        assert_eq!(position == 0, delta["role"] == "assistant", "the role comes first and once");
        heard.text.push_str(delta["content"].as_str().unwrap_or_default());
        heard.reasoning.push_str(delta["reasoning_content"].as_str().unwrap_or_default());
        for fragment in delta["tool_calls"].as_array().map(Vec::as_slice).unwrap_or_default() {
            let function = &fragment["function"];
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            if let Some(id) = fragment["id"].as_str() {
                assert_eq!(fragment["index"], heard.calls.len());
                heard.calls.push((id.to_owned(), text(&function["name"]), String::new()));
            }
            let index = usize::try_from(fragment["index"].as_u64().expect("an index")).expect("small");
            heard.calls[index].2.push_str(&text(&function["arguments"]));
        }
        if let Some(reason) = choice["finish_reason"].as_str() {
            reason.clone_into(&mut heard.stop);
        }
    }
    heard
}

/// The same of an Anthropic stream, which must be in order: one block open at a time.
fn as_anthropic_client(bytes: &[u8]) -> Heard {
    let mut heard = Heard::default();
    let (mut open, mut next, mut is_over) = (None, 0, false);
    for (position, (name, data)) in read_sse(bytes).into_iter().enumerate() {
        let event = json_of(&data);
        assert!(!is_over);
        assert_eq!(event["type"], name.as_str());
        assert_eq!(position == 0, name == "message_start");
        match name.as_str() {
            "message_start" => assert_eq!(event["message"]["id"], "msg_x1"),
            "content_block_start" => {
                assert_eq!((open, &event["index"]), (None, &json!(next)));
                open = Some(next);
                let block = &event["content_block"];
                if block["type"] == "tool_use" {
                    let text = |field: &str| block[field].as_str().expect("text").to_owned();
                    heard.calls.push((text("id"), text("name"), String::new()));
                }
            }
            "content_block_delta" => {
                assert_eq!(event["index"], json!(open.expect("an open block")));
                let delta = &event["delta"];
                heard.text.push_str(delta["text"].as_str().unwrap_or_default());
                heard.reasoning.push_str(delta["thinking"].as_str().unwrap_or_default());
                if let Some(piece) = delta["partial_json"].as_str() {
                    heard.calls.last_mut().expect("a call").2.push_str(piece);
                }
            }
            "content_block_stop" => {
                assert_eq!(event["index"], json!(open.take().expect("an open block")));
                next += 1;
            }
            "message_delta" => {
                assert_eq!(open, None);
                event["delta"]["stop_reason"].as_str().expect("a reason").clone_into(&mut heard.stop);
                heard.usage = event["usage"].clone();
            }
            "message_stop" => is_over = true,
            other => panic!("{other}"),
        }
    }
    assert!(is_over);
    heard
}

fn chunk(delta: Value) -> Value {
    json!({"id": "c", "choices": [{"index": 0, "delta": delta, "finish_reason": null}]})
}

fn fragment(index: usize, head: Option<(&str, &str)>, piece: &str) -> Value {
    let mut fragment = json!({"index": index, "function": {"arguments": piece}});
    if let Some((id, name)) = head {
        fragment["id"] = id.into();
        fragment["type"] = "function".into();
        fragment["function"]["name"] = name.into();
    }
    chunk(json!({"tool_calls": [fragment]}))
}

fn finish(reason: &str) -> Value {
    json!({"id": "c", "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
}

fn usage() -> Value {
    json!({"id": "c", "choices": [], "usage": {"prompt_tokens": 12, "completion_tokens": 6}})
}

fn openai_stream(events: &[Value]) -> String {
    format!("{}data: [DONE]\n\n", sse(events))
}

#[test]
fn interleaved_calls_become_blocks_one_after_the_other() {
    let body = openai_stream(&[
        chunk(json!({"role": "assistant", "content": ""})),
        chunk(json!({"reasoning_content": "Hm"})),
        chunk(json!({"content": "Hé"})),
        chunk(json!({"content": "llo"})),
        fragment(0, Some(("c0", "find")), ""),
        fragment(0, None, "{\"q\""),
        fragment(1, Some(("c1", "list")), "{"),
        fragment(0, None, ":1}"),
        fragment(1, None, "}"),
        finish("tool_calls"),
        usage(),
    ]);
    let heard = as_anthropic_client(&through(WireFormat::OpenAi, WireFormat::Anthropic, body.as_bytes(), &[3, 1, 7]));
    let call = |id: &str, name: &str, arguments: &str| (id.to_owned(), name.to_owned(), arguments.to_owned());
    let calls = vec![call("c0", "find", "{\"q\":1}"), call("c1", "list", "{}")];
    let usage = json!({"input_tokens": 12, "output_tokens": 6});
    assert_eq!(heard, Heard { text: "Héllo".into(), reasoning: "Hm".into(), calls, stop: "tool_use".into(), usage });
    let lines = through(WireFormat::OpenAi, WireFormat::Ollama, body.as_bytes(), &[1_000]);
    let lines: Vec<Value> = String::from_utf8(lines).expect("text").lines().map(json_of).collect();
    assert_eq!(lines[3]["message"]["tool_calls"][0]["function"], json!({"name": "find", "arguments": {"q": 1}}));
    let last = lines.last().expect("a line");
    assert_eq!((&last["done"], &last["prompt_eval_count"], &last["eval_count"]), (&json!(true), &json!(12), &json!(6)));
}

fn anthropic_stream() -> String {
    let start = json!({"type": "message_start", "message": {"usage": {"input_tokens": 3, "cache_read_input_tokens": 4, "output_tokens": 1}}});
    let events = [
        start,
        json!({"type": "ping"}),
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Héllo"}}),
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "content_block_start", "index": 1, "content_block": {"type": "tool_use", "id": "t1", "name": "find", "input": {}}}),
        json!({"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": ""}}),
        json!({"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": "{\"q\":"}}),
        json!({"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": "1}"}}),
        json!({"type": "content_block_stop", "index": 1}),
        json!({"type": "content_block_start", "index": 2, "content_block": {"type": "tool_use", "id": "t2", "name": "list", "input": {}}}),
        json!({"type": "content_block_stop", "index": 2}),
        json!({"type": "message_delta", "delta": {"stop_reason": "tool_use", "stop_sequence": null}, "usage": {"output_tokens": 9}}),
        json!({"type": "message_stop"}),
    ];
    events
        .iter()
        .map(|data| format!("event: {}\r\ndata: {data}\r\n\r\n", data["type"].as_str().expect("a type")))
        .collect()
}

#[test]
fn a_message_becomes_chunks() {
    let out = through(WireFormat::Anthropic, WireFormat::OpenAi, anthropic_stream().as_bytes(), &[1]);
    let heard = as_openai_client(&out);
    let call = |id: &str, name: &str, arguments: &str| (id.to_owned(), name.to_owned(), arguments.to_owned());
    let calls = vec![call("t1", "find", "{\"q\":1}"), call("t2", "list", "{}")];
    let usage = json!({"prompt_tokens": 7, "completion_tokens": 9, "total_tokens": 16, "prompt_tokens_details": {"cached_tokens": 4}});
    assert_eq!(heard, Heard { text: "Héllo".into(), calls, stop: "tool_calls".into(), usage, ..Heard::default() });
    let mut without = Translator::new(WireFormat::Anthropic, WireFormat::OpenAi, stamp(), false);
    let out = without.push(anthropic_stream().as_bytes());
    assert!(!String::from_utf8(out).expect("text").contains("usage"), "nobody asked for it");
}

#[test]
fn lines_of_ollama_become_streams_of_the_others() {
    let lines = [
        json!({"message": {"role": "assistant", "content": "", "thinking": "Hm"}, "done": false}),
        json!({"message": {"role": "assistant", "content": "Héllo"}, "done": false}),
        json!({"message": {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "find", "arguments": {"q": 1}}}]}, "done": false}),
        json!({"message": {"role": "assistant", "content": ""}, "done": true, "done_reason": "stop", "prompt_eval_count": 5, "eval_count": 6}),
    ];
    let body: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let openai = as_openai_client(&through(WireFormat::Ollama, WireFormat::OpenAi, body.as_bytes(), &[5]));
    let calls = vec![("call_x1_0".to_owned(), "find".to_owned(), "{\"q\":1}".to_owned())];
    assert_eq!((openai.text.as_str(), openai.reasoning.as_str(), openai.stop.as_str()), ("Héllo", "Hm", "tool_calls"));
    assert_eq!((&openai.calls, &openai.usage["total_tokens"]), (&calls, &json!(11)));
    let anthropic = as_anthropic_client(&through(WireFormat::Ollama, WireFormat::Anthropic, body.as_bytes(), &[5]));
    assert_eq!((anthropic.calls, anthropic.stop.as_str()), (calls, "tool_use"));
}

fn last_error(to: WireFormat, out: &[u8]) -> Option<WireErrorKind> {
    let text = String::from_utf8_lossy(out).into_owned();
    let last = text.trim_end().lines().last()?.to_owned();
    let data = if to.streams_events() { last.strip_prefix("data: ")?.to_owned() } else { last };
    WireError::in_body(&serde_json::from_str(&data).ok()?).map(|error| error.kind)
}

#[test]
fn what_goes_wrong_is_told_in_the_clients_own_shape() {
    let begun = sse(&[chunk(json!({"content": "Hel"}))]);
    let error = json!({"error": {"message": "Busy", "type": "overloaded_error"}});
    for to in FORMATS {
        for (body, kind) in [
            (format!("{begun}data: {error}\n\n"), WireErrorKind::Overloaded),
            (error.to_string(), WireErrorKind::Overloaded),
            (begun.clone(), WireErrorKind::Upstream),
            (String::new(), WireErrorKind::Upstream),
            ("data: [DONE]\n\n".to_owned(), WireErrorKind::Upstream),
            (format!("{begun}data: {{\"choices\n\n"), WireErrorKind::Upstream),
            (format!("{begun}{}", "x".repeat(2 * 1024 * 1024)), WireErrorKind::Upstream),
            (sse(&[fragment(0, None, "{}")]), WireErrorKind::Upstream),
        ] {
            let out = through(WireFormat::OpenAi, to, body.as_bytes(), &[1 << 20]);
            // Formats without kinds cannot tell an overload.
            let told = if to == WireFormat::Anthropic { kind } else { WireErrorKind::Upstream };
            assert_eq!(last_error(to, &out), Some(told), "{}", String::from_utf8_lossy(&out));
            assert!(!String::from_utf8_lossy(&out).contains("message_stop"));
        }
        let mut translator = Translator::new(WireFormat::OpenAi, to, stamp(), false);
        translator.push(begun.as_bytes());
        let out = translator.abort(WireError::new(WireErrorKind::Timeout, "The provider fell silent."));
        assert!(last_error(to, &out).is_some() && translator.finish().is_empty());
    }
}

#[test]
fn sloppy_ends_are_ends() {
    let text = || chunk(json!({"content": "Hi"}));
    let whole = json!({"choices": [{"index": 0, "message": {"content": "Hi"}, "finish_reason": "stop"}]});
    for body in [
        openai_stream(&[text()]),
        sse(&[text(), finish("stop")]),
        format!("{}data: {}", sse(&[text()]), finish("stop")),
        openai_stream(&[text(), finish("stop"), finish("length")]),
        whole.to_string(),
    ] {
        let heard = as_anthropic_client(&through(WireFormat::OpenAi, WireFormat::Anthropic, body.as_bytes(), &[9]));
        assert_eq!((heard.text.as_str(), heard.stop.as_str()), ("Hi", "end_turn"), "{body}");
    }
}

#[test]
fn calls_that_share_an_index_are_told_apart_by_their_ids() {
    let body = openai_stream(&[
        fragment(0, Some(("a", "find")), "{}"),
        fragment(0, Some(("b", "find")), "{\"q\":1}"),
        finish("stop"),
    ]);
    let heard = as_anthropic_client(&through(WireFormat::OpenAi, WireFormat::Anthropic, body.as_bytes(), &[9]));
    assert_eq!(heard.calls.iter().map(|call| call.2.as_str()).collect::<Vec<_>>(), ["{}", "{\"q\":1}"]);
    assert_eq!(heard.stop, "tool_use");
}

/// A step of an OpenAI stream.
#[derive(Clone, Debug)]
enum Step {
    Text(String),
    Reasoning(String),
    Piece(usize, String),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        "[a-zé€😀\" ]{1,5}".prop_map(Step::Text),
        "[a-z]{1,5}".prop_map(Step::Reasoning),
        (0..3_usize, "[a-z{}\"é]{1,4}").prop_map(|(call, piece)| Step::Piece(call, piece)),
    ]
}

/// The stream, and what a client must hear; calls in the order in which they begin.
fn played(steps: &[Step]) -> (String, Heard) {
    let mut heard = Heard { stop: "tool_calls".into(), ..Heard::default() };
    let mut begun: BTreeMap<usize, usize> = BTreeMap::new();
    let mut events = vec![chunk(json!({"role": "assistant"}))];
    for step in steps {
        match step {
            Step::Text(text) => {
                heard.text.push_str(text);
                events.push(chunk(json!({"content": text})));
            }
            Step::Reasoning(text) => {
                heard.reasoning.push_str(text);
                events.push(chunk(json!({"reasoning_content": text})));
            }
            Step::Piece(call, piece) => {
                let id = format!("c{call}");
                let head = (!begun.contains_key(call)).then_some((id.as_str(), "find"));
                let place = *begun.entry(*call).or_insert(heard.calls.len());
                if head.is_some() {
                    heard.calls.push((id.clone(), "find".into(), String::new()));
                }
                heard.calls[place].2.push_str(piece);
                events.push(fragment(*call, head, piece));
            }
        }
    }
    events.push(finish("tool_calls"));
    (openai_stream(&events), heard)
}

proptest! {
    #[test]
    fn any_stream_says_the_same_in_any_division(
        steps in prop::collection::vec(step(), 0..12), sizes in prop::collection::vec(1..20_usize, 1..9)
    ) {
        let (body, mut expected) = played(&steps);
        if expected.calls.is_empty() {
            expected.stop = "tool_calls".into();
        }
        let there = through(WireFormat::OpenAi, WireFormat::Anthropic, body.as_bytes(), &[1 << 20]);
        prop_assert_eq!(&there, &through(WireFormat::OpenAi, WireFormat::Anthropic, body.as_bytes(), &sizes));
        let heard = as_anthropic_client(&there);
        prop_assert_eq!((&heard.text, &heard.reasoning, &heard.calls), (&expected.text, &expected.reasoning, &expected.calls));
        prop_assert_eq!(heard.stop, "tool_use");
        let back = as_openai_client(&through(WireFormat::Anthropic, WireFormat::OpenAi, &there, &sizes));
        prop_assert_eq!((back.text, back.reasoning, back.stop), (expected.text, expected.reasoning, expected.stop));
        // Blocks without arguments say so.
        prop_assert_eq!(back.calls, expected.calls);
    }

    #[test]
    fn every_stream_ends_once_whatever_comes(
        values in prop::collection::vec(testing::json_value(), 0..6),
        deltas in prop::collection::vec(testing::json_value(), 0..4),
        bytes in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        for from in FORMATS {
            let prefix = if from.streams_events() { "data: " } else { "" };
            let mut body = Vec::new();
            for value in values.iter().cloned().chain(deltas.iter().flat_map(|delta| [
                chunk(delta.clone()),
                json!({"message": delta, "done": false}),
                json!({"type": "content_block_delta", "index": 0, "delta": delta}),
                json!({"type": "content_block_start", "index": 0, "content_block": delta}),
            ])) {
                body.extend(format!("{prefix}{value}\n\n").into_bytes());
            }
            body.extend(&bytes);
            for to in FORMATS {
                let out = String::from_utf8(through(from, to, &body, &[11])).expect("text");
                let ends = match to {
                    WireFormat::OpenAi => ["data: [DONE]\n", "data: {\"error\""],
                    WireFormat::Anthropic => ["event: message_stop\n", "event: error\n"],
                    WireFormat::Ollama => ["\"done\":true", "{\"error\":\""],
                };
                let ends: usize = ends.iter().map(|end| out.matches(end).count()).sum();
                prop_assert_eq!(ends, 1, "{}", out);
            }
        }
    }
}
