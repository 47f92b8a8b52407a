//! Steward's server: login, conversations, turns, tools, budgets. `main.rs` and the tests call [`serve`].

pub mod cli;
pub mod config;
pub mod conversations;
pub mod db;
pub mod demo;
pub mod egress;
pub mod error;
pub mod http;
pub mod identity;
pub mod models;
pub mod tenancy;
pub mod tools;
pub mod turns;
pub mod usage;
pub mod world;
