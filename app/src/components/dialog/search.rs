//! Finding a conversation: a field with a list below it (WAI-ARIA combobox pattern). The keyboard stays in the field,
//! `aria-activedescendant` tells which hit it would open.

use std::time::Duration;

use leptos::{ev, leptos_dom::helpers::TimeoutHandle, prelude::*, task::spawn_local};

use super::{super::local_time::LocalTime, dialog_head};
use crate::{
    api,
    chat::{browser, state::Chat},
    error::AppError,
    model::{
        ConversationSummary, Cursor, Lang, MAX_SEARCH_CHARS, MessageAuthor, Page, SearchHit, SnippetPiece, TenantCode,
    },
    words::{errors, search as words},
};

const FIELD_ID: &str = "search-text";
const LIST_ID: &str = "search-hits";
/// From the last key to the question.
const PAUSE: Duration = Duration::from_millis(150);
/// So many recent conversations stand there before anything is typed.
const RECENT: usize = 8;

/// The signals of the open dialog.
#[derive(Clone, Copy)]
struct Search {
    chat: Chat,
    query: RwSignal<String>,
    hits: RwSignal<Vec<SearchHit>>,
    next: RwSignal<Option<Cursor>>,
    /// The place of the hit that Enter opens.
    active: RwSignal<usize>,
    busy: RwSignal<bool>,
    problem: RwSignal<String>,
    /// Counts the questions: only the answer to the last one is shown.
    serial: StoredValue<u32>,
    timer: StoredValue<Option<TimeoutHandle>>,
}

pub fn search(chat: Chat) -> AnyView {
    let lang = chat.lang;
    let search = Search {
        chat,
        query: RwSignal::new(String::new()),
        hits: RwSignal::new(recent(chat)),
        next: RwSignal::new(None),
        active: RwSignal::new(0),
        busy: RwSignal::new(false),
        problem: RwSignal::new(String::new()),
        serial: StoredValue::new(0),
        timer: StoredValue::new(None),
    };
    let listed = move || search.hits.with(Vec::is_empty);
    let more = move || {
        search.next.with(Option::is_some).then(|| {
            view! {
                <button type="button" class="button button-quiet" on:click=move |_| search.more()>{words::more(lang)}</button>
            }
        })
    };
    view! {
        {dialog_head(chat, words::title(lang))}
        <input
            id=FIELD_ID
            class="input"
            // Not "search": there the first Escape empties the field instead of closing the dialog.
            type="text"
            inputmode="search"
            role="combobox"
            aria-expanded=move || (!listed()).to_string()
            aria-controls=LIST_ID
            aria-autocomplete="list"
            aria-activedescendant=move || (!listed()).then(|| hit_id(search.active.get()))
            aria-label=words::title(lang)
            placeholder=words::placeholder(lang)
            maxlength=MAX_SEARCH_CHARS.to_string()
            autocomplete="off"
            spellcheck="false"
            autofocus
            on:input=move |event| search.typed(event_target_value(&event))
            on:keydown=move |event| search.on_key(&event)
        />
        <p class="meta search-state" role="status">{move || search.state()}</p>
        <div class="search-results">
            <ul id=LIST_ID role="listbox" aria-label=words::results(lang)>
                {move || search.hits.get().into_iter().enumerate().map(|(place, hit)| search.option(place, hit)).collect_view()}
            </ul>
            {more}
        </div>
    }
    .into_any()
}

impl Search {
    fn typed(self, query: String) {
        self.query.set(query);
        self.timer.update_value(|timer| {
            if let Some(timer) = timer.take() {
                timer.clear();
            }
        });
        let timer = set_timeout_with_handle(move || self.ask(None), PAUSE).ok();
        self.timer.set_value(timer);
    }

    fn more(self) {
        if !self.busy.get_untracked() {
            self.ask(self.next.get_untracked());
        }
    }

    /// Asks for the hits after `after`, or for the first ones.
    fn ask(self, after: Option<Cursor>) {
        let Some(query) = self.query.try_get_untracked() else { return };
        let Some(serial) = self.serial.try_update_value(|serial| {
            *serial = serial.wrapping_add(1);
            *serial
        }) else {
            return;
        };
        self.problem.set(String::new());
        if query.trim().is_empty() {
            self.busy.set(false);
            return self.show(Page::whole(recent(self.chat)), false);
        }
        self.busy.set(true);
        let adds = after.is_some();
        spawn_local(async move {
            let found = api::search_conversations(self.chat.tenant(), query, after).await;
            if self.serial.try_get_value() != Some(serial) {
                return;
            }
            self.busy.set(false);
            match found {
                Ok(page) => self.show(page, adds),
                Err(AppError::SignedOut) => self.chat.refused(&AppError::SignedOut, None),
                Err(error) => self.problem.set(errors::text(self.chat.lang, &error)),
            }
        });
    }

    fn show(self, page: Page<SearchHit>, adds: bool) {
        self.next.set(page.next);
        if adds {
            self.hits.update(|hits| hits.extend(page.items));
        } else {
            self.active.set(0);
            self.hits.set(page.items);
        }
    }

    /// What is going on, in words.
    fn state(self) -> String {
        let lang = self.chat.lang;
        let problem = self.problem.get();
        if !problem.is_empty() {
            return problem;
        }
        if self.busy.get() {
            return words::searching(lang).into();
        }
        let count = self.hits.with(Vec::len);
        match (self.query.with(|query| query.trim().is_empty()), count) {
            (true, _) => words::recent(lang).into(),
            (false, 0) => words::nothing(lang).into(),
            (false, count) => words::found(lang, count, self.next.with(Option::is_some)),
        }
    }

    fn on_key(self, event: &ev::KeyboardEvent) {
        if event.is_composing() {
            return;
        }
        let count = self.hits.with_untracked(Vec::len);
        let active = self.active.get_untracked();
        match event.key().as_str() {
            "ArrowDown" if active + 1 < count => self.activate(active + 1),
            "ArrowDown" if self.next.with_untracked(Option::is_some) => self.more(),
            "ArrowDown" if count > 0 => self.activate(0),
            "ArrowUp" if count > 0 => self.activate(active.checked_sub(1).unwrap_or(count - 1)),
            "Enter" => self.open(active),
            _ => return,
        }
        event.prevent_default();
    }

    fn activate(self, place: usize) {
        self.active.set(place);
        if let Some(option) = browser::element::<web_sys::Element>(&hit_id(place)) {
            browser::reveal(&option);
        }
    }

    fn open(self, place: usize) {
        let url = self.hits.with_untracked(|hits| hits.get(place).map(|hit| hit_url(&self.chat.tenant(), hit)));
        if let Some(url) = url {
            self.chat.dialog.set(None);
            self.chat.go_to(url);
        }
    }

    fn option(self, place: usize, hit: SearchHit) -> AnyView {
        let on_click = move |_| self.open(place);
        view! {
            <li
                id=hit_id(place)
                class="hit"
                role="option"
                aria-selected=move || (self.active.get() == place).to_string()
                on:click=on_click
            >
                {hit_view(self.chat, hit)}
            </li>
        }
        .into_any()
    }
}

fn hit_id(place: usize) -> String {
    let mut id = String::from("hit-");
    id.push_str(&place.to_string());
    id
}

/// What stands there before anything is typed.
fn recent(chat: Chat) -> Vec<SearchHit> {
    let hit = |row: &ConversationSummary| SearchHit {
        conversation: row.id,
        title: vec![SnippetPiece { text: row.title.clone(), hit: false }],
        message: None,
        author: None,
        snippet: vec![],
        at: row.updated_at,
        archived: row.archived,
    };
    chat.list.with_untracked(|list| list.rows().take(RECENT).map(hit).collect())
}

/// What a hit shows: title, place of the match, who wrote it and when.
fn hit_view(chat: Chat, hit: SearchHit) -> AnyView {
    let lang = chat.lang;
    let who = hit.author.map(|author| match author {
        MessageAuthor::User => words::you(lang).to_owned(),
        MessageAuthor::Assistant => chat.home.with_value(|home| home.tenant.assistant.clone()),
    });
    let snippet = (!hit.snippet.is_empty()).then(|| view! { <span class="hit-snippet">{pieces(hit.snippet)}</span> });
    view! {
        <span class="hit-title">{pieces(hit.title)}</span>
        {snippet}
        <span class="meta hit-place">
            {hit.archived.then(|| archived_badge(lang))}
            {who.map(|who| view! { <span>{who}</span> })}
            <LocalTime at=hit.at/>
        </span>
    }
    .into_any()
}

fn archived_badge(lang: Lang) -> AnyView {
    view! { <span class="badge">{words::archived(lang)}</span> }.into_any()
}

/// Text with what was searched for marked.
fn pieces(pieces: Vec<SnippetPiece>) -> Vec<AnyView> {
    let piece = |piece: SnippetPiece| match piece.hit {
        true => view! { <mark>{piece.text}</mark> }.into_any(),
        false => piece.text.into_any(),
    };
    pieces.into_iter().map(piece).collect()
}

/// Where a hit leads: to its message, on the branch that contains it.
fn hit_url(tenant: &TenantCode, hit: &SearchHit) -> String {
    let mut url = String::from("/t/");
    url.push_str(tenant.as_str());
    url.push_str("/c/");
    url.push_str(&hit.conversation.to_string());
    if let Some(message) = hit.message {
        let message = message.to_string();
        url.push_str("?leaf=");
        url.push_str(&message);
        url.push_str("#m-");
        url.push_str(&message);
    }
    url
}

/// The hits of a search without scripts, in the place of the list.
pub fn hit_rows(chat: Chat, hits: Vec<SearchHit>) -> Vec<AnyView> {
    let tenant = chat.tenant();
    let row = |hit: SearchHit| {
        let href = hit_url(&tenant, &hit);
        view! { <li class="row"><a class="hit" href=href>{hit_view(chat, hit)}</a></li> }.into_any()
    };
    hits.into_iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ConversationId, MessageId, Timestamp};
    use uuid::Uuid;

    #[test]
    fn a_hit_leads_to_its_message() {
        let mut hit = SearchHit {
            conversation: ConversationId(Uuid::from_u128(1)),
            title: vec![],
            message: Some(MessageId(Uuid::from_u128(2))),
            author: None,
            snippet: vec![],
            at: Timestamp(0),
            archived: false,
        };
        let tenant = "prs".parse().expect("a code");
        let (conversation, message) = (hit.conversation, MessageId(Uuid::from_u128(2)));
        assert_eq!(hit_url(&tenant, &hit), format!("/t/prs/c/{conversation}?leaf={message}#m-{message}"));
        hit.message = None;
        assert_eq!(hit_url(&tenant, &hit), format!("/t/prs/c/{conversation}"));
    }
}
