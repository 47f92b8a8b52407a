//! `steward doctor`: one line per check, with what to do when it fails. Changes nothing but pending migrations.

use std::process::ExitCode;

use crate::{
    cli::ServeArgs,
    config::ModelArgs,
    db::{Db, Engine, SystemReason, health},
    models::ProviderKind,
    state::chosen::Chosen,
    usage,
    world::World,
};

/// A check's outcome.
enum Finding {
    Good(String),
    /// Works, but the operator should know.
    Note(String),
    Bad {
        what: String,
        advice: String,
    },
}

/// Runs every check and prints it. Exits 1 when one is bad.
pub async fn run(args: ServeArgs, world: &World) -> ExitCode {
    let mut findings = vec![check_origin(&args), check_clock(world), check_model(&args.model), check_page(&args)];
    findings.extend(check_database(&args).await);
    findings.push(check_spill(&args));
    let mut is_bad = false;
    for finding in &findings {
        match finding {
            Finding::Good(what) => println!("  ok    {what}"),
            Finding::Note(what) => println!("  note  {what}"),
            Finding::Bad { what, advice } => {
                is_bad = true;
                println!("  BAD   {what}\n        → {advice}");
            }
        }
    }
    if is_bad { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn bad(what: impl Into<String>, advice: impl Into<String>) -> Finding {
    Finding::Bad { what: what.into(), advice: advice.into() }
}

fn check_origin(args: &ServeArgs) -> Finding {
    match args.http.origin() {
        Ok(origin) if origin.starts_with("https://") => Finding::Good(format!("public address {origin}")),
        Ok(origin) => Finding::Note(format!("public address {origin}: plain http, for this machine only")),
        Err(error) => bad(error.to_string(), "set STEWARD_PUBLIC_URL to the https address people type"),
    }
}

fn check_clock(world: &World) -> Finding {
    // 2026-01-01: older than any build of this program.
    const EARLIEST_MS: i64 = 1_767_225_600_000;
    let now = world.now();
    if now.0 > EARLIEST_MS {
        return Finding::Good(format!("clock says {now}"));
    }
    bad(
        format!("the clock says {now}, which is in the past"),
        "set the system's time: budgets and sessions depend on it",
    )
}

fn check_model(args: &ModelArgs) -> Finding {
    let chosen = match Chosen::by(args) {
        Ok(chosen) => chosen,
        Err(error) => return bad(error.to_string(), "see `steward serve --help` for the models' settings"),
    };
    let offered = chosen.offers.all().count();
    match chosen.models.all().next() {
        Some(model) if model.provider == ProviderKind::Demo => Finding::Note(
            "model: the built-in demo model, for the chat only (set ANTHROPIC_API_KEY, OPENAI_API_KEY or OLLAMA_BASE_URL)"
                .into(),
        ),
        Some(model) => Finding::Good(format!("model: {} of {} that can be asked", model.id, offered)),
        None => bad("no model answers", "set a provider's key"),
    }
}

fn check_page(args: &ServeArgs) -> Finding {
    let folder = std::path::Path::new(&args.http.site_root).join("pkg");
    if folder.is_dir() {
        return Finding::Good(format!("page files in {}", folder.display()));
    }
    bad(
        format!("no page files in {}", folder.display()),
        "build them with `make build`, or set LEPTOS_SITE_ROOT to where they are",
    )
}

fn check_spill(args: &ServeArgs) -> Finding {
    let path = args.database.spill_path();
    if usage::Spill::to(path.clone()).is_empty() {
        return Finding::Good("no settlements wait in a file".into());
    }
    Finding::Note(format!("settlements wait in {}: the server writes them to the books when it runs", path.display()))
}

async fn check_database(args: &ServeArgs) -> Vec<Finding> {
    if !args.database.exists() {
        let folder = args.database.data_dir.display();
        return vec![Finding::Note(format!("database: none yet in {folder} (STEWARD_DATA_DIR); the server makes it"))];
    }
    let config = match args.database.config() {
        Ok(config) => config,
        Err(error) => return vec![bad(error.to_string(), "correct DATABASE_URL or STEWARD_DATA_DIR")],
    };
    let db = match Db::open(&config).await {
        Ok(db) => db,
        Err(crate::db::Error::Refused(reason)) => return vec![bad(reason, "see README, Deploy")],
        Err(error) => {
            let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            return vec![bad(format!("{error}: {cause}"), "is the database running, and is its address right?")];
        }
    };
    let engine = match db.engine() {
        Engine::Sqlite => "SQLite",
        Engine::Postgres => "PostgreSQL, role checked",
    };
    let mut findings = vec![Finding::Good(format!("database: {engine}, migrations applied"))];
    findings.push(match answers(&db).await {
        Ok(()) => Finding::Good("database answers".into()),
        Err(error) => bad(error.to_string(), "look at the database's own log"),
    });
    findings.push(match usage::audit_books(&db).await {
        Ok(violations) if violations.is_empty() => Finding::Good("the books balance".into()),
        Ok(violations) => bad(
            format!("the books do not balance: {}", violations.join("; ")),
            "run `steward audit` and keep its output",
        ),
        Err(error) => bad(format!("the books cannot be read: {error}"), "look at the database's own log"),
    });
    db.close().await;
    findings
}

async fn answers(db: &Db) -> crate::db::Result<()> {
    let mut tx = db.read_system(SystemReason::Health).await?;
    health::ping(&mut tx).await
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        model: ModelArgs,
    }

    /// Whatever this machine's environment says.
    fn of(more: &[&str]) -> Finding {
        let none = ["steward", "--anthropic-api-key=", "--openai-api-key=", "--ollama-base-url=", "--models="];
        check_model(&Line::parse_from([&none[..], more].concat()).model)
    }

    #[test]
    fn it_says_which_model_answers_whoever_provides_it() {
        assert!(matches!(of(&["--model=claude-sonnet-5"]), Finding::Note(_)));
        let ollama = ["--model=llama3.2", "--ollama-models=llama3.2", "--ollama-base-url=http://127.0.0.1:1"];
        let none = ["steward", "--anthropic-api-key=", "--openai-api-key=", "--models="];
        let line = Line::parse_from([&none[..], &ollama].concat());
        assert!(matches!(check_model(&line.model), Finding::Good(what) if what.starts_with("model: llama3.2")));
        let nobody = [
            "steward",
            "--openai-api-key=",
            "--ollama-base-url=",
            "--models=",
            "--model=none",
            "--anthropic-api-key=k",
        ];
        assert!(matches!(check_model(&Line::parse_from(nobody).model), Finding::Bad { .. }));
    }
}
