//! [`Block`]s → view nodes. The same nodes on server and browser; the copy button does nothing until hydrated.

use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::blocks::{Align, Block, Image, Inline, LinkUrl, ListItem, Table};

/// A whole text as nodes, to stand inside an element of class `markdown`.
pub fn view(source: &str) -> impl IntoView + use<> {
    block_views(&super::blocks(source))
}

/// One block as a node.
#[must_use]
pub fn block_view(block: &Block) -> AnyView {
    match block {
        Block::Heading { level, content } => heading_view(*level, inline_views(content, false)),
        Block::Paragraph(content) => view! { <p>{inline_views(content, false)}</p> }.into_any(),
        Block::Plain(content) => inline_views(content, false).into_any(),
        Block::Code { language, text } => code_view(language, text),
        Block::Quote(content) => view! { <blockquote>{block_views(content)}</blockquote> }.into_any(),
        Block::List { start: None, items } => view! { <ul>{item_views(items)}</ul> }.into_any(),
        Block::List { start: Some(1), items } => view! { <ol>{item_views(items)}</ol> }.into_any(),
        Block::List { start: Some(first), items } => {
            view! { <ol start=first.to_string()>{item_views(items)}</ol> }.into_any()
        }
        Block::Table(table) => table_view(table),
        Block::Footnote { label, content } => {
            view! { <div class="footnote"><sup>{footnote_mark(label)}</sup><div>{block_views(content)}</div></div> }
                .into_any()
        }
        Block::Rule => view! { <hr/> }.into_any(),
    }
}

fn block_views(blocks: &[Block]) -> Vec<AnyView> {
    blocks.iter().map(block_view).collect()
}

/// Headings of a message stand below those of the page (h1 the conversation, h2 the message).
fn heading_view(level: u8, content: Vec<AnyView>) -> AnyView {
    match level {
        1 => view! { <h3>{content}</h3> }.into_any(),
        2 => view! { <h4>{content}</h4> }.into_any(),
        3 => view! { <h5>{content}</h5> }.into_any(),
        _ => view! { <h6>{content}</h6> }.into_any(),
    }
}

fn item_views(items: &[ListItem]) -> Vec<AnyView> {
    items
        .iter()
        .map(|item| {
            let content = block_views(&item.content);
            let Some(is_done) = item.checked else { return view! { <li>{content}</li> }.into_any() };
            let label = if is_done { "Done" } else { "Not done" };
            view! {
                <li class="task">
                    <input type="checkbox" disabled=true checked=is_done aria-label=label/>
                    <div>{content}</div>
                </li>
            }
            .into_any()
        })
        .collect()
}

fn code_view(language: &str, text: &str) -> AnyView {
    let label = if language.is_empty() { "text" } else { language }.to_owned();
    view! {
        <div class="code">
            <div class="code-bar">
                <span>{label}</span>
                <button type="button" class="code-copy" on:click=copy_code>"Copy"</button>
            </div>
            <pre tabindex="0">
                <code>{text.to_owned()}</code>
            </pre>
        </div>
    }
    .into_any()
}

/// Puts the code beside the pressed button on the clipboard and says so on the button for two seconds.
fn copy_code(event: leptos::ev::MouseEvent) {
    let Some(button) = event.current_target().and_then(|target| target.dyn_into::<web_sys::Element>().ok()) else {
        return;
    };
    let code = button.closest(".code").ok().flatten().and_then(|frame| frame.query_selector("code").ok().flatten());
    let text = code.and_then(|code| code.text_content()).unwrap_or_default();
    let copying = window().navigator().clipboard().write_text(&text);
    leptos::task::spawn_local(async move {
        let outcome = wasm_bindgen_futures::JsFuture::from(copying).await;
        button.set_text_content(Some(if outcome.is_ok() { "Copied" } else { "Not copied" }));
        set_timeout(move || button.set_text_content(Some("Copy")), std::time::Duration::from_secs(2));
    });
}

fn table_view(table: &Table) -> AnyView {
    let align = |column: usize| table.columns.get(column).copied().unwrap_or_default();
    let cell_views = |cells: &[Vec<Inline>], is_head: bool| {
        let cells = cells.iter().enumerate();
        cells.map(|(column, cell)| cell_view(is_head, align(column), inline_views(cell, false))).collect::<Vec<_>>()
    };
    let head = cell_views(&table.head, true);
    let row = |cells: &Vec<Vec<Inline>>| view! { <tr>{cell_views(cells, false)}</tr> }.into_any();
    let rows = table.rows.iter().map(row).collect::<Vec<_>>();
    view! {
        <div class="table-scroll" role="group" aria-label="Table" tabindex="0">
            <table class="table">
                <thead>
                    <tr>{head}</tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn cell_view(is_head: bool, align: Align, content: Vec<AnyView>) -> AnyView {
    let class = match align {
        Align::Start => "",
        Align::Center => "center",
        Align::End => "number",
    };
    match (is_head, class) {
        (true, "") => view! { <th scope="col">{content}</th> }.into_any(),
        (true, class) => view! { <th scope="col" class=class>{content}</th> }.into_any(),
        (false, "") => view! { <td>{content}</td> }.into_any(),
        (false, class) => view! { <td class=class>{content}</td> }.into_any(),
    }
}

/// `in_link`: inside a link nothing may be a link of its own.
fn inline_views(inlines: &[Inline], in_link: bool) -> Vec<AnyView> {
    inlines.iter().map(|inline| inline_view(inline, in_link)).collect()
}

fn inline_view(inline: &Inline, in_link: bool) -> AnyView {
    match inline {
        Inline::Text(text) => text.clone().into_any(),
        Inline::Code(code) => view! { <code>{code.clone()}</code> }.into_any(),
        Inline::Emphasis(content) => view! { <em>{inline_views(content, in_link)}</em> }.into_any(),
        Inline::Strong(content) => view! { <strong>{inline_views(content, in_link)}</strong> }.into_any(),
        Inline::Strikethrough(content) => view! { <del>{inline_views(content, in_link)}</del> }.into_any(),
        Inline::Link { content, .. } if in_link => view! { <span>{inline_views(content, true)}</span> }.into_any(),
        Inline::Link { to, content } => link_view(to, inline_views(content, true)),
        Inline::Image(image) => image_view(image, in_link),
        Inline::FootnoteMark(label) => view! { <sup>{footnote_mark(label)}</sup> }.into_any(),
        Inline::Break => view! { <br/> }.into_any(),
    }
}

fn footnote_mark(label: &str) -> String {
    format!("[{label}]")
}

fn link_view(to: &LinkUrl, content: Vec<AnyView>) -> AnyView {
    view! {
        <a href=to.as_str().to_owned() target="_blank" rel="noopener noreferrer nofollow">
            {content}
        </a>
    }
    .into_any()
}

/// An image is named, never fetched: loading it would tell its server who reads what.
fn image_view(image: &Image, in_link: bool) -> AnyView {
    let host = image.to.as_ref().map_or("embedded", LinkUrl::host);
    let name = if image.alt.trim().is_empty() { "no description" } else { image.alt.trim() };
    let label = format!("Image: {name} ({host})");
    match &image.to {
        Some(to) if !in_link => view! {
            <a class="chip" href=to.as_str().to_owned() target="_blank" rel="noopener noreferrer nofollow">
                {label}
            </a>
        }
        .into_any(),
        _ => view! { <span class="chip">{label}</span> }.into_any(),
    }
}
