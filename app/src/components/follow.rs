//! The running parts of the page: they follow the stream, the URL and the drafts. Installed once, in effects, so the server
//! never runs them.

mod stream;

use leptos::prelude::*;

use crate::chat::state::{Chat, Place};

pub fn follow_everything(chat: Chat) {
    stream::follow_stream(chat);
    follow_url(chat);
    super::composer::follow_composer(chat);
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
