//! The demo's data: complete, the same on every run, appended to and never doubled.

use app::{backend::Caller, model::Timestamp};
use serde_json::json;
use server::{
    db::{SystemReason, TenantScope, user::user_find_by_email},
    demo, tenancy,
};

use crate::{
    energy::ask,
    support::db::{TestDb, db_test},
};

async fn seed(t: &TestDb) -> Vec<demo::DemoLogin> {
    demo::seed(&t.db, &t.world, async |password: &str| Ok(format!("hash of {password}")))
        .await
        .expect("the demo is seeded")
}

/// Enters a tenant as one of the demo's people.
async fn enter(t: &TestDb, email: &str, code: &str) -> Option<TenantScope> {
    let mut tx = t.db.read_system(SystemReason::Administration).await.unwrap();
    let user = user_find_by_email(&mut tx, email).await.unwrap().expect("a person of the demo");
    drop(tx);
    let caller = Caller { user: user.id, session: t.world.id(), request_id: "test".into() };
    tenancy::enter(&t.db, &caller, &code.parse().unwrap()).await.ok()
}

db_test! {
    async fn three_plants_are_ready_to_be_asked(t: TestDb) {
        let logins = seed(&t).await;
        assert_eq!(logins.len(), 8);
        assert_eq!(logins[0].access, "PRS Textile (administrator)");
        for (email, code) in [("ana@prs.example", "prs"), ("citra@iop.example", "iop"), ("eko@nav.example", "nav")] {
            let scope = enter(&t, email, code).await.expect("a member");
            let devices = ask(&t, &scope, "find_devices", json!({})).await;
            assert_eq!(devices["total"], 12, "{code}");
            let fresh = ask(&t, &scope, "data_freshness", json!({})).await;
            assert_eq!(fresh["fresh"], 12, "{code}");
            let month = ask(&t, &scope, "energy_and_cost", json!({ "period": "last_30_days", "group_by": "day" })).await;
            assert_eq!(month["rows"].as_array().unwrap().len(), 30, "{code}");
            assert_eq!(month["total"]["unpriced_kwh"], 0.0);
            // The main meter is the others and 3 % of losses.
            let rest = ask(&t, &scope, "energy_and_cost", json!({ "period": "last_week", "aggregation": "Losses and unmetered" })).await;
            let all = ask(&t, &scope, "energy_and_cost", json!({ "period": "last_week" })).await;
            let losses = rest["total"]["kwh"].as_f64().unwrap() / all["total"]["kwh"].as_f64().unwrap();
            assert!((0.029..0.030).contains(&losses), "{losses}");
            for (tool, arguments) in [
                ("device_overview", json!({ "device": devices["devices"][0]["code"] })), ("peaks", json!({ "period": "last_week" })),
                ("compare_periods", json!({ "period": "this_week" })), ("compare_groups", json!({ "period": "last_month" })),
                ("rank_devices", json!({ "period": "this_month" })), ("list_groups", json!({})),
                ("query_timeseries", json!({ "device": devices["devices"][3]["code"], "period": "yesterday", "quantity": "active_power" })),
            ] {
                ask(&t, &scope, tool, arguments).await;
            }
        }
        let scope = enter(&t, "ana@prs.example", "prs").await.expect("a member");
        let compressor = ask(&t, &scope, "energy_and_cost", json!({ "device": "compressor 3", "period": "last_week" })).await;
        assert_eq!(compressor["scope"], "Compressor 3");
        assert!(compressor["total"]["cost"].as_f64().unwrap() > 1_000_000.0);
        assert!(enter(&t, "ana@prs.example", "iop").await.is_none());
        assert!(enter(&t, "gita@group.example", "iop").await.is_some() && enter(&t, "gita@group.example", "prs").await.is_some());
    }

    async fn a_later_start_appends_and_changes_nothing_else(t: TestDb) {
        seed(&t).await;
        let scope = enter(&t, "ana@prs.example", "prs").await.expect("a member");
        let week = json!({ "period": "last_week", "group_by": "day" });
        let before = ask(&t, &scope, "energy_and_cost", week.clone()).await;
        seed(&t).await;
        assert_eq!(ask(&t, &scope, "energy_and_cost", week).await, before, "seeding twice changes nothing");

        let today = ask(&t, &scope, "energy_and_cost", json!({ "period": "today" })).await;
        let day = json!({ "period": { "from": "2026-03-10", "to": "2026-03-10" } });
        t.clock.set(Timestamp(t.world.now().0 + 5 * 86_400_000 + 3 * 900_000));
        seed(&t).await;
        let whole = ask(&t, &scope, "energy_and_cost", day).await;
        assert!(whole["total"]["kwh"].as_f64() > today["total"]["kwh"].as_f64(), "the day was completed");
        assert_eq!(ask(&t, &scope, "data_freshness", json!({})).await["fresh"], 12);
        let all = ask(&t, &scope, "energy_and_cost", json!({ "period": { "from": "2026-02-03", "to": "2026-03-15" }, "group_by": "day" })).await;
        assert_eq!(all["rows"].as_array().unwrap().len(), 41, "no day is missing");
        assert_eq!(all["rows"][35], { let mut row = all["rows"][35].clone(); row["kwh"] = whole["total"]["kwh"].clone(); row });
    }

    async fn a_tenant_of_somebody_else_is_left_alone(t: TestDb) {
        let scope = t.scope("prs", app::model::Role::Admin).await;
        seed(&t).await;
        assert_eq!(ask(&t, &scope, "find_devices", json!({})).await["total"], 0);
        assert!(enter(&t, "citra@iop.example", "iop").await.is_some());
    }
}
