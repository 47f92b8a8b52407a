//! T13: keys are rotated and revoked, people and conversations deleted, limits changed during traffic; what was spent stays
//! spent, and nothing is spent that was not let in.

use futures::future::join_all;
use server::{
    db::{
        api_key::{api_key_end, api_key_find},
        budget::grant::Granted,
    },
    identity::api_keys::{self, WantedKey},
    usage::Desk,
};

use super::*;
use crate::support::db::db_test;

async fn make_key(t: &TestDb, scope: &TenantScope) -> (String, app::model::ApiKeyId) {
    let mut tx = t.db.begin_system(SystemReason::Administration).await.unwrap();
    let wanted = WantedKey { name: "Test".into(), user: Some(scope.user()), ..WantedKey::default() };
    let key = api_keys::create(&mut tx, &t.world, scope.tenant(), None, &wanted).await.unwrap();
    let id = api_key_find(&mut tx, key.public_id()).await.unwrap().unwrap().id;
    tx.commit(t.world.id(), t.world.now(), "test").await.unwrap();
    (key.public_id().to_owned(), id)
}

fn asked(t: &TestDb, scope: &TenantScope, key: app::model::ApiKeyId, input_bound: i64) -> Wish {
    Wish { output_wanted: 10, output_floor: 10, ..wish(scope, Via { key, ..via(t) }, input_bound) }
}

db_test! {
    async fn t13_rotated_and_revoked_keys_leave_what_they_spent(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        let (public_id, key) = make_key(&t, &scope).await;
        command(&t, &["budget", "prs", "--key", &public_id, "--input-tokens", "1000"]).await.unwrap();
        let desk = Desk::open(&t.db, &t.world);
        let open = desk.reserve(asked(&t, &scope, key, 300)).await.unwrap();
        let done = desk.reserve(asked(&t, &scope, key, 300)).await.unwrap();
        desk.settle(scope.clone(), done, completed(250, 5)).await.unwrap();

        let mut tx = t.db.begin_system(SystemReason::Administration).await.unwrap();
        let old = api_key_find(&mut tx, &public_id).await.unwrap().unwrap();
        let new = api_keys::rotate(&mut tx, &t.world, &old, 0).await.unwrap();
        let new_id = api_key_find(&mut tx, new.public_id()).await.unwrap().unwrap().id;
        tx.commit(t.world.id(), t.world.now(), "test").await.unwrap();
        assert_eq!(new_id, key, "a rotated key spends from the same budget");
        assert!(desk.reserve(asked(&t, &scope, new_id, 500)).await.is_err(), "550 of 1,000 are gone or held");
        let renewed = desk.reserve(asked(&t, &scope, new_id, 400)).await.unwrap();

        let mut tx = t.db.begin_system(SystemReason::Administration).await.unwrap();
        let books = Books::within(&tx, scope.tenant());
        assert!(api_key_end(books, &mut tx, key, t.world.now(), true).await.unwrap());
        tx.commit(t.world.id(), t.world.now(), "test").await.unwrap();
        // What it has open is settled, revoked or not.
        desk.settle(scope.clone(), open, completed(290, 5)).await.unwrap();
        desk.settle(scope.clone(), renewed, completed(7, 5)).await.unwrap();
        assert_eq!(meter(&t, &scope).await.used.input, 547);
        let list = command(&t, &["budget", "prs", "--list"]).await.unwrap();
        assert!(list.contains("547 of 1,000 input tokens"), "{list}");
        desk.close().await;
        assert_balanced(&t).await;
    }

    async fn t13_a_deleted_person_leaves_books_that_balance(t: TestDb) {
        let scope = t.scope("prs", Role::Admin).await;
        set_own_daily_limit(&t, &scope, 5_000).await;
        let settled = reserve(&t, &scope, &Ask::of(1_000, 100)).await;
        settle(&t, &scope, settled, completed(4_100, 4)).await;
        let open = reserve(&t, &scope, &Ask::of(500, 100)).await;
        let mut tx = t.db.begin(&scope).await.unwrap();
        let budgets = usage::own_budgets(&scope, &mut tx, &t.world).await.unwrap();
        usage::ask_for_more(&scope, &mut tx, &t.world, budgets[0].id, "please").await.unwrap();
        let notice = usage::meter(&scope, &mut tx, &t.world).await.unwrap().notice.expect("82 % of the day");
        usage::put_away(&scope, &mut tx, &t.world, &notice.key).await.unwrap();
        tx.commit().await.unwrap();

        let mut tx = t.db.begin_system(SystemReason::Administration).await.unwrap();
        tx.query("DELETE FROM users WHERE id = $1").bind(scope.user()).execute().await.unwrap();
        tx.commit(t.world.id(), t.world.now(), "test").await.unwrap();
        settle(&t, &scope, open, completed(400, 4)).await;
        let list = command(&t, &["budget", "prs", "--list"]).await.unwrap();
        assert!(list.contains("(gone)") && list.contains("4,500 of 5,000 input tokens"), "{list}");
        assert!(command(&t, &["budget", "requests", "prs"]).await.unwrap().contains("Nobody"));
        assert_balanced(&t).await;
    }

    async fn t13_limits_change_during_traffic(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        set_limits(&t, &scope, BudgetLimits { tokens: Some(20_000), ..BudgetLimits::default() }).await;
        let key: app::model::ApiKeyId = t.world.id();
        let desk = Desk::open(&t.db, &t.world);
        let calls = (0..120).map(|at| {
            let (t, desk, scope) = (&t, desk.clone(), scope.clone());
            async move {
                let Ok(hold) = desk.reserve(asked(t, &scope, key, 200 + at)).await else { return 0 };
                desk.settle(scope, hold, completed(150, 10)).await.map_or(0, |_| 160)
            }
        });
        let changes = async {
            for tokens in [400, 30_000, 0, 9_000, 1_000_000, 2_000, 15_000] {
                set_limits(&t, &scope, BudgetLimits { tokens: Some(tokens), ..BudgetLimits::default() }).await;
                tokio::task::yield_now().await;
            }
            let mut tx = t.db.begin(&scope).await.unwrap();
            let budget = usage::own_budgets(&scope, &mut tx, &t.world).await.unwrap().remove(0);
            usage::ask_for_more(&scope, &mut tx, &t.world, budget.id, "more").await.unwrap();
            let id = usage::own_budgets(&scope, &mut tx, &t.world).await.unwrap().remove(0).request.unwrap().id;
            let more = Granted { tokens: 700, ..Granted::default() };
            usage::grant(Books::of(&scope), &mut tx, &t.world, id, more, "", "test").await.unwrap();
            tx.commit().await.unwrap();
        };
        let (spent, ()) = tokio::join!(join_all(calls), changes);
        let after = meter(&t, &scope).await;
        assert_eq!(after.used.input + after.used.output, spent.iter().sum::<i64>(), "what was let in, and no more");
        assert_eq!(after.limits.tokens, Some(15_700));
        desk.close().await;
        assert_balanced(&t).await;
    }
}
