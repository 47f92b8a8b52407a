//! What Markdown becomes: on the page, while it arrives, and when somebody means harm.

use app::markdown::{Block, Inline, LinkUrl, MAX_DEPTH, Streaming, block_view, blocks};
use leptos::prelude::*;
use proptest::prelude::*;

fn html(source: &str) -> String {
    blocks(source).iter().map(|block| block_view(block).to_html()).collect::<String>().replace("<!>", "")
}

fn text(content: &str) -> Inline {
    Inline::Text(content.to_owned())
}

// ---- What is shown ----

#[test]
fn everyday_markdown_is_shown() {
    for (source, want) in [
        (
            "Hi *you* and **you**, ~~not~~ `x < y`",
            "<p>Hi <em>you</em> and <strong>you</strong>, <del>not</del> <code>x &lt; y</code></p>",
        ),
        ("# One\n\n## Two\n\n###### Six", "<h3>One</h3><h4>Two</h4><h6>Six</h6>"),
        ("- a\n- b", "<ul><li>a</li><li>b</li></ul>"),
        ("- a\n\n- b", "<ul><li><p>a</p></li><li><p>b</p></li></ul>"),
        ("3. a\n4. b", r#"<ol start="3"><li>a</li><li>b</li></ol>"#),
        ("1. a\n   - b", "<ol><li>a<ul><li>b</li></ul></li></ol>"),
        ("> quoted\n> text", "<blockquote><p>quoted\ntext</p></blockquote>"),
        ("a\n\n---\n\nb", "<p>a</p><hr><p>b</p>"),
        ("a\\\nb", "<p>a<br>b</p>"),
        (
            "kWh[^1]\n\n[^1]: measured",
            "<p>kWh<sup>[1]</sup></p><div class=\"footnote\"><sup>[1]</sup><div><p>measured</p></div></div>",
        ),
    ] {
        assert_eq!(html(source), want, "{source}");
    }
}

#[test]
fn a_table_scrolls_in_its_own_box_and_aligns_its_columns() {
    let html = html("| dept | kWh |\n|:-----|----:|\n| Weaving | 1,204 |\n| Dyeing<br>B |");
    assert!(html.contains(r#"class="table-scroll"><table"#), "{html}");
    for part in [
        r#"<th scope="col">dept</th><th scope="col" class="number">kWh</th>"#,
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
    assert!(html.contains(r#"<button type="button" class="code-copy">Copy</button>"#), "{html}");
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
    assert!(html.contains("Image: pixel (evil.example)"), "{html}");
    assert!(html.contains("<span class=\"chip\">Image: in link (a.example)</span>"), "no link inside a link: {html}");
    assert!(html.contains("<span class=\"chip\">Image: d (embedded)</span>"), "{html}");
}

// ---- What must not happen ----

const HOSTILE: &[&str] = &[
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](<java\nscript:alert(1)>)",
    "[x](&#106;avascript:alert(1))",
    "[x](&#x6A;avascript&colon;alert(1))",
    "[x](javascript&#58;alert(1))",
    "[x](java&Tab;script:alert(1))",
    "[x](java&NewLine;script:alert(1))",
    "[x](\u{1}javascript:alert(1))",
    "[x](%6Aavascript:alert(1))",
    "[x](\\javascript:alert(1))",
    "[x](vbscript:msgbox)",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](DATA:text/html,<script>alert(1)</script>)",
    "[x](//evil.example)",
    "[x](file:///etc/passwd)",
    "[x](blob:https://a.example/1)",
    "[x](feed:javascript:alert(1))",
    "<javascript:alert(1)>",
    "<data:text/html,x>",
    "[x]: javascript:alert(1)\n\n[x]",
    "[x]\n\n[x]: javascript:alert(1)",
    "![x](javascript:alert(1))",
    "![x\" onerror=\"alert(1)](https://a.example/\"onerror=\"alert(1))",
    "[x](https://a.example/\"onmouseover=\"alert(1))",
    "[x](https://a.example 't\" onmouseover=\"alert(1)')",
    "https://a.example/\"onmouseover=\"alert(1)",
    "https://a.example/&quot;onmouseover=&quot;alert(1)",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "x <svg/onload=alert(1)> <b>y</b>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<a href=\"javascript:alert(1)\">x</a>",
    "<style>*{display:none}</style>",
    "<!-- --><script>x</script>",
    "<br onclick=alert(1)>",
    "<br/onclick=alert(1)/>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "`<script>alert(1)</script>`",
    "```<script>\n</code></pre><script>alert(1)</script>\n```",
    "| <script>x</script> |\n|---|\n| <img src=x onerror=y> |",
    "[^<script>]: <script>x</script>\n\n[^<script>]",
    "# <script>x</script>",
    "- [x] <script>x</script>",
    "</div></main><form action=https://evil.example><input name=password>",
];

/// The first piece of markup that our own nodes cannot have made: a tag, an attribute or an address from the source.
fn foreign_markup(html: &str) -> Option<String> {
    const TAGS: &[&str] = &[
        "p",
        "h3",
        "h4",
        "h5",
        "h6",
        "em",
        "strong",
        "del",
        "code",
        "pre",
        "ul",
        "ol",
        "li",
        "div",
        "span",
        "blockquote",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "hr",
        "br",
        "a",
        "sup",
        "input",
        "button",
    ];
    const ATTRIBUTES: &[&str] = &[
        "class",
        "href",
        "target",
        "rel",
        "type",
        "disabled",
        "checked",
        "aria-label",
        "tabindex",
        "scope",
        "start",
        "role",
    ];
    let mut rest = html;
    while let Some(open) = rest.find('<') {
        let after = &rest[open + 1..];
        let mut quoted = false;
        let close = after.find(|c| {
            quoted ^= c == '"';
            c == '>' && !quoted
        });
        let Some(close) = close else { return Some(after.to_owned()) };
        let tag = &after[..close];
        rest = &after[close + 1..];

        let name = tag.trim_start_matches('/').split_whitespace().next().unwrap_or("");
        // What stands outside quotes are the tag's name and its attributes' names.
        let unquoted = tag.split('"').step_by(2).collect::<Vec<_>>().join(" ");
        let is_known = |name: &str| name == "=" || ATTRIBUTES.contains(&name.trim_end_matches('='));
        let address = tag.split("href=\"").nth(1).and_then(|rest| rest.split('"').next());
        let is_ours = TAGS.contains(&name)
            && unquoted.split_whitespace().skip(1).all(is_known)
            && address.is_none_or(|address| LinkUrl::parse(address).is_some());
        if !is_ours {
            return Some(tag.to_owned());
        }
    }
    None
}

#[test]
fn hostile_markdown_is_only_text() {
    for source in HOSTILE {
        let html = html(source);
        assert_eq!(foreign_markup(&html), None, "{source:?} became {html}");
    }
}

#[test]
fn the_check_for_foreign_markup_finds_some() {
    for bad in [
        "<script>x</script>",
        "<p onclick=\"x\">y</p>",
        "<img src=x>",
        "<a class=\"x\" style=\"y\">z</a>",
        "<a href=\"javascript:x\">y</a>",
        "<p",
    ] {
        assert!(foreign_markup(bad).is_some(), "{bad}");
    }
}

#[test]
fn raw_html_can_be_read() {
    assert_eq!(html("<b>x</b> & y"), "<p>&lt;b&gt;x&lt;/b&gt; &amp; y</p>");
    assert_eq!(html("<div>\nx\n</div>"), "<p>&lt;div&gt;\nx\n&lt;/div&gt;</p>");
}

// ---- Bounds ----

fn depth(blocks: &[Block]) -> usize {
    fn inline_depth(inlines: &[Inline]) -> usize {
        let of = |inline: &Inline| match inline {
            Inline::Emphasis(content)
            | Inline::Strong(content)
            | Inline::Strikethrough(content)
            | Inline::Link { content, .. } => 1 + inline_depth(content),
            _ => 1,
        };
        inlines.iter().map(of).max().unwrap_or(0)
    }
    let of = |block: &Block| match block {
        Block::Heading { content, .. } | Block::Paragraph(content) | Block::Plain(content) => 1 + inline_depth(content),
        Block::Quote(content) | Block::Footnote { content, .. } => 1 + depth(content),
        Block::List { items, .. } => 1 + items.iter().map(|item| depth(&item.content)).max().unwrap_or(0),
        Block::Table(table) => 1 + table.rows.iter().flatten().map(|cell| inline_depth(cell)).max().unwrap_or(0),
        Block::Code { .. } | Block::Rule => 1,
    };
    blocks.iter().map(of).max().unwrap_or(0)
}

#[test]
fn nesting_is_flattened_but_nothing_is_lost() {
    let quotes = format!("{}deep", "> ".repeat(2_000));
    let lists = (0..200).map(|n| format!("{}- level{n}\n", "  ".repeat(n))).collect::<String>();
    let emphasis = format!("{}deep{}", "*a _b ".repeat(2_000), "_ *".repeat(2_000));
    let mixed = format!("{0}| deep | x |\n{0}|---|---|\n", "> - ".repeat(40));
    for source in [&quotes, &lists, &emphasis, &mixed] {
        let parsed = blocks(source);
        assert!(depth(&parsed) <= MAX_DEPTH, "{} for {}", depth(&parsed), &source[..40]);
        let shown = html(source);
        assert!(shown.contains("deep") || shown.contains("level199"), "the innermost text is shown");
    }
}

/// Inputs that are quadratic in naive parsers. Even without optimisation a linear pass over each takes about a second; a
/// quadratic one takes minutes.
#[test]
fn nothing_is_quadratic() {
    let row = "| a | b | c | d |\n";
    let inputs = [
        "x".repeat(1 << 20),
        "word ".repeat(200_000),
        format!("{row}|---|---|---|---|\n{}", row.repeat(10_000)),
        "[".repeat(200_000),
        "![".repeat(100_000),
        "[a](".repeat(50_000),
        "*".repeat(200_000),
        "*a ".repeat(100_000),
        "_a *b ".repeat(50_000),
        "> ".repeat(100_000),
        "- ".repeat(50_000),
        "`".repeat(200_000),
        (1..600).map(|n| format!("{} x ", "`".repeat(n))).collect(),
        "<!--".repeat(50_000),
        "<?".repeat(100_000),
        "http".repeat(200_000),
        format!("https://a.example/{}", ")".repeat(200_000)),
        "&".repeat(200_000),
        "x\n\n".repeat(50_000),
        "[a]: https://a.example/\n\n[a]\n\n".repeat(10_000),
        format!("{}\n{}\n{}", "|a".repeat(3_000), "|-".repeat(3_000), "|x\n".repeat(20_000)),
        "[^a]: x\n".repeat(20_000),
        "\\\n".repeat(100_000),
    ];
    for input in inputs {
        let begin = std::time::Instant::now();
        let parsed = blocks(&input);
        let took = begin.elapsed();
        println!("{took:?} {} bytes {:?}", input.len(), &input[..20.min(input.len())]);
        assert!(!parsed.is_empty());
        assert!(took.as_secs() < 30, "{:?} took {took:?}", &input[..30.min(input.len())]);
    }
}

#[test]
fn repeated_references_cannot_blow_up() {
    let source = format!("[a]: https://a.example/{}\n\n{}", "x".repeat(2_000), "[a]\n\n".repeat(50_000));
    assert!(html(&source).len() < 6 << 20, "a 250 KB text stays a page");
}

// ---- While it arrives ----

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
