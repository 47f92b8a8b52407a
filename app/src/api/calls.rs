//! The browser's half of the server functions: the same names and signatures as their bodies on the server, one way to
//! the network for all of them. The stubs that `#[server]` makes cost three kilobytes of WebAssembly each; these cost a
//! tenth (see [`crate::wire`]).
//!
//! To add one: a line in [`calls!`], with the endpoint and the arguments of its `#[server]` function; `form` for those
//! that take URL encoding. `app/tests/wire.rs` compares endpoints with what the server registers.

use std::pin::Pin;

use send_wrapper::SendWrapper;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::{
    error::AppError,
    model::{
        Again, AttachmentId, Audience, ConversationId, ConversationSummary, ConversationView, Cursor, Decision,
        Feedback, Folder, Me, MessageId, MessageText, Page, Rich, RichSource, SearchHit, ShareId, ShareView,
        TenantCode, TenantHome, Title, TurnId, TurnKey, TurnStarted, UsageMeter,
    },
    wire::{self, Form, Object},
};

/// The longest wait for an answer.
const TIMEOUT_MS: u32 = 60_000;
/// What a browser still sends while the page goes away (Fetch standard §4.6: 64 KiB for all of them together).
const KEEPALIVE_BYTES: usize = 16 * 1024;

macro_rules! calls {
    ($($(#[$doc:meta])* $kind:ident $path:literal $name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        $(
            $(#[$doc])*
            pub async fn $name($($argument: $type),*) -> Result<$answer, AppError> {
                let body = calls!(@ $kind $($argument),*);
                let text = post(concat!("/fn/", $path), body, stringify!($kind) == "form").await?;
                wire::read(&text).ok_or(AppError::Offline)
            }
        )*
    };
    (@ json $($argument:ident),*) => { Object::default()$(.with(stringify!($argument), &$argument))*.end() };
    (@ form $($argument:ident),*) => { Form::default()$(.with(stringify!($argument), &$argument))*.text };
}

calls! {
    json "account/me" me() -> Me;
    json "tenant/home" tenant_home(tenant: TenantCode) -> TenantHome;
    json "usage/meter" usage_meter(tenant: TenantCode) -> UsageMeter;
    json "conversations/list"
        list_conversations(tenant: TenantCode, folder: Folder, after: Option<Cursor>) -> Page<ConversationSummary>;
    json "conversations/open"
        open_conversation(tenant: TenantCode, id: ConversationId, leaf: Option<MessageId>) -> ConversationView;
    json "conversations/earlier"
        earlier_messages(tenant: TenantCode, id: ConversationId, before: Cursor) -> ConversationView;
    form "conversations/rename" rename_conversation(tenant: TenantCode, id: ConversationId, title: Title) -> ();
    form "conversations/delete" delete_conversation(tenant: TenantCode, id: ConversationId) -> ();
    form "conversations/restore" restore_conversation(tenant: TenantCode, id: ConversationId) -> ();
    json "conversations/pin" pin_conversation(tenant: TenantCode, id: ConversationId, pinned: bool) -> ();
    json "conversations/archive"
        archive_conversations(tenant: TenantCode, ids: Vec<ConversationId>, archived: bool) -> ();
    json "conversations/delete_many" delete_conversations(tenant: TenantCode, ids: Vec<ConversationId>) -> ();
    json "conversations/search"
        search_conversations(tenant: TenantCode, query: String, after: Option<Cursor>) -> Page<SearchHit>;
    json "conversations/fork"
        fork_conversation(tenant: TenantCode, id: ConversationId, message: MessageId) -> ConversationId;
    json "conversations/edit_answer"
        edit_answer(tenant: TenantCode, id: ConversationId, message: MessageId, text: MessageText) -> MessageId;
    json "conversations/rate"
        rate_answer(tenant: TenantCode, id: ConversationId, message: MessageId, feedback: Option<Feedback>) -> ();
    json "text/enrich" enrich(sources: Vec<RichSource>) -> Vec<Rich>;
    json "shares/list" list_shares(tenant: TenantCode, id: ConversationId) -> Vec<ShareView>;
    json "shares/create"
        share_conversation(tenant: TenantCode, id: ConversationId, leaf: MessageId, audience: Audience) -> ShareView;
    json "shares/revoke" revoke_share(tenant: TenantCode, share: ShareId) -> ();
    json "turns/again"
        answer_again(
            tenant: TenantCode, conversation: ConversationId, again: Again, model: Option<String>, key: TurnKey
        ) -> TurnStarted;
    form "turns/stop" stop_turn(tenant: TenantCode, turn: TurnId) -> ();
    json "turns/decide"
        decide_tool_call(tenant: TenantCode, turn: TurnId, call_id: String, decision: Decision) -> ();
}

/// Sends a message: the fields of the form that works without scripts, too.
pub async fn start_turn(
    tenant: TenantCode,
    conversation: Option<ConversationId>,
    parent: Option<MessageId>,
    text: Option<MessageText>,
    attachments: Vec<AttachmentId>,
    model: Option<String>,
    key: TurnKey,
) -> Result<TurnStarted, AppError> {
    let mut form = Form::default()
        .with("tenant", &tenant)
        .with_some("conversation", conversation.as_ref())
        .with_some("parent", parent.as_ref())
        .with_some("text", text.as_ref().map(MessageText::as_str).as_ref())
        .with_some("model", model.as_ref())
        .with("key", &key);
    for (place, id) in attachments.iter().enumerate() {
        form = form.with(&format!("attachments[{place}]"), id);
    }
    let answer = post("/fn/turns/start", form.text, true).await?;
    wire::read(&answer).ok_or(AppError::Offline)
}

/// What a call will have answered; `Send` in name only, which a `Resource` asks for: the browser has one thread.
type Answered = SendWrapper<Pin<Box<dyn Future<Output = Result<String, AppError>>>>>;

/// The text of the answer, or the error it tells.
fn post(path: &'static str, body: String, is_form: bool) -> Answered {
    SendWrapper::new(Box::pin(posted(path, body, is_form)))
}

async fn posted(path: &str, body: String, is_form: bool) -> Result<String, AppError> {
    let answer = fetch(path, body, is_form).await.ok_or(AppError::Offline)?;
    let text = JsFuture::from(answer.text().map_err(|_| AppError::Offline)?).await.map_err(|_| AppError::Offline)?;
    let text = text.as_string().unwrap_or_default();
    if answer.ok() { Ok(text) } else { Err(wire::read(&text).unwrap_or(AppError::Offline)) }
}

/// `None`: there was no answer.
async fn fetch(path: &str, body: String, is_form: bool) -> Option<web_sys::Response> {
    let headers = web_sys::Headers::new().ok()?;
    let kind = if is_form { "application/x-www-form-urlencoded" } else { "application/json" };
    headers.set("content-type", kind).ok()?;
    headers.set("accept", "application/json").ok()?;
    let init = web_sys::RequestInit::new();
    init.set_method("POST");
    init.set_headers(&headers);
    init.set_signal(Some(&web_sys::AbortSignal::timeout_with_u32(TIMEOUT_MS)));
    // What the person just did must arrive even if they leave or reload at once.
    if body.len() <= KEEPALIVE_BYTES {
        let _always_settable = js_sys::Reflect::set(&init, &JsValue::from_str("keepalive"), &JsValue::TRUE);
    }
    init.set_body(&JsValue::from_str(&body));
    let answer = leptos::prelude::window().fetch_with_str_and_init(path, &init);
    JsFuture::from(answer).await.ok()?.dyn_into().ok()
}

/// Only the server makes pages; the browser reads the place from theirs.
pub fn live_place() -> Result<String, AppError> {
    Ok(String::new())
}
