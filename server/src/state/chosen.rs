//! Which models there are: for the chat and for programs, by what is configured.

use std::sync::Arc;

use crate::{
    config::{ConfigError, DemoPace, ModelArgs},
    egress::{BaseUrl, Egress},
    gateway::{Offered, Offers},
    models::{
        Catalogue, ChatProvider, Endpoint, Model, Provider, ProviderKind, anthropic::Anthropic, catalogue::DEMO_MODEL,
        demo, wire::WireFormat,
    },
    turns::Models,
};

/// What the configuration comes to.
pub struct Chosen {
    pub catalogue: Catalogue,
    /// The chat's.
    pub models: Models,
    /// The gateway's.
    pub offers: Offers,
    pub egress: Egress,
}

impl Chosen {
    /// # Errors
    /// In words: a model nobody has, a key or an address that cannot be used.
    pub fn by(args: &ModelArgs) -> Result<Self, ConfigError> {
        let catalogue = Catalogue::built_in()
            .with_named(ProviderKind::OpenAi, &args.openai_models)
            .with_named(ProviderKind::Ollama, &args.ollama_models);
        let egress = Egress::new().map_err(|error| ConfigError(format!("no HTTP client: {error}")))?;
        let offers = offers(&egress, args, &catalogue)?;
        let models = choose_models(&egress, args, &catalogue, &offers)?;
        Ok(Self { catalogue, models, offers, egress })
    }
}

/// The models of the chat: those of every provider there is a key or an address for, the demo models when there is none.
/// A list of ids may mix all.
fn choose_models(
    egress: &Egress,
    args: &ModelArgs,
    catalogue: &Catalogue,
    offers: &Offers,
) -> Result<Models, ConfigError> {
    let find = |id: &str| catalogue.find(id).cloned().map_err(|error| ConfigError(error.to_string()));
    let pace = match args.demo_pace {
        DemoPace::Human => demo::Pace::Human,
        DemoPace::Fast => demo::Pace::Fast,
    };
    let demo: Arc<dyn Provider> = Arc::new(demo::DemoModel::new(pace));
    let listed: Vec<&str> = args.models.split(',').map(str::trim).filter(|id| !id.is_empty()).collect();
    let key = args.anthropic_api_key.as_deref().filter(|key| !key.is_empty());
    let claude: Option<Arc<dyn Provider>> = key.map(|key| anthropic(egress, args, key)).transpose()?;
    let provider = |model: &Model| -> Result<Arc<dyn Provider>, ConfigError> {
        let needs = |what| ConfigError(format!("the model {} needs {what}", model.id));
        match model.provider {
            ProviderKind::Demo => Ok(demo.clone()),
            ProviderKind::Anthropic => claude.clone().ok_or_else(|| needs("ANTHROPIC_API_KEY")),
            ProviderKind::OpenAi | ProviderKind::Ollama => {
                let is_openai = model.provider == ProviderKind::OpenAi;
                let offered = offers.find(&model.id.0);
                let offered =
                    offered.ok_or_else(|| needs(if is_openai { "OPENAI_API_KEY" } else { "OLLAMA_BASE_URL" }))?;
                Ok(Arc::new(ChatProvider::new(offered.endpoint.clone())))
            }
        }
    };
    let offered = || offers.all().map(|offered| offered.model.as_ref().clone());
    let first = match (&claude, offered().next()) {
        (Some(_), _) => find(&args.model)?,
        // No Claude: the model that is named, when it can be asked, else the first that can.
        (None, Some(other)) => offered().find(|model| model.id.0 == args.model).unwrap_or(other),
        (None, None) => find(DEMO_MODEL)?,
    };
    let is_demo = first.provider == ProviderKind::Demo;
    let answers = provider(&first)?;
    let mut models = Models::only(first, answers);
    let rest: Vec<Model> = match listed.as_slice() {
        [] if is_demo => catalogue.models().filter(|model| model.provider == ProviderKind::Demo).cloned().collect(),
        [] => offered().collect(),
        ids => ids.iter().map(|id| find(id)).collect::<Result<_, _>>()?,
    };
    for model in rest {
        let answers = provider(&model)?;
        models = models.and(model, answers);
    }
    Ok(models)
}

/// What programs may ask: the models of every provider there is a key or an address for.
fn offers(egress: &Egress, args: &ModelArgs, catalogue: &Catalogue) -> Result<Offers, ConfigError> {
    let mut offered = Vec::new();
    let endpoint = |name: &'static str, format, base_url: &str, key: Option<&str>| {
        let base_url = BaseUrl::parse(base_url).map_err(|error| ConfigError(error.to_string()))?;
        let endpoint = Endpoint::new(name, format, egress.clone(), &base_url, key);
        endpoint.map(Arc::new).map_err(|error| ConfigError(format!("the key of {name}: {error}")))
    };
    let mut add = |kind: ProviderKind, endpoint: Arc<Endpoint>| {
        let models = catalogue.models().filter(|model| model.provider == kind);
        offered.extend(models.map(|model| Offered {
            model: Arc::new(model.clone()),
            endpoint: endpoint.clone(),
            fallbacks: vec![],
        }));
    };
    if let Some(key) = args.anthropic_api_key.as_deref().filter(|key| !key.is_empty()) {
        let endpoint = endpoint("anthropic", WireFormat::Anthropic, &args.anthropic_base_url, Some(key))?;
        add(ProviderKind::Anthropic, endpoint);
    }
    if let Some(key) = args.openai_api_key.as_deref().filter(|key| !key.is_empty()) {
        let endpoint = endpoint("openai", WireFormat::OpenAi, &args.openai_base_url, Some(key))?;
        add(ProviderKind::OpenAi, endpoint);
    }
    if let Some(base_url) = args.ollama_base_url.as_deref().filter(|url| !url.is_empty()) {
        let endpoint = endpoint("ollama", WireFormat::Ollama, base_url, None)?;
        add(ProviderKind::Ollama, endpoint);
    }
    let offers = Offers::new(offered, catalogue.aliases());
    let is_known = |id: &str| catalogue.models().any(|model| model.id.0 == id);
    offers
        .with_fallbacks(&args.fallbacks, is_known)
        .map_err(|problem| ConfigError(format!("STEWARD_FALLBACKS: {problem}")))
}

fn anthropic(egress: &Egress, args: &ModelArgs, key: &str) -> Result<Arc<dyn Provider>, ConfigError> {
    let base_url = BaseUrl::parse(&args.anthropic_base_url).map_err(|error| ConfigError(error.to_string()))?;
    let provider = Anthropic::new(egress.clone(), &base_url, key)
        .map_err(|error| ConfigError(format!("ANTHROPIC_API_KEY: {error}")))?;
    Ok(Arc::new(provider))
}
