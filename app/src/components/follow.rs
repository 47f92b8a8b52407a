//! The running parts of the page: they follow the answer, the URL, the other tabs and the drafts. Installed once, in
//! effects, so the server never runs them.

use std::time::Duration;

use leptos::{ev, prelude::*};

use crate::{
    chat::{
        browser,
        channel::{self, Listener},
        feed::{Feed, Handlers, Next},
        list::ConversationList,
        state::{Chat, Place},
        writer::Writer,
    },
    model::{ConversationId, MessageStatus, TurnEnvelope},
    words::thread,
};

/// How often a page looks at answers that are written elsewhere, while there are any.
const LOOK_EVERY: Duration = Duration::from_secs(5);

pub fn follow_everything(chat: Chat) {
    follow_answer(chat);
    follow_url(chat);
    follow_drafts(chat);
    follow_others(chat);
}

/// One event stream at a time: that of the answer that is shown.
fn follow_answer(chat: Chat) {
    Effect::new(move |previous: Option<Option<Feed>>| {
        drop(previous);
        let following = chat.following.get()?;
        let (turn, after) = (following.turn, following.after);
        let writer = Writer::new(chat, &following);
        let handlers = Handlers {
            batch: Box::new(move |events| receive(chat, following.conversation, &writer, events)),
            connection: Box::new(move |connection| {
                let _gone_if_not = chat.connection.try_set(connection);
            }),
            refused: Box::new(move || {
                if chat.is_alive() {
                    chat.check_session();
                }
            }),
        };
        Some(Feed::open(chat.tenant(), turn, after, handlers))
    });
}

fn receive(chat: Chat, conversation: ConversationId, writer: &Writer, events: Vec<TurnEnvelope>) -> Next {
    if !chat.is_alive() {
        return Next::Close;
    }
    let taken = writer.take(events);
    if let Some(title) = taken.title {
        chat.set_title(conversation, &title);
    }
    if let Some(status) = taken.over {
        ended(chat, conversation, &status);
        return Next::Close;
    }
    taken.gap_after.map_or(Next::Continue, Next::Again)
}

fn ended(chat: Chat, conversation: ConversationId, status: &MessageStatus) {
    chat.following.set(None);
    chat.list.update(|list| list.set_running(conversation, false));
    chat.announce(match status {
        MessageStatus::Stopped => thread::stopped(chat.lang),
        MessageStatus::Failed(_) => thread::failed(chat.lang),
        MessageStatus::Complete | MessageStatus::Running => thread::complete(chat.lang),
    });
    chat.refresh();
    chat.tell_tabs(None);
    match status {
        MessageStatus::Failed(_) => chat.unqueue(),
        _ => chat.send_queued(),
    }
}

/// Opens what the URL names when it changes, unless it was just made here and is shown already.
fn follow_url(chat: Chat) {
    Effect::new(move |previous: Option<(Place, Option<crate::model::MessageId>, u32)>| {
        let now = (chat.place.get(), chat.leaf_wanted.get(), chat.reload.get());
        let Some(before) = previous.filter(|before| *before != now) else { return now };
        chat.drawer_open.set(false);
        let only_the_place = before.1.is_none() && now.1.is_none() && before.2 == now.2;
        let shown = chat.shown.get_untracked();
        let made_here = only_the_place && shown.is_some() && now.0.conversation() == shown;
        if !made_here {
            chat.open(now.0, now.1);
        }
        if let Some(id) = now.0.conversation() {
            chat.unread.update(|unread| unread.retain(|other| *other != id));
        }
        now
    });
}

/// Each place has its own draft; what was typed before the page woke up is kept.
fn follow_drafts(chat: Chat) {
    Effect::new(move |previous: Option<Place>| {
        let place = chat.place.get();
        if chat.composer.get().is_none() || previous == Some(place) {
            return place;
        }
        let typed = chat.typed();
        let made_here =
            previous.is_some() && place.conversation().is_some() && place.conversation() == chat.shown.get_untracked();
        if made_here || previous.is_none() && !typed.is_empty() {
            chat.composer_changed();
            chat.save_draft();
            return place;
        }
        if previous.is_some() {
            chat.editing.set(None);
            chat.queued.set(None);
            chat.notice.set(None);
        }
        chat.load_draft();
        if !browser::touch() {
            chat.focus_composer();
        }
        place
    });
}

/// Other tabs tell what they did; other devices cannot, so this looks when the window gets the focus and, while an
/// answer is written somewhere, every few seconds.
fn follow_others(chat: Chat) {
    Effect::new(move |_: Option<Option<Listener>>| Listener::open(move |notice| heard(chat, &notice)));
    Effect::new(move |_| {
        let focus = window_event_listener(ev::focus, move |_| chat.refresh());
        on_cleanup(move || focus.remove());
        let look = move || {
            let Some(running) = chat.list.try_with_untracked(ConversationList::running) else { return };
            let followed = usize::from(chat.following.with_untracked(Option::is_some));
            if running > followed && !browser::tab_hidden() {
                chat.refresh();
            }
        };
        if let Ok(handle) = set_interval_with_handle(look, LOOK_EVERY) {
            on_cleanup(move || handle.clear());
        }
    });
}

fn heard(chat: Chat, notice: &channel::Notice) {
    if !chat.is_alive() || notice.tenant != chat.tenant() {
        return;
    }
    let here = notice.conversation.is_some() && notice.conversation == chat.shown.get_untracked();
    let idle = chat.following.with_untracked(Option::is_none);
    if here && idle {
        chat.reload();
    }
    chat.refresh();
}
