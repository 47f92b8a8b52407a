//! The server: routes, the choice of a script, the records.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    io,
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    Json, Router,
    body::Body,
    extract::{ConnectInfo, DefaultBodyLimit, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use crate::{
    bill::{Bill, Ledger},
    frames::{error_body, frames},
    gates::Gates,
    play::{Ended, Endings, Stage, play},
    request::{self, Request},
    script::{ApiError, Script, Step},
    socket::{CuttableListener, Knife},
};

const MAX_BODY_BYTES: usize = 64 * 1024 * 1024;
/// Older records are forgotten.
const MAX_RECORDS: usize = 1_000;
const MAX_QUEUED: usize = 10_000;
/// Longest wait of a test for something that should happen.
const PATIENCE: Duration = Duration::from_secs(20);

/// A request as it came.
#[derive(Clone, Debug, Serialize)]
pub struct Recorded {
    /// Lower-case names. Contains the API key: it is a test's.
    pub headers: BTreeMap<String, String>,
    /// `Null` when it was not JSON.
    pub body: Value,
    /// The HTTP status that was answered; 0 when the connection was closed instead.
    pub status: u16,
}

#[derive(Clone, Default)]
struct Shared {
    named: Arc<HashMap<String, Script>>,
    inner: Arc<Mutex<Inner>>,
    ledger: Ledger,
    gates: Gates,
    endings: watch::Sender<Endings>,
}

#[derive(Default)]
struct Inner {
    queue: VecDeque<Script>,
    requests: VecDeque<Recorded>,
    calls: u64,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
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

/// The scripts every upstream knows, built in: a program must not need the clone it was built from.
const BUILT_IN: [(&str, &str); 7] = [
    ("breaks-off", include_str!("../scripts/breaks-off.json")),
    ("error-midway", include_str!("../scripts/error-midway.json")),
    ("held", include_str!("../scripts/held.json")),
    ("long", include_str!("../scripts/long.json")),
    ("overloaded", include_str!("../scripts/overloaded.json")),
    ("slow", include_str!("../scripts/slow.json")),
    ("tool-loop", include_str!("../scripts/tool-loop.json")),
];

/// The scripts of this crate's `scripts/` folder.
///
/// # Errors
/// One of them is no script (a test checks that this cannot be).
pub fn built_in_scripts() -> io::Result<HashMap<String, Script>> {
    BUILT_IN.iter().map(|(name, text)| Ok(((*name).to_owned(), parse(name, text.as_bytes())?))).collect()
}

fn parse(name: &str, bytes: &[u8]) -> io::Result<Script> {
    serde_json::from_slice(bytes)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, format!("{name}: {error}")))
}

/// Reads the scripts of a folder: `NAME.json` each.
///
/// # Errors
/// Unreadable folder or file; a file that is no script (the message names it).
pub fn load_scripts(folder: &Path) -> io::Result<HashMap<String, Script>> {
    let mut scripts = HashMap::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let script = parse(&path.display().to_string(), &std::fs::read(&path)?)?;
        scripts.insert(name, script);
    }
    Ok(scripts)
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
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let shared = Shared { named: Arc::new(named), ..Shared::default() };
        let router = Router::new()
            .route("/v1/messages", post(messages))
            .route("/_bill", get(async |State(shared): State<Shared>| Json(shared.ledger.read())))
            .route("/_requests", get(async |State(shared): State<Shared>| Json(shared.lock().requests.clone())))
            .route("/_script", post(enqueue))
            .route("/_release", post(release))
            .route("/_reset", post(reset))
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

    /// What `ANTHROPIC_BASE_URL` wants: `http://127.0.0.1:PORT`.
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

    #[must_use]
    pub fn bill(&self) -> Bill {
        self.shared.ledger.read()
    }

    /// The last 1,000 requests, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<Recorded> {
        self.shared.lock().requests.iter().cloned().collect()
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
        let arrived = self.shared.gates.arrived(gate, 1);
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

async fn enqueue(State(shared): State<Shared>, Json(script): Json<Script>) -> Response {
    let mut inner = shared.lock();
    if inner.queue.len() >= MAX_QUEUED {
        return (StatusCode::TOO_MANY_REQUESTS, "the queue is full").into_response();
    }
    inner.queue.push_back(script);
    StatusCode::NO_CONTENT.into_response()
}

#[derive(Deserialize)]
struct Release {
    gate: String,
}

async fn release(State(shared): State<Shared>, Json(release): Json<Release>) -> StatusCode {
    shared.gates.open(&release.gate);
    StatusCode::NO_CONTENT
}

async fn reset(State(shared): State<Shared>) -> StatusCode {
    *shared.lock() = Inner::default();
    shared.ledger.reset();
    shared.gates.reset();
    StatusCode::NO_CONTENT
}

/// `POST /v1/messages`.
async fn messages(
    State(shared): State<Shared>,
    ConnectInfo(knife): ConnectInfo<Knife>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let json: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let checked = request::check_headers(&headers).and_then(|()| request::read(&json));
    let (script, call) = match &checked {
        Ok(request) => choose(&shared, request),
        Err(error) => (Script { refuse: Some(error.clone()), ..Script::default() }, 0),
    };
    let status = match &script.refuse {
        _ if script.no_answer => 0,
        Some(error) => error.status,
        None => 200,
    };
    record(&shared, &headers, json, status);
    if let Some(gate) = &script.gate_before_head {
        shared.gates.pass(gate).await;
    }
    if script.no_answer {
        knife.cut();
        std::future::pending::<()>().await;
    }
    if let Some(error) = &script.refuse {
        return refusal(error);
    }
    let Ok(request) = checked else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let stage = Stage {
        ledger: shared.ledger,
        gates: shared.gates,
        knife,
        ended: Ended { endings: shared.endings, complete: false },
        split_bytes: script.split_bytes,
    };
    let body = Body::from_stream(play(frames(&script, &request, call), stage));
    let headers = [
        ("content-type", "text/event-stream; charset=utf-8"),
        ("request-id", "req_scripted"),
        ("cache-control", "no-cache"),
    ];
    (headers, body).into_response()
}

fn refusal(error: &ApiError) -> Response {
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = match &error.raw_body {
        Some(raw) => (status, raw.clone()).into_response(),
        None => (status, [("request-id", "req_scripted")], Json(error_body(error))).into_response(),
    };
    for (name, value) in &error.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

fn record(shared: &Shared, headers: &HeaderMap, body: Value, status: u16) {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
    let mut inner = shared.lock();
    if inner.requests.len() >= MAX_RECORDS {
        inner.requests.pop_front();
    }
    inner.requests.push_back(Recorded { headers, body, status });
}

/// The script for a request, and the number of the call.
fn choose(shared: &Shared, request: &Request) -> (Script, u64) {
    let mut inner = shared.lock();
    inner.calls += 1;
    let call = inner.calls;
    if let Some(index) = inner.queue.iter().position(|script| fits(script, request)) {
        let script = inner.queue.remove(index).unwrap_or_default();
        return (script, call);
    }
    if request.side {
        return (Script::text("A short title"), call);
    }
    match script_name(&request.user_text) {
        None => (echo(&request.user_text), call),
        Some(name) => match shared.named.get(name).and_then(|script| nth(script, request.step)) {
            Some(script) => (script, call),
            None => (Script::error(404, "not_found_error", &format!("there is no script {name} for this step")), call),
        },
    }
}

fn fits(script: &Script, request: &Request) -> bool {
    let Some(when) = &script.when else { return !request.side };
    when.side == request.side
        && when.system_contains.as_ref().is_none_or(|text| request.system.contains(text))
        && when.user_contains.as_ref().is_none_or(|text| request.user_text.contains(text))
}

/// `NAME` of `[[script:NAME]]`.
fn script_name(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("[[script:")?;
    Some(rest.split_once("]]")?.0)
}

/// The script of the n-th model call for one user message.
fn nth(script: &Script, step: usize) -> Option<Script> {
    match step.checked_sub(1) {
        None => Some(script.clone()),
        Some(index) => script.then.get(index).cloned(),
    }
}

fn echo(text: &str) -> Script {
    let mut script = Script::text("You said: ");
    for word in text.split_inclusive(' ') {
        script.steps.push(Step::Text(word.to_owned()));
    }
    script
}

/// For [`Bill`]s in assertions of tools that speak JSON.
impl From<Bill> for Value {
    fn from(bill: Bill) -> Self {
        json!(bill)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_script_of_the_folder_is_built_in() -> io::Result<()> {
        let folder = load_scripts(&Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts"))?;
        assert_eq!(built_in_scripts()?, folder);
        Ok(())
    }
}
