//! Which model answers a request, and where it is asked.

use std::sync::Arc;

use super::{
    Incoming, Inner, Refusal,
    profile::rules_of,
    rules::{Facts, choose},
};
use crate::{
    identity::api_keys::KeyHolder,
    models::{
        Endpoint, Model, hides_thinking, why_not,
        wire::{WireError, WireErrorKind, WireFormat, WireRequest, input_bound},
    },
    usage::Cheaper,
};

/// A model that can be asked.
#[derive(Clone, Debug)]
pub struct Offered {
    pub model: Arc<Model>,
    pub endpoint: Arc<Endpoint>,
    /// Asked in its place, in this order, when it does not answer: exact ids.
    pub fallbacks: Vec<String>,
}

impl Offered {
    /// Whether the model may think without showing it, which is billed as output: what was received of an answer that
    /// broke off then bounds nothing but itself. (Claude shows a summary; Ollama's models think in the open.)
    #[must_use]
    pub fn may_hide_output(&self, request: &WireRequest) -> bool {
        match self.endpoint.format() {
            format @ (WireFormat::OpenAi | WireFormat::Ollama) => hides_thinking(format, &self.model.id),
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

    /// With what is asked when a model does not answer: `a>b>c, d>e` sends what `a` does not answer to `b`, then to `c`.
    ///
    /// # Errors
    /// In words, for a chain without a fallback, a model twice in it, two chains of one model, or an id nobody knows.
    pub fn with_fallbacks(mut self, chains: &str, is_known: impl Fn(&str) -> bool) -> Result<Self, String> {
        let mut heads: Vec<&str> = Vec::new();
        for chain in chains.split(',').map(str::trim).filter(|chain| !chain.is_empty()) {
            let ids: Vec<&str> = chain.split('>').map(str::trim).collect();
            let [head, fallbacks @ ..] = ids.as_slice() else { continue };
            if fallbacks.is_empty() {
                return Err(format!("{chain:?} names no fallback: write model>fallback"));
            }
            if let Some(unknown) = ids.iter().find(|id| !is_known(id)) {
                return Err(format!("there is no model {unknown:?}"));
            }
            if heads.contains(head) {
                return Err(format!("there are two chains of {head:?}"));
            }
            if ids.iter().enumerate().any(|(at, id)| ids.iter().take(at).any(|before| before == id)) {
                return Err(format!("{chain:?} names a model twice"));
            }
            heads.push(head);
            if let Some(offered) = self.offered.iter_mut().find(|offered| offered.model.id.0 == *head) {
                offered.fallbacks = fallbacks.iter().map(|id| (*id).to_owned()).collect();
            }
        }
        Ok(self)
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

/// A model to try.
#[derive(Clone, Debug)]
pub(super) struct Stop {
    pub offered: Offered,
    /// A cost rule chose it.
    pub cheaper: Option<Cheaper>,
}

/// The models to try, in order; never empty.
pub(super) type Route = Vec<Stop>;

/// The model a request goes to, if its key may ask it: its profile's, or the one it names.
pub(super) fn find<'o>(offers: &'o Offers, incoming: &Incoming) -> Result<&'o Offered, Refusal> {
    let profile = incoming.profile.as_deref();
    let asked = profile.and_then(|profile| profile.model.as_deref()).unwrap_or(incoming.request.model());
    let found = offers.find(asked).filter(|offered| allows(&incoming.holder, offered));
    found.ok_or_else(|| {
        let known: Vec<&str> = offers
            .all()
            .filter(|offered| allows(&incoming.holder, offered))
            .map(|offered| offered.model.id.0.as_str())
            .collect();
        let asked: String = asked.chars().filter(|c| !c.is_control()).take(100).collect();
        let what = match why_not(&asked) {
            Some(reason) => format!("The model \"{asked}\" cannot be used: {reason}."),
            None => format!("There is no model \"{asked}\" here."),
        };
        let message = match known.as_slice() {
            [] => format!("{what} This key may not ask any model."),
            known => format!("{what} This key may ask: {}.", known.join(", ")),
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
    let of_profile = incoming.profile.as_deref().map(|profile| profile.fallbacks.as_slice()).unwrap_or_default();
    let fallbacks = if of_profile.is_empty() { first.fallbacks.as_slice() } else { of_profile };
    let others = fallbacks.iter().filter_map(|id| offers.find(id));
    let others = others.filter(|other| allows(&incoming.holder, other) && other.model.id != first.model.id);
    let stop = |offered: &Offered| Stop { offered: offered.clone(), cheaper: None };
    let mut route = vec![stop(first)];
    route.extend(others.map(stop));
    if incoming.request.format() == WireFormat::Anthropic && incoming.request.max_output().is_none() {
        let mut error = WireError::new(WireErrorKind::InvalidRequest, "max_tokens: this field is required");
        error.param = Some("max_tokens".to_owned());
        return Err(error.into());
    }
    Ok(route)
}

/// The route with a cheaper model first, if a cost rule of the profile says so. Where the request was to go stays in it:
/// the rule is to save money, not answers. A model that may not be asked or has no price saves nothing.
pub(super) async fn with_rules(inner: &Inner, incoming: &Incoming, route: Route) -> Route {
    let Some(profile) = incoming.profile.as_deref() else { return route };
    let rules = rules_of(profile);
    let Some(first) = route.first() else { return route };
    let cheaper = rules.cheaper_model.as_deref().and_then(|id| inner.offers.find(id));
    let is_other = |offered: &&Offered| allows(&incoming.holder, offered) && offered.model.id != first.offered.model.id;
    let Some(cheaper) = cheaper.filter(is_other) else { return route };
    let (now, markup_bp) = (inner.world.now(), incoming.scope.markup_bp());
    let price = |offered: &Offered| inner.catalogue.price(&offered.model.id, now, markup_bp);
    if price(cheaper).is_none() {
        return route;
    }
    let mut facts = Facts {
        input_bound: input_bound(&incoming.request),
        brings_tools: incoming.request.brings_tools(),
        budget_left_percent: None,
    };
    let mut rule = choose(&rules, &facts);
    if rule.is_none() && rules.ask_for_budgets() {
        match Box::pin(inner.profiles.budget_left(incoming, now)).await {
            Ok(left) => facts.budget_left_percent = left,
            // Without the books nothing is sent anyway.
            Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "the budgets cannot be read"),
        }
        rule = choose(&rules, &facts);
    }
    let Some(rule) = rule else { return route };
    let baseline = &first.offered;
    let chosen =
        Cheaper { rule: rule.as_str(), baseline_model: baseline.model.id.0.clone(), baseline_price: price(baseline) };
    let stop = Stop { offered: cheaper.clone(), cheaper: Some(chosen) };
    std::iter::once(stop).chain(route.into_iter().filter(|stop| stop.offered.model.id != cheaper.model.id)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::Catalogue;

    #[test]
    fn chains_of_fallbacks_are_read_strictly() {
        let catalogue = Catalogue::built_in();
        let read = |chains: &str| Offers::default().with_fallbacks(chains, |id| catalogue.find(id).is_ok()).map(|_| ());
        assert_eq!(read(""), Ok(()));
        assert_eq!(read("claude-opus-5 > claude-sonnet-5>claude-haiku-4-5, gpt-5.4>gpt-5.4-mini,"), Ok(()));
        for (wrong, word) in [
            ("claude-opus-5", "no fallback"),
            ("claude-opus-5>", "no model"),
            ("claude-opus-5>gpt-9", "gpt-9"),
            ("claude-opus-5>claude-opus-5", "twice"),
            ("gpt-5.4>gpt-5.5,gpt-5.4>gpt-4o-mini", "two chains"),
        ] {
            let problem = read(wrong).expect_err("refused");
            assert!(problem.contains(word), "{wrong}: {problem}");
        }
    }
}
