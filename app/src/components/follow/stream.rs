//! Follows the stream of what changes: the answer that is shown, the list, the meter, and what other tabs did by hand.

use std::{
    cell::RefCell,
    rc::{Rc, Weak},
    time::Duration,
};

use leptos::{ev, leptos_dom::helpers::WindowListenerHandle, prelude::*};

use crate::{
    chat::{
        body::Activity,
        browser,
        channel::{self, Channel},
        feed::{
            Feed, Handlers,
            order::Order,
            source::{Heard, Source},
        },
        state::{Chat, Following},
        writer::{Taken, Writer},
    },
    error::AppError,
    model::{ConversationId, MessageStatus, PersonEvent, TurnEnvelope, TurnErrorCode, TurnId},
    words::thread,
};

/// A conversation that is said to have its answer while the answer goes on here: its end is asked for after this long.
const END_AFTER: Duration = Duration::from_millis(1_500);

/// Opens the stream, and shows what it says for as long as the page is there.
pub fn follow_stream(chat: Chat) {
    let is_signed_out = Memo::new(move |_| chat.notice.with(|notice| *notice == Some(AppError::SignedOut)));
    Effect::new(move |before: Option<(Rc<Page>, bool)>| {
        let (page, was_signed_out) = before.unwrap_or_else(|| (Page::open(chat), false));
        page.show(chat.following.get());
        let is_signed_out = is_signed_out.get();
        if was_signed_out && !is_signed_out {
            // Signed in again, perhaps: no waiting.
            page.feed().iter().for_each(Feed::wake);
        }
        (page, is_signed_out)
    });
}

struct Page {
    chat: Chat,
    feed: RefCell<Option<Feed>>,
    answer: RefCell<Option<Answer>>,
    /// Conversations whose answer was followed to its end here, and whose row is still to come …
    ended: RefCell<Vec<ConversationId>>,
    /// … and those whose row came first.
    told: RefCell<Vec<ConversationId>>,
    _others: Option<Channel>,
    listeners: Vec<WindowListenerHandle>,
}

/// The answer that is shown while it is written.
struct Answer {
    following: Following,
    order: Order,
    writer: Writer,
    /// The turn's own stream, for what is missing.
    missing: Option<Source>,
}

impl Drop for Page {
    fn drop(&mut self) {
        for listener in self.listeners.drain(..) {
            listener.remove();
        }
    }
}

impl Page {
    fn open(chat: Chat) -> Rc<Self> {
        let page = Rc::new_cyclic(|this: &Weak<Self>| Self {
            chat,
            feed: RefCell::default(),
            answer: RefCell::default(),
            ended: RefCell::default(),
            told: RefCell::default(),
            _others: Channel::open(&channel::notices(&chat.tenant()), move |text| changed_by_hand(chat, &text)),
            listeners: listeners(this),
        });
        let this = Rc::downgrade(&page);
        let (following, joining) = (this.clone(), this.clone());
        let handlers = Handlers {
            events: Box::new(move |events| {
                if let Some(page) = this.upgrade() {
                    page.hear(events);
                }
            }),
            connection: Box::new(move |connection| {
                let _gone_if_not = chat.connection.try_set(connection);
            }),
            refused: Box::new(move |is_over| match (chat.is_alive(), is_over) {
                (true, true) => chat.notice.set(Some(AppError::SignedOut)),
                (true, false) => chat.check_session(),
                (false, _) => {}
            }),
            joined: Box::new(move || {
                let Some(page) = joining.upgrade() else { return };
                let shown = page.answer.borrow().as_ref().map(|answer| answer.following.turn);
                let feed = page.feed();
                if shown.zip(feed).is_some_and(|(turn, feed)| feed.may_have_missed(turn)) {
                    page.fetch_missing();
                }
            }),
            following: Box::new(move || {
                let page = following.upgrade()?;
                let answer = page.answer.try_borrow().ok()?;
                let known = answer.as_ref().map(|answer| (answer.following.turn, answer.order.seen()));
                // Not shown yet: at the page's start.
                known.or_else(|| chat.following.try_get_untracked().flatten().map(|f| (f.turn, f.after)))
            }),
        };
        let feed = Feed::open(chat.tenant(), chat.user(), chat.live.get_value(), handlers);
        *page.feed.borrow_mut() = Some(feed);
        page
    }

    fn feed(&self) -> Option<Feed> {
        self.feed.borrow().clone()
    }

    /// Begins to show the answer that is followed from now on.
    fn show(self: &Rc<Self>, following: Option<Following>) {
        let is_same = match (&*self.answer.borrow(), &following) {
            (Some(answer), Some(following)) => {
                answer.following.turn == following.turn
                    && answer.following.item.id == following.item.id
                    && answer.order.seen() >= following.after
            }
            (None, None) => true,
            _ => false,
        };
        if is_same {
            return;
        }
        let Some(following) = following else {
            *self.answer.borrow_mut() = None;
            return;
        };
        let (turn, after, began_here) = (following.turn, following.after, following.began_here);
        let answer =
            Answer { order: Order::after(after), writer: Writer::new(self.chat, &following), missing: None, following };
        // A view that was fetched meanwhile may know more than is drawn.
        answer.following.item.body.sync(&answer.following.parts, false);
        *self.answer.borrow_mut() = Some(answer);
        let Some(feed) = self.feed() else { return };
        // Another tab holds the stream, and nobody knows what it brought before this one listened.
        if !began_here && feed.may_have_missed(turn) {
            self.fetch_missing();
        }
        self.write(feed.with_known(|known| known.take_after(turn, after)), false);
    }

    fn hear(self: &Rc<Self>, events: Vec<PersonEvent>) {
        let chat = self.chat;
        if !chat.is_alive() {
            return;
        }
        // It may have changed a moment ago.
        self.show(chat.following.get_untracked());
        let shown = self.answer.borrow().as_ref().map(|answer| answer.following.turn);
        let mut written = Vec::new();
        for event in events {
            match event {
                PersonEvent::Turn(envelope) if Some(envelope.turn) == shown => written.push(envelope),
                // Kept by the feed, for whoever opens that conversation.
                PersonEvent::Turn(_) => {}
                other => {
                    // In their order: the answer's end comes before what follows from it.
                    self.write(std::mem::take(&mut written), true);
                    self.take(other);
                }
            }
        }
        self.write(written, true);
    }

    fn take(self: &Rc<Self>, event: PersonEvent) {
        let chat = self.chat;
        match event {
            PersonEvent::Turn(_) => {}
            PersonEvent::Conversation(row) => {
                let just_ended = forget(&self.ended, row.id) && !row.running;
                forget(&self.told, row.id);
                if !row.running && self.followed(row.id).is_some() {
                    self.told.borrow_mut().push(row.id);
                    self.expect_end(row.id);
                }
                chat.hear_row(row, just_ended);
            }
            PersonEvent::Gone(id) => chat.hear_gone(id),
            PersonEvent::Meter(meter) => chat.meter.set(meter),
            PersonEvent::Resync => {
                chat.refresh();
                let is_following = chat.following.with_untracked(Option::is_some);
                if is_following {
                    if let Some(id) = chat.shown.get_untracked() {
                        self.expect_end(id);
                    }
                } else if chat.shown.with_untracked(Option::is_some) && !chat.sending.get_untracked() {
                    chat.reload();
                }
            }
        }
    }

    /// Writes what is next of the answer. `from_stream`: by way of the browser's one stream, so that what follows comes
    /// there, too.
    fn write(self: &Rc<Self>, events: Vec<TurnEnvelope>, from_stream: bool) {
        if events.is_empty() {
            return;
        }
        let chat = self.chat;
        let mut over = None;
        let has_gap = {
            let mut answer = self.answer.borrow_mut();
            let Some(answer) = answer.as_mut() else { return };
            let had_gap = answer.order.has_gap();
            let ready = answer.order.take(events);
            let has_gap = answer.order.has_gap();
            if !has_gap && (from_stream || had_gap) {
                answer.missing = None;
            }
            if !ready.is_empty() {
                over = draw(chat, answer, ready);
            }
            has_gap
        };
        if let Some(status) = over {
            self.end(&status);
        } else if has_gap {
            self.fetch_missing();
        }
    }

    fn end(&self, status: &MessageStatus) {
        let Some(answer) = self.answer.borrow_mut().take() else { return };
        let conversation = answer.following.conversation;
        if !forget(&self.told, conversation) {
            self.ended.borrow_mut().push(conversation);
        }
        let chat = self.chat;
        chat.following.set(None);
        chat.list.update(|list| list.set_running(conversation, false));
        chat.announce(match status {
            MessageStatus::Stopped => thread::stopped(chat.lang),
            MessageStatus::Failed(error) if error.code == TurnErrorCode::CutOff => thread::cut_off(chat.lang),
            MessageStatus::Failed(_) => thread::failed(chat.lang),
            MessageStatus::Complete | MessageStatus::Running => thread::complete(chat.lang),
        });
        // After a failure the person says when the next message goes.
        if !matches!(status, MessageStatus::Failed(_)) {
            chat.send_queued();
        }
    }

    /// Opens the turn's own stream for what the browser's one did not bring; closed when the two meet.
    fn fetch_missing(self: &Rc<Self>) {
        let chat = self.chat;
        let url = {
            let answer = self.answer.borrow();
            let Some(answer) = answer.as_ref().filter(|answer| answer.missing.is_none()) else { return };
            let mut url = String::from("/t/");
            url.push_str(chat.tenant().as_str());
            url.push_str("/turns/");
            url.push_str(&answer.following.turn.to_string());
            url.push_str("/events?after=");
            url.push_str(&answer.order.seen().to_string());
            url
        };
        let this = Rc::downgrade(self);
        let source = Source::open(&url, move |heard| {
            let Some(page) = this.upgrade() else { return };
            match heard {
                Heard::Data { data, .. } => {
                    let envelope: Option<TurnEnvelope> = crate::wire::read(&data);
                    page.write(envelope.into_iter().collect(), false);
                }
                // What it has told by then is written; the view knows the rest.
                Heard::Broken(_) => {
                    if let Some(answer) = &mut *page.answer.borrow_mut() {
                        answer.missing = None;
                    }
                    if chat.is_alive() {
                        chat.reload();
                    }
                }
                Heard::Open | Heard::Beat | Heard::End => {}
            }
        });
        if let Some(answer) = &mut *self.answer.borrow_mut() {
            answer.missing = source;
        }
    }

    /// The turn that writes to the conversation, if it is followed here.
    fn followed(&self, conversation: ConversationId) -> Option<TurnId> {
        let answer = self.answer.borrow();
        answer.as_ref().map(|answer| &answer.following).filter(|f| f.conversation == conversation).map(|f| f.turn)
    }

    /// The conversation is said to have its answer: should its end not come, it is fetched.
    fn expect_end(self: &Rc<Self>, conversation: ConversationId) {
        let Some(turn) = self.followed(conversation) else { return };
        let this = Rc::downgrade(self);
        let look = move || {
            let Some(page) = this.upgrade() else { return };
            let chat = page.chat;
            if !chat.is_alive() || page.followed(conversation) != Some(turn) {
                return;
            }
            let is_running = chat.list.with_untracked(|list| list.get(conversation).is_some_and(|row| row.running));
            if !is_running {
                page.fetch_missing();
            }
        };
        set_timeout(look, END_AFTER);
    }
}

/// Takes `id` out; whether it was there.
fn forget(ids: &RefCell<Vec<ConversationId>>, id: ConversationId) -> bool {
    let mut ids = ids.borrow_mut();
    let before = ids.len();
    ids.retain(|other| *other != id);
    ids.len() < before
}

/// Shows what the events did to the answer. Its status, once it is over.
fn draw(chat: Chat, answer: &Answer, events: Vec<TurnEnvelope>) -> Option<MessageStatus> {
    let mut taken = Taken::default();
    let write = || taken = answer.writer.take(events);
    // What it waited for may have been decided: the question goes, and what is read must not move for that.
    if answer.following.item.body.activity_untracked() == Activity::Waiting {
        chat.without_moving(write);
    } else {
        write();
    }
    if let Some(title) = taken.title {
        chat.set_title(answer.following.conversation, &title);
    }
    taken.over
}

/// Another tab changed what a conversation holds.
fn changed_by_hand(chat: Chat, conversation: &str) {
    if !chat.is_alive() {
        return;
    }
    let is_shown = chat.shown.get_untracked().is_some_and(|shown| conversation.parse() == Ok(shown));
    if is_shown && chat.following.with_untracked(Option::is_none) {
        chat.reload();
    }
}

/// The page is looked at, online, put away or back: the stream is looked after.
fn listeners(page: &Weak<Page>) -> Vec<WindowListenerHandle> {
    let act = |act: fn(&Feed)| {
        let page = page.clone();
        move || {
            if let Some(feed) = page.upgrade().and_then(|page| page.feed()) {
                act(&feed);
            }
        }
    };
    let (focus, online, back, away) = (act(Feed::wake), act(Feed::wake), act(Feed::resume), act(Feed::pause));
    let seen = act(Feed::wake);
    let seen = move || {
        if !browser::tab_hidden() {
            seen();
        }
    };
    vec![
        window_event_listener(ev::focus, move |_| focus()),
        window_event_listener(ev::online, move |_| online()),
        window_event_listener(ev::visibilitychange, move |_| seen()),
        window_event_listener(ev::pagehide, move |_| away()),
        window_event_listener(ev::pageshow, move |_| back()),
    ]
}
