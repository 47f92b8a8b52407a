//! Keys for programs, in stories.

use app::model::TenantId;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use server::{
    db::SystemReason,
    identity::api_keys::{self, KeyText, MadeKey, WantedKey},
};

use super::server::{TestServer, http_client};

/// Makes a key.
pub async fn make_key(server: &TestServer, tenant: TenantId, wanted: WantedKey) -> MadeKey {
    let mut tx = server.db.begin_system(SystemReason::Administration).await.expect("a transaction");
    let name = if wanted.name.is_empty() { "Test".to_owned() } else { wanted.name };
    let wanted = WantedKey { name, ..wanted };
    let made = api_keys::make(&mut tx, &server.world, tenant, None, &wanted).await.expect("a key");
    tx.commit(server.world.id(), server.world.now(), "test").await.expect("a commit");
    made
}

/// Runs `steward key …`; what it prints.
pub async fn key_command(server: &TestServer, line: &[&str]) -> Result<String, String> {
    use clap::Parser as _;
    let line = ["steward", "key"].into_iter().chain(line.iter().copied());
    let cli = server::cli::Cli::try_parse_from(line).map_err(|error| error.to_string())?;
    let server::cli::Command::Key { command, .. } = cli.command else { unreachable!("the command is key") };
    command.execute(&server.db, &server.world).await.map_err(|error| error.to_string())
}

/// A request with a key.
pub fn with_key(server: &TestServer, method: Method, path: &str, key: &KeyText) -> RequestBuilder {
    http_client().request(method, format!("{}{path}", server.base)).bearer_auth(key.reveal())
}

/// A small request to Claude.
pub fn hello() -> Value {
    json!({"model": "claude-haiku-4-5", "max_tokens": 300, "messages": [{"role": "user", "content": "Hello"}]})
}

/// Waits until everything the gateway began is settled.
pub async fn settled(server: &TestServer) {
    let settled = async {
        while server.state.gateway.running() > 0 {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), settled).await.expect("everything settles");
}
