//! The parts pages are made of. One file per part; each takes data or the page's state from context and draws it.
//!
//! What must hold: the first render reads no clock, storage or DOM (the server renders the same code); no inline styles
//! (the CSP forbids them); everything a person can do has a name a screen reader says and a place the keyboard reaches.

mod chart;
mod composer;
mod conversation_menu;
mod dialog;
mod each;
mod empty;
mod error_view;
mod feedback;
mod follow;
pub mod format;
mod header;
mod icon;
mod keys;
mod local_time;
mod message;
mod notice;
mod rename;
mod shortcuts;
mod sidebar;
mod thread;
pub(crate) mod tools;
mod usage_details;
mod user_menu;

pub use chart::{ChartView, install_charts};
pub use composer::Composer;
pub use dialog::{Dialogs, install_dialogs};
pub use error_view::{ErrorView, SetStatus};
pub use feedback::{Announcer, ToastRegion};
pub use follow::follow_everything;
pub use header::{ChatHeader, SIDEBAR_COOKIE, close_drawer};
pub use icon::{Sprite, icon};
pub use local_time::LocalTime;
pub use message::install_messages;
pub use shortcuts::install_shortcuts;
pub use sidebar::Sidebar;
pub use thread::Thread;

/// In the context of a document that never gets scripts: what would do nothing there is not drawn.
#[derive(Clone, Copy)]
pub(crate) struct WithoutScripts;

/// Whether this is drawn for a document without scripts; never in the browser's own program.
pub(crate) fn is_without_scripts() -> bool {
    cfg!(feature = "ssr") && leptos::prelude::use_context::<WithoutScripts>().is_some()
}
