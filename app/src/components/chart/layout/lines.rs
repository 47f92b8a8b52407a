//! Lines over time, broken where there is no reading.

use super::{Area, Drawing, STEPS, WIDTH, command, dot, part_of, shown};
use crate::{
    components::chart::{
        axis::{Scale, time_ticks},
        data::{slot_label, values},
    },
    model::{Chart, Lang, Timestamp},
};

const HEIGHT: i32 = 2_400;
/// Room for a label of the time axis.
const LABEL: i32 = 800;

pub fn layout(chart: &Chart, at: &[Timestamp], offset_minutes: i32, hidden: u16, lang: Lang) -> Drawing {
    let area = Area { left: 0, top: 200, right: WIDTH - 60, bottom: HEIGHT - 240 };
    let mut drawing = Drawing { height: HEIGHT, area, ..Drawing::default() };
    let (low, high) = range(chart, hidden);
    let with_zero = is_amount(&chart.unit) || high - low > (low.abs().max(high.abs())) / 4.0;
    let scale = Scale::around(low, high, with_zero, STEPS);
    drawing.upright_axis(&scale, &chart.unit, lang);
    drawing.scale = Some(scale);
    let area = drawing.area;

    let (first, last) = (at.first().map_or(0, |at| at.0), at.last().map_or(0, |at| at.0));
    let along = |at: i64| {
        if first == last {
            return (area.left + area.right) / 2;
        }
        area.left + part_of(area.right - area.left, (at - first) as f64 / (last - first) as f64)
    };
    drawing.slots = at.iter().map(|at| along(at.0)).collect();
    let mut ticks = time_ticks(first, last, offset_minutes, i64::from((area.right - area.left) / LABEL), lang);
    if ticks.is_empty() {
        ticks.push((first, slot_label(chart, 0, lang)));
    }
    let mut marks = String::new();
    for (at, text) in ticks {
        let x = along(at);
        super::line(&mut marks, (x, area.bottom), (x, area.bottom + 40));
        let half = super::width_of(&text) / 2;
        drawing.label("middle", x.clamp(half, (WIDTH - half).max(half)), HEIGHT - 60, text);
    }
    drawing.shape("chart-grid", None, marks);

    let alone = chart.series.len() == 1 && scale.low() <= 0.0;
    for series in shown(chart, hidden) {
        let points = points(&drawing, &scale, values(chart, series));
        if alone {
            drawing.shape("chart-area", Some(series), ground(&points, area.height_of(&scale, 0.0)));
        }
        drawing.shape("chart-line", Some(series), path(&points));
    }
    drawing
}

/// Things that are counted up: their axis starts at zero.
fn is_amount(unit: &str) -> bool {
    unit.ends_with('h') || unit.ends_with('W') || unit == "kg"
}

fn range(chart: &Chart, hidden: u16) -> (f64, f64) {
    let all = shown(chart, hidden).flat_map(|series| values(chart, series).iter().flatten().copied());
    let range = all.fold(None, |range: Option<(f64, f64)>, value| match range {
        None => Some((value, value)),
        Some((low, high)) => Some((low.min(value), high.max(value))),
    });
    range.unwrap_or_default()
}

/// The points of the stretches without a gap.
fn points(drawing: &Drawing, scale: &Scale, values: &[Option<f64>]) -> Vec<Vec<(i32, i32)>> {
    let mut stretches: Vec<Vec<(i32, i32)>> = vec![vec![]];
    for (x, value) in drawing.slots.iter().zip(values) {
        match (value, stretches.last_mut()) {
            (Some(value), Some(stretch)) => stretch.push((*x, drawing.area.height_of(scale, *value))),
            (None, Some(stretch)) if stretch.is_empty() => {}
            _ => stretches.push(vec![]),
        }
    }
    stretches.retain(|stretch| !stretch.is_empty());
    stretches
}

fn path(stretches: &[Vec<(i32, i32)>]) -> String {
    let mut path = String::new();
    for stretch in stretches {
        match stretch.as_slice() {
            [(x, y)] => dot(&mut path, *x, *y),
            points => follow(&mut path, points),
        }
    }
    path
}

fn follow(path: &mut String, points: &[(i32, i32)]) {
    for (place, (x, y)) in points.iter().enumerate() {
        command(path, if place == 0 { 'M' } else { 'L' }, *x, *y);
    }
}

/// What lies between the line and zero.
fn ground(stretches: &[Vec<(i32, i32)>], zero: i32) -> String {
    let mut path = String::new();
    for stretch in stretches {
        let ([first, .., last], true) = (stretch.as_slice(), stretch.len() > 1) else { continue };
        follow(&mut path, stretch);
        command(&mut path, 'L', last.0, zero);
        command(&mut path, 'L', first.0, zero);
        path.push('Z');
    }
    path
}
