//! Formulas.

use app::{
    markdown::{Block, Streaming, blocks, sources},
    model::{MathMl, Rich, RichContent, RichSource},
};

use crate::{html, plain_html, rich_html, text};

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
