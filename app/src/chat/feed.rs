//! The one stream of a browser: everything that changes for a person in a tenant, in every tab.
//!
//! One tab, the leader, holds the event stream (whoever has the lock of [`super::channel`]) and passes on what it brings;
//! the others do the same with it as if it were their own. When the leader goes or freezes, the next one opens the stream
//! where it was. Pure rules, tested natively: `role` (who, when), `known` (how far, what is kept), `order` (nothing twice, nothing early), `wire` (what tabs say to
//! each other). What talks to the browser: this file and [`source`].
//!
//! What must hold: events may come twice or late, never in another order: numbers make them harmless. Nothing is given up
//! while the page is there. Events are handed over in batches, one per animation frame; a hidden tab has no frames and gets
//! them at once.

pub mod known;
pub mod order;
mod role;
pub mod source;
mod wire;

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Duration,
};

use leptos::prelude::{
    IntervalHandle, TimeoutHandle, request_animation_frame, set_interval_with_handle, set_timeout_with_handle,
};

use self::{
    known::{Known, is_behind, query},
    role::{LOOK_EVERY, Role, Sight, Step, look, pause},
    source::{Heard, Source},
    wire::{Word, decode},
};
use super::{
    browser,
    channel::{Channel, Lock},
};
use crate::model::{LastTurn, PersonEvent, TenantCode, Timestamp, TurnId, UserId};

/// Connected, or not for longer than a blink.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Connection {
    #[default]
    Fine,
    /// For more than [`BANNER_AFTER`].
    Reconnecting,
    /// This browser cannot open streams.
    Lost,
}

/// A short interruption is nobody's business.
const BANNER_AFTER: Duration = Duration::from_secs(2);
/// A stream silent for longer may be dead when the page is looked at again.
const DOUBTFUL_MS: i64 = 20_000;

/// What the page wants to hear, and what the stream asks it.
pub struct Handlers {
    pub events: Box<dyn Fn(Vec<PersonEvent>)>,
    pub connection: Box<dyn Fn(Connection)>,
    /// The stream was refused or ended: perhaps the session is over (`true`: surely).
    pub refused: Box<dyn Fn(bool)>,
    /// Another tab has the stream: what it brought of the turn that is shown before this one listened is unknown.
    pub joined: Box<dyn Fn()>,
    /// The turn that is shown, and its last event.
    pub following: Box<dyn Fn() -> Option<(TurnId, u64)>>,
}

/// The stream, until dropped.
#[derive(Clone)]
pub struct Feed(Rc<Inner>);

struct Inner {
    tenant: TenantCode,
    /// Of the lock and the channel: one for each person and tenant.
    name: String,
    handlers: Handlers,
    known: RefCell<Known>,
    state: RefCell<State>,
    role: Cell<Role>,
    heard_at: Cell<Timestamp>,
    looked_at: Cell<Timestamp>,
}

#[derive(Default)]
struct State {
    channel: Option<Channel>,
    /// The place in the lock's queue, and the lock taken out of turn.
    queued: Option<Lock>,
    taken: Option<Lock>,
    source: Option<Source>,
    /// The place to go on from; empty: none yet.
    place: String,
    /// The place at which this tab began to listen to another one, until that one has said how far it is.
    joins_at: Option<String>,
    last: LastTurn,
    pending: Vec<PersonEvent>,
    /// What `pending` was made from, for the others.
    raw: Vec<String>,
    raw_before: LastTurn,
    frame_asked: bool,
    failures: u32,
    shown: Connection,
    banner: Option<TimeoutHandle>,
    reopen: Option<TimeoutHandle>,
    looking: Option<IntervalHandle>,
}

impl Feed {
    /// Opens the stream of `user` in `tenant` from `place` on (empty: from now on), or waits for another tab's.
    #[must_use]
    pub fn open(tenant: TenantCode, user: UserId, place: String, handlers: Handlers) -> Self {
        let mut name = String::from("steward-stream-");
        name.push_str(tenant.as_str());
        name.push('-');
        name.push_str(&user.to_string());
        let now = browser::now();
        let inner = Rc::new(Inner {
            tenant,
            name,
            handlers,
            known: RefCell::default(),
            state: RefCell::new(State { place, ..State::default() }),
            role: Cell::default(),
            heard_at: Cell::new(now),
            looked_at: Cell::new(now),
        });
        inner.start();
        Self(inner)
    }

    /// Whether what the stream brings before it says anything of a turn may have passed this tab by: another one has it.
    /// While no other one is known, nothing has.
    #[must_use]
    pub fn may_have_missed(&self, turn: TurnId) -> bool {
        let is_joined = self.0.state.borrow().joins_at.is_none();
        self.0.role.get() == Role::Waiting && is_joined && !self.0.known.borrow().has(turn)
    }

    /// What the stream brings of turns that are not shown is kept in here.
    pub fn with_known<T>(&self, act: impl FnOnce(&mut Known) -> T) -> T {
        act(&mut self.0.known.borrow_mut())
    }

    /// The network is back, somebody looks again, or signed in again: no more waiting.
    pub fn wake(&self) {
        let inner = &self.0;
        if inner.role.get() == Role::Waiting {
            return;
        }
        let is_open = inner.state.borrow().source.is_some();
        let silent_ms = browser::now().0 - inner.heard_at.get().0;
        if !is_open || silent_ms > DOUBTFUL_MS {
            inner.connect();
        }
    }

    /// Lets go of everything: the page is put away, perhaps to come back.
    pub fn pause(&self) {
        self.0.flush();
        self.0.stop();
    }

    /// The page is back.
    pub fn resume(&self) {
        if self.0.state.borrow().looking.is_none() {
            self.0.start();
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Inner {
    fn start(self: &Rc<Self>) {
        self.heard_at.set(browser::now());
        let on_text = self.weakly(|this, text: String| this.told(&text));
        let channel = Channel::open(&self.name, on_text);
        let shares = channel.is_some();
        if let Some(channel) = &channel {
            channel.say(&Word::Hello.write());
        }
        {
            let mut state = self.state.borrow_mut();
            state.channel = channel;
            state.joins_at = Some(state.place.clone());
        }
        if !(shares && self.queue()) {
            self.role.set(Role::Alone);
            self.connect();
        }
        let this = Rc::downgrade(self);
        let look = move || {
            if let Some(this) = this.upgrade() {
                this.look();
            }
        };
        self.state.borrow_mut().looking = set_interval_with_handle(look, LOOK_EVERY).ok();
    }

    fn stop(&self) {
        // Taken out first: dropping a lock may call back.
        let state = std::mem::take(&mut *self.state.borrow_mut());
        self.role.set(Role::Waiting);
        {
            let mut kept = self.state.borrow_mut();
            kept.place.clone_from(&state.place);
            kept.shown = state.shown;
        }
        for timer in [state.banner, state.reopen].into_iter().flatten() {
            timer.clear();
        }
        if let Some(looking) = state.looking {
            looking.clear();
        }
    }

    /// `act` on this, while it is there.
    fn weakly<T, A>(self: &Rc<Self>, act: A) -> impl Fn(T) + Clone + use<T, A>
    where
        A: Fn(&Rc<Self>, T) + Clone + 'static,
        T: 'static,
    {
        let this = Rc::downgrade(self);
        move |value| {
            if let Some(this) = this.upgrade() {
                act(&this, value);
            }
        }
    }

    /// Queues for the lead. `false`: this browser has no locks.
    fn queue(self: &Rc<Self>) -> bool {
        let granted = self.weakly(|this, ()| this.lead());
        let lost = self.weakly(|this, ()| {
            if this.role.get() == Role::Leading {
                this.follow();
                this.queue();
            } else {
                // Refused without ever being ours: this page may not use locks.
                this.role.set(Role::Alone);
                this.connect();
            }
        });
        let lock = Lock::ask(&self.name, false, move || granted(()), move || lost(()));
        let has_locks = lock.is_some();
        self.state.borrow_mut().queued = lock;
        has_locks
    }

    /// Takes the lead from a leader that says nothing. The place in the queue stays.
    fn take_over(self: &Rc<Self>) {
        self.heard_at.set(browser::now());
        let granted = self.weakly(|this, ()| this.lead());
        let lost = self.weakly(|this, ()| this.follow());
        let lock = Lock::ask(&self.name, true, move || granted(()), move || lost(()));
        self.state.borrow_mut().taken = lock;
    }

    fn lead(self: &Rc<Self>) {
        if self.role.replace(Role::Leading) != Role::Leading {
            self.connect();
            self.beat();
        }
    }

    /// Another tab leads now.
    fn follow(&self) {
        self.role.set(Role::Waiting);
        self.heard_at.set(browser::now());
        let mut state = self.state.borrow_mut();
        state.source = None;
        state.taken = None;
        for timer in [state.reopen.take(), state.banner.take()].into_iter().flatten() {
            timer.clear();
        }
    }

    fn look(self: &Rc<Self>) {
        let now = browser::now();
        let sight = Sight {
            role: self.role.get(),
            now,
            looked_before: self.looked_at.replace(now),
            heard_at: self.heard_at.get(),
            is_hidden: browser::tab_hidden(),
        };
        match look(sight) {
            Step::Nothing => {}
            Step::Beat => self.beat(),
            // While it waits to be opened again it is on its way.
            Step::Reopen if self.state.borrow().reopen.is_some() => self.beat(),
            Step::Reopen => self.broken(false),
            Step::TakeOver => self.take_over(),
            Step::WaitAgain => self.heard_at.set(now),
        }
    }

    fn beat(&self) {
        let word = {
            let state = self.state.borrow();
            Word::Beat { line: state.shown, place: state.place.clone() }
        };
        self.say(&word);
    }

    fn say(&self, word: &Word) {
        if self.role.get() == Role::Leading
            && let Some(channel) = &self.state.borrow().channel
        {
            channel.say(&word.write());
        }
    }

    /// Another tab said something.
    fn told(self: &Rc<Self>, text: &str) {
        let word = Word::read(text);
        if word == Some(Word::Hello) {
            // What has come and waits for its frame goes first.
            if self.role.get() == Role::Leading {
                self.flush();
            }
            return self.beat();
        }
        if self.role.get() != Role::Waiting {
            return;
        }
        self.heard_at.set(browser::now());
        match word {
            Some(Word::Beat { line, place }) => {
                self.connection_is(line);
                self.join(&place);
            }
            Some(Word::Hello) => {}
            Some(Word::End) => (self.handlers.refused)(true),
            Some(Word::Events { place, before, data }) => {
                let mut last = before;
                let events = data.iter().filter_map(|data| decode(data, &mut last));
                {
                    let mut state = self.state.borrow_mut();
                    state.pending.extend(events);
                    if !place.is_empty() {
                        state.place = place;
                    }
                }
                self.flush_soon();
            }
            None => {}
        }
    }

    /// The leader is at `place`. What it heard before this tab listened is looked up, once.
    fn join(self: &Rc<Self>, place: &str) {
        let Some(ours) = self.state.borrow_mut().joins_at.take() else { return };
        (self.handlers.joined)();
        if is_behind(&ours, place) {
            self.state.borrow_mut().pending.push(PersonEvent::Resync);
            self.flush_soon();
        }
    }

    fn connect(self: &Rc<Self>) {
        let positions = self.known.borrow().positions((self.handlers.following)());
        let url = {
            let mut state = self.state.borrow_mut();
            state.source = None;
            state.last = LastTurn::default();
            if let Some(reopen) = state.reopen.take() {
                reopen.clear();
            }
            let mut url = String::from("/t/");
            url.push_str(self.tenant.as_str());
            url.push_str("/events?");
            url.push_str(&query(&positions, &state.place));
            url
        };
        self.flush();
        self.heard_at.set(browser::now());
        let source = Source::open(&url, self.weakly(|this, heard| this.heard(heard)));
        if source.is_none() {
            self.connection_is(Connection::Lost);
        }
        self.state.borrow_mut().source = source;
    }

    fn heard(self: &Rc<Self>, heard: Heard) {
        self.heard_at.set(browser::now());
        match heard {
            Heard::Open => {
                let mut state = self.state.borrow_mut();
                state.failures = 0;
                if let Some(banner) = state.banner.take() {
                    banner.clear();
                }
                drop(state);
                self.connection_is(Connection::Fine);
            }
            Heard::Beat => {}
            Heard::Data { data, id } => self.received(data, id),
            Heard::End => {
                self.say(&Word::End);
                (self.handlers.refused)(true);
                self.broken(false);
            }
            Heard::Broken(is_refused) => self.broken(is_refused),
        }
    }

    fn received(self: &Rc<Self>, data: String, id: String) {
        {
            let mut state = self.state.borrow_mut();
            let state = &mut *state;
            if state.raw.is_empty() {
                state.raw_before = state.last;
            }
            if let Some(event) = decode(&data, &mut state.last) {
                state.pending.push(event);
            }
            if self.role.get() == Role::Leading {
                state.raw.push(data);
            }
            if !id.is_empty() {
                state.place = id;
            }
        }
        self.flush_soon();
    }

    fn flush_soon(self: &Rc<Self>) {
        if browser::tab_hidden() {
            self.flush();
            return;
        }
        if std::mem::replace(&mut self.state.borrow_mut().frame_asked, true) {
            return;
        }
        let flush = self.weakly(|this, ()| this.flush());
        request_animation_frame(move || flush(()));
    }

    /// Hands over what has come: to the other tabs first, so that all show it in the same frame.
    fn flush(&self) {
        let (events, word) = {
            let mut state = self.state.borrow_mut();
            state.frame_asked = false;
            let raw = std::mem::take(&mut state.raw);
            let word = Word::Events { place: state.place.clone(), before: state.raw_before, data: raw };
            (std::mem::take(&mut state.pending), word)
        };
        if matches!(&word, Word::Events { data, .. } if !data.is_empty()) {
            self.say(&word);
        }
        if events.is_empty() {
            return;
        }
        let shown = (self.handlers.following)().map(|(turn, _)| turn);
        for event in &events {
            if let PersonEvent::Turn(envelope) = event {
                self.known.borrow_mut().note(envelope, shown != Some(envelope.turn));
            }
        }
        (self.handlers.events)(events);
    }

    /// The stream broke or was refused: opens it again after a pause.
    fn broken(self: &Rc<Self>, is_refused: bool) {
        let failures = {
            let mut state = self.state.borrow_mut();
            state.source = None;
            state.failures = state.failures.saturating_add(1);
            state.failures
        };
        self.show_banner_soon();
        if is_refused && failures == 1 {
            (self.handlers.refused)(false);
        }
        let connect = self.weakly(|this, ()| {
            this.state.borrow_mut().reopen = None;
            if this.role.get() != Role::Waiting {
                this.connect();
            }
        });
        let timer = set_timeout_with_handle(move || connect(()), pause(failures)).ok();
        if let Some(before) = std::mem::replace(&mut self.state.borrow_mut().reopen, timer) {
            before.clear();
        }
    }

    fn show_banner_soon(self: &Rc<Self>) {
        if self.state.borrow().banner.is_some() {
            return;
        }
        let show = self.weakly(|this, ()| this.connection_is(Connection::Reconnecting));
        self.state.borrow_mut().banner = set_timeout_with_handle(move || show(()), BANNER_AFTER).ok();
    }

    fn connection_is(&self, connection: Connection) {
        if std::mem::replace(&mut self.state.borrow_mut().shown, connection) != connection {
            (self.handlers.connection)(connection);
            self.beat();
        }
    }
}
