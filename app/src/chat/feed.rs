//! The event stream of a turn. The browser reconnects by itself with `Last-Event-ID`; when the server refuses (a
//! restart, a session that ended) this opens the stream again a bounded number of times. Events are handed over in
//! batches, one per animation frame; a hidden tab gets them at once, because it has no frames.

use std::{cell::RefCell, rc::Rc, time::Duration};

use leptos::prelude::{TimeoutHandle, request_animation_frame, set_timeout_with_handle};
use wasm_bindgen::{JsCast, closure::Closure};

use super::browser;
use crate::{
    model::{TenantCode, TurnEnvelope, TurnId},
    wire,
};

/// Connected, or not for longer than a blink.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Connection {
    #[default]
    Fine,
    /// For more than [`BANNER_AFTER`].
    Reconnecting,
    /// Given up after [`ATTEMPTS`].
    Lost,
}

/// What the receiver of a batch wants next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    Continue,
    /// Events are missing: open the stream again behind this number.
    Again(u64),
    /// The turn is over.
    Close,
}

/// A short interruption is nobody's business.
const BANNER_AFTER: Duration = Duration::from_secs(2);
/// Refused openings in a row before giving up (about five minutes with the pauses below).
const ATTEMPTS: u32 = 24;
/// `EventSource.CLOSED`: the browser will not try again by itself.
const CLOSED: u16 = 2;

type OnBatch = Box<dyn FnMut(Vec<TurnEnvelope>) -> Next>;
type OnConnection = Box<dyn Fn(Connection)>;
type OnRefused = Box<dyn Fn()>;

/// What the page wants to hear.
pub struct Handlers {
    pub batch: OnBatch,
    pub connection: OnConnection,
    /// The server answered with an error instead of a stream.
    pub refused: OnRefused,
}

/// Follows a turn until dropped or told to close.
pub struct Feed(Rc<Inner>);

struct Inner {
    tenant: TenantCode,
    turn: TurnId,
    handlers: RefCell<Handlers>,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    source: Option<Source>,
    pending: Vec<TurnEnvelope>,
    frame_asked: bool,
    closed: bool,
    after: u64,
    refused: u32,
    banner: Option<TimeoutHandle>,
    reopen: Option<TimeoutHandle>,
}

struct Source {
    source: web_sys::EventSource,
    _on_message: Closure<dyn FnMut(web_sys::MessageEvent)>,
    _on_open: Closure<dyn FnMut()>,
    _on_error: Closure<dyn FnMut()>,
}

impl Drop for Source {
    fn drop(&mut self) {
        self.source.set_onmessage(None);
        self.source.set_onopen(None);
        self.source.set_onerror(None);
        self.source.close();
    }
}

impl Feed {
    /// Opens the stream of `turn` behind event `after`.
    #[must_use]
    pub fn open(tenant: TenantCode, turn: TurnId, after: u64, handlers: Handlers) -> Self {
        let state = RefCell::new(State { after, ..State::default() });
        let inner = Rc::new(Inner { tenant, turn, handlers: RefCell::new(handlers), state });
        inner.connect();
        Self(inner)
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Inner {
    fn connect(self: &Rc<Self>) {
        let after = self.state.borrow().after;
        let url = format!("/t/{}/turns/{}/events?after={after}", self.tenant, self.turn);
        let Ok(source) = web_sys::EventSource::new(&url) else {
            (self.handlers.borrow().connection)(Connection::Lost);
            return;
        };
        let on_message = {
            let this = Rc::downgrade(self);
            Closure::<dyn FnMut(web_sys::MessageEvent)>::new(move |event: web_sys::MessageEvent| {
                if let Some(this) = this.upgrade() {
                    this.received(&event);
                }
            })
        };
        let on_open = {
            let this = Rc::downgrade(self);
            Closure::<dyn FnMut()>::new(move || {
                if let Some(this) = this.upgrade() {
                    this.connected();
                }
            })
        };
        let on_error = {
            let this = Rc::downgrade(self);
            Closure::<dyn FnMut()>::new(move || {
                if let Some(this) = this.upgrade() {
                    this.interrupted();
                }
            })
        };
        source.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        source.set_onopen(Some(on_open.as_ref().unchecked_ref()));
        source.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        let source = Source { source, _on_message: on_message, _on_open: on_open, _on_error: on_error };
        self.state.borrow_mut().source = Some(source);
    }

    fn received(self: &Rc<Self>, event: &web_sys::MessageEvent) {
        let envelope: Option<TurnEnvelope> = event.data().as_string().and_then(|json| wire::read(&json));
        // What cannot be read is a newer server's event: the gap it leaves makes us ask again, a reload brings new code.
        let Some(envelope) = envelope else { return };
        let hidden = browser::tab_hidden();
        {
            let mut state = self.state.borrow_mut();
            if state.closed {
                return;
            }
            state.pending.push(envelope);
            if state.frame_asked && !hidden {
                return;
            }
            state.frame_asked = true;
        }
        let this = Rc::downgrade(self);
        let flush = move || {
            if let Some(this) = this.upgrade() {
                this.flush();
            }
        };
        if hidden { flush() } else { request_animation_frame(flush) }
    }

    fn flush(self: &Rc<Self>) {
        let batch = {
            let mut state = self.state.borrow_mut();
            state.frame_asked = false;
            if state.closed || state.pending.is_empty() {
                return;
            }
            std::mem::take(&mut state.pending)
        };
        if let Some(last) = batch.last() {
            self.state.borrow_mut().after = last.seq;
        }
        let next = (self.handlers.borrow_mut().batch)(batch);
        match next {
            Next::Continue => {}
            Next::Close => self.close(),
            Next::Again(after) => {
                self.state.borrow_mut().after = after;
                self.refused();
            }
        }
    }

    fn connected(&self) {
        {
            let mut state = self.state.borrow_mut();
            state.refused = 0;
            if let Some(banner) = state.banner.take() {
                banner.clear();
            }
        }
        (self.handlers.borrow().connection)(Connection::Fine);
    }

    fn interrupted(self: &Rc<Self>) {
        let refused = {
            let state = self.state.borrow();
            if state.closed {
                return;
            }
            state.source.as_ref().is_none_or(|source| source.source.ready_state() == CLOSED)
        };
        self.show_banner_soon();
        if refused {
            (self.handlers.borrow().refused)();
            self.refused();
        }
    }

    fn show_banner_soon(self: &Rc<Self>) {
        if self.state.borrow().banner.is_some() {
            return;
        }
        let this = Rc::downgrade(self);
        let show = move || {
            let Some(this) = this.upgrade() else { return };
            if !this.state.borrow().closed {
                (this.handlers.borrow().connection)(Connection::Reconnecting);
            }
        };
        self.state.borrow_mut().banner = set_timeout_with_handle(show, BANNER_AFTER).ok();
    }

    /// Opens again after a pause of 0.5, 1, 2, 4, 8, then 15 seconds.
    fn refused(self: &Rc<Self>) {
        let refused = {
            let mut state = self.state.borrow_mut();
            state.source = None;
            state.pending.clear();
            state.refused += 1;
            state.refused
        };
        if refused > ATTEMPTS {
            self.close();
            (self.handlers.borrow().connection)(Connection::Lost);
            return;
        }
        let pause = Duration::from_millis((250_u64 << refused.min(6)).min(15_000));
        let this = Rc::downgrade(self);
        let again = move || {
            if let Some(this) = this.upgrade()
                && !this.state.borrow().closed
            {
                this.connect();
            }
        };
        self.state.borrow_mut().reopen = set_timeout_with_handle(again, pause).ok();
    }

    fn close(&self) {
        let mut state = self.state.borrow_mut();
        state.closed = true;
        state.source = None;
        for timer in [state.banner.take(), state.reopen.take()].into_iter().flatten() {
            timer.clear();
        }
    }
}
