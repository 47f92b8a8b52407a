//! The price book as stories: drafts, approval, prices that change while a call runs, tiers, markups.

use std::time::Duration;

use app::model::BudgetLimits;
use reqwest::StatusCode;
use serde_json::{Value, json};
use server::models::ModelId;
use upstream::{Script, Step};

use crate::{
    profiles::{DOLLAR, House, ask, dollars, steward},
    support::db::db_test,
};

/// Haiku at twice its price, in our own format.
const TWICE: &str = r#"{"source": "https://prices.example/", "read_on": "2026-03-10", "models": {
    "claude-haiku-4-5": {"input": "2", "output": "10", "cache_read": "0.2", "cache_write_5m": "2.5",
        "cache_write_1h": "4"}}}"#;

fn file(folder: &tempfile::TempDir, name: &str, text: &str) -> String {
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Waits until the running server charges by another version; it looks every two seconds.
async fn taken_up(house: &House, model: &str, version: &str) {
    let (catalogue, id) = (&house.server.state.catalogue, ModelId(model.to_owned()));
    let waiting = async {
        while catalogue.price(&id, house.server.world.now(), 0).is_none_or(|price| price.id != version) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waiting).await.unwrap();
}

fn used(input: i64, output: i64) -> Script {
    Script::text("Fine.").usage(|usage| {
        usage.input = Some(input);
        usage.output = Some(output);
    })
}

db_test! {
    async fn t9_a_price_that_changes_mid_flight_holds_for_the_next_call(t: TestDb) {
        let house = House::new(t).await;
        let folder = tempfile::tempdir().unwrap();
        let gated = used(100, 10).step(Step::Gate("on".into()));
        house.upstream().enqueue(gated);
        let mut body = ask("claude-haiku-4-5", "Hello");
        body["stream"] = json!(true);
        let running = house.post("/v1/messages", &body).await;
        house.upstream().reached("on").await.unwrap();

        let imported = house.steward(&["prices", "import", &file(&folder, "twice.json", TWICE)]).await;
        assert!(imported.contains("draft 1, claude-haiku-4-5") && imported.contains("input: $1.00 → $2.00"), "{imported}");
        assert!(imported.contains("cache read: $0.10 → $0.20") && imported.contains("output: $5.00 → $10.00"), "{imported}");
        let approved = house.steward(&["prices", "approve", "1", "--by", "ana"]).await;
        assert!(approved.contains("claude-haiku-4-5@2026-03-10 holds from"), "{approved}");
        taken_up(&house, "claude-haiku-4-5", "claude-haiku-4-5@2026-03-10").await;

        house.upstream().release("on");
        running.text().await.unwrap();
        house.settled().await;
        house.upstream().enqueue(used(100, 10));
        house.post("/v1/messages", &ask("claude-haiku-4-5", "Hello")).await.text().await.unwrap();
        let calls = house.calls().await;
        let booked: Vec<_> = calls.iter().map(|call| (call.price_version.as_deref().unwrap(), call.cost_pico_usd)).collect();
        assert_eq!(booked, [
            ("claude-haiku-4-5@2025-10-01", 100 * 1_000_000 + 10 * 5_000_000),
            ("claude-haiku-4-5@2026-03-10", 100 * 2_000_000 + 10 * 10_000_000),
        ]);
        house.books_balance().await;
    }

    async fn drafts_hold_only_when_they_are_approved(t: TestDb) {
        let folder = tempfile::tempdir().unwrap();
        let run = async |line: &[&str]| steward(&t.db, &t.world, line).await;
        let twice = file(&folder, "twice.json", TWICE);
        assert!(run(&["prices", "diff", &twice]).await.unwrap().contains("$1.00 → $2.00"));
        assert_eq!(run(&["prices", "diff"]).await.unwrap(), "There are no drafts.\n", "looking changes nothing");
        run(&["prices", "import", &twice]).await.unwrap();
        assert!(run(&["prices", "import", &twice]).await.unwrap().contains("1 are known already"), "twice is once");
        let thrice = TWICE.replace("\"input\": \"2\"", "\"input\": \"3\"");
        let imported = run(&["prices", "import", &file(&folder, "thrice.json", &thrice)]).await.unwrap();
        assert!(imported.contains("draft 2"), "{imported}");
        let list = run(&["prices", "list", "--model", "claude-haiku-4-5"]).await.unwrap();
        assert!(list.contains("holds") && list.contains("draft 2") && !list.contains("draft 1"), "the latest: {list}");
        run(&["prices", "approve", "--all"]).await.unwrap();
        assert!(run(&["prices", "approve", "2"]).await.unwrap_err().contains("approved already"));
        assert!(run(&["prices", "approve", "7"]).await.unwrap_err().contains("no draft 7"));
        let list = run(&["prices", "list", "--model", "claude-haiku-4-5"]).await.unwrap();
        assert!(list.contains("claude-haiku-4-5@2026-03-10") && list.contains("input $3.00") && list.contains("over"), "{list}");
        assert!(list.contains("a search $0.01"), "a list that says nothing of searches changes nothing of them: {list}");

        // What began before today would change what was charged, unless there was no price at all.
        let past = TWICE.replace("\"input\": \"2\"", "\"valid_from\": \"2026-03-01\", \"input\": \"7\"");
        run(&["prices", "import", &file(&folder, "past.json", &past)]).await.unwrap();
        assert!(run(&["prices", "approve", "--all"]).await.unwrap_err().contains("is over"));
        let own = past.replace("claude-haiku-4-5", "own-model");
        let own = file(&folder, "own.json", &own);
        run(&["prices", "import", &own, "--models", "own-model"]).await.unwrap();
        assert!(run(&["prices", "approve", "4"]).await.unwrap().contains("own-model@2026-03-01 holds from 2026-03-01"));
        let future = TWICE.replace("\"input\": \"2\"", "\"valid_from\": \"2026-04-01\", \"input\": \"9\"");
        run(&["prices", "import", &file(&folder, "future.json", &future)]).await.unwrap();
        run(&["prices", "approve", "5"]).await.unwrap();
        let list = run(&["prices", "list", "--model", "claude-haiku-4-5"]).await.unwrap();
        assert!(list.contains("claude-haiku-4-5@2026-04-01") && list.contains("to come"), "{list}");

        // Nothing in the book can be changed or removed.
        for sql in ["UPDATE price_versions SET input = 1", "DELETE FROM price_versions", "UPDATE price_approvals SET valid_from = 1", "DELETE FROM price_tiers"] {
            let mut tx = t.db.begin_directory().await.unwrap();
            let changed = tx.query(sql).execute().await;
            assert!(changed.is_err() || sql.ends_with("tiers"), "{sql}");
        }
    }

    async fn litellms_list_gives_prices_to_models_of_our_own(t: TestDb) {
        let folder = tempfile::tempdir().unwrap();
        let server = crate::support::server::TestServer::start_with(t, &["--openai-models", "own-gpt"], true).await;
        let house = House::of(server).await;
        house.limit(dollars(DOLLAR)).await;
        let body = json!({"model": "own-gpt", "max_tokens": 300, "messages": [{"role": "user", "content": "Hello"}]});
        let refused = house.post("/v1/chat/completions", &body).await;
        assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS, "a money budget needs a price");
        let list = r#"{"own-gpt": {"mode": "chat", "litellm_provider": "openai", "input_cost_per_token": 1.5e-07,
            "output_cost_per_token": 6e-07, "cache_read_input_token_cost": 7.5e-08},
            "another": {"mode": "chat", "input_cost_per_token": 1e-06, "output_cost_per_token": 1e-06}}"#;
        let list = file(&folder, "litellm.json", list);
        assert!(house.steward(&["prices", "import", &list]).await.contains("no price of a model that is known"));
        let imported = house.steward(&["prices", "import", &list, "--models", "own-gpt", "--source", "its page"]).await;
        assert!(imported.contains("now without a price") && imported.contains("not given, taken as input"), "{imported}");
        house.steward(&["prices", "approve", "--all"]).await;
        taken_up(&house, "own-gpt", "own-gpt@2026-03-10").await;
        house.upstream().enqueue(used(100, 10));
        assert_eq!(house.post("/v1/chat/completions", &body).await.status(), StatusCode::OK);
        assert_eq!(house.calls().await[0].cost_pico_usd, 100 * 150_000 + 10 * 600_000);
        house.books_balance().await;
    }

    async fn t4_a_long_request_is_booked_at_its_tier(t: TestDb) {
        let house = House::new(t).await;
        let body = json!({"model": "gpt-5.4", "max_completion_tokens": 500, "messages": [{"role": "user", "content": "Hello"}]});
        for input in [272_000, 272_001] {
            house.upstream().enqueue(used(input, 10));
            assert_eq!(house.post("/v1/chat/completions", &body).await.status(), StatusCode::OK);
        }
        let calls = house.calls().await;
        assert_eq!(calls[0].cost_pico_usd, 272_000 * 2_500_000 + 10 * 15_000_000);
        assert_eq!(calls[1].cost_pico_usd, 272_001 * 5_000_000 + 10 * 22_500_000);
        assert_eq!((calls[0].price_input, calls[1].price_input), (Some(2_500_000), Some(5_000_000)), "as the auditor reads it");
        house.books_balance().await;

        // What may become long is held at the long price: a file without a bound is the whole window, $5.25 at most.
        house.limit(dollars(6 * DOLLAR)).await;
        let unbounded = json!({"model": "gpt-5.4", "max_completion_tokens": 500, "messages": [{"role": "user", "content": [
            {"type": "file", "file": {"file_id": "file-1"}}]}]});
        let refused = house.post("/v1/chat/completions", &unbounded).await;
        assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS, "{}", refused.text().await.unwrap());
        house.limit(dollars(9 * DOLLAR)).await;
        assert_eq!(house.post("/v1/chat/completions", &unbounded).await.status(), StatusCode::OK);
        house.books_balance().await;
    }

    async fn a_tenants_markup_is_charged_and_the_list_price_kept_beside(t: TestDb) {
        let house = House::new(t).await;
        house.steward(&["tenant", "set", "prs", "--markup", "15%"]).await;
        assert!(house.steward(&["tenant", "show", "prs"]).await.contains("markup=15%"));
        house.upstream().enqueue(used(101, 11));
        house.post("/v1/messages", &ask("claude-haiku-4-5", "Hello")).await.text().await.unwrap();
        let calls = house.calls().await;
        let list = 101 * 1_000_000 + 11 * 5_000_000;
        assert_eq!((calls[0].list_cost_pico, calls[0].cost_pico_usd, calls[0].markup_bp), (list, list * 115 / 100, 1_500));
        assert_eq!(calls[0].price_version.as_deref(), Some("claude-haiku-4-5@2025-10-01+1500bp"));
        house.books_balance().await;
        let meter = house.server.meter("prs").await;
        assert_eq!(meter.cost.0, calls[0].cost_pico_usd, "the budget counts what is charged");
        assert!(steward(&house.server.db, &house.server.world, &["tenant", "set", "prs", "--markup", "1.234%"]).await.is_err());
        // A limit in money holds the marked-up price.
        let limits = BudgetLimits { cost: Some(app::model::Money(meter.cost.0 + 1)), ..BudgetLimits::default() };
        house.limit(limits).await;
        let refused = house.post("/v1/messages", &ask("claude-haiku-4-5", "Hello")).await;
        assert_eq!(refused.status(), StatusCode::PAYMENT_REQUIRED);
        assert!(refused.json::<Value>().await.unwrap()["error"]["message"].is_string());
    }
}
