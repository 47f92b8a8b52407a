//! What is in the parts of the program that come after the first ([`crate::later`]).
//!
//! To add one: a variant of [`Part`], a function here that is its only door, a line in [`fetch`] and in [`prefetch`].
//! Each costs a request, and one more for what it shares with another, so there are few.

use std::{future::Future, pin::Pin, time::Duration};

use leptos::{
    prelude::set_timeout,
    wasm_split::{SplitLoaderError, wasm_split},
};

use crate::{
    components,
    later::{self, Part, when_ready},
    markdown,
};

/// How long after the page woke up everything else is fetched, so that the first click finds it and the network may go.
const AT_REST: Duration = Duration::from_secs(1);

/// The name of [`Part::Conversation`] in the list of the program's files.
pub const CONVERSATION: &str = "conversation";

/// Before the page is drawn in the browser.
pub fn install() {
    later::set_fetch(fetch);
}

/// Fetches every part, one after the other, when the page has come to rest.
pub fn prefetch() {
    let rest = || when_ready(Part::Rest, Box::new(|| {}));
    set_timeout(move || when_ready(Part::Conversation, Box::new(rest)), AT_REST);
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
