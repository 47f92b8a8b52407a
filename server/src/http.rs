//! The router, readable top to bottom.

pub mod answer;
pub mod csrf;
pub mod guard;
pub mod headers;
pub mod limits;
pub mod login;
pub mod rest_auth;
pub mod session;
pub mod turn_events;
