//! The turns that run in this process.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use app::model::TurnId;
use tokio::sync::watch;

use super::live::{Halt, Live, lock};

/// All of them, by id.
pub(super) struct Hub {
    turns: Mutex<HashMap<TurnId, Arc<Live>>>,
    count: watch::Sender<usize>,
}

impl Default for Hub {
    fn default() -> Self {
        Self { turns: Mutex::new(HashMap::new()), count: watch::Sender::new(0) }
    }
}

impl Hub {
    pub(super) fn insert(&self, live: Arc<Live>) {
        let mut turns = lock(&self.turns);
        turns.insert(live.turn(), live);
        self.count.send_replace(turns.len());
    }

    /// Removes this very one, unless another took its place.
    pub(super) fn forget(&self, live: &Arc<Live>) {
        let mut turns = lock(&self.turns);
        if turns.get(&live.turn()).is_some_and(|there| Arc::ptr_eq(there, live)) {
            turns.remove(&live.turn());
        }
        self.count.send_replace(turns.len());
    }

    pub(super) fn get(&self, turn: TurnId) -> Option<Arc<Live>> {
        lock(&self.turns).get(&turn).cloned()
    }

    /// Wakes whenever a turn begins or ends here.
    pub(super) fn subscribe(&self) -> watch::Receiver<usize> {
        self.count.subscribe()
    }

    pub(super) fn all(&self) -> Vec<Arc<Live>> {
        lock(&self.turns).values().cloned().collect()
    }

    pub(super) fn len(&self) -> usize {
        lock(&self.turns).len()
    }

    pub(super) fn halt_all(&self, reason: Halt) {
        for live in self.all() {
            live.halt(reason);
        }
    }

    /// Waits until nothing runs here.
    pub(super) async fn empty(&self) {
        let mut count = self.count.subscribe();
        // Fails only when the sender is gone, and it is ours.
        let _ = count.wait_for(|count| *count == 0).await;
    }

    /// Waits until something runs here.
    pub(super) async fn busy(&self) {
        let mut count = self.count.subscribe();
        let _ = count.wait_for(|count| *count > 0).await;
    }
}
