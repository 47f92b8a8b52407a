//! Parts of the program that are fetched after the first, which holds only what a new chat needs. Each is fetched when it
//! is needed, or when the page has come to rest ([`crate::parts`], which says what is in them). Natively everything is
//! there from the beginning.
//!
//! Whoever uses a part keeps a `static` that the part fills when it arrives, and asks [`when_ready`]. What must hold:
//! nothing of a part is named anywhere else, or it becomes a piece of the first one.

use std::{cell::RefCell, future::Future, pin::Pin, time::Duration};

use leptos::prelude::{set_timeout, window};
use wasm_bindgen::JsCast as _;
use wasm_bindgen_futures::{JsFuture, spawn_local};

use crate::chat::browser;

/// How often a part is asked for in vain before the next wish for it.
const ATTEMPTS: u32 = 3;
const PAUSE: Duration = Duration::from_secs(2);

/// When the page was last loaded again for a part that is gone, in the tab's storage, and how soon it may be once more,
/// milliseconds: a part that is missing for good must not make it a wheel.
const RELOADED: &str = "reloaded-at";
const RELOAD_EVERY_MS: i64 = 60_000;
/// Answers while the server is there.
const ALIVE: &str = "/livez";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Messages and what draws them, the Markdown parser with them.
    Conversation,
    /// What fills the dialogs, and charts.
    Rest,
}

/// How a part is fetched; says whether it arrived.
pub type Fetch = fn(Part) -> Pin<Box<dyn Future<Output = bool>>>;

#[derive(Default)]
struct State {
    ready: bool,
    fetching: bool,
    waiting: Vec<Box<dyn FnOnce()>>,
}

#[derive(Default)]
struct States {
    fetch: Option<Fetch>,
    parts: [State; 2],
}

thread_local! {
    static STATES: RefCell<States> = RefCell::default();
}

/// Says how parts are fetched.
pub fn set_fetch(fetch: Fetch) {
    STATES.with_borrow_mut(|states| states.fetch = Some(fetch));
}

#[must_use]
pub fn is_ready(part: Part) -> bool {
    cfg!(feature = "ssr") || STATES.with_borrow(|states| states.parts[part as usize].ready)
}

/// Calls `then` when the part is there: at once, or after it was fetched. Without a network that is later, with the next
/// wish for it.
pub fn when_ready(part: Part, then: Box<dyn FnOnce()>) {
    if is_ready(part) {
        return then();
    }
    let begins = STATES.with_borrow_mut(|states| {
        let state = &mut states.parts[part as usize];
        state.waiting.push(then);
        !std::mem::replace(&mut state.fetching, true)
    });
    if begins {
        attempt(part, 1);
    }
}

fn attempt(part: Part, number: u32) {
    let Some(fetch) = STATES.with_borrow(|states| states.fetch) else { return };
    spawn_local(async move {
        let arrived = fetch(part).await;
        if !arrived && number < ATTEMPTS {
            return set_timeout(move || attempt(part, number + 1), PAUSE);
        }
        let waiting = STATES.with_borrow_mut(|states| {
            let state = &mut states.parts[part as usize];
            state.fetching = false;
            state.ready = arrived;
            if arrived { std::mem::take(&mut state.waiting) } else { vec![] }
        });
        waiting.into_iter().for_each(|waiting| waiting());
        if !arrived {
            reload_if_replaced().await;
        }
    });
}

/// The server is there and the part is not: a newer program has taken the place of this one, and the page is loaded again
/// with it. What was typed is in the drafts. Without a server the page stays as it is, and the part is asked for again with
/// the next wish.
async fn reload_if_replaced() {
    let answer = JsFuture::from(window().fetch_with_str(ALIVE)).await;
    let is_there = answer.is_ok_and(|answer| answer.dyn_into::<web_sys::Response>().is_ok_and(|answer| answer.ok()));
    let now = browser::now().0;
    let before = browser::session_stored(RELOADED).and_then(|at| at.parse::<i64>().ok());
    if !is_there || before.is_some_and(|before| now - before < RELOAD_EVERY_MS) {
        return;
    }
    if browser::session_store(RELOADED, &now.to_string()) {
        let _stays_if_not = window().location().reload();
    }
}
