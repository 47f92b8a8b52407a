//! What the server works out about a message's text so that the browser need not: colours of code, formulas as MathML.
//! Typed, so that neither is ever an HTML string.

use serde::{Deserialize, Serialize};

/// One code block or formula, found again by its [`RichKey`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rich {
    pub key: RichKey,
    pub content: RichContent,
}

/// A hash of kind, language and source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RichKey(pub u64);

/// What to work out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RichSource {
    Code {
        language: String,
        text: String,
    },
    /// LaTeX without its delimiters.
    Math {
        tex: String,
        display: bool,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RichContent {
    /// Spans that cover the text, in order: lengths in bytes of UTF-8.
    Code(Vec<CodeSpan>),
    Math(MathNode),
}

/// A run of code of one colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeSpan {
    pub bytes: u32,
    pub class: CodeClass,
}

/// What a run of code is, for its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CodeClass {
    Plain,
    Comment,
    Keyword,
    Type,
    Function,
    String,
    Number,
    Constant,
    Operator,
    Tag,
    Attribute,
    Inserted,
    Deleted,
}

/// An element of MathML Core or the text of one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MathNode {
    Text(String),
    Element {
        /// One of a fixed list of MathML Core elements.
        tag: String,
        /// From a fixed list of presentational attributes.
        attributes: Vec<(String, String)>,
        children: Vec<MathNode>,
    },
}
