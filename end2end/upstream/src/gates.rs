//! Gates: places where a stream waits until a test lets it go on, so that no test needs to sleep.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::watch;

#[derive(Clone, Copy, Default)]
struct Gate {
    open: bool,
    /// Streams that have come to it, ever.
    arrived: u64,
}

/// All gates by name; a gate exists as soon as anybody names it, and starts closed.
#[derive(Clone, Default)]
pub(crate) struct Gates(Arc<Mutex<HashMap<String, watch::Sender<Gate>>>>);

impl Gates {
    fn sender(&self, name: &str) -> watch::Sender<Gate> {
        let mut gates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        gates.entry(name.to_owned()).or_insert_with(|| watch::Sender::new(Gate::default())).clone()
    }

    /// Waits at the gate.
    pub async fn pass(&self, name: &str) {
        let gate = self.sender(name);
        let mut changes = gate.subscribe();
        gate.send_modify(|gate| gate.arrived += 1);
        // The sender lives in this function, so the wait cannot fail.
        let _ = changes.wait_for(|gate| gate.open).await;
    }

    /// Opens the gate for all, for good.
    pub fn open(&self, name: &str) {
        self.sender(name).send_modify(|gate| gate.open = true);
    }

    /// Waits until `count` streams have come to the gate.
    pub async fn arrived(&self, name: &str, count: u64) {
        let gate = self.sender(name);
        let _ = gate.subscribe().wait_for(|gate| gate.arrived >= count).await;
    }

    /// Opens every gate there is and forgets them.
    pub fn reset(&self) {
        let gates = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        for gate in gates.values() {
            gate.send_modify(|gate| gate.open = true);
        }
    }
}
