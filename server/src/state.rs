//! The one place where the parts are wired together.

use std::{
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
    gateway::{Gateway, Offered, Offers},
    http::{
        person_events::PersonEventsState,
        site_css,
        turn_events::{OpenStreams, TurnEventsState},
    },
    identity::{self, AuthConfig, AuthState, api_keys::ApiKeys},
    live,
    models::catalogue::DEMO_MODEL,
    models::{Catalogue, Endpoint, Model, Provider, ProviderKind, anthropic::Anthropic, demo, wire::WireFormat},
    tools::Registry,
    turns::{Models, Turns, TurnsConfig},
    usage::{Desk, Spill},
    world::World,
};

/// How soon an open stream ends after its session or membership did.
const RECHECK_EVERY: Duration = Duration::from_secs(1);

/// What handlers get. Cheap to clone.
#[derive(Clone)]
pub struct AppState {
    pub db: Db,
    pub world: World,
    pub auth: AuthState,
    pub backend: Arc<dyn Backend>,
    pub turns: Turns,
    pub attachments: Attachments,
    /// Programs that ask models with a key.
    pub gateway: Gateway,
    pub api_keys: ApiKeys,
    pub desk: Desk,
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
        let desk = Desk::open_with(&db, &world, &spill);
        let offers = offers(&model, &catalogue)?;
        let gateway =
            Gateway::new(world.clone(), desk.clone(), offers, catalogue.clone(), tasks.clone(), shutdown.clone());
        let api_keys = ApiKeys::new(db.clone(), world.clone());
        let models = choose_models(&model, &catalogue)?;
        let badges: Vec<ModelBadge> = models.all().map(badge).collect();
        let chosen = badges.first().cloned().ok_or_else(|| ConfigError("no model answers".to_owned()))?;
        let turns = Turns::new(
            TurnsConfig { attachments: store, ..TurnsConfig::default() },
            db.clone(),
            world.clone(),
            models,
            catalogue,
            Registry::built_in(),
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
        Ok(Self {
            db,
            world,
            auth,
            backend: Arc::new(backend),
            turns,
            attachments,
            gateway,
            api_keys,
            desk,
            spill,
            leptos,
            metrics,
            open_streams: OpenStreams::default(),
            metrics_token: http.metrics_token.filter(|token| !token.is_empty()),
            shutdown,
            tasks,
        })
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

/// Claude when there is a key, the demo models otherwise. A list of ids may mix both.
fn choose_models(args: &ModelArgs, catalogue: &Catalogue) -> Result<Models, ConfigError> {
    let find = |id: &str| catalogue.find(id).cloned().map_err(|error| ConfigError(error.to_string()));
    let pace = match args.demo_pace {
        DemoPace::Human => demo::Pace::Human,
        DemoPace::Fast => demo::Pace::Fast,
    };
    let demo: Arc<dyn Provider> = Arc::new(demo::DemoModel::new(pace));
    let listed: Vec<&str> = args.models.split(',').map(str::trim).filter(|id| !id.is_empty()).collect();
    let key = args.anthropic_api_key.as_deref().filter(|key| !key.is_empty());
    let claude: Option<Arc<dyn Provider>> = key.map(|key| anthropic(args, key)).transpose()?;
    let provider = |model: &Model| match model.provider {
        ProviderKind::Demo => Ok(demo.clone()),
        ProviderKind::OpenAi | ProviderKind::Ollama => {
            Err(ConfigError(format!("the model {} can be asked through the gateway only", model.id)))
        }
        ProviderKind::Anthropic => {
            claude.clone().ok_or_else(|| ConfigError(format!("the model {} needs ANTHROPIC_API_KEY", model.id)))
        }
    };
    let first = match &claude {
        Some(_) => find(&args.model)?,
        None => find(DEMO_MODEL)?,
    };
    let kind = first.provider;
    let answers = provider(&first)?;
    let mut models = Models::only(first, answers);
    if listed.is_empty() {
        let same: Vec<Model> = catalogue.models().filter(|model| model.provider == kind).cloned().collect();
        for model in same {
            let answers = provider(&model)?;
            models = models.and(model, answers);
        }
        return Ok(models);
    }
    for id in listed {
        let model = find(id)?;
        let answers = provider(&model)?;
        models = models.and(model, answers);
    }
    Ok(models)
}

/// What programs may ask: the models of every provider there is a key or an address for.
fn offers(args: &ModelArgs, catalogue: &Catalogue) -> Result<Offers, ConfigError> {
    let mut offered = Vec::new();
    let egress = Egress::new().map_err(|error| ConfigError(format!("no HTTP client: {error}")))?;
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
    Ok(Offers::new(offered, catalogue.aliases()))
}

fn anthropic(args: &ModelArgs, key: &str) -> Result<Arc<dyn Provider>, ConfigError> {
    let egress = Egress::new().map_err(|error| ConfigError(format!("no HTTP client: {error}")))?;
    let base_url = BaseUrl::parse(&args.anthropic_base_url).map_err(|error| ConfigError(error.to_string()))?;
    let provider =
        Anthropic::new(egress, &base_url, key).map_err(|error| ConfigError(format!("ANTHROPIC_API_KEY: {error}")))?;
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
