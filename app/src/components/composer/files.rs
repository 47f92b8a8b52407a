//! The files of the next message, as chips above its text.

use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;

use crate::{
    chat::{
        attachments::{Attached, Upload},
        state::Chat,
    },
    components::{each::each, format, icon::icon},
    words::{common, composer as words},
};

#[component]
pub fn Files() -> impl IntoView {
    let chat = Chat::get();
    let lang = chat.lang;
    let files = chat.composing.files;
    let any = Memo::new(move |_| files.with(|files| !files.is_empty()));
    let unseen = Memo::new(move |_| {
        files.with(|files| files.iter().any(|file| file.picture.is_some())) && !chat.model().sees_images
    });
    let on_click = move |event: ev::MouseEvent| {
        if let Some((serial, act)) = pressed(&event) {
            match act.as_str() {
                "retry" => chat.upload(serial),
                "text" => chat.put_text_back(serial),
                _ => chat.detach(serial),
            }
        }
    };
    let list = move || {
        any.get().then(|| {
            view! {
                <ul class="composer-files" aria-label=words::attached(lang) on:click=on_click>
                    {each(move || files.get(), key, move |file| chip(chat, file))}
                </ul>
                {move || unseen.get().then(|| view! { <p class="meta unseen" role="status">{words::no_pictures(lang)}</p> })}
            }
        })
    };
    view! { {list} }.into_any()
}

/// A chip is drawn again when its state changes.
fn key(file: &Attached) -> u128 {
    let state = match file.upload {
        Upload::Running => 0,
        Upload::Done(_) => 1,
        Upload::Failed(_) => 2,
    };
    u128::from(file.serial) * 4 + state
}

fn chip(chat: Chat, file: Attached) -> AnyView {
    let lang = chat.lang;
    let mut failed = false;
    let facts = match file.upload {
        Upload::Running => {
            let sent = file.sent;
            let percent =
                move || Some(sent.get()).filter(|percent| *percent > 0).map(|percent| percent.to_string() + " %");
            view! {
                <span class="spinner" role="img" aria-label=words::uploading(lang)></span>
                <span class="meta">{percent}</span>
            }
            .into_any()
        }
        Upload::Done(_) => view! { <span class="meta">{format::bytes(file.bytes)}</span> }.into_any(),
        Upload::Failed(why) => {
            failed = true;
            view! { <span class="file-problem">{why}</span> }.into_any()
        }
    };
    let picture = match file.picture {
        Some(address) => view! { <img src=address alt="" width="32" height="32"/> }.into_any(),
        None => icon("file").into_any(),
    };
    let act = |act: &'static str, symbol: &'static str, what: &'static str| {
        let label = [what, ": ", &file.name].concat();
        view! {
            <button type="button" class="button button-quiet button-icon" data-act=act aria-label=label title=what>
                {icon(symbol)}
            </button>
        }
        .into_any()
    };
    let retry = failed.then(|| act("retry", "retry", common::retry(lang)));
    let text = file.text.is_some().then(|| act("text", "pencil", words::put_back(lang)));
    let remove = act("remove", "x", words::remove(lang));
    view! {
        <li class="file" class:failed=failed data-serial=file.serial.to_string()>
            {picture}
            <span class="file-name" title=file.name.clone()>{file.name.clone()}</span>
            {facts}
            {retry}
            {text}
            {remove}
        </li>
    }
    .into_any()
}

/// Which button of which file was pressed.
fn pressed(event: &ev::MouseEvent) -> Option<(u32, String)> {
    let target: web_sys::Element = event.target()?.dyn_into().ok()?;
    let act = target.closest("[data-act]").ok()??.get_attribute("data-act")?;
    let serial = target.closest("[data-serial]").ok()??.get_attribute("data-serial")?;
    Some((serial.parse().ok()?, act))
}
