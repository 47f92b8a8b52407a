//! How the browser reads and writes the model's JSON.
//!
//! The server uses `serde`. In the browser each `serde` type costs one to three kilobytes of WebAssembly (measured: two
//! fifths of everything that was ours), so there a text is parsed into a small tree ([`Json`]) that every type picks its
//! fields from: some forty bytes a field. Both sides must agree: `app/tests/wire.rs` writes values with `serde` and reads
//! them here, and the other way round.
//!
//! To add a type that travels to the browser: a line in `wire/model.rs`, a value in the test. What must hold: any text is
//! read without panic, in linear time and at a bounded depth; what cannot be read is `None`, never a guess.

mod model;
mod parse;
mod write;

use std::borrow::Cow;

pub use write::{Field, Form, Object, Write};

/// The deepest nesting that is read.
pub const MAX_DEPTH: usize = 128;

/// A parsed text. Numbers stay as written, so that none loses digits.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Json<'a> {
    #[default]
    Null,
    Bool(bool),
    Number(&'a str),
    Text(Cow<'a, str>),
    List(Vec<Json<'a>>),
    Map(Map<'a>),
}

/// The members of an object, in the order written; of equal names the first counts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Map<'a>(pub Vec<(Cow<'a, str>, Json<'a>)>);

/// What can be read from a tree.
pub trait Read: Sized {
    /// `None`: this is something else.
    fn read(json: Json<'_>) -> Option<Self>;
}

/// Reads a whole text.
#[must_use]
pub fn read<T: Read>(text: &str) -> Option<T> {
    T::read(parse::parse(text)?)
}

/// Writes a value.
#[must_use]
pub fn write<T: Write>(value: &T) -> String {
    let mut out = String::new();
    value.write(&mut out);
    out
}

impl<'a> Json<'a> {
    fn map(self) -> Option<Map<'a>> {
        match self {
            Self::Map(map) => Some(map),
            _ => None,
        }
    }

    fn text(self) -> Option<Cow<'a, str>> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl<'a> Map<'a> {
    fn take_json(&mut self, name: &str) -> Json<'a> {
        self.0.iter_mut().find(|(known, _)| known == name).map(|(_, json)| std::mem::take(json)).unwrap_or_default()
    }

    /// A member; one that is missing reads like `null`.
    #[must_use]
    pub fn take<T: Read>(&mut self, name: &str) -> Option<T> {
        T::read(self.take_json(name))
    }

    /// A member with a default for older writers.
    fn take_or_default<T: Read + Default>(&mut self, name: &str) -> Option<T> {
        match self.take_json(name) {
            Json::Null => Some(T::default()),
            json => T::read(json),
        }
    }
}

impl Read for () {
    fn read(_: Json<'_>) -> Option<Self> {
        Some(())
    }
}

impl Read for bool {
    fn read(json: Json<'_>) -> Option<Self> {
        match json {
            Json::Bool(value) => Some(value),
            _ => None,
        }
    }
}

impl Read for String {
    fn read(json: Json<'_>) -> Option<Self> {
        json.text().map(Cow::into_owned)
    }
}

macro_rules! numbers {
    ($($number:ty),*) => {
        $(impl Read for $number {
            fn read(json: Json<'_>) -> Option<Self> {
                match json {
                    Json::Number(digits) => digits.parse().ok(),
                    _ => None,
                }
            }
        })*
    };
}
numbers!(i32, i64, u32, u64);

impl Read for f64 {
    fn read(json: Json<'_>) -> Option<Self> {
        match json {
            Json::Number(digits) => fraction(digits),
            _ => None,
        }
    }
}

/// A number as people and JSON write it. The browser reads it itself: Rust's tables for that are a fortieth of the program.
pub fn fraction(digits: &str) -> Option<f64> {
    if cfg!(feature = "ssr") {
        return digits.parse().ok();
    }
    let is_plain = digits.bytes().all(|byte| matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9'));
    (is_plain && !digits.is_empty())
        .then(|| wasm_bindgen::JsValue::from_str(digits).unchecked_into_f64())
        .filter(|value| value.is_finite())
}

impl<T: Read> Read for Option<T> {
    fn read(json: Json<'_>) -> Option<Self> {
        match json {
            Json::Null => Some(None),
            json => T::read(json).map(Some),
        }
    }
}

impl<T: Read> Read for Vec<T> {
    fn read(json: Json<'_>) -> Option<Self> {
        match json {
            Json::List(items) => items.into_iter().map(T::read).collect(),
            _ => None,
        }
    }
}

impl<A: Read, B: Read> Read for (A, B) {
    fn read(json: Json<'_>) -> Option<Self> {
        let Json::List(items) = json else { return None };
        let [first, second] = <[Json<'_>; 2]>::try_from(items).ok()?;
        Some((A::read(first)?, B::read(second)?))
    }
}

impl<T: Read, E: Read> Read for Result<T, E> {
    fn read(json: Json<'_>) -> Option<Self> {
        let (name, json) = single(json)?;
        match &*name {
            "Ok" => T::read(json).map(Ok),
            "Err" => E::read(json).map(Err),
            _ => None,
        }
    }
}

/// The variant of an externally tagged enum and what it holds: `"name"` or `{"name": …}`.
fn single(json: Json<'_>) -> Option<(Cow<'_, str>, Json<'_>)> {
    match json {
        Json::Text(name) => Some((name, Json::Null)),
        Json::Map(Map(mut members)) if members.len() == 1 => members.pop(),
        _ => None,
    }
}
