//! A shared conversation: a whole document without scripts, for people inside and outside. Messages are drawn by the same
//! Markdown, tables and charts as in the chat; what only scripts could do is not drawn.

use leptos::{html, prelude::*, reactive::owner::Owner};

use super::frame::PlainFrame;
use crate::{
    components::{ChartView, WithoutScripts, format, tools::ResultTable},
    document::head_basics,
    markdown::{self, RichStore, Showing},
    model::{
        AttachmentKind, AttachmentView, Lang, MessageAuthor, MessageStatus, MessageView, Part, Timestamp,
        ToolCallStatus, ToolCallView,
    },
    words::{shared as words, thread},
};

/// Longer texts of tools are cut, bytes.
const MAX_TOOL_TEXT: usize = 20_000;

/// What a shared conversation shows.
#[derive(Clone, Debug)]
pub struct SharedPage {
    pub frame: PlainFrame,
    pub lang: Lang,
    /// The page's own path, below which its pictures are.
    pub path: String,
    pub title: String,
    pub shared_at: Timestamp,
    pub tenant: String,
    /// The first name of who shared it; `None` for people outside.
    pub person: Option<String>,
    /// One branch, the first message first.
    pub messages: Vec<MessageView>,
}

/// The document.
#[must_use]
pub fn shared(page: SharedPage) -> String {
    // Charts and tables keep their state in an owner and find the language in it, as in the chat.
    let owner = Owner::new();
    let html = owner.with(|| {
        provide_context(page.lang);
        provide_context(WithoutScripts);
        document(page).to_html()
    });
    owner.cleanup();
    // Marks for hydration: there is none here.
    let html = html.replace("<!>", "");
    ["<!DOCTYPE html>", &html].concat()
}

fn document(page: SharedPage) -> impl IntoView {
    let lang = page.lang;
    let who = page.person.clone().unwrap_or_else(|| [words::a_member_of(lang), &page.tenant].concat());
    let by = words::shared_by(lang, &who, page.shared_at);
    let title = [&page.title, " · Steward"].concat();
    let messages: Vec<AnyView> = page
        .messages
        .into_iter()
        .enumerate()
        .map(|(place, message)| article(lang, &page.path, place, message))
        .collect();
    let referrer = html::meta().name("referrer").content("no-referrer");
    view! {
        <html lang=lang.code() class=page.frame.theme.as_str()>
            <head>
                {head_basics(page.frame.theme)}
                <meta name="robots" content="noindex, nofollow"/>
                {referrer}
                <title>{title}</title>
                <link rel="stylesheet" href=page.frame.css_href.clone()/>
            </head>
            <body class="shared">
                <header class="shared-head">
                    <p class="plain-brand">{words::brand(lang)}</p>
                    <h1 dir="auto">{page.title.clone()}</h1>
                    <p class="meta">
                        <time datetime=page.shared_at.to_string()>{by}</time>
                    </p>
                </header>
                <main class="shared-messages">{messages}</main>
                <footer class="shared-foot"><p class="meta">{words::copy_of(lang)}</p></footer>
            </body>
        </html>
    }
}

fn article(lang: Lang, path: &str, place: usize, message: MessageView) -> AnyView {
    let id = ["m-", &(place + 1).to_string()].concat();
    match message.author {
        MessageAuthor::User => asked(lang, path, id, message),
        MessageAuthor::Assistant => answered(lang, id, message),
    }
}

fn asked(lang: Lang, path: &str, id: String, message: MessageView) -> AnyView {
    let mut files = vec![];
    let mut texts = vec![];
    for part in message.parts {
        match part {
            Part::Attachment { file } => files.push(attached(path, file)),
            Part::Text { text } => texts.push(text),
            Part::Tool { .. } | Part::Reasoning { .. } => {}
        }
    }
    let text = texts.join("\n\n");
    let nothing = text.is_empty() && files.is_empty();
    let text = if nothing { words::empty(lang).to_owned() } else { text };
    let files = (!files.is_empty()).then(|| view! { <ul class="attachments">{files}</ul> });
    let bubble = (!text.is_empty()).then(|| view! { <div class="bubble" dir="auto">{text}</div> });
    view! {
        <article class="message user" id=id>
            <h2 class="visually-hidden">{words::person(lang)}</h2>
            {files}
            {bubble}
        </article>
    }
    .into_any()
}

/// A picture that this page shows, or the name of a file.
fn attached(path: &str, file: AttachmentView) -> AnyView {
    let facts = format::bytes(file.bytes);
    match file.kind {
        AttachmentKind::Image { width, height } => {
            let src = [path, "/a/", &file.id.to_string()].concat();
            view! {
                <li class="attachment picture">
                    <img src=src alt=file.name width=width.to_string() height=height.to_string() loading="lazy"/>
                </li>
            }
            .into_any()
        }
        AttachmentKind::Text | AttachmentKind::Csv | AttachmentKind::Pdf { .. } => view! {
            <li class="attachment chip">
                <span class="attachment-name">{file.name}</span>
                <span class="meta">{facts}</span>
            </li>
        }
        .into_any(),
    }
}

fn answered(lang: Lang, id: String, message: MessageView) -> AnyView {
    // Nothing is asked for later: what is not known is plain.
    let showing = Showing::new(lang, id.clone(), RichStore::new(message.rich)).arriving().without_scripts();
    let draw = |part: Part| match part {
        Part::Text { text } => {
            let blocks = markdown::blocks(&text);
            let drawn: Vec<AnyView> = blocks.iter().map(|block| markdown::block_view(block, &showing)).collect();
            view! { <div class="markdown" dir="auto">{drawn}</div> }.into_any()
        }
        Part::Tool { call } => tool(lang, call),
        Part::Reasoning { .. } | Part::Attachment { .. } => ().into_any(),
    };
    let is_empty = message.parts.is_empty();
    let parts: Vec<AnyView> = message.parts.into_iter().map(draw).collect();
    let empty = is_empty.then(|| view! { <p class="meta">{words::empty(lang)}</p> });
    let is_cut = message.status != MessageStatus::Complete;
    let ending = is_cut.then(|| view! { <p class="meta">{words::cut_short(lang)}</p> });
    let mut facts = message.model.unwrap_or_default();
    if message.edited {
        if !facts.is_empty() {
            facts.push_str(" · ");
        }
        facts.push_str(words::edited(lang));
    }
    let facts = (!facts.is_empty()).then(|| view! { <p class="meta">{facts}</p> });
    view! {
        <article class="message answer" id=id>
            <h2 class="visually-hidden">{words::assistant(lang)}</h2>
            {parts}
            {empty}
            {ending}
            {facts}
        </article>
    }
    .into_any()
}

fn tool(lang: Lang, call: ToolCallView) -> AnyView {
    let mut heading = call.title;
    if !call.summary.is_empty() {
        heading.push_str(" · ");
        heading.push_str(&call.summary);
    }
    let reason = match call.status {
        ToolCallStatus::Failed(reason) => Some((words::failed(lang), reason)),
        ToolCallStatus::Denied(reason) => Some((words::not_run(lang), reason)),
        ToolCallStatus::Done | ToolCallStatus::Running | ToolCallStatus::Waiting(_) => None,
    };
    let reason = reason.map(|(word, reason)| {
        heading.push_str(" · ");
        heading.push_str(word);
        view! { <p class="tool-reason" dir="auto">{reason}</p> }
    });
    let mut footer = thread::ran_as_whom(lang, &call.ran_as);
    if let Some(ms) = call.duration_ms {
        if !footer.is_empty() {
            footer.push_str(" · ");
        }
        footer.push_str(&format::duration(ms));
    }
    let footer = (!footer.is_empty()).then(|| view! { <p class="meta">{footer}</p> });
    let output = call.output.unwrap_or_default();
    let charts: Vec<AnyView> = output.charts.into_iter().map(|chart| view! { <ChartView chart/> }.into_any()).collect();
    let has_tables = !output.tables.is_empty();
    let tables: Vec<AnyView> =
        output.tables.into_iter().map(|table| view! { <ResultTable table/> }.into_any()).collect();
    let text = if has_tables || output.text.trim().is_empty() { String::new() } else { output.text };
    view! {
        <details class="tool">
            <summary><span class="tool-title">{heading}</span></summary>
            <div class="tool-body">
                {reason}
                {block(lang, words::input(lang), &call.arguments)}
                {tables}
                {block(lang, words::output(lang), &text)}
                {footer}
            </div>
        </details>
        {charts}
    }
    .into_any()
}

/// A text of a tool under its name, in a box of its own; nothing when it is empty.
fn block(lang: Lang, name: &'static str, text: &str) -> Option<AnyView> {
    if text.trim().is_empty() {
        return None;
    }
    let end = text.floor_char_boundary(MAX_TOOL_TEXT);
    let shown = text.get(..end).unwrap_or_default().to_owned();
    let is_cut = end < text.len();
    let cut = is_cut.then(|| view! { <p class="meta">{words::omitted(lang)}</p> });
    Some(view! { <p class="meta">{name}</p><pre class="tool-text" dir="auto">{shown}</pre>{cut} }.into_any())
}
