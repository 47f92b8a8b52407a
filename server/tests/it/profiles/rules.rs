//! Cost rules: what is easy goes to a cheaper model, and what that saved is in the books.

use super::*;

const OPUS: &str = "claude-opus-4-5";
const HAIKU: &str = "claude-haiku-4-5";

fn header<'r>(response: &'r Response, name: &str) -> Option<&'r str> {
    response.headers().get(name).map(|value| value.to_str().unwrap())
}

db_test! {
    async fn easy_requests_go_to_the_cheaper_model_and_the_saving_is_booked(t: TestDb) {
        let house = House::new(t).await;
        house.steward(&["profile", "create", "prs", "thrifty", "--model", OPUS, "--cheaper-model", HAIKU,
            "--cheaper-below-tokens", "2000"]).await;
        let usage = || Script::text("Fine.").usage(|usage| { usage.input = Some(100); usage.output = Some(10); });
        let ask_for = async |body: Value| {
            house.upstream().enqueue(usage());
            let response = house.post("/v1/anthropic/thrifty/messages", &body).await;
            assert_eq!(response.status(), StatusCode::OK);
            let chosen = (header(&response, "x-steward-model").map(str::to_owned), header(&response, "x-steward-rule").map(str::to_owned));
            response.text().await.unwrap();
            chosen
        };
        let chosen = |model: &str, rule: Option<&str>| (Some(model.to_owned()), rule.map(str::to_owned));
        assert_eq!(ask_for(ask("x", "Hello")).await, chosen(HAIKU, Some("short")));
        assert_eq!(ask_for(ask("x", &"long ".repeat(500))).await, chosen(OPUS, None));
        let mut with_tools = ask("x", "Hello");
        with_tools["tools"] = json!([{"name": "f", "input_schema": {"type": "object"}}]);
        assert_eq!(ask_for(with_tools).await, chosen(OPUS, None), "tools are not easy");

        let calls = house.calls().await;
        let first = &calls[0];
        assert_eq!((first.rule.as_deref(), first.baseline_model.as_deref()), (Some("short"), Some(OPUS)));
        // haiku: $1 and $5; opus: $5 and $25 a million.
        assert_eq!(first.cost_pico_usd, 100 * 1_000_000 + 10 * 5_000_000);
        assert_eq!(first.baseline_cost_pico, Some(100 * 5_000_000 + 10 * 25_000_000));
        assert!(calls[1..].iter().all(|call| call.rule.is_none() && call.baseline_cost_pico.is_none()));
        let list = house.steward(&["profile", "list", "prs", "--savings"]).await;
        assert!(list.contains("1 calls went to the cheaper model") && list.contains("80% saved"), "{list}");
        house.books_balance().await;
    }

    async fn a_nearly_used_up_budget_goes_further_at_the_cheaper_model(t: TestDb) {
        let house = House::new(t).await;
        house.steward(&["profile", "create", "prs", "thrifty", "--model", OPUS, "--cheaper-model", HAIKU,
            "--cheaper-when-budget-below", "50"]).await;
        house.limit(BudgetLimits { requests: Some(4), ..BudgetLimits::default() }).await;
        let mut rules = Vec::new();
        for _ in 0..4 {
            let response = house.post("/v1/anthropic/thrifty/messages", &ask("x", "Hello")).await;
            assert_eq!(response.status(), StatusCode::OK);
            rules.push((header(&response, "x-steward-model").unwrap().to_owned(), header(&response, "x-steward-rule").map(str::to_owned)));
            response.text().await.unwrap();
            house.settled().await;
        }
        let dear = (OPUS.to_owned(), None);
        let cheap = (HAIKU.to_owned(), Some("budget".to_owned()));
        // 100, 75, 50 percent are left; then 25.
        assert_eq!(rules, [dear.clone(), dear.clone(), dear, cheap]);
        house.books_balance().await;
    }

    async fn a_rule_without_a_price_or_a_model_does_nothing(t: TestDb) {
        let house = House::new(t).await;
        // Not sold yet on the story's day, and not offered at all.
        for (slug, cheaper) in [("unpriced", "claude-sonnet-5"), ("unknown", "gpt-9")] {
            house.steward(&["profile", "create", "prs", slug, "--model", OPUS, "--cheaper-model", cheaper,
                "--cheaper-below-tokens", "9000"]).await;
            let response = house.post(&format!("/v1/anthropic/{slug}/messages"), &ask("x", "Hello")).await;
            assert_eq!((response.status(), header(&response, "x-steward-model")), (StatusCode::OK, Some(OPUS)));
            assert_eq!(header(&response, "x-steward-rule"), None);
            response.text().await.unwrap();
        }
        // A cheaper model that does not answer costs nobody his answer.
        house.steward(&["profile", "create", "prs", "thrifty", "--model", OPUS, "--cheaper-model", HAIKU,
            "--cheaper-below-tokens", "9000"]).await;
        house.upstream().enqueue(Script::error(529, "overloaded_error", "Overloaded"));
        house.upstream().enqueue(Script::error(529, "overloaded_error", "Overloaded"));
        house.upstream().enqueue(Script::text("Opus here."));
        let response = house.post("/v1/anthropic/thrifty/messages", &ask("x", "Hello")).await;
        assert_eq!((response.status(), header(&response, "x-steward-model")), (StatusCode::OK, Some(OPUS)));
        response.text().await.unwrap();
        let calls = house.calls().await;
        assert!(calls.iter().all(|call| call.rule.is_none()), "{calls:?}");
        house.books_balance().await;
    }
}
