//! The chat page: `/t/:tenant` (a new chat) and `/t/:tenant/c/:id`, one component for both, so that going from one to
//! the other keeps the sidebar, the composer and what is typed in it.
//!
//! One request of the server brings everything ([`PageData`]); after that the page changes its own state.

use leptos::{
    prelude::*,
    server_fn::{ServerFn, error::ServerFnUrlError},
};
use leptos_meta::{Stylesheet, Title};

use crate::{
    api::{self, RestoreConversation, SendMessage},
    chat::{
        address::Address,
        state::{Chat, Found, PageData, Place},
        waking,
    },
    components::{
        Announcer, ChatHeader, Composer, Dialogs, ErrorView, Sidebar, Sprite, Thread, ToastRegion, close_drawer,
        follow_everything, format, install_shortcuts,
    },
    error::AppError,
    model::{ConversationId, Cursor, Folder, Lang, MAX_SEARCH_CHARS, MessageId, TenantCode},
    parts::CONVERSATION,
    routes::SidebarCollapsed,
    words::{self, common, shell},
};

/// What the URL asks for when the page is loaded.
#[derive(Clone)]
struct Request {
    tenant: Result<TenantCode, AppError>,
    place: Place,
    leaf: Option<MessageId>,
    older: Option<Cursor>,
    /// The sidebar shows the archive.
    archive: bool,
    /// What is searched for without scripts.
    search: Option<String>,
    lang: Lang,
    collapsed: bool,
    /// Why the message of a plain form was not taken.
    refused: Option<String>,
}

#[component]
pub fn ChatPage() -> impl IntoView {
    let lang = words::lang();
    let address = Address::here();
    address.follow();
    provide_context(address);
    let place = Memo::new(move |_| Place::of(&address.path()));
    let leaf = Memo::new(move |_| address.query("leaf").and_then(|leaf| leaf.parse().ok()));
    let query = |name: &str| untrack(|| address.query(name));
    let tenant = untrack(|| address.path()).split('/').nth(2).and_then(|code| code.parse().ok());
    let deleted = query("deleted").and_then(|id| id.parse().ok());
    let imported = query("imported").and_then(|count| count.parse().ok());
    let posted = query("__path").is_some_and(|path| path == SendMessage::PATH);
    let refused = query("__err").filter(|_| posted);
    let request = Request {
        tenant: tenant.ok_or(AppError::NotFound),
        place: place.get_untracked(),
        leaf: leaf.get_untracked(),
        older: query("older").map(Cursor),
        archive: query("folder").is_some_and(|folder| folder == "archive"),
        search: query("q").as_deref().and_then(search_text),
        lang,
        collapsed: use_context::<SidebarCollapsed>().is_some_and(|collapsed| collapsed.0),
        refused,
    };
    let go = Callback::new(move |url: String| address.go(&url));
    let show = move |data: Result<PageData, AppError>| match data {
        Ok(data) => view! { <ChatFrame chat=Chat::new(data, place, leaf, go) deleted imported/> }.into_any(),
        Err(error) => view! { <main class="page"><ErrorView error/></main> }.into_any(),
    };
    // The browser gets what the server loaded with the page and never loads a page by itself.
    if !cfg!(feature = "ssr") {
        return show(waking::page_data().unwrap_or(Err(AppError::Offline)));
    }
    let loaded = async move {
        let data = load(request).await;
        if matches!(&data, Ok(PageData { conversation: Some(Ok(_)), .. })) {
            // The browser wakes up when it can draw messages; it is told where to find that before it asks.
            leptos::prefetch_lazy_fn_on_server(CONVERSATION);
        }
        let json = serde_json::to_string(&data).unwrap_or_default();
        view! {
            <script type="application/json" id=waking::DATA_ID inner_html=waking::script_text(&json)></script>
            {show(data)}
        }
    };
    view! { <Suspense fallback=|| ()>{Suspend::new(loaded)}</Suspense> }.into_any()
}

async fn load(request: Request) -> Result<PageData, AppError> {
    let tenant = request.tenant?;
    let live = api::live_place()?;
    let me = api::me().await?;
    let home = api::tenant_home(tenant.clone()).await?;
    let found = match request.search {
        Some(query) => {
            let hits = api::search_conversations(tenant.clone(), query.clone(), request.older.clone()).await?;
            Some(Found { query, hits })
        }
        None => None,
    };
    // The cursor of the address belongs to what the sidebar shows.
    let (of_list, of_archive) = match (found.is_some(), request.archive) {
        (true, _) => (None, None),
        (false, true) => (None, request.older),
        (false, false) => (request.older, None),
    };
    let list = api::list_conversations(tenant.clone(), Folder::Inbox, of_list).await?;
    let archive = match request.archive {
        true => Some(api::list_conversations(tenant.clone(), Folder::Archive, of_archive).await?),
        false => None,
    };
    let conversation = match request.place {
        Place::New => None,
        Place::Nowhere => Some(Err(AppError::NotFound)),
        Place::Conversation(id) => Some(api::open_conversation(tenant, id, request.leaf).await),
    };
    let refusal = request.refused.map(|error| ServerFnUrlError::<AppError>::decode_err(&error));
    let (lang, collapsed) = (request.lang, request.collapsed);
    Ok(PageData { live, me, home, list, archive, found, lang, conversation, collapsed, refusal })
}

/// What a plain form searched for, cut where the server would refuse it; nothing when it is blank.
fn search_text(typed: &str) -> Option<String> {
    let text: String = typed.trim().chars().take(MAX_SEARCH_CHARS).collect();
    (!text.is_empty()).then_some(text)
}

#[component]
fn ChatFrame(
    chat: Chat,
    /// The conversation a plain form has just deleted.
    deleted: Option<ConversationId>,
    /// How many a plain form has just imported.
    imported: Option<u32>,
) -> impl IntoView {
    provide_context(chat);
    let lang = chat.lang;
    // What the server rendered in is what the browser goes on in.
    provide_context(lang);
    follow_everything(chat);
    install_shortcuts(chat);
    let (tenant, brand) = chat.home.with_value(|home| (home.tenant.name.clone(), home.tenant.brand_css.clone()));
    // The server reads the title where it assembles the document, on any thread and outside of the page's arena.
    let named = ArcRwSignal::from(chat.title);
    let title = move || match named.get() {
        title if title.is_empty() => format::document_title(&format!("{tenant} · Steward")),
        title => format::document_title(&format!("{title} · {tenant} · Steward")),
    };
    let runs = chat.following.with_untracked(Option::is_some);
    view! {
        <Title text=title/>
        {brand.map(|href| view! { <Stylesheet href/> })}
        <Sprite/>
        // External: the router would change the address, but not move the keyboard.
        <a class="skip-link" href="#composer-text" rel="external">{shell::skip(lang)}</a>
        <div class="frame" class:collapsed=move || chat.collapsed.get() class:drawer-open=move || chat.drawer_open.get()>
            <Sidebar/>
            <a
                class="scrim"
                href="#main"
                tabindex="-1"
                aria-hidden="true"
                on:click=move |event| {
                    event.prevent_default();
                    close_drawer(chat);
                }
            ></a>
            <main id="main" class="chat" inert=move || chat.drawer_open.get()>
                <ChatHeader/>
                {deleted.map(|id| view! { <DeletedNotice id/> })}
                {imported.map(|count| view! { <p class="notice notice-ok deleted" role="status">{shell::imported_title(lang)}{count}</p> })}
                <Thread/>
                <Composer/>
            </main>
        </div>
        <ToastRegion/>
        <Announcer/>
        <Dialogs/>
        {runs.then(|| view! { <noscript inner_html=r#"<meta http-equiv="refresh" content="2">"#></noscript> })}
    }
    .into_any()
}

/// After a deletion without scripts: the way back.
#[component]
fn DeletedNotice(id: ConversationId) -> impl IntoView {
    let chat = Chat::get();
    view! {
        <form class="notice deleted" method="post" action=RestoreConversation::url()>
            <input type="hidden" name="tenant" value=chat.tenant().to_string()/>
            <input type="hidden" name="id" value=id.to_string()/>
            <span>{shell::was_deleted(chat.lang)}</span>
            <button type="submit" class="button">{common::undo(chat.lang)}</button>
        </form>
    }
    .into_any()
}
