//! The provider's own bill.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde::{Deserialize, Serialize};

use crate::{formats::Format, frames::Owed, script::Usage};

/// What this provider would charge for, in tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bill {
    /// Calls that began a message.
    pub calls: i64,
    /// Without what was read from or written to a cache, whatever the format reports.
    pub input: i64,
    pub cache_read: i64,
    /// 5-minute and 1-hour writes together.
    pub cache_write: i64,
    pub output: i64,
    /// On the web.
    #[serde(default)]
    pub searches: i64,
}

impl Bill {
    /// A message began: its input is owed from here on.
    pub(crate) fn begin(&mut self, usage: &Usage) {
        self.calls += 1;
        self.input = self.input.saturating_add(usage.input.unwrap_or(0));
        self.cache_read = self.cache_read.saturating_add(usage.cache_read.unwrap_or(0));
        self.cache_write = self.cache_write.saturating_add(usage.cache_write());
        self.searches = self.searches.saturating_add(usage.searches.unwrap_or(0));
    }

    fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.input = self.input.saturating_add(other.input);
        self.cache_read = self.cache_read.saturating_add(other.cache_read);
        self.cache_write = self.cache_write.saturating_add(other.cache_write);
        self.output = self.output.saturating_add(other.output);
        self.searches = self.searches.saturating_add(other.searches);
    }
}

/// The bills of all formats, shared by all running calls.
#[derive(Clone, Default)]
pub(crate) struct Ledger(Arc<Mutex<HashMap<Format, Bill>>>);

impl Ledger {
    fn lock(&self) -> MutexGuard<'_, HashMap<Format, Bill>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything.
    pub fn read(&self) -> Bill {
        let mut sum = Bill::default();
        self.lock().values().for_each(|bill| sum.add(bill));
        sum
    }

    pub fn read_of(&self, format: Format) -> Bill {
        self.lock().get(&format).copied().unwrap_or_default()
    }

    pub fn reset(&self) {
        self.lock().clear();
    }

    /// For one call.
    pub fn tab(&self, format: Format) -> Tab {
        Tab { ledger: self.clone(), format, output: 0 }
    }
}

/// Where one call's cost is put down.
pub(crate) struct Tab {
    ledger: Ledger,
    format: Format,
    /// Put down so far.
    output: i64,
}

impl Tab {
    pub fn owe(&mut self, owed: Owed) {
        if owed == Owed::default() {
            return;
        }
        let mut ledger = self.ledger.lock();
        let bill = ledger.entry(self.format).or_default();
        if let Some(usage) = owed.begin {
            bill.begin(&usage);
        }
        if let Some(output) = owed.output {
            // Less than before when it is corrected to what was reported at the end.
            bill.output = bill.output.saturating_add(output - self.output);
            self.output = output;
        }
    }
}
