//! Who administers: what every handler here begins and ends with.

use std::{convert::Infallible, sync::Arc};

use axum::{
    extract::{FromRequest, FromRequestParts, Request},
    http::request::Parts,
    response::Response,
};
use chrono_tz::Tz;

use super::{
    super::{answer, auth},
    Answer,
    body::{Body, Query},
    json,
};
use crate::{
    gateway::Refusal,
    http::session,
    identity::{administration::Desk, api_keys::KeyHolder},
    models::wire::WireFormat,
    state::AppState,
};

/// The holder of an administrator's key. Take it before the [`Body`]: strangers have nothing to say.
pub struct Administrator {
    state: AppState,
    holder: Arc<KeyHolder>,
    request_id: String,
}

impl Administrator {
    pub fn desk(&self) -> Desk<'_> {
        Desk { db: &self.state.db, world: &self.state.world, holder: &self.holder }
    }

    /// Of the tenant.
    pub fn zone(&self) -> Tz {
        self.holder.scope.time_zone()
    }

    pub fn answer(&self, answer: Answer) -> Response {
        match answer {
            Ok(text) => json(text),
            Err(refusal) => refused(&self.request_id, refusal),
        }
    }
}

fn refused(request_id: &str, refusal: impl Into<Refusal>) -> Response {
    answer::refused(WireFormat::OpenAi, request_id, refusal)
}

impl FromRequestParts<AppState> for Administrator {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Response> {
        let request_id = session::id_of(&parts.extensions);
        match auth::administrator(state, &parts.headers, &request_id).await {
            Ok(holder) => Ok(Self { state: state.clone(), holder, request_id }),
            Err(error) => Err(refused(&request_id, error)),
        }
    }
}

impl FromRequest<AppState> for Body {
    type Rejection = Response;

    async fn from_request(request: Request, _: &AppState) -> Result<Self, Response> {
        let (parts, body) = request.into_parts();
        let read = Self::read(&parts.headers, body).await;
        read.map_err(|refusal| refused(&session::id_of(&parts.extensions), refusal))
    }
}

impl FromRequestParts<AppState> for Query {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.uri))
    }
}
