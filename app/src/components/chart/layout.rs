//! Where everything of a chart goes: pure arithmetic from values to paths and labels. Lengths are in tenths of a unit
//! of the drawing, whole numbers, so that server and browser write the same.
//!
//! To add a kind: a file beside [`lines`] that fills a [`Drawing`]. What must hold: everything lies inside the box.

mod bars;
mod lines;
mod shares;

use super::{
    axis::Scale,
    data::{slot_count, values},
};
use crate::model::{Chart, ChartKind, Lang};

/// The width of every drawing; it is scaled to the column.
pub const WIDTH: i32 = 6_400;
/// The estimated width of a character (12 units high), and of a wide one (Chinese, emoji).
const CHARACTER: i32 = 64;
const WIDE_CHARACTER: i32 = 120;
/// The most steps of the axis of values.
const STEPS: i64 = 5;

/// A chart, laid out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Drawing {
    pub height: i32,
    pub shapes: Vec<Shape>,
    pub labels: Vec<Label>,
    /// The middle of each drawn slot along its axis.
    pub slots: Vec<i32>,
    /// Slots follow each other from top to bottom, not from left to right.
    pub down: bool,
    /// Where values are drawn.
    pub area: Area,
    /// The axis of values, where the drawing has lines on it.
    pub scale: Option<Scale>,
}

/// Left, top, right, bottom.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Area {
    pub left: i32,
    pub top: i32,
    pub right: i32,
    pub bottom: i32,
}

/// A path under a class of `style/chart.css`; `series` (from 0) gives it a colour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    pub class: &'static str,
    pub series: Option<usize>,
    pub path: String,
}

/// A text; its class gives the alignment: `start`, `middle` or `end` of the point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    pub class: &'static str,
    pub x: i32,
    pub y: i32,
    pub text: String,
}

/// Lays a clean chart out. `hidden`: a bit per series that is switched off.
#[must_use]
pub fn layout(chart: &Chart, hidden: u16, lang: Lang) -> Drawing {
    match &chart.kind {
        ChartKind::Time { at, offset_minutes } => lines::layout(chart, at, *offset_minutes, hidden, lang),
        ChartKind::Bars { categories, stacked } => bars::layout(chart, categories, *stacked, hidden, lang),
        ChartKind::Shares { .. } => shares::layout(chart),
    }
}

/// Whether there is anything to draw.
#[must_use]
pub fn is_blank(chart: &Chart) -> bool {
    let any = |values: &[Option<f64>]| values.iter().any(Option::is_some);
    slot_count(chart) == 0 || !chart.series.iter().any(|series| any(&series.values))
}

/// Whether a series is switched on.
#[must_use]
pub fn shows(hidden: u16, series: usize) -> bool {
    (hidden >> series.min(15)) & 1 == 0
}

/// The places of the series that are switched on.
fn shown(chart: &Chart, hidden: u16) -> impl Iterator<Item = usize> {
    (0..chart.series.len()).filter(move |series| shows(hidden, *series))
}

impl Drawing {
    /// The slot nearest to a point of the drawing.
    #[must_use]
    pub fn nearest(&self, x: i32, y: i32) -> Option<usize> {
        let along = if self.down { y } else { x };
        (0..self.slots.len()).min_by_key(|slot| self.slots.get(*slot).map(|middle| (middle - along).abs()))
    }

    /// The line through a slot.
    #[must_use]
    pub fn cross(&self, slot: usize) -> String {
        let mut path = String::new();
        let Some(middle) = self.slots.get(slot) else { return path };
        let Area { left, top, right, bottom } = self.area;
        if self.down {
            line(&mut path, (left, *middle), (right, *middle));
        } else {
            line(&mut path, (*middle, top), (*middle, bottom));
        }
        path
    }

    /// A dot on every line at a slot.
    #[must_use]
    pub fn dots(&self, chart: &Chart, hidden: u16, slot: usize) -> String {
        let mut path = String::new();
        let (Some(scale), Some(x)) = (self.scale, self.slots.get(slot)) else { return path };
        for series in shown(chart, hidden) {
            if let Some(value) = values(chart, series).get(slot).copied().flatten() {
                dot(&mut path, *x, self.area.height_of(&scale, value));
            }
        }
        path
    }

    fn shape(&mut self, class: &'static str, series: Option<usize>, path: String) {
        if !path.is_empty() {
            self.shapes.push(Shape { class, series, path });
        }
    }

    fn label(&mut self, class: &'static str, x: i32, y: i32, text: String) {
        self.labels.push(Label { class, x, y, text });
    }

    /// The axis of values on the left with its lines, unit above. Sets the area's left edge.
    fn upright_axis(&mut self, scale: &Scale, unit: &str, lang: Lang) {
        let ticks = scale.ticks(lang);
        let widest = ticks.iter().map(|(_, text)| width_of(text)).max().unwrap_or_default();
        self.area.left = (widest + 100).clamp(320, 1_600);
        let mut grid = String::new();
        for (value, text) in ticks {
            let y = self.area.height_of(scale, value);
            line(&mut grid, (self.area.left, y), (self.area.right, y));
            self.label("end", self.area.left - 60, y + 40, text);
        }
        self.shape("chart-grid", None, grid);
        if !unit.is_empty() {
            self.label("start", 0, 110, clipped(unit, WIDTH / 2));
        }
    }
}

impl Area {
    /// The y of a value.
    fn height_of(&self, scale: &Scale, value: f64) -> i32 {
        self.bottom - part_of(self.bottom - self.top, scale.place(value))
    }

    /// The x of a value.
    fn width_to(&self, scale: &Scale, value: f64) -> i32 {
        self.left + part_of(self.right - self.left, scale.place(value))
    }
}

/// `part` (0 to 1) of a length.
fn part_of(length: i32, part: f64) -> i32 {
    (f64::from(length) * part + 0.5) as i32
}

/// About as wide as the text will be.
fn width_of(text: &str) -> i32 {
    text.chars().map(|c| if c < '\u{2e80}' { CHARACTER } else { WIDE_CHARACTER }).fold(0, i32::saturating_add)
}

/// The text, cut with an ellipsis where it would be wider.
fn clipped(text: &str, width: i32) -> String {
    if width_of(text) <= width {
        return text.to_owned();
    }
    let mut left = width - CHARACTER;
    let fits = |c: &char| {
        left -= if *c < '\u{2e80}' { CHARACTER } else { WIDE_CHARACTER };
        left >= 0
    };
    let mut cut: String = text.chars().take_while(fits).collect();
    cut.push('…');
    cut
}

/// Writes a length: `123` → `12.3`.
pub fn push(out: &mut String, tenths: i32) {
    if tenths < 0 {
        out.push('-');
    }
    let size = tenths.unsigned_abs();
    out.push_str(&(size / 10).to_string());
    if !size.is_multiple_of(10) {
        out.push('.');
        out.push_str(&(size % 10).to_string());
    }
}

fn command(out: &mut String, letter: char, x: i32, y: i32) {
    out.push(letter);
    push(out, x);
    out.push(' ');
    push(out, y);
}

fn line(out: &mut String, from: (i32, i32), to: (i32, i32)) {
    command(out, 'M', from.0, from.1);
    command(out, 'L', to.0, to.1);
}

/// A line of no length: with round caps it is a dot.
fn dot(out: &mut String, x: i32, y: i32) {
    command(out, 'M', x, y);
    out.push_str("h0");
}

fn rectangle(out: &mut String, left: i32, top: i32, right: i32, bottom: i32) {
    command(out, 'M', left, top);
    out.push('H');
    push(out, right);
    out.push('V');
    push(out, bottom);
    out.push('H');
    push(out, left);
    out.push('Z');
}

#[cfg(test)]
mod tests;
