//! Everything that is known of prices: shown, compared, approved.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use app::model::Timestamp;

use super::dollars::{dollars, in_words, per_million};
use crate::{
    db::{
        Db, SystemReason,
        price::{NewVersion, StoredVersion, price_approve},
    },
    error::{Error, Result},
    models::{Catalogue, ModelId, PriceVersion},
    usage::prices::{book_of, effective_from, version_id, versions},
    world::World,
};

/// Everything that is known of prices.
pub(super) struct Book {
    stored: Vec<StoredVersion>,
    catalogue: Catalogue,
    now: Timestamp,
}

impl Book {
    pub(super) async fn read(db: &Db, world: &World) -> Result<Self> {
        let mut tx = db.read_directory().await?;
        let stored = versions(&mut tx).await?;
        let catalogue = Catalogue::built_in();
        catalogue.take_up(book_of(stored.clone()));
        Ok(Self { stored, catalogue, now: world.now() })
    }

    pub(super) fn knows(&self, model: &str) -> bool {
        self.catalogue.models().any(|known| known.id.0 == model)
            || self.stored.iter().any(|stored| stored.version.model == model)
    }

    pub(super) fn price(&self, model: &str) -> Option<PriceVersion> {
        self.catalogue.price(&ModelId(model.to_owned()), self.now, 0)
    }

    /// The latest version of each model, where that is not approved yet.
    pub(super) fn drafts(&self) -> Vec<&StoredVersion> {
        let mut latest: BTreeMap<&str, &StoredVersion> = BTreeMap::new();
        for stored in &self.stored {
            latest.insert(&stored.version.model, stored);
        }
        latest.into_values().filter(|stored| stored.approved_by.is_none()).collect()
    }

    pub(super) fn list(&self, only: Option<&str>) -> String {
        let built_in = self.catalogue.models().map(|model| model.id.0.clone());
        let models: BTreeSet<String> =
            built_in.chain(self.stored.iter().map(|stored| stored.version.model.clone())).collect();
        let drafts = self.drafts();
        let mut text = String::new();
        for model in models.iter().filter(|model| only.is_none_or(|only| only == *model)) {
            let now = self.price(model);
            let mut lines = Vec::new();
            for price in self.catalogue.built_in_prices(model) {
                lines.push((price.valid_from, price.clone(), "built in".to_owned()));
            }
            for stored in self.stored.iter().filter(|stored| stored.version.model == *model) {
                let version = &stored.version;
                let from = format!("read {} at {}", version.read_on, version.source);
                if let Some(by) = &stored.approved_by {
                    lines.push((version.price.valid_from, version.price.clone(), format!("{from}, approved by {by}")));
                }
            }
            lines.sort_by_key(|(from, ..)| *from);
            for (from, price, origin) in lines {
                let state = match &now {
                    Some(now) if now.id == price.id => "holds",
                    _ if from > self.now => "to come",
                    _ => "over",
                };
                text.push_str(&format!("{:<36} {state:<8} {} ({origin})\n", price.id, in_words(&price)));
            }
            for draft in drafts.iter().filter(|draft| draft.version.model == *model) {
                let note =
                    if draft.version.note.is_empty() { String::new() } else { format!("; {}", draft.version.note) };
                let name = format!("{model}, draft {}", draft.number);
                let NewVersion { price, read_on, source, .. } = &draft.version;
                text.push_str(&format!("{name:<36} draft    {} (read {read_on} at {source}{note})\n", in_words(price)));
            }
        }
        if text.is_empty() { "There is no such price.\n".to_owned() } else { text }
    }

    /// With the fee of a search as it is now, where a list says nothing of searches.
    pub(super) fn with_fee(&self, model: &str, new: &PriceVersion) -> PriceVersion {
        let now = || self.price(model).and_then(|now| now.per_search);
        PriceVersion { per_search: new.per_search.or_else(now), ..new.clone() }
    }

    /// What a price would change, by class.
    pub(super) fn change(&self, model: &str, new: &PriceVersion, note: &str) -> String {
        let old = self.price(model);
        let mut text = match &old {
            Some(old) if same(old, new) => return format!("{model}: as it is\n"),
            Some(old) => format!("{model}, now {}:\n", old.id),
            None => format!("{model}, now without a price:\n"),
        };
        let mut edges: BTreeSet<i64> = new.tiers.iter().map(|tier| tier.above).collect();
        edges.extend(old.iter().flat_map(|old| old.tiers.iter().map(|tier| tier.above)));
        for above in std::iter::once(0).chain(edges) {
            let at = above.saturating_add(1);
            let before = old.as_ref().map(|old| old.prices_at(at).classes());
            for (place, (class, price)) in new.prices_at(at).classes().into_iter().enumerate() {
                let before = before.as_ref().and_then(|classes| classes.get(place)).map(|(_, price)| *price);
                if before != Some(price) {
                    let tier = if above == 0 { String::new() } else { format!(" above {above} tokens") };
                    let before = before.map_or_else(|| "unknown".to_owned(), per_million);
                    text.push_str(&format!("  {class}{tier}: {before} → {}\n", per_million(price)));
                }
            }
        }
        let before = old.as_ref().map_or(0, |old| old.per_request);
        if before != new.per_request {
            text.push_str(&format!("  a request: {} → {}\n", dollars(before), dollars(new.per_request)));
        }
        let before = old.as_ref().and_then(|old| old.per_search);
        if before != new.per_search {
            let fee = |fee: Option<i64>| fee.map_or_else(|| "unknown".to_owned(), dollars);
            text.push_str(&format!("  a search: {} → {}\n", fee(before), fee(new.per_search)));
        }
        if !note.is_empty() {
            text.push_str(&format!("  ({note})\n"));
        }
        text
    }

    pub(super) async fn approve(&self, db: &Db, world: &World, numbers: &[i64], by: &str) -> Result<String> {
        let mut taken: HashSet<String> = self.stored.iter().map(|stored| stored.version.price.id.clone()).collect();
        for model in self.catalogue.models() {
            taken.extend(self.catalogue.built_in_prices(&model.id.0).iter().map(|price| price.id.clone()));
        }
        let mut tx = db.begin_system(SystemReason::Administration).await?;
        let mut text = String::new();
        for number in numbers {
            let found = self.stored.iter().find(|stored| stored.number == *number);
            let draft = found.ok_or_else(|| Error::Conflict(format!("there is no draft {number}")))?;
            if draft.approved_by.is_some() {
                return Err(Error::Conflict(format!("{number} is approved already: {}", draft.version.price.id)));
            }
            let NewVersion { model, wanted_from, .. } = &draft.version;
            let has_price = self.price(model).is_some();
            let from = effective_from(*wanted_from, self.now, has_price)
                .map_err(|why| Error::Conflict(format!("draft {number} of {model}: {why}; import it again")))?;
            let id = version_id(model, from, &taken);
            price_approve(&mut tx, *number, &id, from, by, self.now).await?;
            text.push_str(&format!("{id} holds from {from}.\n"));
            taken.insert(id);
        }
        if text.is_empty() {
            return Ok("There are no drafts.\n".to_owned());
        }
        tx.commit(world.id(), world.now(), &format!("prices approve {numbers:?} by {by}")).await?;
        text.push_str("Running servers take them up within 5 seconds.\n");
        Ok(text)
    }
}

/// Whether two versions charge the same.
pub(super) fn same(a: &PriceVersion, b: &PriceVersion) -> bool {
    (a.base(), a.per_request, a.per_search, &a.tiers) == (b.base(), b.per_request, b.per_search, &b.tiers)
}
