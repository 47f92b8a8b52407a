//! What a person can do on the chat page, and what becomes of it. Each is called from an event handler, asks the server
//! and changes the [`super::state::Chat`]; after every wait the page may be gone, so nothing is touched before asking.

mod answering;
mod composing;
mod hearing;
mod listing;
mod opening;
mod organising;
mod reading;
mod sending;
mod session;

pub use organising::MAX_AT_ONCE;

use crate::model::{MessageId, TurnKey};

/// A message on its way to the server. The key stays with it until it is acknowledged: trying again after a lost
/// answer does not send it twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    pub text: String,
    pub parent: Option<MessageId>,
    pub key: TurnKey,
}
