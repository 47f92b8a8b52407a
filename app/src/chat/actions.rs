//! What a person can do on the chat page, and what becomes of it. Each is called from an event handler, asks the server
//! and changes the [`super::state::Chat`]; after every wait the page may be gone, so nothing is touched before asking.

mod answering;
mod attaching;
mod composing;
mod hearing;
mod listing;
mod opening;
mod organising;
mod queueing;
mod reading;
mod sending;
mod session;

pub use organising::MAX_AT_ONCE;
