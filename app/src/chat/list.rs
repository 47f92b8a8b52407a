//! The sidebar's list: the conversations that were loaded, pinned ones first, then the one written to last, under the
//! headings of the tenant's days. Long lists are drawn in part ([`ConversationList::window`]).

use crate::{
    model::{ConversationId, ConversationSummary, Cursor, Date, Folder, Lang, Page, Timestamp},
    words::{dates, shell},
};

/// The conversations loaded so far and where the older ones go on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConversationList {
    folder: Folder,
    items: Vec<ConversationSummary>,
    next: Option<Cursor>,
    /// When the oldest row of the loaded pages was written to; older ones come with their page.
    reach: Option<Timestamp>,
}

/// What conversations stand under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Heading {
    Pinned,
    Today,
    Yesterday,
    Previous7Days,
    Previous30Days,
    Month { year: i32, month: u8 },
}

/// A line of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    Heading(Heading),
    Row(ConversationSummary),
}

impl Heading {
    /// Tells headings apart; small.
    #[must_use]
    pub fn number(self) -> u128 {
        match self {
            Self::Pinned => 0,
            Self::Today => 1,
            Self::Yesterday => 2,
            Self::Previous7Days => 3,
            Self::Previous30Days => 4,
            Self::Month { year, month } => 16 + u128::from(year.unsigned_abs()) * 16 + u128::from(month),
        }
    }

    /// The heading of a row, as of `today` in a zone `offset_minutes` ahead of UTC. A day after today (clocks differ)
    /// counts as today.
    fn of(row: &ConversationSummary, today: Date, offset_minutes: i32) -> Self {
        if row.pinned && !row.archived {
            return Self::Pinned;
        }
        let day = row.updated_at.date_at(i64::from(offset_minutes));
        match today.to_days() - day.to_days() {
            ..=0 => Self::Today,
            1 => Self::Yesterday,
            2..=7 => Self::Previous7Days,
            8..=30 => Self::Previous30Days,
            _ => Self::Month { year: day.year, month: day.month },
        }
    }

    #[must_use]
    pub fn label(self, lang: Lang) -> String {
        match self {
            Self::Pinned => shell::pinned(lang).into(),
            Self::Today => shell::today(lang).into(),
            Self::Yesterday => shell::yesterday(lang).into(),
            Self::Previous7Days => shell::previous_7_days(lang).into(),
            Self::Previous30Days => shell::previous_30_days(lang).into(),
            Self::Month { year, month } => dates::month_of_year(lang, year, month),
        }
    }
}

impl ConversationList {
    #[must_use]
    pub fn new(folder: Folder, page: Page<ConversationSummary>) -> Self {
        let mut list = Self { folder, items: page.items, next: page.next, reach: None };
        list.sort();
        list.reach_oldest();
        list
    }

    #[must_use]
    pub fn next(&self) -> Option<Cursor> {
        self.next.clone()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    #[must_use]
    pub fn get(&self, id: ConversationId) -> Option<&ConversationSummary> {
        self.items.iter().find(|item| item.id == id)
    }

    /// The rows in their order.
    pub fn rows(&self) -> impl Iterator<Item = &ConversationSummary> {
        self.items.iter()
    }

    /// How many answers are being written in what is loaded.
    #[must_use]
    pub fn running(&self) -> usize {
        self.items.iter().filter(|item| item.running).count()
    }

    /// The rows that were running here and are not in `now`.
    #[must_use]
    pub fn ended_since(&self, now: &Self) -> Vec<ConversationSummary> {
        let was_running = self.items.iter().filter(|item| item.running);
        was_running.filter_map(|item| now.get(item.id)).filter(|item| !item.running).cloned().collect()
    }

    /// Takes the newest page again. Older pages stay; what should be on the newest page and is not was deleted or moved
    /// to the other folder. All pinned rows are on the first page.
    pub fn refresh(&mut self, newest: Page<ConversationSummary>) {
        if newest.items.is_empty() || newest.next.is_none() {
            *self = Self::new(self.folder, newest);
            return;
        }
        let oldest = newest.items.iter().filter(|item| !self.on_top(item)).map(|item| item.updated_at).min();
        let is_new = |id| newest.items.iter().any(|item: &ConversationSummary| item.id == id);
        let inbox = self.folder == Folder::Inbox;
        self.items.retain(|item| {
            let pinned = inbox && item.pinned;
            !pinned && oldest.is_none_or(|oldest| item.updated_at < oldest) && !is_new(item.id)
        });
        if self.items.is_empty() {
            self.next = newest.next;
        }
        self.items.extend(newest.items);
        self.sort();
        self.reach_oldest();
    }

    /// Adds the page that follows. Items already here are not doubled.
    pub fn append(&mut self, older: Page<ConversationSummary>) {
        for item in older.items {
            if self.get(item.id).is_none() {
                self.items.push(item);
            }
        }
        self.next = older.next;
        self.sort();
        self.reach_oldest();
    }

    /// Adds or replaces one row. What belongs to the other folder goes; what is older than all that is loaded comes with
    /// its page.
    pub fn put(&mut self, summary: ConversationSummary) {
        self.items.retain(|item| item.id != summary.id);
        let belongs = summary.archived == (self.folder == Folder::Archive);
        let is_loaded = self.next.is_none()
            || self.on_top(&summary)
            || self.reach.is_none_or(|oldest| oldest <= summary.updated_at);
        if belongs && is_loaded {
            self.items.push(summary);
            self.sort();
        }
    }

    /// Takes a row out, so that it can be put back.
    pub fn remove(&mut self, id: ConversationId) -> Option<ConversationSummary> {
        let place = self.items.iter().position(|item| item.id == id)?;
        Some(self.items.remove(place))
    }

    pub fn rename(&mut self, id: ConversationId, title: &str) {
        if let Some(item) = self.items.iter_mut().find(|item| item.id == id) {
            title.clone_into(&mut item.title);
        }
    }

    pub fn set_running(&mut self, id: ConversationId, running: bool) {
        if let Some(item) = self.items.iter_mut().find(|item| item.id == id) {
            item.running = running;
        }
    }

    pub fn set_pinned(&mut self, id: ConversationId, pinned: bool) {
        if let Some(item) = self.items.iter_mut().find(|item| item.id == id) {
            item.pinned = pinned;
            self.sort();
        }
    }

    /// The rows from one to the other, whichever comes first, both included; only `to` when `from` is not here.
    #[must_use]
    pub fn between(&self, from: ConversationId, to: ConversationId) -> Vec<ConversationId> {
        let place = |id| self.items.iter().position(|item| item.id == id);
        let Some(end) = place(to) else { return vec![] };
        let start = place(from).unwrap_or(end);
        self.items[start.min(end)..=start.max(end)].iter().map(|item| item.id).collect()
    }

    fn reach_oldest(&mut self) {
        self.reach = self.items.last().filter(|oldest| !self.on_top(oldest)).map(|oldest| oldest.updated_at);
    }

    fn on_top(&self, row: &ConversationSummary) -> bool {
        row.pinned && self.folder == Folder::Inbox
    }

    fn sort(&mut self) {
        let inbox = self.folder == Folder::Inbox;
        self.items.sort_by_key(|item| std::cmp::Reverse((inbox && item.pinned, item.updated_at, item.id)));
    }

    /// The lines `from..from + count` of the list under its headings, and how many lines there are in all.
    #[must_use]
    pub fn window(&self, today: Date, offset_minutes: i32, from: usize, count: usize) -> (Vec<Entry>, usize) {
        let mut drawn = vec![];
        let mut total = 0;
        let mut heading = None;
        let wanted = from..from.saturating_add(count);
        for item in &self.items {
            let its_heading = Heading::of(item, today, offset_minutes);
            if heading != Some(its_heading) {
                heading = Some(its_heading);
                if wanted.contains(&total) {
                    drawn.push(Entry::Heading(its_heading));
                }
                total += 1;
            }
            if wanted.contains(&total) {
                drawn.push(Entry::Row(item.clone()));
            }
            total += 1;
        }
        (drawn, total)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::model::Timestamp;

    const DAY: i64 = 86_400_000;
    /// 2026-11-21 00:00 UTC.
    const TODAY: i64 = 20_778 * DAY;

    fn row(id: u128, updated_at: i64) -> ConversationSummary {
        ConversationSummary {
            id: ConversationId(Uuid::from_u128(id)),
            title: format!("c{id}"),
            updated_at: Timestamp(updated_at),
            running: false,
            waiting: false,
            pinned: false,
            archived: false,
        }
    }

    fn page(items: Vec<ConversationSummary>, next: bool) -> Page<ConversationSummary> {
        Page { items, next: next.then(|| Cursor("next".into())) }
    }

    fn titles(list: &ConversationList) -> Vec<String> {
        list.items.iter().map(|item| item.title.clone()).collect()
    }

    fn label(list: &ConversationList, offset: i32) -> String {
        match list.window(Timestamp(TODAY).date_utc(), offset, 0, 1).0.as_slice() {
            [Entry::Heading(heading)] => heading.label(Lang::English),
            other => panic!("no heading: {other:?}"),
        }
    }

    #[test]
    fn headings_follow_the_tenants_days() {
        let cases = [
            (TODAY + DAY, "Today"),
            (TODAY, "Today"),
            (TODAY - 1, "Yesterday"),
            (TODAY - DAY - 1, "Previous 7 days"),
            (TODAY - 7 * DAY, "Previous 7 days"),
            (TODAY - 8 * DAY, "Previous 30 days"),
            (TODAY - 31 * DAY, "October 2026"),
            (TODAY - 365 * DAY, "November 2025"),
        ];
        for (at, expected) in cases {
            let list = ConversationList::new(Folder::Inbox, page(vec![row(1, at)], false));
            assert_eq!(label(&list, 0), expected, "{at}");
        }
        let late_evening_in_utc = ConversationList::new(Folder::Inbox, page(vec![row(1, TODAY - 3_600_000)], false));
        assert_eq!(label(&late_evening_in_utc, 7 * 60), "Today", "already today in Jakarta");
    }

    #[test]
    fn a_refresh_drops_what_was_deleted_and_keeps_older_pages() {
        let mut list = ConversationList::new(Folder::Inbox, page(vec![row(9, 90), row(8, 80)], true));
        list.append(page(vec![row(7, 70), row(6, 60)], true));
        list.refresh(page(vec![row(10, 100), row(8, 80)], true));
        assert_eq!(titles(&list), ["c10", "c8", "c7", "c6"]);
        assert!(list.next().is_some());
    }

    #[test]
    fn a_refresh_with_the_last_page_is_the_whole_list() {
        let mut list = ConversationList::new(Folder::Inbox, page(vec![row(9, 90), row(1, 10)], false));
        list.refresh(page(vec![row(9, 90)], false));
        assert_eq!(titles(&list), ["c9"]);
        assert!(list.next().is_none());
    }

    #[test]
    fn an_old_conversation_written_to_again_moves_up_once() {
        let mut list = ConversationList::new(Folder::Inbox, page(vec![row(3, 30), row(2, 20)], true));
        list.append(page(vec![row(1, 10)], false));
        list.refresh(page(vec![row(1, 40), row(3, 30)], true));
        assert_eq!(titles(&list), ["c1", "c3", "c2"]);
    }

    #[test]
    fn pinned_rows_stand_on_top_under_their_own_heading() {
        let pinned = |id, at| ConversationSummary { pinned: true, ..row(id, at) };
        let mut list = ConversationList::new(Folder::Inbox, page(vec![row(9, TODAY), pinned(1, 10)], true));
        assert_eq!(titles(&list), ["c1", "c9"]);
        assert_eq!(label(&list, 0), "Pinned");
        list.append(page(vec![row(5, 50)], true));
        list.refresh(page(vec![row(9, TODAY), pinned(2, 20)], true));
        assert_eq!(titles(&list), ["c2", "c9", "c5"], "a pin taken away elsewhere goes, older pages stay");
        list.set_pinned(ConversationId(Uuid::from_u128(5)), true);
        assert_eq!(titles(&list), ["c5", "c2", "c9"]);
    }

    #[test]
    fn a_changed_row_finds_its_place_or_leaves() {
        let mut list = ConversationList::new(Folder::Inbox, page(vec![row(9, 90), row(8, 80)], true));
        list.put(row(1, 10));
        assert_eq!(titles(&list), ["c9", "c8"], "older than what is loaded: it comes with its page");
        list.put(row(1, 85));
        assert_eq!(titles(&list), ["c9", "c1", "c8"]);
        let last = list.remove(ConversationId(Uuid::from_u128(8))).expect("a row");
        list.put(last);
        assert_eq!(titles(&list), ["c9", "c1", "c8"], "the last row can be put back");
        let archived = ConversationSummary { archived: true, ..row(9, 90) };
        list.put(archived.clone());
        assert_eq!(titles(&list), ["c1", "c8"]);
        let mut archive = ConversationList::new(Folder::Archive, page(vec![], false));
        archive.put(archived);
        assert_eq!(titles(&archive), ["c9"]);
        archive.put(row(9, 90));
        assert!(archive.is_empty());
    }

    #[test]
    fn of_fifty_thousand_rows_a_window_is_drawn() {
        let rows = (1..=50_000u32).map(|n| row(u128::from(n), TODAY - i64::from(n) * 60_000)).collect();
        let list = ConversationList::new(Folder::Inbox, page(rows, false));
        let (drawn, total) = list.window(Timestamp(TODAY).date_utc(), 0, 30_000, 240);
        assert_eq!(drawn.len(), 240);
        assert!((50_001..50_060).contains(&total), "rows and headings: {total}");
    }

    #[test]
    fn a_range_is_the_same_from_both_ends() {
        let list = ConversationList::new(Folder::Inbox, page((1..=5).map(|n| row(n, n as i64)).collect(), false));
        let id = |n| ConversationId(Uuid::from_u128(n));
        assert_eq!(list.between(id(2), id(4)), [id(4), id(3), id(2)]);
        assert_eq!(list.between(id(4), id(2)), [id(4), id(3), id(2)]);
        assert_eq!(list.between(id(99), id(2)), [id(2)]);
        assert!(list.between(id(2), id(99)).is_empty());
    }

    proptest! {
        #[test]
        fn windows_lose_and_double_nothing(
            ages in prop::collection::vec((0i64..400, any::<bool>()), 0..40),
            step in 1usize..9,
        ) {
            let make = |(id, (age, pinned)): (u128, &(i64, bool))| {
                ConversationSummary { pinned: *pinned, ..row(id, TODAY - age * DAY) }
            };
            let rows: Vec<_> = (1u128..).zip(&ages).map(make).collect();
            let list = ConversationList::new(Folder::Inbox, page(rows, false));
            let today = Timestamp(TODAY).date_utc();
            let (all, total) = list.window(today, 0, 0, usize::MAX);
            prop_assert_eq!(all.len(), total);
            prop_assert_eq!(all.iter().filter(|entry| matches!(entry, Entry::Row(_))).count(), ages.len());
            let mut headings: Vec<_> = all.iter().filter_map(|entry| match entry {
                Entry::Heading(heading) => Some(heading.label(Lang::English)),
                Entry::Row(_) => None,
            }).collect();
            let count = headings.len();
            headings.sort();
            headings.dedup();
            prop_assert_eq!(headings.len(), count, "every heading once");
            let pieces: Vec<_> = (0..total).step_by(step).flat_map(|from| list.window(today, 0, from, step).0).collect();
            prop_assert_eq!(pieces, all, "drawn in parts, it is the same list");
        }
    }
}
