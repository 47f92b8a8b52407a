//! An open event stream of the browser. It never reconnects by itself: whoever opened it knows better where to go on.

use wasm_bindgen::{JsCast, closure::Closure};

/// What an open stream says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    Open,
    /// An event's data and, where it has one, its id.
    Data {
        data: String,
        id: String,
    },
    /// The line is alive.
    Beat,
    /// The server ended it for good: the session is over.
    End,
    /// The line broke; `true`: the server answered with an error instead of a stream.
    Broken(bool),
}

/// Open until dropped or broken.
pub struct Source {
    source: web_sys::EventSource,
    _on: [Closure<dyn FnMut(web_sys::MessageEvent)>; 5],
}

const KINDS: [&str; 5] = ["open", "message", "beat", "end", "error"];

impl Source {
    /// Opens `url`. `None`: this browser cannot.
    pub fn open(url: &str, on_heard: impl Fn(Heard) + Clone + 'static) -> Option<Self> {
        let source = web_sys::EventSource::new(url).ok()?;
        let on = KINDS.map(|kind| {
            let (on_heard, of) = (on_heard.clone(), source.clone());
            Closure::<dyn FnMut(web_sys::MessageEvent)>::new(move |event: web_sys::MessageEvent| {
                on_heard(match kind {
                    "open" => Heard::Open,
                    "beat" => Heard::Beat,
                    "end" => Heard::End,
                    "error" => {
                        let is_refused = of.ready_state() == web_sys::EventSource::CLOSED;
                        of.close();
                        Heard::Broken(is_refused)
                    }
                    _ => Heard::Data { data: event.data().as_string().unwrap_or_default(), id: event.last_event_id() },
                });
            })
        });
        for (kind, on) in KINDS.iter().zip(&on) {
            let _always_an_event_target = source.add_event_listener_with_callback(kind, on.as_ref().unchecked_ref());
        }
        Some(Self { source, _on: on })
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        for (kind, on) in KINDS.iter().zip(&self._on) {
            let _was_added = self.source.remove_event_listener_with_callback(kind, on.as_ref().unchecked_ref());
        }
        self.source.close();
    }
}
