//! Links to read-only copies of a conversation: make, copy, revoke.

use leptos::{ev, prelude::*, task::spawn_local};

use super::{super::local_time::LocalTime, dialog_head};
use crate::{
    api,
    chat::{browser, state::Chat},
    error::AppError,
    model::{Audience, ConversationId, MessageId, ShareId, ShareView},
    words::{common, errors, share as words},
};

/// The signals of the open dialog.
#[derive(Clone, Copy)]
struct Share {
    chat: Chat,
    id: ConversationId,
    /// `None` until they are known.
    links: RwSignal<Option<Vec<ShareView>>>,
    public: RwSignal<bool>,
    busy: RwSignal<bool>,
    problem: RwSignal<String>,
    /// What was done last.
    said: RwSignal<&'static str>,
}

pub fn share(chat: Chat, id: ConversationId) -> AnyView {
    let lang = chat.lang;
    let share = Share {
        chat,
        id,
        links: RwSignal::new(None),
        public: RwSignal::new(false),
        busy: RwSignal::new(false),
        problem: RwSignal::new(String::new()),
        said: RwSignal::new(""),
    };
    share.load();
    let on_submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        share.create();
    };
    view! {
        {dialog_head(chat, words::title(lang))}
        <form class="dialog-form" on:submit=on_submit>
            <p>{words::what(lang)}</p>
            {audience(share)}
            <p class="problem" role="alert">{move || share.problem.get()}</p>
            <div class="dialog-buttons">
                <button type="submit" class="button button-primary" autofocus aria-busy=move || share.busy.get().to_string()>
                    {move || if share.busy.get() { words::creating(lang) } else { words::create(lang) }}
                </button>
            </div>
        </form>
        <p class="meta" role="status">{move || share.said.get()}</p>
        <h3>{words::links(lang)}</h3>
        <ul class="share-links">{move || links_view(share)}</ul>
    }
    .into_any()
}

fn audience(share: Share) -> AnyView {
    let lang = share.chat.lang;
    let (tenant, public) =
        share.chat.home.with_value(|home| (home.tenant.name.clone(), home.tenant.allows_public_links));
    let mut people = String::from(words::tenant(lang));
    people.push_str(&tenant);
    if !public {
        return view! { <p class="muted">{people}". "{words::only_tenant(lang)}</p> }.into_any();
    }
    view! {
        <fieldset class="choices">
            <legend>{words::who(lang)}</legend>
            <label>
                <input type="radio" name="audience" checked on:change=move |_| share.public.set(false)/>
                {people}
            </label>
            <label>
                <input type="radio" name="audience" on:change=move |_| share.public.set(true)/>
                {words::public(lang)}
            </label>
        </fieldset>
    }
    .into_any()
}

fn links_view(share: Share) -> AnyView {
    let lang = share.chat.lang;
    let Some(links) = share.links.get() else {
        return view! { <li class="muted">{common::loading(lang)}</li> }.into_any();
    };
    if links.is_empty() {
        return view! { <li class="muted">{words::no_links(lang)}</li> }.into_any();
    }
    links.into_iter().map(|link| link_view(share, link)).collect_view().into_any()
}

fn link_view(share: Share, link: ShareView) -> AnyView {
    let lang = share.chat.lang;
    let address = address(&link.path);
    let copied = address.clone();
    let id = link.id;
    let who = match link.audience {
        Audience::Tenant => {
            let mut people = String::from(words::tenant(lang));
            people.push_str(&share.chat.home.with_value(|home| home.tenant.name.clone()));
            people
        }
        Audience::Public => words::public(lang).into(),
    };
    let on_copy = move |_| {
        browser::copy(&copied, None);
        share.said.set(words::copied(lang));
    };
    view! {
        <li>
            <input class="input" readonly aria-label=words::link(lang) value=address/>
            <span class="meta">{who}" · "<LocalTime at=link.created_at/></span>
            <button type="button" class="button" on:click=on_copy>{words::copy(lang)}</button>
            <button type="button" class="button button-danger" on:click=move |_| share.revoke(id)>{words::revoke(lang)}</button>
        </li>
    }
    .into_any()
}

/// The whole address of a path of this server.
fn address(path: &str) -> String {
    let mut address = window().location().origin().unwrap_or_default();
    address.push_str(path);
    address
}

impl Share {
    fn load(self) {
        spawn_local(async move {
            let links = api::list_shares(self.chat.tenant(), self.id).await;
            match links {
                Ok(links) => {
                    let _closed_if_not = self.links.try_set(Some(links));
                }
                Err(error) => self.failed(&error),
            }
        });
    }

    fn failed(self, error: &AppError) {
        if *error == AppError::SignedOut {
            return self.chat.refused(error, None);
        }
        let _closed_if_not = self.problem.try_set(errors::text(self.chat.lang, error));
    }

    /// The end of the branch that is shared: the one that is looked at, or the one written to last.
    async fn leaf(self) -> Result<Option<MessageId>, AppError> {
        if self.chat.shown.get_untracked() == Some(self.id) {
            return Ok(self.chat.leaf());
        }
        let view = api::open_conversation(self.chat.tenant(), self.id, None).await?;
        Ok(view.messages.last().map(|message| message.id))
    }

    async fn make(self) -> Result<Option<ShareView>, AppError> {
        let Some(leaf) = self.leaf().await? else { return Ok(None) };
        let audience =
            if self.public.try_get_untracked().unwrap_or(false) { Audience::Public } else { Audience::Tenant };
        api::share_conversation(self.chat.tenant(), self.id, leaf, audience).await.map(Some)
    }

    fn create(self) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        self.problem.set(String::new());
        self.said.set("");
        spawn_local(async move {
            let made = self.make().await;
            if self.busy.try_set(false).is_some() {
                return;
            }
            let lang = self.chat.lang;
            match made {
                Ok(Some(link)) => {
                    self.said.set(words::created(lang));
                    self.links.update(|links| links.get_or_insert_default().insert(0, link));
                }
                Ok(None) => self.problem.set(words::nothing(lang).into()),
                Err(error) => self.failed(&error),
            }
        });
    }

    fn revoke(self, id: ShareId) {
        spawn_local(async move {
            let result = api::revoke_share(self.chat.tenant(), id).await;
            if self.links.try_with_untracked(|_| ()).is_none() {
                return;
            }
            match result {
                Ok(()) => {
                    self.links.update(|links| {
                        if let Some(links) = links {
                            links.retain(|link| link.id != id);
                        }
                    });
                    self.said.set(words::revoked(self.chat.lang));
                }
                Err(error) => self.failed(&error),
            }
        });
    }
}
