//! A request or an answer in another format.

/// Something the other format cannot say.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` cannot be translated for this model: {why}")]
pub struct Untranslatable {
    /// The field of the request, like `n` or `messages[2].content`.
    pub field: String,
    /// In words for the client.
    pub why: String,
}
