//! A keyed list. Rows that keep their order stay where they are in the page: `<For>` takes every row out and puts it back
//! when another one comes first (tachys 0.2), which makes the browser style, lay out and measure all of them again, and
//! takes the keyboard and the selection from them. It also costs twelve kilobytes of WebAssembly for each type it is used
//! with; here there is one type.
//!
//! Pure and tested natively: [`places`] and [`staying`].

use leptos::{
    prelude::*,
    tachys::{
        html::attribute::{Attribute, any_attribute::AnyAttribute},
        hydration::Cursor,
        renderer::{CastFrom as _, Rndr, types},
        view::{Mountable, Position, PositionState, Render, RenderHtml, add_attr::AddAnyAttr, any_view::AnyViewState},
    },
};

/// A row before it is drawn.
struct Row {
    key: u128,
    draw: Box<dyn FnOnce() -> AnyView + Send>,
}

type Source = Box<dyn Fn() -> Vec<Row> + Send + Sync>;

/// Draws `items` in their order; one whose key was there before stays as it is.
pub fn each<T: Send + 'static>(
    items: impl Fn() -> Vec<T> + Send + Sync + 'static,
    key: fn(&T) -> u128,
    draw: impl Fn(T) -> AnyView + Clone + Send + Sync + 'static,
) -> AnyView {
    let row = move |item: T| {
        let (key, draw) = (key(&item), draw.clone());
        Row { key, draw: Box::new(move || draw(item)) }
    };
    rows(Box::new(move || items().into_iter().map(&row).collect()))
}

fn rows(source: Source) -> AnyView {
    // Of the list, not of the effect that draws it again: else all rows would end with every change.
    let owner = Owner::current().unwrap_or_default();
    (move || Rows { rows: source(), owner: owner.clone() }).into_any()
}

/// For every row wanted: where it stands now, if it does. Each place is given once.
fn places(shown: &[u128], wanted: impl Iterator<Item = u128>) -> Vec<Option<usize>> {
    let mut taken = vec![false; shown.len()];
    let mut next = 0;
    let place = |key: u128| {
        // Most rows follow the one before.
        let is_next = shown.get(next) == Some(&key) && taken.get(next) == Some(&false);
        let mut free = shown.iter().zip(&taken);
        let place = if is_next { next } else { free.position(|(known, taken)| *known == key && !taken)? };
        if let Some(taken) = taken.get_mut(place) {
            *taken = true;
        }
        next = place + 1;
        Some(place)
    };
    wanted.map(place).collect()
}

/// Which rows need not be moved: the most that stand in the right order already (the longest increasing subsequence).
fn staying(places: &[Option<usize>]) -> Vec<bool> {
    // By length: the row that ends such a sequence furthest up; and for every row the one before it in its sequence.
    let mut ends: Vec<usize> = vec![];
    let mut before: Vec<Option<usize>> = vec![None; places.len()];
    for (at, place) in places.iter().enumerate() {
        if place.is_none() {
            continue;
        }
        let length = ends.partition_point(|&end| places[end] < *place);
        before[at] = length.checked_sub(1).map(|shorter| ends[shorter]);
        match ends.get_mut(length) {
            Some(end) => *end = at,
            None => ends.push(at),
        }
    }
    let mut stays = vec![false; places.len()];
    let mut last = ends.last().copied();
    while let Some(at) = last {
        stays[at] = true;
        last = before[at];
    }
    stays
}

impl Row {
    fn build(self, parent: &Owner) -> Shown {
        let owner = parent.with(Owner::new);
        let view = owner.with(|| (self.draw)().build());
        Shown { key: self.key, view, owner }
    }
}

/// The rows as they should stand.
struct Rows {
    rows: Vec<Row>,
    owner: Owner,
}

/// A row on the page.
struct Shown {
    key: u128,
    // Dropped before its owner, so that what it holds ends from the bottom up.
    view: AnyViewState,
    #[expect(dead_code, reason = "ends what belongs to the row when it is dropped")]
    owner: Owner,
}

/// What the browser keeps of a list.
struct RowsState {
    shown: Vec<Shown>,
    /// Stands behind the last row.
    end: types::Placeholder,
}

impl RowsState {
    /// Puts the row at `at` in front of the one that follows it, which stands already.
    fn place(&mut self, at: usize) {
        let Some(parent) = Rndr::get_parent(&self.end).and_then(types::Element::cast_from) else { return };
        let (before, behind) = self.shown.split_at_mut(at + 1);
        let Some(row) = before.last_mut() else { return };
        match behind.first() {
            Some(next) => next.view.insert_before_this_or_marker(&parent, &mut row.view, Some(self.end.as_ref())),
            None => row.view.mount(&parent, Some(self.end.as_ref())),
        }
    }
}

impl Render for Rows {
    type State = RowsState;

    fn build(self) -> RowsState {
        let shown = self.rows.into_iter().map(|row| row.build(&self.owner)).collect();
        RowsState { shown, end: Rndr::create_placeholder() }
    }

    fn rebuild(self, state: &mut RowsState) {
        let mut before: Vec<Option<Shown>> = std::mem::take(&mut state.shown).into_iter().map(Some).collect();
        let known: Vec<u128> = before.iter().flatten().map(|row| row.key).collect();
        let places = places(&known, self.rows.iter().map(|row| row.key));
        let kept: Vec<Option<Shown>> =
            places.iter().map(|place| before.get_mut((*place)?).and_then(Option::take)).collect();
        for mut gone in before.into_iter().flatten() {
            gone.view.unmount();
        }
        let rows = kept.into_iter().zip(self.rows);
        state.shown = rows.map(|(kept, row)| kept.unwrap_or_else(|| row.build(&self.owner))).collect();
        let stays = staying(&places);
        for at in (0..stays.len()).rev().filter(|&at| !stays[at]) {
            state.place(at);
        }
    }
}

impl Mountable for RowsState {
    fn unmount(&mut self) {
        for row in &mut self.shown {
            row.view.unmount();
        }
        self.end.unmount();
    }

    fn mount(&mut self, parent: &types::Element, marker: Option<&types::Node>) {
        for row in &mut self.shown {
            row.view.mount(parent, marker);
        }
        self.end.mount(parent, marker);
    }

    fn insert_before_this(&self, child: &mut dyn Mountable) -> bool {
        let first = self.shown.first();
        first.is_some_and(|row| row.view.insert_before_this(child)) || self.end.insert_before_this(child)
    }

    fn elements(&self) -> Vec<types::Element> {
        self.shown.iter().flat_map(|row| row.view.elements()).collect()
    }
}

impl AddAnyAttr for Rows {
    type Output<NewAttr: Attribute> = Self;

    /// Attributes belong to the rows; none are spread onto them.
    fn add_any_attr<NewAttr: Attribute>(self, _: NewAttr) -> Self
    where
        Self: RenderHtml,
    {
        self
    }
}

impl RenderHtml for Rows {
    type AsyncOutput = Self;
    type Owned = Self;

    const MIN_LENGTH: usize = 0;

    fn dry_resolve(&mut self) {}

    async fn resolve(self) -> Self {
        self
    }

    fn to_html_with_buf(
        self,
        buf: &mut String,
        position: &mut Position,
        escape: bool,
        mark_branches: bool,
        _extra: Vec<AnyAttribute>,
    ) {
        for row in self.rows {
            let draw = || (row.draw)().to_html_with_buf(buf, position, escape, mark_branches, vec![]);
            self.owner.with(Owner::new).with(draw);
            *position = Position::NextChild;
        }
    }

    /// Pages are drawn anew, never taken over (`chat::waking`).
    fn hydrate<const FROM_SERVER: bool>(self, _: &Cursor, _: &PositionState) -> RowsState {
        self.build()
    }

    fn into_owned(self) -> Self {
        self
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn moved(shown: &[u128], wanted: &[u128]) -> usize {
        let places = places(shown, wanted.iter().copied());
        places.iter().zip(staying(&places)).filter(|(place, stays)| place.is_some() && !stays).count()
    }

    #[test]
    fn rows_that_keep_their_order_stay() {
        assert_eq!(moved(&[4, 5, 6], &[1, 2, 3, 4, 5, 6]), 0, "others come first");
        assert_eq!(moved(&[4, 5, 6], &[4, 5, 6, 7]), 0, "others come last");
        assert_eq!(moved(&[1, 2, 3, 4], &[2, 9, 4]), 0, "some go");
        assert_eq!(moved(&[1, 2, 3, 4], &[4, 1, 2, 3]), 1, "the last one comes first");
        assert_eq!(moved(&[1, 2, 3, 4], &[2, 3, 4, 1]), 1, "the first one comes last");
        assert_eq!(places(&[1, 1], [1, 1, 1].into_iter()), [Some(0), Some(1), None], "one name is not two rows");
    }

    proptest! {
        /// As `rebuild` does it: who is gone goes, who stays stands, everyone else is put before the one that follows.
        #[test]
        fn the_page_shows_what_is_wanted(
            shown in prop::collection::vec(0u128..12, 0..12),
            wanted in prop::collection::vec(0u128..16, 0..16),
        ) {
            let places = places(&shown, wanted.iter().copied());
            let stays = staying(&places);
            // The page: a row by its place before, or as a new one by its place now.
            let mut page: Vec<(bool, usize)> = (0..shown.len()).map(|at| (false, at)).collect();
            page.retain(|(_, at)| places.contains(&Some(*at)));
            let name = |at: usize| places[at].map_or((true, at), |place| (false, place));
            for at in (0..wanted.len()).rev().filter(|&at| !stays[at]) {
                page.retain(|row| *row != name(at));
                let next = (at + 1 < wanted.len()).then(|| name(at + 1));
                let before = next.and_then(|next| page.iter().position(|row| *row == next)).unwrap_or(page.len());
                page.insert(before, name(at));
            }
            let key = |row: &(bool, usize)| if row.0 { wanted[row.1] } else { shown[row.1] };
            prop_assert_eq!(page.iter().map(key).collect::<Vec<_>>(), wanted);
        }
    }
}
