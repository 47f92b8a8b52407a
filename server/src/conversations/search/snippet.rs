//! The place of a match, as runs of plain text: built from the stored text, so both engines show the same.

use app::model::SnippetPiece;

use crate::db::search::{
    Term,
    words::{Word, words},
};

/// Characters of a snippet, about.
const WINDOW: usize = 160;
/// Characters before the first match in it, about.
const LEAD: usize = 40;
/// Words of a message that are looked at; as many as are indexed.
const MAX_WORDS: usize = 16_000;
/// Matches that are compared when the best place is chosen.
const MAX_PLACES: usize = 200;

/// Where a term stands in a text: bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    term: usize,
    start: usize,
    end: usize,
}

/// All of a short text on one line.
pub(super) fn whole(text: &str, terms: &[Term]) -> Vec<SnippetPiece> {
    let places = places(&words(text, MAX_WORDS), terms);
    pieces(text, (0, text.len()), &places)
}

/// About [`WINDOW`] characters around the place where most terms stand together, the first such place. Without a match:
/// the beginning.
pub(super) fn around(text: &str, terms: &[Term]) -> Vec<SnippetPiece> {
    let places = places(&words(text, MAX_WORDS), terms);
    let first = densest(text, &places).map_or(0, |place| place.start);
    let start = word_start(text, back(text, first, LEAD), first);
    let end = word_end(text, forward(text, start, WINDOW), places.iter().find(|place| place.start == first));
    let mut pieces = pieces(text, (start, end), &places);
    if text.get(..start).is_some_and(|before| !before.trim().is_empty()) {
        push(&mut pieces, '…', false, true);
    }
    if text.get(end..).is_some_and(|rest| !rest.trim().is_empty()) {
        push(&mut pieces, '…', false, false);
    }
    pieces
}

fn places(words: &[Word], terms: &[Term]) -> Vec<Place> {
    let mut places = Vec::new();
    for at in 0..words.len() {
        for (number, term) in terms.iter().enumerate() {
            let Some(there) = words.get(at..) else { continue };
            let Some(count) = term.stands_at(there) else { continue };
            if let (Some(first), Some(last)) = (there.first(), there.get(count - 1)) {
                places.push(Place { term: number, start: first.start, end: last.end });
            }
        }
    }
    places
}

/// The place with the most different terms in the window that begins with it.
fn densest(text: &str, places: &[Place]) -> Option<Place> {
    let mut best: Option<(usize, Place)> = None;
    for (at, place) in places.iter().take(MAX_PLACES).enumerate() {
        let end = forward(text, place.start, WINDOW - LEAD);
        let near = places.iter().skip(at).take(MAX_PLACES).take_while(|other| other.end <= end);
        let mut terms: Vec<usize> = near.map(|other| other.term).collect();
        terms.sort_unstable();
        terms.dedup();
        if best.is_none_or(|(most, _)| terms.len() > most) {
            best = Some((terms.len(), *place));
        }
    }
    best.map(|(_, place)| place)
}

/// `count` characters before `from`.
fn back(text: &str, from: usize, count: usize) -> usize {
    let before = text.get(..from).unwrap_or_default();
    before.char_indices().rev().take(count).last().map_or(from, |(at, _)| at)
}

/// `count` characters after `from`.
fn forward(text: &str, from: usize, count: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    rest.char_indices().nth(count).map_or(text.len(), |(at, _)| from + at)
}

/// The first beginning of a word from `at` on, unless that skips `first`.
fn word_start(text: &str, at: usize, first: usize) -> usize {
    if at == 0 {
        return 0;
    }
    let between = text.get(at..first).unwrap_or_default();
    between.find(char::is_whitespace).map_or(at, |space| at + space)
}

/// The last end of a word before `at`, unless that cuts `first` off.
fn word_end(text: &str, at: usize, first: Option<&Place>) -> usize {
    if at >= text.len() {
        return text.len();
    }
    let least = first.map_or(0, |place| place.end);
    let space = text.get(..at).and_then(|window| window.rfind(char::is_whitespace));
    space.filter(|space| *space >= least && *space + WINDOW / 2 > at).unwrap_or(at)
}

/// The text between two bytes on one line, cut where matches begin and end.
fn pieces(text: &str, (start, end): (usize, usize), places: &[Place]) -> Vec<SnippetPiece> {
    let mut places = places.iter().filter(|place| place.end > start).peekable();
    // Where the matches seen so far end: they may overlap.
    let mut hit_until = 0;
    let mut pieces: Vec<SnippetPiece> = Vec::new();
    // A run of white space since the last character, and whether it lies within a matched phrase.
    let mut gap: Option<bool> = None;
    for (offset, c) in text.get(start..end).unwrap_or_default().char_indices() {
        let at = start + offset;
        while let Some(place) = places.next_if(|place| place.start <= at) {
            hit_until = hit_until.max(place.end);
        }
        if c.is_whitespace() || c.is_control() {
            gap = Some(at < hit_until);
            continue;
        }
        // Marks of Markdown say nothing on one line.
        if matches!(c, '*' | '`') {
            continue;
        }
        let hit = at < hit_until;
        if let Some(is_within) = gap.take()
            && !pieces.is_empty()
        {
            push(&mut pieces, ' ', is_within, false);
        }
        push(&mut pieces, c, hit, false);
    }
    pieces
}

fn push(pieces: &mut Vec<SnippetPiece>, c: char, hit: bool, in_front: bool) {
    let neighbour = if in_front { pieces.first_mut() } else { pieces.last_mut() };
    match neighbour {
        Some(piece) if piece.hit == hit && in_front => piece.text.insert(0, c),
        Some(piece) if piece.hit == hit => piece.text.push(c),
        _ if in_front => pieces.insert(0, SnippetPiece { text: c.to_string(), hit }),
        _ => pieces.push(SnippetPiece { text: c.to_string(), hit }),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::query::terms, *};

    /// `before [match] after`.
    fn shown(pieces: &[SnippetPiece]) -> String {
        let show = |piece: &SnippetPiece| if piece.hit { format!("[{}]", piece.text) } else { piece.text.clone() };
        pieces.iter().map(show).collect()
    }

    #[test]
    fn a_title_is_shown_whole_with_its_matches() {
        let title = "Überstrom last week";
        assert_eq!(shown(&whole(title, &terms("uber"))), "[Überstrom] last week");
        assert_eq!(shown(&whole(title, &terms("\"LAST week\" "))), "Überstrom [last week]");
        assert_eq!(shown(&whole(title, &terms("last week"))), "Überstrom [last] [week]");
        assert_eq!(shown(&whole(title, &terms("nothing"))), title);
    }

    #[test]
    fn a_snippet_is_the_place_where_most_terms_stand() {
        let text =
            format!("peak {} the **peak** load\n\n| of | `compressor 3` |{}", "x ".repeat(200), " y".repeat(200));
        let snippet = shown(&around(&text, &terms("peak compressor ")));
        assert!(snippet.contains("the [peak] load | of | [compressor] 3 |"), "{snippet}");
        assert!(snippet.starts_with('…') && snippet.ends_with('…'), "{snippet}");
    }

    #[test]
    fn a_short_message_is_shown_whole() {
        assert_eq!(shown(&around(" one\ntwo ", &terms("two"))), "one [two]");
        assert_eq!(around("", &terms("two")), Vec::new());
    }

    #[test]
    fn one_endless_word_is_cut() {
        let snippet = around(&"a".repeat(100_000), &terms("aaa"));
        assert!(snippet.iter().map(|piece| piece.text.chars().count()).sum::<usize>() <= WINDOW + 2);
        assert!(snippet.iter().any(|piece| piece.hit));
    }

    proptest::proptest! {
        #[test]
        fn any_text_gives_a_bounded_line(
            text in "(\\PC|[\\x00-\\x20]|ab |é日*`){0,400}",
            query in "(ab|日|[a-z ]|\\PC|\"){0,20}",
        ) {
            let terms = terms(&query);
            for pieces in [around(&text, &terms), whole(&text, &terms)] {
                for piece in &pieces {
                    proptest::prop_assert!(!piece.text.is_empty());
                    proptest::prop_assert!(!piece.text.chars().any(char::is_control));
                }
                proptest::prop_assert!(pieces.windows(2).all(|pair| pair[0].hit != pair[1].hit));
            }
            let long: usize = around(&text, &terms).iter().map(|piece| piece.text.chars().count()).sum();
            proptest::prop_assert!(long <= WINDOW + 2, "{long}");
        }

        #[test]
        fn what_was_found_is_marked(before in "[x ]{0,300}", after in "[y ]{0,300}") {
            let text = format!("{before} needle {after}");
            let pieces = around(&text, &terms("needle"));
            proptest::prop_assert!(pieces.iter().any(|piece| piece.hit && piece.text == "needle"), "{pieces:?}");
        }
    }
}
