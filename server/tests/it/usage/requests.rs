//! More than a budget gives: asked for, granted for one window, declined; by command and on the pages.

use reqwest::{Method, StatusCode};
use server::{
    db::budget::grant::Granted,
    usage::{Asked, OwnBudget},
};

use super::*;
use crate::support::{db::db_test, server::TestServer};

async fn own(t: &TestDb, scope: &TenantScope) -> Vec<OwnBudget> {
    let mut tx = t.db.read(scope).await.unwrap();
    usage::own_budgets(scope, &mut tx, &t.world).await.unwrap()
}

async fn ask_more(t: &TestDb, scope: &TenantScope, reason: &str) -> Result<Asked, server::error::Error> {
    let budget = own(t, scope).await[0].id;
    let mut tx = t.db.begin(scope).await.unwrap();
    let asked = usage::ask_for_more(scope, &mut tx, &t.world, budget, reason).await?;
    tx.commit().await.unwrap();
    Ok(asked)
}

db_test! {
    async fn the_tenants_budget_comes_first_and_is_the_meters(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        let mut tx = t.db.begin(&scope).await.unwrap();
        let of_person = |period| BudgetKey { scope: ScopeKind::User, scope_id: scope.user().0, period };
        let weekly = BudgetKey { scope: ScopeKind::Tenant, scope_id: scope.tenant().0, period: Period::Week };
        for (key, most) in [(weekly, 7), (of_person(Period::Day), 8), (of_person(Period::Month), 9)] {
            budget_put(Books::of(&scope), &mut tx, t.world.id(), key, limits(Some(most), None, None, None), t.world.now()).await.unwrap();
        }
        tx.commit().await.unwrap();
        set_limits(&t, &scope, limits(Some(1_000), None, None, None)).await;
        assert_eq!(meter(&t, &scope).await.limits.input_tokens, Some(1_000));
        let own: Vec<_> = own(&t, &scope).await.into_iter().map(|budget| budget.limits.input_tokens).collect();
        assert_eq!(own, [Some(1_000), Some(7), Some(9), Some(8)]);
        // Nobody asks for more of what is not theirs.
        let mut tx = t.db.begin(&scope).await.unwrap();
        let asked = usage::ask_for_more(&scope, &mut tx, &t.world, uuid::Uuid::from_u128(9), "please").await;
        assert!(matches!(asked, Err(server::error::Error::NotFound)), "{asked:?}");
    }

    async fn a_grant_holds_for_its_window_only(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        set_limits(&t, &scope, limits(Some(100), None, None, None)).await;
        let hold = reserve(&t, &scope, &Ask::of(100, 10)).await;
        settle(&t, &scope, hold, completed(100, 10)).await;
        assert!(try_reserve(&t, &scope, &Ask::of(50, 10)).await.is_err());
        assert!(ask_more(&t, &scope, "  ").await.is_err(), "a reason is asked for");
        assert_eq!(ask_more(&t, &scope, "the month's report").await.unwrap(), Asked::Now);
        assert_eq!(ask_more(&t, &scope, "again").await.unwrap(), Asked::Before);

        let list = command(&t, &["budget", "requests", "prs"]).await.unwrap();
        assert!(list.contains("the month's report") && list.lines().count() == 1, "{list}");
        let id = list.split(' ').next().unwrap().to_owned();
        for wrong in [
            vec!["budget", "grant", "prs", &id],
            vec!["budget", "grant", "prs", &id, "--requests", "5"],
            vec!["budget", "grant", "prs", "00000000-0000-0000-0000-000000000000", "--input-tokens", "50"],
        ] {
            assert!(command(&t, &wrong).await.is_err(), "{wrong:?}");
        }
        command(&t, &["budget", "grant", "prs", &id, "--input-tokens", "50", "--answer", "go on"]).await.unwrap();
        assert!(command(&t, &["budget", "decline", "prs", &id]).await.is_err(), "it is decided");
        let after = own(&t, &scope).await.remove(0);
        assert_eq!((after.limits.input_tokens, after.percent), (Some(150), Some(66)));
        assert_eq!(after.request.map(|request| request.answer), Some("go on".to_owned()));

        let refusal = try_reserve(&t, &scope, &Ask::of(51, 10)).await.expect_err("50 more, not 51");
        assert_eq!(refusal.limit, "150 input tokens");
        let hold = reserve(&t, &scope, &Ask::of(50, 10)).await;
        assert!(try_reserve(&t, &scope, &Ask::of(1, 1)).await.is_err());
        settle(&t, &scope, hold, completed(50, 10)).await;
        assert_balanced(&t).await;
        assert_eq!(usage::budget_limits(&mut t.db.begin_system(SystemReason::Administration).await.unwrap(), &t.world,
            scope.tenant()).await.unwrap().input_tokens, Some(100), "the budget itself is as it was");

        // April knows nothing of it.
        t.clock.set(refusal.resets_at.unwrap());
        assert_eq!(own(&t, &scope).await[0].limits.input_tokens, Some(100));
        assert!(try_reserve(&t, &scope, &Ask::of(101, 10)).await.is_err());
        assert!(command(&t, &["budget", "requests", "prs"]).await.unwrap().contains("Nobody"));
        assert_balanced(&t).await;
    }

    async fn nothing_is_granted_to_another_tenant_or_too_late(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        let theirs = t.scope("iop", Role::Admin).await;
        set_limits(&t, &scope, limits(Some(100), None, None, None)).await;
        assert_eq!(ask_more(&t, &scope, "please").await.unwrap(), Asked::Now);
        let id = own(&t, &scope).await[0].request.clone().unwrap().id;
        let more = Granted { input_tokens: 5, ..Granted::default() };
        let mut tx = t.db.begin(&theirs).await.unwrap();
        let granted = usage::grant(Books::of(&theirs), &mut tx, &t.world, id, more, "", "them").await;
        assert!(matches!(granted, Err(server::error::Error::NotFound)), "{granted:?}");
        let budget = own(&t, &scope).await[0].id;
        let asked = usage::ask_for_more(&theirs, &mut tx, &t.world, budget, "mine").await;
        assert!(matches!(asked, Err(server::error::Error::NotFound)), "{asked:?}");
        drop(tx);
        t.clock.set(own(&t, &scope).await[0].resets_at.unwrap());
        let mut tx = t.db.begin(&scope).await.unwrap();
        let granted = usage::grant(Books::of(&scope), &mut tx, &t.world, id, more, "", "us").await;
        assert!(matches!(granted, Err(server::error::Error::Conflict(_))), "{granted:?}");
        drop(tx);
        assert_balanced(&t).await;
    }

    async fn grants_cannot_be_changed_and_an_altered_sum_is_found(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        set_limits(&t, &scope, limits(Some(100), None, None, None)).await;
        ask_more(&t, &scope, "please").await.unwrap();
        let id = own(&t, &scope).await[0].request.clone().unwrap().id.to_string();
        command(&t, &["budget", "grant", "prs", &id, "--input-tokens", "7"]).await.unwrap();
        let mut tx = t.db.begin(&scope).await.unwrap();
        assert!(tx.query("UPDATE budget_grants SET input_tokens = 9").execute().await.is_err());
        drop(tx);
        let mut tx = t.db.begin(&scope).await.unwrap();
        assert!(tx.query("DELETE FROM budget_grants").execute().await.is_err());
        drop(tx);
        let mut tx = t.db.begin(&scope).await.unwrap();
        tx.query("UPDATE budget_windows SET granted_input_tokens = 8").execute().await.unwrap();
        tx.commit().await.unwrap();
        let violations = usage::audit_books(&t.db).await.unwrap();
        assert!(violations.iter().any(|violation| violation.contains("granted")), "{violations:?}");
    }

    async fn people_ask_and_administrators_answer_without_scripts(t: TestDb) {
        let server = TestServer::start_with_demo_model(t).await;
        let tenant = server.tenant("prs").await;
        let member = server.person("budi@prs.example", &[(tenant, Role::Member)]).await;
        let admin = server.person("ana@prs.example", &[(tenant, Role::Admin)]).await;
        let status = member.get("/t/prs/budget/requests").await.status();
        assert_eq!(status, StatusCode::FORBIDDEN);
        let page = member.get("/t/prs/budget").await.text().await.unwrap();
        let budget = page.split("name=\"budget\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let post = async |browser: &crate::support::server::Browser, path: &str, fields: &[(&str, &str)]| {
            browser.request(Method::POST, path).form(fields).send().await.unwrap()
        };
        let fields = [("budget", budget.as_str()), ("reason", "<b>the audit</b>")];
        assert_eq!(post(&member, "/t/prs/budget", &fields).await.status(), StatusCode::SEE_OTHER);
        let page = member.get("/t/prs/budget").await.text().await.unwrap();
        assert!(page.contains("&lt;b&gt;the audit") && !page.contains("<b>the audit"), "{page}");
        assert!(!page.contains("name=\"reason\""), "one open request");

        let page = admin.get("/t/prs/budget/requests").await.text().await.unwrap();
        assert!(page.contains("Name of budi@prs.example asks for more"), "{page}");
        let action = page.split("action=\"/t/prs/budget/requests/").nth(1).unwrap().split('"').next().unwrap();
        let path = format!("/t/prs/budget/requests/{action}");
        for wrong in [[("decision", "grant"), ("requests", "-5")], [("decision", "grant"), ("requests", "1,000")]] {
            assert_eq!(post(&admin, &path, &wrong).await.status(), StatusCode::UNPROCESSABLE_ENTITY, "{wrong:?}");
        }
        let grant = [("decision", "grant"), ("requests", "5"), ("answer", "go on")];
        assert_eq!(post(&member, &path, &grant).await.status(), StatusCode::FORBIDDEN);
        assert_eq!(post(&admin, &path, &grant).await.status(), StatusCode::SEE_OTHER);
        assert_eq!(post(&admin, &path, &grant).await.status(), StatusCode::CONFLICT);
        let page = member.get("/t/prs/budget").await.text().await.unwrap();
        assert!(page.contains("go on") && page.contains("10,005"), "{page}");
        server.books_balance(&["prs"]).await;
    }
}
