//! The models that may answer, each with its provider. The first is asked unless another is chosen.

use std::sync::Arc;

use app::model::Timestamp;

use crate::{
    error::{Error, Result},
    models::{Catalogue, Model, PriceVersion, Provider},
};

/// A model and who answers for it.
pub struct Answering {
    pub model: Model,
    pub provider: Arc<dyn Provider>,
}

impl Answering {
    /// The price in force at an instant.
    pub(super) fn price(&self, catalogue: &Catalogue, at: Timestamp, markup_bp: i64) -> Option<PriceVersion> {
        catalogue.price(&self.model.id, at, markup_bp)
    }
}

/// What may be chosen. Never empty.
#[derive(Clone)]
pub struct Models {
    first: Arc<Answering>,
    others: Vec<Arc<Answering>>,
}

impl Models {
    /// One model and nothing to choose.
    #[must_use]
    pub fn only(model: Model, provider: Arc<dyn Provider>) -> Self {
        Self { first: Arc::new(Answering { model, provider }), others: Vec::new() }
    }

    /// One more to choose. One that is there already stays as it is.
    #[must_use]
    pub fn and(mut self, model: Model, provider: Arc<dyn Provider>) -> Self {
        if self.find(&model.id.0).is_none() {
            self.others.push(Arc::new(Answering { model, provider }));
        }
        self
    }

    /// All of them, the first one first.
    pub fn all(&self) -> impl Iterator<Item = &Model> {
        std::iter::once(&self.first).chain(&self.others).map(|answering| &answering.model)
    }

    fn find(&self, id: &str) -> Option<&Arc<Answering>> {
        std::iter::once(&self.first).chain(&self.others).find(|answering| answering.model.id.0 == id)
    }

    /// The model of a person's choice.
    ///
    /// # Errors
    /// [`Error::Invalid`]: it is none of these.
    pub(super) fn choose(&self, id: Option<&str>) -> Result<Arc<Answering>> {
        let Some(id) = id else { return Ok(self.first.clone()) };
        self.find(id).cloned().ok_or_else(|| {
            let known: Vec<&str> = self.all().map(|model| model.name.as_str()).collect();
            let id: String = id.chars().filter(|c| !c.is_control()).take(60).collect();
            Error::invalid("model", format!("The model “{id}” cannot be chosen here. There is: {}.", known.join(", ")))
        })
    }

    /// The model a turn was begun with; the first one when it is no longer offered.
    pub(super) fn begun_with(&self, id: &str) -> Arc<Answering> {
        self.find(id).unwrap_or(&self.first).clone()
    }
}
