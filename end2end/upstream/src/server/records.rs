//! What was received.

use std::collections::{BTreeMap, VecDeque};

use axum::http::{HeaderMap, Method, Uri};
use serde::Serialize;
use serde_json::Value;

use crate::formats::Format;

/// Older records are forgotten.
const MAX_RECORDS: usize = 1_000;
/// Bodies of all records together; older records are forgotten.
const MAX_BYTES: usize = 128 * 1024 * 1024;

/// A request as it came.
#[derive(Clone, Debug, Serialize)]
pub struct Recorded {
    pub method: String,
    /// Without the query.
    pub path: String,
    /// Without `?`; empty when there was none.
    pub query: String,
    /// By the path; `None` where that is no format's.
    pub format: Option<Format>,
    /// Lower-case names; a header that came several times is joined with `, `. Contains the API key: it is a test's.
    pub headers: BTreeMap<String, String>,
    /// `Null` when it was not JSON.
    pub body: Value,
    /// The body's text as it came.
    pub raw: String,
    /// The HTTP status that was answered; 0 when the connection was closed instead.
    pub status: u16,
}

impl Recorded {
    pub(super) fn new(method: &Method, uri: &Uri, headers: &HeaderMap, raw: &[u8], status: u16) -> Self {
        let mut by_name: BTreeMap<String, String> = BTreeMap::new();
        for (name, value) in headers {
            let value = String::from_utf8_lossy(value.as_bytes());
            let entry = by_name.entry(name.to_string());
            entry.and_modify(|so_far| *so_far = format!("{so_far}, {value}")).or_insert_with(|| value.into_owned());
        }
        Self {
            method: method.to_string(),
            path: uri.path().to_owned(),
            query: uri.query().unwrap_or_default().to_owned(),
            format: Format::of_path(uri.path()),
            headers: by_name,
            body: serde_json::from_slice(raw).unwrap_or(Value::Null),
            raw: String::from_utf8_lossy(raw).into_owned(),
            status,
        }
    }

    /// A header's value; the name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

/// The last requests.
#[derive(Default)]
pub(super) struct Records {
    kept: VecDeque<Recorded>,
    bytes: usize,
}

impl Records {
    pub fn push(&mut self, record: Recorded) {
        self.bytes += record.raw.len();
        self.kept.push_back(record);
        while self.kept.len() > MAX_RECORDS || (self.bytes > MAX_BYTES && self.kept.len() > 1) {
            let Some(oldest) = self.kept.pop_front() else { break };
            self.bytes -= oldest.raw.len();
        }
    }

    /// Oldest first.
    pub fn all(&self) -> Vec<Recorded> {
        self.kept.iter().cloned().collect()
    }
}
