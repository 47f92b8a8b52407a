//! [`Block`]s → [`Node`]s. The same on server and browser; buttons are told apart by `data-act` and heard by one listener
//! (see `actions`).

use leptos::prelude::*;

use super::{
    blocks::{Align, Block, Image, Inline, LinkUrl, ListItem, Table},
    footnotes::slug,
    node::{Element, Node, Still},
    rich,
    store::RichStore,
    visible::{Disguise, visible},
};
use crate::{
    model::Lang,
    words::{common, markdown as words},
};

/// Rows of a table that are shown at once.
pub const SHOWN_ROWS: usize = 200;

/// What the blocks of one message have in common.
#[derive(Clone)]
pub struct Showing {
    pub lang: Lang,
    /// The id of the message's element; ids inside begin with it.
    pub id: String,
    pub rich: RichStore,
    /// The blocks will not change any more. Of what is still arriving nothing is asked.
    pub settled: bool,
    /// Buttons do something; where they never will, they are not drawn.
    pub has_scripts: bool,
}

impl Showing {
    /// For blocks that stand fast.
    #[must_use]
    pub fn new(lang: Lang, id: String, rich: RichStore) -> Self {
        Self { lang, id, rich, settled: true, has_scripts: true }
    }

    /// For a document that never gets scripts.
    #[must_use]
    pub fn without_scripts(self) -> Self {
        Self { has_scripts: false, ..self }
    }

    /// For the blocks that are still arriving.
    #[must_use]
    pub fn arriving(&self) -> Self {
        Self { settled: false, ..self.clone() }
    }
}

/// A whole text as nodes, to stand inside an element of class `markdown`.
pub fn view(source: &str, showing: &Showing) -> impl IntoView + use<> {
    super::blocks(source).iter().map(|block| block_view(block, showing)).collect::<Vec<_>>()
}

/// One block as a node. Most are still; one with code or formulas that the server has not looked at yet is drawn again
/// when it has, one with a long table when all of it is wanted.
#[must_use]
pub fn block_view(block: &Block, showing: &Showing) -> AnyView {
    if !showing.settled {
        return Still { element: block_element(block, showing, false), changes: true }.into_any();
    }
    let mut sources = vec![];
    rich::sources_of(block, &mut sources);
    sources.retain(|source| source.is_worth_asking() && showing.rich.peek(source.key()).is_none());
    let is_long = has_long_table(block);
    if sources.is_empty() && !is_long {
        return Still { element: block_element(block, showing, false), changes: false }.into_any();
    }
    if !sources.is_empty() {
        let store = showing.rich.clone();
        Effect::new(move |_| store.ask(std::mem::take(&mut sources)));
    }
    let all_rows = RwSignal::new(false);
    let (block, showing) = (block.clone(), showing.clone());
    let still = move || {
        showing.rich.track();
        Still { element: block_element(&block, &showing, all_rows.get()), changes: true }
    };
    if !is_long {
        return still.into_any();
    }
    let on_click = move |event: leptos::ev::MouseEvent| {
        if super::actions::pressed(&event).is_some_and(|(_, act)| act == "all-rows") {
            all_rows.set(true);
        }
    };
    view! { <div on:click=on_click>{still}</div> }.into_any()
}

fn has_long_table(block: &Block) -> bool {
    match block {
        Block::Table(table) => table.rows.len() > SHOWN_ROWS,
        Block::Quote(content) | Block::Footnote { content, .. } => content.iter().any(has_long_table),
        Block::List { items, .. } => items.iter().any(|item| item.content.iter().any(has_long_table)),
        _ => false,
    }
}

fn block_element(block: &Block, showing: &Showing, all_rows: bool) -> Element {
    Draw { showing, all_rows }.block(block)
}

/// An element with one attribute, and the short form of one without.
fn element(tag: &'static str, class: &'static str, children: Vec<Node>) -> Element {
    let element = Element::new(tag, children);
    if class.is_empty() { element } else { element.with("class", class) }
}

fn text(text: impl Into<String>) -> Node {
    Node::Text(text.into())
}

/// The bar's buttons are there for scripts only.
pub(super) fn button(act: &'static str, label: &'static str, name: &'static str) -> Node {
    element("button", "", vec![text(label)])
        .with("type", "button")
        .with("data-act", act)
        .with("aria-label", name)
        .into()
}

/// "Copy" and "CSV" for the table that stands in the same `table-frame`.
pub(super) fn table_bar(lang: Lang) -> Element {
    let buttons = vec![
        button("copy-table", common::copy(lang), words::copy_table(lang)),
        button("csv", words::csv(lang), words::download_csv(lang)),
    ];
    element("div", "table-bar needs-script", buttons)
}

struct Draw<'a> {
    showing: &'a Showing,
    all_rows: bool,
}

impl Draw<'_> {
    fn blocks(&self, blocks: &[Block]) -> Vec<Node> {
        let draw = |block: &Block| match block {
            Block::Plain(content) => self.inlines(content, false),
            other => vec![self.block(other).into()],
        };
        blocks.iter().flat_map(draw).collect()
    }

    fn block(&self, block: &Block) -> Element {
        let lang = self.showing.lang;
        match block {
            Block::Heading { level, content } => self.own_direction(heading(*level), content),
            Block::Paragraph(content) => self.own_direction("p", content),
            Block::Plain(content) => self.own_direction("span", content),
            Block::Code { language, text } => self.code(language, text),
            Block::Quote(content) => element("blockquote", "", self.blocks(content)).with("dir", "auto"),
            Block::List { start, items } => {
                let items = items.iter().map(|item| self.item(item).into()).collect();
                match start {
                    None => element("ul", "", items),
                    Some(1) => element("ol", "", items),
                    Some(first) => element("ol", "", items).with("start", first.to_string()),
                }
            }
            Block::Table(table) => self.table(table),
            Block::Footnote { label, first, content } => {
                let back = vec![text("↩")];
                let mut children = self.blocks(content);
                let mut mark = element("sup", "", vec![text(mark_text(label))]);
                if *first {
                    mark = mark.with("id", self.footnote_id(label, "fn"));
                    let to = ["#", &self.footnote_id(label, "fnref")].concat();
                    let back = element("a", "footnote-back", back)
                        .with("href", to)
                        .with("aria-label", words::back_to_text(lang));
                    children.push(back.into());
                }
                element("div", "footnote", vec![mark.into(), element("div", "", children).into()])
            }
            Block::Rule => element("hr", "", vec![]),
        }
    }

    /// A run of text reads in the direction of its first letter and cannot change that of what stands around it.
    fn own_direction(&self, tag: &'static str, content: &[Inline]) -> Element {
        element(tag, "", self.inlines(content, false)).with("dir", "auto")
    }

    fn item(&self, item: &ListItem) -> Element {
        let content = self.blocks(&item.content);
        let Some(is_done) = item.checked else { return element("li", "", content).with("dir", "auto") };
        let lang = self.showing.lang;
        let label = if is_done { words::done(lang) } else { words::not_done(lang) };
        let mut state = element("input", "", vec![]).with("type", "checkbox").with("disabled", "");
        if is_done {
            state = state.with("checked", "");
        }
        let state = state.with("aria-label", label);
        element("li", "task", vec![state.into(), element("div", "", content).with("dir", "auto").into()])
    }

    fn code(&self, language: &str, code: &str) -> Element {
        let lang = self.showing.lang;
        let label = if language.is_empty() { words::text(lang) } else { language };
        let buttons = vec![
            button("wrap", words::wrap(lang), words::wrap_lines(lang)),
            button("copy-code", common::copy(lang), words::copy_code(lang)),
        ];
        let bar = vec![
            element("span", "", vec![text(visible(label, Disguise::Unseen))]).into(),
            element("span", "code-actions needs-script", if self.showing.has_scripts { buttons } else { vec![] })
                .into(),
        ];
        let content = rich::code_nodes(language, code, &self.showing.rich);
        // The region is reached by keyboard to scroll it, so it needs a name.
        let pre = element("pre", "", vec![element("code", "", content).into()])
            .with("dir", "ltr")
            .with("role", "group")
            .with("aria-label", words::code(lang))
            .with("tabindex", "0");
        element("div", "code", vec![element("div", "code-bar", bar).into(), pre.into()])
    }

    fn table(&self, table: &Table) -> Element {
        let lang = self.showing.lang;
        let align = |column: usize| table.columns.get(column).copied().unwrap_or_default();
        let cells = |cells: &[Vec<Inline>], is_head: bool| -> Vec<Node> {
            let cells = cells.iter().enumerate();
            cells.map(|(column, cell)| self.cell(is_head, align(column), cell).into()).collect()
        };
        let has_scripts = self.showing.has_scripts;
        let shown = if self.all_rows || !has_scripts { table.rows.len() } else { table.rows.len().min(SHOWN_ROWS) };
        let rows = table.rows.iter().take(shown).map(|row| element("tr", "", cells(row, false)).into()).collect();
        let head = element("thead", "", vec![element("tr", "", cells(&table.head, true)).into()]);
        let grid = element("table", "table", vec![head.into(), element("tbody", "", rows).into()]);
        let scroll = element("div", "table-scroll", vec![grid.into()])
            .with("role", "group")
            .with("aria-label", words::table(lang))
            .with("tabindex", "0");
        let mut frame: Vec<Node> = has_scripts.then(|| table_bar(lang).into()).into_iter().collect();
        frame.push(scroll.into());
        if shown < table.rows.len() {
            let label = words::show_all_rows(lang, table.rows.len());
            let more = element("button", "button table-more needs-script", vec![text(label)]);
            frame.push(more.with("type", "button").with("data-act", "all-rows").into());
        }
        element("div", "table-frame", frame)
    }

    fn cell(&self, is_head: bool, align: Align, content: &[Inline]) -> Element {
        let class = match align {
            Align::Start => "",
            Align::Center => "center",
            Align::End => "number",
        };
        let content = self.inlines(content, false);
        let cell =
            if is_head { element("th", class, content).with("scope", "col") } else { element("td", class, content) };
        cell.with("dir", "auto")
    }

    /// `in_link`: inside a link nothing may be a link of its own.
    fn inlines(&self, inlines: &[Inline], in_link: bool) -> Vec<Node> {
        inlines.iter().map(|inline| self.inline(inline, in_link)).collect()
    }

    fn inline(&self, inline: &Inline, in_link: bool) -> Node {
        let disguise = if in_link { Disguise::Unseen } else { Disguise::Reorder };
        let run = |tag: &'static str, content: &[Inline]| element(tag, "", self.inlines(content, in_link)).into();
        match inline {
            Inline::Text(run) => text(visible(run, disguise)),
            Inline::Code(code) => element("code", "", vec![text(visible(code, disguise))]).into(),
            Inline::Emphasis(content) => run("em", content),
            Inline::Strong(content) => run("strong", content),
            Inline::Strikethrough(content) => run("del", content),
            Inline::Link { content, .. } if in_link => run("span", content),
            Inline::Link { to, content } => link(to, "", self.inlines(content, true)).into(),
            Inline::Image(image) => self.image(image, in_link).into(),
            Inline::FootnoteMark { label, first } => self.footnote_mark(label, *first, in_link).into(),
            Inline::Math { tex, display } => {
                rich::math_node(tex, *display, &self.showing.rich, words::formula(self.showing.lang))
            }
            Inline::Break => element("br", "", vec![]).into(),
        }
    }

    fn footnote_mark(&self, label: &str, first: bool, in_link: bool) -> Element {
        let mut content = vec![text(mark_text(label))];
        if !in_link {
            let to = ["#", &self.footnote_id(label, "fn")].concat();
            let name = [words::footnote(self.showing.lang), " ", &visible(label, Disguise::Unseen)].concat();
            content = vec![element("a", "", content).with("href", to).with("aria-label", name).into()];
        }
        let mark = element("sup", "", content);
        if first { mark.with("id", self.footnote_id(label, "fnref")) } else { mark }
    }

    fn footnote_id(&self, label: &str, kind: &str) -> String {
        [&self.showing.id, "-", kind, "-", &slug(label)].concat()
    }

    /// An image is named, never fetched: loading it would tell its server who reads what. The link opens it elsewhere.
    fn image(&self, image: &Image, in_link: bool) -> Element {
        let lang = self.showing.lang;
        let alt = image.alt.trim();
        let alt = if alt.is_empty() { words::no_description(lang).into() } else { visible(alt, Disguise::Unseen) };
        let host = image.to.as_ref().map_or(words::embedded(lang), LinkUrl::host);
        let host = visible(host, Disguise::Unseen);
        let name = |rest: &str| [words::image(lang), ": ", &alt, rest].concat();
        match &image.to {
            Some(to) if !in_link => {
                let load = link(to, "", vec![text(words::load_image(lang, &host))]);
                element("span", "chip", vec![text(name(" ")), load.into()])
            }
            _ => element("span", "chip", vec![text(name(&[" (", &host, ")"].concat()))]),
        }
    }
}

/// Headings of a message stand below those of the page (h1 the conversation, h2 the message). Models begin with the first
/// level or with the second: neither may leave one out.
fn heading(level: u8) -> &'static str {
    match level {
        1 | 2 => "h3",
        3 => "h4",
        4 => "h5",
        _ => "h6",
    }
}

fn mark_text(label: &str) -> String {
    ["[", &visible(label, Disguise::Unseen), "]"].concat()
}

fn link(to: &LinkUrl, class: &'static str, content: Vec<Node>) -> Element {
    element("a", class, content)
        .with("href", to.as_str())
        .with("target", "_blank")
        .with("rel", "noopener noreferrer nofollow")
}
