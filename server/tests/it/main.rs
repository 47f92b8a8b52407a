//! Stories and database tests: one binary, one harness, both engines.

mod support;

mod conversations;
mod db_facade;
mod isolation;
mod stories;
mod http_security;
mod identity;
mod identity_cli;
mod identity_http;
mod turns;
mod turns_endings;
mod turns_fake;
mod usage;
mod identity_tokens;
