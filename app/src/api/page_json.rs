//! How a page's data travels inside the page: written by `serde` on the server, read like everything in the browser.

use codee::{Decoder, Encoder};
use serde::Serialize;

use crate::wire;

/// The codec of every `Resource`.
pub struct PageJson;

/// The page holds something else than its code expects.
#[derive(Debug)]
pub struct Unreadable;

impl<T: Serialize> Encoder<T> for PageJson {
    type Error = serde_json::Error;
    type Encoded = String;

    fn encode(value: &T) -> Result<String, Self::Error> {
        serde_json::to_string(value)
    }
}

impl<T: wire::Read> Decoder<T> for PageJson {
    type Error = Unreadable;
    type Encoded = str;

    fn decode(text: &str) -> Result<T, Self::Error> {
        wire::read(text).ok_or(Unreadable)
    }
}
