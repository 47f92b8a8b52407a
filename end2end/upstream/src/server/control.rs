//! The tests' own routes, for those who are another process.

use axum::{
    Json,
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;

use super::{Inner, Recorded, Shared};
use crate::{bill::Bill, formats::Format, script::Script};

const MAX_QUEUED: usize = 10_000;

#[derive(Deserialize)]
pub(super) struct WhichBill {
    format: Option<Format>,
}

/// `GET /_bill[?format=openai]`
pub(super) async fn bill(State(shared): State<Shared>, Query(which): Query<WhichBill>) -> Json<Bill> {
    Json(which.format.map_or_else(|| shared.ledger.read(), |format| shared.ledger.read_of(format)))
}

/// `GET /_requests`
pub(super) async fn requests(State(shared): State<Shared>) -> Json<Vec<Recorded>> {
    let records = shared.lock().records.all();
    Json(records)
}

/// `POST /_script`
pub(super) async fn enqueue(State(shared): State<Shared>, Json(script): Json<Script>) -> Response {
    let mut inner = shared.lock();
    if inner.queue.len() >= MAX_QUEUED {
        return (StatusCode::TOO_MANY_REQUESTS, "the queue is full").into_response();
    }
    inner.queue.push_back(script);
    StatusCode::NO_CONTENT.into_response()
}

#[derive(Deserialize)]
pub(super) struct Release {
    gate: String,
}

/// `POST /_release`
pub(super) async fn release(State(shared): State<Shared>, Json(release): Json<Release>) -> StatusCode {
    shared.gates.open(&release.gate);
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
pub(super) struct Models {
    format: Format,
    models: Vec<String>,
}

/// `POST /_models`
pub(super) async fn set_models(State(shared): State<Shared>, Json(models): Json<Models>) -> StatusCode {
    shared.lock().models.insert(models.format, models.models);
    StatusCode::NO_CONTENT
}

/// `POST /_reset`
pub(super) async fn reset(State(shared): State<Shared>) -> StatusCode {
    *shared.lock() = Inner::default();
    shared.ledger.reset();
    shared.gates.reset();
    StatusCode::NO_CONTENT
}
