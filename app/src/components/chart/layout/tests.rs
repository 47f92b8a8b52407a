use proptest::prelude::*;

use super::*;
use crate::{
    components::chart::data::{clean, few_parts},
    model::{Series, Timestamp},
};

fn chart(kind: ChartKind, unit: &str, series: &[&[Option<f64>]]) -> Chart {
    let series = series.iter().map(|values| Series { name: "s".into(), values: values.to_vec() }).collect();
    clean(Chart { title: "t".into(), description: "d".into(), unit: unit.into(), kind, series })
}

fn names(count: usize) -> Vec<String> {
    (0..count).map(|place| format!("N{place}")).collect()
}

/// Every coordinate of a path, as pairs as far as the commands give both.
fn coordinates(path: &str) -> Vec<(char, f64)> {
    let mut found = Vec::new();
    for piece in path.split_inclusive(|c: char| c.is_ascii_digit()).collect::<String>().split(['M', 'L']).skip(1) {
        let mut horizontal = true;
        for number in piece.split([' ', 'H', 'V', 'h', 'Z']).filter(|text| !text.is_empty()) {
            found.push((if horizontal { 'x' } else { 'y' }, number.parse().expect("a number")));
            horizontal = !horizontal;
        }
    }
    found
}

fn fits(drawing: &Drawing) -> Result<(), TestCaseError> {
    let (width, height) = (f64::from(WIDTH) / 10.0, f64::from(drawing.height) / 10.0);
    for shape in &drawing.shapes {
        // Rectangles alternate x and y after the corner as lines do: M x y H x V y H x Z.
        for (axis, number) in coordinates(&shape.path) {
            let most = if axis == 'x' { width } else { height };
            prop_assert!(number >= 0.0 && number <= most, "{axis} {number} of {most} in {}", shape.class);
        }
    }
    for label in &drawing.labels {
        prop_assert!((0..=WIDTH).contains(&label.x) && (0..=drawing.height).contains(&label.y), "{label:?}");
    }
    let length = if drawing.down { drawing.height } else { WIDTH };
    prop_assert!(drawing.slots.iter().all(|slot| (0..=length).contains(slot)));
    prop_assert!(drawing.slots.is_sorted());
    Ok(())
}

fn path<'a>(drawing: &'a Drawing, class: &str) -> &'a str {
    drawing.shapes.iter().find(|shape| shape.class == class).map_or("", |shape| shape.path.as_str())
}

#[test]
fn lines_break_where_nothing_was_read_and_single_points_are_dots() {
    let at = (0..5).map(|hour| Timestamp(hour * 3_600_000)).collect();
    let values = [Some(0.0), Some(10.0), None, Some(5.0), None];
    let drawing = layout(&chart(ChartKind::Time { at, offset_minutes: 0 }, "kWh", &[&values]), 0, Lang::English);
    let line = path(&drawing, "chart-line");
    assert_eq!((line.matches('M').count(), line.matches('L').count(), line.matches("h0").count()), (2, 1, 1), "{line}");
    assert_eq!(path(&drawing, "chart-area").matches('Z').count(), 1);
    let texts: Vec<&str> = drawing.labels.iter().map(|label| label.text.as_str()).collect();
    assert!(texts.starts_with(&["0", "2", "4", "6", "8", "10", "kWh"]), "{texts:?}");
    assert_eq!(drawing.nearest(drawing.slots[3] + 10, 0), Some(3));
    assert!(drawing.dots(&chart(ChartKind::Bars { categories: vec![], stacked: false }, "", &[]), 0, 3).is_empty());
}

#[test]
fn only_amounts_start_at_zero() {
    let at: Vec<Timestamp> = (0..3).map(Timestamp).collect();
    let volts = [Some(398.0), Some(402.0), Some(401.0)];
    let first = |unit: &str| {
        let kind = ChartKind::Time { at: at.clone(), offset_minutes: 0 };
        layout(&chart(kind, unit, &[&volts]), 0, Lang::English).labels.swap_remove(0).text
    };
    assert_eq!((first("V").as_str(), first("kWh").as_str()), ("398", "0"));
}

#[test]
fn bars_lie_down_when_names_are_long_or_many_but_days_stand() {
    let bars = |categories: Vec<String>| {
        let values = vec![Some(1.0); categories.len()];
        layout(&chart(ChartKind::Bars { categories, stacked: false }, "kWh", &[&values]), 0, Lang::English)
    };
    assert!(!bars(names(8)).down);
    assert!(bars(names(9)).down);
    assert!(bars(vec!["The compressor behind the second hall".into(), "b".into(), "c".into()]).down);
    let days: Vec<String> = (1..=31).map(|day| format!("2026-10-{day:02}")).collect();
    let month = bars(days);
    assert!(!month.down);
    let shown: Vec<&str> =
        month.labels.iter().filter(|label| label.class == "middle").map(|l| l.text.as_str()).collect();
    assert!(shown.len() > 6 && shown.len() < 16 && shown[0] == "1 Oct", "{shown:?}");
    let many = bars(names(50));
    assert_eq!(many.slots.len(), bars::MOST_LYING);
    assert!(many.labels.iter().any(|label| label.text == "+ 30 more in the data table"));
    let long = bars(vec!["x".repeat(1_000); 10]);
    assert!(long.labels[0].text.ends_with('…') && long.labels[0].text.chars().count() < 40);
}

#[test]
fn stacked_bars_stand_on_each_other_and_negative_ones_hang() {
    let kind = ChartKind::Bars { categories: names(1), stacked: true };
    let drawing = layout(&chart(kind, "kWh", &[&[Some(4.0)], &[Some(6.0)], &[Some(-5.0)]]), 0, Lang::English);
    let tops: Vec<(f64, f64)> = drawing
        .shapes
        .iter()
        .filter(|shape| shape.class == "chart-bar")
        .map(|shape| {
            let ys: Vec<f64> =
                coordinates(&shape.path).into_iter().filter(|(axis, _)| *axis == 'y').map(|(_, y)| y).collect();
            (ys[0], ys[1])
        })
        .collect();
    let [first, second, third] = tops.as_slice() else { panic!("{tops:?}") };
    assert_eq!(second.1, first.0, "the second stands on the first");
    assert_eq!(third.0, first.1, "the negative one hangs from zero");
}

#[test]
fn hidden_series_are_not_drawn_and_do_not_count() {
    let at: Vec<Timestamp> = (0..2).map(Timestamp).collect();
    let both = chart(
        ChartKind::Time { at, offset_minutes: 0 },
        "kWh",
        &[&[Some(1.0), Some(2.0)], &[Some(100.0), Some(900.0)]],
    );
    let drawing = layout(&both, 0b10, Lang::English);
    let series: Vec<Option<usize>> =
        drawing.shapes.iter().filter(|s| s.class == "chart-line").map(|s| s.series).collect();
    assert_eq!(series, [Some(0)]);
    assert!(drawing.labels.iter().all(|label| !label.text.starts_with('9') && label.text != "1,000"));
    assert!(layout(&both, 0b11, Lang::English).shapes.iter().all(|shape| shape.class != "chart-line"));
}

#[test]
fn shares_fill_the_bar() {
    let parts = chart(ChartKind::Shares { categories: names(3) }, "kWh", &[&[Some(50.0), Some(25.0), Some(25.0)]]);
    let drawing = layout(&parts, 0, Lang::English);
    assert_eq!(drawing.slots, [1_600, 4_000, 5_600]);
    assert!(
        layout(&chart(ChartKind::Shares { categories: names(2) }, "", &[&[Some(0.0), None]]), 0, Lang::English)
            .shapes
            .is_empty()
    );
}

#[test]
fn nothing_is_blank() {
    assert!(is_blank(&chart(ChartKind::Bars { categories: vec![], stacked: false }, "", &[])));
    assert!(is_blank(&chart(ChartKind::Bars { categories: names(2), stacked: false }, "", &[&[None, Some(f64::NAN)]])));
    assert!(!is_blank(&chart(ChartKind::Bars { categories: names(1), stacked: false }, "", &[&[Some(0.0)]])));
}

fn any_value() -> impl Strategy<Value = Option<f64>> {
    prop_oneof![
        prop::option::of(-1e3f64..1e3),
        prop::option::of(any::<f64>()),
        Just(Some(1e12)),
        Just(Some(0.0)),
        Just(Some(f64::NAN)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn whatever_is_given_stays_inside(
        rows in prop::collection::vec(prop::collection::vec(any_value(), 0..40), 0..14),
        instants in prop::collection::vec(prop_oneof![any::<i64>(), 0i64..1_000_000_000_000], 0..40),
        categories in prop::collection::vec(prop_oneof!["[ -~]{0,60}", Just("2026-11-14".to_owned()), Just("電力量計".to_owned())], 0..40),
        unit in "[a-zA-Z%]{0,12}", offset in -900i32..900, hidden: u16, stacked: bool, kind in 0u8..3,
    ) {
        let kind = match kind {
            0 => ChartKind::Time { at: instants.into_iter().map(Timestamp).collect(), offset_minutes: offset },
            1 => ChartKind::Bars { categories, stacked },
            _ => ChartKind::Shares { categories },
        };
        let rows: Vec<&[Option<f64>]> = rows.iter().map(Vec::as_slice).collect();
        let drawn = few_parts(chart(kind, &unit, &rows), Lang::Indonesian);
        let drawing = layout(&drawn, hidden, Lang::Indonesian);
        fits(&drawing)?;
        for slot in 0..drawing.slots.len() {
            prop_assert!(!drawing.cross(slot).is_empty());
        }
    }
}
