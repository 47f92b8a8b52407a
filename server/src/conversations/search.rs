//! Search in one's own titles and messages: what is typed becomes terms ([`query`]), the index gives the newest candidates
//! that contain all of them, the best of each conversation is shown with the place of the match ([`snippet`]).

mod query;
mod snippet;

use std::collections::HashMap;

use app::model::{ConversationId, Cursor, MAX_SEARCH_CHARS, MessageId, Page, SearchHit, Timestamp};

use super::cursor::SearchCursor;
use crate::{
    db::{
        TenantScope, Tx,
        search::{
            Candidate, Term, readable, search_candidates,
            shown::{MAX_SHOWN, ShownConversation, ShownMessage, search_conversations, search_messages},
        },
    },
    error::{Error, Result},
};

/// Hits on a page.
pub const SEARCH_PAGE: usize = MAX_SHOWN;
/// Titles and messages that are ranked: the newest ones that match. It bounds what a search for a common word costs.
const MAX_CANDIDATES: i64 = 1_000;
/// A title says what a conversation is about.
const TITLE_WEIGHT: f64 = 2.0;
/// What is new counts up to half as much more; half of that is gone after so long.
const RECENT_WEIGHT: f64 = 0.5;
const RECENT_HALF_LIFE_MS: f64 = 30.0 * 86_400_000.0;

/// The best of a conversation.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Best {
    conversation: ConversationId,
    score: f64,
    /// The message that matches best, and its own score.
    message: Option<(MessageId, Timestamp, f64)>,
}

/// The best hits first, one per conversation. Nothing to search for finds nothing.
///
/// # Errors
/// [`Error::Invalid`] for more than [`MAX_SEARCH_CHARS`] characters, or a cursor that is not ours.
pub async fn search(
    scope: &TenantScope,
    tx: &mut Tx,
    text: &str,
    after: Option<&Cursor>,
    now: Timestamp,
) -> Result<Page<SearchHit>> {
    if text.chars().count() > MAX_SEARCH_CHARS {
        return Err(Error::invalid("query", format!("search for at most {MAX_SEARCH_CHARS} characters")));
    }
    let after = after.map(SearchCursor::parse).transpose()?;
    let terms = query::terms(text);
    if terms.is_empty() {
        return Ok(Page::whole(Vec::new()));
    }
    // All pages of a search are ranked as of the same moment.
    let as_of = after.map_or(now, |cursor| cursor.as_of);
    let candidates = search_candidates(scope, tx, &terms, MAX_CANDIDATES).await?;
    let mut best = ranked(&candidates, as_of);
    if let Some(cursor) = after {
        best.retain(|one| (one.score, one.conversation) < (cursor.score, cursor.conversation));
    }
    let has_more = best.len() > SEARCH_PAGE;
    best.truncate(SEARCH_PAGE);
    let next = best.last().filter(|_| has_more).map(|last| SearchCursor {
        as_of,
        score: last.score,
        conversation: last.conversation,
    });
    let items = hits(scope, tx, &terms, &best).await?;
    Ok(Page { items, next: next.map(SearchCursor::into_cursor) })
}

/// One per conversation, the best first.
fn ranked(candidates: &[Candidate], as_of: Timestamp) -> Vec<Best> {
    let mut by_conversation: HashMap<ConversationId, Best> = HashMap::new();
    for candidate in candidates {
        let score = weighed(candidate, as_of);
        let nothing = Best { conversation: candidate.conversation, score: f64::MIN, message: None };
        let best = by_conversation.entry(candidate.conversation).or_insert(nothing);
        best.score = best.score.max(score);
        if let Some(message) = candidate.message
            && best.message.is_none_or(|(other, _, other_score)| (score, message) > (other_score, other))
        {
            best.message = Some((message, candidate.written_at, score));
        }
    }
    let mut best: Vec<Best> = by_conversation.into_values().collect();
    best.sort_by(|a, b| b.score.total_cmp(&a.score).then(b.conversation.cmp(&a.conversation)));
    best
}

fn weighed(candidate: &Candidate, as_of: Timestamp) -> f64 {
    let weight = if candidate.message.is_none() { TITLE_WEIGHT } else { 1.0 };
    let age_ms = as_of.0.saturating_sub(candidate.written_at.0).max(0);
    #[expect(clippy::cast_precision_loss, reason = "a rank needs no exact milliseconds")]
    let half_lives = age_ms as f64 / RECENT_HALF_LIFE_MS;
    // What is in nearly every message scores about zero: then only its age counts.
    let score = if candidate.score.is_finite() { candidate.score.max(1e-6) } else { 1e-6 };
    weight * score * (1.0 + RECENT_WEIGHT * (-half_lives).exp2())
}

async fn hits(scope: &TenantScope, tx: &mut Tx, terms: &[Term], best: &[Best]) -> Result<Vec<SearchHit>> {
    if best.is_empty() {
        return Ok(Vec::new());
    }
    let conversations: Vec<ConversationId> = best.iter().map(|one| one.conversation).collect();
    let conversations = search_conversations(scope, tx, &conversations).await?;
    let messages: Vec<MessageId> = best.iter().filter_map(|one| one.message.map(|(id, ..)| id)).collect();
    let messages = search_messages(scope, tx, &messages).await?;
    let conversations: HashMap<_, _> = conversations.into_iter().map(|one| (one.id, one)).collect();
    let messages: HashMap<_, _> = messages.into_iter().map(|one| (one.id, one)).collect();
    // Deleted just now on PostgreSQL, where the statements could see different commits: left out.
    Ok(best
        .iter()
        .filter_map(|one| {
            let message = one.message.and_then(|(id, at, _)| messages.get(&id).map(|message| (message, at)));
            conversations.get(&one.conversation).map(|conversation| hit(terms, conversation, message))
        })
        .collect())
}

fn hit(terms: &[Term], conversation: &ShownConversation, message: Option<(&ShownMessage, Timestamp)>) -> SearchHit {
    SearchHit {
        conversation: conversation.id,
        title: snippet::whole(&conversation.title, terms),
        message: message.map(|(message, _)| message.id),
        author: message.map(|(message, _)| message.author),
        snippet: message.map_or_else(Vec::new, |(message, _)| snippet::around(&readable(&message.parts), terms)),
        at: message.map_or(conversation.updated_at, |(_, at)| at),
        archived: conversation.archived,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const NOW: Timestamp = Timestamp(1_773_104_400_000);
    const DAY: i64 = 86_400_000;

    fn candidate(conversation: u128, message: Option<u128>, score: f64, days_ago: i64) -> Candidate {
        Candidate {
            conversation: ConversationId(Uuid::from_u128(conversation)),
            message: message.map(|id| MessageId(Uuid::from_u128(id))),
            written_at: Timestamp(NOW.0 - days_ago * DAY),
            score,
        }
    }

    #[test]
    fn a_conversation_is_as_good_as_its_best_message() {
        let all = [
            candidate(1, Some(11), 1.0, 1),
            candidate(2, Some(21), 1.5, 1),
            candidate(1, Some(12), 3.0, 1),
            candidate(1, None, 0.1, 1),
        ];
        let best = ranked(&all, NOW);
        assert_eq!(best.len(), 2);
        assert_eq!(best[0].message.map(|(id, ..)| id), Some(MessageId(Uuid::from_u128(12))));
    }

    #[test]
    fn what_is_new_counts_a_little_more_but_not_more_than_what_fits() {
        let first = |all: &[Candidate]| ranked(all, NOW)[0].conversation.0.as_u128();
        assert_eq!(first(&[candidate(1, Some(1), 1.0, 300), candidate(2, Some(2), 1.0, 1)]), 2);
        assert_eq!(first(&[candidate(1, Some(1), 2.0, 300), candidate(2, Some(2), 1.0, 1)]), 1);
        assert_eq!(first(&[candidate(1, None, 1.0, 1), candidate(2, Some(2), 1.0, 1)]), 1, "a title weighs more");
    }
}
