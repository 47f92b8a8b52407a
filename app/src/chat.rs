//! What the chat page knows, apart from how it looks.
//!
//! Pure rules, tested natively: [`transcript`] (events → message), [`smooth`] (how fast its text shows), [`list`] (the
//! sidebar's groups and pages), [`drafts`] (what is kept of what is unsent), [`prompts`] (what `/` offers), [`gauge`]
//! (how full the context is). What talks to the browser: [`browser`], [`feed`] (the event stream of a person),
//! [`channel`] (other tabs), [`writer`] (events → page), [`scroll`], [`post`] (requests that are no server functions),
//! [`attachments`] (files on their way up). [`body`], [`composing`] and [`state`] hold the signals between the two.
//!
//! What must hold: nothing here reads a clock, storage or the DOM while a page is first rendered; only effects and
//! handlers call [`browser`], because the server renders the same components.

pub mod actions;
pub mod address;
pub mod attachments;
pub mod body;
pub mod browser;
pub mod channel;
pub mod composing;
pub mod drafts;
pub mod feed;
pub mod gauge;
pub mod item;
pub mod list;
pub mod post;
pub mod prompts;
pub mod scroll;
pub mod smooth;
pub mod state;
pub mod transcript;
pub mod waking;
pub mod writer;
