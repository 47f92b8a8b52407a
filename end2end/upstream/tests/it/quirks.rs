//! Streams that are unusual, but not broken.

use serde_json::Value;
use upstream::{Format, Quirk, Script, Upstream};

use crate::client::{Response, ask, body, said};

async fn told(format: Format, script: Script) -> (Response, i64) {
    let upstream = Upstream::start().await.unwrap();
    upstream.enqueue(script);
    let response = ask(&upstream, format, &body(format, "Hello")).await;
    assert!(response.is_whole, "{format:?}");
    (response, upstream.bill().output)
}

/// All reports of output, in order.
fn reports(format: Format, response: &Response) -> Vec<i64> {
    let output = |event: &Value| match format {
        Format::Anthropic => event["usage"]["output_tokens"].as_i64(),
        Format::OpenAi => event["usage"]["completion_tokens"].as_i64(),
        Format::Ollama => event["eval_count"].as_i64(),
    };
    response.events().iter().filter_map(output).collect()
}

#[tokio::test]
async fn chunks_can_be_bytes_or_end_in_characters_and_lines_can_end_with_crlf() {
    for format in Format::ALL {
        let text = "Größe: 5 €";
        let (bytes, _) = told(format, Script { split_bytes: Some(1), ..Script::text(text) }).await;
        assert!(bytes.chunks.iter().all(|chunk| chunk.len() == 1) && said(format, &bytes) == text, "{format:?}");
        let (split, _) = told(format, Script::text(text).quirk(Quirk::SplitCharacters)).await;
        let torn = split.chunks.iter().filter(|chunk| std::str::from_utf8(chunk).is_err()).count();
        assert!(torn >= 3 && said(format, &split) == text, "{format:?}: {torn}");
        let (crlf, _) = told(format, Script { crlf: true, ..Script::text(text) }).await;
        assert_eq!(crlf.text().matches('\n').count(), crlf.text().matches("\r\n").count(), "{format:?}");
        assert_eq!(said(format, &crlf), text);
    }
}

#[tokio::test]
async fn comments_and_pings_stand_before_every_event() {
    for format in Format::ALL {
        let plain = told(format, Script::text("Yes.")).await.0;
        for quirk in [Quirk::Comments, Quirk::Pings] {
            let (response, _) = told(format, Script::text("Yes.").quirk(quirk)).await;
            assert_eq!(said(format, &response), "Yes.");
            assert!(response.text().lines().count() >= 2 * plain.events().len(), "{format:?} {quirk:?}");
        }
    }
    let (pings, _) = told(Format::Anthropic, Script::text("Yes.").quirk(Quirk::Pings)).await;
    assert_eq!(pings.text().matches("event: ping").count(), 6);
    let (comments, _) = told(Format::OpenAi, Script::text("Yes.").quirk(Quirk::Comments)).await;
    assert_eq!(comments.text().matches("\n: data: a comment\n").count(), 5);
}

#[tokio::test]
async fn usage_can_come_twice_in_steps_late_or_everywhere() {
    let script = || Script::texts(&["12345678", "12345678"]).usage(|usage| usage.output = Some(9));
    for format in Format::ALL {
        let quirk = async |quirk| {
            let (response, billed) = told(format, script().quirk(quirk)).await;
            assert_eq!((billed, said(format, &response).len()), (9, 16), "{format:?} {quirk:?}");
            reports(format, &response)
        };
        assert_eq!(quirk(Quirk::UsageTwice).await, [9, 9], "{format:?}");
        assert_eq!(quirk(Quirk::UsageInSteps).await, [3, 6, 9], "{format:?}");
        assert_eq!(quirk(Quirk::UsageAfterEnd).await, [9], "{format:?}");
        let everywhere: &[i64] = match format {
            Format::Anthropic => &[9],
            Format::OpenAi => &[0, 2, 4, 9, 9],
            Format::Ollama => &[2, 4, 9],
        };
        assert_eq!(quirk(Quirk::UsageEverywhere).await, everywhere, "{format:?}");
        assert_eq!(quirk(Quirk::UsageOnFinish).await, [9], "{format:?}");
    }
}

#[tokio::test]
async fn usage_after_the_end_is_after_the_end() {
    for (format, end) in
        [(Format::Anthropic, "event: message_stop"), (Format::OpenAi, "[DONE]"), (Format::Ollama, r#""done":true"#)]
    {
        let (response, _) = told(format, Script::text("Yes.").quirk(Quirk::UsageAfterEnd)).await;
        let text = response.text();
        let (before, after) = text.split_once(end).unwrap();
        let usage = if format == Format::Ollama { "eval_count" } else { "_tokens\":1" };
        let told =
            if format == Format::Anthropic { before.split_once("content_block_start").unwrap().1 } else { before };
        assert!(!told.contains(usage) && after.contains(usage), "{format:?}: {text}");
    }
}

#[tokio::test]
async fn zeros_can_come_first() {
    for format in Format::ALL {
        let script = Script::text("Yes.").usage(|usage| usage.input = Some(77)).quirk(Quirk::ZerosFirst);
        let (response, _) = told(format, script).await;
        let events = response.events();
        let (first, last) = match format {
            Format::Anthropic => (&events[0]["message"]["usage"]["input_tokens"], &events[4]["usage"]["input_tokens"]),
            Format::OpenAi => (&events[0]["usage"]["prompt_tokens"], &events[3]["usage"]["prompt_tokens"]),
            Format::Ollama => (&events[0]["prompt_eval_count"], &events[1]["prompt_eval_count"]),
        };
        assert_eq!((first.as_i64(), last.as_i64()), (Some(0), Some(77)), "{format:?}");
    }
}

#[tokio::test]
async fn explicit_zeros_are_said() {
    for format in Format::ALL {
        let script = Script::text("Yes.").usage(|usage| (usage.input, usage.output) = (Some(0), Some(0)));
        let (response, billed) = told(format, script).await;
        assert_eq!((reports(format, &response), billed), (vec![0], 0), "{format:?}");
    }
}

#[tokio::test]
async fn openai_has_quirks_of_its_own() {
    let format = Format::OpenAi;
    let (null, _) = told(format, Script::text("Yes.").quirk(Quirk::NullChoices)).await;
    assert!(null.text().contains(r#""choices":null"#));
    let (finish, _) = told(format, Script::text("Yes.").quirk(Quirk::UsageOnFinish)).await;
    let last = finish.events().pop().unwrap();
    assert_eq!(
        (last["choices"][0]["finish_reason"].as_str(), last["usage"]["completion_tokens"].as_i64()),
        (Some("stop"), Some(1))
    );
    let calls = [("a", "t", serde_json::json!({"x": 1})), ("b", "t", serde_json::json!({"x": 2}))];
    let (in_turn, _) = told(format, Script::tools(calls).quirk(Quirk::CallsInTurn)).await;
    let index = |event: &Value| event["choices"][0]["delta"]["tool_calls"][0]["index"].as_i64();
    assert_eq!(in_turn.events().iter().filter_map(index).collect::<Vec<_>>(), [0, 0, 0, 0, 1, 1, 1, 1]);
}

#[tokio::test]
async fn the_end_can_be_missing() {
    for (format, end) in
        [(Format::Anthropic, "message_stop"), (Format::OpenAi, "[DONE]"), (Format::Ollama, r#""done":true"#)]
    {
        let (response, billed) = told(format, Script::text("Yes.").quirk(Quirk::NoEnd)).await;
        assert!(!response.text().contains(end), "{format:?}");
        assert_eq!((said(format, &response).as_str(), billed), ("Yes.", 1));
    }
}
