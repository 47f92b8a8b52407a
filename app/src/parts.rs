//! What is in the parts of the program that come after the first ([`crate::later`]).
//!
//! To add one: a variant of [`Part`], a function here that is its only door, a line in [`fetch`] and in [`prefetch`].
//! Each costs a request, and one more for what it shares with another, so there are few.

use std::{future::Future, pin::Pin};

use leptos::{
    prelude::request_animation_frame,
    wasm_split::{SplitLoaderError, wasm_split},
};

use crate::{
    components,
    later::{self, Part, when_ready},
    markdown,
};

/// The name of [`Part::Conversation`] in the list of the program's files.
pub const CONVERSATION: &str = "conversation";

/// Before the page is drawn in the browser.
pub fn install() {
    later::set_fetch(fetch);
}

/// Fetches every part, one after the other, behind the first frame of the page that woke up: so the first click finds it,
/// and the network may go.
pub fn prefetch() {
    let rest = || when_ready(Part::Rest, Box::new(|| {}));
    request_animation_frame(move || when_ready(Part::Conversation, Box::new(rest)));
}

fn fetch(part: Part) -> Pin<Box<dyn Future<Output = bool>>> {
    Box::pin(async move {
        let arrived = match part {
            Part::Conversation => conversation().await,
            Part::Rest => rest().await,
        };
        arrived.is_ok()
    })
}

#[wasm_split(conversation, fallible, wasm_split_path = leptos::wasm_split)]
fn conversation() -> Result<(), SplitLoaderError> {
    markdown::install_parser();
    components::install_messages();
    Ok(())
}

#[wasm_split(rest, fallible, wasm_split_path = leptos::wasm_split)]
fn rest() -> Result<(), SplitLoaderError> {
    components::install_dialogs();
    components::install_charts();
    Ok(())
}
