//! Charts as the server sends them: seen without scripts, read without seeing.

use app::model::{
    Chart, ChartKind, MessageAuthor, MessageStatus, Part, Series, Timestamp, ToolCallStatus, ToolCallView, ToolOutput,
};

use super::{
    fake_backend::{NOW, message, question},
    site::{Answer, Site},
};

fn series(name: &str, values: &[f64]) -> Series {
    Series { name: name.into(), values: values.iter().map(|value| Some(*value)).collect() }
}

fn chart(title: &str, kind: ChartKind, series: Vec<Series>) -> Chart {
    let description = format!("{title} in one sentence.");
    Chart { title: title.into(), description, unit: "kWh".into(), kind, series }
}

async fn page(charts: Vec<Chart>) -> Answer {
    let call = ToolCallView {
        call_id: "1".into(),
        name: "query_timeseries".into(),
        title: "Time series".into(),
        arguments: "{}".into(),
        summary: String::new(),
        status: ToolCallStatus::Done,
        output: Some(ToolOutput { charts, ..ToolOutput::default() }),
        duration_ms: Some(1),
        ran_as: String::new(),
    };
    let site = Site::default();
    let parts = vec![Part::Tool { call }, Part::Text { text: "Here it is.".into() }];
    let answer = message(2, MessageAuthor::Assistant, parts, MessageStatus::Complete);
    let id = site.backend.add("Charts", NOW, vec![question(1, "?"), answer]);
    site.get(&format!("/t/prs/c/{id}")).await
}

#[tokio::test]
async fn a_course_is_drawn_below_the_folded_group_with_its_table() {
    let at = [0, 6, 12].map(|hour| Timestamp(1_773_075_600_000 + hour * 3_600_000)).to_vec();
    let kind = ChartKind::Time { at, offset_minutes: 420 };
    let page = page(vec![chart("Press 1", kind, vec![series("Active energy", &[41.0, 1_234.5, 96.0])])]).await;
    let (group, figure) = page.html.split_once("<figure class=\"chart\"").expect("a figure");
    assert!(group.contains("<details class=\"tools\">") && group.contains("</details>"), "the group is folded, before");
    for expected in [
        "<svg role=\"img\" viewBox=\"0 0 640 240\">",
        "<title>Press 1</title>",
        "<desc>Press 1 in one sentence.</desc>",
        "d=\"M42 210.6L338 54.7L634 203.5\" class=\"chart-line s1\"",
        "class=\"end\">1,500</text>",
        ">06:00</text>",
        ">10 Mar</text>",
        "<summary>Data table</summary>",
        "<td class=\"number\">1,234.5</td>",
        "Time (UTC+07:00)",
        "aria-live=\"polite\"",
        "aria-label=\"Download as CSV\"",
        "aria-label=\"Download as PNG\"",
        "role=\"group\" tabindex=\"0\" aria-label=\"Press 1: left and right arrow keys read the values\"",
    ] {
        assert!(figure.contains(expected), "{expected} in {figure}");
    }
    assert!(!figure.contains("chart-legend"), "one series needs no legend");
    assert!(!page.has(" style="), "the CSP forbids inline styles");
}

#[tokio::test]
async fn the_legend_switches_series_and_lists_shares() {
    let days = ["2026-11-13", "2026-11-14"].map(str::to_owned).to_vec();
    let bars = chart(
        "Per day",
        ChartKind::Bars { categories: days, stacked: true },
        vec![series("Press 1", &[1.0, 2.0]), series("Press 2", &[3.0, 4.0])],
    );
    let names = ["Spinning", "Weaving"].map(str::to_owned).to_vec();
    let shares = chart("Departments", ChartKind::Shares { categories: names }, vec![series("Energy", &[75.0, 25.0])]);
    let page = page(vec![bars, shares]).await;
    assert_eq!(page.html.matches("aria-pressed=\"true\"").count(), 2, "a switch per series, none per part");
    let text = page.text();
    for expected in ["Spinning · 75 kWh · 75.0 %", "Weaving · 25 kWh · 25.0 %", "13 Nov 2026", "Press 2"] {
        assert!(text.contains(expected), "{expected} in {text}");
    }
}

#[tokio::test]
async fn nothing_to_draw_is_said_and_names_are_never_markup() {
    let evil = "</title><script>alert(1)</script>";
    let kind = ChartKind::Bars { categories: vec![evil.into()], stacked: false };
    let empty = chart(evil, ChartKind::Time { at: vec![], offset_minutes: 0 }, vec![]);
    let page = page(vec![chart(evil, kind, vec![series(evil, &[1.0]), series("b", &[f64::NAN])]), empty]).await;
    assert!(!page.has("<script>alert"), "escaped");
    assert!(page.text().contains("There is nothing to draw."));
}
