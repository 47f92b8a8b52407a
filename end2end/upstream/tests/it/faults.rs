//! What goes wrong, in every format.

use serde_json::json;
use upstream::{ApiError, FaultKind, Flood, Format, Script, Step, Upstream};

use crate::client::{Connection, ask, body, capped, open, said, whole_body};

#[tokio::test]
async fn a_cut_is_seen_as_one_and_what_was_made_is_billed() {
    for format in Format::ALL {
        let upstream = Upstream::start().await.unwrap();
        upstream
            .enqueue(Script::text("This is the first half, ").usage(|usage| usage.input = Some(50)).step(Step::Reset));
        let response = ask(&upstream, format, &body(format, "Hello")).await;
        assert_eq!((response.status, response.is_whole), (200, false), "{format:?}");
        assert_eq!(said(format, &response), "This is the first half, ");
        let bill = upstream.bill_of(format);
        assert_eq!((bill.calls, bill.input, bill.output), (1, 50, 6), "{format:?}");
    }
}

#[tokio::test]
async fn a_body_can_end_without_an_end() {
    for format in Format::ALL {
        let upstream = Upstream::start().await.unwrap();
        upstream.enqueue(Script::text("Half").step(Step::End));
        let response = ask(&upstream, format, &body(format, "Hello")).await;
        assert!(response.is_whole && said(format, &response) == "Half", "{format:?}");
        let text = response.text();
        assert!(!["message_stop", "[DONE]", "\"done\":true"].iter().any(|end| text.contains(end)), "{text}");
        upstream.enqueue(Script::texts(&["Half", "Rest"]).fault(1, FaultKind::End));
        assert!(ask(&upstream, format, &body(format, "Hello")).await.events().len() == 1, "{format:?}");
    }
}

#[tokio::test]
async fn every_event_can_be_the_last() {
    for format in Format::ALL {
        let upstream = Upstream::start().await.unwrap();
        let script = Script::texts(&["one ", "two ", "three"]);
        upstream.enqueue(script.clone());
        let separators = |text: &str| text.matches(if format == Format::Ollama { "\n" } else { "\n\n" }).count();
        let all = separators(&ask(&upstream, format, &body(format, "Hello")).await.text());
        let whole = upstream.bill().output;
        for at in 0..all {
            for kind in [FaultKind::Reset, FaultKind::End] {
                let before = upstream.bill();
                upstream.enqueue(script.clone().fault(at, kind.clone()));
                let response = ask(&upstream, format, &body(format, "Hello")).await;
                assert_eq!(separators(&response.text()), at, "{format:?} {kind:?} at {at}");
                let bill = upstream.bill();
                assert_eq!(bill.calls - before.calls, i64::from(at > 0));
                assert!(bill.output - before.output <= whole);
            }
        }
    }
}

#[tokio::test]
async fn json_can_be_truncated() {
    for format in Format::ALL {
        let upstream = Upstream::start().await.unwrap();
        upstream.enqueue(Script::texts(&["one ", "two "]).fault(1, FaultKind::Truncate));
        let response = ask(&upstream, format, &body(format, "Hello")).await;
        assert!(response.is_whole && response.events().len() == 1, "{format:?}");
        assert!(!response.text().ends_with('\n'), "{format:?}");
        upstream.enqueue(Script::text("one").fault(0, FaultKind::Truncate));
        let whole = ask(&upstream, format, &whole_body(format, "Hello")).await;
        assert!(whole.is_whole && serde_json::from_str::<serde_json::Value>(&whole.text()).is_err(), "{format:?}");
        assert!(upstream.bill().output >= 1, "the rest was made, too");
    }
}

#[tokio::test]
async fn an_error_can_follow_text_or_be_dressed_as_a_success() {
    for format in Format::ALL {
        let upstream = Upstream::start().await.unwrap();
        let error = ApiError::new(200, "overloaded_error", "Overloaded");
        upstream.enqueue(Script::text("Half").step(Step::Error(error.clone())));
        upstream.enqueue(Script::texts(&["Half", "Rest"]).fault(0, FaultKind::Error(error.clone())));
        upstream.enqueue(Script::refuse(error));
        let [late, early, dressed] = [
            ask(&upstream, format, &body(format, "Hello")).await,
            ask(&upstream, format, &body(format, "Hello")).await,
            ask(&upstream, format, &body(format, "Hello")).await,
        ];
        assert_eq!((late.status, said(format, &late).as_str()), (200, "Half"));
        assert!(late.text().contains("Overloaded") && late.is_whole);
        assert_eq!((early.status, early.events().len()), (200, 1));
        assert_eq!((dressed.status, dressed.header("content-type")), (200, Some("application/json")));
        assert!(dressed.json()["error"].to_string().contains("Overloaded"));
        assert_eq!(upstream.bill().calls, 1, "{format:?}");
    }
}

#[tokio::test]
async fn refusals_bring_their_status_and_headers_and_cost_nothing() {
    for format in Format::ALL {
        let upstream = Upstream::start().await.unwrap();
        for status in [429, 500, 503, 529] {
            let error = ApiError::new(status, "rate_limit_error", "Slow down").header("retry-after", "7");
            upstream.enqueue(Script::refuse(error));
            let response = ask(&upstream, format, &body(format, "Hello")).await;
            assert_eq!((response.status, response.header("retry-after")), (status, Some("7")), "{format:?}");
            assert!(response.text().contains("Slow down"));
        }
        let mut page = ApiError::new(502, "", "").header("content-type", "text/html");
        page.raw_body = Some("<h1>Bad gateway</h1>".into());
        upstream.enqueue(Script::refuse(page));
        assert_eq!(ask(&upstream, format, &body(format, "Hello")).await.text(), "<h1>Bad gateway</h1>");
        upstream.enqueue(Script { no_answer: true, ..Script::default() });
        assert_eq!(ask(&upstream, format, &body(format, "Hello")).await.status, 0);
        assert_eq!(upstream.bill().calls, 0);
        let told: Vec<u16> = upstream.requests().iter().map(|request| request.status).collect();
        assert_eq!(told, [429, 500, 503, 529, 502, 0]);
    }
}

#[tokio::test]
async fn a_stream_can_hang_at_any_event_and_go_on() {
    for format in Format::ALL {
        let upstream = Upstream::start().await.unwrap();
        upstream.enqueue(Script::texts(&["one ", "two "]).fault(1, FaultKind::Hang("here".into())));
        let mut connection = open(&upstream, format, &body(format, "Hello")).await;
        connection.until(if format == Format::Ollama { "one " } else { "\n\n" }).await;
        upstream.reached("here").await.unwrap();
        assert_eq!(upstream.completed(), 0);
        upstream.release("here");
        assert_eq!(said(format, &connection.response().await), "one two ");
    }
}

#[tokio::test]
async fn a_client_that_leaves_is_billed_what_was_made() {
    for format in Format::ALL {
        let upstream = Upstream::start().await.unwrap();
        upstream.enqueue(Script::text("12345678").step(Step::Gate("never".into())).step(Step::Text("more".into())));
        let mut connection = open(&upstream, format, &body(format, "Hello")).await;
        connection.until("12345678").await;
        drop(connection);
        upstream.aborted(1).await.unwrap();
        assert_eq!(upstream.bill_of(format).output, 2, "{format:?}");
    }
}

#[tokio::test]
async fn a_flood_waits_for_a_slow_reader_and_keeps_the_cap() {
    for format in Format::ALL {
        let upstream = Upstream::start().await.unwrap();
        let flood = Script::default().step(Step::Flood(Flood { events: 100_000, bytes: 1_000 }));
        upstream.enqueue(Script { ignore_max_tokens: true, ..flood.clone() });
        let mut connection = open(&upstream, format, &body(format, "Hello")).await;
        connection.until("flood flood").await;
        // Nobody reads: the sender must stop long before its 25 million tokens.
        drop(connection);
        upstream.aborted(1).await.unwrap();
        let made = upstream.bill().output;
        assert!((250..25_000_000).contains(&made), "{format:?}: {made}");
        upstream.enqueue(flood);
        let capped = ask(&upstream, format, &capped(format, body(format, "Hello"), 1_000)).await;
        assert_eq!((said(format, &capped).len(), upstream.bill().output), (4_000, made + 1_000), "{format:?}");
    }
}

#[tokio::test]
async fn the_cap_can_be_ignored() {
    for format in Format::ALL {
        let upstream = Upstream::start().await.unwrap();
        upstream.enqueue(Script { ignore_max_tokens: true, ..Script::text("x".repeat(800)) });
        let response = ask(&upstream, format, &capped(format, body(format, "Hello"), 100)).await;
        assert_eq!((said(format, &response).len(), upstream.bill().output), (800, 200), "{format:?}");
    }
}

#[tokio::test]
async fn a_gate_can_stand_before_the_head() {
    for format in Format::ALL {
        let upstream = Upstream::start().await.unwrap();
        upstream.enqueue(Script { gate_before_head: Some("head".into()), ..Script::text("Yes.") });
        let connection = open(&upstream, format, &body(format, "Hello")).await;
        upstream.reached("head").await.unwrap();
        upstream.release("head");
        assert_eq!(said(format, &connection.response().await), "Yes.");
    }
}

#[tokio::test]
async fn garbage_can_stand_for_an_event() {
    for format in Format::ALL {
        let upstream = Upstream::start().await.unwrap();
        upstream.enqueue(Script::text("Yes.").fault(0, FaultKind::Raw("data: {]\n\n".into())));
        let response = ask(&upstream, format, &body(format, "Hello")).await;
        assert!(response.text().starts_with("data: {]\n\n"), "{format:?}");
        assert_eq!(upstream.bill().calls, 1, "billed all the same");
    }
}

#[tokio::test]
async fn a_named_script_plays_in_every_format() {
    let upstream = Upstream::start().await.unwrap();
    for format in Format::ALL {
        let mut asked = body(format, "[[script:tool-loop]] Which compressors?");
        let text = ask(&upstream, format, &asked).await.text();
        assert!(text.contains("find_devices") && text.contains("list_quantities"), "{format:?}");
        let (call, results) = match format {
            Format::Anthropic => (
                json!({"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "t", "input": {}}]}),
                json!({"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a", "content": "5"}]}),
            ),
            Format::OpenAi => (
                json!({"role": "assistant", "content": null, "tool_calls":
                    [{"id": "a", "type": "function", "function": {"name": "t", "arguments": "{}"}}]}),
                json!({"role": "tool", "tool_call_id": "a", "content": "5"}),
            ),
            Format::Ollama => (
                json!({"role": "assistant", "content": "", "tool_calls":
                    [{"function": {"name": "t", "arguments": {}}}]}),
                json!({"role": "tool", "tool_name": "t", "content": "5"}),
            ),
        };
        asked["messages"].as_array_mut().unwrap().extend([call, results]);
        assert_eq!(said(format, &ask(&upstream, format, &asked).await), "I found what you asked for.");
        assert_eq!(upstream.bill_of(format).output, 72);
    }
    let calls = json!({"model": "m", "messages": []}).to_string();
    let nothing = Connection::send(&upstream.url(), "POST", "/v1/nothing", &[], &calls).await.response().await;
    assert_eq!(nothing.status, 404);
}
