//! Tables as text for other programs.

/// RFC 4180, with a byte order mark, without which spreadsheets misread what is not ASCII. A cell that a spreadsheet would
/// take for a formula gets an apostrophe in front (OWASP, "CSV Injection"); numbers stay numbers.
#[must_use]
pub fn csv(rows: &[Vec<String>]) -> String {
    let mut text = String::from("\u{FEFF}");
    for row in rows {
        for (place, cell) in row.iter().enumerate() {
            if place > 0 {
                text.push(',');
            }
            push_cell(&mut text, cell);
        }
        text.push_str("\r\n");
    }
    text
}

/// Tab-separated, for the clipboard; line breaks and tabs in cells become spaces.
#[must_use]
pub fn tsv(rows: &[Vec<String>]) -> String {
    let line = |row: &Vec<String>| {
        let cells = row.iter().map(|cell| {
            let cell = cell.replace(['\t', '\n', '\r'], " ");
            if begins_formula(&cell) { ["'", &cell].concat() } else { cell }
        });
        cells.collect::<Vec<_>>().join("\t")
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn push_cell(text: &mut String, cell: &str) {
    let is_formula = begins_formula(cell);
    let is_quoted = cell.contains([',', '"', '\n', '\r']) || cell.starts_with([' ', '\t']) || cell.ends_with(' ');
    if is_quoted {
        text.push('"');
    }
    if is_formula {
        text.push('\'');
    }
    for c in cell.chars() {
        if c == '"' {
            text.push('"');
        }
        text.push(c);
    }
    if is_quoted {
        text.push('"');
    }
}

fn begins_formula(cell: &str) -> bool {
    // Spreadsheets skip white space, and some take full-width signs for plain ones.
    let is_sign = |c: char| matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠');
    let begins = cell.starts_with(['\t', '\r']) || cell.trim_start().starts_with(is_sign);
    begins && !is_number(cell)
}

/// `-1,204.5`, `+3`, `-12 %`, `−` with a currency is none.
fn is_number(cell: &str) -> bool {
    let unsigned = cell.strip_prefix(['-', '+']).unwrap_or(cell);
    let is_part = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | ' ' | '\u{A0}' | '\u{202F}' | '%');
    unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && unsigned.contains(|c: char| c.is_ascii_digit())
        && unsigned.chars().all(is_part)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rows(rows: &[&[&str]]) -> Vec<Vec<String>> {
        rows.iter().map(|row| row.iter().map(|cell| (*cell).to_owned()).collect()).collect()
    }

    #[test]
    fn cells_are_quoted_where_they_must_be() {
        let text = csv(&rows(&[&["a", "b,c", "d\"e", "f\ng"], &["", " x", "é", "1"]]));
        assert_eq!(text, "\u{FEFF}a,\"b,c\",\"d\"\"e\",\"f\ng\"\r\n,\" x\",é,1\r\n");
    }

    #[test]
    fn formulas_are_text_and_numbers_are_numbers() {
        for bad in ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", " =1", "-", "=", "＝1", "-1e5+x"]
        {
            let text = csv(&rows(&[&[bad]]));
            assert!(text.trim_start_matches(['\u{FEFF}', '"']).starts_with('\''), "{bad:?} became {text:?}");
        }
        for good in ["-1,204.5", "+3", "-12 %", "-.5", "12", "1=2", "a-b", ""] {
            assert!(!csv(&rows(&[&[good]])).contains('\''), "{good:?}");
        }
    }

    #[test]
    fn a_cell_stays_one_cell_on_the_clipboard() {
        assert_eq!(tsv(&rows(&[&["a\tb", "c\nd"], &["=1", "2"]])), "a b\tc d\n'=1\t2");
    }

    /// The rows of a CSV text, read by the rules of RFC 4180.
    fn parsed(text: &str) -> Vec<Vec<String>> {
        let (mut rows, mut row, mut cell, mut quoted) = (vec![], vec![], String::new(), false);
        let mut chars = text.trim_start_matches('\u{FEFF}').chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '"' if quoted && chars.peek() == Some(&'"') => cell.extend(chars.next()),
                '"' => quoted = !quoted,
                ',' if !quoted => row.push(std::mem::take(&mut cell)),
                '\r' if !quoted && chars.peek() == Some(&'\n') => {
                    chars.next();
                    row.push(std::mem::take(&mut cell));
                    rows.push(std::mem::take(&mut row));
                }
                c => cell.push(c),
            }
        }
        rows
    }

    proptest! {
        #[test]
        fn every_table_can_be_read_back(table in prop::collection::vec(prop::collection::vec("[a-z=+,\"\n\r @-]{0,6}", 1..4), 0..5)) {
            let read = parsed(&csv(&table));
            let plain = |rows: &[Vec<String>]| -> Vec<Vec<String>> {
                rows.iter().map(|row| row.iter().map(|cell| cell.trim_start_matches('\'').to_owned()).collect()).collect()
            };
            prop_assert_eq!(plain(&read), plain(&table));
        }
    }
}
