//! T8 (accounting.md §4) through the whole gateway: streams that are unusual, providers that lie. The answer arrives, and
//! the bill is in the books.

use serde_json::json;
use upstream::{Quirk, Script, Step, ToolCall};

use super::{
    hang_up::{WAYS, Way},
    *,
};
use crate::support::db::db_test;

const QUIRKS: [Quirk; 12] = [
    Quirk::Comments,
    Quirk::Pings,
    Quirk::SplitCharacters,
    Quirk::UsageTwice,
    Quirk::UsageInSteps,
    Quirk::UsageEverywhere,
    Quirk::UsageOnFinish,
    Quirk::UsageAfterEnd,
    Quirk::ZerosFirst,
    Quirk::NullChoices,
    Quirk::NoEnd,
    Quirk::CallsInTurn,
];

fn script() -> Script {
    let call = |id: &str, query: &str| {
        Step::Tool(ToolCall { id: id.into(), name: "find".into(), input: json!({"query": query}), raw_input: None })
    };
    Script::texts(&["Pemakaian ", "12 kWh — “hemat” ✓"]).step(call("call_1", "satu")).step(call("call_2", "dua")).usage(
        |usage| {
            usage.input = Some(120);
            usage.output = Some(45);
        },
    )
}

async fn answer(house: &House, way: Way, what: &str) -> String {
    let response = house.post(way.path, &house.key, &way.body("What did it use?", true)).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK, "{way:?} {what}");
    let body = response.text().await.unwrap();
    let calls = body.matches("\"name\":\"find\"").count();
    assert!(body.contains("hemat") && calls == 2, "{way:?} {what}: {body}");
    body
}

db_test! {
    async fn t8_unusual_streams_are_passed_on_and_booked_to_the_token(t: TestDb) {
        let house = House::new(t).await;
        for way in WAYS {
            for quirk in QUIRKS {
                // Without its end an answer of Ollama has no figures, and nobody knows that it is whole.
                if quirk == Quirk::NoEnd && way.model == "llama3.2" {
                    continue;
                }
                house.upstream().enqueue(script().quirk(quirk));
                answer(&house, way, &format!("{quirk:?}")).await;
            }
            for (split_bytes, crlf) in [(Some(1), false), (Some(7), true), (None, true)] {
                house.upstream().enqueue(Script { split_bytes, crlf, ..script() });
                answer(&house, way, &format!("{split_bytes:?} {crlf}")).await;
            }
        }
        house.books_balance().await;
    }

    async fn t8_a_provider_that_lies_is_booked_with_what_it_bills(t: TestDb) {
        let house = House::new(t).await;
        let calls = WAYS.len() * 2;
        for way in WAYS {
            // More output than was allowed; then more input than there were bytes.
            house.upstream().enqueue(Script { ignore_max_tokens: true, ..script().usage(|usage| usage.output = Some(50_000)) });
            house.upstream().enqueue(script().usage(|usage| usage.input = Some(1_000_000)));
            for what in ["output", "input"] {
                answer(&house, way, what).await;
            }
        }
        house.books_balance().await;
        let meter = house.server.meter("prs").await;
        assert_eq!(meter.requests, i64::try_from(calls).unwrap());
        assert!(meter.used.output >= 6 * 50_000, "never dropped: {meter:?}");
    }
}
