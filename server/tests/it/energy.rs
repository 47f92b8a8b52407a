//! The energy tools on both engines, against numbers worked out by hand.

use app::model::{ChartKind, Role};
use serde_json::{Value, json};
use server::{
    db::{
        TenantScope,
        energy::{
            device::{Device, SourceKind, device_insert, source_add},
            group::{Aggregation, Tag, aggregation_add, tag_add},
            reading::{Reading, reading_put},
            tariff::{Rate, Shift, rate_add, shift_add},
        },
    },
    tools::{
        Registry, ToolContext, ToolOutcome,
        energy::{calendar::Calendar, daily::rebuild, quantity::Quantity},
    },
};

use crate::support::db::{TestDb, db_test};

/// 2026-03-09 00:00 in Jakarta, the Monday before the clock of the harness (Tuesday 08:00).
pub const MONDAY: i64 = 1_772_989_200;
const QUARTER: i64 = 900;
const DAY: i64 = 86_400;

/// A plant with a main meter (id `base`), two presses and an office, shifts and tariff; names carry `word`.
pub async fn plant(t: &TestDb, scope: &TenantScope, base: i64, word: &str) {
    let mut tx = t.db.begin(scope).await.unwrap();
    for (offset, code, name) in [(0, "MAIN", "Main"), (1, "P1", "Press 1"), (2, "P2", "Press 2"), (3, "OFF", "Office")]
    {
        let device = Device {
            id: base + offset,
            code: format!("{word}-{code}"),
            name: format!("{word} {name}"),
            parent_id: (offset > 0).then_some(base),
        };
        device_insert(scope, &mut tx, &device).await.unwrap();
        source_add(scope, &mut tx, &[(device.id, Quantity::ActiveEnergy.id(), SourceKind::Interval)]).await.unwrap();
    }
    let tag = |name: &str, device_id| Tag { kind: "department".into(), name: name.into(), device_id };
    tag_add(scope, &mut tx, &[tag("Production", base + 1), tag("Production", base + 2), tag("Desk", base + 3)])
        .await
        .unwrap();
    let aggregation = Aggregation {
        name: "Rest".into(),
        kind: "difference".into(),
        formula: format!("{base}-({}+{}+{})", base + 1, base + 2, base + 3),
    };
    aggregation_add(scope, &mut tx, &aggregation).await.unwrap();
    for (id, name, from_minute, to_minute) in
        [(1, "Night", 1_320, 360), (2, "Morning", 360, 840), (3, "Evening", 840, 1_320)]
    {
        shift_add(scope, &mut tx, &Shift { id, name: name.into(), from_minute, to_minute }).await.unwrap();
    }
    for (id, code, from_minute, to_minute, price_micro) in
        [(1, "WBP", 1_020, 1_320, 1_550_000_000), (2, "LWBP", 1_320, 1_020, 1_035_000_000)]
    {
        let rate = Rate {
            id,
            code: code.into(),
            name: code.into(),
            from_minute,
            to_minute,
            price_micro,
            valid_from: 0,
            valid_to: None,
        };
        rate_add(scope, &mut tx, &rate).await.unwrap();
    }
    tx.commit().await.unwrap();
}

/// Writes what a device used per quarter hour from `start` on, in micro-kWh, and derives its days.
pub async fn uses(t: &TestDb, scope: &TenantScope, device: i64, start: i64, used: &[i64]) {
    let mut tx = t.db.begin(scope).await.unwrap();
    let readings: Vec<Reading> = used
        .iter()
        .zip(0..)
        .map(|(used, quarter)| Reading {
            device_id: device,
            quantity: Quantity::ActiveEnergy.id(),
            ts: start + quarter * QUARTER,
            last: *used as f64 / 1e6,
            gauge: None,
            n: 1,
            used_micro: Some(*used),
        })
        .collect();
    reading_put(scope, &mut tx, &readings).await.unwrap();
    let calendar = Calendar::load(scope, &mut tx).await.unwrap();
    let days = (calendar.slot(start).day, calendar.slot(start + used.len() as i64 * QUARTER).day);
    rebuild(scope, &mut tx, &calendar, device, days).await.unwrap();
    tx.commit().await.unwrap();
}

pub async fn outcome(t: &TestDb, scope: &TenantScope, tool: &str, arguments: Value) -> ToolOutcome {
    let context = ToolContext { scope: scope.clone(), db: t.db.clone(), world: t.world.clone() };
    Registry::built_in().call(&context, tool, arguments).await
}

/// The structured result of a call that went well (which the registry has checked against its schema).
pub async fn ask(t: &TestDb, scope: &TenantScope, tool: &str, arguments: Value) -> Value {
    let outcome = outcome(t, scope, tool, arguments).await;
    assert!(!outcome.is_error, "{tool}: {}", outcome.model_text);
    ToolOutcome::structured(&outcome.model_text).expect("JSON on the last line")
}

pub async fn refusal(t: &TestDb, scope: &TenantScope, tool: &str, arguments: Value) -> String {
    let outcome = outcome(t, scope, tool, arguments).await;
    assert!(outcome.is_error, "{tool}: {}", outcome.model_text);
    outcome.model_text
}

const KWH: i64 = 1_000_000;

db_test! {
    async fn energy_and_cost_are_what_the_bill_says(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        plant(&t, &scope, 11, "Prs").await;
        // Two days, one kWh a quarter hour: 96 kWh a day, 20 of them in the peak.
        uses(&t, &scope, 12, MONDAY - DAY, &[KWH; 192]).await;
        let day = 20.0 * 1_550.0 + 76.0 * 1_035.0;

        let yesterday = ask(&t, &scope, "energy_and_cost", json!({ "device": "press 1", "period": "yesterday" })).await;
        assert_eq!(yesterday["total"], json!({ "kwh": 96.0, "cost": day, "cost_text": "Rp109,660", "unpriced_kwh": 0.0 }));
        assert_eq!((&yesterday["scope"], &yesterday["note"]), (&json!("Prs Press 1"), &Value::Null));

        let by = |what: &'static str| {
            let (t, scope) = (&t, &scope);
            async move {
                let period = json!({ "from": "2026-03-08", "to": "2026-03-09" });
                let all = ask(t, scope, "energy_and_cost", json!({ "device": "12", "period": period, "group_by": what })).await;
                let rows = all["rows"].as_array().unwrap().iter();
                rows.map(|row| (row["key"].as_str().unwrap().to_owned(), row["kwh"].as_f64().unwrap(), row["cost"].as_f64().unwrap()))
                    .collect::<Vec<_>>()
            }
        };
        assert_eq!(by("day").await, [("2026-03-08".into(), 96.0, day), ("2026-03-09".into(), 96.0, day)]);
        assert_eq!(by("month").await, [("2026-03".into(), 192.0, 2.0 * day)]);
        assert_eq!(by("shift").await, [
            ("Night".into(), 64.0, 64.0 * 1_035.0),
            ("Morning".into(), 64.0, 64.0 * 1_035.0),
            ("Evening".into(), 64.0, 40.0 * 1_550.0 + 24.0 * 1_035.0),
        ]);
        assert_eq!(by("rate").await, [("LWBP".into(), 152.0, 152.0 * 1_035.0), ("WBP".into(), 40.0, 40.0 * 1_550.0)]);
        assert_eq!(by("device").await, [("Prs-P1".into(), 192.0, 2.0 * day)]);
    }

    async fn today_is_partial_and_says_so(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        plant(&t, &scope, 11, "Prs").await;
        uses(&t, &scope, 12, MONDAY, &[KWH; 96 + 32]).await;
        let today = ask(&t, &scope, "energy_and_cost", json!({ "device": "Prs-P1", "period": "today" })).await;
        assert_eq!((&today["total"]["kwh"], &today["period"]["running"]), (&json!(32.0), &json!(true)));
        assert!(today["note"].as_str().unwrap().contains("still accumulating"));
        let week = ask(&t, &scope, "energy_and_cost", json!({ "device": "Prs-P1", "period": "this_week" })).await;
        assert_eq!(week["total"]["kwh"], 128.0);
        let compared = ask(&t, &scope, "compare_periods", json!({ "device": "Prs-P1", "period": "this_week" })).await;
        assert_eq!(compared["current"]["period"]["to"], "2026-03-09", "today is left out");
        assert_eq!(compared["baseline"]["period"]["from"], "2026-03-02");
        assert_eq!(compared["baseline"]["period"]["to"], "2026-03-02");
        assert_eq!(compared["change"]["kwh_percent"], Value::Null, "nothing to compare with");
    }

    async fn the_whole_site_its_parts_and_formulas(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        plant(&t, &scope, 11, "Prs").await;
        for (device, kwh) in [(11, 10 * KWH), (12, 5 * KWH), (13, 3 * KWH), (14, KWH)] {
            uses(&t, &scope, device, MONDAY, &[kwh; 96]).await;
        }
        let kwh = |arguments: Value| {
            let (t, scope) = (&t, &scope);
            async move { ask(t, scope, "energy_and_cost", arguments).await["total"]["kwh"].as_f64().unwrap() }
        };
        assert_eq!(kwh(json!({ "period": "yesterday" })).await, 960.0, "the main meter alone");
        assert_eq!(kwh(json!({ "period": "yesterday", "tag": "production" })).await, 768.0);
        assert_eq!(kwh(json!({ "period": "yesterday", "aggregation": "rest" })).await, 96.0);
        assert_eq!(kwh(json!({ "period": "yesterday", "formula": "(12+13)-(14)" })).await, 672.0);
        assert_eq!(kwh(json!({ "period": "yesterday", "formula": "[prs-p1]*0.5" })).await, 240.0);

        let split = ask(&t, &scope, "energy_and_cost", json!({ "period": "yesterday", "group_by": "device" })).await;
        let rows: Vec<_> = split["rows"].as_array().unwrap().iter().map(|row| (row["label"].as_str().unwrap(), row["kwh"].as_f64().unwrap())).collect();
        assert_eq!(rows[..2], [("Prs Press 1", 480.0), ("Prs Press 2", 288.0)]);
        assert!(rows.contains(&("Prs Main: not metered below", 96.0)));
        assert_eq!(rows.iter().map(|row| row.1).sum::<f64>(), 960.0);

        let ranked = ask(&t, &scope, "rank_devices", json!({ "period": "yesterday", "limit": 2 })).await;
        assert_eq!(ranked["rows"][0]["device"]["name"], "Prs Press 1");
        assert_eq!((&ranked["omitted"], &ranked["total"]["kwh"]), (&json!(1), &json!(864.0)));
        let lowest = ask(&t, &scope, "rank_devices", json!({ "period": "yesterday", "order": "lowest", "by": "cost" })).await;
        assert_eq!(lowest["rows"][0]["device"]["name"], "Prs Office");
        let groups = ask(&t, &scope, "compare_groups", json!({ "period": "yesterday" })).await;
        assert_eq!(groups["rows"][0]["group"], "Production");
        assert_eq!((&groups["rows"][0]["kwh"], &groups["rows"][0]["share_percent"]), (&json!(768.0), &json!(88.9)));
        assert_eq!(groups["rows"][1]["devices"], 1);
    }

    async fn peaks_and_series_are_read_from_quarter_hours(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        plant(&t, &scope, 11, "Prs").await;
        let mut used = vec![KWH; 96];
        used[40] = 9 * KWH; // 10:00
        used[41] = 8 * KWH;
        used[70] = 7 * KWH; // 17:30
        uses(&t, &scope, 12, MONDAY, &used).await;
        let peaks = ask(&t, &scope, "peaks", json!({ "device": "12", "period": "yesterday", "limit": 2 })).await;
        assert_eq!(peaks["peaks"], json!([
            { "at": "2026-03-09T03:00:00Z", "local": "2026-03-09 10:00", "kw": 36.0, "shift": "Morning", "rate": "LWBP" },
            { "at": "2026-03-09T10:30:00Z", "local": "2026-03-09 17:30", "kw": 28.0, "shift": "Evening", "rate": "WBP" },
        ]));
        assert_eq!(peaks["average_kw"], 4.0 * (93.0 + 24.0) / 96.0);

        let hours = ask(&t, &scope, "query_timeseries", json!({ "device": "12", "period": "yesterday", "bucket": "hour" })).await;
        let points = hours["points"].as_array().unwrap();
        assert_eq!(points.len(), 24);
        assert_eq!((&points[10]["local"], &points[10]["value"]), (&json!("2026-03-09 10:00"), &json!(19.0)));
        assert_eq!(hours["summary"]["total"], 117.0);
        let days = ask(&t, &scope, "query_timeseries", json!({ "device": "12", "period": "last_7_days", "bucket": "day" })).await;
        assert_eq!(days["points"].as_array().unwrap().len(), 1, "days without readings are absent");
        assert_eq!(days["points"][0]["value"], 117.0);
        let coarse = ask(&t, &scope, "query_timeseries", json!({ "device": "12", "period": "last_30_days", "bucket": "15min" })).await;
        assert!(coarse["note"].as_str().unwrap().contains("coarser"));
    }

    async fn charts_have_the_numbers_of_the_tables(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        plant(&t, &scope, 11, "Prs").await;
        // Two days of the first press, the second of them at twice the load; the other press and the office stand by.
        uses(&t, &scope, 12, MONDAY - DAY, &[[KWH; 96], [2 * KWH; 96]].concat()).await;
        uses(&t, &scope, 13, MONDAY, &[KWH; 96]).await;
        uses(&t, &scope, 14, MONDAY, &[3 * KWH; 4]).await;
        let period = json!({ "from": "2026-03-07", "to": "2026-03-09" });
        let drawn = async |tool: &str, column: usize, arguments: Value| {
            let output = outcome(&t, &scope, tool, arguments).await.output;
            let [table] = output.tables.as_slice() else { panic!("{tool}: {:?}", output.tables) };
            let numbers: Vec<Option<f64>> = table.rows.iter().map(|row| row[column].value).collect();
            let [chart] = output.charts.as_slice() else { panic!("{tool}: {:?}", output.charts) };
            (chart.clone(), numbers)
        };

        let by_day = json!({ "device": "12", "period": period, "group_by": "day" });
        let (days, energy) = drawn("energy_and_cost", 1, by_day).await;
        let categories = ["2026-03-07", "2026-03-08", "2026-03-09"].map(str::to_owned).to_vec();
        assert_eq!(days.kind, ChartKind::Bars { categories, stacked: false });
        assert_eq!(days.series[0].values, [None, energy[0], energy[1]]);
        assert_eq!(days.description, "Prs Press 1 used between 96.0 kWh and 192.0 kWh a day; the most on 9 Mar.");

        let by_device = json!({ "tag": "Production", "period": "yesterday", "group_by": "device" });
        let (shares, energy) = drawn("energy_and_cost", 1, by_device).await;
        assert!(matches!(&shares.kind, ChartKind::Shares { categories } if categories[0] == "Prs Press 1"), "{shares:?}");
        assert_eq!(shares.series[0].values, energy);
        assert_eq!(shares.description, "Production has 2 parts; the largest is Prs Press 1 with 66.7 %.");

        let (ranking, energy) = drawn("rank_devices", 2, json!({ "period": "yesterday" })).await;
        assert_eq!((ranking.series[0].values.clone(), ranking.unit.as_str()), (energy, "kWh"));
        assert!(ranking.description.starts_with("Prs Press 1 has the highest energy among all devices."));
        let (ranking, costs) = drawn("rank_devices", 3, json!({ "period": "yesterday", "by": "cost" })).await;
        assert_eq!((ranking.series[0].values.clone(), ranking.unit.as_str()), (costs, "IDR"));

        let (groups, energy) = drawn("compare_groups", 2, json!({ "period": "yesterday" })).await;
        assert_eq!(groups.series[0].values, energy);

        let (compared, energy) = drawn("compare_periods", 1, json!({ "device": "12", "period": "yesterday" })).await;
        assert_eq!(compared.series[0].values, [energy[1], energy[0]], "the earlier first");

        let hours = json!({ "device": "12", "period": period, "bucket": "hour" });
        let (course, energy) = drawn("query_timeseries", 1, hours).await;
        assert_eq!(course.series[0].values, energy);
        let ChartKind::Time { at, offset_minutes } = &course.kind else { panic!("{course:?}") };
        assert_eq!((at[0].0, at.len(), *offset_minutes), ((MONDAY - DAY) * 1_000, 48, 420));

        let (demand, peaks) = drawn("peaks", 1, json!({ "device": "12", "period": period })).await;
        let highest = demand.series[0].values.iter().flatten().copied().reduce(f64::max);
        assert_eq!(highest, peaks[0]);
        assert_eq!(demand.description, "The highest demand was 8.0 kW at 2026-03-09 00:00 (local).");
    }

    async fn gauges_are_averaged_with_their_extremes(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        plant(&t, &scope, 11, "Prs").await;
        let mut tx = t.db.begin(&scope).await.unwrap();
        let volt = Quantity::Voltage.id();
        source_add(&scope, &mut tx, &[(11, volt, SourceKind::Interval)]).await.unwrap();
        let reading = |quarter: i64, (low, high, avg): (f64, f64, f64), n| Reading {
            device_id: 11, quantity: volt, ts: MONDAY + quarter * QUARTER, last: avg, gauge: Some((low, high, avg)), n, used_micro: None,
        };
        reading_put(&scope, &mut tx, &[reading(0, (228.0, 232.0, 230.0), 3), reading(1, (210.0, 240.0, 226.0), 1)]).await.unwrap();
        tx.commit().await.unwrap();
        for bucket in ["hour", "day"] {
            let series = ask(&t, &scope, "query_timeseries", json!({
                "device": "11", "period": "yesterday", "quantity": "voltage", "bucket": bucket
            })).await;
            assert_eq!((&series["unit"], &series["summary"]["total"]), (&json!("V"), &Value::Null));
            let point = &series["points"][0];
            assert_eq!((&point["value"], &point["min"], &point["max"]), (&json!(229.0), &json!(210.0), &json!(240.0)));
        }
        let overview = ask(&t, &scope, "device_overview", json!({ "device": "11" })).await;
        assert_eq!(overview["latest"][0]["value"], 226.0);
        let quantities = ask(&t, &scope, "list_quantities", json!({ "device": "11" })).await;
        assert_eq!(quantities["quantities"].as_array().unwrap().len(), 2);
    }

    async fn without_data_every_tool_says_so(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        for (tool, arguments) in [
            ("find_devices", json!({})), ("list_quantities", json!({})), ("data_freshness", json!({})), ("list_groups", json!({})),
            ("date_info", json!({})), ("energy_and_cost", json!({ "period": "last_week" })),
            ("rank_devices", json!({ "period": "last_week" })), ("peaks", json!({ "period": "last_week" })),
            ("compare_periods", json!({ "period": "last_week" })),
        ] {
            ask(&t, &scope, tool, arguments).await;
        }
        assert!(refusal(&t, &scope, "compare_groups", json!({ "period": "today" })).await.contains("no tags are set up"));
        assert!(refusal(&t, &scope, "device_overview", json!({ "device": "x" })).await.contains("no devices are set up"));
        plant(&t, &scope, 11, "Prs").await;
        let empty = ask(&t, &scope, "energy_and_cost", json!({ "period": "last_week", "group_by": "day" })).await;
        assert_eq!(empty["rows"], json!([]));
        assert!(empty["note"].as_str().unwrap().contains("no readings"));
        let fresh = ask(&t, &scope, "data_freshness", json!({})).await;
        assert_eq!((&fresh["no_data"], &fresh["devices"][0]["at"]), (&json!(4), &Value::Null));
        for arguments in [
            json!({ "device": "11", "period": "last_week" }), json!({ "device": "11", "period": "last_week", "bucket": "day" }),
        ] {
            assert_eq!(ask(&t, &scope, "query_timeseries", arguments).await["points"], json!([]));
        }
    }

    async fn energy_without_a_tariff_is_reported_as_unpriced(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        let mut tx = t.db.begin(&scope).await.unwrap();
        let device = Device { id: 1, code: "D".into(), name: "Drive".into(), parent_id: None };
        device_insert(&scope, &mut tx, &device).await.unwrap();
        tx.commit().await.unwrap();
        uses(&t, &scope, 1, MONDAY, &[KWH; 4]).await;
        let answer = ask(&t, &scope, "energy_and_cost", json!({ "period": "yesterday", "group_by": "shift" })).await;
        assert_eq!(answer["total"], json!({ "kwh": 4.0, "cost": 0.0, "cost_text": "Rp0", "unpriced_kwh": 4.0 }));
        assert!(answer["note"].as_str().unwrap().contains("no tariff is set up"));
        assert_eq!(answer["rows"][0]["key"], "outside shifts");
    }

    async fn dates_shifts_and_tariff(t: TestDb) {
        let scope = t.scope("prs", Role::Member).await;
        plant(&t, &scope, 11, "Prs").await;
        let info = ask(&t, &scope, "date_info", json!({})).await;
        assert_eq!((&info["date"], &info["weekday"], &info["utc_offset"]), (&json!("2026-03-10"), &json!("Tuesday"), &json!("+07:00")));
        assert_eq!(info["periods"]["last_week"], json!({ "from": "2026-03-02", "to": "2026-03-08" }));
        let current: Vec<_> = info["shifts"].as_array().unwrap().iter().filter(|shift| shift["current"] == true).collect();
        assert_eq!(current[0]["name"], "Morning");
        assert_eq!(info["rates"][0]["price_text"], "Rp1,550");
        assert_eq!(ask(&t, &scope, "date_info", json!({ "date": "2026-03-01" })).await["days_from_today"], -9);
        assert!(refusal(&t, &scope, "date_info", json!({ "date": "2026-02-30" })).await.contains("no such day"));
    }

    async fn another_tenants_meters_are_like_none_at_all(t: TestDb) {
        let (ours, theirs) = (t.scope("prs", Role::Admin).await, t.scope("iop", Role::Admin).await);
        plant(&t, &ours, 11, "Prs").await;
        plant(&t, &theirs, 41, "Canary").await;
        uses(&t, &ours, 12, MONDAY, &[KWH; 96]).await;
        uses(&t, &theirs, 42, MONDAY, &[77 * KWH; 96]).await;

        // By code, name, id and in formulas: word for word what is said of something that exists nowhere.
        for (real, unreal) in [("Canary-P1", "Canbry-P1"), ("Canary Press 1", "Canbry Press 1"), ("42", "43210")] {
            for tool in ["device_overview", "energy_and_cost", "data_freshness", "list_quantities", "peaks", "compare_periods", "query_timeseries"] {
                let with = |device: &str| match tool {
                    "device_overview" | "data_freshness" | "list_quantities" => json!({ "device": device }),
                    _ => json!({ "device": device, "period": "yesterday" }),
                };
                let (a, b) = (refusal(&t, &ours, tool, with(real)).await, refusal(&t, &ours, tool, with(unreal)).await);
                assert_eq!(a.replace(real, "X"), b.replace(unreal, "X"), "{tool}");
                assert!(a.contains("There is no device") && !a.replace(real, "X").contains("Canary"), "{a}");
            }
        }
        for (name, real, unreal) in [("formula", "12+42", "12+43210"), ("formula", "[Canary-P1]", "[Canbry-P1]")] {
            let with = |text: &str| json!({ name: text, "period": "yesterday" });
            let (a, b) = (refusal(&t, &ours, "energy_and_cost", with(real)).await, refusal(&t, &ours, "energy_and_cost", with(unreal)).await);
            assert!(a.contains("There is no device") && b.contains("There is no device"));
        }
        // Lists, sums and rankings hold nothing of theirs; the same tag names mean each tenant's own.
        for (tool, arguments) in [
            ("find_devices", json!({})), ("find_devices", json!({ "query": "canary" })), ("list_groups", json!({})),
            ("data_freshness", json!({})), ("rank_devices", json!({ "period": "yesterday" })),
            ("compare_groups", json!({ "period": "yesterday" })), ("energy_and_cost", json!({ "period": "yesterday", "tag": "Production" })),
            ("energy_and_cost", json!({ "period": "yesterday", "group_by": "device" })), ("peaks", json!({ "period": "yesterday" })),
        ] {
            let outcome = outcome(&t, &ours, tool, arguments).await;
            let all = format!("{outcome:?}").to_lowercase();
            assert!(!all.contains("canary") && !all.contains("7392") && !all.contains("308"), "{tool}: {all}");
        }
        let production = ask(&t, &ours, "energy_and_cost", json!({ "period": "yesterday", "tag": "Production" })).await;
        assert_eq!(production["total"]["kwh"], 96.0);
        let production = ask(&t, &theirs, "energy_and_cost", json!({ "period": "yesterday", "tag": "Production" })).await;
        assert_eq!(production["total"]["kwh"], 77.0 * 96.0);
        assert!(refusal(&t, &ours, "energy_and_cost", json!({ "period": "yesterday", "tenant": "iop" })).await.contains("do not fit"));
    }
}
