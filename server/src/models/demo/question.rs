//! What a message asks: an intent, periods, what it is about. Keyword spotting, nothing cleverer.

use super::{
    intent::{Intent, intent, slash},
    notes::{self, Wish},
    spans::{self, Span},
    vocabulary::{DEVICES, STOP, TRANSLATED},
    words::{Language, Word, claim, claim_at, find, is_in, language, words},
};

/// A message, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Question {
    /// `None` when no word tells.
    pub language: Option<Language>,
    /// `None`: nothing we know about.
    pub intent: Option<Intent>,
    pub spans: Vec<Span>,
    /// Phrases that may name a device or a group.
    pub subjects: Vec<String>,
    /// The phrases name departments.
    pub of_department: bool,
    pub group_by: Option<&'static str>,
    pub limit: Option<i64>,
    /// "and yesterday?", "what did it cost?": the rest is in the question before.
    pub refers_back: bool,
    /// What to do with notes.
    pub note: Option<Wish>,
}

/// More phrases than this are not looked up.
const MAX_SUBJECTS: usize = 4;
/// Longest phrase, words.
const MAX_SUBJECT_WORDS: usize = 5;

impl Question {
    pub(super) fn read(text: &str) -> Self {
        let mut words = words(text);
        let language = language(&words);
        if let Some((wish, told)) = notes::read(text) {
            let subjects = Some(wish.device().to_owned()).filter(|device| !device.is_empty());
            return Self {
                language: told.or(language),
                intent: Some(Intent::Note),
                spans: Vec::new(),
                subjects: subjects.into_iter().collect(),
                of_department: false,
                group_by: None,
                limit: None,
                refers_back: false,
                note: Some(wish),
            };
        }
        let slash = slash(text);
        if slash.is_some() {
            // The command's own word.
            claim_at(&mut words, 0, 1);
        }
        let refers_back = refers_back(&mut words);
        let group_by = group_by(&mut words);
        let limit = limit(&mut words);
        let spans = spans::take(&mut words);
        spans::claim_remains(&mut words);
        let of_department = claim(&mut words, "department|departments|dept|departemen|bagian|divisi|division");
        let intent = slash.or_else(|| intent(&mut words, group_by, of_department, spans.len()));
        let subjects = subjects(&mut words);
        Self { language, intent, spans, subjects, of_department, group_by, limit, refers_back, note: None }
    }

    /// Fills in from the question before what this one leaves open.
    pub(super) fn continuing(mut self, before: Option<&Self>) -> Self {
        let Some(before) = before else { return self };
        self.language = self.language.or(before.language);
        let is_fragment = self.intent.is_none() && (self.refers_back || !self.spans.is_empty());
        if !is_fragment && !self.refers_back {
            return self;
        }
        if self.intent.is_none() {
            self.intent = before.intent;
            self.group_by = self.group_by.or(before.group_by);
        }
        if self.subjects.is_empty() {
            self.subjects.clone_from(&before.subjects);
            self.of_department = self.of_department || before.of_department;
        }
        if self.spans.is_empty() {
            self.spans.clone_from(&before.spans);
        }
        self
    }
}

fn refers_back(words: &mut [Word]) -> bool {
    let leads = "and|what about|how about|dan|bagaimana dengan|bagaimana kalau|kalau|same for";
    let leading = find(words, leads).filter(|(at, _)| *at == 0);
    if let Some((at, length)) = leading {
        claim_at(words, at, length);
    }
    let pronoun = claim(words, "it|its|that one|the same|them|they|nya");
    leading.is_some() || pronoun
}

fn group_by(words: &mut [Word]) -> Option<&'static str> {
    for (name, phrases) in [
        ("day", "by day|per day|daily|each day|every day|per hari|harian|setiap hari"),
        ("month", "by month|per month|monthly|each month|per bulan|bulanan|setiap bulan"),
        ("shift", "by shift|per shift|each shift|setiap shift|shifts compared"),
        ("rate", "by rate|per rate|by tariff|per tariff|per tarif|wbp|lwbp|off-peak|offpeak"),
        ("device", "by device|per device|each device|per perangkat|setiap perangkat|by meter|per meter"),
    ] {
        if claim(words, phrases) {
            return Some(name);
        }
    }
    None
}

/// "top 5", "5 devices", "5 terbesar".
fn limit(words: &mut [Word]) -> Option<i64> {
    let count = |word: &Word| word.lower.parse::<i64>().ok().filter(|count| (1..=50).contains(count));
    let after = "devices|perangkat|meters|terbesar|tertinggi|terboros|peaks|biggest|largest";
    let at = (0..words.len()).find(|at| {
        let is_after_top = at.checked_sub(1).is_some_and(|before| words[before].lower == "top");
        let is_before_noun = words.get(at + 1).is_some_and(|next| is_in(&next.lower, after));
        count(&words[*at]).is_some() && (is_after_top || is_before_noun)
    })?;
    let limit = count(&words[at]);
    claim_at(words, at, 1);
    limit
}

fn is_content(word: &Word) -> bool {
    !word.used && !is_in(&word.lower, STOP) && word.lower.parse::<f64>().is_err()
}

/// Whether anything is left that could name a thing.
pub(super) fn has_content(words: &[Word]) -> bool {
    words.iter().any(is_content)
}

/// "compressors" is looked up as "compressor", which finds both.
fn singular(word: &str) -> &str {
    match word.strip_suffix('s') {
        Some(stem) if stem.len() >= 4 && !stem.ends_with(['s', 'i', 'u']) => stem,
        _ => word,
    }
}

/// What is left and has content: runs of words, numbers included when they follow a word.
fn subjects(words: &mut [Word]) -> Vec<String> {
    claim(words, DEVICES);
    let mut subjects: Vec<String> = Vec::new();
    let mut run: Vec<&str> = Vec::new();
    let mut close = |run: &mut Vec<&str>| {
        let phrase = std::mem::take(run).join(" ");
        if !phrase.is_empty() && !subjects.contains(&phrase) && subjects.len() < MAX_SUBJECTS {
            subjects.push(phrase);
        }
    };
    for (at, word) in words.iter().enumerate() {
        let is_number = !word.used && word.lower.parse::<f64>().is_ok();
        // "Line A", but not "a line": nothing unclaimed may follow.
        let is_letter = !word.used && word.lower == "a" && words.get(at + 1).is_none_or(|next| next.used);
        if is_content(word) || ((is_number || is_letter) && !run.is_empty()) {
            let translated = TRANSLATED.iter().find(|(from, _)| *from == word.lower).map(|(_, to)| *to);
            run.push(translated.unwrap_or_else(|| singular(&word.lower)));
            if run.len() == MAX_SUBJECT_WORDS {
                close(&mut run);
            }
        } else {
            close(&mut run);
        }
    }
    close(&mut run);
    subjects
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Option<Intent>, Vec<String>) {
        let question = Question::read(text);
        (question.intent, question.subjects)
    }

    #[test]
    fn a_useful_range_is_recognised() {
        use Intent::*;
        let highest = Rank { by: "energy", order: "highest" };
        for (text, intent, subjects) in [
            ("What did compressor 3 cost us last week?", Cost, &["compressor 3"][..]),
            ("Berapa biaya kompresor 3 minggu lalu?", Cost, &["compressor 3"]),
            ("How much energy did we use yesterday?", Energy, &[]),
            ("Berapa konsumsi listrik kemarin?", Energy, &[]),
            ("Show me the consumption of the boiler by day last week", Energy, &["boiler"]),
            ("Which devices use most?", highest, &[]),
            ("Perangkat mana yang paling boros bulan ini?", highest, &[]),
            ("top 5 devices by cost last month", Rank { by: "cost", order: "highest" }, &[]),
            ("which meters used the least yesterday", Rank { by: "energy", order: "lowest" }, &[]),
            ("Compare this week with last week", Compare, &[]),
            ("Bandingkan minggu ini dengan minggu lalu", Compare, &[]),
            ("Did compressor 3 use more than last month?", Compare, &["compressor 3"]),
            ("When was our peak last week?", Peaks, &[]),
            ("Kapan beban puncak kemarin?", Peaks, &[]),
            ("Is the data fresh?", Freshness, &[]),
            ("Apakah data terbaru?", Freshness, &[]),
            ("What devices do I have?", Devices, &[]),
            ("Perangkat apa saja yang saya punya?", Devices, &[]),
            ("What groups are there?", Groups, &[]),
            ("What is the tariff now?", Tariff, &[]),
            ("Which shift is on?", Shifts, &[]),
            ("What date is it?", Date, &[]),
            ("Tell me about compressor 3", Overview, &["compressor 3"]),
            ("voltage of compressor 3 yesterday", Series("voltage"), &["compressor 3"]),
            ("How much did the weaving department use in March?", Energy, &["weaving"]),
            ("cost by department last month", CompareGroups, &[]),
            ("Biaya per departemen bulan lalu", CompareGroups, &[]),
            ("Hello!", Greeting, &[]),
            ("What can you do?", Help, &[]),
            ("Show the consumption of compressor 3 last week as a chart", Energy, &["compressor 3"]),
            ("Which devices use most? Show as chart", highest, &[]),
            ("Tampilkan konsumsi kemarin dalam bentuk grafik", Energy, &[]),
            ("/daily-digest", DailyDigest, &[]),
            ("/weekly-summary", WeeklySummary, &[]),
            ("/peak-report last month", PeakReport, &[]),
            ("/dept-breakdown", DeptBreakdown, &[]),
        ] {
            let (found, about) = read(text);
            assert_eq!(found, Some(intent), "{text}");
            assert_eq!(about, subjects, "{text}");
        }
    }

    #[test]
    fn other_topics_have_no_intent() {
        for text in ["Write me a poem about the sea", "Who won the world cup?", "Siapa presiden Indonesia?", "😀", ""]
        {
            assert_eq!(read(text).0, None, "{text}");
        }
    }

    #[test]
    fn a_fragment_continues_the_question_before() {
        let before = Question::read("What did compressor 3 cost last week?");
        let next = Question::read("And yesterday?").continuing(Some(&before));
        assert_eq!((next.intent, next.subjects.as_slice()), (Some(Intent::Cost), &["compressor 3".to_owned()][..]));
        assert_eq!(next.spans, [Span::Keyword("yesterday")]);
        let other = Question::read("what about compressor 2?").continuing(Some(&before));
        assert_eq!((other.intent, other.subjects.as_slice()), (Some(Intent::Cost), &["compressor 2".to_owned()][..]));
        assert_eq!(other.spans, [Span::Keyword("last_week")]);
        let poem = Question::read("write a poem").continuing(Some(&before));
        assert_eq!(poem.intent, None);
    }

    #[test]
    fn splits_and_limits_are_heard() {
        assert_eq!(Question::read("cost by shift last week").group_by, Some("shift"));
        assert_eq!(Question::read("biaya WBP dan LWBP").group_by, Some("rate"));
        assert_eq!(Question::read("top 5 devices").limit, Some(5));
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,80}") {
            let question = Question::read(&text);
            proptest::prop_assert!(question.subjects.len() <= MAX_SUBJECTS);
            let _ = Question::read("and it").continuing(Some(&question));
        }
    }
}
