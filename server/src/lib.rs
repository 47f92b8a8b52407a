//! Steward's server: login, conversations, turns, tools, budgets. `main.rs` and the tests both call [`serve`].

#![recursion_limit = "512"]

pub mod attachments;
pub mod backend;
pub mod cli;
pub mod config;
pub mod conversations;
pub mod db;
pub mod demo;
pub mod doctor;
pub mod egress;
pub mod error;
pub mod gateway;
pub mod http;
pub mod identity;
pub mod live;
pub mod models;
pub mod rich;
pub mod state;
pub mod telemetry;
pub mod tenancy;
pub mod tools;
pub mod turns;
pub mod usage;
pub mod world;

use std::{future::Future, time::Duration};

use tokio::net::TcpListener;

use crate::{
    http::connections::{self, ConnectionLimits},
    state::AppState,
};

/// Serves until `shutdown` resolves, then ends running answers cleanly within `grace` and returns.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    state: AppState,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
    grace: Duration,
) -> std::io::Result<()> {
    let (router, _) = http::router(state.clone());
    // Before the sweeper, which knows less of these calls.
    usage::replay_once(&state.db, &state.world, &state.spill).await;
    state.tasks.spawn(state.turns.clone().run_background());
    state.tasks.spawn(usage::keep_books(
        state.db.clone(),
        state.world.clone(),
        state.spill.clone(),
        state.shutdown.clone(),
    ));
    state.tasks.spawn(index_old_messages(state.clone()));
    let stopping = state.shutdown.clone();
    let (turns, gateway) = (state.turns.clone(), state.gateway.clone());
    let asked_to_stop = async move {
        shutdown.await;
        tracing::info!("stopping: running answers are ended, no new ones begin");
        // Streams end when their turns do, so turns go first; then connections can drain.
        stopping.cancel();
        tokio::join!(turns.shutdown(grace), gateway.shutdown(grace));
    };
    let serving = connections::answer_until(listener, router, ConnectionLimits::default(), asked_to_stop);
    let token = state.shutdown.clone();
    tokio::select! {
        () = serving => {}
        // A client that keeps its connection open must not keep the server alive.
        () = async { token.cancelled().await; tokio::time::sleep(grace + Duration::from_secs(2)).await } => {}
    }
    state.tasks.close();
    let _ = tokio::time::timeout(grace, state.tasks.wait()).await;
    state.desk.close().await;
    // A connection that hangs must not keep the process.
    let _ = tokio::time::timeout(grace, state.db.close()).await;
    Ok(())
}

/// What was written before search knew it becomes findable; what fails is tried again at the next start.
async fn index_old_messages(state: AppState) {
    if let Err(error) = conversations::index_old_messages(&state.db, &state.world, &state.shutdown).await {
        tracing::warn!(error = &error as &dyn std::error::Error, "older messages were not indexed for search");
    }
}
