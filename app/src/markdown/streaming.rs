//! Markdown that is still arriving. Blocks that nothing can change any more are frozen; only the tail is parsed again.

use super::{
    blocks::Block,
    math::open_formula,
    parse::{Definitions, follows_blank_line, pieces},
    parser::parser,
};

/// Longer beginnings of formulas are shown as they are.
const MAX_HELD_BYTES: usize = 2048;

/// A growing text. After [`Streaming::finish`], [`Streaming::finished`] is exactly what [`super::blocks`] makes of the
/// whole text, however it was split.
#[derive(Debug, Default)]
pub struct Streaming {
    frozen: Vec<Block>,
    definitions: Definitions,
    /// What follows the frozen blocks.
    tail: String,
    /// How much of `tail` was already searched for the beginning of a further block.
    searched: usize,
    /// A long tail in which no further block was found is not searched again before it has this many bytes.
    next_try: usize,
    /// A further block may have begun since the last search.
    unfrozen_block: bool,
}

/// Tails up to this size are searched at every chance, longer ones only when they have grown by an eighth: else a long
/// block with blank lines in it (code, a loose list) would be parsed from its beginning at every one of them.
const SEARCHED_ALWAYS: usize = 4096;

impl Streaming {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends text. The work is bounded by the tail: the text behind the last frozen block.
    pub fn push(&mut self, text: &str) {
        self.tail.push_str(text);
        if text.contains('\n') && self.may_have_new_block() {
            self.unfrozen_block = true;
        }
        if self.unfrozen_block && self.tail.len() >= self.next_try {
            self.unfrozen_block = false;
            self.freeze();
            self.next_try = self.tail.len() + self.tail.len() / 8;
            if self.tail.len() <= SEARCHED_ALWAYS {
                self.next_try = 0;
            }
        }
    }

    /// The end of the text: everything is frozen, the tail is empty.
    pub fn finish(&mut self) {
        let tail = std::mem::take(&mut self.tail);
        self.searched = 0;
        let parser = parser();
        for piece in pieces(&tail, &(parser.cuts)(&tail)) {
            self.frozen.append(&mut (parser.piece)(piece, &mut self.definitions, None));
        }
    }

    /// How many bytes [`Streaming::tail`] would parse.
    #[must_use]
    pub fn tail_bytes(&self) -> usize {
        self.tail.len()
    }

    /// The frozen blocks: this only ever grows at its end.
    #[must_use]
    pub fn finished(&self) -> &[Block] {
        &self.frozen
    }

    /// The blocks that may still change, as they should be shown now. What would flicker is held back: a table row until
    /// it is complete, a formula until it is closed, a line of nothing but markers until it is clear what it marks.
    #[must_use]
    pub fn tail(&self) -> Vec<Block> {
        let shown = without_open_formula(without_unclear_end(&self.tail));
        let mut shown_blocks = self.parse_tail(shown);
        let is_half_row = matches!(shown_blocks.last(), Some(Block::Table(_))) && !shown.ends_with('\n');
        if is_half_row {
            shown_blocks = self.parse_tail(complete_lines(shown));
        }
        shown_blocks
    }

    fn parse_tail(&self, text: &str) -> Vec<Block> {
        let mut overlay = self.definitions.overlay();
        let mut all = Vec::new();
        let parser = parser();
        for piece in pieces(text, &(parser.cuts)(text)) {
            all.append(&mut (parser.piece)(piece, &mut overlay, Some(&self.definitions)));
        }
        all
    }

    /// Cheap: whether, since the last look, a complete line follows a blank one. Only there can a cut be.
    fn may_have_new_block(&mut self) -> bool {
        let end = complete_lines(&self.tail).len();
        let mut line_start = self.searched;
        let mut is_possible = false;
        while line_start < end {
            let line_end = self.tail[line_start..end].find('\n').map_or(end, |newline| line_start + newline + 1);
            let is_blank = self.tail[line_start..line_end].trim().is_empty();
            is_possible |= !is_blank && follows_blank_line(&self.tail, line_start);
            line_start = line_end;
        }
        self.searched = end;
        is_possible
    }

    fn freeze(&mut self) {
        let complete = complete_lines(&self.tail);
        let parser = parser();
        let mut found = (parser.cuts)(complete);
        // `[a]:` may yet become a link definition when its address follows on the next line, and then nothing begins there.
        if found.last().is_some_and(|&last| complete[last..].trim_start().starts_with('[')) {
            found.pop();
        }
        let Some(last) = found.pop() else { return };
        for piece in pieces(&complete[..last], &found) {
            self.frozen.append(&mut (parser.piece)(piece, &mut self.definitions, None));
        }
        self.tail.drain(..last);
        self.searched -= last;
    }
}

/// `text` up to and including its last line break: the structure of complete lines never changes.
fn complete_lines(text: &str) -> &str {
    text.rfind('\n').map_or("", |newline| &text[..=newline])
}

/// `text` without an end of which nobody can tell yet what it will be.
fn without_unclear_end(text: &str) -> &str {
    let complete = complete_lines(text);
    let last = text[complete.len()..].trim();
    if is_row(last) {
        return without_table_head(complete);
    }
    if last.is_empty() {
        return without_table_head(text);
    }
    if is_marker(last) { complete } else { text }
}

/// Without a formula whose end has not come yet, unless it is so long that it hardly is one. Where there is code, its
/// dollars are no formulas.
fn without_open_formula(text: &str) -> &str {
    let has_code = text.contains("```") || text.contains("~~~");
    match open_formula(text) {
        Some(start) if !has_code && text.len() - start <= MAX_HELD_BYTES => &text[..start],
        _ => text,
    }
}

/// Without a last line that looks like a table's head: the line below it tells.
fn without_table_head(text: &str) -> &str {
    let Some(body) = text.strip_suffix('\n') else { return text };
    let start = body.rfind('\n').map_or(0, |newline| newline + 1);
    let before = body[..start].trim_end_matches('\n').rsplit('\n').next().unwrap_or("");
    let follows_row = body[..start].ends_with('\n') && !follows_blank_line(text, start) && is_row(before.trim());
    if is_row(body[start..].trim()) && !follows_row { &text[..start] } else { text }
}

fn is_row(line: &str) -> bool {
    line.starts_with('|')
}

/// A line that, so far, holds only the marks of a block: `-`, `##`, `3.`, "```", `> -`.
fn is_marker(line: &str) -> bool {
    let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
    if rest.len() < line.len() {
        return rest == "." || rest == ")";
    }
    !line.is_empty() && line.chars().all(|c| matches!(c, '-' | '=' | '*' | '+' | '#' | '>' | '~' | '`' | '_' | ' '))
}
