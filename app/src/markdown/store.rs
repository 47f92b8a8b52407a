//! What the server worked out about one message, and asking it for the rest.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use leptos::prelude::*;

use crate::{
    api,
    model::{
        Rich, RichContent, RichKey, RichSource,
        rich::{MAX_CODE_BYTES, MAX_SOURCES},
    },
};

/// Bytes of text in one request at most; the server takes no larger bodies.
const MAX_REQUEST_BYTES: usize = 2 * MAX_CODE_BYTES;

/// Colours and formulas of one message. Cheap to clone; every clone is the same store.
#[derive(Clone)]
pub struct RichStore {
    known: ArcRwSignal<HashMap<RichKey, Arc<RichContent>>>,
    asking: ArcStoredValue<Asking>,
}

/// What is being asked; only the browser does.
#[derive(Default)]
struct Asking {
    /// Each source is asked once: without an answer it stays plain.
    asked: HashSet<RichKey>,
    waiting: Vec<RichSource>,
    busy: bool,
}

impl RichStore {
    /// A store with what came with the message.
    #[must_use]
    pub fn new(rich: Vec<Rich>) -> Self {
        let known = rich.into_iter().map(|rich| (rich.key, Arc::new(rich.content))).collect();
        Self { known: ArcRwSignal::new(known), asking: ArcStoredValue::new(Asking::default()) }
    }

    /// Takes more, e.g. with a message that was read again.
    pub fn add(&self, rich: Vec<Rich>) {
        if !rich.is_empty() {
            self.known.update(|known| known.extend(rich.into_iter().map(|rich| (rich.key, Arc::new(rich.content)))));
        }
    }

    /// What is known, whatever comes later.
    #[must_use]
    pub(super) fn peek(&self, key: RichKey) -> Option<Arc<RichContent>> {
        self.known.with_untracked(|known| known.get(&key).cloned())
    }

    /// Runs the observer around again when something arrives.
    pub(super) fn track(&self) {
        self.known.track();
    }

    /// Asks the server for these, in batches, one request at a time. A failure is silent: the text stays plain.
    pub(super) fn ask(&self, sources: Vec<RichSource>) {
        let mut starts = false;
        self.asking.update_value(|asking| {
            let unasked = sources.into_iter().filter(|source| asking.asked.insert(source.key()));
            asking.waiting.extend(unasked);
            starts = !asking.busy && !asking.waiting.is_empty();
            asking.busy |= starts;
        });
        if starts {
            leptos::task::spawn_local(self.clone().ask_all());
        }
    }

    async fn ask_all(self) {
        loop {
            let batch = self.asking.try_update_value(Asking::next_batch).unwrap_or_default();
            if batch.is_empty() {
                return;
            }
            if let Ok(rich) = api::enrich(batch).await {
                self.add(rich);
            }
        }
    }
}

impl Asking {
    /// The sources of the next request; empty: nothing is left, and nobody is busy any more.
    fn next_batch(&mut self) -> Vec<RichSource> {
        let mut bytes = 0;
        let fits = |source: &&RichSource| {
            bytes += match source {
                RichSource::Code { text, .. } => text.len(),
                RichSource::Math { tex, .. } => tex.len(),
            };
            bytes <= MAX_REQUEST_BYTES
        };
        let count = self.waiting.iter().take(MAX_SOURCES).take_while(fits).count();
        self.busy = count > 0;
        self.waiting.drain(..count).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(bytes: usize, n: usize) -> RichSource {
        RichSource::Code { language: n.to_string(), text: "x".repeat(bytes) }
    }

    #[test]
    fn requests_are_bounded_and_nothing_is_left_behind() {
        let waiting = (0..120).map(|n| code(10, n)).chain((0..3).map(|n| code(MAX_CODE_BYTES, n))).collect();
        let mut asking = Asking { waiting, busy: true, ..Asking::default() };
        let mut counts = vec![];
        while asking.busy {
            counts.push(asking.next_batch().len());
        }
        assert_eq!(counts, [50, 50, 21, 2, 0]);
    }
}
