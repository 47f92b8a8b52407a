//! Budgets of everybody and of every length, set by command; groups; budgets that are put aside.

use server::{
    db::group::{group_find, group_list, group_members},
    identity::api_keys::{self, WantedKey},
    usage::Desk,
};

use super::*;
use crate::support::db::db_test;

db_test! {
    async fn all_tokens_together_are_limited_and_clamped(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        set_limits(&t, &scope, BudgetLimits { tokens: Some(1_000), ..BudgetLimits::default() }).await;
        let first = reserve(&t, &scope, &Ask::of(600, 100)).await;
        let clamped = reserve(&t, &scope, &Ask { output_floor: 50, ..Ask::of(200, 1_000) }).await;
        assert_eq!(clamped.permit().max_output_tokens(), 100, "700 are held: 300 are left");
        let refusal = try_reserve(&t, &scope, &Ask::of(1, 0)).await.expect_err("nothing is left");
        assert_eq!(refusal.limit, "1,000 tokens");
        settle(&t, &scope, first, completed(500, 100)).await;
        settle(&t, &scope, clamped, completed(150, 50)).await;
        assert_eq!(meter(&t, &scope).await.percent, Some(80));
        let last = reserve(&t, &scope, &Ask::of(100, 100)).await;
        // More is billed than was held: an overrun, and the theorem holds.
        settle(&t, &scope, last, completed(150, 120)).await;
        assert_eq!(meter(&t, &scope).await.percent, Some(107));
        assert_balanced(&t).await;
        // A lower limit later does not make what was right wrong; a higher one opens again.
        set_limits(&t, &scope, BudgetLimits { tokens: Some(10), ..BudgetLimits::default() }).await;
        assert_balanced(&t).await;
        set_limits(&t, &scope, BudgetLimits { tokens: Some(1_171), ..BudgetLimits::default() }).await;
        let more = reserve(&t, &scope, &Ask::of(100, 1)).await;
        settle(&t, &scope, more, completed(1, 1)).await;
        assert_balanced(&t).await;
    }

    async fn budgets_of_persons_groups_profiles_and_keys_are_set_by_command(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        let mail = email(&t, &scope).await;
        let key = {
            let mut tx = t.db.begin_system(SystemReason::Administration).await.unwrap();
            let wanted = WantedKey { name: "Test".into(), user: Some(scope.user()), ..WantedKey::default() };
            let key = api_keys::create(&mut tx, &t.world, scope.tenant(), None, &wanted).await.unwrap();
            let profile: app::model::ProfileId = t.world.id();
            tx.query(
                "INSERT INTO profiles (tenant_id, id, slug, name, created_at, updated_at) VALUES ($1, $2, $3, $3, 0, 0)",
            )
            .bind(scope.tenant()).bind(profile).bind("office").execute().await.unwrap();
            let id = server::db::api_key::api_key_find(&mut tx, key.public_id()).await.unwrap().unwrap().id;
            tx.commit(t.world.id(), t.world.now(), "test").await.unwrap();
            (key.public_id().to_owned(), id, profile)
        };
        let told = command(&t, &["group", "create", "prs", "Dyeing"]).await.unwrap();
        assert!(told.contains("prs has a group Dyeing"), "{told}");
        assert!(command(&t, &["group", "create", "prs", "Dyeing"]).await.is_err(), "twice");
        command(&t, &["group", "add", "prs", "Dyeing", &mail]).await.unwrap();
        for line in [
            vec!["budget", "prs", "--input-tokens", "1000", "--period", "week"],
            vec!["budget", "prs", "--user", &mail, "--period", "day", "--tokens", "900"],
            vec!["budget", "prs", "--group", "Dyeing", "--requests", "4"],
            vec!["budget", "prs", "--profile", "office", "--cost", "0.01", "--period", "none"],
            vec!["budget", "prs", "--key", &key.0, "--input-tokens", "500", "--soft-percent", "50"],
        ] {
            command(&t, &line).await.unwrap_or_else(|error| panic!("{line:?}: {error:?}"));
        }
        for wrong in [
            vec!["budget", "prs", "--user", "nobody@prs.example", "--tokens", "9"],
            vec!["budget", "prs", "--group", "Weaving", "--tokens", "9"],
            vec!["budget", "prs", "--user", &mail, "--period", "week"],
            vec!["budget", "nosuch", "--tokens", "9"],
        ] {
            assert!(command(&t, &wrong).await.is_err(), "{wrong:?}");
        }

        // The tightest one on the path decides, and is named.
        let via = Via { key: key.1, profile: Some(key.2), ..via(&t) };
        let desk = Desk::open(&t.db, &t.world);
        let refused = async |input: i64| match desk.reserve(wish(&scope, via.clone(), input)).await {
            Err(ReserveError::Refused(refusal)) => (refusal.budget, refusal.limit),
            other => panic!("{other:?}"),
        };
        assert_eq!(refused(501).await, ("this key's monthly budget".to_owned(), "500 input tokens".to_owned()));
        let hold = desk.reserve(wish(&scope, via.clone(), 500)).await.unwrap();
        desk.settle(scope.clone(), hold, completed(300, 100)).await.unwrap();
        for _ in 0..3 {
            let hold = desk.reserve(wish(&scope, via.clone(), 10)).await.unwrap();
            desk.settle(scope.clone(), hold, completed(5, 5)).await.unwrap();
        }
        assert_eq!(refused(10).await, ("the group's monthly budget".to_owned(), "4 requests".to_owned()));

        let list = command(&t, &["budget", "prs", "--list"]).await.unwrap();
        for part in ["Dyeing", "office", "stw", "4 of 4 requests", "used up", "nearly used up", "none", "week", "day"] {
            assert!(part == "stw" || list.contains(part), "{part} in {list}");
        }
        assert_eq!(list.lines().filter(|line| !line.starts_with(' ')).count(), 6, "with the tenant's month: {list}");

        // Put aside it is on nobody's path; what was spent stays, and it counts again when it is taken up.
        command(&t, &["budget", "prs", "--group", "Dyeing", "--inactive"]).await.unwrap();
        let hold = desk.reserve(wish(&scope, via.clone(), 10)).await.unwrap();
        desk.settle(scope.clone(), hold, completed(5, 5)).await.unwrap();
        command(&t, &["budget", "prs", "--group", "Dyeing", "--active"]).await.unwrap();
        assert_eq!(refused(10).await.1, "4 requests");

        // Who is not in the group does not spend from it.
        let members = command(&t, &["group", "list", "prs", "Dyeing"]).await.unwrap();
        assert_eq!(members.trim(), mail);
        command(&t, &["group", "remove", "prs", "Dyeing", &mail]).await.unwrap();
        let hold = desk.reserve(wish(&scope, via.clone(), 10)).await.unwrap();
        desk.settle(scope.clone(), hold, completed(5, 5)).await.unwrap();
        command(&t, &["group", "delete", "prs", "Dyeing"]).await.unwrap();
        assert!(command(&t, &["group", "list", "prs"]).await.unwrap().contains("no groups"));
        assert!(command(&t, &["budget", "prs", "--list"]).await.unwrap().contains("(gone)"));
        desk.close().await;
        assert_balanced(&t).await;
    }

    async fn a_tenants_month_that_is_put_aside_limits_nothing(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        set_limits(&t, &scope, limits(Some(100), None, None, None)).await;
        let hold = reserve(&t, &scope, &Ask::of(100, 10)).await;
        settle(&t, &scope, hold, completed(100, 10)).await;
        assert!(try_reserve(&t, &scope, &Ask::of(1, 1)).await.is_err());
        command(&t, &["budget", "prs", "--inactive"]).await.unwrap();
        let hold = reserve(&t, &scope, &Ask::of(900_000_000, 10)).await;
        settle(&t, &scope, hold, completed(70, 7)).await;
        assert_eq!(meter(&t, &scope).await.percent, None);
        command(&t, &["budget", "prs", "--active"]).await.unwrap();
        let after = meter(&t, &scope).await;
        assert_eq!((after.used.input, after.percent), (170, Some(170)), "it went on counting");
        assert_balanced(&t).await;
    }

    async fn another_tenants_names_are_no_owners_here(t: TestDb) {
        let ours = t.scope("prs", Role::Member).await;
        let theirs = t.scope("iop", Role::Member).await;
        let mail = email(&t, &theirs).await;
        command(&t, &["group", "create", "iop", "Office"]).await.unwrap();
        assert!(command(&t, &["budget", "prs", "--user", &mail, "--tokens", "1"]).await.is_err());
        assert!(command(&t, &["budget", "prs", "--group", "Office", "--tokens", "1"]).await.is_err());
        assert!(command(&t, &["group", "add", "prs", "Office", &mail]).await.is_err());
        command(&t, &["group", "create", "prs", "Office"]).await.unwrap();
        assert!(command(&t, &["group", "add", "prs", "Office", &mail]).await.is_err(), "no member of ours");
        let mut tx = t.db.begin(&ours).await.unwrap();
        let books = Books::of(&ours);
        let group = group_find(books, &mut tx, "Office").await.unwrap().unwrap();
        assert_eq!((group.members, group_list(books, &mut tx, "", 5).await.unwrap().len()), (0, 1));
        assert!(group_members(books, &mut tx, group.id, "", 5).await.unwrap().is_empty());
    }
}
