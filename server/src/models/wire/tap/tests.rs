//! Every case of accounting.md §4, T8, and any division into pieces.

use super::*;
use crate::models::wire::testing;
use proptest::prelude::*;

fn tapped(format: WireFormat, is_streaming: bool, body: &str) -> Tap {
    let mut tap = Tap::new(format, is_streaming);
    tap.push(body.as_bytes());
    tap.finish();
    tap
}

fn openai(events: &[&str]) -> Tap {
    tapped(WireFormat::OpenAi, true, &events.iter().map(|data| format!("data: {data}\n\n")).collect::<String>())
}

fn anthropic(events: &[&str]) -> Tap {
    tapped(
        WireFormat::Anthropic,
        true,
        &events.iter().map(|data| format!("event: x\ndata: {data}\n\n")).collect::<String>(),
    )
}

fn usage(input: Option<i64>, cache_read: Option<i64>, output: Option<i64>, is_final: bool) -> ReportedUsage {
    ReportedUsage { input, cache_read, output, is_final, ..ReportedUsage::default() }
}

const TEXT: &str = r#"{"choices":[{"index":0,"delta":{"role":"assistant","content":"Héllo"}}]}"#;
const STOP: &str = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;
const USAGE: &str =
    r#"{"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":3,"prompt_tokens_details":{"cached_tokens":4}}}"#;

#[test]
fn openai_usage_comes_in_many_ways() {
    let exact = usage(Some(6), Some(4), Some(3), true);
    let null = USAGE.replace("[]", "null");
    let on_finish = STOP.replace("]}", &format!("],{}", &USAGE[14..]));
    for events in [
        &[TEXT, STOP, USAGE, "[DONE]"][..],
        &[TEXT, STOP, &null, "[DONE]"],
        &[TEXT, &on_finish, "[DONE]"],
        &[TEXT, STOP, USAGE],
        &[TEXT, STOP, r#"{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1}}"#, USAGE],
    ] {
        let tap = openai(events);
        assert_eq!((tap.reported(), tap.state()), (exact, TapState::Finished), "{events:?}");
        assert_eq!(tap.received_bytes(), 6);
    }
}

#[test]
fn a_running_total_is_not_the_last_word() {
    let running = TEXT.replace("]}", r#"],"usage":{"prompt_tokens":10,"completion_tokens":1}}"#);
    let tap = openai(&[&running]);
    assert_eq!((tap.reported(), tap.state()), (usage(Some(10), None, Some(1), false), TapState::Begun));
    let early = openai(&[r#"{"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":0}}"#, TEXT]);
    assert_eq!((early.reported(), early.state()), (usage(Some(10), None, Some(0), false), TapState::Begun));
    assert!(openai(&[TEXT, USAGE, "[DONE]"]).reported().is_final, "no reason to stop, but an end");
    assert!(!openai(&[TEXT, USAGE, TEXT, "[DONE]"]).reported().is_final);
    assert_eq!(openai(&[&running, STOP, USAGE]).reported(), usage(Some(6), Some(4), Some(3), true));
}

#[test]
fn zero_is_told_and_absent_is_not() {
    let zero = r#"{"choices":[],"usage":{"prompt_tokens":0,"completion_tokens":0}}"#;
    assert_eq!(openai(&[STOP, zero]).reported(), usage(Some(0), None, Some(0), true));
    assert_eq!(openai(&[TEXT, STOP, "[DONE]"]).reported(), ReportedUsage::default());
    for none in [r#"{"usage":null}"#, r#"{"usage":{}}"#, r#"{"usage":{"prompt_tokens":-1,"completion_tokens":"3"}}"#] {
        assert_eq!(openai(&[STOP, none]).reported(), ReportedUsage::default(), "{none}");
    }
}

#[test]
fn everything_the_model_wrote_counts() {
    let call = r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"c1","type":"function","function":{"name":"find","arguments":"{\"q\""}}]}}]}"#;
    assert_eq!(openai(&[call]).received_bytes(), 2 + 4 + 4);
    let reasoning = r#"{"choices":[{"delta":{"reasoning_content":"Hmm"}}]}"#;
    assert_eq!(openai(&[reasoning]).received_bytes(), 3);
    let whole = r#"{"choices":[{"index":0,"message":{"role":"assistant","content":"Hi","refusal":null},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2}}"#;
    let tap = tapped(WireFormat::OpenAi, false, whole);
    assert_eq!(
        (tap.received_bytes(), tap.state(), tap.reported()),
        (2, TapState::Finished, usage(Some(1), None, Some(2), true))
    );
    let ollama = tapped(
        WireFormat::Ollama,
        true,
        r#"{"message":{"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":{"a":1}}}]}}"#,
    );
    assert!(ollama.received_bytes() >= 7);
}

#[test]
fn several_answers_end_when_all_have() {
    let other = STOP.replace("\"index\":0", "\"index\":1");
    let first_of_other = TEXT.replace("\"index\":0", "\"index\":1");
    assert_eq!(openai(&[TEXT, &first_of_other, STOP]).state(), TapState::Begun);
    assert_eq!(openai(&[TEXT, &first_of_other, STOP, &other]).state(), TapState::Finished);
}

#[test]
fn errors_are_seen_wherever_they_stand() {
    let error = r#"{"error":{"message":"x","type":"server_error"}}"#;
    assert_eq!(openai(&[error]).state(), TapState::Failed { had_begun: false });
    assert_eq!(openai(&[TEXT, error]).state(), TapState::Failed { had_begun: true });
    let streaming = tapped(WireFormat::OpenAi, true, error);
    assert_eq!((streaming.state(), streaming.received_bytes()), (TapState::Failed { had_begun: false }, 0));
    assert_eq!(tapped(WireFormat::OpenAi, false, error).state(), TapState::Failed { had_begun: false });
    let anthropic_error = r#"{"type":"error","error":{"type":"overloaded_error","message":"x"}}"#;
    let start = r#"{"type":"message_start","message":{"usage":{"input_tokens":5,"output_tokens":1}}}"#;
    assert_eq!(anthropic(&[start, anthropic_error]).state(), TapState::Failed { had_begun: true });
    assert_eq!(tapped(WireFormat::Anthropic, false, anthropic_error).state(), TapState::Failed { had_begun: false });
    let ollama = "{\"message\":{\"content\":\"Hi\"},\"done\":false}\n{\"error\":\"out of memory\"}\n";
    let tap = tapped(WireFormat::Ollama, true, ollama);
    assert_eq!((tap.state(), tap.received_bytes()), (TapState::Failed { had_begun: true }, 2));
}

#[test]
fn anthropic_totals_are_merged_field_by_field() {
    let start = r#"{"type":"message_start","message":{"usage":{"input_tokens":10,"cache_read_input_tokens":2,"cache_creation_input_tokens":7,"cache_creation":{"ephemeral_5m_input_tokens":4,"ephemeral_1h_input_tokens":3},"output_tokens":1}}}"#;
    let text = r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Héllo"}}"#;
    let delta = |tokens: u32| {
        format!(
            r#"{{"type":"message_delta","delta":{{"stop_reason":"end_turn"}},"usage":{{"output_tokens":{tokens}}}}}"#
        )
    };
    let early = r#"{"type":"message_delta","delta":{"stop_reason":null},"usage":{"output_tokens":4}}"#;
    let expected = ReportedUsage {
        input: Some(10),
        cache_read: Some(2),
        cache_write_5m: Some(4),
        cache_write_1h: Some(3),
        output: Some(9),
        searches: None,
        open_rounds: 0,
        is_final: true,
    };
    let ping = r#"{"type":"ping"}"#;
    let tap = anthropic(&[start, ping, text, early, &delta(8), &delta(9), r#"{"type":"message_stop"}"#]);
    assert_eq!((tap.reported(), tap.state(), tap.received_bytes()), (expected, TapState::Finished, 6));
    let broken = anthropic(&[start, text, early]);
    assert_eq!(broken.reported(), ReportedUsage { output: Some(4), is_final: false, ..expected });
    assert_eq!(broken.state(), TapState::Begun);
}

#[test]
fn searches_are_heard_as_they_begin_and_end() {
    let start = r#"{"type":"message_start","message":{"usage":{"input_tokens":10,"output_tokens":1}}}"#;
    let block = |kind: &str, rest: &str| {
        format!(r#"{{"type":"content_block_start","index":1,"content_block":{{"type":"{kind}"{rest}}}}}"#)
    };
    let search = block("server_tool_use", r#","name":"web_search","id":"s","input":{}"#);
    let fetch = block("server_tool_use", r#","name":"web_fetch","id":"f","input":{}"#);
    let found = block("web_search_tool_result", r#","content":[]"#);
    let heard = |events: &[&str]| {
        let reported = anthropic(events).reported();
        (reported.input, reported.searches, reported.open_rounds, reported.is_final)
    };
    assert_eq!(heard(&[start, &fetch]), (Some(10), None, 0, false));
    assert_eq!(heard(&[start, &search]), (Some(10), Some(1), 1, false));
    assert_eq!(heard(&[start, &search, &found]), (Some(10), Some(1), 0, false));
    assert_eq!(heard(&[start, &search, &found, &search]), (Some(10), Some(2), 1, false));
    let stop = |usage: &str| {
        format!(
            r#"{{"type":"message_delta","delta":{{"stop_reason":"end_turn"}},"usage":{{"output_tokens":5{usage}}}}}"#
        )
    };
    // The provider's own count is what it bills: one of the two may have failed.
    let told = stop(r#","input_tokens":50,"server_tool_use":{"web_search_requests":1}"#);
    assert_eq!(heard(&[start, &search, &found, &search, &found, &told]), (Some(50), Some(1), 0, true));
    assert_eq!(heard(&[start, &search, &found, &told, &stop("")]), (Some(50), Some(1), 0, true), "told is told");
    // One that only tells the output leaves open what the later rounds read.
    assert_eq!(heard(&[start, &search, &found, &stop("")]), (Some(10), Some(1), 0, false));
    assert_eq!(heard(&[start, &stop("")]), (Some(10), None, 0, true));
    let zero = r#"{"type":"message_start","message":{"usage":{"input_tokens":10,"server_tool_use":{"web_search_requests":0}}}}"#;
    assert_eq!(heard(&[zero, &search, &found]), (Some(10), Some(1), 0, false));
    let whole = r#"{"type":"message","content":[{"type":"server_tool_use","name":"web_search","input":{"query":"q"}},{"type":"web_search_tool_result","content":[]}],"stop_reason":"end_turn","usage":{"input_tokens":50,"output_tokens":5,"server_tool_use":{"web_search_requests":1}}}"#;
    let whole = tapped(WireFormat::Anthropic, false, whole).reported();
    assert_eq!((whole.searches, whole.open_rounds, whole.is_final), (Some(1), 0, true));
}

#[test]
fn what_can_no_longer_be_read_leaves_all_rounds_open() {
    let mut tap = Tap::new(WireFormat::Anthropic, true);
    tap.push(b"event: x\ndata: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":10}}}\n\ndata: ");
    for _ in 0..40 {
        tap.push(&[b'x'; 65_536]);
    }
    let reported = tap.reported();
    assert_eq!((reported.input, reported.open_rounds, reported.is_final), (Some(10), MAX_ROUNDS, false));
}

#[test]
fn a_whole_message_is_read() {
    let whole = r#"{"type":"message","role":"assistant","content":[{"type":"text","text":"Hi"},{"type":"tool_use","id":"t","name":"find","input":{"q":1}}],"stop_reason":"tool_use","usage":{"input_tokens":3,"output_tokens":5}}"#;
    let tap = tapped(WireFormat::Anthropic, false, whole);
    assert_eq!((tap.reported(), tap.state()), (usage(Some(3), None, Some(5), true), TapState::Finished));
    assert!(tap.received_bytes() >= 2 + 4 + 7);
}

#[test]
fn ollama_may_not_count_a_cached_prompt() {
    let tap = tapped(
        WireFormat::Ollama,
        true,
        "{\"message\":{\"content\":\"Hi\"},\"done\":false}\r\n{\"message\":{\"content\":\"\"},\"done\":true,\"done_reason\":\"stop\",\"eval_count\":2}",
    );
    assert_eq!((tap.reported(), tap.state()), (usage(None, None, Some(2), true), TapState::Finished));
}

#[test]
fn what_broke_off_is_bounded_by_its_bytes() {
    let mut tap = Tap::new(WireFormat::OpenAi, false);
    assert_eq!(tap.state(), TapState::Nothing);
    tap.push(br#"{"choices":[{"message":{"content":"Hel"#);
    assert_eq!((tap.state(), tap.received_bytes()), (TapState::Begun, 38));
    tap.finish();
    assert_eq!((tap.state(), tap.received_bytes()), (TapState::Begun, 38), "truncated JSON");
    let tap = openai(&[r#"{"choices":[{"delta":{"content":"Hel"#]);
    assert_eq!((tap.state(), tap.received_bytes()), (TapState::Begun, 36));
    let mut tap = Tap::new(WireFormat::OpenAi, true);
    tap.push(format!("data: {TEXT}\n\n").as_bytes());
    for _ in 0..200 {
        tap.push(&[b'x'; 10_000]);
    }
    tap.push(b"\n\ndata: {}\n\n");
    tap.finish();
    assert_eq!(
        (tap.state(), tap.reported()),
        (TapState::Begun, ReportedUsage { open_rounds: MAX_ROUNDS, ..ReportedUsage::default() })
    );
    assert!(tap.received_bytes() >= 2_000_000, "what came before it was too long, and after");
}

#[test]
fn nothing_is_known_of_an_empty_body() {
    for format in [WireFormat::OpenAi, WireFormat::Anthropic, WireFormat::Ollama] {
        assert_eq!(tapped(format, true, ": ping\n\n").reported(), ReportedUsage::default());
        assert_eq!(tapped(format, false, "").state(), TapState::Nothing);
    }
    assert_eq!(openai(&["[DONE]"]).state(), TapState::Nothing);
}

fn seen(tap: &Tap) -> (ReportedUsage, TapState, i64) {
    (tap.reported(), tap.state(), tap.received_bytes())
}

proptest! {
    #[test]
    fn any_division_is_read_the_same(
        values in prop::collection::vec(testing::json_value(), 0..6),
        line in prop::sample::select(&["\n", "\r\n"][..]),
        sizes in prop::collection::vec(1..9_usize, 1..12),
        is_streaming in any::<bool>(),
    ) {
        for format in [WireFormat::OpenAi, WireFormat::Anthropic, WireFormat::Ollama] {
            let prefix = if format.streams_events() { "data: " } else { "" };
            let known = [TEXT, STOP, USAGE, r#"{"done":true,"eval_count":2,"message":{"content":"é"}}"#];
            let lines = known.iter().map(|text| (*text).to_owned()).chain(values.iter().map(Value::to_string));
            let body: String = lines.map(|text| format!("{prefix}{text}{line}{line}: ping{line}{line}")).collect();
            let whole = tapped(format, is_streaming, &body);
            let mut tap = Tap::new(format, is_streaming);
            testing::in_pieces(body.as_bytes(), &sizes, |piece| tap.push(piece));
            tap.finish();
            prop_assert_eq!(seen(&whole), seen(&tap));
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), is_streaming in any::<bool>()) {
        for format in [WireFormat::OpenAi, WireFormat::Anthropic, WireFormat::Ollama] {
            let mut tap = Tap::new(format, is_streaming);
            tap.push(&bytes);
            tap.finish();
            prop_assert!(tap.received_bytes() >= 0);
        }
    }
}
