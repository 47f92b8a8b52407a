//! The layers around every route that serves people or programs, in their one right order.

use axum::{Router, middleware};

use super::{csrf, headers, limits, session, wording};
use crate::identity::AuthState;

/// Wraps routes: request id ► headers ► origin check ► session ► wording ► limits ► handler: how much a request may bring depends
/// on who is asking. Not for static files, which need none of it but the headers ([`headers::secure`]), and not for
/// liveness, which must answer while the database is away.
pub fn guarded(routes: Router, auth: &AuthState, limits: limits::Limits) -> Router {
    routes
        .layer(middleware::from_fn_with_state((auth.clone(), limits), limits::enforce))
        .layer(middleware::from_fn(wording::worded))
        .layer(middleware::from_fn_with_state(auth.clone(), session::resolve))
        .layer(middleware::from_fn_with_state(auth.clone(), csrf::guard))
        .layer(middleware::from_fn_with_state(auth.config.clone(), headers::secure))
        .layer(middleware::from_fn_with_state(auth.world.clone(), session::request_id))
}
