//! A calendar month: its name, its days, its neighbours.

use crate::{
    model::{Date, Lang, UsageBy},
    words::dates,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Month {
    first: Date,
}

impl Month {
    /// The month of a day.
    pub(super) fn of(day: Date) -> Self {
        Self { first: Date { day: 1, ..day } }
    }

    /// `November 2026`.
    pub(super) fn text(self, lang: Lang) -> String {
        dates::month_of_year(lang, self.first.year, self.first.month)
    }

    /// `3 November`.
    pub(super) fn day(self, lang: Lang, day: u8) -> String {
        [&day.to_string(), " ", dates::month(lang, self.first.month)].concat()
    }

    pub(super) fn next(self) -> Self {
        Self::of(Date::from_days(self.first.to_days() + 31))
    }

    pub(super) fn previous(self) -> Self {
        Self::of(Date::from_days(self.first.to_days() - 1))
    }

    pub(super) fn days(self) -> impl Iterator<Item = Date> {
        (self.first.to_days()..self.next().first.to_days()).map(Date::from_days)
    }

    /// The address of this month's report, relative to the page.
    pub(super) fn query(self, by: UsageBy) -> String {
        ["?month=", &self.first.to_string(), "&by=", by.as_str()].concat()
    }

    /// First and last day.
    pub(super) fn range(self) -> (Date, Date) {
        (self.first, Date::from_days(self.next().first.to_days() - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_know_their_neighbours_and_days() {
        let december = Month::of(Date { year: 2026, month: 12, day: 31 });
        assert_eq!(december.text(Lang::English), "December 2026");
        assert_eq!(december.next().query(UsageBy::Model), "?month=2027-01-01&by=model");
        assert_eq!(december.previous().text(Lang::English), "November 2026");
        assert_eq!(december.days().count(), 31);
        assert_eq!(december.range().1, Date { year: 2026, month: 12, day: 31 });
        let february = Month::of(Date { year: 2028, month: 2, day: 9 });
        assert_eq!(february.days().count(), 29);
        assert_eq!(february.previous().next(), february);
    }
}
