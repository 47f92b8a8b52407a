//! Bars per category: upright, or lying where names are long or many. Days and months stand upright however many.

use super::{Area, Drawing, STEPS, WIDTH, clipped, part_of, rectangle, shown, width_of};
use crate::{
    components::chart::{
        axis::Scale,
        data::{amount, category, day_or_month, values},
    },
    model::{Chart, Lang},
    words::chart as words,
};

const HEIGHT: i32 = 2_400;
/// More categories than this lie down.
const MOST_UPRIGHT: usize = 8;
/// The most categories that are drawn lying; the others are in the table.
pub const MOST_LYING: usize = 20;
/// The widest name beside a lying bar.
const WIDEST_NAME: i32 = 1_900;
/// The height of a lying bar, and of the room between categories.
const BAR: i32 = 150;
const BETWEEN: i32 = 90;

pub fn layout(chart: &Chart, categories: &[String], stacked: bool, hidden: u16, lang: Lang) -> Drawing {
    let names: Vec<String> = categories.iter().map(|name| category(name, false, lang)).collect();
    let count = i32::try_from(names.len()).unwrap_or(i32::MAX).max(1);
    let in_order_of_time = !categories.is_empty() && categories.iter().all(|name| day_or_month(name).is_some());
    let fit = names.iter().all(|name| width_of(name) + 80 <= (WIDTH - 600) / count);
    if in_order_of_time || names.len() <= MOST_UPRIGHT && fit {
        return upright(chart, &names, stacked, hidden, lang);
    }
    lying(chart, &names, stacked, hidden, lang)
}

/// From where to where each bar of a slot reaches, and its place among those side by side: (series, side, from, to).
fn reaches(chart: &Chart, stacked: bool, hidden: u16, slot: usize) -> Vec<(usize, i32, f64, f64)> {
    let (mut above, mut below) = (0.0, 0.0);
    let mut bars = Vec::new();
    for (side, series) in (0..).zip(shown(chart, hidden)) {
        let Some(value) = values(chart, series).get(slot).copied().flatten() else { continue };
        if !stacked {
            bars.push((series, side, 0.0, value));
            continue;
        }
        let end = if value < 0.0 { &mut below } else { &mut above };
        bars.push((series, 0, *end, *end + value));
        *end += value;
    }
    bars
}

fn scale(chart: &Chart, stacked: bool, hidden: u16, slots: usize) -> Scale {
    let ends = (0..slots).flat_map(|slot| reaches(chart, stacked, hidden, slot)).map(|(.., end)| end);
    let (low, high) = ends.fold((0.0, 0.0), |(low, high): (f64, f64), end| (low.min(end), high.max(end)));
    Scale::around(low, high, true, STEPS)
}

/// How many bars stand side by side.
fn sides(chart: &Chart, stacked: bool, hidden: u16) -> i32 {
    let shown = i32::try_from(shown(chart, hidden).count()).unwrap_or(1);
    if stacked { 1 } else { shown.max(1) }
}

fn upright(chart: &Chart, names: &[String], stacked: bool, hidden: u16, lang: Lang) -> Drawing {
    let area = Area { left: 0, top: 200, right: WIDTH - 20, bottom: HEIGHT - 240 };
    let mut drawing = Drawing { height: HEIGHT, area, ..Drawing::default() };
    let scale = scale(chart, stacked, hidden, names.len());
    drawing.upright_axis(&scale, &chart.unit, lang);
    let area = drawing.area;
    let zero = area.height_of(&scale, 0.0);
    let count = names.len().max(1) as f64;
    let edge = |slot: usize| area.left + part_of(area.right - area.left, (slot as f64 / count).min(1.0));
    let sides = sides(chart, stacked, hidden);
    let mut paths = vec![String::new(); chart.series.len()];
    let room = width_of(names.iter().max_by_key(|name| width_of(name)).map_or("", String::as_str)) + 120;
    let every = (room / (edge(1) - area.left).max(1) + 1).max(1) as usize;
    for (slot, name) in names.iter().enumerate() {
        let (left, right) = (edge(slot), edge(slot + 1));
        drawing.slots.push((left + right) / 2);
        let margin = (right - left) * 3 / 20;
        let (left, width) = (left + margin, right - left - 2 * margin);
        for (series, side, from, to) in reaches(chart, stacked, hidden, slot) {
            let (start, end) = (left + width * side / sides, left + width * (side + 1) / sides);
            let (from, to) = (area.height_of(&scale, from), area.height_of(&scale, to));
            if let Some(path) = paths.get_mut(series) {
                rectangle(path, start, from.min(to), end.max(start + 1), from.max(to));
            }
        }
        if slot % every == 0 {
            drawing.label("middle", middle_of(&drawing, slot, name), HEIGHT - 60, name.clone());
        }
    }
    finish(&mut drawing, paths, (area.left, zero), (area.right, zero));
    drawing
}

/// Where a name below a bar is centred: below it, but inside the drawing.
fn middle_of(drawing: &Drawing, slot: usize, name: &str) -> i32 {
    let half = width_of(name) / 2;
    drawing.slots.get(slot).copied().unwrap_or_default().clamp(half, (WIDTH - half).max(half))
}

fn lying(chart: &Chart, names: &[String], stacked: bool, hidden: u16, lang: Lang) -> Drawing {
    let drawn = names.get(..names.len().min(MOST_LYING)).unwrap_or_default();
    let omitted = names.len() - drawn.len();
    let sides = sides(chart, stacked, hidden);
    let row = BAR * sides + BETWEEN;
    let names_end = drawn.iter().map(|name| width_of(name)).max().unwrap_or_default().min(WIDEST_NAME) + 80;
    let alone = chart.series.len() == 1;
    let scale = scale(chart, stacked, hidden, drawn.len());
    // Beside a single bar stands its value; several are read off an axis.
    let texts: Vec<String> = match values(chart, 0).get(..drawn.len()) {
        Some(values) if alone => values.iter().map(|value| amount(*value, &chart.unit, lang)).collect(),
        _ => vec![],
    };
    let widest = texts.iter().map(|text| width_of(text)).max().unwrap_or(100);
    let values_room = (widest + 100).min(2_000);
    let top = if alone { 0 } else { 200 };
    let bottom = top + row * i32::try_from(drawn.len()).unwrap_or_default();
    let foot = if omitted > 0 { 240 } else { 40 };
    // The text of a negative bar stands left of it.
    let negative = texts.iter().filter(|text| text.starts_with('-')).map(|text| width_of(text) + 60).max();
    let negative_room = negative.unwrap_or_default().min(2_000);
    let area = Area { left: names_end + negative_room, top, right: WIDTH - values_room, bottom };
    let mut drawing = Drawing { height: bottom + foot, down: true, area, ..Drawing::default() };
    if !alone {
        lying_axis(&mut drawing, &scale, &chart.unit, lang);
    }
    let mut paths = vec![String::new(); chart.series.len()];
    for ((slot, name), top) in drawn.iter().enumerate().zip((top..).step_by(row.unsigned_abs() as usize)) {
        let middle = top + row / 2;
        drawing.slots.push(middle);
        drawing.label("end strong", names_end - 60, middle + 40, clipped(name, WIDEST_NAME));
        for (series, side, from, to) in reaches(chart, stacked, hidden, slot) {
            let above = top + BETWEEN / 2 + BAR * side;
            let (start, end) = (area.width_to(&scale, from), area.width_to(&scale, to));
            if let Some(path) = paths.get_mut(series) {
                rectangle(path, start.min(end), above, start.max(end), above + BAR);
            }
            if let Some(text) = texts.get(slot) {
                let (class, x) = if to < 0.0 { ("end", end - 50) } else { ("start", end + 50) };
                drawing.label(class, x, middle + 40, text.clone());
            }
        }
    }
    let zero = area.width_to(&scale, 0.0);
    finish(&mut drawing, paths, (zero, area.top), (zero, area.bottom));
    if omitted > 0 {
        drawing.label("start", names_end, bottom + 180, words::more_in_table(omitted, lang));
    }
    drawing
}

fn lying_axis(drawing: &mut Drawing, scale: &Scale, unit: &str, lang: Lang) {
    let area = drawing.area;
    let mut grid = String::new();
    for (value, text) in scale.ticks(lang) {
        let x = area.width_to(scale, value);
        super::line(&mut grid, (x, area.top), (x, area.bottom));
        let half = width_of(&text) / 2;
        drawing.label("middle", x.min(WIDTH - half), 130, text);
    }
    drawing.shape("chart-grid", None, grid);
    drawing.label("start", 0, 130, clipped(unit, area.left - 200));
}

fn finish(drawing: &mut Drawing, paths: Vec<String>, from: (i32, i32), to: (i32, i32)) {
    for (series, path) in paths.into_iter().enumerate() {
        drawing.shape("chart-bar", Some(series), path);
    }
    let mut zero = String::new();
    super::line(&mut zero, from, to);
    drawing.shape("chart-zero", None, zero);
}
