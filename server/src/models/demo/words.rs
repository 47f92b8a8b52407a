//! Words of a message, and the language they are in.

/// The languages the demo model speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    English,
    Indonesian,
}

impl Language {
    /// The text in this language.
    pub(super) fn pick<T>(self, english: T, indonesian: T) -> T {
        match self {
            Self::English => english,
            Self::Indonesian => indonesian,
        }
    }
}

/// A word of a message; `used` once some part of the reading has claimed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub lower: String,
    pub used: bool,
}

/// More words than this are not read: the question is at the beginning.
const MAX_WORDS: usize = 200;

/// Cuts a text into words: lower case, without punctuation around them (inside, `AC-1` or `2026-11-03` keep it).
pub(super) fn words(text: &str) -> Vec<Word> {
    text.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '"' | '“' | '”' | '(' | ')' | '–' | '—'))
        .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase())
        .map(|word| word.strip_suffix("'s").or(word.strip_suffix("’s")).map_or(word.clone(), str::to_owned))
        .filter(|word| !word.is_empty())
        .take(MAX_WORDS)
        .map(|lower| Word { lower, used: false })
        .collect()
}

/// Whether the phrase (words with single spaces) stands at this place.
pub(super) fn stands_at(words: &[Word], at: usize, phrase: &str) -> Option<usize> {
    let mut length = 0;
    for part in phrase.split(' ') {
        let word = words.get(at + length)?;
        if word.used || word.lower != part {
            return None;
        }
        length += 1;
    }
    Some(length)
}

/// The first place of any of the phrases, longest phrase first.
pub(super) fn find(words: &[Word], phrases: &[&str]) -> Option<(usize, usize)> {
    (0..words.len()).find_map(|at| {
        phrases.iter().filter_map(|phrase| stands_at(words, at, phrase)).max().map(|length| (at, length))
    })
}

/// Claims every occurrence of the phrases.
pub(super) fn claim(words: &mut [Word], phrases: &[&str]) -> bool {
    let mut found = false;
    while let Some((at, length)) = find(words, phrases) {
        claim_at(words, at, length);
        found = true;
    }
    found
}

pub(super) fn claim_at(words: &mut [Word], at: usize, length: usize) {
    for word in words.iter_mut().skip(at).take(length) {
        word.used = true;
    }
}

const INDONESIAN: &[&str] = &[
    "berapa",
    "apa",
    "apakah",
    "yang",
    "minggu",
    "kemarin",
    "hari",
    "bulan",
    "biaya",
    "listrik",
    "energi",
    "perangkat",
    "konsumsi",
    "pemakaian",
    "bandingkan",
    "dibandingkan",
    "paling",
    "mana",
    "kapan",
    "tarif",
    "bagaimana",
    "dengan",
    "untuk",
    "dari",
    "halo",
    "selamat",
    "pagi",
    "siang",
    "sore",
    "malam",
    "saya",
    "kita",
    "kami",
    "tolong",
    "tampilkan",
    "lihat",
    "puncak",
    "beban",
    "departemen",
    "lalu",
    "ini",
    "itu",
    "boros",
    "terboros",
    "tahun",
    "dan",
    "atau",
    "bisa",
    "kompresor",
    "pompa",
    "mesin",
    "daftar",
    "sekarang",
    "tanggal",
    "jam",
    "tertinggi",
    "terendah",
    "terbesar",
    "tegangan",
    "arus",
    "daya",
    "tagihan",
    "rupiah",
    "terakhir",
    "siapa",
];
const ENGLISH: &[&str] = &[
    "what",
    "which",
    "how",
    "much",
    "many",
    "did",
    "do",
    "does",
    "is",
    "are",
    "the",
    "our",
    "my",
    "we",
    "us",
    "i",
    "last",
    "this",
    "week",
    "month",
    "yesterday",
    "today",
    "cost",
    "energy",
    "use",
    "used",
    "most",
    "compare",
    "show",
    "me",
    "when",
    "was",
    "were",
    "peak",
    "device",
    "devices",
    "hello",
    "hi",
    "hey",
    "help",
    "of",
    "and",
    "in",
    "with",
    "vs",
    "please",
    "have",
    "tell",
];

/// The language most of the telling words belong to; `None` when none tells.
pub(super) fn language(words: &[Word]) -> Option<Language> {
    let count = |list: &[&str]| words.iter().filter(|word| list.contains(&word.lower.as_str())).count();
    let (indonesian, english) = (count(INDONESIAN), count(ENGLISH));
    match indonesian.cmp(&english) {
        std::cmp::Ordering::Greater => Some(Language::Indonesian),
        std::cmp::Ordering::Less => Some(Language::English),
        std::cmp::Ordering::Equal if english > 0 => Some(Language::English),
        std::cmp::Ordering::Equal => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn punctuation_goes_and_codes_stay() {
        let lower: Vec<String> = words("What's AC-1's use (2026-11-03)?").into_iter().map(|word| word.lower).collect();
        assert_eq!(lower, ["what", "ac-1", "use", "2026-11-03"]);
    }

    #[test]
    fn the_language_is_heard() {
        let of = |text: &str| language(&words(text));
        assert_eq!(of("Berapa biaya kompresor 3 minggu lalu?"), Some(Language::Indonesian));
        assert_eq!(of("What did compressor 3 cost us last week?"), Some(Language::English));
        assert_eq!(of("/daily-digest"), None);
    }
}
