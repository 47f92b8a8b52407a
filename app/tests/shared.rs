//! The page of a shared conversation: what it says, to whom, and that it works without scripts.

#![expect(clippy::expect_used, reason = "tests: a broken fixture should fail loudly")]

use app::{
    model::{
        AttachmentId, AttachmentKind, AttachmentView, Cell, Chart, ChartKind, Column, Lang, MessageAuthor, MessageId,
        MessageStatus, MessageView, Part, Series, Siblings, Table, Theme, Timestamp, ToolCallStatus, ToolCallView,
        ToolOutput,
    },
    plain::{PlainFrame, SharedPage, shared},
};

const INJECTION: &str = "\"><script>alert(1)</script>&'";

fn message(author: MessageAuthor, parts: Vec<Part>) -> MessageView {
    MessageView {
        id: "0190aaaa-0000-7000-8000-000000000001".parse::<MessageId>().expect("an id"),
        parent: None,
        author,
        parts,
        status: MessageStatus::Complete,
        created_at: Timestamp(0),
        turn: None,
        siblings: Siblings::only(),
        usage: None,
        model: Some("Claude".into()),
        feedback: None,
        edited: false,
        rich: vec![],
    }
}

fn text(text: &str) -> Part {
    Part::Text { text: text.into() }
}

fn call() -> Part {
    let table = Table {
        caption: "Peaks".into(),
        columns: vec![Column { label: "Device".into(), unit: String::new(), numeric: false }],
        rows: vec![vec![Cell { text: INJECTION.into(), value: None }]],
        omitted: 0,
    };
    let chart = Chart {
        title: "A chart".into(),
        description: "It rises.".into(),
        unit: "kWh".into(),
        kind: ChartKind::Bars { categories: vec!["a".into(), "b".into()], stacked: false },
        series: ["s", "t"].map(|name| Series { name: name.into(), values: vec![Some(1.0), Some(2.0)] }).to_vec(),
    };
    let output = ToolOutput { tables: vec![table], charts: vec![chart], ..ToolOutput::default() };
    let call = ToolCallView {
        call_id: "1".into(),
        name: "peak".into(),
        title: "Peak demand".into(),
        arguments: INJECTION.into(),
        summary: "Compressor 3".into(),
        status: ToolCallStatus::Done,
        output: Some(output),
        duration_ms: Some(412),
        ran_as: "PRS · Ana · built-in".into(),
    };
    Part::Tool { call }
}

fn picture() -> Part {
    let id: AttachmentId = "0190aaaa-0000-7000-8000-000000000009".parse().expect("an id");
    let kind = AttachmentKind::Image { width: 3, height: 2 };
    Part::Attachment { file: AttachmentView { id, name: INJECTION.into(), kind, bytes: 5, max_tokens: 1 } }
}

fn page(lang: Lang, messages: Vec<MessageView>) -> SharedPage {
    SharedPage {
        frame: PlainFrame { css_href: "/pkg/steward.abc.css".into(), theme: Theme::System, lang: Lang::English },
        lang,
        path: "/s/SECRET".into(),
        title: "Peaks of <March>".into(),
        shared_at: Timestamp(1_709_210_096_789),
        tenant: "PRS Textile".into(),
        person: None,
        messages,
    }
}

#[test]
fn a_conversation_is_read_without_scripts() {
    let asked = message(MessageAuthor::User, vec![picture(), text(INJECTION)]);
    let answered = message(MessageAuthor::Assistant, vec![call(), text("**Bold** and $x^2$\n\n| a |\n|---|\n| 1 |")]);
    let html = shared(page(Lang::English, vec![asked, answered]));
    for part in [
        "<!DOCTYPE html><html lang=\"en\" class=\"system\">",
        "content=\"noindex, nofollow\"",
        "content=\"no-referrer\"",
        "<title>Peaks of &lt;March&gt; · Steward</title>",
        "Shared by a member of PRS Textile on 29 February 2024",
        "src=\"/s/SECRET/a/0190aaaa-0000-7000-8000-000000000009\"",
        "<strong>Bold</strong>",
        "Peak demand · Compressor 3",
        "<svg role=\"img\"",
        "PRS · Ana · built-in · 412 ms",
        "&lt;script&gt;alert(1)",
    ] {
        assert!(html.contains(part), "{part} is missing in {html}");
    }
    for forbidden in [
        "<button",
        "table-bar",
        "chart-actions",
        "arrow keys",
        "<script",
        "style=",
        "<style",
        "onclick",
        "http://",
        "https://",
        "<!>",
    ] {
        assert!(!html.contains(forbidden), "{forbidden} in {html}");
    }
}

#[test]
fn it_speaks_the_visitors_language_and_names_nobody_it_should_not() {
    let html = shared(SharedPage { person: Some("Ana".into()), ..page(Lang::Indonesian, vec![]) });
    assert!(html.contains("lang=\"id\"") && html.contains("Dibagikan oleh Ana pada 29 Februari 2024"), "{html}");
    let empty = shared(page(Lang::English, vec![]));
    assert!(!empty.contains("Ana") && empty.len() < 4_000, "{} bytes: {empty}", empty.len());
}
