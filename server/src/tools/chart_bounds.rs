//! Bounds on the charts tools give back. Long courses lose points in such a way that every peak and every dip stays and
//! every point that is drawn was measured; of too many series the smallest are added up.

use app::model::{Chart, ChartKind, Series, Timestamp};

use super::cap;

/// The most series of a chart (see [`Chart::series`]).
const MAX_SERIES: usize = 12;
/// The most points of a series a transcript keeps.
const MAX_POINTS: usize = 2_000;
/// What a screen shows of one line.
const FINE_POINTS: usize = 480;
/// The longest name, and the longest title or description, in bytes.
const MAX_NAME_BYTES: usize = 200;
const MAX_TEXT_BYTES: usize = 500;

/// A chart within its bounds, whatever a tool gave: values that are no numbers are missing ones.
pub fn chart(chart: Chart) -> Chart {
    let mut chart = thinned(chart, MAX_POINTS);
    chart.title = cap::text(&chart.title, MAX_TEXT_BYTES);
    chart.description = cap::text(&chart.description, MAX_TEXT_BYTES);
    chart.unit = cap::text(&chart.unit, MAX_NAME_BYTES);
    let categories = match &mut chart.kind {
        ChartKind::Bars { categories, .. } | ChartKind::Shares { categories } => categories.as_mut_slice(),
        ChartKind::Time { .. } => &mut [],
    };
    for name in categories.iter_mut().chain(chart.series.iter_mut().map(|series| &mut series.name)) {
        *name = cap::text(name, MAX_NAME_BYTES);
    }
    chart
}

/// A chart with as many points as a screen shows.
pub fn fine(chart: Chart) -> Chart {
    thinned(chart, FINE_POINTS)
}

fn thinned(mut chart: Chart, most: usize) -> Chart {
    let slots = match &chart.kind {
        ChartKind::Time { at, .. } => at.len(),
        ChartKind::Bars { categories, .. } | ChartKind::Shares { categories } => categories.len(),
    };
    for series in &mut chart.series {
        series.values.resize(slots, None);
        for value in &mut series.values {
            *value = value.filter(|value| value.is_finite());
        }
    }
    chart.series = few_series(chart.series);
    if slots <= most {
        return chart;
    }
    let kept: Vec<usize> = match &chart.kind {
        ChartKind::Time { .. } => {
            let kept = extremes(&chart.series, slots, most);
            let given = kept.len();
            let note = format!(" Of {slots} values {given} are given: the lowest and the highest of every stretch.");
            chart.description.push_str(&note);
            kept
        }
        ChartKind::Bars { .. } | ChartKind::Shares { .. } => {
            chart.description.push_str(&format!(" Only the first {most} of {slots} are given."));
            (0..most).collect()
        }
    };
    match &mut chart.kind {
        ChartKind::Time { at, .. } => *at = pick::<Timestamp>(at, &kept),
        ChartKind::Bars { categories, .. } | ChartKind::Shares { categories } => *categories = pick(categories, &kept),
    }
    for series in &mut chart.series {
        series.values = pick(&series.values, &kept);
    }
    chart
}

fn pick<T: Clone>(all: &[T], kept: &[usize]) -> Vec<T> {
    kept.iter().filter_map(|place| all.get(*place).cloned()).collect()
}

/// The places of at most `most` slots with the lowest and highest value of every series in every stretch; of a stretch
/// without values the first, so that a gap stays one. First and last slot stay.
fn extremes(series: &[Series], slots: usize, most: usize) -> Vec<usize> {
    let per_stretch = 2 * series.len().max(1);
    let stretches = (most.saturating_sub(2) / per_stretch).max(1);
    let mut kept = vec![0, slots - 1];
    for stretch in 0..stretches {
        let (from, to) = (stretch * slots / stretches, (stretch + 1) * slots / stretches);
        let before = kept.len();
        for series in series {
            let values = || (from..to).filter_map(|slot| Some((slot, series.values.get(slot).copied().flatten()?)));
            kept.extend(values().min_by(|a, b| a.1.total_cmp(&b.1)).map(|(slot, _)| slot));
            kept.extend(values().max_by(|a, b| a.1.total_cmp(&b.1)).map(|(slot, _)| slot));
        }
        if kept.len() == before {
            kept.push(from);
        }
    }
    kept.sort_unstable();
    kept.dedup();
    kept
}

/// At most [`MAX_SERIES`]: the largest keep their order, the others are added up.
fn few_series(mut all: Vec<Series>) -> Vec<Series> {
    if all.len() <= MAX_SERIES {
        return all;
    }
    let size = |series: &Series| series.values.iter().flatten().map(|value| value.abs()).sum::<f64>();
    let mut by_size: Vec<(usize, f64)> = all.iter().map(size).enumerate().collect();
    by_size.sort_by(|a, b| b.1.total_cmp(&a.1));
    let mut largest: Vec<usize> = by_size.iter().take(MAX_SERIES - 1).map(|(place, _)| *place).collect();
    largest.sort_unstable();
    let mut other: Vec<Option<f64>> = vec![None; all.first().map_or(0, |series| series.values.len())];
    for (place, series) in all.iter().enumerate() {
        if largest.contains(&place) {
            continue;
        }
        for (sum, value) in other.iter_mut().zip(&series.values) {
            if let Some(value) = value {
                *sum = Some(sum.unwrap_or(0.0) + value).filter(|sum| sum.is_finite());
            }
        }
    }
    let mut place = 0;
    all.retain(|_| {
        place += 1;
        largest.contains(&(place - 1))
    });
    all.push(Series { name: "Other".to_owned(), values: other });
    all
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn course(series: Vec<Vec<Option<f64>>>) -> Chart {
        let slots = series.first().map_or(0, Vec::len) as i64;
        Chart {
            title: "t".into(),
            description: "d".into(),
            unit: "kWh".into(),
            kind: ChartKind::Time { at: (0..slots).map(Timestamp).collect(), offset_minutes: 0 },
            series: series.into_iter().map(|values| Series { name: "s".into(), values }).collect(),
        }
    }

    #[test]
    fn of_many_series_the_smallest_are_added_up() {
        let many = course((0..15).map(|size| vec![Some(f64::from(size)), None]).collect());
        let few = chart(many);
        assert_eq!(few.series.len(), 12);
        assert_eq!(few.series[11].name, "Other");
        assert_eq!(few.series[11].values, [Some(6.0), None], "0 + 1 + 2 + 3");
        assert_eq!(few.series[0].values[0], Some(4.0), "the others keep their order");
    }

    #[test]
    fn too_many_categories_are_cut_and_it_is_said() {
        let categories = (0..3_000).map(|place| place.to_string()).collect();
        let mut long = course(vec![vec![Some(1.0); 3_000]]);
        long.kind = ChartKind::Bars { categories, stacked: false };
        let cut = chart(long);
        assert_eq!(cut.series[0].values.len(), 2_000);
        assert!(cut.description.ends_with("Only the first 2000 of 3000 are given."));
    }

    #[test]
    fn a_gap_stays_a_gap() {
        let mut values = vec![Some(1.0); 10_000];
        values[4_000..6_000].fill(None);
        let thin = fine(course(vec![values]));
        assert!(thin.series[0].values.len() <= FINE_POINTS);
        assert!(thin.series[0].values.contains(&None));
    }

    proptest! {
        #[test]
        fn peaks_and_dips_stay(values in prop::collection::vec(prop::option::weighted(0.9, -1e6f64..1e6), 2_001..6_000), two: bool) {
            let other: Vec<Option<f64>> = values.iter().rev().copied().collect();
            let whole = course(if two { vec![values, other] } else { vec![values] });
            let thin = chart(whole.clone());
            let ChartKind::Time { at, .. } = &thin.kind else { return Err(TestCaseError::fail("a course")) };
            prop_assert!(at.len() <= MAX_POINTS && at.is_sorted());
            for (before, after) in whole.series.iter().zip(&thin.series) {
                let ends = |series: &Series| {
                    let values = || series.values.iter().flatten().copied();
                    (values().reduce(f64::min), values().reduce(f64::max))
                };
                prop_assert_eq!(ends(before), ends(after));
                for (at, value) in at.iter().zip(&after.values) {
                    prop_assert_eq!(before.values[at.0 as usize], *value);
                }
            }
        }
    }
}
