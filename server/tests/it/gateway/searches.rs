//! Searches on the web that a provider runs by itself: held by their number and by what their rounds may read, billed by what
//! there were.

use serde_json::{Value, json};
use upstream::{FaultKind, Script, Step};

use super::*;
use crate::support::db::db_test;

fn search(tool: Value, is_streaming: bool) -> Value {
    let mut body = ask("What does a kilowatt-hour cost in Jakarta?", is_streaming);
    body["tools"] = json!([{"name": "read_meter", "input_schema": {"type": "object"}}, tool]);
    body
}

fn web_search(max_uses: Value) -> Value {
    json!({"type": "web_search_20250305", "name": "web_search", "max_uses": max_uses})
}

/// 9,000 tokens read in three rounds, 100 written.
fn found() -> Script {
    Script::text("About 1,445 rupiah.").usage(|usage| {
        (usage.input, usage.output, usage.searches) = (Some(9_000), Some(100), Some(2));
    })
}

fn block(block: &Value) -> Step {
    let start = json!({"type": "content_block_start", "index": 7, "content_block": block});
    let stop = json!({"type": "content_block_stop", "index": 7});
    Step::Raw(format!("event: content_block_start\ndata: {start}\n\nevent: content_block_stop\ndata: {stop}\n\n"))
}

db_test! {
    async fn they_are_held_with_all_their_rounds_and_billed_as_there_were(t: TestDb) {
        let house = House::new(t).await;
        // A million input tokens a month, of which ten rounds of this model may take two.
        let refused = house.messages(&search(web_search(json!(2)), true)).send().await.unwrap();
        assert_eq!(refused.status(), StatusCode::PAYMENT_REQUIRED);
        let words: Value = refused.json().await.unwrap();
        assert!(words["error"]["message"].as_str().unwrap().contains("1,000,000 input tokens"), "{words}");
        assert_eq!(house.upstream().requests().len(), 0);
        // $4 for the rounds, two cents for the searches, and something to write for.
        house.limit(BudgetLimits { cost: Some(Money(4_010_000_000_000)), ..BudgetLimits::default() }).await;
        let refused = house.messages(&search(web_search(json!(2)), true)).send().await.unwrap();
        assert_eq!(refused.status(), StatusCode::PAYMENT_REQUIRED);
        house.limit(BudgetLimits { cost: Some(Money(4_100_000_000_000)), ..BudgetLimits::default() }).await;
        for is_streaming in [true, false] {
            house.upstream().enqueue(found());
            let response = house.messages(&search(web_search(json!(2)), is_streaming)).send().await.unwrap();
            assert_eq!(response.status(), StatusCode::OK);
            let body = response.text().await.unwrap();
            assert!(body.contains("\"web_search_requests\":2"), "{body}");
            house.books_balance().await;
        }
        assert_eq!(house.upstream().bill().searches, 4);
        let meter = house.server.meter("prs").await;
        assert_eq!(meter.cost, Money(2 * (9_000 * 1_000_000 + 100 * 5_000_000 + 2 * 10_000_000_000)));
        assert_eq!(meter.quality, app::model::Quality::Exact);
    }

    async fn what_has_no_bound_is_refused_in_words(t: TestDb) {
        let house = House::new(t).await;
        house.limit(BudgetLimits::default()).await;
        let endless = json!({"type": "web_search_20250305", "name": "web_search"});
        let sandbox = json!({"type": "code_execution_20250825", "name": "code_execution"});
        let fetch = json!({"type": "web_fetch_20250910", "name": "web_fetch", "max_uses": 1});
        for tool in [endless, sandbox, fetch, web_search(json!(0)), web_search(json!("2")), web_search(json!(1.5))] {
            let refused = house.messages(&search(tool.clone(), true)).send().await.unwrap();
            assert_eq!(refused.status(), StatusCode::BAD_REQUEST, "{tool}");
            let words: Value = refused.json().await.unwrap();
            assert!(words["error"]["message"].as_str().unwrap().contains("max_uses"), "{words}");
        }
        let absurd = house.messages(&search(web_search(json!(i64::MAX)), true)).send().await.unwrap();
        assert_eq!(absurd.status(), StatusCode::PAYMENT_REQUIRED, "more than can be counted");
        assert_eq!(house.upstream().requests().len(), 0);
        house.books_balance().await;
    }

    async fn one_that_breaks_off_is_booked_at_what_its_rounds_may_have_read(t: TestDb) {
        let house = House::new(t).await;
        house.limit(BudgetLimits::default()).await;
        let call = json!({"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}});
        let result = json!({"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": [
            {"type": "web_search_result", "url": "https://pln.example", "title": "Tariffs", "encrypted_content": "x".repeat(500)}
        ]});
        let script = || Script::text("It").usage(|usage| (usage.input, usage.searches) = (Some(3_000), Some(1)));
        let found = script().step(block(&call)).step(block(&result)).step(Step::Text("is".into()));
        house.upstream().enqueue(found.fault(5, FaultKind::Reset));
        let body = house.messages(&search(web_search(json!(5)), true)).send().await.unwrap().text().await.unwrap();
        assert!(body.contains("srvtoolu_1"), "{body}");
        house.settled().await;
        assert_eq!(usage::audit_books(&house.server.db).await.unwrap(), Vec::<String>::new());
        let (meter, bill) = (house.server.meter("prs").await, house.upstream().bill());
        assert_eq!(meter.quality, app::model::Quality::Estimated);
        // The first round's 1,500 tokens twice, and in the second what was searched.
        let read = meter.used.input_total();
        assert!((3_500..5_500).contains(&read) && read >= bill.input, "{read}");
        assert!(meter.cost.0 >= 10_000_000_000, "and the search: {}", meter.cost);
        // Before it has brought something, it may be as much as the model can read.
        house.upstream().enqueue(script().step(block(&call)).step(Step::Reset));
        house.messages(&search(web_search(json!(5)), true)).send().await.unwrap().text().await.unwrap();
        house.settled().await;
        let more = house.server.meter("prs").await.used.input_total() - read;
        assert!((203_000..210_000).contains(&more), "{more}");
        // What it thinks in secret is no longer than its answer may be.
        house.upstream().enqueue(script().step(Step::Reset));
        let mut body = search(web_search(json!(5)), true);
        (body["max_tokens"], body["thinking"]) = (json!(4_000), json!({"type": "enabled", "budget_tokens": 2_000}));
        house.messages(&body).send().await.unwrap().text().await.unwrap();
        house.settled().await;
        let thought = house.server.meter("prs").await.used.input_total() - read - more;
        assert!((1_500..10_000).contains(&thought), "{thought}");
        assert_eq!(usage::audit_books(&house.server.db).await.unwrap(), Vec::<String>::new());
    }
}
