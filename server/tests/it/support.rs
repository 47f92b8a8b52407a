//! The harness: databases on both engines, a clock the test owns.

pub mod db;
pub mod events;
pub mod keys;
pub mod postgres;
pub mod server;
