//! The one place where the parts are wired together.

pub mod chosen;

use std::{
    ops::Deref,
    sync::{Arc, OnceLock},
    time::Duration,
};

use app::{backend::Backend, model::ModelBadge};
use leptos::config::{Env, LeptosOptions};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::chosen::Chosen;
use crate::{
    attachments::Attachments,
    backend::ServerBackend,
    config::{AttachmentArgs, ConfigError, HttpArgs, ModelArgs},
    db::Db,
    egress::Egress,
    gateway::{Gateway, Profiles},
    http::{
        person_events::PersonEventsState,
        site_css,
        turn_events::{OpenStreams, TurnEventsState},
    },
    identity::{self, AuthConfig, AuthState, api_keys::ApiKeys},
    live,
    models::{Catalogue, Model, ProviderKind},
    tools::Registry,
    turns::{Turns, TurnsConfig},
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

        let Chosen { catalogue, models, offers, egress } = Chosen::by(&model)?;
        prices::take_up(&db, &catalogue)
            .await
            .map_err(|error| ConfigError(format!("the price book cannot be read: {error}")))?;
        tasks.spawn(prices::follow(db.clone(), catalogue.clone(), shutdown.clone()));
        let desk = Desk::open_with(&db, &world, &spill);
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
