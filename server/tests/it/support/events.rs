//! Reading an event stream as a browser does.

use std::time::Duration;

use futures::StreamExt;
use reqwest::Response;
use serde_json::Value;

/// An open event stream.
pub struct Events {
    body: futures::stream::BoxStream<'static, reqwest::Result<bytes::Bytes>>,
    buffer: String,
}

/// One event: its number and the event in its envelope.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub seq: u64,
    pub event: Value,
}

impl Event {
    pub fn kind(&self) -> &str {
        self.event["type"].as_str().unwrap_or_default()
    }
    pub fn is_terminal(&self) -> bool {
        matches!(self.kind(), "finished" | "stopped" | "failed")
    }
}

impl Events {
    pub fn of(response: Response) -> Self {
        assert_eq!(response.status(), 200, "an event stream");
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { body: response.bytes_stream().boxed(), buffer: String::new() }
    }

    /// The next event; `None` at the end of the stream.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(end) = self.buffer.find("\n\n") {
                let block: String = self.buffer.drain(..end + 2).collect();
                let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::trim_start);
                let (Some(id), Some(data)) = (field("id:"), field("data:")) else { continue };
                let envelope: Value = serde_json::from_str(data).expect("JSON in an event");
                let seq = id.parse().expect("a number as id");
                assert_eq!(envelope["seq"], seq, "the id is the envelope's number");
                return Some(Event { seq, event: envelope["event"].clone() });
            }
            let chunk =
                tokio::time::timeout(Duration::from_secs(20), self.body.next()).await.expect("an event within 20 s")?;
            let chunk = chunk.ok()?;
            self.buffer.push_str(std::str::from_utf8(&chunk).expect("UTF-8"));
        }
    }

    /// Everything up to the end.
    pub async fn rest(mut self) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await {
            events.push(event);
        }
        events
    }
}

/// The text of an answer as a transcript shows it, from its events in order.
pub fn text_of(events: &[Event]) -> String {
    let mut text = String::new();
    for event in events {
        match event.kind() {
            "text" => text.push_str(event.event["text"].as_str().unwrap_or_default()),
            "snapshot" => {
                text = event.event["parts"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(|part| part["text"].as_str())
                    .collect();
            }
            _ => {}
        }
    }
    text
}
