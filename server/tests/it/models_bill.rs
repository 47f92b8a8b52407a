//! The whole way to a provider: turns on the Anthropic client against the scripted upstream, whose own bill is held
//! against our books.

use std::sync::Arc;

use app::model::{MessageText, Quality, Role, StartTurn, TurnEvent, UsageMeter};
use server::{
    db::TenantScope,
    egress::{BaseUrl, Egress},
    models::{Catalogue, anthropic::Anthropic},
    tools::Registry,
    turns::{Models, Turns},
    usage::{Spill, audit_books, meter},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use upstream::{ApiError, Bill, Script, Step, Upstream};

use crate::{
    support::db::{TestDb, db_test},
    turns_fake::{config, follow},
};

struct Story {
    t: TestDb,
    scope: TenantScope,
    upstream: Upstream,
    turns: Turns,
}

impl Story {
    async fn new(t: TestDb) -> Self {
        let scope = t.scope("prs", Role::Member).await;
        let upstream = Upstream::start().await.expect("a port");
        let base = BaseUrl::parse(&upstream.url()).expect("a URL");
        let provider = Anthropic::new(Egress::new().expect("a client"), &base, "sk-test").expect("a key");
        let catalogue = Catalogue::built_in();
        let model = catalogue.find("claude-haiku-4-5").expect("a model").clone();
        let turns = Turns::new(
            config(),
            t.db.clone(),
            t.world.clone(),
            Models::only(model, Arc::new(provider)),
            catalogue,
            Registry::built_in(),
            Spill::nowhere(),
            TaskTracker::new(),
            &CancellationToken::new(),
        );
        Self { t, scope, upstream, turns }
    }

    /// The last event of a turn about this text.
    async fn ask(&self, text: &str) -> TurnEvent {
        let text = MessageText::parse(text).expect("a message");
        let start = StartTurn {
            conversation: None,
            parent: None,
            text: Some(text),
            attachments: vec![],
            model: None,
            key: self.t.world.id(),
        };
        let started = self.turns.start(&self.scope, "req-1", start).await.expect("a turn starts");
        let mut events = follow(&self.turns, &self.scope, started.turn, 0).await;
        events.pop().expect("an end").event
    }

    /// What the books say was used, after checking them.
    async fn books(&self) -> UsageMeter {
        assert_eq!(audit_books(&self.t.db).await.expect("an audit"), Vec::<String>::new());
        let mut tx = self.t.db.read(&self.scope).await.expect("a transaction");
        meter(&self.scope, &mut tx, &self.t.world).await.expect("a meter")
    }
}

/// Our books as the provider would write its bill.
fn as_bill(books: &UsageMeter) -> Bill {
    Bill {
        calls: books.requests,
        input: books.used.input,
        cache_read: books.used.cache_read,
        cache_write: books.used.cache_write_5m + books.used.cache_write_1h,
        output: books.used.output,
        searches: 0,
    }
}

db_test! {
    async fn the_books_are_the_bill_to_the_token(t: TestDb) {
        let story = Story::new(t).await;
        let end = story.ask("[[script:tool-loop]] Which compressors are there?").await;
        let TurnEvent::Finished { usage } = end else { panic!("{end:?}") };
        assert_eq!((usage.calls, usage.quality), (3, Quality::Exact), "two steps and the title");
        let books = story.books().await;
        assert_eq!(as_bill(&books), story.upstream.bill());
        assert_eq!((books.used.cache_read, books.used.cache_write_5m), (300, 300));
        assert_eq!(books.cost, usage.cost);
        assert!(story.upstream.requests().iter().all(|request| request.status == 200), "every request was a valid one");
    }

    async fn a_retried_call_is_billed_once(t: TestDb) {
        let story = Story::new(t).await;
        let overloaded = ApiError::new(529, "overloaded_error", "Overloaded").header("retry-after", "0");
        story.upstream.enqueue(Script { refuse: Some(overloaded), ..Script::default() });
        story.upstream.enqueue(Script::text("Here I am."));
        let end = story.ask("Hello?").await;
        assert!(matches!(end, TurnEvent::Finished { .. }), "{end:?}");
        assert_eq!(as_bill(&story.books().await), story.upstream.bill());
    }

    async fn a_broken_answer_is_never_booked_below_its_bill(t: TestDb) {
        let story = Story::new(t).await;
        let half = Script::text("This is the first half, ").usage(|usage| usage.input = Some(50)).step(Step::Reset);
        story.upstream.enqueue(half);
        let end = story.ask("Tell me").await;
        assert!(matches!(end, TurnEvent::Failed { .. }), "{end:?}");
        let (books, bill) = (story.books().await, story.upstream.bill());
        assert_eq!((books.requests, books.quality), (bill.calls, Quality::Estimated));
        assert_eq!(books.used.input, bill.input, "the input was told before the break");
        assert!(books.used.output >= bill.output, "{books:?} {bill:?}");
    }

    async fn an_answer_that_breaks_off_inside_tool_arguments_is_never_booked_below_its_bill(t: TestDb) {
        let story = Story::new(t).await;
        let query = "compressor ".repeat(60);
        // The start of the message and of the block, two of the three pieces of the arguments, and the cut.
        let half = Script::tools([("toolu_1", "find_devices", serde_json::json!({"query": query}))])
            .usage(|usage| usage.input = Some(50))
            .fault(4, upstream::FaultKind::Reset);
        story.upstream.enqueue(half);
        story.upstream.enqueue(Script::text("Here I am."));
        let end = story.ask("Tell me").await;
        assert!(matches!(end, TurnEvent::Finished { .. }), "nothing was said, so it was asked again: {end:?}");
        let (books, bill) = (story.books().await, story.upstream.bill());
        assert_eq!((books.requests, books.quality), (bill.calls, Quality::Estimated));
        assert!(bill.output > 100 && books.used.output >= bill.output, "{books:?} {bill:?}");
    }
}
