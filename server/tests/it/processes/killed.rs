//! T6 (accounting.md §4): `kill -9` at every point of a call, and another start. Nothing that the provider billed is
//! missing in the books, nothing is held for ever, and what is not known says so.

use app::model::BudgetLimits;
use futures::{StreamExt as _, stream::FuturesUnordered};
use reqwest::Response;
use server::db::{Engine, SystemReason, SystemTx};
use upstream::{Script, Step};

use super::fleet::{Client, Fleet, Format, Process, Told, until};
use crate::support::db::db_test;

const STREAM: Format = Format::Messages { stream: true };

/// A tenant that another lane of the desk serves: it has four, by the tenant's id.
async fn client_of_another_lane(fleet: &Fleet, than: &Client) -> Client {
    let lane = |client: &Client| client.tenant.0.as_u128() % 4;
    for at in 0..64 {
        let client = fleet.client(&format!("iop{at}"), BudgetLimits::default()).await;
        if lane(&client) != lane(than) {
            return client;
        }
    }
    panic!("64 tenants of one lane");
}

/// Keeps everybody from writing into the books until it is dropped.
async fn lock_the_books(fleet: &Fleet) -> SystemTx {
    let mut tx = fleet.db.begin_system(SystemReason::Administration).await.expect("a transaction");
    // On SQLite the transaction itself keeps others from writing.
    if fleet.db.engine() == Engine::Postgres {
        tx.query("SELECT tenant_id FROM budget_windows FOR UPDATE").execute().await.expect("a lock");
    }
    tx
}

/// Waits until so many transactions of the server wait for the lock. SQLite does not tell.
async fn until_waiting(fleet: &Fleet, count: i64) {
    #[derive(sqlx::FromRow)]
    struct Row {
        waiting: i64,
    }
    if fleet.db.engine() == Engine::Sqlite {
        return;
    }
    until("transactions wait for the books", async || {
        let mut tx = fleet.db.read_system(SystemReason::AuditOfBooks).await.expect("a transaction");
        let query = tx.query(
            "SELECT COUNT(*) AS waiting FROM pg_stat_activity \
             WHERE datname = current_database() AND wait_event_type = 'Lock'",
        );
        let row: Row = query.one().await.expect("a count");
        (row.waiting >= count).then_some(())
    })
    .await;
}

async fn begin(fleet: &Fleet, server: &Process, client: &Client, text: &str) -> Response {
    fleet.request(server, client, STREAM, text).send().await.expect("a response")
}

/// Whoever is told about a call's figures is told how good they are.
async fn qualities(fleet: &Fleet, client: &Client) -> Vec<(String, i64)> {
    #[derive(sqlx::FromRow)]
    struct Row {
        quality: String,
        calls: i64,
    }
    let mut tx = fleet.db.read_system(SystemReason::AuditOfBooks).await.expect("a transaction");
    let query = tx.query(
        "SELECT COALESCE(quality, '') AS quality, COUNT(*) AS calls FROM model_calls WHERE tenant_id = $1 \
         GROUP BY quality ORDER BY quality",
    );
    let rows: Vec<Row> = query.bind(client.tenant).all().await.expect("rows");
    rows.into_iter().map(|row| (row.quality, row.calls)).collect()
}

db_test! {
    async fn t6_killed_at_every_point_nothing_is_lost_and_nothing_held(t: TestDb) {
        let fleet = Fleet::new(t).await;
        let prs = fleet.client("prs", BudgetLimits::default()).await;
        let other = client_of_another_lane(&fleet, &prs).await;
        // OpenAI is a server that takes connections and never says anything.
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let silent_url = format!("http://{}/v1", silent.local_addr().unwrap());
        let server = fleet.serve_as(|| fleet.command(), &[("OPENAI_BASE_URL", &silent_url)]).await;
        for client in [&prs, &other] {
            assert_eq!(fleet.ask(&server, client, STREAM, "Hello").await, Told::Answer);
        }
        fleet.until_open(0).await;

        // 1. Reserved, and nothing heard.
        let format = Format::Completions { stream: false };
        let reserved = tokio::spawn(fleet.request(&server, &prs, format, "one").send());
        fleet.until_open(1).await;
        // 2. Dispatched, the head not there yet.
        let when = |script: Script, text: &str| script.when(|when| when.user_contains = Some(text.to_owned()));
        fleet.upstream.enqueue(when(Script { gate_before_head: Some("head".into()), ..Script::text("x") }, "two"));
        let dispatched = tokio::spawn(fleet.request(&server, &prs, STREAM, "two").send());
        fleet.upstream.reached("head").await.unwrap();
        // 3. Mid-stream.
        let half = Script::text("The first half").step(Step::Gate("half".into())).step(Step::Text(" and more".into()));
        fleet.upstream.enqueue(when(half, "three"));
        let mut streaming = begin(&fleet, &server, &prs, "three").await;
        while !String::from_utf8_lossy(&streaming.chunk().await.unwrap().unwrap()).contains("first half") {}
        // 4. Answered, and being settled; 5. being reserved.
        let last = Script::text("All of it").step(Step::Gate("end".into()));
        fleet.upstream.enqueue(when(last, "four"));
        let answered = begin(&fleet, &server, &prs, "four").await;
        fleet.upstream.reached("end").await.unwrap();
        fleet.until_open(4).await;
        let lock = lock_the_books(&fleet).await;
        fleet.upstream.release("end");
        assert!(answered.text().await.unwrap().contains("message_stop"));
        let reserving = tokio::spawn(fleet.request(&server, &other, STREAM, "five").send());
        until_waiting(&fleet, 2).await;

        drop(server);
        drop(lock);
        fleet.upstream.release("half");
        fleet.upstream.release("head");
        for call in [reserved, dispatched, reserving] {
            assert!(call.await.unwrap().is_err(), "the server is gone");
        }
        until("what was being written is given up", async || (fleet.open_calls().await == 4).then_some(())).await;
        assert_eq!(fleet.booked(&other).await.calls, 1, "the fifth was never reserved");
        let sent = fleet.upstream.requests();
        assert!(!sent.iter().any(|request| request.raw.contains("five")), "and never sent");

        fleet.age_leases().await;
        let _server = fleet.serve().await;
        fleet.until_open(0).await;
        let (bill, booked) = (fleet.upstream.bill(), fleet.booked(&prs).await);
        let others = fleet.booked(&other).await;
        assert_eq!(booked.calls, 5);
        assert!(booked.calls + others.calls >= bill.calls);
        assert!(booked.input + others.input >= bill.input && booked.output + others.output >= bill.output);
        assert_eq!(qualities(&fleet, &prs).await, [("exact".to_owned(), 1), ("unknown".to_owned(), 4)]);
        assert_eq!(fleet.windows(&prs).await.unknown, 4, "and everybody can see it");
        fleet.audit().await;
    }

    async fn t6_killed_at_any_moment_of_many_calls_the_bill_is_in_the_books(t: TestDb) {
        const ROUNDS: usize = 3;
        let fleet = Fleet::new(t).await;
        let prs = fleet.client("prs", BudgetLimits::default()).await;
        for round in 1..=ROUNDS {
            let server = fleet.serve().await;
            let calls = (0..60).map(|at| {
                let request = fleet.request(&server, &prs, Format::nth(at), "Tell me, please, what you know about it");
                tokio::spawn(async move { request.send().await?.text().await })
            });
            let mut calls: FuturesUnordered<_> = calls.collect();
            // Some are answered, some are being settled, some reserved, some wait: whatever the moment brings.
            for _ in 0..round * 7 {
                calls.next().await.unwrap().unwrap().unwrap();
            }
            drop(server);
            while calls.next().await.is_some() {}
            fleet.age_leases().await;
        }
        let _server = fleet.serve().await;
        fleet.until_open(0).await;
        let (bill, booked) = (fleet.upstream.bill(), fleet.booked(&prs).await);
        assert!(booked.calls >= bill.calls, "{booked:?} {bill:?}");
        assert!(booked.input >= bill.input && booked.output >= bill.output, "{booked:?} {bill:?}");
        assert_eq!(fleet.windows(&prs).await.held, 0);
        fleet.audit().await;
    }
}
