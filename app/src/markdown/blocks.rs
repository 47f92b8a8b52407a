//! What a message can say.

/// The deepest nesting that is kept; what lies deeper is shown at this depth.
pub const MAX_DEPTH: usize = 32;

/// A block of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// `level` as written, 1–6.
    Heading {
        level: u8,
        content: Vec<Inline>,
    },
    Paragraph(Vec<Inline>),
    /// Text of a tight list item: a paragraph without its margins.
    Plain(Vec<Inline>),
    Code {
        /// The first word behind the fence, e.g. `rust`; may be empty.
        language: String,
        text: String,
    },
    Quote(Vec<Block>),
    List {
        /// The first number of an ordered list; `None`: bullets.
        start: Option<u64>,
        items: Vec<ListItem>,
    },
    Table(Table),
    Footnote {
        label: String,
        /// The first of its label in the document: only that one can be jumped to.
        first: bool,
        content: Vec<Block>,
    },
    Rule,
}

/// An entry of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListItem {
    /// A task's state; `None`: no task.
    pub checked: Option<bool>,
    pub content: Vec<Block>,
}

/// A table; every row has as many cells as `columns`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    pub columns: Vec<Align>,
    pub head: Vec<Vec<Inline>>,
    pub rows: Vec<Vec<Vec<Inline>>>,
}

/// How a column is aligned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Align {
    #[default]
    Start,
    Center,
    End,
}

/// A run of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inline {
    /// Never beside another `Text`.
    Text(String),
    Code(String),
    Emphasis(Vec<Inline>),
    Strong(Vec<Inline>),
    Strikethrough(Vec<Inline>),
    Link {
        to: LinkUrl,
        content: Vec<Inline>,
    },
    Image(Image),
    /// A footnote mark with the label as written.
    FootnoteMark {
        label: String,
        /// The first of its label in the document: only that one can be jumped back to.
        first: bool,
    },
    /// LaTeX without its delimiters.
    Math {
        tex: String,
        /// On a line of its own.
        display: bool,
    },
    Break,
}

/// An image that is not loaded: where it lies and what it is said to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// `None` when the address is no web address.
    pub to: Option<LinkUrl>,
    pub alt: String,
}

/// An address a link may have: absolute `http`, `https` or `mailto`, without control characters and spaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkUrl(String);

impl LinkUrl {
    /// `None` for every other scheme, for relative addresses and for what a browser would clean up before reading
    /// (WHATWG URL: tabs and line breaks are removed, so `java\tscript:` would become a scheme).
    #[must_use]
    pub fn parse(address: &str) -> Option<Self> {
        if address.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return None;
        }
        let rest =
            ["https://", "http://", "mailto:"].iter().find_map(|scheme| strip_prefix_no_case(address, scheme))?;
        let names_a_place = rest.chars().next().is_some_and(|c| c.is_alphanumeric() || c == '[' || c == '_');
        names_a_place.then(|| Self(address.to_owned()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host without user name and port; for `mailto` the part behind the `@`.
    #[must_use]
    pub fn host(&self) -> &str {
        let rest = self.0.split_once(':').map_or("", |(_, rest)| rest).trim_start_matches('/');
        let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or("");
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        match host.strip_prefix('[').and_then(|v6| v6.split_once(']')) {
            Some((v6, _)) => v6,
            None => host.split(':').next().unwrap_or(host),
        }
    }
}

fn strip_prefix_no_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then(|| &text[prefix.len()..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_and_mail_addresses_are_links() {
        for good in ["https://a.example/x?y#z", "HTTP://a.example", "mailto:ana@example.com", "http://[::1]:80/"] {
            assert!(LinkUrl::parse(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            "java\tscript:alert(1)",
            " javascript:x",
            "data:text/html,x",
            "vbscript:x",
            "//evil.example",
            "/relative",
            "#top",
            "https:/x",
            "https://",
            "http:evil",
            "file:///etc/passwd",
            "blob:https://x",
            "https://a b",
            "https://a\nb",
            "\u{1}https://a",
            "intent://x",
            "https:///evil",
            "mailto:",
        ] {
            assert_eq!(LinkUrl::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_host_is_what_the_browser_would_ask() {
        for (address, host) in [
            ("https://a.example/x", "a.example"),
            ("https://google.example@evil.example:80/x", "evil.example"),
            ("https://evil.example\\@good.example", "evil.example"),
            ("http://[::1]:80/", "::1"),
            ("mailto:ana@example.com?subject=x", "example.com"),
        ] {
            assert_eq!(LinkUrl::parse(address).as_ref().map(LinkUrl::host), Some(host));
        }
    }
}
