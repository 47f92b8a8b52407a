//! Stories and database tests: one binary, one harness, both engines.

mod support;

mod conversations;
mod db_facade;
mod turns;
mod turns_endings;
mod turns_fake;
mod turns_http;
mod usage;
