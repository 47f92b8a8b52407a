//! The sidebar's list: pages that were loaded, kept newest first, grouped by the tenant's days.

use crate::model::{ConversationId, ConversationSummary, Cursor, Date, Page};

/// The conversations loaded so far and where the older ones go on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConversationList {
    items: Vec<ConversationSummary>,
    next: Option<Cursor>,
}

/// Conversations under one heading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    pub label: String,
    pub items: Vec<ConversationSummary>,
}

impl ConversationList {
    #[must_use]
    pub fn new(page: Page<ConversationSummary>) -> Self {
        let mut list = Self { items: page.items, next: page.next };
        list.sort();
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

    /// Takes the newest page again. Older pages stay; what should be on the newest page and is not was deleted.
    pub fn refresh(&mut self, newest: Page<ConversationSummary>) {
        let Some(oldest) = newest.items.iter().map(|item| item.updated_at).min() else {
            *self = Self::new(newest);
            return;
        };
        if newest.next.is_none() {
            *self = Self::new(newest);
            return;
        }
        let is_new = |id| newest.items.iter().any(|item: &ConversationSummary| item.id == id);
        self.items.retain(|item| item.updated_at < oldest && !is_new(item.id));
        if self.items.is_empty() {
            self.next = newest.next;
        }
        self.items.extend(newest.items);
        self.sort();
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
    }

    /// Adds or replaces one row.
    pub fn put(&mut self, summary: ConversationSummary) {
        self.items.retain(|item| item.id != summary.id);
        self.items.push(summary);
        self.sort();
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

    fn sort(&mut self) {
        self.items.sort_by_key(|item| std::cmp::Reverse((item.updated_at, item.id)));
    }

    /// The list under headings, as of `today` in a zone `offset_minutes` ahead of UTC.
    #[must_use]
    pub fn groups(&self, today: Date, offset_minutes: i32) -> Vec<Group> {
        let mut groups: Vec<Group> = vec![];
        for item in &self.items {
            let label = heading(today, item.updated_at.date_at(i64::from(offset_minutes)));
            match groups.last_mut() {
                Some(group) if group.label == label => group.items.push(item.clone()),
                _ => groups.push(Group { label, items: vec![item.clone()] }),
            }
        }
        groups
    }
}

/// The heading a day falls under. A day after today (clocks differ) counts as today.
fn heading(today: Date, day: Date) -> String {
    match today.to_days() - day.to_days() {
        ..=0 => "Today".into(),
        1 => "Yesterday".into(),
        2..=7 => "Previous 7 days".into(),
        8..=30 => "Previous 30 days".into(),
        _ => format!("{} {}", month_name(day.month), day.year),
    }
}

fn month_name(month: u8) -> &'static str {
    const NAMES: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    NAMES.get(usize::from(month).saturating_sub(1)).copied().unwrap_or("Earlier")
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

    #[test]
    fn headings_follow_the_tenants_days() {
        let today = Timestamp(TODAY).date_utc();
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
            let list = ConversationList::new(page(vec![row(1, at)], false));
            assert_eq!(list.groups(today, 0)[0].label, expected, "{at}");
        }
        let late_evening_in_utc = ConversationList::new(page(vec![row(1, TODAY - 3_600_000)], false));
        assert_eq!(late_evening_in_utc.groups(today, 7 * 60)[0].label, "Today", "already today in Jakarta");
    }

    #[test]
    fn a_refresh_drops_what_was_deleted_and_keeps_older_pages() {
        let mut list = ConversationList::new(page(vec![row(9, 90), row(8, 80)], true));
        list.append(page(vec![row(7, 70), row(6, 60)], true));
        list.refresh(page(vec![row(10, 100), row(8, 80)], true));
        assert_eq!(titles(&list), ["c10", "c8", "c7", "c6"]);
        assert!(list.next().is_some());
    }

    #[test]
    fn a_refresh_with_the_last_page_is_the_whole_list() {
        let mut list = ConversationList::new(page(vec![row(9, 90), row(1, 10)], false));
        list.refresh(page(vec![row(9, 90)], false));
        assert_eq!(titles(&list), ["c9"]);
        assert!(list.next().is_none());
    }

    #[test]
    fn an_old_conversation_written_to_again_moves_up_once() {
        let mut list = ConversationList::new(page(vec![row(3, 30), row(2, 20)], true));
        list.append(page(vec![row(1, 10)], false));
        list.refresh(page(vec![row(1, 40), row(3, 30)], true));
        assert_eq!(titles(&list), ["c1", "c3", "c2"]);
    }

    proptest! {
        #[test]
        fn groups_lose_and_double_nothing(ages in prop::collection::vec(0i64..400, 0..40)) {
            let rows: Vec<_> = (1u128..).zip(&ages).map(|(id, age)| row(id, TODAY - age * DAY)).collect();
            let list = ConversationList::new(page(rows, false));
            let groups = list.groups(Timestamp(TODAY).date_utc(), 0);
            prop_assert_eq!(groups.iter().map(|group| group.items.len()).sum::<usize>(), ages.len());
            let mut labels: Vec<_> = groups.iter().map(|group| group.label.clone()).collect();
            labels.sort();
            labels.dedup();
            prop_assert_eq!(labels.len(), groups.len(), "every heading once");
        }
    }
}
