//! The transcript: the messages of the shown branch in a box that scrolls, or what stands in their place.

use leptos::{ev, html, prelude::*, reactive::send_wrapper_ext::SendOption};

use super::{empty::EmptyState, error_view::ErrorView, icon::icon, message::Message};
use crate::{
    chat::{
        browser,
        scroll::{BOX_ID, Controller, Jump, SPACER_ID},
        state::Chat,
    },
    markdown, words,
};

#[component]
pub fn Thread() -> impl IntoView {
    let chat = Chat::get();
    let lang = words::lang();
    let scroll_box = NodeRef::<html::Div>::new();
    Effect::new(move |previous: Option<()>| {
        if previous.is_some() || scroll_box.get().is_none() {
            return;
        }
        let controller = Controller::new(chat.jump);
        // A link to one message stands where the browser put it.
        let linked = window().location().hash().is_ok_and(|hash| hash.starts_with("#m-"));
        if !linked {
            controller.to_end_at_once();
        }
        chat.scroll.set(SendOption::new_local(Some(controller)));
    });
    let on_wheel = move |event: ev::WheelEvent| {
        if event.delta_y() < 0.0 {
            chat.with_scroll(Controller::on_upward_wish);
        }
    };
    let empty = Memo::new(move |_| chat.shown.get().is_none() && chat.failure.with(Option::is_none));
    view! {
        <div
            id=BOX_ID
            class="transcript-box"
            class:empty=move || empty.get()
            node_ref=scroll_box
            on:scroll=move |_| chat.with_scroll(Controller::on_scroll)
            on:wheel=on_wheel
        >
            <div
                class="transcript column"
                role="log"
                aria-live="off"
                aria-label="Conversation"
                on:click=move |event| markdown::clicked(&event, lang)
            >
                {move || empty.get().then(|| view! { <EmptyState/> })}
                {move || chat.failure.get().map(|error| view! { <ErrorView error/> })}
                {move || earlier_button(chat)}
                <For each=move || chat.items.get() key=|item| item.id let:item>
                    <Message item/>
                </For>
                <div id=SPACER_ID></div>
            </div>
        </div>
        <JumpButton/>
    }
    .into_any()
}

/// The part of the conversation above what is shown.
fn earlier_button(chat: Chat) -> Option<impl IntoView> {
    chat.earlier.with(Option::is_some).then(|| {
        view! {
            <button type="button" class="button button-quiet earlier" on:click=move |_| chat.load_earlier()>
                "Earlier messages"
            </button>
        }
    })
}

#[component]
fn JumpButton() -> impl IntoView {
    let chat = Chat::get();
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
        Some(view! {
            <div class="jump-place">
                <button type="button" class="button button-icon round jump" class:news=jump == Jump::News aria-label="Go to the end" on:click=on_click>
                    {icon("down")}
                </button>
            </div>
        })
    }
}
