//! The arrows of the architecture, checked on the source text: what a reviewer would have to see by eye.

#![expect(clippy::expect_used, reason = "tests")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// Every Rust file below `server/src` (or another folder of the repository), as (path relative to it, text without
/// comment lines).
fn sources(folder: &str) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder);
    let mut found = Vec::new();
    let mut open = vec![root.clone()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).expect("a readable folder") {
            let path = entry.expect("a readable entry").path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "no sources in {folder}");
    found.iter().map(|path| (relative(path, &root), code(path))).collect()
}

fn relative(path: &Path, root: &PathBuf) -> String {
    path.strip_prefix(root).expect("below the root").to_string_lossy().replace('\\', "/")
}

fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("a readable file");
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// Files of `server/src` that contain `word`, apart from those below one of `rooms`.
fn strays(word: &str, rooms: &[&str]) -> Vec<String> {
    sources("server/src")
        .into_iter()
        .filter(|(path, text)| text.contains(word) && !rooms.iter().any(|room| in_room(path, room)))
        .map(|(path, _)| path)
        .collect()
}

fn in_room(path: &str, room: &str) -> bool {
    path == format!("{room}.rs") || path.starts_with(&format!("{room}/"))
}

const NONE: [String; 0] = [];

#[test]
fn only_the_database_room_uses_sqlx() {
    assert_eq!(strays("sqlx", &["db"]), NONE);
}

#[test]
fn only_egress_makes_http_clients() {
    assert_eq!(strays("reqwest", &["egress"]), NONE);
}

#[test]
fn only_the_configuration_reads_the_environment() {
    assert_eq!(strays("std::env::var", &["config"]), NONE);
    assert_eq!(strays("env::var(", &["config"]), NONE);
}

#[test]
fn only_the_world_reads_clock_and_randomness() {
    for word in ["Utc::now(", "SystemTime::now(", "now_v7(", "new_v4(", "getrandom::", "thread_rng(", "rand::rng("] {
        assert_eq!(strays(word, &["world"]), NONE, "{word}");
    }
}

#[test]
fn the_database_knows_no_services_and_services_know_no_http() {
    let services = [
        "attachments",
        "identity",
        "tenancy",
        "conversations",
        "turns",
        "tools",
        "usage",
        "gateway",
        "backend",
        "http",
    ];
    for (path, text) in sources("server/src") {
        if in_room(&path, "db") {
            for service in services {
                assert!(!text.contains(&format!("crate::{service}")), "db ► {service} in {path}");
            }
        }
        let is_service = services.iter().any(|s| *s != "http" && *s != "backend" && in_room(&path, s));
        assert!(!is_service || !text.contains("crate::http"), "a service ► http in {path}");
        assert!(!is_service || !text.contains("axum::"), "a service ► axum in {path}");
    }
}

#[test]
fn the_page_knows_no_server() {
    for (path, text) in sources("app/src") {
        for word in ["sqlx", "reqwest", "axum", "tokio::", "chrono", "regex::", "server::"] {
            // `ResizeObserver::new` is not `server::`.
            let is_in_a_name = |at: usize| text[..at].ends_with(char::is_alphanumeric);
            let is_named = text.match_indices(word).any(|(at, _)| !is_in_a_name(at));
            assert!(!is_named, "{word} in app/src/{path}");
        }
        let gates = text.matches("cfg(feature = \"ssr\")").count();
        // In `api.rs`: the browser calls server functions its own, lighter way.
        let switches = path == "lib.rs" || path == "api.rs";
        assert!(gates == 0 || switches, "the ssr switch belongs in lib.rs, not in app/src/{path}");
        // Fixed texts without anybody's words: the icons, and a refresh for browsers without scripts; and the page's data
        // as JSON in which no `<` is left.
        let fixed = match path.as_str() {
            "components/icon.rs" => 2,
            "pages/chat.rs" => 2,
            _ => 0,
        };
        let rendered = text.matches("inner_html=").count() + text.matches("set_inner_html").count();
        assert!(rendered <= fixed, "HTML strings are never rendered: app/src/{path}");
    }
}

#[test]
fn a_scope_is_made_in_one_place() {
    let makers: Vec<String> = strays("TenantScope::new(", &[]);
    assert_eq!(makers, ["db/membership.rs"], "read from a live membership, or for the reaper");
    assert_eq!(strays("membership_scope(", &["tenancy", "db"]), NONE);
    assert_eq!(strays("past_scope(", &["tenancy", "db"]), NONE);
}

#[test]
fn a_permit_is_made_from_a_hold() {
    let makers = strays("Permit::new(", &[]);
    let outside: Vec<_> = makers.iter().filter(|path| !in_room(path, "usage") && !is_provider_test(path)).collect();
    assert!(outside.is_empty(), "{outside:?}");
    // What may be asked without a hold is how many tokens there are, and nothing else.
    assert_eq!(strays("CountPermit::granted(", &["usage/counting"]), NONE);
    assert_eq!(strays("CountPermit(", &["models/provider"]), NONE);
}

/// The unit tests of the providers call them without books.
fn is_provider_test(path: &str) -> bool {
    path.starts_with("models/") && path.contains("test")
}

#[test]
fn work_across_tenants_has_known_callers() {
    let mut callers: Vec<String> = strays("begin_system(", &["db"]);
    callers.extend(strays("read_system(", &["db"]));
    callers.sort();
    callers.dedup();
    let allowed = [
        "attachments",
        "backend",
        "cli",
        "conversations/backfill",
        "conversations/share",
        "demo",
        "doctor",
        "http/health",
        "identity",
        "state",
        "tenancy",
        "tools/energy/import",
        "turns",
        "usage",
    ];
    let is_allowed = |path: &str| path.ends_with("/tests.rs") || allowed.iter().any(|room| in_room(path, room));
    let unknown: Vec<_> = callers.iter().filter(|path| !is_allowed(path)).collect();
    assert!(unknown.is_empty(), "new work across tenants: {unknown:?}");
}

#[test]
fn one_sql_text_serves_both_engines() {
    let uses: usize = sources("server/src")
        .iter()
        .filter(|(path, _)| path != "db/tx.rs")
        .map(|(_, text)| text.matches(".dialect(").count())
        .sum();
    assert!(uses <= 6, "{uses} uses of dialect(): the number may only shrink");
}

#[test]
fn files_stay_readable() {
    let mut long = BTreeMap::new();
    for folder in ["server/src", "app/src", "server/tests", "end2end/upstream/src", "end2end/load/src"] {
        for (path, _) in sources(folder) {
            let full = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder).join(&path);
            let lines = fs::read_to_string(full).expect("a readable file").lines().count();
            if lines > 600 {
                long.insert(format!("{folder}/{path}"), lines);
            }
        }
    }
    assert!(long.is_empty(), "600 lines is a stop: {long:?}");
}

/// Tables and their columns, as written in one migration tree.
fn tables(engine: &str) -> BTreeMap<String, Vec<String>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations").join(engine);
    let mut files: Vec<_> = fs::read_dir(folder).expect("migrations").map(|e| e.expect("an entry").path()).collect();
    files.sort();
    let mut tables = BTreeMap::new();
    for file in files {
        let text = fs::read_to_string(&file).expect("a readable migration");
        let text: String =
            text.lines().map(|l| l.split("--").next().unwrap_or_default()).collect::<Vec<_>>().join("\n");
        for piece in text.split("CREATE TABLE ").skip(1) {
            let (name, rest) = piece.split_once('(').expect("a table has columns");
            tables.insert(name.trim().to_owned(), columns(rest));
        }
    }
    tables
}

/// The column names at the top level of a column list.
fn columns(list: &str) -> Vec<String> {
    let mut depth = 0;
    let mut items = vec![String::new()];
    for c in list.chars() {
        match c {
            '(' => depth += 1,
            ')' if depth == 0 => break,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                items.push(String::new());
                continue;
            }
            _ => {}
        }
        items.last_mut().expect("at least one item").push(c);
    }
    let constraints = ["PRIMARY", "FOREIGN", "UNIQUE", "CHECK", "CONSTRAINT"];
    items
        .iter()
        .filter_map(|item| item.split_whitespace().next())
        .filter(|word| !constraints.contains(word))
        .map(str::to_owned)
        .collect()
}

#[test]
fn both_migration_trees_make_the_same_tables() {
    let (sqlite, postgres) = (tables("sqlite"), tables("postgres"));
    assert!(sqlite.len() > 10, "the migrations are read: {}", sqlite.len());
    assert_eq!(sqlite, postgres);
    let names = |engine: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations").join(engine);
        let mut names: Vec<_> =
            fs::read_dir(folder).expect("migrations").map(|e| e.expect("an entry").file_name()).collect();
        names.sort();
        names
    };
    assert_eq!(names("sqlite"), names("postgres"));
}

#[test]
fn every_table_of_tenant_data_is_protected() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations/postgres");
    let text: String = fs::read_dir(folder)
        .expect("migrations")
        .map(|e| fs::read_to_string(e.expect("an entry").path()).expect("a readable migration"))
        .collect();
    for (table, columns) in tables("postgres") {
        if columns.iter().any(|c| c == "tenant_id") {
            assert!(text.contains(&format!("protect_tenant_table('{table}')")), "{table} has no row-level security");
        }
    }
}

/// The sentences of errors in a source text: the first one in each call that makes one, with `7` for its values.
fn sentences(text: &str) -> Vec<String> {
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    let makers = ["Error::invalid(", "Error::Conflict(", "Refusal::Unreadable(", "Refusal::Quota(", "Ending::Refused("];
    let calls = makers.iter().flat_map(|maker| text.split(maker).skip(1));
    let sentence = |call: &str| {
        let call = call.split(";\n").next().unwrap_or_default();
        call.split('"').skip(1).step_by(2).find(|text| text.contains(' ')).map(with_values)
    };
    calls.filter_map(sentence).collect()
}

/// A text as it comes out: joined lines, a value in each place of one.
fn with_values(text: &str) -> String {
    let joined = text.split("\\\n").enumerate().map(|(at, line)| if at == 0 { line } else { line.trim_start() });
    let mut out = String::new();
    let mut in_value = false;
    for c in joined.collect::<String>().chars() {
        match c {
            '{' => in_value = true,
            '}' => {
                in_value = false;
                out.push('7');
            }
            c if !in_value => out.push(c),
            _ => {}
        }
    }
    out
}

#[test]
fn what_people_are_refused_with_is_known_in_indonesian() {
    // Programs read these, or an operator at the command line or in the log.
    let for_programs = [
        "cli",
        "error",
        "http/gateway",
        "http/rest",
        "http/person_events",
        "http/turn_events",
        "identity/administration",
        "tenancy",
        "tools",
        "usage",
    ];
    let mut missing = Vec::new();
    for (path, text) in sources("server/src") {
        if for_programs.iter().any(|room| in_room(&path, room)) || path.ends_with("tests.rs") {
            continue;
        }
        let is_missing =
            |sentence: &String| app::words::refusals::in_words(app::model::Lang::Indonesian, sentence) == *sentence;
        missing.extend(sentences(&text).into_iter().filter(is_missing).map(|sentence| format!("{path}: {sentence}")));
    }
    assert_eq!(missing, NONE, "add them to app/src/words/refusals.rs");
}
