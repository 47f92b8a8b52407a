//! The price book at work: approved versions go into the catalogue of every running server, without a query per call.

use std::{collections::HashSet, time::Duration};

use app::model::{Date, Timestamp};
use tokio_util::sync::CancellationToken;

use crate::{
    db::{
        Db, Result, Tx,
        price::{StoredVersion, price_approvals_count, price_version_list},
    },
    models::{Catalogue, PriceBook},
};

/// How often a server looks whether a version was approved.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Versions read at a time.
const PAGE: i64 = 500;
const DAY_MS: i64 = 86_400_000;

/// All versions, by number.
///
/// # Errors
/// Database errors.
pub async fn versions(tx: &mut Tx) -> Result<Vec<StoredVersion>> {
    let mut all: Vec<StoredVersion> = Vec::new();
    loop {
        let after = all.last().map_or(0, |last| last.number);
        let page = price_version_list(tx, after, PAGE).await?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}

/// Puts the approved versions into the catalogue and its clones.
///
/// # Errors
/// Database errors; the catalogue stays as it was.
pub async fn take_up(db: &Db, catalogue: &Catalogue) -> Result<()> {
    let mut tx = db.read_directory().await?;
    let all = versions(&mut tx).await?;
    drop(tx);
    catalogue.take_up(book_of(all));
    Ok(())
}

/// The approved ones by model.
#[must_use]
pub fn book_of(versions: Vec<StoredVersion>) -> PriceBook {
    let mut book = PriceBook::new();
    for stored in versions.into_iter().filter(|stored| stored.approved_by.is_some()) {
        book.entry(stored.version.model).or_default().push(stored.version.price);
    }
    book
}

/// Takes up what is approved while the server runs, until it stops.
pub async fn follow(db: Db, catalogue: Catalogue, shutdown: CancellationToken) {
    let mut known = None;
    loop {
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            () = shutdown.cancelled() => return,
        }
        match look(&db, &catalogue, known).await {
            Ok(count) => known = Some(count),
            Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "the price book cannot be read"),
        }
    }
}

async fn look(db: &Db, catalogue: &Catalogue, known: Option<i64>) -> Result<i64> {
    let mut tx = db.read_directory().await?;
    let count = price_approvals_count(&mut tx).await?;
    drop(tx);
    if known != Some(count) {
        take_up(db, catalogue).await?;
    }
    Ok(count)
}

/// From when a version holds that is approved now. One that began before could change what calls already cost, unless
/// its model had no price at all.
///
/// # Errors
/// In words.
pub fn effective_from(
    wanted: Option<Timestamp>,
    now: Timestamp,
    has_price: bool,
) -> std::result::Result<Timestamp, String> {
    match wanted {
        Some(wanted) if wanted < now && has_price => {
            Err(format!("it is to hold from {wanted}, which is over, and its model has a price already"))
        }
        wanted => Ok(wanted.unwrap_or(now)),
    }
}

/// The id of a version: its model and day, with a number where the day has one already.
#[must_use]
pub fn version_id(model: &str, valid_from: Timestamp, taken: &HashSet<String>) -> String {
    let day = Date::from_days(valid_from.0.div_euclid(DAY_MS));
    let first = format!("{model}@{day}");
    let others = (2..).map(|number| format!("{model}@{day}.{number}"));
    std::iter::once(first).chain(others).find(|id| !taken.contains(id)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_never_begins_in_the_past_of_a_price() {
        let (before, now, later) = (Timestamp(1), Timestamp(2), Timestamp(3));
        assert_eq!(effective_from(None, now, true), Ok(now));
        assert_eq!(effective_from(Some(later), now, true), Ok(later));
        assert_eq!(effective_from(Some(now), now, true), Ok(now));
        assert!(effective_from(Some(before), now, true).is_err());
        assert_eq!(effective_from(Some(before), now, false), Ok(before), "it had none");
    }

    #[test]
    fn ids_are_never_given_twice() {
        let mut taken = HashSet::new();
        for expected in ["m@1970-01-02", "m@1970-01-02.2", "m@1970-01-02.3"] {
            let id = version_id("m", Timestamp(DAY_MS + 5), &taken);
            assert_eq!(id, expected);
            taken.insert(id);
        }
    }
}
