//! Elements that hold no state: a tree of a fixed vocabulary, written out by the server and taken over by the browser as
//! it stands, without walking it again. What streams is patched: text that grew is appended to.
//!
//! What must hold: tag and attribute names are constants of this program (they are `&'static str`), everything else is
//! escaped; so no text can become markup.

use leptos::tachys::{
    html::attribute::{Attribute, any_attribute::AnyAttribute},
    hydration::Cursor,
    renderer::{CastFrom, Rndr, types},
    view::{Mountable, Position, PositionState, Render, RenderHtml, add_attr::AddAnyAttr},
};
use wasm_bindgen::JsCast;

const MATHML: &str = "http://www.w3.org/1998/Math/MathML";

/// A piece of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    Text(String),
    Element(Element),
}

/// An element with its attributes and what stands in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    pub tag: &'static str,
    pub attributes: Vec<(&'static str, String)>,
    pub children: Vec<Node>,
}

impl Element {
    /// An element without attributes.
    #[must_use]
    pub fn new(tag: &'static str, children: Vec<Node>) -> Self {
        Self { tag, attributes: vec![], children }
    }

    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.attributes.push((name, value.into()));
        self
    }
}

impl From<Element> for Node {
    fn from(element: Element) -> Self {
        Self::Element(element)
    }
}

/// The server's side: HTML as the parser of a browser reads it back.
pub(super) fn write_html(element: &Element, html: &mut String) {
    html.push('<');
    html.push_str(element.tag);
    for (name, value) in &element.attributes {
        html.push(' ');
        html.push_str(name);
        if !value.is_empty() {
            html.push_str("=\"");
            escape(value, html);
            html.push('"');
        }
    }
    html.push('>');
    if matches!(element.tag, "br" | "hr" | "input") {
        return;
    }
    for child in &element.children {
        match child {
            Node::Text(text) => escape(text, html),
            Node::Element(element) => write_html(element, html),
        }
    }
    html.push_str("</");
    html.push_str(element.tag);
    html.push('>');
}

fn escape(text: &str, html: &mut String) {
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            c => html.push(c),
        }
    }
}

/// The browser's side.
fn build_element(element: &Element, in_math: bool) -> web_sys::Element {
    let in_math = in_math || element.tag == "math";
    let made = Rndr::create_element(element.tag, in_math.then_some(MATHML));
    for (name, value) in &element.attributes {
        Rndr::set_attribute(&made, name, value);
    }
    for child in &element.children {
        append(&made, child, in_math);
    }
    made
}

fn append(parent: &web_sys::Element, child: &Node, in_math: bool) {
    let child: web_sys::Node = match child {
        Node::Text(text) => Rndr::create_text_node(text).into(),
        Node::Element(element) => build_element(element, in_math).into(),
    };
    let _parent_takes_children = parent.append_child(&child);
}

/// Makes what was built from `old` show `new`, which has the same tag. Every node of a tree is one node of the document.
fn patch(shown: &web_sys::Element, old: &Element, new: &Element, in_math: bool) {
    let in_math = in_math || new.tag == "math";
    if old.attributes != new.attributes {
        for (name, _) in &old.attributes {
            Rndr::remove_attribute(shown, name);
        }
        for (name, value) in &new.attributes {
            Rndr::set_attribute(shown, name, value);
        }
    }
    let mut place = shown.first_child();
    for (at, child) in new.children.iter().enumerate() {
        let Some(node) = place else {
            append(shown, child, in_math);
            continue;
        };
        place = node.next_sibling();
        let same = old.children.get(at).is_some_and(|before| patch_child(&node, before, child, in_math));
        if !same {
            let fresh: web_sys::Node = match child {
                Node::Text(text) => Rndr::create_text_node(text).into(),
                Node::Element(element) => build_element(element, in_math).into(),
            };
            let _is_child = shown.replace_child(&fresh, &node);
        }
    }
    while let Some(node) = place {
        place = node.next_sibling();
        let _is_child = shown.remove_child(&node);
    }
}

/// Whether `node` could be made to show `new`.
fn patch_child(node: &web_sys::Node, old: &Node, new: &Node, in_math: bool) -> bool {
    match (old, new) {
        (old, new) if old == new => true,
        (Node::Text(old), Node::Text(new)) => {
            let text = node.unchecked_ref::<web_sys::CharacterData>();
            match new.strip_prefix(old.as_str()) {
                Some(added) => {
                    let _within_limits = text.append_data(added);
                }
                None => text.set_data(new),
            }
            true
        }
        (Node::Element(old), Node::Element(new)) if old.tag == new.tag => {
            patch(node.unchecked_ref(), old, new, in_math);
            true
        }
        _ => false,
    }
}

/// An [`Element`] as a view.
pub struct Still {
    pub element: Element,
    /// It will be shown again with other content: the tree is kept, so that only what differs is touched.
    pub changes: bool,
}

/// What the browser keeps of a [`Still`].
pub struct StillState {
    shown: web_sys::Element,
    tree: Option<Element>,
}

impl Mountable for StillState {
    fn unmount(&mut self) {
        self.shown.unmount();
    }

    fn mount(&mut self, parent: &types::Element, marker: Option<&types::Node>) {
        self.shown.mount(parent, marker);
    }

    fn insert_before_this(&self, child: &mut dyn Mountable) -> bool {
        self.shown.insert_before_this(child)
    }

    fn elements(&self) -> Vec<types::Element> {
        vec![self.shown.clone()]
    }
}

impl Render for Still {
    type State = StillState;

    fn build(self) -> StillState {
        let shown = build_element(&self.element, false);
        StillState { shown, tree: self.changes.then_some(self.element) }
    }

    fn rebuild(self, state: &mut StillState) {
        match state.tree.take() {
            Some(old) if old.tag == self.element.tag => patch(&state.shown, &old, &self.element, false),
            _ => {
                let mut fresh = build_element(&self.element, false);
                state.shown.insert_before_this(&mut fresh);
                state.shown.unmount();
                state.shown = fresh;
            }
        }
        state.tree = self.changes.then_some(self.element);
    }
}

impl AddAnyAttr for Still {
    type Output<NewAttr: Attribute> = Self;

    /// Attributes are part of the tree; none are spread onto it.
    fn add_any_attr<NewAttr: Attribute>(self, _: NewAttr) -> Self
    where
        Self: RenderHtml,
    {
        self
    }
}

impl RenderHtml for Still {
    type AsyncOutput = Self;
    type Owned = Self;

    const MIN_LENGTH: usize = 0;

    fn dry_resolve(&mut self) {}

    async fn resolve(self) -> Self {
        self
    }

    fn to_html_with_buf(
        self,
        buf: &mut String,
        position: &mut Position,
        _escape: bool,
        _mark_branches: bool,
        _extra: Vec<AnyAttribute>,
    ) {
        write_html(&self.element, buf);
        *position = Position::NextChild;
    }

    fn hydrate<const FROM_SERVER: bool>(self, cursor: &Cursor, position: &PositionState) -> StillState {
        match position.get() {
            Position::FirstChild => cursor.child(),
            Position::Current => {}
            _ => cursor.sibling(),
        }
        position.set(Position::NextChild);
        match types::Element::cast_from(cursor.current()) {
            Some(shown) => StillState { shown, tree: None },
            // Somebody else changed the page, an extension for example: what was meant is shown nowhere, and no harm done.
            None => self.build(),
        }
    }

    fn into_owned(self) -> Self {
        self
    }
}
