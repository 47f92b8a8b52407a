//! Which model answers a request, and where it is asked.

use std::sync::Arc;

use super::{Incoming, Refusal};
use crate::{
    identity::api_keys::KeyHolder,
    models::{
        Endpoint, Model,
        wire::{WireError, WireErrorKind, WireFormat, WireRequest},
    },
};

/// A model that can be asked.
#[derive(Clone, Debug)]
pub struct Offered {
    pub model: Arc<Model>,
    pub endpoint: Arc<Endpoint>,
    /// Asked in its place, in this order, when it does not answer: exact ids.
    pub fallbacks: Vec<String>,
}

/// OpenAI's models that do not think before they answer.
const NEVER_THINKS: [&str; 1] = ["gpt-4o-mini"];

impl Offered {
    /// Whether the model may think without showing it, which is billed as output: what was received of an answer that
    /// broke off then bounds nothing but itself. (Claude shows a summary; Ollama's models think in the open.)
    #[must_use]
    pub fn may_hide_output(&self, request: &WireRequest) -> bool {
        match self.endpoint.format() {
            WireFormat::OpenAi => !NEVER_THINKS.contains(&self.model.id.0.as_str()),
            WireFormat::Ollama => false,
            WireFormat::Anthropic => {
                let field = |name: &str| request.body().get(name).filter(|value| !value.is_null());
                let is_off = |value: &serde_json::Value| value.get("type").is_some_and(|kind| kind == "disabled");
                field("thinking").is_some_and(|thinking| !is_off(thinking)) || field("reasoning_effort").is_some()
            }
        }
    }
}

/// All of them.
#[derive(Clone, Debug, Default)]
pub struct Offers {
    offered: Vec<Offered>,
    /// Other names of a model: (alias, exact id).
    aliases: Vec<(String, String)>,
}

impl Offers {
    #[must_use]
    pub fn new(offered: Vec<Offered>, aliases: Vec<(String, String)>) -> Self {
        Self { offered, aliases }
    }

    pub fn all(&self) -> impl Iterator<Item = &Offered> {
        self.offered.iter()
    }

    /// By exact id or listed alias.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<&Offered> {
        let exact = self.aliases.iter().find(|(alias, _)| alias == id).map_or(id, |(_, exact)| exact);
        self.offered.iter().find(|offered| offered.model.id.0 == exact)
    }
}

/// Whether a key may ask this model.
pub(super) fn allows(holder: &KeyHolder, offered: &Offered) -> bool {
    let models = &holder.key.models;
    models.is_empty() || models.contains(&offered.model.id.0)
}

/// The models to try, in order; never empty.
pub(super) type Route = Vec<Offered>;

/// The model a request names, if its key may ask it.
pub(super) fn find<'o>(offers: &'o Offers, incoming: &Incoming) -> Result<&'o Offered, Refusal> {
    let asked = incoming.request.model();
    let found = offers.find(asked).filter(|offered| allows(&incoming.holder, offered));
    found.ok_or_else(|| {
        let known: Vec<&str> = offers
            .all()
            .filter(|offered| allows(&incoming.holder, offered))
            .map(|offered| offered.model.id.0.as_str())
            .collect();
        let asked: String = asked.chars().filter(|c| !c.is_control()).take(100).collect();
        let message = match known.as_slice() {
            [] => format!("There is no model \"{asked}\" here. This key may not ask any model."),
            known => format!("There is no model \"{asked}\" here. This key may ask: {}.", known.join(", ")),
        };
        let mut error = WireError::new(WireErrorKind::NotFound, message);
        error.code = Some("model_not_found".to_owned());
        error.param = Some("model".to_owned());
        error.into()
    })
}

/// Where a request goes.
pub(super) fn route(offers: &Offers, incoming: &Incoming) -> Result<Route, Refusal> {
    let first = find(offers, incoming)?;
    let others = first.fallbacks.iter().filter_map(|id| offers.find(id));
    let mut route = vec![first.clone()];
    route.extend(others.filter(|other| allows(&incoming.holder, other)).cloned());
    if incoming.request.format() == WireFormat::Anthropic && incoming.request.max_output().is_none() {
        let mut error = WireError::new(WireErrorKind::InvalidRequest, "max_tokens: this field is required");
        error.param = Some("max_tokens".to_owned());
        return Err(error.into());
    }
    Ok(route)
}
