//! What browsers should not have to work out: the colours of code and the MathML of formulas.
//!
//! [`fill`] adds them to messages that are about to be shown, [`work_out`] answers a browser that has just received a text.
//! Both are bounded in count, size and memory; what is too much is left out and shown plain. What was worked out once is
//! kept in this process for everybody: it depends on nothing but the text, under whose SHA-256 it is kept.
//!
//! To add a language: its names in `app::model::rich::LANGUAGES`, its line in `languages`.

mod cache;
mod highlight;
mod languages;
mod math;

use app::{
    markdown,
    model::{MessageAuthor, MessageView, Part, Rich, RichContent, RichSource, rich::MAX_SOURCES},
};

use crate::error::{Error, Result};

/// Bytes of code and formulas in one view; what comes after them is asked for by the browser.
const MAX_VIEW_BYTES: usize = 256 * 1024;
/// Code blocks and formulas in one view.
const MAX_VIEW_SOURCES: usize = 600;
/// Bytes in one request of a browser.
const MAX_REQUEST_BYTES: usize = 256 * 1024;

/// Adds to each answer what can be worked out about its text, the last message first.
pub async fn fill(messages: &mut [MessageView]) {
    let (mut bytes, mut count) = (0, 0);
    let mut wanted = vec![];
    for (place, message) in messages.iter().enumerate().rev() {
        if message.author != MessageAuthor::Assistant {
            continue;
        }
        for part in &message.parts {
            let Part::Text { text } = part else { continue };
            for source in markdown::sources(&markdown::blocks(text)) {
                bytes += size(&source);
                count += 1;
                if bytes <= MAX_VIEW_BYTES && count <= MAX_VIEW_SOURCES {
                    wanted.push((place, source));
                }
            }
        }
    }
    let (places, sources): (Vec<usize>, Vec<RichSource>) = wanted.into_iter().unzip();
    for (place, rich) in places.into_iter().zip(all(sources).await) {
        if let (Some(message), Some(rich)) = (messages.get_mut(place), rich) {
            message.rich.push(rich);
        }
    }
}

/// What is known about these; one that is too large or makes no sense has no entry.
///
/// # Errors
/// [`Error::Invalid`]: more than a browser asks for at once.
pub async fn work_out(sources: Vec<RichSource>) -> Result<Vec<Rich>> {
    if sources.len() > MAX_SOURCES || sources.iter().map(size).sum::<usize>() > MAX_REQUEST_BYTES {
        return Err(Error::invalid("sources", "this is too much text at once"));
    }
    Ok(all(sources).await.into_iter().flatten().collect())
}

fn size(source: &RichSource) -> usize {
    match source {
        RichSource::Code { language, text } => language.len() + text.len(),
        RichSource::Math { tex, .. } => tex.len(),
    }
}

/// One answer per source, in order.
async fn all(sources: Vec<RichSource>) -> Vec<Option<Rich>> {
    let mut answers: Vec<Option<Rich>> = vec![];
    let mut missing = vec![];
    for source in sources {
        let key = source.key();
        match cache::find(&source) {
            Some(known) => answers.push(known.map(|content| Rich { key, content })),
            None => {
                missing.push((answers.len(), source));
                answers.push(None);
            }
        }
    }
    if missing.is_empty() {
        return answers;
    }
    let worked_out = tokio::task::spawn_blocking(move || work_out_now(missing)).await.unwrap_or_default();
    for (place, rich) in worked_out {
        if let Some(answer) = answers.get_mut(place) {
            *answer = Some(rich);
        }
    }
    answers
}

fn work_out_now(missing: Vec<(usize, RichSource)>) -> Vec<(usize, Rich)> {
    let formulas = missing.iter().filter_map(|(_, source)| match source {
        RichSource::Math { tex, display } if source.is_worth_asking() => Some((tex.clone(), *display)),
        _ => None,
    });
    let mut formulas = math::convert_all(formulas.collect()).into_iter();
    let mut found = vec![];
    for (place, source) in missing {
        let content = match &source {
            _ if !source.is_worth_asking() => None,
            RichSource::Code { language, text } => highlight::spans(language, text).map(RichContent::Code),
            RichSource::Math { .. } => formulas.next().flatten().map(RichContent::Math),
        };
        cache::keep(&source, content.clone());
        found.extend(content.map(|content| (place, Rich { key: source.key(), content })));
    }
    found
}

#[cfg(test)]
mod tests {
    use app::model::{MessageId, MessageStatus, Siblings, Timestamp};
    use uuid::Uuid;

    use super::*;

    fn answer(text: &str) -> MessageView {
        MessageView {
            id: MessageId(Uuid::from_u128(1)),
            parent: None,
            author: MessageAuthor::Assistant,
            parts: vec![Part::Text { text: text.into() }],
            status: MessageStatus::Complete,
            created_at: Timestamp(0),
            turn: None,
            siblings: Siblings::only(),
            usage: None,
            model: None,
            feedback: None,
            edited: false,
            rich: vec![],
        }
    }

    #[tokio::test]
    async fn an_answer_gets_its_colours_and_formulas_twice_the_same() {
        let text = "So $x^2$:\n\n```sql\nselect 1\n```\n\n- ```json\n  {}\n  ```\n\n```nolanguage\nx\n```\n\n$\\nosuchcommand$";
        let mut messages = [answer(text), MessageView { author: MessageAuthor::User, ..answer(text) }];
        fill(&mut messages).await;
        assert_eq!(messages[0].rich.len(), 3, "{:?}", messages[0].rich);
        assert!(messages[1].rich.is_empty(), "what a person typed is shown as typed");
        let mut again = [answer(text)];
        fill(&mut again).await;
        assert_eq!(again[0].rich, messages[0].rich, "from the cache");
    }

    #[tokio::test]
    async fn the_last_answers_come_first_when_there_is_too_much() {
        let big = |letter: &str| format!("```sql\n{}\n```\n\n", letter.repeat(50_000));
        let mut messages: Vec<_> = (0..8).map(|n| answer(&big(&format!("{n}")))).collect();
        fill(&mut messages).await;
        let filled: Vec<_> = messages.iter().map(|message| message.rich.len()).collect();
        assert_eq!(filled, [0, 0, 0, 1, 1, 1, 1, 1]);
    }

    #[tokio::test]
    async fn a_request_is_bounded() {
        let source = RichSource::Code { language: "sql".into(), text: "x".repeat(60_000) };
        assert!(work_out(vec![source.clone(); 5]).await.is_err());
        assert!(work_out(vec![RichSource::Math { tex: "x".into(), display: false }; 51]).await.is_err());
        assert_eq!(work_out(vec![source; 2]).await.map(|rich| rich.len()).ok(), Some(2));
        let huge = RichSource::Code { language: "sql".into(), text: "x".repeat(70_000) };
        assert_eq!(work_out(vec![huge]).await.ok(), Some(vec![]), "longer than what is coloured");
    }
}
