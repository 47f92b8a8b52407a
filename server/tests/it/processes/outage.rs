//! T6 and T10 (accounting.md §4): the database goes away under a running server and comes back; its disk is full.

use app::model::BudgetLimits;
use reqwest::StatusCode;
use upstream::{Script, Step};

use super::fleet::{Fleet, Format, Told};
use crate::support::{db::TestDb, postgres};

const STREAM: Format = Format::Messages { stream: true };

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t6_while_the_database_is_away_nothing_is_asked_and_what_was_asked_is_settled_later() {
    let t = TestDb::postgres().await;
    let config = t.config.clone();
    let fleet = Fleet::new(t).await;
    let prs = fleet.client("prs", BudgetLimits::default()).await;
    let server = fleet.serve().await;
    let script = Script::text("The answer").step(Step::Gate("end".into())).usage(|usage| usage.output = Some(9));
    fleet.upstream.enqueue(script);
    let running = fleet.request(&server, &prs, STREAM, "Hello").send().await.unwrap();
    assert_eq!(running.status(), StatusCode::OK);
    fleet.upstream.reached("end").await.unwrap();

    let outage = postgres::Outage::begin(&config).await;
    let refused = fleet.request(&server, &prs, STREAM, "Is there anybody?").send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE, "it fails closed");
    assert!(refused.json::<serde_json::Value>().await.unwrap()["error"]["message"].is_string());
    assert_eq!(fleet.upstream.requests().len(), 1, "nothing is asked that cannot be booked");
    fleet.upstream.release("end");
    assert!(running.text().await.unwrap().contains("message_stop"), "who was being answered is answered");
    outage.end().await;

    // Settled by the server itself, with the provider's own figures.
    fleet.until_open(0).await;
    let (bill, booked) = (fleet.upstream.bill(), fleet.booked(&prs).await);
    assert_eq!((booked.calls, booked.input, booked.output), (bill.calls, bill.input, 9));
    assert_eq!(fleet.windows(&prs).await.unknown, 0);
    assert_eq!(fleet.ask(&server, &prs, STREAM, "And now?").await, Told::Answer, "it goes on by itself");
    fleet.until_open(0).await;
    fleet.audit().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t6_on_a_full_disk_nothing_is_asked_that_cannot_be_booked() {
    const MOST_CALLS: usize = 500;
    let fleet = Fleet::new(TestDb::sqlite().await).await;
    let prs = fleet.client("prs", BudgetLimits::default()).await;
    // Some room beyond what a new database takes.
    let server = fleet.serve_as(|| fleet.command_on_full_disk(4_000), &[]).await;
    let mut answered = 0;
    let refused = loop {
        let response = fleet.request(&server, &prs, STREAM, "Hello").send().await.unwrap();
        if response.status() != StatusCode::OK {
            break response;
        }
        response.text().await.unwrap();
        answered += 1;
        assert!(answered < MOST_CALLS, "the disk is never full");
    };
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(refused.json::<serde_json::Value>().await.unwrap()["error"]["message"].is_string());
    assert_eq!(fleet.upstream.requests().len(), answered, "nothing is asked that cannot be booked");
    assert!(answered > 0);
    drop(server);

    fleet.age_leases().await;
    let server = fleet.serve().await;
    fleet.until_open(0).await;
    let (bill, booked) = (fleet.upstream.bill(), fleet.booked(&prs).await);
    assert_eq!(booked.calls, bill.calls);
    assert!(booked.input >= bill.input && booked.output >= bill.output, "{booked:?} {bill:?}");
    assert_eq!(fleet.ask(&server, &prs, STREAM, "And now?").await, Told::Answer);
    fleet.until_open(0).await;
    fleet.audit().await;
}
