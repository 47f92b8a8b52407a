//! Parts of a whole: one bar, cut into pieces in the order of the legend. Lengths on one line are compared better than
//! angles, and the legend beside it has room for names and numbers.

use super::{Area, Drawing, WIDTH, part_of, rectangle};
use crate::{components::chart::data::values, model::Chart};

const HEIGHT: i32 = 440;
const GAP: i32 = 20;

pub fn layout(chart: &Chart) -> Drawing {
    let area = Area { left: 0, top: 20, right: WIDTH, bottom: HEIGHT - 20 };
    let mut drawing = Drawing { height: HEIGHT, area, ..Drawing::default() };
    let parts = values(chart, 0);
    let whole: f64 = parts.iter().flatten().sum();
    if whole <= 0.0 {
        return drawing;
    }
    let mut sum = 0.0;
    for (slot, part) in parts.iter().enumerate() {
        let start = part_of(WIDTH, sum / whole);
        sum += part.unwrap_or(0.0);
        let end = part_of(WIDTH, (sum / whole).min(1.0));
        drawing.slots.push((start + end) / 2);
        let mut path = String::new();
        // What is too small for a gap is drawn without.
        let gap = if end - start > 3 * GAP && end < WIDTH { GAP } else { 0 };
        rectangle(&mut path, start, area.top, end - gap, area.bottom);
        drawing.shape("chart-bar", Some(slot), path);
    }
    drawing
}
