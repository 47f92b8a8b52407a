//! Reports: divided by everything a call came with, page by page, for those who may see them.

use app::model::{Date, ProfileId, UsageBy, UsageRow};
use reqwest::StatusCode;
use server::{
    cli::report::ReportArgs,
    db::{
        group::{group_insert, group_member_put},
        ledger::Books,
        usage_day::sums::DayRange,
    },
    usage::{
        Desk,
        report::breakdown::{Which, listing, total},
    },
};

use super::*;
use crate::support::{db::db_test, server::TestServer};

fn march(scope: &TenantScope) -> DayRange {
    let day = |day| Date { year: 2026, month: 3, day };
    DayRange { books: Books::of(scope), first: day(1), last: day(31), user: None }
}

/// All rows, one on a page.
async fn rows(t: &TestDb, scope: &TenantScope, by: UsageBy) -> Vec<UsageRow> {
    let mut tx = t.db.read(scope).await.unwrap();
    let (mut all, mut after) = (Vec::new(), None::<String>);
    loop {
        let which = Which { after: after.as_deref(), dearest_first: false, limit: 1 };
        let part = listing(&mut tx, &march(scope), by, which).await.unwrap();
        assert!(part.rows.len() <= 1);
        all.extend(part.rows);
        after = part.next;
        if after.is_none() {
            return all;
        }
        assert!(all.len() < 100, "it comes to an end");
    }
}

db_test! {
    async fn every_way_to_divide_it_comes_to_the_same(t: TestDb) {
        let ana = t.scope("prs", Role::Admin).await;
        let desk = Desk::open(&t.db, &t.world);
        let profile: ProfileId = t.world.id();
        for (profile, output) in [(None, 10), (Some(profile), 20), (Some(profile), 30)] {
            let hold = desk.reserve(wish(&ana, Via { profile, ..via(&t) }, 500)).await.unwrap();
            desk.settle(ana.clone(), hold, completed(400, output)).await.unwrap();
            t.clock.advance_ms(86_400_000);
        }
        let refused = desk.reserve(wish(&ana, via(&t), 500)).await.unwrap();
        let outcome = CallOutcome { ending: Ending::NotBilled, reported: ReportedUsage::default(), received_bytes: 0 };
        desk.settle(ana.clone(), refused, outcome).await.unwrap();
        desk.close().await;
        let hold = reserve(&t, &ana, &Ask::of(500, 100)).await;
        let lost = CallOutcome { ending: Ending::Lost, reported: ReportedUsage::default(), received_bytes: 0 };
        settle(&t, &ana, hold, lost).await;

        let mut tx = t.db.read(&ana).await.unwrap();
        let whole = total(&mut tx, &march(&ana)).await.unwrap();
        drop(tx);
        assert_eq!((whole.requests, whole.exact_calls(), whole.unknown_calls), (4, 3, 1), "what was given back counts nowhere");
        assert_eq!(whole.cost, whole.list_cost, "without a markup there is no margin");
        for (by, count) in [
            (UsageBy::Tenant, 1),
            (UsageBy::Day, 4),
            (UsageBy::Person, 1),
            (UsageBy::Key, 4),
            (UsageBy::Profile, 2),
            (UsageBy::Model, 1),
            (UsageBy::Purpose, 2),
            (UsageBy::Format, 2),
        ] {
            let rows = rows(&t, &ana, by).await;
            assert_eq!(rows.len(), count, "{by:?}: {rows:?}");
            assert_eq!(rows.iter().map(|row| row.cost.0).sum::<i64>(), whole.cost.0, "{by:?}");
            assert_eq!(rows.iter().map(|row| row.tokens.output).sum::<i64>(), whole.tokens.output, "{by:?}");
        }
        assert_eq!(rows(&t, &ana, UsageBy::Model).await[0].key, "demo/test-model");
        assert_eq!(rows(&t, &ana, UsageBy::Person).await[0].name.as_deref(), Some("Person of prs"));
        assert_eq!(rows(&t, &ana, UsageBy::Profile).await[0].key, "", "without a profile");
        assert!(rows(&t, &ana, UsageBy::Group).await.is_empty());

        // A group is the sum of its members today.
        let mut tx = t.db.begin(&ana).await.unwrap();
        for name in ["Research", "Everybody"] {
            let group = t.world.id();
            group_insert(Books::of(&ana), &mut tx, group, name, t.world.now()).await.unwrap();
            group_member_put(Books::of(&ana), &mut tx, group, ana.user()).await.unwrap();
        }
        tx.commit().await.unwrap();
        let groups = rows(&t, &ana, UsageBy::Group).await;
        assert_eq!(groups.len(), 2);
        assert!(groups.iter().all(|row| row.cost == whole.cost && row.name.is_some()), "{groups:?}");

        // Another tenant sees nothing of it.
        let other = t.scope("adji", Role::Admin).await;
        for by in UsageBy::ALL {
            assert!(rows(&t, &other, by).await.iter().all(|row| row.requests == 0), "{by:?}");
        }
        assert_balanced(&t).await;
        // A page shows the same as the pages of the list together.
        for by in UsageBy::ALL.into_iter().filter(|by| *by != UsageBy::Tool) {
            let mut tx = t.db.read(&ana).await.unwrap();
            let page = usage::report(&ana, &mut tx, &t.world, None, by).await.unwrap().breakdown;
            drop(tx);
            assert_eq!((&page.total, page.more), (&whole, false));
            let (mut shown, mut listed) = (page.rows, rows(&t, &ana, by).await);
            shown.sort_by(|a, b| a.key.cmp(&b.key));
            listed.sort_by(|a, b| a.key.cmp(&b.key));
            assert_eq!(shown, listed, "{by:?}");
        }
    }

    async fn the_command_line_shows_cost_and_margin(t: TestDb) {
        let ana = t.scope("prs", Role::Admin).await;
        let hold = reserve(&t, &ana, &Ask::of(500, 100)).await;
        settle(&t, &ana, hold, completed(400, 10)).await;
        let report = |code: Option<&str>, by, csv| ReportArgs {
            code: code.map(|code| code.parse().expect("a code")),
            by,
            from: None,
            to: None,
            csv,
        };
        let mut out = Vec::new();
        report(Some("prs"), UsageBy::Person, true).execute(&t.db, &t.world, &mut out).await.unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.starts_with("person,name,detail,requests,"), "{text}");
        assert!(text.contains(",Person of prs,") && text.contains(",450000000,0.00045,"), "{text}");
        assert_eq!(text.lines().count(), 2);
        let mut out = Vec::new();
        report(None, UsageBy::Tenant, false).execute(&t.db, &t.world, &mut out).await.unwrap();
        assert!(String::from_utf8(out).unwrap().contains("prs "));
        let mut out = Vec::new();
        assert!(report(None, UsageBy::Person, false).execute(&t.db, &t.world, &mut out).await.is_err());
    }

    async fn over_rest_administrators_see_everybody_and_members_themselves(t: TestDb) {
        let server = TestServer::start_with_demo_model(t).await;
        let tenant = server.tenant("prs").await;
        server.account("ana@prs.example", &[(tenant, Role::Admin)]).await;
        server.account("budi@prs.example", &[(tenant, Role::Member)]).await;
        let (ana, budi) = (server.api("ana@prs.example", "prs").await, server.api("budi@prs.example", "prs").await);
        for person in [&ana, &budi] {
            let (status, _) = person.ask(serde_json::json!({ "message": "What did compressor 3 cost us last week?" })).await;
            assert_eq!(status, StatusCode::OK);
        }
        let json = async |path: &str| -> serde_json::Value {
            let response = ana.get(path).await;
            assert_eq!(response.status(), StatusCode::OK, "{path}");
            response.json().await.unwrap()
        };
        let people = json("/api/usage?by=person&limit=1").await;
        assert_eq!(people["rows"].as_array().unwrap().len(), 1);
        let next = people["next"].as_str().unwrap();
        let more = json(&format!("/api/usage?by=person&limit=1&after={next}")).await;
        assert_ne!(more["rows"][0]["key"], people["rows"][0]["key"]);
        assert!(more["next"].is_null());
        let sum = |page: &serde_json::Value| page["rows"][0]["requests"].as_i64().unwrap();
        assert_eq!(sum(&people) + sum(&more), people["total"]["requests"].as_i64().unwrap());
        let tools = json("/api/usage?by=tool").await;
        assert!(tools["tools"][0]["calls"].as_i64().unwrap() >= 1, "{tools}");
        assert!(!tools["tools"][0]["answers_cost_pico_usd"].is_null(), "all of its answers are known: {tools}");

        let file = ana.get("/api/usage?by=person&format=csv&from=2026-03-01&to=2026-03-31").await;
        let disposition = file.headers()["content-disposition"].to_str().unwrap().to_owned();
        assert!(disposition.contains("usage-prs-by-person-2026-03-01-2026-03-31.csv"), "{disposition}");
        assert_eq!(file.headers()["content-type"].to_str().unwrap(), "text/csv; charset=utf-8; header=present");
        let text = file.text().await.unwrap();
        assert_eq!(text.lines().count(), 3, "{text}");
        assert!(!text.contains("list_cost"), "what the provider asks is the operator's");

        // A member sees their own, by what they can know anyway.
        let own: serde_json::Value = budi.get("/api/usage?by=model").await.json().await.unwrap();
        assert_eq!(own["total"]["requests"].as_i64().unwrap() * 2, people["total"]["requests"].as_i64().unwrap());
        for by in ["person", "key", "group", "tool", "purpose", "tenant"] {
            assert_eq!(budi.get(&format!("/api/usage?by={by}")).await.status(), StatusCode::FORBIDDEN, "{by}");
            let path = format!("/api/usage?by={by}&format=csv");
            assert_eq!(budi.get(&path).await.status(), StatusCode::FORBIDDEN, "{by}");
        }
        for wrong in ["by=colour", "by=day&from=yesterday", "by=day&from=2026-03-02&to=2026-03-01", "by=day&limit=0",
            "by=day&limit=x", "by=day&format=xml", "by=day&from=1900-01-01"] {
            let status = ana.get(&format!("/api/usage?{wrong}")).await.status();
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
        }
        assert!(json("/api/usage").await["percent"].is_number() || json("/api/usage").await["limits"].is_object());
        server.books_balance(&["prs"]).await;
    }
}
