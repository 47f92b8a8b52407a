//! Reconciliation: an invoice beside the books, corrections, and books that still balance.

use std::path::PathBuf;

use app::model::Quality;
use clap::Parser;
use server::{
    cli::reconcile::ReconcileArgs,
    usage::reconcile::{compare, invoice::Invoice},
};

use super::*;
use crate::support::db::db_test;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    args: ReconcileArgs,
}

async fn reconcile(t: &TestDb, words: &[&str]) -> Result<String, server::error::Error> {
    let line = Line::try_parse_from(["reconcile"].iter().chain(words)).expect("a command line");
    line.args.execute(&t.db, &t.world).await
}

/// An invoice as a file, which is removed in the end.
struct File(PathBuf);

impl File {
    fn new(t: &TestDb, text: &str) -> Self {
        let id: uuid::Uuid = t.world.id();
        let path = std::env::temp_dir().join(format!("steward-invoice-{id}.csv"));
        std::fs::write(&path, text).expect("a file");
        Self(path)
    }
    fn path(&self) -> &str {
        self.0.to_str().expect("a path")
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// A call of a model of Anthropic's.
async fn call(t: &TestDb, scope: &TenantScope, outcome: CallOutcome) -> Settled {
    call_at(t, scope, &price(), 0, outcome).await
}

async fn call_at(
    t: &TestDb,
    scope: &TenantScope,
    price: &PriceVersion,
    searches: i64,
    outcome: CallOutcome,
) -> Settled {
    let model = Model { provider: ProviderKind::Anthropic, id: ModelId("claude-haiku-4-5".into()), ..model() };
    let request = ReserveRequest {
        turn: None,
        step: 1,
        attempt: 1,
        purpose: Purpose::Answer,
        model: &model,
        price: Some(price),
        input_bound: 1_000,
        output_wanted: 100,
        output_floor: 100,
        searches,
        via: None,
    };
    let mut tx = t.db.begin(scope).await.unwrap();
    let hold = usage::reserve(scope, &mut tx, &t.world, request).await.unwrap();
    tx.commit().await.unwrap();
    settle(t, scope, hold, outcome).await
}

fn lost() -> CallOutcome {
    CallOutcome { ending: Ending::Lost, reported: ReportedUsage::default(), received_bytes: 0 }
}

async fn spent(t: &TestDb, scope: &TenantScope) -> i64 {
    meter(t, scope).await.cost.0
}

db_test! {
    async fn an_invoice_corrects_what_nobody_heard_of(t: TestDb) {
        let scope = t.scope("prs", Role::Admin).await;
        set_limits(&t, &scope, limits(None, None, None, Some(1_000_000_000_000))).await;
        // $1 and $5 a million: 400 + 90 tokens are 850,000,000 pico; what is lost stays at its hold, 2,500,000,000.
        assert_eq!(call(&t, &scope, completed(400, 90)).await.cost.0, 850_000_000);
        let unheard = call(&t, &scope, lost()).await;
        assert_eq!((unheard.cost.0, unheard.quality), (2_500_000_000, Quality::Unknown));
        let before = spent(&t, &scope).await;

        // It was billed after all, but less.
        let file = File::new(&t, "usage_date_utc,model,workspace,cost_usd\n\
            2026-03-10,claude-haiku-4-5-20251001,Default,0.00085\n2026-03-10,Claude Haiku 4.5,Default,0.0010\n\
            2026-03-10,claude-opus-5,Default,0.25\n");
        let base = ["prs", "--provider", "anthropic", "--file", file.path()];
        let shown = reconcile(&t, &base).await.unwrap();
        assert!(shown.contains("1 never heard of at 0.0025") && shown.contains("-0.0015"), "{shown}");
        assert!(shown.contains("no such calls here") && shown.contains("Nothing was booked"), "{shown}");
        assert_eq!(spent(&t, &scope).await, before, "looking changes nothing");
        let with_reason = [&base[..], &["--book", "--reason", "invoice of March", "--author", "ops@steward.example"]].concat();
        let booked = reconcile(&t, &with_reason).await.unwrap();
        assert!(booked.contains("1 calls were corrected") && booked.contains("claude-opus-5 0.25"), "{booked}");
        assert_eq!(spent(&t, &scope).await, before - 1_500_000_000);
        assert_balanced(&t).await;

        // Twice is once.
        let again = reconcile(&t, &with_reason).await.unwrap();
        assert!(again.contains("0 calls were corrected"), "{again}");
        assert_eq!(spent(&t, &scope).await, before - 1_500_000_000);

        // Reports show it, and that it was corrected.
        let mut tx = t.db.read(&scope).await.unwrap();
        let report = usage::report(&scope, &mut tx, &t.world, None, app::model::UsageBy::Model).await.unwrap();
        drop(tx);
        let total = report.breakdown.total;
        assert_eq!((total.cost.0, total.adjusted.0, total.unknown_calls), (1_850_000_000, -1_500_000_000, 1));
        assert_balanced(&t).await;
    }

    async fn fees_of_searches_are_compared_by_themselves(t: TestDb) {
        let scope = t.scope("prs", Role::Admin).await;
        set_limits(&t, &scope, limits(None, None, None, Some(90_000_000_000_000))).await;
        let outcome = completed(400, 90);
        let searched = CallOutcome { reported: ReportedUsage { searches: Some(2), ..outcome.reported }, ..outcome };
        // $0.00085 of tokens and two cents, each with a tenth on top.
        let marked = PriceVersion { per_search: Some(10_000_000_000), ..price() }.marked_up(1_000).unwrap();
        assert_eq!(call_at(&t, &scope, &marked, 2, searched).await.cost.0, 935_000_000 + 22_000_000_000);
        let unheard = call_at(&t, &scope, &marked, 1, lost()).await;
        assert_eq!(unheard.quality, Quality::Unknown);
        let before = spent(&t, &scope).await;
        // The call nobody heard of was not made: its tokens are corrected, fees are nobody's model.
        let file = File::new(&t, "usage_date_utc,model,workspace,token_type,cost_usd\n\
            2026-03-10,claude-haiku-4-5,Default,output_tokens,0.00085\n2026-03-10,,Default,web_search,0.02\n");
        let base = ["prs", "--provider", "anthropic", "--file", file.path()];
        let shown = reconcile(&t, &base).await.unwrap();
        assert!(shown.contains("(no model)") && shown.contains("0.03"), "{shown}");
        let booked = reconcile(&t, &[&base[..], &["--book", "--reason", "March", "--author", "ops@steward.example"]].concat()).await.unwrap();
        assert!(booked.contains("1 calls were corrected"), "{booked}");
        let fee_of_unheard = 11_000_000_000;
        assert_eq!(spent(&t, &scope).await, before - (unheard.cost.0 - fee_of_unheard));
        assert_balanced(&t).await;
    }

    async fn what_an_invoice_does_not_name_is_left_alone(t: TestDb) {
        let scope = t.scope("prs", Role::Admin).await;
        call(&t, &scope, lost()).await;
        let before = spent(&t, &scope).await;
        let file = File::new(&t, "usage_date_utc,model,workspace,cost_usd\n2026-03-10,claude-opus-5,Default,0.25\n");
        let line = ["prs", "--provider", "anthropic", "--file", file.path(), "--book", "--reason", "March", "--author", "ops@steward.example"];
        let booked = reconcile(&t, &line).await.unwrap();
        assert!(booked.contains("0 calls were corrected"), "{booked}");
        assert_eq!(spent(&t, &scope).await, before);
        assert_balanced(&t).await;
    }

    async fn what_may_explain_a_difference_is_counted(t: TestDb) {
        let scope = t.scope("prs", Role::Admin).await;
        call(&t, &scope, completed(400, 90)).await;
        let unheard = call(&t, &scope, lost()).await;
        let aborted = CallOutcome { ending: Ending::Aborted, reported: reported(400, 1, false), received_bytes: 20 };
        let cut = call(&t, &scope, aborted).await;
        let day = "2026-03-10".parse().unwrap();
        let invoice = Invoice::from([((day, "Claude Haiku 4.5".to_owned()), 7)]);
        let mut tx = t.db.begin_system(SystemReason::Administration).await.unwrap();
        let found = compare(&mut tx, &[scope.tenant()], "anthropic", &invoice).await.unwrap();
        let row = &found[&(day, "claude-haiku-4-5".to_owned())];
        assert_eq!((row.calls, row.estimated_calls, row.unknown_calls), (3, 1, 1));
        assert_eq!((row.estimated_pico, row.unknown_pico), (cut.cost.0, unheard.cost.0));
        assert_eq!((row.booked_pico, row.invoiced_pico), (850_000_000 + cut.cost.0 + unheard.cost.0, Some(7)));
        assert_eq!((row.difference_pico(), found.len()), (7 - row.booked_pico, 1));
        drop(tx);
        assert_balanced(&t).await;
    }

    async fn what_was_billed_more_counts_as_overrun_and_passes_no_limit_silently(t: TestDb) {
        let scope = t.scope("prs", Role::Admin).await;
        // Just as much as is held.
        set_limits(&t, &scope, limits(None, None, None, Some(2_500_000_000))).await;
        call(&t, &scope, completed(1_000, 100)).await;
        let file = File::new(&t, "When,Was,Cents\n2026-03-10,claude-haiku-4-5,0.4\n");
        let columns = "day=When,model=Was,cost=Cents,unit=cents";
        let all = ["--all", "--provider", "anthropic", "--file", file.path(), "--columns", columns];
        let book = ["--book", "--reason", "why", "--author", "me"];
        // Nobody knows whose call it was: exact ones are not touched.
        let text = reconcile(&t, &[&all[..], &book].concat()).await.unwrap();
        assert!(text.contains("0 calls were corrected") && text.contains("no call explains it"), "{text}");
        let one = ["prs", "--provider", "anthropic", "--file", file.path(), "--columns", columns];
        reconcile(&t, &[&one[..], &book].concat()).await.unwrap();
        let spent = spent(&t, &scope).await;
        assert_eq!(spent, 4_000_000_000, "beyond the limit, as overrun");
        assert!(try_reserve(&t, &scope, &Ask::of(1, 1)).await.is_err(), "and nothing fits any more");
        assert_balanced(&t).await;

        // The invoice says nothing of a day: that is not nothing, unless somebody says so.
        let other = File::new(&t, "date,model,cost\n2026-03-10,another,0\n");
        let quiet = ["prs", "--provider", "anthropic", "--file", other.path()];
        let text = reconcile(&t, &[&quiet[..], &book].concat()).await.unwrap();
        assert!(text.contains("not mentioned") && text.contains("0 calls were corrected"), "{text}");
        let text = reconcile(&t, &[&quiet[..], &book, &["--absent-is-zero"]].concat()).await.unwrap();
        assert!(text.contains("no call explains it"), "what the provider itself reported is not taken back: {text}");
        assert_balanced(&t).await;
    }

    async fn an_invoice_that_cannot_be_read_is_refused_in_words(t: TestDb) {
        let _ = t.scope("prs", Role::Admin).await;
        let file = File::new(&t, "date,model,cost\n2026-03-10,m,much\n");
        let error = reconcile(&t, &["prs", "--provider", "openai", "--file", file.path()]).await.expect_err("no amount");
        assert!(error.to_string().contains("line 2"), "{error}");
        let error = reconcile(&t, &["xyz", "--provider", "openai", "--file", file.path()]).await.expect_err("no tenant");
        assert!(error.to_string().contains("line 2") || error.to_string().contains("no tenant"), "{error}");
        let empty = File::new(&t, "date,model,cost\n");
        assert!(reconcile(&t, &["prs", "--provider", "openai", "--file", empty.path()]).await.is_err());
        assert!(Line::try_parse_from(["reconcile", "prs", "--provider", "openai", "--file", "x", "--book"]).is_err());
    }
}
