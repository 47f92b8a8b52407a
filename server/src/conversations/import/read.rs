//! A file, taken apart while it arrives: never more of it in memory than one conversation.
//!
//! The outer layer (an array, or an object with `conversations`) is read as it comes; each conversation in it first as a
//! piece of text of bounded length, then as a tree of a bounded number of values.

use std::{
    cell::{Cell, RefCell},
    fmt,
    io::{self, Read},
    rc::Rc,
};

use bytes::{Buf as _, Bytes};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use tokio::sync::mpsc;

use super::{
    Foreign, MAX_CONVERSATION_BYTES,
    archive::{self, Unpacked},
    foreign,
};

/// Values (strings, numbers, lists …) in one conversation: each takes memory of its own.
const MAX_VALUES: usize = 1_000_000;
/// What precedes the conversations.
const MAX_HEAD_BYTES: usize = 1024 * 1024;

/// A conversation, or why it cannot be taken, in words.
pub(super) type Found = Result<Foreign, String>;

/// How the reading ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Whole,
    /// Why it went no further, in words.
    Refused(String),
}

/// Reads until there is no more, or nobody wants more. Blocks.
pub(super) fn read(arriving: mpsc::Receiver<Bytes>, found: &mpsc::Sender<Found>) -> Ending {
    let mut arriving = Arriving { pieces: arriving, piece: Bytes::new() };
    match arriving.first_bytes() {
        Some([b'P', b'K', ..]) => {
            let mut unpacked = match unpacked(&mut arriving) {
                Ok(unpacked) => unpacked,
                Err(why) => return Ending::Refused(why),
            };
            match unpacked.first_byte() {
                Some(b'[' | b'{') => {}
                _ => return not_json(),
            }
            let ending = read_json(&mut unpacked, found);
            // The checksum can only be told behind the last byte.
            match (ending, io::copy(&mut unpacked, &mut io::sink())) {
                (Ending::Whole, Err(_)) => Ending::Refused("The file is damaged at its end.".to_owned()),
                (ending, _) => ending,
            }
        }
        Some([b'[' | b'{', ..]) => read_json(&mut arriving, found),
        _ => not_json(),
    }
}

fn not_json() -> Ending {
    Ending::Refused("This is not an export: it is not JSON.".to_owned())
}

/// An archive must be there as a whole before it can be opened: its list of entries is its end.
fn unpacked(arriving: &mut Arriving) -> Result<Unpacked, String> {
    let spooled = tempfile::tempfile().and_then(|mut file| {
        io::copy(arriving, &mut file)?;
        Ok(file)
    });
    match spooled {
        Ok(file) => archive::open(file),
        Err(error) => {
            tracing::error!(error = %error, "an archive could not be put down");
            Err("There is no room to unpack this ZIP file. Unpack it and choose conversations.json in it.".to_owned())
        }
    }
}

fn read_json(inner: &mut impl Read, found: &mpsc::Sender<Found>) -> Ending {
    let left = Rc::new(Cell::new(MAX_HEAD_BYTES));
    let mut reader = Bounded { inner, left: left.clone(), is_too_long: false };
    let stop = RefCell::new(None);
    let sink = Sink { found, left: &left, stop: &stop };
    let mut json = serde_json::Deserializer::from_reader(&mut reader);
    let result = (&mut json).deserialize_any(File(&sink));
    drop(json);
    if let Some(ending) = stop.into_inner() {
        return ending;
    }
    match result {
        Ok(()) => Ending::Whole,
        Err(_) if reader.is_too_long => {
            let megabytes = MAX_CONVERSATION_BYTES / (1024 * 1024);
            Ending::Refused(format!("A conversation in the file is too large: {megabytes} MB at most."))
        }
        Err(error) if error.is_eof() => Ending::Refused("The file ends in the middle.".to_owned()),
        Err(error) => Ending::Refused(format!("The file is damaged at line {}.", error.line())),
    }
}

/// What arrives, as something to read.
struct Arriving {
    pieces: mpsc::Receiver<Bytes>,
    piece: Bytes,
}

/// The same, up to `left` bytes.
struct Bounded<R> {
    inner: R,
    left: Rc<Cell<usize>>,
    is_too_long: bool,
}

impl Arriving {
    fn refill(&mut self) -> bool {
        while self.piece.is_empty() {
            match self.pieces.blocking_recv() {
                Some(piece) => self.piece = piece,
                None => return false,
            }
        }
        true
    }

    /// The first bytes behind a byte order mark and white space, without taking them.
    fn first_bytes(&mut self) -> Option<[u8; 2]> {
        const MARK: &[u8] = b"\xEF\xBB\xBF";
        let mut head = Vec::new();
        while head.len() < 64 {
            let Some(piece) = self.pieces.blocking_recv() else { break };
            head.extend_from_slice(&piece);
            let rest = head.strip_prefix(MARK).unwrap_or(&head);
            if rest.iter().filter(|byte| !byte.is_ascii_whitespace()).count() >= 2 {
                break;
            }
        }
        let rest = head.strip_prefix(MARK).unwrap_or(&head).trim_ascii_start();
        let first = rest.first().copied()?;
        self.piece = Bytes::copy_from_slice(rest);
        Some([first, rest.get(1).copied().unwrap_or(b' ')])
    }
}

impl Read for Arriving {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if !self.refill() {
            return Ok(0);
        }
        let count = into.len().min(self.piece.len());
        if let (Some(into), Some(from)) = (into.get_mut(..count), self.piece.get(..count)) {
            into.copy_from_slice(from);
        }
        self.piece.advance(count);
        Ok(count)
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let left = self.left.get();
        let most = into.len().min(left);
        let count = self.inner.read(into.get_mut(..most).unwrap_or_default())?;
        if left == 0 {
            self.is_too_long = true;
            return Err(io::Error::from(io::ErrorKind::InvalidData));
        }
        self.left.set(left - count);
        Ok(count)
    }
}

/// Where conversations go.
struct Sink<'a> {
    found: &'a mpsc::Sender<Found>,
    left: &'a Cell<usize>,
    /// Why reading stops though nothing is wrong with the JSON.
    stop: &'a RefCell<Option<Ending>>,
}

impl Sink<'_> {
    /// `false`: nobody wants more.
    fn give(&self, raw: &RawValue) -> bool {
        self.expect_another();
        self.found.blocking_send(conversation(raw.get())).is_ok()
    }

    fn expect_another(&self) {
        self.left.set(MAX_CONVERSATION_BYTES);
    }

    fn stop<E: serde::de::Error>(&self, ending: Ending) -> E {
        *self.stop.borrow_mut() = Some(ending);
        E::custom("stop")
    }
}

fn conversation(text: &str) -> Found {
    // Counted before: a list of a million zeros is short as text and large as values.
    let values = text.bytes().filter(|byte| matches!(byte, b',' | b':' | b'[' | b'{')).count();
    let is_text = values <= MAX_VALUES || count_values(text) <= MAX_VALUES;
    if !is_text {
        return Err("It has too many parts.".to_owned());
    }
    let value =
        serde_json::from_str(text).map_err(|_| "It cannot be read: it is nested too deeply, or damaged.".to_owned())?;
    foreign(&value)
}

/// As above, outside of strings.
fn count_values(text: &str) -> usize {
    let (mut count, mut in_string, mut is_escaped) = (0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_string => is_escaped = true,
            b'"' => in_string = !in_string,
            b',' | b':' | b'[' | b'{' if !in_string => count += 1,
            _ => {}
        }
    }
    count
}

/// The whole file: an array of conversations, or an object with one.
struct File<'a>(&'a Sink<'a>);

impl<'de> Visitor<'de> for File<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an export")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        self.0.expect_another();
        while let Some(raw) = list.next_element::<Box<RawValue>>()? {
            if !self.0.give(&raw) {
                return Err(self.0.stop(Ending::Whole));
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        let mut has_list = false;
        while let Some(name) = fields.next_key::<String>()? {
            match name.as_str() {
                "conversations" => {
                    has_list = true;
                    fields.next_value_seed(List(self.0))?;
                }
                "version" => {
                    let version: Box<RawValue> = fields.next_value()?;
                    if version.get() != "1" {
                        let why = "This export is of a later version of Steward than this one.".to_owned();
                        return Err(self.0.stop(Ending::Refused(why)));
                    }
                }
                _ => drop(fields.next_value::<IgnoredAny>()?),
            }
        }
        if has_list {
            return Ok(());
        }
        let why = "This is not an export: there are no conversations in it.".to_owned();
        Err(self.0.stop(Ending::Refused(why)))
    }
}

struct List<'a>(&'a Sink<'a>);

impl<'de> DeserializeSeed<'de> for List<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(File(self.0))
    }
}
