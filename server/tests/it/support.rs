//! The harness: databases on both engines, a clock the test owns.

pub mod db;
pub mod events;
pub mod postgres;
pub mod server;
