//! The one file of an export's ZIP archive that is read: `conversations.json`. Everything else in it stays closed.
//!
//! Only what exports are made of is understood (APPNOTE 6.3.10: one disk, stored or deflated, no encryption, no ZIP64),
//! and each number an archive claims is checked before it is believed: so a hostile one costs no memory and little time.
//! A general reader takes the number of entries for granted and looks for other directories when one is damaged.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Take},
};

use flate2::{Crc, bufread::DeflateDecoder};

/// The file that is read, in whatever folder.
const WANTED: &str = "conversations.json";
/// Entries an archive may list; exports with many pictures have some thousands.
const MAX_ENTRIES: usize = 20_000;
/// The largest list of entries, bytes.
const MAX_DIRECTORY_BYTES: u32 = 8 * 1024 * 1024;
/// The largest `conversations.json`, unpacked.
const MAX_UNPACKED_BYTES: u32 = 1024 * 1024 * 1024;
/// Chats pack to a tenth; a hundredth and less is made to do harm.
const MAX_RATIO: u32 = 100;
/// Below this, any ratio is harmless.
const FREE_BYTES: u32 = 1024 * 1024;
/// The end record and the longest comment behind it.
const END_BYTES: usize = 22;
const MAX_COMMENT: u64 = 65_535;

const DAMAGED: &str = "This ZIP file cannot be read. Unpack it and choose conversations.json in it.";

/// What an archive says of an entry.
#[derive(Clone, Copy, Debug)]
struct Entry {
    is_deflated: bool,
    crc: u32,
    packed: u32,
    unpacked: u32,
    offset: u32,
}

/// `conversations.json` of an archive, unpacked while it is read; what does not come out as the archive says is an
/// error of reading.
pub(super) struct Unpacked {
    inner: BufReader<Content>,
}

enum Content {
    Stored(Checked<Take<BufReader<File>>>),
    Deflated(Checked<DeflateDecoder<Take<BufReader<File>>>>),
}

/// Counts and sums what is read.
struct Checked<R> {
    inner: R,
    crc: Crc,
    entry: Entry,
}

/// Finds it.
///
/// # Errors
/// Why not, in words.
pub(super) fn open(mut archive: File) -> Result<Unpacked, String> {
    let entry = find(&mut archive)?;
    let unusual = entry.unpacked > MAX_UNPACKED_BYTES
        || entry.unpacked.saturating_sub(FREE_BYTES) > entry.packed.saturating_mul(MAX_RATIO);
    if unusual {
        let megabytes = MAX_UNPACKED_BYTES / (1024 * 1024);
        return Err(format!("The file in this ZIP file is too large or packed too tightly: {megabytes} MB at most."));
    }
    let content = content(archive, entry).map_err(|_| DAMAGED.to_owned())?;
    Ok(Unpacked { inner: BufReader::with_capacity(64 * 1024, content) })
}

fn find(archive: &mut File) -> Result<Entry, String> {
    let damaged = |_| DAMAGED.to_owned();
    let directory = directory(archive).map_err(damaged)?.ok_or(DAMAGED)?;
    let mut found: Option<(usize, Entry)> = None;
    let mut rest = directory.as_slice();
    let mut count = 0;
    while !rest.is_empty() {
        count += 1;
        if count > MAX_ENTRIES {
            return Err(DAMAGED.to_owned());
        }
        let (name, entry, behind) = next_entry(rest).ok_or(DAMAGED)?;
        rest = behind;
        let depth = name.matches('/').count();
        let is_wanted = name.rsplit('/').next() == Some(WANTED) && !name.starts_with("__MACOSX/");
        if is_wanted && found.is_none_or(|(known, _)| depth < known) {
            found = Some((depth, entry.ok_or(DAMAGED)?));
        }
    }
    let (_, entry) = found.ok_or("There is no conversations.json in this ZIP file.")?;
    Ok(entry)
}

/// The list of entries. `None`: there is none, or it is larger than any export's.
fn directory(archive: &mut File) -> io::Result<Option<Vec<u8>>> {
    let length = archive.seek(SeekFrom::End(0))?;
    let start = length.saturating_sub(MAX_COMMENT + 22);
    archive.seek(SeekFrom::Start(start))?;
    let mut tail = Vec::new();
    archive.by_ref().take(MAX_COMMENT + 22).read_to_end(&mut tail)?;
    let Some(end) = tail.windows(END_BYTES).rposition(|record| record.starts_with(b"PK\x05\x06")) else {
        return Ok(None);
    };
    let record = tail.get(end..).unwrap_or_default();
    let (Some(bytes), Some(offset)) = (u32_at(record, 12), u32_at(record, 16)) else { return Ok(None) };
    let end = start + u64::try_from(end).unwrap_or(u64::MAX);
    if bytes > MAX_DIRECTORY_BYTES || u64::from(offset) + u64::from(bytes) != end {
        return Ok(None);
    }
    archive.seek(SeekFrom::Start(u64::from(offset)))?;
    let mut directory = Vec::new();
    archive.by_ref().take(u64::from(bytes)).read_to_end(&mut directory)?;
    Ok(Some(directory))
}

/// The first entry of a list, and the rest of it; an entry that is of no kind we read is `None` within.
fn next_entry(list: &[u8]) -> Option<(String, Option<Entry>, &[u8])> {
    const FIXED: usize = 46;
    if !list.starts_with(b"PK\x01\x02") {
        return None;
    }
    let (flags, method) = (u16_at(list, 8)?, u16_at(list, 10)?);
    let name_end = FIXED + usize::from(u16_at(list, 28)?);
    let end = name_end + usize::from(u16_at(list, 30)?) + usize::from(u16_at(list, 32)?);
    let name = String::from_utf8_lossy(list.get(FIXED..name_end)?).into_owned();
    let entry = Entry {
        is_deflated: method == 8,
        crc: u32_at(list, 16)?,
        packed: u32_at(list, 20)?,
        unpacked: u32_at(list, 24)?,
        offset: u32_at(list, 42)?,
    };
    let is_large = [entry.packed, entry.unpacked, entry.offset].contains(&u32::MAX);
    let is_readable = flags & 1 == 0 && matches!(method, 0 | 8) && !is_large;
    Some((name, is_readable.then_some(entry), list.get(end..)?))
}

fn content(mut archive: File, entry: Entry) -> io::Result<Content> {
    archive.seek(SeekFrom::Start(u64::from(entry.offset)))?;
    let mut header = [0; 30];
    archive.read_exact(&mut header)?;
    let (Some(name), Some(extra)) = (u16_at(&header, 26), u16_at(&header, 28)) else { return Err(damaged()) };
    if !header.starts_with(b"PK\x03\x04") {
        return Err(damaged());
    }
    archive.seek(SeekFrom::Current(i64::from(name) + i64::from(extra)))?;
    let packed = BufReader::new(archive).take(u64::from(entry.packed));
    Ok(if entry.is_deflated {
        Content::Deflated(Checked { inner: DeflateDecoder::new(packed), crc: Crc::new(), entry })
    } else {
        Content::Stored(Checked { inner: packed, crc: Crc::new(), entry })
    })
}

impl Unpacked {
    /// The first byte of the text, behind a byte order mark and white space, which are taken.
    pub(super) fn first_byte(&mut self) -> Option<u8> {
        const MARK: &[u8] = b"\xEF\xBB\xBF";
        if self.inner.fill_buf().ok()?.starts_with(MARK) {
            self.inner.consume(MARK.len());
        }
        for _ in 0..64 {
            let first = self.inner.fill_buf().ok()?.first().copied()?;
            if !first.is_ascii_whitespace() {
                return Some(first);
            }
            self.inner.consume(1);
        }
        None
    }
}

impl Read for Unpacked {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.inner.read(into)
    }
}

impl Read for Content {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Stored(content) => content.read(into),
            Self::Deflated(content) => content.read(into),
        }
    }
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(into)?;
        self.crc.update(into.get(..count).unwrap_or_default());
        let is_as_said = if count == 0 && !into.is_empty() {
            self.crc.amount() == self.entry.unpacked && self.crc.sum() == self.entry.crc
        } else {
            // `amount` counts modulo 2^32; the limit of what is opened is far below.
            self.crc.amount() <= self.entry.unpacked
        };
        if is_as_said { Ok(count) } else { Err(damaged()) }
    }
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "not as the archive says")
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2)?.try_into().ok().map(u16::from_le_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes)
}

#[cfg(test)]
pub(super) mod tests;
