//! Steward's pages and the words of its domain.
//!
//! This crate compiles twice: to WebAssembly (feature `hydrate`) and natively (feature `ssr`). It knows no database,
//! no HTTP client and no secrets; what a server function needs from the server it asks through [`backend::Backend`].
//!
//! Arrows: `pages ► components ► chat, markdown ► api ► error, model`; `api ► backend ► model`.

// The types of views nest as deep as the elements they draw; every crate that renders them needs this.
#![recursion_limit = "512"]

pub mod api;
#[cfg(feature = "ssr")]
pub mod backend;
pub mod chat;
pub mod components;
pub mod document;
pub mod error;
pub mod later;
pub mod markdown;
pub mod model;
pub mod pages;
pub mod parts;
#[cfg(feature = "ssr")]
pub mod plain;
pub mod routes;
pub mod wire;
pub mod words;
