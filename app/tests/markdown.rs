//! What Markdown becomes: on the page, while it arrives, and when somebody means harm.

#![expect(clippy::expect_used, reason = "tests: a broken fixture should fail loudly")]

use app::{
    markdown::{
        Block, Inline, LinkUrl, MAX_DEPTH, RichStore, SHOWN_ROWS, Showing, Streaming, block_view, blocks, sources,
    },
    model::{CodeClass, CodeSpans, Lang, MathMl, Rich, RichContent, RichSource},
};
use leptos::prelude::*;
use proptest::prelude::*;

/// The page with what the server knows about the text.
fn rich_html(source: &str, rich: Vec<Rich>) -> String {
    let showing = Showing::new(Lang::English, "m-1".into(), RichStore::new(rich));
    Owner::new().with(|| {
        let views = blocks(source).iter().map(|block| block_view(block, &showing).to_html()).collect::<String>();
        views.replace("<!>", "")
    })
}

fn html(source: &str) -> String {
    rich_html(source, vec![])
}

/// Without what every block says about its direction.
fn plain_html(source: &str) -> String {
    html(source).replace(" dir=\"auto\"", "")
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

// ---- Formulas ----

fn formulas(source: &str) -> Vec<(String, bool)> {
    let as_pair = |source| match source {
        RichSource::Math { tex, display } => Some((tex, display)),
        RichSource::Code { .. } => None,
    };
    sources(&blocks(source)).into_iter().filter_map(as_pair).collect()
}

#[test]
fn formulas_are_found_in_all_four_spellings() {
    for (source, tex, display) in [
        ("so $x_1 * y_2$ holds", "x_1 * y_2", false),
        (r"so \(x_1 * y * z_2\) holds", "x_1 * y * z_2", false),
        ("$$\nE = mc^2\n$$", "\nE = mc^2\n", true),
        ("$$E = mc^2$$", "E = mc^2", true),
        ("\\[\na\n+ b\n= c \\\\\n- d\n\\]", "a\n+ b\n= c \\\\\n- d", true),
        ("1. first\n   \\[\n   a\n   + b\n   \\]\n2. second", "a\n   + b", true),
        (
            r"| a | b |
|---|---|
| $x$ | y |",
            "x",
            false,
        ),
        (r"**\(x\)**", "x", false),
        (r"\[ \text{if } x \\[2pt] y \]", r"\text{if } x \\[2pt] y", true),
        ("($x$)", "x", false),
        ("$x$.", "x", false),
    ] {
        let found = formulas(source);
        assert_eq!(found.len(), 1, "{source}: {found:?}");
        assert_eq!((found[0].0.trim(), found[0].1), (tex.trim(), display), "{source}");
    }
}

#[test]
fn money_variables_and_code_are_no_formulas() {
    for source in [
        "$5 and $10",
        "costs $5 (was $10)",
        "US$5/kWh and US$6/kWh",
        "$5-$10",
        "echo $HOME/$USER",
        "`\\(x\\)` and `$x$`",
        "```sh\necho \\(x\\) $$ \\[\n\\]\nkill $$\n```",
        "    \\[ x \\]",
        r"\$x\$",
        "\\[\n\n\\]",
        "\\(\\)",
        "$ x $",
        "a $$ b",
        r"[a](https://a.example/\(x\))",
    ] {
        assert_eq!(formulas(source), [], "{source}");
    }
}

#[test]
fn what_is_no_formula_is_shown_as_written() {
    for (source, want) in [
        ("`a \\(x\\) b`", "<p><code>a \\(x\\) b</code></p>"),
        ("1\\) one \\(two", "<p>1) one (two</p>"),
        ("US$5/kWh and US$6/kWh", "<p>US$5/kWh and US$6/kWh</p>"),
        ("`` \\[x\\] ``", "<p><code>\\[x\\]</code></p>"),
    ] {
        assert_eq!(plain_html(source), want, "{source}");
    }
    let code = html("```sh\necho \\(x\\) $$ \\[\n\\]\nkill $$\n```");
    assert!(code.contains("<code>echo \\(x\\) $$ \\[\n\\]\nkill $$</code>"), "{code}");
    assert!(html("[a](https://a.example/\\(x\\))").contains("href=\"https://a.example/(x)\""));
}

#[test]
fn a_formula_is_mathml_when_the_server_knows_it_and_tex_until_then() {
    assert!(html("$x<y$").contains(r#"<code class="math">x&lt;y</code>"#));
    let source = RichSource::Math { tex: "x".into(), display: true };
    let evil = MathMl("<math display=\"block\"><mi onclick=\"x\">x</mi><script>alert(1)</script></math>".into());
    let shown = rich_html("$$x$$", vec![Rich { key: source.key(), content: RichContent::Math(evil) }]);
    assert!(shown.contains("<math display=\"block\"><mi>x</mi></math>"), "{shown}");
}

#[test]
fn an_open_formula_is_held_back() {
    let mut streaming = Streaming::new();
    streaming.push("So:\n\\[\na + b");
    assert_eq!(streaming.tail(), [Block::Paragraph(vec![text("So:")])]);
    streaming.push("\n\\]");
    assert!(format!("{:?}", streaming.tail()).contains("Math { tex: \"a + b\", display: true }"));
}

// ---- Colours, footnotes, long tables, deceiving characters ----

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
        "math",
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
        "id",
        "dir",
        "data-act",
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
            && address.is_none_or(|address| address.starts_with("#m-1-fn") || LinkUrl::parse(address).is_some());
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

/// One JSON string per line; the browser's specs read the same file.
const CORPUS: &str = include_str!("../../end2end/specs/corpus/xss.txt");

#[test]
fn nothing_of_the_corpus_becomes_markup() {
    let vectors = CORPUS.lines().map(|line| serde_json::from_str::<String>(line).expect("a JSON string"));
    let vectors = vectors.collect::<Vec<_>>();
    assert!(vectors.len() >= 200, "{}", vectors.len());
    for source in vectors {
        let html = html(&source);
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
    assert_eq!(plain_html("<b>x</b> & y"), "<p>&lt;b&gt;x&lt;/b&gt; &amp; y</p>");
    assert_eq!(plain_html("<div>\nx\n</div>"), "<p>&lt;div&gt;\nx\n&lt;/div&gt;</p>");
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
        "$".repeat(200_000),
        "$a ".repeat(100_000),
        "$$a".repeat(100_000),
        "\\(".repeat(100_000),
        "\\[a\n".repeat(100_000),
        "\\(a\\)".repeat(50_000),
        "${".repeat(100_000),
        "$}".repeat(100_000),
        "[^a]".repeat(50_000),
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
