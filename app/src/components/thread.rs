//! The transcript: the messages of the shown branch in a box that scrolls, or what stands in their place.

use std::time::Duration;

use leptos::{ev, html, prelude::*, reactive::send_wrapper_ext::SendOption};

use super::{each::each, empty::EmptyState, error_view::ErrorView, icon::icon, message};
use crate::{
    chat::{
        address::Address,
        body::Activity,
        browser,
        scroll::{BOX_ID, Controller, Jump, SPACER_ID},
        state::Chat,
    },
    words::{self, thread},
};

/// The part above is fetched when its end comes this near, heights of the box: it is there before anybody arrives.
const FETCH_BEFORE: i32 = 3;
/// How long after the last movement the reader's place is remembered.
const REMEMBER_AFTER: Duration = Duration::from_millis(250);

#[component]
pub fn Thread() -> impl IntoView {
    let chat = Chat::get();
    let lang = words::lang();
    let scroll_box = NodeRef::<html::Div>::new();
    Effect::new(move |previous: Option<()>| {
        if previous.is_some() || scroll_box.get().is_none() {
            return;
        }
        chat.scroll.set(SendOption::new_local(Some(Controller::new(chat.jump))));
        if chat.go_to_linked() {
            return;
        }
        match chat.shown.get_untracked() {
            Some(id) => chat.restore_place(id),
            None => chat.with_scroll(|scroll| scroll.show_at_once(None)),
        }
    });
    follow_links(chat);
    follow_size(chat);
    let save = StoredValue::new(None::<TimeoutHandle>);
    let on_scroll = move |_| {
        chat.with_scroll(Controller::on_scroll);
        let is_near = |element: web_sys::HtmlDivElement| element.scroll_top() < FETCH_BEFORE * element.client_height();
        if scroll_box.get_untracked().is_some_and(is_near) {
            chat.load_earlier();
        }
        let again = set_timeout_with_handle(
            move || {
                if chat.is_alive() {
                    chat.save_place();
                }
            },
            REMEMBER_AFTER,
        )
        .ok();
        if let Some(Some(before)) = save.try_update_value(|save| std::mem::replace(save, again)) {
            before.clear();
        }
    };
    let on_wheel = move |event: ev::WheelEvent| {
        if event.delta_y() < 0.0 {
            chat.with_scroll(Controller::on_upward_wish);
        }
    };
    let on_touch = move |event: ev::TouchEvent| {
        let y = event.touches().item(0).map(|touch| f64::from(touch.client_y()));
        chat.with_scroll(|scroll| scroll.on_touch(y));
    };
    let on_key = move |event: ev::KeyboardEvent| {
        if matches!(event.key().as_str(), "PageUp" | "Home" | "ArrowUp") && !browser::typing() {
            chat.with_scroll(Controller::on_upward_wish);
        }
    };
    let empty = Memo::new(move |_| chat.shown.get().is_none() && chat.failure.with(Option::is_none));
    view! {
        <div
            id=BOX_ID
            tabindex="0"
            role="region"
            aria-label=thread::conversation(lang)
            class="transcript-box"
            class:empty=move || empty.get()
            node_ref=scroll_box
            on:scroll=on_scroll
            on:wheel=on_wheel
            on:touchstart=on_touch
            on:touchmove=on_touch
            on:touchend=on_touch
            on:keydown=on_key
            on:click=move |event| {
                message::clicked(chat, &event);
            }
        >
            <div class="transcript column" role="log" aria-live="off" aria-label=thread::conversation(lang)>
                {move || empty.get().then(|| view! { <EmptyState/> })}
                {move || chat.failure.get().map(|error| view! { <ErrorView error/> })}
                {move || earlier_button(chat)}
                {each(
                    move || chat.items.get(),
                    |item| item.id.0.as_u128(),
                    message::later,
                )}
                <div id=SPACER_ID></div>
            </div>
        </div>
        <Alarm/>
        <JumpButton/>
    }
    .into_any()
}

/// Another size of the window, or a virtual keyboard, moves the end.
fn follow_size(chat: Chat) {
    Effect::new(move |_| {
        let resized = window_event_listener(ev::resize, move |_| {
            if chat.is_alive() {
                chat.with_scroll(Controller::content_changed);
            }
        });
        on_cleanup(move || resized.remove());
    });
}

/// A link to a message of the conversation that is shown already only changes what stands behind `#`.
fn follow_links(chat: Chat) {
    let address = expect_context::<Address>();
    Effect::new(move |before: Option<String>| {
        let hash = address.hash();
        if before.is_some_and(|before| before != hash) {
            chat.go_to_linked();
        }
        hash
    });
}

/// Says at once, to those who do not see it, that a tool waits for the person.
#[component]
fn Alarm() -> impl IntoView {
    let chat = Chat::get();
    let lang = words::lang();
    let waiting = Memo::new(move |_| {
        let item = chat.following.with(|following| following.as_ref().map(|following| following.item.clone()));
        item.is_some_and(|item| item.body.activity() == Activity::Waiting)
    });
    view! {
        <p class="visually-hidden" role="alert">{move || waiting.get().then(|| thread::waiting_for_you(lang))}</p>
    }
    .into_any()
}

/// The part of the conversation above what is shown; fetched by itself when the reader comes near.
fn earlier_button(chat: Chat) -> Option<impl IntoView> {
    chat.earlier.with(Option::is_some).then(|| {
        view! {
            <button type="button" class="button button-quiet earlier" on:click=move |_| chat.load_earlier()>
                {thread::earlier_messages(chat.lang)}
            </button>
        }
    })
}

#[component]
fn JumpButton() -> impl IntoView {
    let chat = Chat::get();
    let lang = words::lang();
    move || {
        let jump = chat.jump.get();
        if jump == Jump::Hidden {
            return None;
        }
        let on_click = move |_| {
            chat.with_scroll(Controller::to_end);
            if !browser::touch() {
                chat.focus_composer();
            }
        };
        let news = jump == Jump::News;
        let label = if news { thread::new_text_below(lang) } else { thread::go_to_end(lang) };
        Some(view! {
            <div class="jump-place">
                <button type="button" class="button button-icon round jump" class:news=news aria-label=label title=label on:click=on_click>
                    {icon("down")}
                </button>
            </div>
        })
    }
}
