//! Parts of the program that are fetched after the first, which holds only what a new chat needs. Each is fetched when it
//! is needed, or when the page has come to rest ([`crate::parts`], which says what is in them). Natively everything is
//! there from the beginning.
//!
//! Whoever uses a part keeps a `static` that the part fills when it arrives, and asks [`when_ready`]. What must hold:
//! nothing of a part is named anywhere else, or it becomes a piece of the first one.

use std::{cell::RefCell, future::Future, pin::Pin, time::Duration};

use leptos::prelude::set_timeout;
use wasm_bindgen_futures::spawn_local;

/// How often a part is asked for in vain before the next wish for it.
const ATTEMPTS: u32 = 3;
const PAUSE: Duration = Duration::from_secs(2);

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
    });
}
