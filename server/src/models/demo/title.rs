//! A short title for a conversation, from its first question.

use super::{intent::Intent, question::Question, words::Language};

/// Longest title, characters.
const MAX_TITLE: usize = 60;

/// A title for what a person wrote. Other text around it (tags, quotes) does not hurt.
pub(super) fn title(text: &str) -> String {
    let text = without_tags(text);
    let question = Question::read(&text);
    let language = question.language.unwrap_or(Language::English);
    let Some(topic) = question.intent.and_then(|intent| topic(intent, language)) else { return first_words(&text) };
    let title = match question.subjects.first() {
        Some(subject) => format!("{}: {topic}", capitals(subject)),
        None => capital(topic),
    };
    cut(&title)
}

fn topic(intent: Intent, language: Language) -> Option<&'static str> {
    let (english, indonesian) = match intent {
        Intent::DailyDigest => ("daily digest", "ringkasan harian"),
        Intent::WeeklySummary => ("weekly summary", "ringkasan mingguan"),
        Intent::PeakReport => ("peak report", "laporan beban puncak"),
        Intent::DeptBreakdown | Intent::CompareGroups => ("energy by department", "energi per departemen"),
        Intent::Devices => ("devices", "perangkat"),
        Intent::Overview => ("overview", "ringkasan"),
        Intent::Quantities => ("measured quantities", "besaran yang diukur"),
        Intent::Freshness => ("data freshness", "kesegaran data"),
        Intent::Series(_) => ("readings", "pembacaan"),
        Intent::Energy => ("energy use", "pemakaian energi"),
        Intent::Cost => ("energy cost", "biaya energi"),
        Intent::Compare => ("comparison", "perbandingan"),
        Intent::Rank { .. } => ("device ranking", "peringkat perangkat"),
        Intent::Groups => ("groups", "kelompok"),
        Intent::Peaks => ("peak demand", "beban puncak"),
        Intent::Tariff => ("tariff", "tarif"),
        Intent::Shifts => ("shifts", "shift"),
        Intent::Note => ("note", "catatan"),
        Intent::Date | Intent::Greeting | Intent::Help | Intent::Thanks => return None,
    };
    Some(language.pick(english, indonesian))
}

fn without_tags(text: &str) -> String {
    let mut outside = String::with_capacity(text.len());
    let mut depth = 0_u32;
    for c in text.chars() {
        match c {
            '<' => depth += 1,
            '>' if depth > 0 => {
                depth -= 1;
                outside.push(' ');
            }
            _ if depth == 0 => outside.push(c),
            _ => {}
        }
    }
    // An opening bracket that is never closed was no tag.
    if depth > 0 { text.to_owned() } else { outside }
}

fn first_words(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().take(7).collect();
    if words.is_empty() {
        return "New conversation".to_owned();
    }
    let joined = words.join(" ");
    let plain = joined.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '?' | '.' | '!' | ','));
    if plain.is_empty() { cut(&joined) } else { cut(&capital(plain)) }
}

fn cut(title: &str) -> String {
    if title.chars().count() <= MAX_TITLE {
        return title.to_owned();
    }
    title.chars().take(MAX_TITLE - 1).chain(['…']).collect()
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

fn capitals(text: &str) -> String {
    text.split(' ').map(capital).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_says_what_it_is_about() {
        assert_eq!(title("What did compressor 3 cost us last week?"), "Compressor 3: energy cost");
        assert_eq!(title("<message>\nKapan beban puncak kemarin?\n</message>"), "Beban puncak");
        assert_eq!(title("/daily-digest"), "Daily digest");
        assert_eq!(title("write me a poem about the sea, please"), "Write me a poem about the sea");
        assert_eq!(title(""), "New conversation");
        assert!(title(&"x".repeat(500)).chars().count() <= MAX_TITLE);
        assert_eq!(title("is 3 < 4 ?"), "Is 3 < 4");
    }
}
