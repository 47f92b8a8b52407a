//! While it arrives.

use app::markdown::{Block, MAX_DEPTH, Streaming, blocks};
use proptest::prelude::*;

use crate::{
    hostile::{depth, foreign_markup},
    html, text,
};

fn streamed(pieces: &[&str]) -> Vec<Block> {
    let mut streaming = Streaming::new();
    for piece in pieces {
        streaming.push(piece);
    }
    streaming.finish();
    streaming.finished().to_vec()
}

#[test]
fn a_half_row_waits_until_it_is_whole() {
    let mut streaming = Streaming::new();
    let rows = |streaming: &Streaming| match streaming.tail().last() {
        Some(Block::Table(table)) => table.rows.len(),
        other => panic!("no table but {other:?}"),
    };
    streaming.push("Here:\n\n| a | b |\n");
    assert!(streaming.tail().is_empty(), "a head alone is not shown as text");
    streaming.push("|--");
    assert!(streaming.tail().is_empty());
    streaming.push("-|---|\n");
    assert_eq!(rows(&streaming), 0);
    streaming.push("| 1 |");
    assert_eq!(rows(&streaming), 0);
    streaming.push(" 2 |\n");
    assert_eq!(rows(&streaming), 1);
    streaming.push("3 | 4");
    assert_eq!(rows(&streaming), 1, "also without a leading bar");
    assert_eq!(streaming.finished(), [Block::Paragraph(vec![text("Here:")])]);
    streaming.finish();
    assert!(
        matches!(streaming.finished().last(), Some(Block::Table(table)) if table.rows.len() == 2),
        "the end shows it"
    );
}

#[test]
fn a_lone_marker_does_not_flicker() {
    let mut streaming = Streaming::new();
    streaming.push("Options:\n-");
    assert_eq!(streaming.tail(), [Block::Paragraph(vec![text("Options:")])], "not a heading for one moment");
    streaming.push(" first");
    assert!(matches!(&streaming.tail()[..], [Block::Paragraph(_), Block::List { .. }]));
}

#[test]
fn an_open_fence_is_code_already() {
    let mut streaming = Streaming::new();
    streaming.push("```py\nprint(1)\n\nx = 2\n``");
    assert_eq!(streaming.tail(), [Block::Code { language: "py".into(), text: "print(1)\n\nx = 2".into() }]);
}

#[test]
fn closed_blocks_are_frozen() {
    let mut streaming = Streaming::new();
    streaming.push("# One\n\ntwo\n\nthr");
    assert_eq!(streaming.finished().len(), 1, "what follows a blank line decides once its line is complete");
    streaming.push("ee\n");
    assert_eq!(streaming.finished().len(), 2);
    assert_eq!(streaming.tail(), [Block::Paragraph(vec![text("three")])]);
}

/// Lines that start, continue, end and interrupt every kind of block.
fn line() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "",
        "",
        "",
        " ",
        "text",
        "more *text*",
        "# h",
        "#",
        "- a",
        "-",
        "* b",
        "+",
        "1. x",
        "2) y",
        "10.",
        "  indented",
        "    code",
        "      deeper",
        "\tt",
        "> q",
        ">",
        "> - q",
        "```",
        "```rs",
        "~~~",
        "````",
        "---",
        "***",
        "===",
        "=",
        "| a | b |",
        "|---|---|",
        "| 1 | 2 |",
        "a | b",
        "--|--",
        "[x]",
        "[y][x]",
        "[x]: https://a.example",
        "[X]: <https://b.example> 'title",
        "'title'",
        "[z]:",
        "https://c.example",
        "[^1]",
        "[^1]: note",
        "    [^2]: in",
        "<div>",
        "</div>",
        "<!--",
        "-->",
        "<script>",
        "<br>",
        "- [ ] t",
        "- [x] d",
        "  - n",
        "   1. m",
        "*open",
        "**",
        "`tick",
        "end` \\",
        "two  ",
        "&amp;",
        "![i](https://d.example/i)",
        "<pre>",
        "</pre>",
        "<?",
        "<a",
        "é— “q”",
        "- ```",
        "$x$",
        "$$",
        "$$y$$",
        "\\[",
        "\\]",
        "\\(z\\)",
        "$5 and",
        "+ b",
        "> \\[",
        "[^1] [^1]",
        "> ```",
        "  ```",
        "-\t",
        "1.  - a",
        ">> x",
        "\u{a0}",
        "\u{c}",
    ]);
    prop::collection::vec(pieces, 1..3).prop_map(|parts| parts.concat())
}

fn document() -> impl Strategy<Value = String> {
    let end = prop::sample::select(vec!["\n", "\n", "\n", "\n\n", "\r\n", ""]);
    let lines = prop::collection::vec((line(), end), 0..14);
    lines.prop_map(|lines| lines.into_iter().map(|(line, end)| line + end).collect())
}

fn split(source: &str, at: &[prop::sample::Index]) -> Vec<String> {
    let chars = source.chars().collect::<Vec<_>>();
    let mut places = at.iter().map(|index| index.index(chars.len() + 1)).collect::<Vec<_>>();
    places.extend([0, chars.len()]);
    places.sort_unstable();
    places.windows(2).map(|pair| chars[pair[0]..pair[1]].iter().collect()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn however_it_is_split_the_end_is_the_same(
        source in document(),
        at in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let pieces = split(&source, &at);
        let pieces = pieces.iter().map(String::as_str).collect::<Vec<_>>();
        prop_assert_eq!(streamed(&pieces), blocks(&source), "split as {:?}", pieces);
    }

    #[test]
    fn character_by_character_is_the_same_too(source in document()) {
        let chars = source.chars().map(String::from).collect::<Vec<_>>();
        let chars = chars.iter().map(String::as_str).collect::<Vec<_>>();
        prop_assert_eq!(streamed(&chars), blocks(&source));
    }

    #[test]
    fn what_is_frozen_never_changes(source in document()) {
        let mut streaming = Streaming::new();
        let mut before: Vec<Block> = Vec::new();
        for c in source.chars() {
            streaming.push(c.encode_utf8(&mut [0; 4]));
            prop_assert!(streaming.finished().starts_with(&before));
            before = streaming.finished().to_vec();
            let _ = streaming.tail();
        }
        streaming.finish();
        prop_assert!(streaming.finished().starts_with(&before));
    }

    #[test]
    fn any_text_is_shown_safely(source in "\\PC{0,200}|[<>&\"'`*_\\[\\]()!:/#|\\-\n a-z]{0,200}") {
        let shown = html(&source);
        prop_assert_eq!(foreign_markup(&shown), None, "{}", shown);
        prop_assert!(depth(&blocks(&source)) <= MAX_DEPTH);
    }
}
