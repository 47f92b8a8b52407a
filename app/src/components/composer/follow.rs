//! The running parts of the composer: the draft of each place, other tabs, the network, uploads. Installed once, in
//! effects, so the server never runs them.

use leptos::{ev, prelude::*};

use crate::chat::{
    browser,
    state::{Chat, Place},
};

pub fn follow_composer(chat: Chat) {
    follow_drafts(chat);
    follow_tabs_and_network(chat);
    // What was sent before its acknowledgement was lost may be on the page.
    Effect::new(move |_| {
        let items = chat.items.get();
        if chat.composing.queue.with(|queue| !queue.is_empty()) {
            chat.forget_arrived(&items);
        }
    });
    // A message that waits for its files goes when the last one is there or has failed.
    Effect::new(move |_| {
        if chat.composing.goes_after_upload.get() && !chat.is_uploading() {
            chat.composing.goes_after_upload.set(false);
            chat.submit();
        }
    });
}

/// Each place has its own draft. (What was typed before the page woke up is added by `chat/waking`.)
fn follow_drafts(chat: Chat) {
    Effect::new(move |previous: Option<Place>| {
        let place = chat.place.get();
        if chat.composer.get().is_none() || previous == Some(place) {
            return place;
        }
        let made_here =
            previous.is_some() && place.conversation().is_some() && place.conversation() == chat.shown.get_untracked();
        if made_here {
            chat.composer_changed();
            chat.save_draft();
            return place;
        }
        if previous.is_some() {
            chat.editing.set(None);
            chat.notice.set(None);
            chat.composing.awaits_network.set(false);
            chat.composing.asked.set(None);
        }
        chat.load_draft();
        if previous.is_none() {
            chat.load_usual_model();
        }
        if !browser::touch() {
            chat.focus_composer();
        }
        place
    });
}

fn follow_tabs_and_network(chat: Chat) {
    Effect::new(move |_| {
        let written = window_event_listener(ev::storage, move |event| {
            if let Some(key) = event.key().filter(|_| chat.is_alive()) {
                chat.hear_draft(Some(&key));
            }
        });
        // A tab that slept has heard nothing.
        let woken = window_event_listener(ev::visibilitychange, move |_| {
            if chat.is_alive() && !browser::tab_hidden() {
                chat.hear_draft(None);
            }
        });
        let online = window_event_listener(ev::online, move |_| {
            if chat.is_alive() {
                chat.network_is_back();
            }
        });
        on_cleanup(move || {
            written.remove();
            woken.remove();
            online.remove();
        });
    });
}
