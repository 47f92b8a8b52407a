use app::model::{Chart, ChartKind, Series, Table, Timestamp};
use async_trait::async_trait;
use serde_json::json;

use super::*;
use crate::tools::ToolDefinition;

/// A tool that does what its argument says.
struct Fake(ToolDefinition);

fn fake() -> Arc<dyn Tool> {
    Arc::new(Fake(ToolDefinition {
        name: "fake",
        title: "Fake",
        description: "For tests.",
        input_schema: json!({
            "type": "object", "required": ["do"], "additionalProperties": false,
            "properties": { "do": { "type": "string", "enum": ["well", "wrong", "large", "panic", "hang", "refuse"], "description": "What to do." } }
        }),
        output_schema: json!({ "type": "object", "required": ["rows"], "additionalProperties": false,
            "properties": { "rows": { "type": "array" } } }),
    }))
}

#[async_trait]
impl Tool for Fake {
    fn definition(&self) -> &ToolDefinition {
        &self.0
    }
    fn summary(&self, _: &Value, _: Lang) -> String {
        "é".repeat(100)
    }
    async fn run(&self, _: &ToolContext, arguments: Value) -> Result<ToolResult, ToolError> {
        let result =
            |structured: Value| ToolResult { text: "done".into(), structured, tables: Vec::new(), charts: Vec::new() };
        match arguments["do"].as_str().unwrap_or_default() {
            "well" => Ok(result(json!({ "rows": [1] }))),
            "large" => {
                let rows = vec![Vec::new(); 500];
                let table = Table { rows, ..Table::default() };
                let structured = json!({ "rows": vec!["0123456789"; 20_000] });
                let at = (0..10_000).map(Timestamp).collect();
                let series = Series { name: "n".repeat(1_000), values: vec![Some(f64::NAN); 10_000] };
                let chart = Chart {
                    title: "t".into(),
                    description: "d".into(),
                    unit: "kWh".into(),
                    kind: ChartKind::Time { at, offset_minutes: 0 },
                    series: vec![series; 20],
                };
                Ok(ToolResult { text: "x".repeat(10_000), structured, tables: vec![table; 20], charts: vec![chart; 9] })
            }
            "wrong" => Ok(result(json!({ "tenant": "other" }))),
            "panic" => panic!("on purpose"),
            "hang" => std::future::pending().await,
            _ => Err(ToolError::Refused("not today".into())),
        }
    }
}

async fn context() -> (ToolContext, tempfile::TempDir) {
    use crate::db::{Db, DbConfig, SystemReason, tenant, user};
    let files = tempfile::tempdir().unwrap();
    let db = Db::open(&DbConfig::Sqlite { path: files.path().join("t.db") }).await.unwrap();
    let world = crate::world::World::mock(crate::world::MockClock::at(app::model::Timestamp(0)));
    let new = tenant::NewTenant {
        id: world.id(),
        code: "prs".parse().unwrap(),
        name: "PRS".into(),
        assistant: "Wira".into(),
        time_zone: chrono_tz::Asia::Jakarta,
        currency: "IDR".into(),
        prompts: Vec::new(),
        contact: String::new(),
    };
    let person: app::model::UserId = world.id();
    let mut tx = db.begin_system(SystemReason::Administration).await.unwrap();
    tenant::tenant_insert(&mut tx, &new, world.now()).await.unwrap();
    user::user_insert(&mut tx, person, "a@b.example", "Ana", None, world.now()).await.unwrap();
    tenant::membership_put(&mut tx, new.id, person, app::model::Role::Member, world.now()).await.unwrap();
    tx.commit(world.id(), world.now(), "test").await.unwrap();
    let caller = app::backend::Caller { user: person, session: world.id(), request_id: "t".into() };
    let scope = crate::tenancy::enter(&db, &caller, &new.code).await.unwrap();
    (ToolContext { scope, db, world }, files)
}

#[tokio::test]
async fn every_ending_is_an_outcome() {
    let (context, _files) = context().await;
    let registry = Registry::of(vec![fake()]);
    let call = |what: &'static str| registry.call(&context, "fake", json!({ "do": what }));

    let well = call("well").await;
    assert!(!well.is_error && well.failure.is_none());
    assert_eq!(well.model_text, "done\n{\"rows\":[1]}");
    assert_eq!(ToolOutcome::structured(&well.model_text), Some(json!({ "rows": [1] })));

    let reason = |outcome: ToolOutcome| {
        assert!(outcome.is_error);
        outcome.failure.unwrap()
    };
    assert_eq!(reason(call("refuse").await), "not today");
    assert!(reason(call("panic").await).contains("failed inside"));
    assert!(reason(call("wrong").await).contains("should not give"));
    let unknown = reason(registry.call(&context, "drop_tables", json!({})).await);
    assert!(unknown.contains("\"drop_tables\"") && unknown.contains("The tools are: fake."));
}

#[tokio::test]
async fn arguments_that_do_not_fit_are_refused_with_what_is_allowed() {
    let (context, _files) = context().await;
    let registry = Registry::of(vec![fake()]);
    for (arguments, problem) in [
        (Value::Null, "could not be read"),
        (json!([]), "do not fit"),
        (json!({}), "required"),
        (json!({ "do": "well", "tenant": "iop" }), "tenant"),
        (json!({ "do": "dance" }), "do: "),
        (json!({ "do": "x".repeat(20_000) }), "too large"),
    ] {
        let outcome = registry.call(&context, "fake", arguments.clone()).await;
        let reason = outcome.failure.unwrap();
        assert!(reason.contains(problem), "{arguments}: {reason}");
        if problem != "too large" {
            assert!(reason.contains("- do (required): What to do."), "{reason}");
        }
    }
}

#[tokio::test]
async fn a_tool_that_hangs_is_stopped() {
    let (context, _files) = context().await;
    let registry = Registry::of(vec![fake()]);
    let outcome = registry.call_within(&context, "fake", json!({ "do": "hang" }), Duration::from_millis(20)).await;
    assert!(outcome.failure.unwrap().contains("longer than 10 seconds"));
}

#[tokio::test]
async fn a_large_result_is_shortened_and_it_is_said() {
    let (context, _files) = context().await;
    let outcome = Registry::of(vec![fake()]).call(&context, "fake", json!({ "do": "large" })).await;
    assert!(outcome.model_text.len() <= MAX_MODEL_BYTES + MAX_TEXT_BYTES + 200);
    assert!(outcome.model_text.contains("(Shortened: only the first"));
    assert!(ToolOutcome::structured(&outcome.model_text).is_some());
    assert!(outcome.output.json.len() <= MAX_SHOWN_BYTES && outcome.output.bytes > 200_000);
    assert_eq!((outcome.output.tables.len(), outcome.output.tables[0].rows.len()), (MAX_TABLES, MAX_TABLE_ROWS));
    assert_eq!(outcome.output.tables[0].omitted, 300);
    let charts = &outcome.output.charts;
    assert_eq!((charts.len(), charts[0].series.len()), (MAX_CHARTS, 12));
    assert!(charts[0].series.iter().all(|series| series.values.len() <= 2_000 && series.name.len() <= 200));
}

#[test]
fn summaries_are_bounded() {
    let registry = Registry::of(vec![fake()]);
    assert_eq!(registry.summary("fake", &json!({}), Lang::English).chars().count(), 60);
    assert_eq!(registry.summary("other", &json!({}), Lang::English), "");
    assert_eq!(
        (registry.title("fake", Lang::English), registry.title("other", Lang::English)),
        ("Fake".to_owned(), "other".to_owned())
    );
}
