//! `GET /api/search`: titles and messages of one's own conversations.

use app::model::{Cursor, MessageAuthor, SearchHit, SnippetPiece};
use axum::{
    Json,
    extract::{Query, State},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{ApiCaller, ApiError};
use crate::state::AppState;

#[derive(Deserialize, IntoParams)]
pub struct SearchQuery {
    /// Words that must all be there, "phrases"; the last word may be unfinished. At most 200 characters.
    #[serde(default)]
    q: String,
    /// `next` of the page before.
    after: Option<String>,
    /// Only for browser sessions; a token names its tenant itself.
    #[expect(dead_code, reason = "read by ApiCaller; named here for the document")]
    tenant: Option<String>,
}

/// A page of hits, the best first.
#[derive(Serialize, ToSchema)]
pub struct SearchResult {
    items: Vec<FoundConversation>,
    /// Give it as `after` for the next page; absent on the last.
    next: Option<String>,
}

/// A conversation that contains all of it, in its title or in one message.
#[derive(Serialize, ToSchema)]
pub struct FoundConversation {
    conversation: String,
    title: String,
    /// The message that matches best; absent when only the title does.
    message: Option<String>,
    /// `user` or `assistant`.
    author: Option<&'static str>,
    /// The place of the match in the message, plain text.
    snippet: String,
    /// RFC 3339, UTC: when the message was written.
    at: String,
    archived: bool,
}

impl From<SearchHit> for FoundConversation {
    fn from(hit: SearchHit) -> Self {
        let line = |pieces: Vec<SnippetPiece>| pieces.into_iter().map(|piece| piece.text).collect::<String>();
        Self {
            conversation: hit.conversation.to_string(),
            title: line(hit.title),
            message: hit.message.map(|id| id.to_string()),
            author: hit.author.map(|author| match author {
                MessageAuthor::User => "user",
                MessageAuthor::Assistant => "assistant",
            }),
            snippet: line(hit.snippet),
            at: hit.at.to_string(),
            archived: hit.archived,
        }
    }
}

/// Searches one's own conversations, 20 a page; archived ones, too.
#[utoipa::path(get, path = "/api/search", params(SearchQuery), tag = "conversations", security(("bearer" = [])),
    responses(
        (status = 200, body = SearchResult),
        (status = 401, description = "Not signed in"),
        (status = 422, description = "The search is too long, or `after` is not known")))]
pub async fn search(
    State(state): State<AppState>,
    api: ApiCaller,
    Query(query): Query<SearchQuery>,
) -> Result<Json<SearchResult>, ApiError> {
    let after = query.after.map(Cursor);
    let page = state.backend.search_conversations(&api.caller, &api.tenant, query.q, after).await?;
    let items = page.items.into_iter().map(FoundConversation::from).collect();
    Ok(Json(SearchResult { items, next: page.next.map(|cursor| cursor.0) }))
}
