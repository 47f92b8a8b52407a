//! What can be done with a message. Each action is a button with a `data-act`; [`on_action`], the transcript's one
//! listener, does what it says for the message around it.
//!
//! To add an action: a button here, its word in `words::thread`, a line in [`act`].

use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;

use super::{
    super::{format, header::close_menus, icon::icon, local_time::LocalTime, usage_details::UsageDetails},
    has_other_models,
};
use crate::{
    chat::{browser, item::Item, state::Chat},
    model::{Feedback, MessageAuthor, MessageId, Siblings},
    words::{self, Lang, common, thread},
};

/// How long a copy button says that it has copied.
const SAID_FOR: std::time::Duration = std::time::Duration::from_secs(2);

#[component]
pub fn UserActions(item: Item) -> impl IntoView {
    let lang = words::lang();
    let siblings = item.siblings;
    view! {
        <div class="message-actions">
            <span class="meta"><LocalTime at=item.created_at/></span>
            {move || sibling_links(lang, siblings.get())}
            {button("copy", thread::copy_message(lang), "copy")}
            {button("edit", thread::edit_message(lang), "pencil")}
            <LazyMenu menu=Menu::More label=thread::more_actions(lang) icon_name="dots"/>
        </div>
    }
    .into_any()
}

#[component]
pub fn AnswerActions(item: Item) -> impl IntoView {
    let chat = Chat::get();
    let lang = words::lang();
    let Item { siblings, usage, feedback, model, .. } = item;
    let retry = if has_other_models(chat) {
        view! { <LazyMenu menu=Menu::Retry label=thread::retry_or_other_model(lang) icon_name="retry"/> }.into_any()
    } else {
        button("retry", common::retry(lang), "retry")
    };
    let thumb = move |which: Feedback, act: &'static str, label: &'static str, name: &'static str| {
        let feedback = feedback.clone();
        view! {
            <button
                type="button"
                class="button button-quiet button-icon needs-script"
                data-act=act
                aria-label=label
                title=label
                aria-pressed=move || (feedback.get() == Some(which)).to_string()
            >
                {icon(name)}
            </button>
        }
    };
    view! {
        <div class="message-actions">
            {move || sibling_links(lang, siblings.get())}
            {button("copy", thread::copy_answer(lang), "copy")}
            {retry}
            <span class="roomy">
                {button("edit", thread::edit_answer(lang), "pencil")}
                {button("fork", thread::fork(lang), "fork")}
            </span>
            {thumb(Feedback::Up, "up", thread::good(lang), "thumb-up")}
            {thumb(Feedback::Down, "down", thread::bad(lang), "thumb-down")}
            {move || usage.get().map(|usage| view! { <UsageDetails usage model=model.clone()/> })}
            <LazyMenu menu=Menu::MoreOfAnswer label=thread::more_actions(lang) icon_name="dots"/>
            {item.edited.then(|| view! { <span class="meta">{thread::edited(lang)}</span> })}
            <span class="meta"><LocalTime at=item.created_at/></span>
        </div>
    }
    .into_any()
}

/// An action as an icon.
fn button(act: &'static str, label: &'static str, icon_name: &'static str) -> AnyView {
    view! {
        <button type="button" class="button button-quiet button-icon needs-script" data-act=act aria-label=label title=label>
            {icon(icon_name)}
        </button>
    }
    .into_any()
}

/// An action as an entry of a menu.
fn entry(act: &'static str, label: impl Into<String>, icon_name: &'static str, class: &'static str) -> AnyView {
    view! { <button type="button" class=class data-act=act>{icon(icon_name)}{label.into()}</button> }.into_any()
}

/// What a menu holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Menu {
    /// The same model again, or another one.
    Retry,
    /// Only the others.
    OtherModel,
    /// What does not stand beside a message of the person's.
    More,
    /// What does not stand beside an answer, and on narrow pages what does not fit.
    MoreOfAnswer,
}

/// A menu whose entries are made when it is opened first.
#[component]
pub fn LazyMenu(menu: Menu, label: &'static str, icon_name: &'static str) -> impl IntoView {
    let chat = Chat::get();
    let lang = words::lang();
    let opened = RwSignal::new(false);
    let named = menu == Menu::OtherModel;
    let class = if named { "button" } else { "button button-quiet button-icon" };
    view! {
        <details class="menu-box up needs-script" on:toggle=move |event| {
            opened.set(true);
            browser::turn_menu(&event);
        }>
            <summary class=class aria-label=label title=label>{icon(icon_name)}{named.then_some(label)}</summary>
            {move || opened.get().then(|| entries(chat, lang, menu))}
        </details>
    }
    .into_any()
}

fn entries(chat: Chat, lang: Lang, menu: Menu) -> AnyView {
    let entries: Vec<AnyView> = match menu {
        Menu::Retry | Menu::OtherModel => {
            let same = (menu == Menu::Retry).then(|| entry("retry", thread::same_model(lang), "retry", ""));
            let models = chat.home.with_value(|home| home.models.clone());
            let models = models.into_iter().map(|model| {
                let label = [thread::with_model(lang), " ", &model.name].concat();
                view! { <button type="button" data-act="retry" data-model=model.id>{icon("swap")}{label}</button> }
                    .into_any()
            });
            same.into_iter().chain(models).collect()
        }
        Menu::More => vec![
            entry("fork", thread::fork_short(lang), "fork", ""),
            entry("link", thread::copy_link(lang), "link", ""),
        ],
        Menu::MoreOfAnswer => vec![
            entry("edit", thread::edit_answer(lang), "pencil", "tight"),
            entry("fork", thread::fork_short(lang), "fork", "tight"),
            entry("link", thread::copy_link(lang), "link", ""),
        ],
    };
    view! { <div class="menu">{entries}</div> }.into_any()
}

/// A click somewhere in the transcript: does what the pressed button says, if it says something.
pub fn on_action(chat: Chat, event: &ev::MouseEvent) {
    let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    let Some(button) = target.and_then(|target| target.closest("[data-act]").ok().flatten()) else { return };
    let article = button.closest("article").ok().flatten();
    let id = article.and_then(|article| article.id().strip_prefix("m-").and_then(|id| id.parse::<MessageId>().ok()));
    let Some(item) = id.and_then(|id| chat.item(id)) else { return };
    let name = button.get_attribute("data-act").unwrap_or_default();
    act(chat, &item, &name, &button);
    if button.closest(".menu").ok().flatten().is_some() {
        close_menus(chat);
    }
}

fn act(chat: Chat, item: &Item, name: &str, button: &web_sys::Element) {
    match name {
        "copy" => {
            chat.copy_message(item);
            say_copied(button);
        }
        "link" => chat.copy_link(item.id),
        "edit" if item.author == MessageAuthor::User => chat.edit(item),
        "edit" => item.editing.set(true),
        "retry" => chat.retry(item, button.get_attribute("data-model").or_else(|| same_model(chat, item))),
        "continue" => chat.continue_answer(item),
        "fork" => chat.fork(item.id),
        "up" => chat.rate(item, Feedback::Up),
        "down" => chat.rate(item, Feedback::Down),
        _ => {}
    }
}

/// The id of the model that wrote `item`, if it can still be chosen.
fn same_model(chat: Chat, item: &Item) -> Option<String> {
    let name = item.model.as_deref()?;
    chat.home.with_value(|home| home.models.iter().find(|model| model.name == name).map(|model| model.id.clone()))
}

/// Shows a tick on a copy button for a while.
fn say_copied(button: &web_sys::Element) {
    let Ok(Some(shape)) = button.query_selector("use") else { return };
    let _always_valid = shape.set_attribute("href", "#i-check");
    set_timeout(
        move || {
            let _always_valid = shape.set_attribute("href", "#i-copy");
        },
        SAID_FOR,
    );
}

/// ◀ 2/3 ▶, as links: they work without scripts and can be opened in another tab.
fn sibling_links(lang: Lang, siblings: Siblings) -> Option<impl IntoView> {
    if siblings.count < 2 {
        return None;
    }
    let link = |to: Option<MessageId>, label: &'static str, name: &'static str| {
        match to {
        Some(id) => view! {
            <a class="button button-quiet button-icon" href=["?leaf=", &id.to_string()].concat() aria-label=label>{icon(name)}</a>
        }
        .into_any(),
        None => {
            view! { <span class="button button-quiet button-icon" aria-disabled="true">{icon(name)}</span> }.into_any()
        }
    }
    };
    let place = [&format::thousands(siblings.index.into()), "/", &format::thousands(siblings.count.into())].concat();
    Some(view! {
        <span class="siblings">
            {link(siblings.previous, thread::previous_version(lang), "left")}
            <span class="meta">{place}</span>
            {link(siblings.next, thread::next_version(lang), "right")}
        </span>
    })
}
