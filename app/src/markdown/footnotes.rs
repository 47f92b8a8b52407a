//! Which footnotes a document has had so far, so that each target of a jump has one id only.

use std::collections::HashSet;

/// The labels met so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Footnotes {
    marks: HashSet<String>,
    notes: HashSet<String>,
}

impl Footnotes {
    /// Takes a mark; whether it is the first of its label, here and in `earlier`.
    pub(super) fn mark(&mut self, label: &str, earlier: Option<&Self>) -> bool {
        !earlier.is_some_and(|earlier| earlier.marks.contains(label)) && self.marks.insert(label.to_owned())
    }

    /// Takes a note, likewise.
    pub(super) fn note(&mut self, label: &str, earlier: Option<&Self>) -> bool {
        !earlier.is_some_and(|earlier| earlier.notes.contains(label)) && self.notes.insert(label.to_owned())
    }
}

/// A label as part of an element's id: letters and digits stay, everything else is its number.
pub(super) fn slug(label: &str) -> String {
    let mut slug = String::with_capacity(label.len());
    for c in label.chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else {
            slug.push('_');
            slug.push_str(&u32::from(c).to_string());
            slug.push('_');
        }
    }
    slug
}
