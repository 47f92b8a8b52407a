//! What must not happen, and bounds.

use app::markdown::{Block, Inline, LinkUrl, MAX_DEPTH, blocks};

use crate::{html, plain_html};

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
pub fn foreign_markup(html: &str) -> Option<String> {
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
const CORPUS: &str = include_str!("../../../end2end/specs/corpus/xss.txt");

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

pub fn depth(blocks: &[Block]) -> usize {
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
