//! How a page's data travels inside the page: as JSON, read the same way as an answer of a server function.

use codee::{Decoder, Encoder};
use serde::{Serialize, de::DeserializeOwned};

/// The codec of every `Resource`. Leptos' own reads from `str`, the answers of server functions are read from bytes;
/// with one of the two, the code that reads the model exists once in the browser instead of twice.
pub struct PageJson;

impl<T: Serialize> Encoder<T> for PageJson {
    type Error = serde_json::Error;
    type Encoded = String;

    fn encode(value: &T) -> Result<String, Self::Error> {
        serde_json::to_string(value)
    }
}

impl<T: DeserializeOwned> Decoder<T> for PageJson {
    type Error = serde_json::Error;
    type Encoded = str;

    fn decode(text: &str) -> Result<T, Self::Error> {
        serde_json::from_slice(text.as_bytes())
    }
}
