//! The demo model, the real tools and the demo's own data together.

use app::{
    backend::Caller,
    model::{Timestamp, UserId},
};

use super::*;
use crate::{
    db::{Db, DbConfig, user::user_find_by_email},
    tenancy,
    tools::ToolContext,
    world::{MockClock, World},
};

/// 2026-11-21 09:20 in Jakarta, a Saturday.
const NOW: Timestamp = Timestamp(1_795_227_600_000);

struct Plant {
    context: ToolContext,
    tools: Registry,
}

async fn seeded() -> (Db, World, tempfile::TempDir) {
    let files = tempfile::tempdir().expect("a folder");
    let world = World::mock(MockClock::at(NOW));
    let db = Db::open(&DbConfig::Sqlite { path: files.path().join("demo.db") }).await.expect("a database");
    crate::demo::seed(&db, &world, async |_: &str| Ok("no hash".to_owned())).await.expect("demo data");
    (db, world, files)
}

async fn plant(db: &Db, world: &World, email: &str, code: &str) -> Plant {
    let mut tx = db.read_directory().await.expect("a transaction");
    let user: UserId = user_find_by_email(&mut tx, email).await.expect("a query").expect("a demo person").id;
    drop(tx);
    let caller = Caller { user, session: world.id(), request_id: "test".into() };
    let scope = tenancy::enter(db, &caller, &code.parse().expect("a code")).await.expect("a member");
    let context = ToolContext { scope, db: db.clone(), world: world.clone() };
    Plant { context, tools: Registry::built_in() }
}

impl Plant {
    /// Plays a turn on the real tools: the structured results of the last round, and the answer.
    async fn ask(&self, text: &str) -> (Vec<Value>, String) {
        let mut request = request(text);
        request.system = "You are Wira. Today is Saturday, 21 November 2026 in Asia/Jakarta.".into();
        let mut last = Vec::new();
        for _ in 0..10 {
            let mut said = String::new();
            let (mut content, mut results, mut given) = (Vec::new(), Vec::new(), Vec::new());
            for act in acts(&request) {
                match act {
                    Act::Text(text) => said.push_str(&text),
                    Act::Call { id, name, input } => {
                        let outcome = self.tools.call(&self.context, name, input.clone()).await;
                        assert!(!outcome.is_error, "{text}: {name} {input}: {}", outcome.model_text);
                        let json = outcome.model_text.lines().last().unwrap_or_default();
                        given.push(serde_json::from_str(json).expect("a structured result"));
                        let result = Content::ToolResult { id: id.clone(), text: outcome.model_text, is_error: false };
                        results.push(result);
                        content.push(Content::ToolUse { id, name: name.into(), input });
                    }
                }
            }
            content.insert(0, Content::Text { text: said.clone() });
            request.messages.push(Message { role: MessageRole::Assistant, content });
            if results.is_empty() {
                return (last, said);
            }
            last = given;
            request.messages.push(Message { role: MessageRole::User, content: results });
        }
        panic!("it does not come to an end");
    }
}

#[tokio::test]
async fn the_example_prompts_are_answered_from_the_tenants_own_data() {
    let (db, world, _files) = seeded().await;
    for (email, code, prompts) in [
        (
            "ana@prs.example",
            "prs",
            &[
                "What did compressor 3 cost us last week?",
                "Berapa biaya kompresor 3 minggu lalu?",
                "Which devices used the most energy this month?",
                "How much did the weaving department use yesterday?",
                "Show the power curve of spinning line A yesterday",
                "What did compressed air cost last week?",
            ][..],
        ),
        (
            "citra@iop.example",
            "iop",
            &[
                "How much energy did the coating chambers use yesterday?",
                "Compare this week with last week for the clean room",
            ],
        ),
        (
            "eko@nav.example",
            "nav",
            &["When was our peak last week?", "Apakah data terbaru?", "What is the tariff now?"],
        ),
    ] {
        let plant = plant(&db, &world, email, code).await;
        let reports = ["/daily-digest", "/weekly-summary", "/peak-report", "/dept-breakdown"];
        for text in prompts.iter().copied().chain(reports) {
            let (results, answer) = plant.ask(text).await;
            assert!(!results.is_empty(), "{text}: {answer}");
            for problem in ["no numbers", "tidak memberi angka", "I know no device", "There is no", "–|", "| – |"] {
                assert!(!answer.contains(problem), "{text}: {answer}");
            }
            for cost in results.iter().filter_map(|result| result["total"]["cost_text"].as_str()) {
                // The tool writes as the tenant does, the answer as its question: the digits are the same.
                let digits = |text: &str| text.chars().filter(|c| !matches!(c, ',' | '.')).collect::<String>();
                if text.contains("cost") {
                    assert!(digits(&answer).contains(&digits(cost)), "{text}: {cost} is not in {answer}");
                }
            }
        }
    }
    let optics = plant(&db, &world, "citra@iop.example", "iop").await;
    let (_, answer) = optics.ask("What did loom hall 1 cost last week?").await;
    assert!(answer.contains("I know no device or group called “loom hall 1”"), "another tenant's device: {answer}");
    assert!(!answer.contains("PRS"), "{answer}");
}
