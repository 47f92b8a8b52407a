//! Archives, good and bad.

use std::io::Write as _;

use flate2::{Compression, write::DeflateEncoder};
use proptest::prelude::*;

use super::*;

/// An archive of these files, deflated.
pub(in crate::conversations::import) fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in files {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(content).unwrap();
        let packed = encoder.finish().unwrap();
        let mut crc = Crc::new();
        crc.update(content);
        let size = |bytes: usize| u32::try_from(bytes).unwrap().to_le_bytes();
        let name_bytes = u16::try_from(name.len()).unwrap().to_le_bytes();
        let mut common = vec![20, 0, 0, 0, 8, 0, 0, 0, 0, 0];
        common.extend(crc.sum().to_le_bytes());
        common.extend(size(packed.len()));
        common.extend(size(content.len()));
        common.extend(name_bytes);
        common.extend([0, 0]);
        directory.extend(b"PK\x01\x02\x14\0");
        directory.extend(&common);
        directory.extend([0; 10]);
        directory.extend(size(archive.len()));
        directory.extend(name.as_bytes());
        archive.extend(b"PK\x03\x04");
        archive.extend(&common);
        archive.extend(name.as_bytes());
        archive.extend(packed);
    }
    let (offset, bytes) = (archive.len(), directory.len());
    let count = u16::try_from(files.len()).unwrap().to_le_bytes();
    archive.extend(directory);
    archive.extend(b"PK\x05\x06\0\0\0\0");
    archive.extend(count);
    archive.extend(count);
    archive.extend(u32::try_from(bytes).unwrap().to_le_bytes());
    archive.extend(u32::try_from(offset).unwrap().to_le_bytes());
    archive.extend([0, 0]);
    archive
}

fn opened(bytes: &[u8]) -> Result<Unpacked, String> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    open(file)
}

fn read(bytes: &[u8]) -> Result<String, String> {
    let mut text = String::new();
    opened(bytes)?.read_to_string(&mut text).map_err(|error| error.to_string())?;
    Ok(text)
}

#[test]
fn only_the_conversations_are_opened() {
    let files: &[(&str, &[u8])] = &[
        ("__MACOSX/conversations.json", b"no"),
        ("chat.html", b"<p>"),
        ("export/old/conversations.json", b"deeper"),
        ("export/conversations.json", b"[1]"),
    ];
    assert_eq!(read(&zip(files)), Ok("[1]".to_owned()));
    let other = read(&zip(&[("chat.html", b"<p>")]));
    assert!(other.is_err_and(|why| why.contains("no conversations.json")));
}

#[test]
fn bombs_are_not_unpacked() {
    let zeros = vec![b' '; 64 * 1024 * 1024];
    assert!(read(&zip(&[("conversations.json", &zeros)])).is_err_and(|why| why.contains("packed too tightly")));
    // One that says it is small ends where it says.
    let mut lying = zip(&[("conversations.json", &zeros)]);
    let at = lying.windows(4).rposition(|four| four == b"PK\x01\x02").unwrap() + 24;
    lying[at..at + 4].copy_from_slice(&1000_u32.to_le_bytes());
    assert_eq!(read(&lying), Err("not as the archive says".to_owned()));
}

#[test]
fn what_is_cut_or_changed_is_told() {
    let whole = zip(&[("conversations.json", b"[{\"title\":\"A\"}]")]);
    for length in 0..whole.len() {
        assert!(read(&whole[..length]).is_err(), "{length}");
    }
    let mut changed = whole.clone();
    let at = 30 + "conversations.json".len() + 3;
    changed[at] ^= 0x10;
    assert!(read(&changed).is_err());
    let mut encrypted = whole;
    let at = encrypted.windows(4).rposition(|four| four == b"PK\x01\x02").unwrap() + 8;
    encrypted[at] |= 1;
    assert!(read(&encrypted).is_err_and(|why| why.contains("Unpack it")));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..300), at in 0usize..300, value: u8) {
        let _any = read(&bytes);
        let mut whole = zip(&[("conversations.json", b"[]")]);
        let at = at % whole.len();
        whole[at] = value;
        let _any = read(&whole);
        bytes.extend(&whole);
        let _any = read(&bytes);
    }
}
