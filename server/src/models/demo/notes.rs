//! Notes on devices: "add a note to compressor 3: bearing noise", "catat di kompresor 3: …", "delete note 2".

use serde_json::{Value, json};

use super::{
    format::{escape, table, text},
    memory::Given,
    plan::{Halt, Plan, call},
    render,
    vocabulary::TRANSLATED,
    words::{Language, is_in},
};

/// What to do with notes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    Add { device: String, text: Option<String> },
    List { device: String },
    Delete { number: Option<i64>, device: String },
}

const NOTE: &str = "note|notes|catatan|catat|catatkan";
const ADD: &str = "add|write|make|leave|put|store|tambah|tambahkan|tulis|tuliskan|buat|buatkan|simpan|catat|catatkan";
const LIST: &str = "show|list|which|what|see|read|any|tampilkan|lihat|daftar|apa|ada";
const DELETE: &str = "delete|remove|erase|hapus|buang";
/// Words around the device's name.
const SMALL: &str = "a|an|the|to|on|for|of|at|about|please|me|my|our|last|latest|new|this|that|are|is|there|do|we|have|\
    di|ke|untuk|pada|tentang|tolong|terakhir|baru|saya|itu|ini|yang|sebuah|number|nomor|no";
const INDONESIAN: &str = "catatan|catat|catatkan|hapus|tambahkan|tambah|tampilkan|lihat|tulis|kompresor|pompa";
/// The longest text and the longest device phrase that are passed on, characters.
const MAX_TEXT: usize = 500;
const MAX_DEVICE: usize = 80;

/// What a message wants done with notes; `None`: it is about something else.
pub(super) fn read(message: &str) -> Option<(Wish, Option<Language>)> {
    let (head, body) = match message.split_once(':') {
        Some((head, body)) => (head, Some(body.trim())),
        None => (message, None),
    };
    let words: Vec<String> = head
        .split_whitespace()
        .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase())
        .filter(|word| !word.is_empty())
        .take(40)
        .collect();
    let has = |list: &str| words.iter().any(|word| is_in(word, list));
    if !has(NOTE) {
        return None;
    }
    let begins_with_note = words.first().is_some_and(|word| is_in(word, NOTE));
    let language = has(INDONESIAN).then_some(Language::Indonesian);
    let mut number = None;
    let mut device: Vec<&str> = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let follows_note =
            at.checked_sub(1).is_some_and(|before| is_in(&words[before], "note|catatan|number|nomor|no"));
        match word.parse::<i64>() {
            Ok(value) if follows_note && device.is_empty() && value > 0 => number = Some(value),
            _ if [NOTE, ADD, LIST, DELETE, SMALL].iter().any(|list| is_in(word, list)) => {}
            _ => device.push(TRANSLATED.iter().find(|(from, _)| from == word).map_or(word, |(_, to)| to)),
        }
    }
    let device: String = device.join(" ").chars().take(MAX_DEVICE).collect();
    let body = body.filter(|body| !body.is_empty()).map(|body| body.chars().take(MAX_TEXT).collect::<String>());
    let wish = if has(DELETE) {
        Wish::Delete { number, device }
    } else if has(ADD) || (begins_with_note && body.is_some()) {
        Wish::Add { device, text: body }
    } else if has(LIST) || begins_with_note {
        Wish::List { device }
    } else {
        return None;
    };
    Some((wish, language))
}

impl Wish {
    pub(super) fn device(&self) -> &str {
        match self {
            Self::Add { device, .. } | Self::List { device } | Self::Delete { device, .. } => device,
        }
    }
}

/// What is said before the first call.
pub(super) fn opening(wish: &Wish, language: Language) -> String {
    match wish {
        Wish::List { .. } => language.pick("I will look up the notes.\n\n", "Saya lihat catatannya.\n\n").to_owned(),
        Wish::Add { .. } | Wish::Delete { .. } => language
            .pick("I will do that as soon as you allow it.\n\n", "Saya lakukan begitu Anda mengizinkannya.\n\n")
            .to_owned(),
    }
}

pub(super) fn answer(plan: &Plan) -> Result<String, Halt> {
    let language = plan.language;
    let Some(wish) = &plan.question().note else { return Ok(render::off_topic(language)) };
    match wish {
        Wish::Add { device, .. } if device.is_empty() => {
            let all = plan.data(call("find_devices", []))?;
            Ok(render::which_device(all, language))
        }
        Wish::Add { device, text } => {
            let mut arguments = vec![("device".to_owned(), json!(device))];
            arguments.extend(text.iter().map(|text| ("text".to_owned(), json!(text))));
            Ok(match plan.memory.get(call("add_note", arguments))? {
                Given::Data(note) => done(note, language.pick("Stored", "Tersimpan"), language),
                given => not_done(given, language),
            })
        }
        Wish::List { device } => Ok(list(plan.data(call("list_notes", about(device)))?, language)),
        Wish::Delete { number, device } => {
            let latest = match number {
                Some(number) => Some(*number),
                None => plan.data(call("list_notes", about(device)))?["notes"][0]["note"].as_i64(),
            };
            let Some(number) = latest else {
                return Ok(language.pick("There is no note to delete.", "Tidak ada catatan untuk dihapus.").to_owned());
            };
            Ok(match plan.memory.get(call("delete_note", [("note".to_owned(), json!(number))]))? {
                Given::Data(note) => done(note, language.pick("Deleted", "Terhapus"), language),
                given => not_done(given, language),
            })
        }
    }
}

fn about(device: &str) -> Vec<(String, Value)> {
    if device.is_empty() { Vec::new() } else { vec![("device".to_owned(), json!(device))] }
}

fn done(note: &Value, what: &str, language: Language) -> String {
    let word = language.pick("note", "catatan");
    let number = note["note"].as_i64().unwrap_or_default();
    let (device, local) = (text(&note["device"], "name"), text(note, "local"));
    format!("{what}: {word} {number}, **{device}**, {local} – {}", text(note, "text"))
}

/// Denied, or refused by the tool.
fn not_done(given: &Given, language: Language) -> String {
    match given {
        Given::Failed(reason) if reason.starts_with("Not run:") => {
            language.pick("All right, nothing was changed.", "Baik, tidak ada yang diubah.").to_owned()
        }
        Given::Failed(reason) => {
            let what = language.pick("That did not work. The tool says", "Itu tidak berhasil. Kata alatnya");
            format!("{what}: {}", escape(reason))
        }
        Given::Data(_) | Given::Unreadable => {
            language.pick("The tool's answer could not be read.", "Jawaban alat tidak dapat dibaca.").to_owned()
        }
    }
}

fn list(data: &Value, language: Language) -> String {
    let notes = data["notes"].as_array().map_or(&[][..], Vec::as_slice);
    if notes.is_empty() {
        return language.pick("There are no notes.", "Belum ada catatan.").to_owned();
    }
    let heads = [
        (language.pick("Note", "Catatan"), true),
        (language.pick("Device", "Perangkat"), false),
        (language.pick("When", "Kapan"), false),
        (language.pick("Text", "Teks"), false),
        (language.pick("By", "Oleh"), false),
    ];
    let rows: Vec<Vec<String>> = notes
        .iter()
        .map(|note| {
            let number = note["note"].as_i64().unwrap_or_default().to_string();
            vec![number, text(&note["device"], "name"), text(note, "local"), text(note, "text"), text(note, "author")]
        })
        .collect();
    language.pick("The notes:", "Catatannya:").to_owned() + &table(&heads, &rows, language)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(message: &str) -> Option<Wish> {
        read(message).map(|(wish, _)| wish)
    }

    #[test]
    fn notes_are_understood_in_both_languages() {
        let add = |text: Option<&str>| Some(Wish::Add { device: "compressor 3".into(), text: text.map(str::to_owned) });
        assert_eq!(wish("Add a note to compressor 3: Bearing noise"), add(Some("Bearing noise")));
        assert_eq!(wish("Please add a note to Compressor 3"), add(None));
        assert_eq!(wish("Note for compressor 3: oil changed"), add(Some("oil changed")));
        assert_eq!(wish("Catat di kompresor 3: suara bearing"), add(Some("suara bearing")));
        assert_eq!(wish("Tambahkan catatan untuk kompresor 3: a: b"), add(Some("a: b")));
        assert_eq!(wish("Show the notes on compressor 3"), Some(Wish::List { device: "compressor 3".into() }));
        assert_eq!(wish("Tampilkan catatan"), Some(Wish::List { device: String::new() }));
        assert_eq!(wish("Delete note 2"), Some(Wish::Delete { number: Some(2), device: String::new() }));
        assert_eq!(wish("hapus catatan 2"), Some(Wish::Delete { number: Some(2), device: String::new() }));
        let last = Wish::Delete { number: None, device: "compressor 3".into() };
        assert_eq!(wish("delete the last note on compressor 3"), Some(last));
        assert_eq!(wish("delete note"), Some(Wish::Delete { number: None, device: String::new() }));
        assert_eq!(read("catat di pompa 1: x").and_then(|(_, language)| language), Some(Language::Indonesian));
    }

    #[test]
    fn other_messages_are_not_about_notes() {
        for message in ["Please note that we pay too much", "What did compressor 3 cost us last week?", ""] {
            assert_eq!(wish(message), None, "{message}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(message in "(add |delete )?(note|catatan) \\PC{0,80}") {
            let _ = read(&message);
        }
    }
}
