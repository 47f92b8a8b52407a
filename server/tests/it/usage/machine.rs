//! T14: random histories keep the books balanced, and the audit finds every kind of corruption.

use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

use super::*;
use crate::support::db::db_test;

/// What can happen to a tenant's books.
#[derive(Clone, Debug)]
enum Step {
    Reserve {
        input: i64,
        output: i64,
        floor: i64,
        priced: bool,
    },
    /// The nth open hold ends.
    Settle {
        nth: usize,
        ending: Ending,
        input: Option<i64>,
        output: Option<i64>,
        is_final: bool,
        bytes: i64,
    },
    Checkpoint {
        nth: usize,
        output: i64,
    },
    /// The nth open hold's server dies.
    Abandon {
        nth: usize,
    },
    Wait {
        ms: i64,
    },
    Sweep,
    Limits {
        input: Option<i64>,
        output: Option<i64>,
        requests: Option<i64>,
        cost: Option<i64>,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let ending = prop_oneof![
        4 => Just(Ending::Completed),
        1 => Just(Ending::NotBilled),
        2 => Just(Ending::Aborted),
        1 => Just(Ending::Lost)
    ];
    let limit = |max: i64| proptest::option::of(0..max);
    prop_oneof![
        6 => (0..2_000i64, 0..500i64, 0..200i64, prop::bool::weighted(0.9))
            .prop_map(|(input, output, floor, priced)| Step::Reserve { input, output, floor, priced }),
        5 => (0..8usize, ending, proptest::option::of(-5..3_000i64), proptest::option::of(-5..800i64), any::<bool>(),
              0..2_000i64)
            .prop_map(|(nth, ending, input, output, is_final, bytes)| {
                Step::Settle { nth, ending, input, output, is_final, bytes }
            }),
        2 => (0..8usize, 0..600i64).prop_map(|(nth, output)| Step::Checkpoint { nth, output }),
        1 => (0..8usize).prop_map(|nth| Step::Abandon { nth }),
        2 => (1..40_000i64).prop_map(|ms| Step::Wait { ms }),
        // Ten days, so that months end.
        1 => Just(Step::Wait { ms: 864_000_000 }),
        1 => Just(Step::Sweep),
        1 => (limit(20_000), limit(5_000), limit(30), limit(30_000_000_000))
            .prop_map(|(input, output, requests, cost)| Step::Limits { input, output, requests, cost }),
    ]
}

/// The same histories on every run: a failure can be looked at.
fn histories(seed: u8, steps: usize) -> Vec<Step> {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    proptest::collection::vec(step(), steps).new_tree(&mut runner).expect("a history").current()
}

async fn live(t: &TestDb, scope: &TenantScope, history: Vec<Step>) -> usize {
    let mut open: Vec<Hold> = Vec::new();
    let mut admitted = 0;
    for step in history {
        match step {
            Step::Reserve { input, output, floor, priced } => {
                let price = priced.then(price);
                let ask = Ask { output_floor: floor, price, ..Ask::of(input, output) };
                if let Ok(hold) = try_reserve(t, scope, &ask).await {
                    admitted += 1;
                    open.push(hold);
                }
            }
            Step::Settle { nth, ending, input, output, is_final, bytes } if nth < open.len() => {
                let reported = ReportedUsage { input, output, is_final, ..ReportedUsage::default() };
                let outcome = CallOutcome { ending, reported, received_bytes: bytes };
                settle(t, scope, open.swap_remove(nth), outcome).await;
            }
            Step::Checkpoint { nth, output } if nth < open.len() => {
                checkpoint(t, scope, &open[nth], reported(output, output, false), output).await;
            }
            Step::Abandon { nth } if nth < open.len() => drop(open.swap_remove(nth)),
            Step::Settle { .. } | Step::Checkpoint { .. } | Step::Abandon { .. } => {}
            Step::Wait { ms } => t.clock.advance_ms(ms),
            Step::Sweep => {
                sweep(t).await;
            }
            Step::Limits { input, output, requests, cost } => {
                set_limits(t, scope, limits(input, output, requests, cost)).await;
            }
        }
        assert_balanced(t).await;
    }
    drop(open);
    t.clock.advance_ms(60_001);
    sweep(t).await;
    assert_balanced(t).await;
    admitted
}

/// Changes that somebody could make by hand, each with the one that takes it back.
const CORRUPTIONS: [(&str, &str); 13] = [
    (
        "UPDATE budget_windows SET reserved_input_tokens = reserved_input_tokens + 1",
        "UPDATE budget_windows SET reserved_input_tokens = reserved_input_tokens - 1",
    ),
    (
        "UPDATE budget_windows SET settled_pico_usd = settled_pico_usd - 1",
        "UPDATE budget_windows SET settled_pico_usd = settled_pico_usd + 1",
    ),
    (
        "UPDATE budget_windows SET settled_requests = settled_requests - 1",
        "UPDATE budget_windows SET settled_requests = settled_requests + 1",
    ),
    (
        "UPDATE budget_windows SET overrun_output_tokens = overrun_output_tokens + 1",
        "UPDATE budget_windows SET overrun_output_tokens = overrun_output_tokens - 1",
    ),
    ("UPDATE budget_windows SET ceiling_output_tokens = 5", "UPDATE budget_windows SET ceiling_output_tokens = 10000"),
    ("UPDATE budget_windows SET cache_read_tokens = 1", "UPDATE budget_windows SET cache_read_tokens = 0"),
    ("UPDATE budget_windows SET unknown_calls = 1", "UPDATE budget_windows SET unknown_calls = 0"),
    ("UPDATE holds SET output_tokens = 9", "UPDATE holds SET output_tokens = 10"),
    (
        "UPDATE model_calls SET cost_pico_usd = cost_pico_usd + 1 WHERE state = 'settled'",
        "UPDATE model_calls SET cost_pico_usd = cost_pico_usd - 1 WHERE state = 'settled'",
    ),
    (
        "UPDATE model_calls SET output_tokens = output_tokens - 1 WHERE state = 'settled'",
        "UPDATE model_calls SET output_tokens = output_tokens + 1 WHERE state = 'settled'",
    ),
    (
        "UPDATE model_calls SET state = 'released' WHERE state = 'settled'",
        "UPDATE model_calls SET state = 'settled' WHERE state = 'released'",
    ),
    (
        "UPDATE model_calls SET state = 'settled' WHERE state = 'open'",
        "UPDATE model_calls SET state = 'open' WHERE quality IS NULL",
    ),
    (
        "UPDATE model_calls SET price_output = price_output + 1 WHERE state = 'settled'",
        "UPDATE model_calls SET price_output = price_output - 1 WHERE state = 'settled'",
    ),
];

async fn change(t: &TestDb, scope: &TenantScope, sql: &'static str) {
    let mut tx = t.db.begin(scope).await.unwrap();
    assert!(tx.query(sql).execute().await.unwrap() > 0, "{sql}");
    tx.commit().await.unwrap();
}

db_test! {
    async fn random_histories_keep_the_books_balanced(t: TestDb) {
        let mut admitted = 0;
        for (seed, code) in [(1, "aa"), (2, "bb"), (3, "cc")] {
            let scope = t.scope(code, Role::Member).await;
            admitted += live(&t, &scope, histories(seed, 60)).await;
        }
        assert!(admitted > 20, "the histories must do something: {admitted} calls");
    }

    async fn the_audit_finds_what_somebody_changed_by_hand(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        set_limits(&t, &scope, limits(Some(10_000), Some(10_000), Some(10), Some(1_000_000_000_000))).await;
        let open = reserve(&t, &scope, &Ask::of(100, 10)).await;
        let hold = reserve(&t, &scope, &Ask::of(100, 10)).await;
        settle(&t, &scope, hold, completed(50, 20)).await;
        assert_balanced(&t).await;
        for (corruption, repair) in CORRUPTIONS {
            change(&t, &scope, corruption).await;
            let violations = usage::audit_books(&t.db).await.unwrap();
            assert!(!violations.is_empty(), "not found: {corruption}");
            assert!(violations.iter().all(|line| line.starts_with("prs: ")), "{violations:?}");
            change(&t, &scope, repair).await;
            assert_balanced(&t).await;
        }
        // Nothing in the ledger can be taken back, so this one is last.
        change(
            &t,
            &scope,
            "INSERT INTO ledger (tenant_id, call_id, budget_id, kind, number, window_start, input_tokens, output_tokens, \
             requests, pico_usd, at) SELECT tenant_id, call_id, budget_id, 'adjust', 1, window_start, -1, 0, 0, 0, at \
             FROM ledger WHERE kind = 'settle'",
        )
        .await;
        // The window is not what its lines come to, and nobody wrote who corrected what.
        assert_eq!(usage::audit_books(&t.db).await.unwrap().len(), 2);
        drop(open);
    }
}
