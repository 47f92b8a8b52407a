//! A running upstream, as tests hold it.

mod calls;
mod choice;
mod control;
mod models;
mod records;

use std::{
    collections::{HashMap, VecDeque},
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{get, post},
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

pub use records::Recorded;

use crate::{
    bill::{Bill, Ledger},
    formats::Format,
    gates::Gates,
    play::Endings,
    script::Script,
    scripts::built_in_scripts,
    socket::{CuttableListener, Knife},
};

const MAX_BODY_BYTES: usize = 64 * 1024 * 1024;
/// Longest wait of a test for something that should happen.
const PATIENCE: Duration = Duration::from_secs(20);

/// What an upstream can be told before it starts.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Scripts for `[[script:NAME]]`.
    pub named: HashMap<String, Script>,
    /// Wait so long before every word of an echo.
    pub echo_delay: Duration,
}

#[derive(Clone, Default)]
struct Shared {
    options: Arc<Options>,
    inner: Arc<Mutex<Inner>>,
    ledger: Ledger,
    gates: Gates,
    endings: watch::Sender<Endings>,
}

#[derive(Default)]
struct Inner {
    queue: VecDeque<Script>,
    records: records::Records,
    calls: u64,
    /// Models to list instead of the usual ones.
    models: HashMap<Format, Vec<String>>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn models(&self, format: Format) -> Vec<String> {
        let usual = || format.models().iter().map(|name| (*name).to_owned()).collect();
        self.lock().models.get(&format).cloned().unwrap_or_else(usual)
    }
}

/// A running upstream; dropping it closes it.
pub struct Upstream {
    shared: Shared,
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.task.abort();
        self.shared.gates.reset();
    }
}

impl Upstream {
    /// Starts on a free port of the loopback address, with the scripts that are built in.
    ///
    /// # Errors
    /// No port.
    pub async fn start() -> io::Result<Self> {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0)), built_in_scripts()?).await
    }

    /// Starts on an address with named scripts.
    ///
    /// # Errors
    /// The address is taken.
    pub async fn start_at(address: SocketAddr, named: HashMap<String, Script>) -> io::Result<Self> {
        Self::start_with(address, Options { named, ..Options::default() }).await
    }

    /// Starts on an address.
    ///
    /// # Errors
    /// The address is taken.
    pub async fn start_with(address: SocketAddr, options: Options) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let shared = Shared { options: Arc::new(options), ..Shared::default() };
        let router = Router::new()
            .route("/v1/messages", post(calls::answer))
            .route("/v1/messages/count_tokens", post(calls::count_tokens))
            .route("/v1/chat/completions", post(calls::answer))
            .route("/api/chat", post(calls::answer))
            .route("/v1/models", get(models::list))
            .route("/v1/models/{id}", get(models::one))
            .route("/api/tags", get(models::tags))
            .route("/api/version", get(models::version))
            .route("/_bill", get(control::bill))
            .route("/_requests", get(control::requests))
            .route("/_script", post(control::enqueue))
            .route("/_release", post(control::release))
            .route("/_models", post(control::set_models))
            .route("/_reset", post(control::reset))
            .fallback(calls::nowhere)
            .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
            .with_state(shared.clone())
            .into_make_service_with_connect_info::<Knife>();
        let task = tokio::spawn(async move {
            if let Err(error) = axum::serve(CuttableListener(listener), router).await {
                eprintln!("upstream stopped: {error}");
            }
        });
        Ok(Self { shared, address, task })
    }

    /// What `ANTHROPIC_BASE_URL` wants: `http://127.0.0.1:PORT`. `OpenAI`'s is that with `/v1`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Queues a script for the next fitting request.
    pub fn enqueue(&self, script: Script) {
        self.shared.lock().queue.push_back(script);
    }

    /// Scripts that nobody has asked for yet.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.shared.lock().queue.len()
    }

    /// Lists these models from now on.
    pub fn set_models(&self, format: Format, names: &[&str]) {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        self.shared.lock().models.insert(format, names);
    }

    /// The bill of all formats together.
    #[must_use]
    pub fn bill(&self) -> Bill {
        self.shared.ledger.read()
    }

    #[must_use]
    pub fn bill_of(&self, format: Format) -> Bill {
        self.shared.ledger.read_of(format)
    }

    /// The last 1,000 requests, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<Recorded> {
        self.shared.lock().records.all()
    }

    /// Opens a gate for good.
    pub fn release(&self, gate: &str) {
        self.shared.gates.open(gate);
    }

    /// Waits until a stream stands at the gate.
    ///
    /// # Errors
    /// Nobody came within 20 s.
    pub async fn reached(&self, gate: &str) -> io::Result<()> {
        self.reached_by(gate, 1).await
    }

    /// Waits until so many streams have come to the gate.
    ///
    /// # Errors
    /// Fewer came within 20 s.
    pub async fn reached_by(&self, gate: &str, count: u64) -> io::Result<()> {
        let arrived = self.shared.gates.arrived(gate, count);
        tokio::time::timeout(PATIENCE, arrived).await.map_err(|_| late("no stream came to the gate"))
    }

    /// Waits until so many streams were dropped by their client before the end.
    ///
    /// # Errors
    /// It did not happen within 20 s.
    pub async fn aborted(&self, count: u64) -> io::Result<()> {
        let mut endings = self.shared.endings.subscribe();
        let wait = endings.wait_for(|endings| endings.aborted >= count);
        let outcome = tokio::time::timeout(PATIENCE, wait).await;
        outcome.map(|_| ()).map_err(|_| late("the streams were not dropped"))
    }

    /// Streams played to their (scripted) end so far.
    #[must_use]
    pub fn completed(&self) -> u64 {
        self.shared.endings.borrow().complete
    }

    /// Runs until the process ends.
    pub async fn run(mut self) {
        let _ = (&mut self.task).await;
    }
}

fn late(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, what.to_owned())
}

/// For [`Bill`]s in assertions of tools that speak JSON.
impl From<Bill> for Value {
    fn from(bill: Bill) -> Self {
        json!(bill)
    }
}
