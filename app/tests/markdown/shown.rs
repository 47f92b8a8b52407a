//! What is shown.

use app::{
    markdown::SHOWN_ROWS,
    model::{CodeClass, CodeSpans, Rich, RichContent, RichSource},
};

use crate::{html, plain_html, rich_html};

#[test]
fn everyday_markdown_is_shown() {
    for (source, want) in [
        (
            "Hi *you* and **you**, ~~not~~ `x < y`",
            "<p>Hi <em>you</em> and <strong>you</strong>, <del>not</del> <code>x &lt; y</code></p>",
        ),
        ("# One\n\n## Two\n\n### Three\n\n###### Six", "<h3>One</h3><h3>Two</h3><h4>Three</h4><h6>Six</h6>"),
        ("- a\n- b", "<ul><li>a</li><li>b</li></ul>"),
        ("- a\n\n- b", "<ul><li><p>a</p></li><li><p>b</p></li></ul>"),
        ("3. a\n4. b", r#"<ol start="3"><li>a</li><li>b</li></ol>"#),
        ("1. a\n   - b", "<ol><li>a<ul><li>b</li></ul></li></ol>"),
        ("> quoted\n> text", "<blockquote><p>quoted\ntext</p></blockquote>"),
        ("a\n\n---\n\nb", "<p>a</p><hr><p>b</p>"),
        ("a\\\nb", "<p>a<br>b</p>"),
        (
            "kWh[^1]\n\n[^1]: measured",
            "<p>kWh<sup id=\"m-1-fnref-1\"><a href=\"#m-1-fn-1\" aria-label=\"Footnote 1\">[1]</a></sup></p>\
             <div class=\"footnote\"><sup id=\"m-1-fn-1\">[1]</sup><div><p>measured</p>\
             <a class=\"footnote-back\" href=\"#m-1-fnref-1\" aria-label=\"Back to the text\">↩</a></div></div>",
        ),
    ] {
        assert_eq!(plain_html(source), want, "{source}");
    }
}

#[test]
fn a_table_scrolls_in_its_own_box_and_aligns_its_columns() {
    let html = plain_html("| dept | kWh |\n|:-----|----:|\n| Weaving | 1,204 |\n| Dyeing<br>B |");
    assert!(
        html.contains(r#"<div class="table-scroll" role="group" aria-label="Table" tabindex="0"><table"#),
        "{html}"
    );
    for part in [
        r#"<th scope="col">dept</th><th class="number" scope="col">kWh</th>"#,
        r#"<td>Weaving</td><td class="number">1,204</td>"#,
        r#"<td>Dyeing<br>B</td><td class="number"></td>"#,
    ] {
        assert!(html.contains(part), "{part} in {html}");
    }
}

#[test]
fn tasks_show_their_state_to_everybody() {
    let html = html("- [x] done\n- [ ] open");
    assert!(html.contains(r#"<input type="checkbox" disabled checked aria-label="Done">"#), "{html}");
    assert!(html.contains(r#"<input type="checkbox" disabled aria-label="Not done">"#), "{html}");
}

#[test]
fn code_has_its_language_and_a_copy_button() {
    let html = html("```rust ignore\nfn main() {}\n\n// <b>\n```");
    assert!(html.contains("<span>rust</span>"), "{html}");
    assert!(html.contains(r#"data-act="copy-code" aria-label="Copy code">Copy</button>"#), "{html}");
    assert!(html.contains(r#"data-act="wrap" aria-label="Wrap long lines">Wrap</button>"#), "{html}");
    assert!(html.contains("<code>fn main() {}\n\n// &lt;b&gt;</code>"), "{html}");
}

#[test]
fn links_open_elsewhere_and_tell_nobody_from_where() {
    for source in ["[x](https://a.example/?q=1&r=2)", "<https://a.example/?q=1&r=2>", "https://a.example/?q=1&r=2"] {
        let html = html(source);
        assert!(html.contains(r#"href="https://a.example/?q=1&amp;r=2""#), "{html}");
        assert!(html.contains(r#"target="_blank" rel="noopener noreferrer nofollow""#), "{html}");
    }
    assert!(html("<ana@example.com>").contains(r#"href="mailto:ana@example.com""#));
}

#[test]
fn a_definition_counts_from_its_own_block_onward() {
    let html = html("[early]\n\n[early]: https://a.example\n\n[Early] and [late]\n\nx\n\n[late]: https://b.example");
    assert_eq!(html.matches("https://a.example").count(), 2, "behind its own block and after: {html}");
    assert!(html.contains("and [late]"), "a use above stays text: {html}");
}

#[test]
fn an_image_is_named_but_never_loaded() {
    let html = html(
        "![pixel](https://evil.example/p.png?secret) [![in link](https://a.example/i.png)](https://b.example) \
         ![d](data:image/png;base64,AA)",
    );
    assert!(!html.contains("<img") && !html.contains("src="), "{html}");
    assert!(html.contains(">Load image from evil.example</a>"), "{html}");
    assert!(html.contains("<span class=\"chip\">Image: in link (a.example)</span>"), "no link inside a link: {html}");
    assert!(html.contains("<span class=\"chip\">Image: d (embedded)</span>"), "{html}");
}

#[test]
fn code_has_the_colours_the_server_found() {
    let source = RichSource::Code { language: "sql".into(), text: "select 1 -- <b>".into() };
    let mut spans = CodeSpans::default();
    for (bytes, class) in [
        (6, CodeClass::Keyword),
        (1, CodeClass::Plain),
        (1, CodeClass::Number),
        (1, CodeClass::Plain),
        (6, CodeClass::Comment),
    ] {
        spans.push(bytes, class);
    }
    let rich = vec![Rich { key: source.key(), content: RichContent::Code(spans) }];
    let markdown = "```sql\nselect 1 -- <b>\n```";
    let shown = rich_html(markdown, rich.clone());
    let want = "<code><span class=\"hl-keyword\">select</span> <span class=\"hl-number\">1</span> \
                <span class=\"hl-comment\">-- &lt;b&gt;</span></code>";
    assert!(shown.contains(want), "{shown}");
    let other = Rich { key: RichSource::Code { language: "sql".into(), text: "é".into() }.key(), ..rich[0].clone() };
    assert!(rich_html("```sql\né\n```", vec![other]).contains("<code>é</code>"), "spans of another text are not used");
}

#[test]
fn footnotes_link_both_ways_once() {
    let html = html("a[^n] b[^n]\n\n[^n]: one\n\n[^n]: two\n\n[^a b]: x");
    assert_eq!(html.matches("id=\"m-1-fnref-n\"").count(), 1, "{html}");
    assert_eq!(html.matches("id=\"m-1-fn-n\"").count(), 1, "{html}");
    assert_eq!(html.matches("href=\"#m-1-fn-n\"").count(), 2, "{html}");
}

#[test]
fn a_long_table_shows_its_beginning_and_offers_the_rest() {
    let source = format!("| n |\n|---|\n{}", (0..10_000).map(|n| format!("| row{n} |\n")).collect::<String>());
    let shown = html(&source);
    assert_eq!(shown.matches("<td").count(), SHOWN_ROWS);
    assert!(shown.contains("data-act=\"all-rows\">Show all 10,000 rows</button>"), "the way to the rest");
}

#[test]
fn deceiving_characters_are_shown() {
    let shown = html("a\u{202E}b `c\u{2066}d` [pay\u{200B}pal](https://evil.example) \u{200B}");
    for part in ["a⟨U+202E⟩b", "<code>c⟨U+2066⟩d</code>", ">pay⟨U+200B⟩pal</a>"] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    assert!(shown.ends_with("\u{200B}</p>") || shown.ends_with(" </p>"), "in running text they stay: {shown}");
    assert!(html("```\nif (x\u{202E}) \n```").contains("if (x⟨U+202E⟩) "));
}
