//! One throw-away PostgreSQL for the test binary, one database per test.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::process::Command;

static NEXT: AtomicU64 = AtomicU64::new(0);

/// Creates an empty database; gives the application role's URL and the owner's.
pub async fn fresh_database() -> (String, String) {
    let admin = admin_url();
    let name = format!("steward_test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let done = Command::new("psql")
        .args([
            "-qX",
            "-v",
            "ON_ERROR_STOP=1",
            &admin,
            "-c",
            &format!("CREATE DATABASE {name} OWNER steward_owner TEMPLATE template0"),
        ])
        .status()
        .await
        .expect("psql runs (Debian package postgresql)");
    assert!(done.success(), "a test database was not created");
    let base = admin.rsplit_once('/').expect("a URL with a database").0.split_once('@').expect("a URL with a user").1;
    (format!("postgres://steward_app@{base}/{name}"), format!("postgres://steward_owner@{base}/{name}"))
}

#[expect(clippy::disallowed_methods, reason = "the harness is told where PostgreSQL is")]
fn admin_url() -> String {
    std::env::var("STEWARD_TEST_PG_ADMIN_URL").expect(
        "STEWARD_TEST_PG_ADMIN_URL names a PostgreSQL superuser, e.g. postgres://postgres@127.0.0.1:5439/postgres",
    )
}
