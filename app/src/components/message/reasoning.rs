//! What the model thought before it answered: open while it thinks, folded afterwards.

use leptos::prelude::*;

use super::{super::icon::icon, Text};
use crate::{
    chat::{body::Reasoning, browser},
    markdown::Showing,
    words::{self, thread},
};

#[component]
pub fn ReasoningView(reasoning: Reasoning, showing: Showing) -> impl IntoView {
    let lang = words::lang();
    let over = RwSignal::from(reasoning.over);
    // How long it took is known only to a page that was there from its beginning to its end.
    let took = RwSignal::new(None::<u32>);
    Effect::new(move |began: Option<Option<i64>>| {
        let now = browser::now().0;
        if !over.get() {
            return Some(began.flatten().unwrap_or(now));
        }
        if let Some(began) = began.flatten() {
            took.set(u32::try_from((now - began + 500) / 1_000).ok().filter(|seconds| *seconds > 0));
        }
        None
    });
    let heading = move || match (over.get(), took.get()) {
        (false, _) => thread::thinking(lang).to_owned(),
        (true, Some(seconds)) => thread::thought_for(lang, seconds),
        (true, None) => thread::reasoning(lang).to_owned(),
    };
    view! {
        <details class="tools reasoning" open=move || !over.get()>
            <summary><span>{heading}</span>{icon("right")}</summary>
            <Text run=reasoning.text showing/>
        </details>
    }
    .into_any()
}
