//! The database: one SQL text, two engines (SQLite embedded, PostgreSQL). The only room that uses `sqlx`.
//!
//! A resource has one file here, with functions named `noun_verb` that take `(scope, tx, …)`: the [`TenantScope`] first
//! for tenant data, then the transaction. Private row structs `XRow` (with `#[derive(sqlx::FromRow)]`) hold raw column
//! types and are converted; data that cannot be is [`Error::Corrupt`] with table, column and row.
//!
//! What must hold:
//! - SQL is a `&'static str` with `$1 …` placeholders, understood by both engines. Where they differ use
//!   [`Tx::dialect`]; a test counts these uses.
//! - Ids are UUID (`UUID` / `BLOB`), instants are milliseconds since the epoch (`BIGINT` / `INTEGER`,
//!   [`app::model::Timestamp`]), money and tokens `BIGINT`, flags `BOOLEAN`, JSON is `TEXT` on both.
//! - Every table of tenant data has `tenant_id`, `PRIMARY KEY (tenant_id, …)`, foreign keys and unique indexes that
//!   start with `tenant_id`, and row-level security on PostgreSQL (see `migrations/postgres`).
//! - What others may be looking at is announced by the function that writes it ([`Tx::announce`]).
//! - No network call, no hashing, no waiting inside a transaction.

pub mod api_key;
pub mod attachment;
pub mod auth_event;
pub mod budget;
pub mod changes;
mod connect;
pub mod conversation;
pub mod conversation_list;
pub mod energy;
mod error;
pub mod front_end;
pub mod group;
pub mod health;
pub mod key_minute;
pub mod ledger;
mod listen;
pub mod live;
pub mod membership;
pub mod message;
pub mod message_change;
pub mod message_path;
pub mod model_call;
pub mod porting;
pub mod price;
pub mod profile;
mod query;
pub mod reconcile;
pub mod refresh;
mod scope;
pub mod search;
pub mod session;
pub mod share;
pub mod signing_key;
pub mod statistics;
pub mod team;
pub mod tenant;
pub mod tenant_logo;
pub mod throttle;
pub mod tool_day;
pub mod turn;
pub mod turn_answer;
pub mod turn_checkpoint;
pub mod turn_event;
pub mod turn_grant;
pub mod turn_lease;
pub mod turn_question;
mod tx;
pub mod usage_day;
pub mod user;
mod words;

pub use connect::{Db, DbConfig, Engine};
pub use error::{Error, Result};
pub use query::{Bind, DbValue, Query, Record};
pub use scope::TenantScope;
pub use tx::{Insert, SystemReason, SystemTx, Tx};
