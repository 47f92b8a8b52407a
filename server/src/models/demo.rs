//! (being written)

/// Begins the system prompt of a request for a title.
pub const TITLE_MARKER: &str = "[[title]]";
