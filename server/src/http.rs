//! The router, readable top to bottom.

pub mod turn_events;
