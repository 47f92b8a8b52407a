//! pulldown-cmark's events → the tree of [`Block`]s and [`Inline`]s, with a stack of its own, so that no input can exhaust
//! the real one.

use std::ops::Range;

use pulldown_cmark::{Alignment, CodeBlockKind, Event, LinkType, Tag, TagEnd};

use super::{
    blocks::{Align, Block, Image, Inline, LinkUrl, ListItem, MAX_DEPTH, Table},
    footnotes::Footnotes,
    inline::{link_bare_addresses, plain_text, push_text},
    math::{Formula, Masked},
};

/// Containers (quotes, lists, tables, footnotes) nest at most this deep, so that the fixed structure inside a table and
/// some emphasis still fit under [`MAX_DEPTH`].
const MAX_CONTAINER_DEPTH: usize = MAX_DEPTH - 8;

/// What is open at one level.
enum Kind {
    Root,
    Quote,
    List { start: Option<u64>, items: Vec<ListItem> },
    Item { checked: Option<bool> },
    Footnote { label: String, first: bool },
    Table(Table),
    Row { is_head: bool, cells: Vec<Vec<Inline>> },
    Cell,
    Paragraph,
    Heading { level: u8 },
    Emphasis,
    Strong,
    Strikethrough,
    Link { address: String },
    Image { address: String },
}

struct Frame {
    kind: Kind,
    blocks: Vec<Block>,
    inlines: Vec<Inline>,
}

/// Takes the events of one piece, gives its blocks.
pub(super) struct Builder<'a> {
    source: &'a Masked<'a>,
    footnotes: &'a mut Footnotes,
    /// The footnotes of what lies above, when `footnotes` holds only this piece's.
    earlier: Option<&'a Footnotes>,
    stack: Vec<Frame>,
    /// The code block being read; it holds only text.
    code: Option<(String, String)>,
    /// Open elements that were too deep to become frames; while there are any, everything inside is, too.
    flattened: usize,
    open_links: usize,
}

impl<'a> Builder<'a> {
    pub(super) fn new(source: &'a Masked<'a>, footnotes: &'a mut Footnotes, earlier: Option<&'a Footnotes>) -> Self {
        let root = Frame { kind: Kind::Root, blocks: Vec::new(), inlines: Vec::new() };
        Self { source, footnotes, earlier, stack: vec![root], code: None, flattened: 0, open_links: 0 }
    }

    pub(super) fn finish(mut self) -> Vec<Block> {
        while self.stack.len() > 1 {
            self.close();
        }
        self.flush_inlines();
        self.stack.pop().map(|root| root.blocks).unwrap_or_default()
    }

    /// `range`: where the event stands in the source.
    pub(super) fn take(&mut self, event: Event<'_>, range: Range<usize>) {
        let source = self.source;
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) | Event::Html(text) => {
                let is_code = self.code.is_some();
                self.text(&source.text(&text, range, is_code));
            }
            Event::InlineHtml(html) if is_line_break(&html) => self.inline(Inline::Break),
            Event::InlineHtml(html) => self.text(&source.text(&html, range, true)),
            Event::Code(code) => self.inline(Inline::Code(source.code(&code, range).into_owned())),
            Event::InlineMath(tex) => self.formula(source.dollar_formula(&tex, range)),
            Event::DisplayMath(tex) => self.formula(source.display_formula(&tex, range)),
            Event::FootnoteReference(label) => {
                let first = self.footnotes.mark(&label, self.earlier);
                self.inline(Inline::FootnoteMark { label: label.to_string(), first });
            }
            Event::SoftBreak => self.text("\n"),
            Event::HardBreak => self.inline(Inline::Break),
            Event::Rule => self.block(Block::Rule),
            Event::TaskListMarker(is_checked) => self.mark_task(is_checked),
        }
    }

    fn top(&mut self) -> Option<&mut Frame> {
        self.stack.last_mut()
    }

    fn text(&mut self, text: &str) {
        if let Some((_, code)) = &mut self.code {
            code.push_str(text);
        } else if let Some(frame) = self.top() {
            push_text(&mut frame.inlines, text);
        }
    }

    fn formula(&mut self, formula: Formula<'_>) {
        match formula {
            Formula::Math { tex, display } => self.inline(Inline::Math { tex: tex.to_owned(), display }),
            Formula::Text(text) => self.text(text),
        }
    }

    fn inline(&mut self, inline: Inline) {
        if let Some(frame) = self.top() {
            frame.inlines.push(inline);
        }
    }

    fn block(&mut self, block: Block) {
        self.flush_inlines();
        if let Some(frame) = self.top() {
            frame.blocks.push(block);
        }
    }

    fn mark_task(&mut self, is_checked: bool) {
        if self.flattened > 0 {
            return self.text(if is_checked { "[x] " } else { "[ ] " });
        }
        for frame in self.stack.iter_mut().rev() {
            if let Kind::Item { checked } = &mut frame.kind {
                *checked = Some(is_checked);
                return;
            }
        }
    }

    /// Loose inline content of a container becomes a block of its own: the text of a tight list item, or flattened text.
    fn flush_inlines(&mut self) {
        let Some(frame) = self.top() else { return };
        let is_leaf = !matches!(frame.kind, Kind::Root | Kind::Quote | Kind::Item { .. } | Kind::Footnote { .. });
        if is_leaf || frame.inlines.is_empty() {
            return;
        }
        let content = link_bare_addresses(std::mem::take(&mut frame.inlines));
        let is_item = matches!(frame.kind, Kind::Item { .. });
        frame.blocks.push(if is_item { Block::Plain(content) } else { Block::Paragraph(content) });
    }

    fn start(&mut self, tag: Tag<'_>) {
        if let Tag::CodeBlock(kind) = &tag {
            let language = match kind {
                CodeBlockKind::Fenced(info) => info.split_whitespace().next().unwrap_or("").chars().take(32).collect(),
                CodeBlockKind::Indented => String::new(),
            };
            self.code = Some((language, String::new()));
            return;
        }
        if self.flattened > 0 || !self.fits(&tag) {
            self.flattened += 1;
            return;
        }
        let kind = match tag {
            Tag::Paragraph | Tag::HtmlBlock => Kind::Paragraph,
            Tag::Heading { level, .. } => Kind::Heading { level: level as u8 },
            Tag::BlockQuote(_) => Kind::Quote,
            Tag::List(start) => Kind::List { start, items: Vec::new() },
            Tag::Item => Kind::Item { checked: None },
            Tag::FootnoteDefinition(label) => {
                let first = self.footnotes.note(&label, self.earlier);
                Kind::Footnote { label: label.to_string(), first }
            }
            Tag::Table(columns) => {
                Kind::Table(Table { columns: columns.into_iter().map(align).collect(), ..Table::default() })
            }
            Tag::TableHead => Kind::Row { is_head: true, cells: Vec::new() },
            Tag::TableRow => Kind::Row { is_head: false, cells: Vec::new() },
            Tag::TableCell => Kind::Cell,
            Tag::Emphasis => Kind::Emphasis,
            Tag::Strong => Kind::Strong,
            Tag::Strikethrough => Kind::Strikethrough,
            Tag::Link { link_type: LinkType::Email, dest_url, .. } => {
                Kind::Link { address: format!("mailto:{dest_url}") }
            }
            Tag::Link { dest_url, .. } => Kind::Link { address: dest_url.to_string() },
            Tag::Image { dest_url, .. } => Kind::Image { address: dest_url.to_string() },
            // Not switched on in `options`.
            _ => {
                self.flattened += 1;
                return;
            }
        };
        if matches!(kind, Kind::Link { .. }) {
            self.open_links += 1;
        }
        if !is_inline(&kind) {
            self.flush_inlines();
        }
        self.stack.push(Frame { kind, blocks: Vec::new(), inlines: Vec::new() });
    }

    fn fits(&self, tag: &Tag<'_>) -> bool {
        match tag {
            Tag::BlockQuote(_) | Tag::List(_) | Tag::FootnoteDefinition(_) | Tag::Table(_) => {
                self.stack.len() < MAX_CONTAINER_DEPTH
            }
            Tag::Emphasis | Tag::Strong | Tag::Strikethrough | Tag::Link { .. } | Tag::Image { .. } => {
                self.stack.len() < MAX_DEPTH
            }
            // The fixed parts of a container that did fit, and leaves.
            _ => true,
        }
    }

    fn end(&mut self, tag: TagEnd) {
        if matches!(tag, TagEnd::CodeBlock) {
            if let Some((language, mut text)) = self.code.take() {
                if text.ends_with('\n') {
                    text.pop();
                }
                self.block(Block::Code { language, text });
            }
            return;
        }
        if self.flattened == 0 {
            return self.close();
        }
        self.flattened -= 1;
        match tag {
            TagEnd::Paragraph
            | TagEnd::Heading(_)
            | TagEnd::HtmlBlock
            | TagEnd::Item
            | TagEnd::TableRow
            | TagEnd::TableHead => {
                self.flush_inlines();
            }
            TagEnd::TableCell => self.text(" "),
            _ => {}
        }
    }

    /// Closes the innermost frame and hands its content to the one around it.
    fn close(&mut self) {
        if self.stack.len() < 2 {
            return;
        }
        self.flush_inlines();
        let Some(Frame { kind, blocks, mut inlines }) = self.stack.pop() else { return };
        if matches!(kind, Kind::Link { .. }) {
            self.open_links -= 1;
        } else if self.open_links == 0 && !matches!(kind, Kind::Image { .. }) {
            inlines = link_bare_addresses(inlines);
        }
        let Some(parent) = self.stack.last_mut() else { return };
        match kind {
            Kind::Root => {}
            Kind::Quote => parent.blocks.push(Block::Quote(blocks)),
            Kind::List { start, items } => parent.blocks.push(Block::List { start, items }),
            Kind::Footnote { label, first } => parent.blocks.push(Block::Footnote { label, first, content: blocks }),
            Kind::Table(table) => parent.blocks.push(Block::Table(table)),
            Kind::Item { checked } => {
                if let Kind::List { items, .. } = &mut parent.kind {
                    items.push(ListItem { checked, content: blocks });
                }
            }
            Kind::Row { is_head, cells } => {
                if let Kind::Table(table) = &mut parent.kind {
                    if is_head { table.head = cells } else { table.rows.push(cells) }
                }
            }
            Kind::Cell => {
                if let Kind::Row { cells, .. } = &mut parent.kind {
                    cells.push(inlines);
                }
            }
            Kind::Paragraph => parent.blocks.push(Block::Paragraph(trim_end(inlines))),
            Kind::Heading { level } => parent.blocks.push(Block::Heading { level, content: inlines }),
            Kind::Emphasis => parent.inlines.push(Inline::Emphasis(inlines)),
            Kind::Strong => parent.inlines.push(Inline::Strong(inlines)),
            Kind::Strikethrough => parent.inlines.push(Inline::Strikethrough(inlines)),
            Kind::Link { address } => close_link(&mut parent.inlines, &address, inlines),
            Kind::Image { address } => {
                parent.inlines.push(Inline::Image(Image { to: LinkUrl::parse(&address), alt: plain_text(&inlines) }));
            }
        }
    }
}

/// A link with an address nobody may follow is its label.
fn close_link(parent: &mut Vec<Inline>, address: &str, mut content: Vec<Inline>) {
    let Some(to) = LinkUrl::parse(address) else {
        for inline in content {
            match inline {
                Inline::Text(text) => push_text(parent, &text),
                other => parent.push(other),
            }
        }
        return;
    };
    if content.is_empty() {
        content.push(Inline::Text(to.as_str().to_owned()));
    }
    parent.push(Inline::Link { to, content });
}

/// HTML blocks end with a line break that is not part of what they say.
fn trim_end(mut inlines: Vec<Inline>) -> Vec<Inline> {
    if let Some(Inline::Text(text)) = inlines.last_mut() {
        text.truncate(text.trim_end_matches('\n').len());
    }
    inlines
}

fn is_inline(kind: &Kind) -> bool {
    matches!(kind, Kind::Emphasis | Kind::Strong | Kind::Strikethrough | Kind::Link { .. } | Kind::Image { .. })
}

/// `<br>` is the one tag that is understood: models use it for lines inside table cells.
fn is_line_break(html: &str) -> bool {
    let inside = html.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).unwrap_or("");
    inside.trim_end_matches('/').trim_end().eq_ignore_ascii_case("br")
}

fn align(alignment: Alignment) -> Align {
    match alignment {
        Alignment::None | Alignment::Left => Align::Start,
        Alignment::Center => Align::Center,
        Alignment::Right => Align::End,
    }
}
