//! A chart's values as a table and as CSV, and its picture as PNG.

use leptos::{
    prelude::{document, window},
    task::spawn_local,
};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CanvasRenderingContext2d, Element, HtmlAnchorElement, HtmlCanvasElement, HtmlImageElement};

use super::data::{percent, slot_count, slot_label, values};
use crate::{
    components::format,
    markdown::csv,
    model::{Cell, Chart, ChartKind, Column, Lang, Series, Table},
    words::chart as words,
};

/// The most rows of the table on the page; the CSV has all.
const MAX_ROWS: usize = 200;

/// The same values as a table.
#[must_use]
pub fn table(chart: &Chart, lang: Lang) -> Table {
    let rows = slot_count(chart);
    let shares = matches!(chart.kind, ChartKind::Shares { .. });
    let whole: f64 = values(chart, 0).iter().flatten().sum();
    let word = |text: String| Cell { text, value: None };
    let column = |label: &str, unit: &str| Column { label: label.to_owned(), unit: unit.to_owned(), numeric: true };
    let mut columns = vec![Column { numeric: false, ..column(&slot_heading(chart, lang), "") }];
    columns.extend(chart.series.iter().map(|series| column(&series.name, &chart.unit)));
    if shares {
        columns.push(column(words::share(lang), ""));
    }
    let row = |slot| {
        let mut row = vec![word(slot_label(chart, slot, lang))];
        for series in &chart.series {
            let value = series.values.get(slot).copied().flatten();
            row.push(Cell {
                text: value.map_or_else(|| "–".to_owned(), |value| format::decimal(value, lang)), value
            });
        }
        if shares {
            let part = values(chart, 0).get(slot).copied().flatten();
            row.push(word(part.map_or_else(|| "–".to_owned(), |part| percent(part, whole, lang))));
        }
        row
    };
    Table {
        caption: chart.title.clone(),
        columns,
        rows: (0..rows.min(MAX_ROWS)).map(row).collect(),
        omitted: u32::try_from(rows.saturating_sub(MAX_ROWS)).unwrap_or(u32::MAX),
    }
}

/// What the slots are: `Time (UTC+07:00)`, `Category`.
fn slot_heading(chart: &Chart, lang: Lang) -> String {
    let ChartKind::Time { offset_minutes, .. } = &chart.kind else { return words::category(lang).to_owned() };
    let mut text = words::time(lang).to_owned();
    text.push_str(if *offset_minutes < 0 { " (UTC-" } else { " (UTC+" });
    text.push_str(&super::axis::clock(i64::from(offset_minutes.unsigned_abs()) * 60_000));
    text.push(')');
    text
}

/// All values as CSV: one line per slot, numbers with a point and without grouping.
#[must_use]
pub fn csv(chart: &Chart, lang: Lang) -> String {
    let heading = |series: &Series| {
        let mut heading = series.name.clone();
        if !chart.unit.is_empty() {
            heading.push_str(" (");
            heading.push_str(&chart.unit);
            heading.push(')');
        }
        heading
    };
    let name = |slot| match &chart.kind {
        ChartKind::Time { .. } => slot_label(chart, slot, lang),
        ChartKind::Bars { categories, .. } | ChartKind::Shares { categories } => {
            categories.get(slot).cloned().unwrap_or_default()
        }
    };
    let value = |series: &Series, slot: usize| series.values.get(slot).copied().flatten().map(format::plain_decimal);
    let mut rows = vec![std::iter::once(slot_heading(chart, lang)).chain(chart.series.iter().map(heading)).collect()];
    for slot in 0..slot_count(chart) {
        let values = chart.series.iter().map(|series| value(series, slot).unwrap_or_default());
        rows.push(std::iter::once(name(slot)).chain(values).collect());
    }
    csv::csv(&rows)
}

/// A text as the address of a file.
#[must_use]
pub fn data_url(kind: &str, text: &str) -> String {
    let mut url = String::from("data:");
    url.push_str(kind);
    url.push_str(";charset=utf-8,");
    url.push_str(&String::from(js_sys::encode_uri_component(text)));
    url
}

/// Offers what the address holds as a file named after the chart.
pub fn save(title: &str, ending: &str, url: &str) {
    let mut name: String =
        title.chars().map(|c| if c.is_alphanumeric() || c == ' ' { c } else { '-' }).take(80).collect();
    name.push_str(ending);
    let Ok(link) = document().create_element("a") else { return };
    let link: HtmlAnchorElement = link.unchecked_into();
    link.set_download(&name);
    link.set_href(url);
    link.click();
}

/// Saves the picture with title and legend, in twice its size.
pub fn save_png(figure: Element, title: String) {
    spawn_local(async move {
        if let Ok(url) = png(&figure, &title).await {
            save(&title, ".png", &url);
        }
    });
}

async fn png(figure: &Element, title: &str) -> Result<String, JsValue> {
    let (svg, width, height) = standalone(figure, title).ok_or(JsValue::NULL)?;
    let image = HtmlImageElement::new()?;
    image.set_src(&data_url("image/svg+xml", &svg));
    wasm_bindgen_futures::JsFuture::from(image.decode()).await?;
    let canvas: HtmlCanvasElement = document().create_element("canvas")?.unchecked_into();
    canvas.set_width(width * 2);
    canvas.set_height(height * 2);
    let context: CanvasRenderingContext2d = canvas.get_context("2d")?.ok_or(JsValue::NULL)?.unchecked_into();
    context.draw_image_with_html_image_element_and_dw_and_dh(
        &image,
        0.0,
        0.0,
        f64::from(width) * 2.0,
        f64::from(height) * 2.0,
    )?;
    canvas.to_data_url()
}

/// What the stylesheet gives a shape or a text, to be written out where there is no stylesheet.
const STYLES: [&str; 9] = [
    "fill",
    "fill-opacity",
    "stroke",
    "stroke-width",
    "stroke-dasharray",
    "stroke-linecap",
    "stroke-linejoin",
    "text-anchor",
    "font-weight",
];
/// Room for the title above, and for each line of the legend below.
const TITLE: u32 = 36;
const ENTRY: u32 = 20;
const MARGIN: u32 = 12;

/// The picture as a document of its own, in the colours of now, with its width and height.
fn standalone(figure: &Element, title: &str) -> Option<(String, u32, u32)> {
    let svg = figure.query_selector(".chart-plot svg").ok()??;
    let view_box = svg.get_attribute("viewBox")?;
    let mut size = view_box.split(' ').skip(2).map(|number| number.parse::<u32>().unwrap_or_default());
    let (width, height) = (size.next()?, size.next()?);
    let root = window().get_computed_style(&document().document_element()?).ok()??;
    let token = |name: &str| root.get_property_value(name).unwrap_or_default();
    let mut inside = String::new();
    push_attribute(&mut inside, "<rect width", "100%");
    push_attribute(&mut inside, " height", "100%");
    push_attribute(&mut inside, " fill", &token("--bg"));
    inside.push_str("/>");
    push_words(&mut inside, MARGIN, 22, "600", &token("--text"), title);
    start_group(&mut inside, MARGIN, TITLE);
    push_marks(&mut inside, &svg)?;
    inside.push_str("</g>");
    let mut bottom = TITLE + height + MARGIN;
    let entries = figure.query_selector_all(".chart-legend > li").ok()?;
    for place in 0..entries.length() {
        let entry: Element = entries.get(place)?.unchecked_into();
        start_group(&mut inside, MARGIN, bottom);
        push_marks(&mut inside, &entry)?;
        push_words(&mut inside, 32, 10, "400", &token("--text"), &entry.text_content().unwrap_or_default());
        inside.push_str("</g>");
        bottom += ENTRY;
    }
    let (width, height) = (width + 2 * MARGIN, bottom + MARGIN);
    let mut out = String::from("<svg");
    push_attribute(&mut out, " xmlns", "http://www.w3.org/2000/svg");
    push_attribute(&mut out, " width", &width.to_string());
    push_attribute(&mut out, " height", &height.to_string());
    push_attribute(&mut out, " font-size", "12");
    push_attribute(&mut out, " font-family", &token("--font-ui"));
    out.push('>');
    out.push_str(&inside);
    out.push_str("</svg>");
    Some((out, width, height))
}

/// Every path and text below an element, with its styles as attributes.
fn push_marks(out: &mut String, element: &Element) -> Option<()> {
    let marks = element.query_selector_all("path,text").ok()?;
    for place in 0..marks.length() {
        let mark: Element = marks.get(place)?.unchecked_into();
        let name = mark.tag_name();
        let style = window().get_computed_style(&mark).ok()??;
        out.push('<');
        out.push_str(&name);
        for attribute in ["d", "x", "y"] {
            if let Some(value) = mark.get_attribute(attribute) {
                out.push(' ');
                push_attribute(out, attribute, &value);
            }
        }
        for property in STYLES {
            out.push(' ');
            push_attribute(out, property, &style.get_property_value(property).unwrap_or_default());
        }
        out.push('>');
        push_escaped(out, &mark.text_content().unwrap_or_default());
        out.push_str("</");
        out.push_str(&name);
        out.push('>');
    }
    Some(())
}

fn start_group(out: &mut String, x: u32, y: u32) {
    let mut place = String::from("translate(");
    place.push_str(&x.to_string());
    place.push(' ');
    place.push_str(&y.to_string());
    place.push(')');
    push_attribute(out, "<g transform", &place);
    out.push('>');
}

fn push_words(out: &mut String, x: u32, y: u32, weight: &str, color: &str, text: &str) {
    push_attribute(out, "<text x", &x.to_string());
    push_attribute(out, " y", &y.to_string());
    push_attribute(out, " font-weight", weight);
    push_attribute(out, " fill", color);
    out.push('>');
    push_escaped(out, text);
    out.push_str("</text>");
}

fn push_attribute(out: &mut String, name: &str, value: &str) {
    out.push_str(name);
    out.push_str("=\"");
    push_escaped(out, value);
    out.push('"');
}

/// Text inside XML. Characters XML 1.0 forbids are left out.
fn push_escaped(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '"' => out.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => {}
            c if c < ' ' && !matches!(c, '\t' | '\n' | '\r') => {}
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    fn chart(kind: ChartKind, name: &str, values: &[Option<f64>]) -> Chart {
        let series = vec![Series { name: name.into(), values: values.to_vec() }];
        Chart { title: "Use".into(), description: String::new(), unit: "kWh".into(), kind, series }
    }

    #[test]
    fn csv_is_quoted_and_runs_no_formula() {
        let categories = vec!["=HYPERLINK(\"x\")".to_owned(), "a,b\n".to_owned(), "-5".to_owned()];
        let bars = chart(ChartKind::Bars { categories, stacked: false }, "@sum", &[Some(-1.5), None, Some(1_234.5)]);
        assert_eq!(
            csv(&bars, Lang::Indonesian),
            "\u{FEFF}Kategori,'@sum (kWh)\r\n\"'=HYPERLINK(\"\"x\"\")\",-1.5\r\n\"a,b\n\",\r\n-5,1234.5\r\n"
        );
    }

    #[test]
    fn the_table_has_the_values_of_the_chart() {
        let kind = ChartKind::Time { at: vec![Timestamp(1_773_075_600_000)], offset_minutes: 420 };
        let table_of_time = table(&chart(kind, "Press 1", &[Some(1_234.5)]), Lang::Indonesian);
        let texts: Vec<&str> = table_of_time.rows[0].iter().map(|cell| cell.text.as_str()).collect();
        assert_eq!(texts, ["10 Mar 2026", "1.234,5"]);
        assert_eq!(table_of_time.columns[0].label, "Waktu (UTC+07:00)");
        assert_eq!((table_of_time.columns[1].unit.as_str(), table_of_time.rows[0][1].value), ("kWh", Some(1_234.5)));

        let categories = (0..300).map(|place| place.to_string()).collect();
        let parts = table(&chart(ChartKind::Shares { categories }, "Share", &[Some(1.0); 300]), Lang::English);
        assert_eq!((parts.rows.len(), parts.omitted, parts.rows[0][2].text.as_str()), (200, 100, "0.3 %"));
    }

    #[test]
    fn what_tools_name_cannot_leave_the_picture() {
        let mut out = String::new();
        push_escaped(&mut out, "<a href=\"&\">\u{1}\n");
        assert_eq!(out, "&lt;a href=&quot;&amp;&quot;>\n");
    }
}
