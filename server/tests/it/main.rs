//! Stories and database tests: one binary, one harness, both engines.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::allow_attributes,
    reason = "a test that cannot go on panics; `db_test!` cannot know which imports a story needs"
)]

mod support;

mod attachments;
mod branding;
mod connections;
mod conversations;
mod conversations_more;
mod count_tokens;
mod db_facade;
mod device_cookie;
mod energy;
mod energy_demo;
mod energy_import;
mod front_ends;
mod gateway;
mod http_security;
mod identity;
mod identity_cli;
mod identity_http;
mod identity_tokens;
mod isolation;
mod keys_page;
mod litellm;
mod models_bill;
mod person_events;
mod porting;
mod processes;
mod search;
mod search_scale;
mod sharing;
mod steel;
mod stories;
mod turns;
mod turns_again;
mod turns_books;
mod turns_demo;
mod turns_endings;
mod turns_fake;
mod turns_http;
mod turns_long;
mod turns_processes;
mod turns_waiting;
mod usage;
