//! T10: the database is away when a call is to be settled. The settlement waits in a file, and the books are exact when it
//! is back, even in another process.

use std::os::unix::fs::MetadataExt as _;

use server::usage::{Desk, Spill};

use super::*;
use crate::support::db::db_test;

fn asked(t: &TestDb, scope: &TenantScope) -> Wish {
    wish(scope, Via { format: "anthropic", ..via(t) }, 500)
}

/// How often something across tenants was written.
async fn audit_rows(t: &TestDb) -> i64 {
    let mut tx = t.db.read_system(SystemReason::AuditOfBooks).await.unwrap();
    let (rows,): (i64,) = tx.query("SELECT COUNT(*) FROM system_access").one().await.unwrap();
    rows
}

db_test! {
    async fn t10_what_cannot_be_settled_waits_in_a_file(t: TestDb) {
        let mut t = t;
        let files = tempfile::tempdir().unwrap();
        let path = files.path().join("unsettled.jsonl");
        let spill = Spill::to(path.clone());
        let scope = t.scope("prs", Role::Member).await;
        let desk = Desk::open_with(&t.db, &t.world, &spill);
        let mut holds = Vec::new();
        for _ in 0..3 {
            holds.push(desk.reserve(asked(&t, &scope)).await.unwrap());
        }
        t.db.close().await;
        let refused = desk.reserve(asked(&t, &scope)).await;
        assert!(matches!(refused, Err(ReserveError::Db(_))), "nothing is sent without books: {refused:?}");
        let settling = holds.into_iter().map(|hold| desk.settle(scope.clone(), hold, completed(400, 90)));
        assert!(futures::future::join_all(settling).await.iter().all(Option::is_none), "not yet");
        desk.close().await;
        assert!(!spill.is_empty());
        assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 3);
        assert!(spill.replay(&t.db, &t.world).await.is_err(), "the database is still away");
        assert!(!spill.is_empty(), "and nothing is lost");

        // A crash in the middle of another line, then a new process.
        let mut text = std::fs::read_to_string(&path).unwrap();
        text.push_str("{\"tenant\":");
        std::fs::write(&path, &text).unwrap();
        t.db = Db::open(&t.config).await.unwrap();
        // Long enough for the sweeper to take these calls for dead; it leaves them to the file.
        t.clock.advance_ms(120_000);
        assert_eq!(sweep(&t).await, 0);
        // A server of another database, which shares the file, changes nothing about that.
        let other = TestDb::sqlite().await;
        let inode = std::fs::metadata(&path).unwrap().ino();
        assert_eq!(spill.replay(&other.db, &other.world).await.unwrap(), 0);
        assert_eq!(std::fs::metadata(&path).unwrap().ino(), inode, "the file is the same");
        assert_eq!(sweep(&t).await, 0, "they still wait");
        let (audited, of_others) = (audit_rows(&t).await, audit_rows(&other).await);
        assert_eq!(spill.replay(&t.db, &t.world).await.unwrap(), 3);
        assert_eq!(audit_rows(&t).await, audited + 1);
        assert!(spill.is_empty());
        let after = meter(&t, &scope).await;
        assert_eq!((after.requests, after.used.input, after.used.output), (3, 1_200, 270));
        assert_eq!(after.quality, app::model::Quality::Exact);

        // Written twice it settles once.
        std::fs::write(&path, &text).unwrap();
        assert_eq!(spill.replay(&t.db, &t.world).await.unwrap(), 0);
        assert_eq!(meter(&t, &scope).await.requests, 3);
        assert!(spill.is_empty());
        // A server of another database leaves them to the one that knows them.
        std::fs::write(&path, &text).unwrap();
        assert_eq!(spill.replay(&other.db, &other.world).await.unwrap(), 0);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        assert_eq!(audit_rows(&other).await, of_others, "who did nothing has nothing to account for");
        assert_eq!(spill.replay(&t.db, &t.world).await.unwrap(), 0);
        assert!(spill.is_empty());
        assert_balanced(&t).await;
    }

    async fn t10_a_file_that_cannot_be_written_does_not_stop_the_desk(t: TestDb) {
        let mut t = t;
        let files = tempfile::tempdir().unwrap();
        // A folder where the file should be.
        let path = files.path().join("unsettled.jsonl");
        std::fs::create_dir(&path).unwrap();
        let spill = Spill::to(path);
        let scope = t.scope("prs", Role::Member).await;
        let desk = Desk::open_with(&t.db, &t.world, &spill);
        let hold = desk.reserve(asked(&t, &scope)).await.unwrap();
        t.db.close().await;
        let settling = begun(Box::pin(desk.settle(scope.clone(), hold, completed(400, 90)))).await;
        let began = std::time::Instant::now();
        desk.close().await;
        assert!(began.elapsed().as_secs() >= 4, "it does not give up at once");
        assert_eq!(settling.await, None);
        t.db = Db::open(&t.config).await.unwrap();
        t.clock.advance_ms(61_000);
        assert_eq!(sweep(&t).await, 1, "the sweeper settles at the bound");
        assert_balanced(&t).await;
    }
}
