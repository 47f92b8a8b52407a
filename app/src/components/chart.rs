//! Charts of structured tool results, as accessible SVG.
//!
//! The server draws them first; in the browser the pointer or the arrow keys read values and the legend switches series.
//! [`data`] makes values fit to be drawn, [`layout`] decides where everything goes (pure, tested), this file turns that
//! into elements and listens, [`export`] gives table, CSV and PNG.
//!
//! What must hold: the same picture on server and browser; one handler per kind of event and chart, none per point.

mod axis;
mod data;
mod export;
mod layout;

use std::sync::OnceLock;

use leptos::{ev, html, prelude::*};

use self::{
    data::{amount, percent, slot_label, values},
    layout::{Drawing, Label, Shape, WIDTH, push, shows},
};
use super::{each::each, icon::icon, is_without_scripts, tools::ResultTable};
use crate::{
    later::{Part, when_ready},
    model::{Chart, ChartKind, Lang, ToolCallView},
    words::{self, chart as say},
};

/// A chart's parts on the page. Cheap to copy.
#[derive(Clone, Copy)]
struct Figure {
    /// As given, for the files.
    whole: StoredValue<Chart>,
    /// As drawn: clean, with few parts.
    chart: StoredValue<Chart>,
    drawing: RwSignal<Drawing>,
    /// A bit per series that is switched off.
    hidden: RwSignal<u16>,
    /// The slot whose values are shown.
    at: RwSignal<Option<usize>>,
    /// What a screen reader is told: only of the keyboard's moves.
    said: RwSignal<String>,
    lang: Lang,
    root: NodeRef<html::Figure>,
    plot: NodeRef<html::Div>,
    tip: NodeRef<html::Div>,
}

#[component]
pub fn ChartView(chart: Chart) -> impl IntoView {
    let lang = words::lang();
    let chart = data::clean(chart);
    let table = export::table(&chart, lang);
    let whole = StoredValue::new(chart.clone());
    let shown = data::few_parts(chart, lang);
    let (title, description) = (shown.title.clone(), shown.description.clone());
    let (legend, blank) = (entries(&shown, lang), layout::is_blank(&shown));
    let figure = Figure {
        drawing: RwSignal::new(layout::layout(&shown, 0, lang)),
        whole,
        chart: StoredValue::new(shown),
        hidden: RwSignal::new(0),
        at: RwSignal::new(None),
        said: RwSignal::new(String::new()),
        lang,
        root: NodeRef::new(),
        plot: NodeRef::new(),
        tip: NodeRef::new(),
    };
    figure.place_tip();
    let save = move |csv: bool| {
        let (name, format) = if csv { (say::download_csv(lang), "CSV") } else { (say::download_png(lang), "PNG") };
        view! {
            <button type="button" class="button button-quiet" aria-label=name title=name on:click=move |_| figure.save(csv)>
                {icon("down")}
                {format}
            </button>
        }
        .into_any()
    };
    let actions = (!blank && !is_without_scripts())
        .then(|| view! { <span class="chart-actions needs-script">{save(true)}{save(false)}</span> });
    view! {
        <figure class="chart" node_ref=figure.root>
            <figcaption>
                <span class="chart-title">{title.clone()}</span>
                {actions}
                <span class="chart-description">{description.clone()}</span>
            </figcaption>
            {if blank {
                view! { <p class="meta">{say::empty(lang)}</p> }.into_any()
            } else {
                picture(figure, title, description)
            }}
            {(!legend.is_empty() && !blank).then(|| figure.legend(legend))}
            <details class="tool-raw">
                <summary>{say::data(lang)}</summary>
                <ResultTable table/>
            </details>
        </figure>
    }
    .into_any()
}

/// The charts of a call, each drawn once: below its group, so that they are seen while it is folded.
pub fn drawn_below(call: RwSignal<ToolCallView>) -> impl IntoView {
    let charts = move || {
        call.with(|call| {
            let charts = call.output.iter().flat_map(|output| output.charts.iter().cloned());
            charts.enumerate().collect::<Vec<_>>()
        })
    };
    each(charts, |(place, _)| *place as u128, |(_, chart)| later(chart))
}

type Draw = fn(Chart) -> AnyView;

static DRAW: OnceLock<Draw> = OnceLock::new();

/// Called by the part of the program that draws charts.
pub fn install_charts() {
    let _first = DRAW.set(draw);
}

fn draw(chart: Chart) -> AnyView {
    view! { <ChartView chart/> }.into_any()
}

/// The server draws at once; the browser holds the place until it can.
fn later(chart: Chart) -> AnyView {
    if cfg!(feature = "ssr") {
        return draw(chart);
    }
    if let Some(draw) = DRAW.get() {
        return draw(chart);
    }
    let ready = RwSignal::new(false);
    let arrived = move || {
        let _gone_if_not = ready.try_set(true);
    };
    when_ready(Part::Rest, Box::new(arrived));
    let chart = StoredValue::new(chart);
    let drawn = move || {
        let arrived = if ready.get() { DRAW.get() } else { None };
        if let Some(draw) = arrived {
            return draw(chart.get_value());
        }
        let title = chart.with_value(|chart| chart.title.clone());
        view! { <figure class="chart chart-awaited" aria-busy="true"><figcaption>{title}</figcaption></figure> }
            .into_any()
    };
    view! { {drawn} }.into_any()
}

/// The drawing in its scroll box, with what follows the pointer.
fn picture(figure: Figure, title: String, description: String) -> AnyView {
    let mut name = title.clone();
    if !is_without_scripts() {
        name.push_str(": ");
        name.push_str(say::read_values(figure.lang));
    }
    let parts = figure.chart.with_value(|chart| matches!(chart.kind, ChartKind::Shares { .. }));
    let class = if parts { "chart-plot parts" } else { "chart-plot" };
    let view_box = move || {
        let mut text = String::from("0 0 ");
        push(&mut text, WIDTH);
        text.push(' ');
        push(&mut text, figure.drawing.with(|drawing| drawing.height));
        text
    };
    view! {
        <div
            class="chart-scroll"
            role="group"
            tabindex="0"
            aria-label=name
            on:pointermove=move |event| figure.point(&event)
            on:pointerdown=move |event| figure.point(&event)
            on:pointerleave=move |_| figure.leave()
            on:blur=move |_| figure.leave()
            on:keydown=move |event| figure.key(&event)
        >
            <div class=class node_ref=figure.plot>
                <svg role="img" viewBox=view_box>
                    <title>{title}</title>
                    <desc>{description}</desc>
                    {move || figure.drawing.with(marks)}
                    <path class="chart-cross" d=move || figure.cross()></path>
                    <path class="chart-dots" d=move || figure.dots()></path>
                </svg>
                <div class="chart-tip" aria-hidden="true" node_ref=figure.tip class:shown=move || figure.at.get().is_some()>
                    {move || figure.lines().into_iter().map(tip_line).collect::<Vec<_>>()}
                </div>
            </div>
        </div>
        <p class="visually-hidden" aria-live="polite">{move || figure.said.get()}</p>
    }
    .into_any()
}

fn marks(drawing: &Drawing) -> Vec<AnyView> {
    drawing.shapes.iter().map(shape).chain(drawing.labels.iter().map(label)).collect()
}

fn shape(shape: &Shape) -> AnyView {
    view! { <path class=classes(shape.class, shape.series) d=shape.path.clone()></path> }.into_any()
}

fn label(label: &Label) -> AnyView {
    let place = |tenths| {
        let mut text = String::new();
        push(&mut text, tenths);
        text
    };
    view! { <text class=label.class x=place(label.x) y=place(label.y)>{label.text.clone()}</text> }.into_any()
}

/// `chart-line s1`: the class and the colour of a series.
fn classes(class: &str, series: Option<usize>) -> String {
    let mut classes = class.to_owned();
    if let Some(series) = series {
        classes.push_str(" s");
        classes.push_str(&(series + 1).to_string());
    }
    classes
}

fn tip_line((series, text): (Option<usize>, String)) -> AnyView {
    view! { <p class=classes("chart-value", series)>{text}</p> }.into_any()
}

/// What the legend says: nothing about a single series, whose name the title has; of parts also their size.
fn entries(chart: &Chart, lang: Lang) -> Vec<String> {
    if !matches!(chart.kind, ChartKind::Shares { .. }) {
        let names = chart.series.iter().map(|series| series.name.clone());
        return if chart.series.len() > 1 { names.collect() } else { vec![] };
    }
    let part = |slot| {
        let mut text = slot_label(chart, slot, lang);
        text.push_str(" · ");
        text.push_str(&part_text(chart, slot, lang));
        text
    };
    (0..data::slot_count(chart)).map(part).collect()
}

/// `41.2 kWh · 23.4 %`.
fn part_text(chart: &Chart, slot: usize, lang: Lang) -> String {
    let parts = values(chart, 0);
    let part = parts.get(slot).copied().flatten();
    let mut text = amount(part, &chart.unit, lang);
    text.push_str(" · ");
    text.push_str(&percent(part.unwrap_or_default(), parts.iter().flatten().sum(), lang));
    text
}

impl Figure {
    fn legend(self, entries: Vec<String>) -> AnyView {
        let (line, parts) = self.chart.with_value(|chart| {
            (matches!(chart.kind, ChartKind::Time { .. }), matches!(chart.kind, ChartKind::Shares { .. }))
        });
        let swatch = move |series| {
            let (class, path) = if line { ("chart-line", "M1 5H23") } else { ("chart-bar", "M1 0H23V10H1Z") };
            view! { <svg class="chart-swatch" aria-hidden="true" viewBox="0 0 24 10"><path class=classes(class, Some(series)) d=path></path></svg> }
        };
        let entry = move |(series, text): (usize, String)| {
            let content = view! { {swatch(series)}<span>{text}</span> };
            let entry = if parts || is_without_scripts() {
                content.into_any()
            } else {
                let pressed = move || shows(self.hidden.get(), series).to_string();
                view! { <button type="button" class="chip" aria-pressed=pressed on:click=move |_| self.toggle(series)>{content}</button> }.into_any()
            };
            view! { <li>{entry}</li> }
        };
        let entries = entries.into_iter().enumerate().map(entry).collect_view();
        let class = if parts { "chart-legend parts" } else { "chart-legend" };
        view! { <ul class=class aria-label=say::legend(self.lang)>{entries}</ul> }.into_any()
    }

    fn save(self, csv: bool) {
        if csv {
            let text = self.whole.with_value(|chart| export::csv(chart, self.lang));
            self.whole.with_value(|chart| export::save(&chart.title, ".csv", &export::data_url("text/csv", &text)));
        } else if let Some(root) = self.root.get_untracked() {
            export::save_png(root.into(), self.whole.with_value(|chart| chart.title.clone()));
        }
    }

    fn toggle(self, series: usize) {
        self.hidden.update(|hidden| *hidden ^= 1 << series.min(15));
        let hidden = self.hidden.get_untracked();
        self.drawing.set(self.chart.with_value(|chart| layout::layout(chart, hidden, self.lang)));
    }

    /// The slot under the pointer.
    fn point(self, event: &ev::PointerEvent) {
        let Some(plot) = self.plot.get_untracked() else { return };
        let bounds = plot.get_bounding_client_rect();
        let scale = f64::from(WIDTH) / bounds.width().max(1.0);
        let x = (f64::from(event.client_x()) - bounds.left()) * scale;
        let y = (f64::from(event.client_y()) - bounds.top()) * scale;
        let slot = self.drawing.with_untracked(|drawing| drawing.nearest(x as i32, y as i32));
        if slot != self.at.get_untracked() {
            self.at.set(slot);
        }
    }

    fn leave(self) {
        self.at.set(None);
        self.said.set(String::new());
    }

    fn key(self, event: &ev::KeyboardEvent) {
        let last = self.drawing.with_untracked(|drawing| drawing.slots.len().saturating_sub(1));
        let at = self.at.get_untracked();
        let to = match event.key().as_str() {
            "ArrowLeft" | "ArrowUp" => at.map_or(last, |at| at.saturating_sub(1)),
            "ArrowRight" | "ArrowDown" => at.map_or(0, |at| (at + 1).min(last)),
            "Home" => 0,
            "End" => last,
            _ => return,
        };
        if event.alt_key() || event.ctrl_key() || event.meta_key() {
            return;
        }
        event.prevent_default();
        self.at.set(Some(to));
        let lines: Vec<String> = untrack(|| self.lines()).into_iter().map(|(_, text)| text).collect();
        self.said.set(lines.join("; "));
    }

    /// The values at the pointer: the slot, then a line per series.
    fn lines(self) -> Vec<(Option<usize>, String)> {
        let (Some(slot), hidden, lang) = (self.at.get(), self.hidden.get(), self.lang) else { return vec![] };
        self.chart.with_value(|chart| {
            let mut lines = vec![(None, slot_label(chart, slot, lang))];
            if matches!(chart.kind, ChartKind::Shares { .. }) {
                lines.push((Some(slot), part_text(chart, slot, lang)));
                return lines;
            }
            for (place, series) in chart.series.iter().enumerate() {
                if shows(hidden, place) {
                    let mut text = series.name.clone();
                    text.push_str(": ");
                    text.push_str(&amount(series.values.get(slot).copied().flatten(), &chart.unit, lang));
                    lines.push((Some(place), text));
                }
            }
            lines
        })
    }

    fn cross(self) -> String {
        let Some(slot) = self.at.get() else { return String::new() };
        self.drawing.with(|drawing| drawing.cross(slot))
    }

    fn dots(self) -> String {
        let Some(slot) = self.at.get() else { return String::new() };
        let hidden = self.hidden.get_untracked();
        self.drawing.with(|drawing| self.chart.with_value(|chart| drawing.dots(chart, hidden, slot)))
    }

    /// Keeps the values beside the pointer, on the side with more room. (The CSP forbids inline styles in the page, not
    /// those a script sets.)
    fn place_tip(self) {
        Effect::new(move |_| {
            let (Some(slot), Some(tip)) = (self.at.get(), self.tip.get_untracked()) else { return };
            let (middle, length, down) = self.drawing.with_untracked(|drawing| {
                let length = if drawing.down { drawing.height } else { WIDTH };
                (drawing.slots.get(slot).copied().unwrap_or_default(), length, drawing.down)
            });
            let percent = middle * 100 / length.max(1);
            let (start, end) = if down { ("top", "bottom") } else { ("left", "right") };
            let (side, other, distance) =
                if percent < 50 { (start, end, percent + 2) } else { (end, start, 102 - percent) };
            let mut distance = distance.to_string();
            distance.push('%');
            let style = web_sys::HtmlElement::style(&tip);
            let _set = (style.set_property(side, &distance), style.set_property(other, "auto"));
        });
    }
}
