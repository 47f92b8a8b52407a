//! The one place where the parts are wired together.

use std::{
    ops::Deref,
    sync::{Arc, OnceLock},
    time::Duration,
};

use app::{backend::Backend, model::ModelBadge};
use leptos::config::{Env, LeptosOptions};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    attachments::Attachments,
    backend::ServerBackend,
    config::{AttachmentArgs, ConfigError, DemoPace, HttpArgs, ModelArgs},
    db::Db,
    egress::{BaseUrl, Egress},
    gateway::{Gateway, Offered, Offers, Profiles},
    http::{
        person_events::PersonEventsState,
        site_css,
        turn_events::{OpenStreams, TurnEventsState},
    },
    identity::{self, AuthConfig, AuthState, api_keys::ApiKeys},
    live,
    models::catalogue::DEMO_MODEL,
    models::{
        Catalogue, ChatProvider, Endpoint, Model, Provider, ProviderKind, anthropic::Anthropic, demo, wire::WireFormat,
    },
    tools::Registry,
    turns::{Models, Turns, TurnsConfig},
    usage::{Desk, Spill, prices},
    world::World,
};

/// How soon an open stream ends after its session or membership did.
const RECHECK_EVERY: Duration = Duration::from_secs(1);

/// What handlers get. Cheap to clone, which every request does for every layer that knows it.
#[derive(Clone)]
pub struct AppState(Arc<Wired>);

impl Deref for AppState {
    type Target = Wired;
    fn deref(&self) -> &Wired {
        &self.0
    }
}

/// The parts.
pub struct Wired {
    pub db: Db,
    pub world: World,
    pub auth: AuthState,
    pub backend: Arc<dyn Backend>,
    pub turns: Turns,
    pub attachments: Attachments,
    /// Programs that ask models with a key.
    pub gateway: Gateway,
    /// The models and their prices; its clones share what is approved while the server runs.
    pub catalogue: Catalogue,
    pub api_keys: ApiKeys,
    pub desk: Desk,
    /// The one way out.
    pub egress: Egress,
    /// Where settlements wait while the database is away.
    pub spill: Spill,
    pub leptos: LeptosOptions,
    pub metrics: Option<PrometheusHandle>,
    pub metrics_token: Option<String>,
    /// Who follows how many answers.
    pub open_streams: OpenStreams,
    /// Cancelled when the server is asked to stop.
    pub shutdown: CancellationToken,
    /// Everything that outlives a request.
    pub tasks: TaskTracker,
}

/// What [`AppState::wire`] needs from outside.
pub struct Parts {
    pub db: Db,
    pub world: World,
    pub http: HttpArgs,
    pub model: ModelArgs,
    pub attachments: AttachmentArgs,
    pub metrics: Option<PrometheusHandle>,
    pub spill: Spill,
}

impl AppState {
    /// Wires a server.
    ///
    /// # Errors
    /// A configuration that cannot work.
    pub async fn wire(parts: Parts) -> Result<Self, ConfigError> {
        let Parts { db, world, http, model, attachments, metrics, spill } = parts;
        let (shutdown, tasks) = (CancellationToken::new(), TaskTracker::new());
        page_paths();
        let leptos = leptos_options(&http);
        let origin = http.origin()?;
        let secure_cookies = origin.starts_with("https://");
        let auth_config = AuthConfig { origin, secure_cookies, css_href: site_css(&leptos) };
        let mut auth = AuthState::new(db.clone(), world.clone(), auth_config)
            .await
            .map_err(|error| ConfigError(format!("sign-in cannot be set up: {error}")))?;
        auth.proxies =
            http.trusted_proxies.parse().map_err(|error| ConfigError(format!("STEWARD_TRUSTED_PROXIES: {error}")))?;
        tasks.spawn(identity::keep_tidy(auth.clone(), shutdown.clone()));
        db.changes().begin(world.id());
        tasks.spawn(live::hear_others(db.clone(), shutdown.clone()));

        let store = attachments.store()?;
        let attachments = Attachments::new(db.clone(), world.clone(), store.clone(), attachments.limits());
        tasks.spawn(attachments.clone().keep_tidy(shutdown.clone()));

        let catalogue = Catalogue::built_in()
            .with_named(ProviderKind::OpenAi, &model.openai_models)
            .with_named(ProviderKind::Ollama, &model.ollama_models);
        prices::take_up(&db, &catalogue)
            .await
            .map_err(|error| ConfigError(format!("the price book cannot be read: {error}")))?;
        tasks.spawn(prices::follow(db.clone(), catalogue.clone(), shutdown.clone()));
        let desk = Desk::open_with(&db, &world, &spill);
        let egress = Egress::new().map_err(|error| ConfigError(format!("no HTTP client: {error}")))?;
        let offers = offers(&egress, &model, &catalogue)?;
        let models = choose_models(&egress, &model, &catalogue, &offers)?;
        let gateway = Gateway::new(
            world.clone(),
            desk.clone(),
            offers,
            Profiles::new(db.clone()),
            catalogue.clone(),
            tasks.clone(),
            shutdown.clone(),
        );
        let api_keys = ApiKeys::new(db.clone(), world.clone());
        let badges: Vec<ModelBadge> = models.all().map(badge).collect();
        let chosen = badges.first().cloned().ok_or_else(|| ConfigError("no model answers".to_owned()))?;
        let turns = Turns::new(
            TurnsConfig { attachments: store, ..TurnsConfig::default() },
            db.clone(),
            world.clone(),
            models,
            catalogue.clone(),
            Registry::built_in(),
            spill.clone(),
            tasks.clone(),
            &shutdown,
        );
        let backend = ServerBackend {
            db: db.clone(),
            world: world.clone(),
            auth: auth.clone(),
            turns: turns.clone(),
            models: badges,
            model: chosen,
        };
        Ok(Self(Arc::new(Wired {
            db,
            world,
            auth,
            backend: Arc::new(backend),
            turns,
            attachments,
            gateway,
            catalogue,
            api_keys,
            desk,
            egress,
            spill,
            leptos,
            metrics,
            open_streams: OpenStreams::default(),
            metrics_token: http.metrics_token.filter(|token| !token.is_empty()),
            shutdown,
            tasks,
        })))
    }

    /// What the event stream needs.
    #[must_use]
    pub fn events(&self) -> TurnEventsState {
        TurnEventsState {
            db: self.db.clone(),
            world: self.world.clone(),
            turns: self.turns.clone(),
            recheck_every: RECHECK_EVERY,
            open: self.open_streams.clone(),
        }
    }

    /// What the stream of a person's changes needs.
    #[must_use]
    pub fn person_events(&self) -> PersonEventsState {
        let shutdown = self.shutdown.clone();
        PersonEventsState::new(self.events(), shutdown)
    }
}

impl axum::extract::FromRef<AppState> for AuthState {
    fn from_ref(state: &AppState) -> Self {
        state.auth.clone()
    }
}

impl axum::extract::FromRef<AppState> for TurnEventsState {
    fn from_ref(state: &AppState) -> Self {
        state.events()
    }
}

impl axum::extract::FromRef<AppState> for PersonEventsState {
    fn from_ref(state: &AppState) -> Self {
        state.person_events()
    }
}

/// The paths of the application's pages, as axum writes them. Finding them also starts what runs a page's resources; it
/// happens once, before anything is served: pages that were rendered meanwhile would wait for their resources for ever.
pub fn page_paths() -> &'static [String] {
    static PATHS: OnceLock<Vec<String>> = OnceLock::new();
    PATHS.get_or_init(|| {
        let routes = leptos_axum::generate_route_list(app::routes::App);
        routes.iter().map(|route| route.path().to_owned()).collect()
    })
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

fn badge(model: &Model) -> ModelBadge {
    ModelBadge {
        id: model.id.to_string(),
        name: model.name.clone(),
        demo: model.provider == ProviderKind::Demo,
        context_tokens: model.context_tokens,
        sees_images: model.sees_images,
    }
}

fn leptos_options(http: &HttpArgs) -> LeptosOptions {
    LeptosOptions::builder()
        .output_name("steward")
        .site_root(http.site_root.clone())
        .site_pkg_dir("pkg")
        .site_addr(http.addr)
        .env(Env::PROD)
        .hash_files(http.hash_files)
        .build()
}
