//! The commands of `steward`. One file per noun; each is a clap struct with a `run` that prints plain words.

pub mod tenants;
pub mod users;
pub mod import;
