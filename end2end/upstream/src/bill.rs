//! The provider's own bill.

use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::script::Usage;

/// What this provider would charge for, in tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bill {
    /// Calls that began a message.
    pub calls: i64,
    pub input: i64,
    pub cache_read: i64,
    /// 5-minute and 1-hour writes together.
    pub cache_write: i64,
    pub output: i64,
}

/// The bill, shared by all running calls.
#[derive(Clone, Default)]
pub(crate) struct Ledger(Arc<Mutex<Bill>>);

impl Ledger {
    pub fn read(&self) -> Bill {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn reset(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Bill::default();
    }

    /// A message began: its input is owed from here on.
    pub fn begin(&self, usage: &Usage) {
        let mut bill = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        bill.calls += 1;
        bill.input += usage.input.unwrap_or(0);
        bill.cache_read += usage.cache_read.unwrap_or(0);
        bill.cache_write += usage.cache_write_5m.unwrap_or(0) + usage.cache_write_1h.unwrap_or(0);
    }

    /// Output made (or, with a negative number, corrected to what was reported at the end).
    pub fn output(&self, tokens: i64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).output += tokens;
    }
}
