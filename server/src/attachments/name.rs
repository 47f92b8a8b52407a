//! Names of files as people see them.

/// Characters of a name at most.
const MAX_CHARS: usize = 120;
/// What a file is called that has no usable name.
const NAMELESS: &str = "file";

/// A name without path, control or text-direction characters, 1–120 characters on one line. The end of a long name is
/// kept, because it says what the file is.
#[must_use]
pub fn clean(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let is_kept =
        |c: &char| !c.is_control() && !is_invisible(*c) && !matches!(c, '"' | '<' | '>' | '|' | '*' | '?' | ':');
    let words: String = last.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).filter(is_kept).collect();
    let words = words.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    // A name that begins with a dot is hidden where it is saved.
    let name = words.trim_start_matches(['.', ' ']).trim_end_matches(['.', ' ']);
    if name.is_empty() {
        return NAMELESS.to_owned();
    }
    shortened(name)
}

fn shortened(name: &str) -> String {
    let count = name.chars().count();
    if count <= MAX_CHARS {
        return name.to_owned();
    }
    let extension: String = match name.rsplit_once('.') {
        Some((_, extension)) if extension.chars().count() <= 10 => format!(".{extension}"),
        _ => String::new(),
    };
    let stem: String = name.chars().take(MAX_CHARS - 1 - extension.chars().count()).collect();
    format!("{stem}…{extension}")
}

/// Unicode bidirectional formatting (Unicode TR #36), and what takes no space: two names must not look the same.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{061C}' | '\u{00AD}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{E0000}'..='\u{E007F}')
}

/// The part after the last dot, in small letters; empty without one.
#[must_use]
pub fn extension(name: &str) -> String {
    name.rsplit_once('.').map(|(_, extension)| extension.to_lowercase()).unwrap_or_default()
}

/// The name with the extension of what is stored.
#[must_use]
pub fn with_extension(name: &str, wanted: &str, also: &[&str]) -> String {
    let extension = extension(name);
    if extension == wanted || also.contains(&extension.as_str()) {
        return name.to_owned();
    }
    let stem = match name.rsplit_once('.') {
        Some((stem, end)) if end.chars().count() <= 10 && !stem.is_empty() => stem,
        _ => name,
    };
    clean(&format!("{stem}.{wanted}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_line_without_path_and_tricks() {
        assert_eq!(clean("C:\\Users\\Ana\\Desktop\\March report.pdf"), "March report.pdf");
        assert_eq!(clean("../../etc/passwd"), "passwd");
        assert_eq!(clean("invoice\u{202E}fdp.exe"), "invoicefdp.exe");
        assert_eq!(clean(" a\r\n\t b\0.txt "), "a b.txt");
        assert_eq!(clean("\"><script>.png"), "script.png");
        for nothing in ["", "/", "...", "\u{200B}", " \n"] {
            assert_eq!(clean(nothing), NAMELESS, "{nothing:?}");
        }
        let long = clean(&format!("{}.csv", "é".repeat(4_000)));
        assert!(long.chars().count() == MAX_CHARS && long.ends_with("….csv"), "{long}");
    }

    #[test]
    fn the_extension_follows_the_content() {
        assert_eq!(with_extension("a.webp", "png", &[]), "a.png");
        assert_eq!(with_extension("a.JPEG", "jpg", &["jpeg"]), "a.JPEG");
        assert_eq!(with_extension("file", "png", &[]), "file.png");
    }

    proptest::proptest! {
        #[test]
        fn every_name_becomes_a_line_that_stays_as_it_is(name in "\\PC{0,200}|[\\x00-\\xff./\\\\]{0,200}") {
            let once = clean(&name);
            let count = once.chars().count();
            proptest::prop_assert!((1..=MAX_CHARS).contains(&count));
            proptest::prop_assert!(!once.contains(['/', '\\', '\n', '"']) && !once.chars().any(char::is_control));
            proptest::prop_assert_eq!(clean(&once), once.clone());
            proptest::prop_assert!(with_extension(&once, "png", &[]).chars().count() <= MAX_CHARS);
        }
    }
}
