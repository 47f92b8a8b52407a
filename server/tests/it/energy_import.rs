//! Importing readings, and that parts always add up to their whole.

use app::model::Role;
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};
use serde_json::{Value, json};
use server::{
    db::{
        SystemReason, TenantScope,
        energy::device::SourceKind,
        tenant::{tenant_find_by_code, tenant_update},
    },
    tenancy,
    tools::energy::{
        import::{self, Column, ImportError, Imported, Options, Stamp},
        quantity::Quantity,
    },
};

use crate::{
    energy::{MONDAY, ask, plant, refusal, uses},
    support::db::{TestDb, db_test},
};

fn options(kind: SourceKind) -> Options {
    Options {
        device_code: "D1".into(),
        device_name: Some("Drive 1".into()),
        time_column: "time".into(),
        time_format: "%Y-%m-%d %H:%M".into(),
        zone: chrono_tz::Asia::Jakarta,
        stamp: Stamp::IntervalStart,
        midnight_ends_its_day: false,
        columns: vec![Column { name: "kWh".into(), quantity: Quantity::ActiveEnergy, factor: 1.0 }],
        kind,
    }
}

async fn load(t: &TestDb, scope: &TenantScope, text: &str, options: &Options) -> Result<Imported, ImportError> {
    import::readings(&t.db, scope, text.as_bytes(), options, |_| {}).await
}

/// A scope like `scope`'s, its tenant moved to another zone.
pub async fn in_zone(t: &TestDb, scope: &TenantScope, zone: chrono_tz::Tz) -> TenantScope {
    let mut tx = t.db.begin_system(SystemReason::Administration).await.unwrap();
    let mut tenant = tenant_find_by_code(&mut tx, scope.code()).await.unwrap().expect("the tenant");
    tenant.time_zone = zone;
    tenant_update(&mut tx, &tenant).await.unwrap();
    let moved = tenancy::resume(&mut tx, tenant.id, scope.user()).await.unwrap().expect("a scope");
    tx.commit(t.world.id(), t.world.now(), "test").await.unwrap();
    moved
}

async fn days(t: &TestDb, scope: &TenantScope, from: &str, to: &str) -> Vec<(String, f64)> {
    let period = json!({ "from": from, "to": to });
    let answer = ask(t, scope, "energy_and_cost", json!({ "device": "D1", "period": period, "group_by": "day" })).await;
    let rows = answer["rows"].as_array().unwrap().iter();
    rows.map(|row| (row["key"].as_str().unwrap().to_owned(), row["kwh"].as_f64().unwrap())).collect()
}

db_test! {
    async fn a_file_is_imported_once_however_often_it_is_loaded(t: TestDb) {
        let scope = t.scope("prs", Role::Admin).await;
        let file = "time,kWh\n2026-03-09 23:45,1.25\n2026-03-09 00:00,3.17\n2026-03-10 00:00,2\n";
        let first = load(&t, &scope, file, &options(SourceKind::Interval)).await.unwrap();
        assert_eq!((first.rows, first.readings, first.is_new_device), (3, 3, true));
        assert_eq!(first.range, Some((MONDAY, MONDAY + 97 * 900)));
        let expected = [("2026-03-09".to_owned(), 4.42), ("2026-03-10".to_owned(), 2.0)];
        assert_eq!(days(&t, &scope, "2026-03-01", "2026-03-10").await, expected);
        let again = load(&t, &scope, file, &options(SourceKind::Interval)).await.unwrap();
        assert_eq!((again.device_id, again.is_new_device), (first.device_id, false));
        assert_eq!(days(&t, &scope, "2026-03-01", "2026-03-10").await, expected);
        assert_eq!(ask(&t, &scope, "find_devices", json!({})).await["devices"][0]["name"], "Drive 1");
    }

    async fn a_bad_row_undoes_everything_and_is_named(t: TestDb) {
        let scope = t.scope("prs", Role::Admin).await;
        let file = "time,kWh\n2026-03-09 00:00,1\n2026-03-09 00:15,x\n2026-03-09 00:00,1\n2026-03-09 00:20,1\n";
        let refused = load(&t, &scope, file, &options(SourceKind::Interval)).await.unwrap_err().to_string();
        for part in ["nothing was imported", "line 3: kWh: \"x\" is not a number", "line 4: an earlier row has the same time", "line 5: \"2026-03-09 00:20\" is not on a quarter hour"] {
            assert!(refused.contains(part), "{refused}");
        }
        assert_eq!(ask(&t, &scope, "find_devices", json!({})).await["total"], 0);
        let no_column = Options { time_column: "date".into(), ..options(SourceKind::Interval) };
        assert!(load(&t, &scope, file, &no_column).await.unwrap_err().to_string().contains("there is no column \"date\""));
    }

    async fn counters_are_differences_with_resets_and_gaps(t: TestDb) {
        let scope = t.scope("prs", Role::Admin).await;
        let counter = options(SourceKind::Counter);
        // 100 → 101 → (three quarters missing) → 105 → reset → 0.5
        let file = "time,kWh\n2026-03-09 00:00,100\n2026-03-09 00:15,101\n2026-03-09 01:15,105\n2026-03-09 01:30,0.5\n";
        load(&t, &scope, file, &counter).await.unwrap();
        assert_eq!(days(&t, &scope, "2026-03-09", "2026-03-09").await, [("2026-03-09".into(), 5.5)]);
        let series = |t: &TestDb, scope: &TenantScope| {
            let (context, arguments) = ((t.db.clone(), t.world.clone(), scope.clone()), json!({ "device": "D1", "period": "yesterday", "bucket": "15min" }));
            async move {
                let (db, world, scope) = context;
                let context = server::tools::ToolContext { scope, db, world };
                let outcome = server::tools::Registry::built_in().call(&context, "query_timeseries", arguments).await;
                let all = server::tools::ToolOutcome::structured(&outcome.model_text).unwrap();
                all["points"].as_array().unwrap().iter().map(|point| point["value"].as_f64().unwrap()).collect::<Vec<_>>()
            }
        };
        assert_eq!(series(&t, &scope).await, [0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.5]);

        // A register that comes late takes the place of what was spread, and the sum stays.
        load(&t, &scope, "time,kWh\n2026-03-09 00:45,104.5\n", &counter).await.unwrap();
        assert_eq!(series(&t, &scope).await, [0.0, 1.0, 1.75, 1.75, 0.25, 0.25, 0.5]);
        load(&t, &scope, file, &counter).await.unwrap();
        assert_eq!(series(&t, &scope).await, [0.0, 1.0, 1.75, 1.75, 0.25, 0.25, 0.5], "the first file again changes nothing");
        assert_eq!(days(&t, &scope, "2026-03-09", "2026-03-09").await, [("2026-03-09".into(), 5.5)]);

        // A register before all others: what was used since is known now.
        load(&t, &scope, "time,kWh\n2026-03-08 23:45,99\n", &counter).await.unwrap();
        assert_eq!(days(&t, &scope, "2026-03-08", "2026-03-09").await, [("2026-03-09".into(), 6.5)]);

        let other_kind = load(&t, &scope, file, &options(SourceKind::Interval)).await.unwrap_err().to_string();
        assert!(other_kind.contains("comes from a source of kind counter, not interval"), "{other_kind}");
    }

    async fn local_days_are_23_or_25_hours_long_when_clocks_change(t: TestDb) {
        let zone = chrono_tz::Europe::Berlin;
        let scope = in_zone(&t, &t.scope("prs", Role::Admin).await, zone).await;
        let mut file = "time,kWh\n".to_owned();
        // One kWh every quarter hour of UTC around both changes of 2025.
        for (start, quarters) in [("2025-03-29 12:00", 200), ("2025-10-25 12:00", 200)] {
            let start = chrono::NaiveDateTime::parse_from_str(start, "%Y-%m-%d %H:%M").unwrap();
            for quarter in 0..quarters {
                let time = start + chrono::TimeDelta::minutes(15 * quarter);
                file.push_str(&format!("{},1\n", time.format("%Y-%m-%d %H:%M")));
            }
        }
        let utc = Options { zone: chrono_tz::Tz::UTC, ..options(SourceKind::Interval) };
        load(&t, &scope, &file, &utc).await.unwrap();
        assert_eq!(days(&t, &scope, "2025-03-30", "2025-03-30").await, [("2025-03-30".into(), 92.0)]);
        assert_eq!(days(&t, &scope, "2025-10-26", "2025-10-26").await, [("2025-10-26".into(), 100.0)]);
        let period = json!({ "from": "2025-10-24", "to": "2025-10-28" });
        let series = ask(&t, &scope, "query_timeseries", json!({ "device": "D1", "period": period, "bucket": "day" })).await;
        let long = series["points"].as_array().unwrap().iter().find(|point| point["local"] == "2025-10-26 00:00");
        assert_eq!(long.expect("the long day")["value"], 100.0);
    }

    async fn an_import_is_the_tenants_own(t: TestDb) {
        let (ours, theirs) = (t.scope("prs", Role::Admin).await, t.scope("iop", Role::Admin).await);
        load(&t, &theirs, "time,kWh\n2026-03-09 00:00,1\n", &options(SourceKind::Interval)).await.unwrap();
        assert!(refusal(&t, &ours, "device_overview", json!({ "device": "D1" })).await.contains("no devices are set up"));
        let scope = import::administrator_of(&t.db, &t.world, ours.code()).await.unwrap();
        assert_eq!((scope.tenant(), scope.user()), (ours.tenant(), ours.user()));
        let nobody = t.scope("nav", Role::Member).await;
        assert!(import::administrator_of(&t.db, &t.world, nobody.code()).await.unwrap_err().to_string().contains("no administrator"));
        assert!(import::administrator_of(&t.db, &t.world, &"xyz".parse().unwrap()).await.is_err());
    }

    async fn parts_add_up_to_their_whole_whatever_was_used(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        plant(&t, &scope, 11, "Prs").await;
        let mut runner = TestRunner::default();
        for device in 11..=14 {
            let used = proptest::collection::vec(0i64..5_000_000_000, 500..900).new_tree(&mut runner).unwrap().current();
            let start = MONDAY - 86_400 * (device - 8);
            uses(&t, &scope, device, start, &used).await;
        }
        let micro = |value: &Value| (value.as_f64().unwrap() * 1e6).round() as i64;
        let mut totals = std::collections::BTreeMap::new();
        for target in [json!({}), json!({ "device": "12" }), json!({ "tag": "Production" }), json!({ "aggregation": "Rest" }), json!({ "formula": "(11+12)*0.3-13/7.0" })] {
            for group_by in ["none", "day", "month", "shift", "rate", "device"] {
                let mut arguments = target.clone();
                arguments["period"] = json!("last_30_days");
                arguments["group_by"] = json!(group_by);
                let answer = ask(&t, &scope, "energy_and_cost", arguments).await;
                for field in ["kwh", "cost"] {
                    let total = micro(&answer["total"][field]);
                    if group_by != "none" {
                        let rows = answer["rows"].as_array().unwrap();
                        let sum: i64 = rows.iter().map(|row| micro(&row[field])).sum();
                        // Sums are exact; reading them back from JSON may cost a millionth per row.
                        assert!((sum - total).abs() <= rows.len() as i64, "{target} by {group_by}: {sum} of {total}");
                    }
                    let first = *totals.entry((target.to_string(), field)).or_insert(total);
                    assert_eq!(first, total, "the total does not depend on the split");
                }
            }
        }
    }
}
