//! A run of text as signals. Blocks that nothing can change any more are kept in chunks, of which only the last one
//! grows; what follows them is parsed again, the more seldom the longer it is.

use std::sync::Arc;

use leptos::prelude::*;

use crate::{
    later::{self, Part},
    markdown::{Block, Streaming},
};

/// Blocks per chunk: an addition is compared with at most so many others, and with the number of chunks.
const CHUNK: usize = 32;
/// The tail is parsed at most so many bytes per call, on average.
const BYTES_PER_CALL: usize = 4096;

/// Text: blocks that will not change any more, and the tail that is parsed again as it grows.
#[derive(Clone)]
pub struct TextRun {
    pub chunks: ArcRwSignal<Vec<Chunk>>,
    pub tail: ArcRwSignal<Vec<Block>>,
    work: ArcStoredValue<Work>,
}

/// Up to [`CHUNK`] finished blocks.
#[derive(Clone)]
pub struct Chunk(pub ArcRwSignal<Vec<Arc<Block>>>);

#[derive(Default)]
struct Work {
    parser: Streaming,
    source: String,
    /// What came before the parser; whether the text is over.
    early: Option<(String, bool)>,
    /// Calls since the tail was parsed last.
    skipped: usize,
    /// What parsing the tail has cost so far, in bytes.
    #[cfg(test)]
    parsed_bytes: usize,
}

impl Work {
    /// Takes what `text` adds; returns the blocks that froze and the tail, if it is to be shown anew.
    fn grow(&mut self, text: &str, over: bool) -> (Vec<Arc<Block>>, Option<Vec<Block>>) {
        let added = text.get(self.source.len()..).unwrap_or_default();
        if added.is_empty() && !over {
            return (vec![], None);
        }
        let before = self.parser.finished().len();
        self.parser.push(added);
        self.source.push_str(added);
        if over {
            self.parser.finish();
        }
        let fresh: Vec<_> = self.parser.finished().iter().skip(before).cloned().map(Arc::new).collect();
        if over {
            return (fresh, Some(vec![]));
        }
        self.skipped += 1;
        let waits = self.parser.tail_bytes() > self.skipped * BYTES_PER_CALL;
        if waits && fresh.is_empty() {
            return (fresh, None);
        }
        self.skipped = 0;
        #[cfg(test)]
        {
            self.parsed_bytes += self.parser.tail_bytes();
        }
        let tail = self.parser.tail();
        (fresh, Some(tail))
    }
}

impl TextRun {
    pub(super) fn new(text: &str, over: bool) -> Self {
        let run = Self {
            chunks: ArcRwSignal::new(vec![]),
            tail: ArcRwSignal::new(vec![]),
            work: ArcStoredValue::new(Work::default()),
        };
        run.sync(text, over);
        run
    }

    pub(super) fn sync(&self, text: &str, over: bool) {
        if !later::is_ready(Part::Conversation) {
            return self.wait(text, over);
        }
        let (fresh, tail) = self.work.try_update_value(|work| work.grow(text, over)).unwrap_or_default();
        if !fresh.is_empty() {
            self.freeze(fresh);
        }
        if let Some(tail) = tail.filter(|tail| !(tail.is_empty() && self.tail.with_untracked(Vec::is_empty))) {
            self.tail.set(tail);
        }
    }

    /// Keeps the text until it can be parsed.
    fn wait(&self, text: &str, over: bool) {
        let early = Some((text.to_owned(), over));
        let before = self.work.try_update_value(|work| std::mem::replace(&mut work.early, early)).flatten();
        if before.is_some() {
            return;
        }
        let run = self.clone();
        let catch_up = move || {
            if let Some((text, over)) = run.work.try_update_value(|work| work.early.take()).flatten() {
                run.sync(&text, over);
            }
        };
        later::when_ready(Part::Conversation, Box::new(catch_up));
    }

    fn freeze(&self, fresh: Vec<Arc<Block>>) {
        let last = self.chunks.with_untracked(|chunks| chunks.last().cloned());
        let mut rest = fresh;
        if let Some(Chunk(last)) = last {
            let room = CHUNK.saturating_sub(last.with_untracked(Vec::len)).min(rest.len());
            if room > 0 {
                let behind = rest.split_off(room);
                last.update(|blocks| blocks.append(&mut rest));
                rest = behind;
            }
        }
        if rest.is_empty() {
            return;
        }
        self.chunks.update(|chunks| {
            while !rest.is_empty() {
                let behind = rest.split_off(rest.len().min(CHUNK));
                chunks.push(Chunk(ArcRwSignal::new(std::mem::replace(&mut rest, behind))));
            }
        });
    }

    /// The text as Markdown.
    pub fn with_source<T>(&self, read: impl FnOnce(&str) -> T) -> T {
        self.work.with_value(|work| read(&work.source))
    }

    /// All finished blocks.
    #[must_use]
    pub fn blocks(&self) -> Vec<Arc<Block>> {
        self.chunks.with_untracked(|chunks| chunks.iter().flat_map(|chunk| chunk.0.get_untracked()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Streams `text` in pieces of `step` bytes and returns the run.
    fn streamed(text: &str, step: usize) -> TextRun {
        let run = TextRun::new("", false);
        let mut end = 0;
        while end < text.len() {
            end = (end + step).min(text.len());
            run.sync(&text[..end], false);
        }
        run
    }

    fn parsed_bytes(run: &TextRun) -> usize {
        run.work.with_value(|work| work.parsed_bytes)
    }

    #[test]
    fn a_long_answer_is_parsed_block_by_block() {
        let text = "One paragraph of about sixty characters, as answers have.\n\n".repeat(1_400);
        let run = streamed(&text, 20);
        run.sync(&text, true);
        assert_eq!(run.blocks().len(), 1_400);
        assert!(
            run.chunks.with_untracked(|chunks| chunks.iter().all(|chunk| chunk.0.with_untracked(Vec::len) <= CHUNK))
        );
        let calls = text.len() / 20;
        assert!(parsed_bytes(&run) < calls * 120, "{} bytes in {calls} calls", parsed_bytes(&run));
    }

    #[test]
    fn one_endless_block_costs_a_bounded_number_of_bytes_per_call() {
        for beginning in ["```rust\n", "- item\n", ""] {
            let text = format!("{beginning}{}", "let x = 1; // a line of code\n".repeat(4_000));
            let step = 200;
            let run = streamed(&text, step);
            let calls = text.len() / step;
            let average = parsed_bytes(&run) / calls;
            assert!(average <= 2 * BYTES_PER_CALL, "{average} bytes a call after {beginning:?}");
            run.sync(&text, true);
            assert_eq!(run.with_source(str::len), text.len());
            assert!(run.tail.with_untracked(Vec::is_empty));
        }
    }
}
