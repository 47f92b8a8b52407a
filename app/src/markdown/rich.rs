//! Code and formulas with what the server worked out about them, or plain.

use super::{
    blocks::{Block, Inline},
    mathml,
    node::{Element, Node},
    store::RichStore,
    visible::{Disguise, visible},
};
use crate::model::{CodeSpans, MathMl, RichContent, RichKey, RichSource};

/// The code blocks and formulas of a whole text that the server can do something about, in order.
#[must_use]
pub fn sources(blocks: &[Block]) -> Vec<RichSource> {
    let mut found = vec![];
    blocks.iter().for_each(|block| sources_of(block, &mut found));
    found.retain(RichSource::is_worth_asking);
    found
}

pub(super) fn sources_of(block: &Block, found: &mut Vec<RichSource>) {
    match block {
        Block::Code { language, text } => {
            found.push(RichSource::Code { language: language.clone(), text: text.clone() });
        }
        Block::Heading { content, .. } | Block::Paragraph(content) | Block::Plain(content) => {
            formulas_of(content, found);
        }
        Block::Quote(content) | Block::Footnote { content, .. } => {
            content.iter().for_each(|block| sources_of(block, found));
        }
        Block::List { items, .. } => {
            items.iter().flat_map(|item| &item.content).for_each(|block| sources_of(block, found));
        }
        Block::Table(table) => {
            table.head.iter().chain(table.rows.iter().flatten()).for_each(|cell| formulas_of(cell, found));
        }
        Block::Rule => {}
    }
}

fn formulas_of(inlines: &[Inline], found: &mut Vec<RichSource>) {
    for inline in inlines {
        match inline {
            Inline::Math { tex, display } => found.push(RichSource::Math { tex: tex.clone(), display: *display }),
            Inline::Emphasis(content)
            | Inline::Strong(content)
            | Inline::Strikethrough(content)
            | Inline::Link { content, .. } => formulas_of(content, found),
            _ => {}
        }
    }
}

/// What stands in the `<code>` of a block.
pub(super) fn code_nodes(language: &str, code: &str, store: &RichStore) -> Vec<Node> {
    let known = store.peek(RichKey::of_code(language, code));
    let coloured = match known.as_deref() {
        Some(RichContent::Code(spans)) => coloured(code, spans),
        _ => None,
    };
    coloured.unwrap_or_else(|| vec![Node::Text(visible(code, Disguise::Reorder).into_owned())])
}

/// `None` when the spans are not of this text.
fn coloured(code: &str, spans: &CodeSpans) -> Option<Vec<Node>> {
    let mut nodes = vec![];
    let mut at = 0;
    for (bytes, class) in spans.iter() {
        let end = at + bytes;
        let text = Node::Text(visible(code.get(at..end)?, Disguise::Reorder).into_owned());
        nodes.push(match class.css() {
            "" => text,
            css => Element::new("span", vec![text]).with("class", css).into(),
        });
        at = end;
    }
    (at == code.len()).then_some(nodes)
}

/// A formula as MathML, or as it was written.
pub(super) fn math_node(tex: &str, display: bool, store: &RichStore, name: &'static str) -> Node {
    let known = store.peek(RichKey::of_math(tex, display));
    let drawn = match known.as_deref() {
        Some(RichContent::Math(MathMl(text))) => mathml::parse(text).map(Node::from),
        _ => None,
    };
    let formula = drawn.unwrap_or_else(|| {
        let written = Node::Text(visible(tex, Disguise::Reorder).into_owned());
        Element::new("code", vec![written]).with("class", "math").into()
    });
    if !display {
        return formula;
    }
    let scroll = Element::new("span", vec![formula]).with("class", "math-box");
    scroll.with("role", "group").with("aria-label", name).with("tabindex", "0").into()
}
