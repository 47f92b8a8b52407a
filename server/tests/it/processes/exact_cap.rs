//! T1 (accounting.md §4): several servers, hundreds of calls at once, one budget. What fits is answered, nothing more, and
//! the provider's bill is our ledger.

use app::model::{BudgetLimits, Money};
use futures::future::join_all;
use server::db::Engine;
use upstream::Script;

use super::fleet::{Client, Fleet, Format, Process, Told};
use crate::support::db::db_test;

const AT_ONCE: usize = 500;

/// Three on PostgreSQL; two on SQLite's one file.
async fn servers(fleet: &Fleet) -> Vec<Process> {
    let count = if fleet.db.engine() == Engine::Sqlite { 2 } else { 3 };
    join_all((0..count).map(|_| fleet.serve())).await
}

/// Asks all servers in turn, all at once; how many were answered.
async fn ask_all(fleet: &Fleet, servers: &[Process], client: &Client) -> usize {
    let calls = (0..AT_ONCE).map(|at| {
        let server = servers.get(at % servers.len()).expect("a server");
        fleet.ask(server, client, Format::nth(at), "How much was used?")
    });
    join_all(calls).await.iter().filter(|told| **told == Told::Answer).count()
}

async fn bill_is_ours(fleet: &Fleet, client: &Client) {
    let (bill, booked) = (fleet.upstream.bill(), fleet.booked(client).await);
    assert_eq!((booked.calls, booked.input, booked.output), (bill.calls, bill.input, bill.output));
    fleet.audit().await;
}

db_test! {
    async fn t1_of_500_calls_at_once_exactly_k_are_answered(t: TestDb) {
        const K: i64 = 120;
        let fleet = Fleet::new(t).await;
        let prs = fleet.client("prs", BudgetLimits { requests: Some(K), ..BudgetLimits::default() }).await;
        let servers = servers(&fleet).await;
        let answered = ask_all(&fleet, &servers, &prs).await;
        assert_eq!(i64::try_from(answered), Ok(K));
        fleet.until_open(0).await;
        let windows = fleet.windows(&prs).await;
        assert_eq!((windows.requests, windows.held, windows.unknown), (K, 0, 0), "settled = limit");
        assert_eq!(fleet.upstream.bill().calls, K, "nobody was refused after the provider was asked");
        bill_is_ours(&fleet, &prs).await;
    }

    async fn t1_with_random_costs_the_limit_holds_and_its_last_part_is_usable(t: TestDb) {
        // claude-haiku-4-5 costs $5 a million tokens of output: some 10 of the holds of these calls fit at once.
        const LIMIT: i64 = 60_000_000_000;
        let fleet = Fleet::new(t).await;
        let prs = fleet.client("prs", BudgetLimits { cost: Some(Money(LIMIT)), ..BudgetLimits::default() }).await;
        let mut seed: u32 = 0x5eed;
        let mut random = |most: i64| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            1 + i64::from(seed >> 8) % most
        };
        for _ in 0..2 * AT_ONCE {
            // Less than a request is long, and than the shortest cap.
            let (input, output) = (random(60), random(200));
            fleet.upstream.enqueue(Script::text("It was enough.").usage(|usage| {
                usage.input = Some(input);
                usage.output = Some(output);
            }));
        }
        let servers = servers(&fleet).await;
        let answered = ask_all(&fleet, &servers, &prs).await;
        assert!(answered > 5, "{answered}");
        let first = servers.first().expect("a server");
        let mut rest = 0;
        while fleet.ask(first, &prs, Format::Messages { stream: true }, "And now?").await == Told::Answer {
            rest += 1;
            assert!(rest < AT_ONCE, "the budget never ends");
        }
        fleet.until_open(0).await;
        let windows = fleet.windows(&prs).await;
        assert!(windows.cost <= LIMIT && windows.held == 0, "{windows:?}");
        // The dearest input of a request and the least output that is of use did not fit any more.
        assert!(LIMIT - windows.cost < 400 * 2_000_000 + 256 * 5_000_000, "{windows:?}");
        assert_eq!(fleet.booked(&prs).await.cost, windows.cost);
        bill_is_ours(&fleet, &prs).await;
    }
}
