//! The gateway: requests of programs, in the wire formats of the vendors, to the models that are offered, on the books.
//!
//! A request's way: who holds the key ([`crate::identity::api_keys`]) ► under which profile ([`profile`]) ► which model
//! ([`routing`], where a cost rule of the profile may choose a cheaper one, [`rules`]) ► how much it may cost
//! at most ► [`attempt`]: a hold, the provider's answer, or another try with a hold of its own ► [`relay`]: the answer goes
//! to the client while a tap on it counts ► the hold is settled with what the provider reported.
//!
//! Counting tokens ([`count`]) is beside it: free of charge, without a hold, with a permit that opens nothing else.
//!
//! What must hold: nothing is sent without a hold; from the first byte sent, the work belongs to a task that the client
//! cannot cancel; bytes are passed on as they came where client and provider speak the same format; what the client sees
//! of an error is in its own format and names no credential.

mod attempt;
mod count;
pub mod profile;
mod refusal;
mod relay;
mod routing;
pub mod rules;
mod watch;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode};
use tokio::sync::{mpsc, oneshot};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use profile::Profiles;
pub use refusal::Refusal;
pub use routing::{Offered, Offers};

use crate::{
    db::{TenantScope, profile::Profile},
    error::Error,
    identity::api_keys::KeyHolder,
    models::{
        Catalogue, Model,
        wire::{WireFormat, WireRequest},
    },
    usage::{Cheaper, Desk, Rates, Via},
    world::World,
};

/// How often is looked whether running answers have ended.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// A request as it came in: checked, and known by whom.
#[derive(Clone, Debug)]
pub struct Incoming {
    pub holder: Arc<KeyHolder>,
    /// Whom it is made for: the key's own person, or the one a trusted front end names.
    pub scope: TenantScope,
    pub profile: Option<Arc<Profile>>,
    /// As it goes on under the profile ([`profile::under`]).
    pub request: WireRequest,
    pub request_id: String,
    /// Headers that mean something to the provider, in the client's format.
    pub headers: Vec<(HeaderName, HeaderValue)>,
}

impl Incoming {
    /// The longest answer of a model that may be asked for.
    fn most_output(&self, model: &Model) -> i64 {
        let of_profile = self.profile.as_ref().and_then(|profile| profile.max_output);
        model.max_output_tokens.min(of_profile.unwrap_or(i64::MAX))
    }

    /// For the books.
    fn via(&self, cheaper: Option<&Cheaper>) -> Via {
        let key = &self.holder.key;
        Via {
            key: key.id,
            rates: Rates {
                requests_per_minute: key.requests_per_minute,
                tokens_per_minute: key.tokens_per_minute,
                concurrent: key.max_concurrent,
            },
            profile: self.profile.as_ref().map(|profile| profile.id),
            format: format_name(self.request.format()),
            request_id: self.request_id.clone(),
            cheaper: cheaper.cloned(),
        }
    }
}

/// An answer, in the client's format.
#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub content_type: HeaderValue,
    pub headers: Vec<(HeaderName, HeaderValue)>,
    pub body: ReplyBody,
}

#[derive(Debug)]
pub enum ReplyBody {
    Whole(Bytes),
    /// Pieces as they come. Dropping it tells that the client went away.
    Pieces(mpsc::Receiver<Bytes>),
}

/// What the gateway works with. Cheap to clone.
#[derive(Clone)]
pub struct Gateway(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) world: World,
    pub(crate) desk: Desk,
    pub(crate) offers: Offers,
    pub(crate) profiles: Profiles,
    pub(crate) catalogue: Catalogue,
    tasks: TaskTracker,
    /// Requests that are not settled yet.
    running: AtomicUsize,
    pub(crate) shutdown: CancellationToken,
    /// Cancelled some time after `shutdown`: answers that still run end here.
    break_off: CancellationToken,
}

/// Counts a request until it is settled, however that ends.
struct Running(Arc<Inner>);

impl Running {
    fn begin(inner: &Arc<Inner>) -> Self {
        let running = inner.running.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        show_running(running);
        Self(inner.clone())
    }
}

fn show_running(running: usize) {
    metrics::gauge!("steward_gateway_requests_running").set(f64::from(u32::try_from(running).unwrap_or(u32::MAX)));
}

impl Drop for Running {
    fn drop(&mut self) {
        let running = self.0.running.fetch_sub(1, Ordering::Relaxed).saturating_sub(1);
        show_running(running);
    }
}

impl Gateway {
    #[must_use]
    pub fn new(
        world: World,
        desk: Desk,
        offers: Offers,
        profiles: Profiles,
        catalogue: Catalogue,
        tasks: TaskTracker,
        shutdown: CancellationToken,
    ) -> Self {
        let (running, break_off) = (AtomicUsize::new(0), CancellationToken::new());
        Self(Arc::new(Inner { world, desk, offers, profiles, catalogue, tasks, running, shutdown, break_off }))
    }

    /// Requests that are being answered or settled.
    #[must_use]
    pub fn running(&self) -> usize {
        self.0.running.load(Ordering::Relaxed)
    }

    /// Once the server is asked to stop: lets running answers end, `grace` long, then breaks off what is left.
    pub async fn shutdown(&self, grace: Duration) {
        let are_done = async {
            while self.running() > 0 {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        let _ = tokio::time::timeout(grace, are_done).await;
        self.0.break_off.cancel();
    }

    /// The models a key may ask under a profile, in the order of the catalogue.
    pub fn offered<'g>(
        &'g self,
        holder: &'g KeyHolder,
        profile: Option<&'g Profile>,
    ) -> impl Iterator<Item = &'g Offered> {
        let only = profile.and_then(|profile| profile.model.as_deref());
        let is_only = move |offered: &&Offered| only.is_none_or(|id| offered.model.id.0 == id);
        self.0.offers.all().filter(|offered| routing::allows(holder, offered)).filter(is_only)
    }

    /// Which profile a request comes under; see [`Profiles::of`].
    ///
    /// # Errors
    /// As [`Profiles::of`].
    pub async fn profile(&self, holder: &KeyHolder, slug: Option<&str>) -> Result<Option<Arc<Profile>>, Error> {
        self.0.profiles.of(holder, slug).await
    }

    /// Answers a request. What it began goes on when this is dropped, and is settled.
    ///
    /// # Errors
    /// In words, with the headers that go with them.
    pub async fn chat(&self, incoming: Incoming) -> Result<Reply, Refusal> {
        if self.0.shutdown.is_cancelled() {
            return Err(Refusal::closing());
        }
        let route = routing::route(&self.0.offers, &incoming)?;
        let route = routing::with_rules(&self.0, &incoming, route).await;
        let (head, answer) = oneshot::channel();
        let running = Running::begin(&self.0);
        self.0.tasks.spawn(async move { attempt::answer(&running.0, incoming, route, head).await });
        // The task answers before it ends, unless it panicked.
        answer.await.unwrap_or_else(|_| Err(Refusal::internal()))
    }
}

/// As stored with a call.
#[must_use]
pub fn format_name(format: WireFormat) -> &'static str {
    match format {
        WireFormat::OpenAi => "openai",
        WireFormat::Anthropic => "anthropic",
        WireFormat::Ollama => "ollama",
    }
}
