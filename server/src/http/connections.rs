//! Connections: how many are open at once, how long one may take to say what it wants, and how they end at shutdown.
//!
//! What must hold: a connection that says nothing costs a place for [`ConnectionLimits::header_read`] at most; every request
//! knows its peer (`ConnectInfo`); after `stop` nothing is accepted and what is being answered is answered to its end.

use std::{
    future::Future,
    net::SocketAddr,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{Router, body::Body, extract::ConnectInfo, http::Request, serve::Listener};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt as _;

/// The longest head of a request, and the most that waits in a buffer to be read or sent.
const MAX_BUFFER_BYTES: usize = 64 * 1024;
/// Streams of one HTTP/2 connection at once.
const MAX_HTTP2_STREAMS: u32 = 200;

/// What connections may take.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionLimits {
    /// To send the head of a request, from the connection's start or the answer before; so a connection is idle no longer.
    pub header_read: Duration,
    /// How often an HTTP/2 peer is asked whether it is still there, and how long it may take to say so.
    pub http2_keep_alive: Duration,
    /// Open at once; more wait in the system's queue.
    pub max_open: usize,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self { header_read: Duration::from_secs(15), http2_keep_alive: Duration::from_secs(20), max_open: 2_000 }
    }
}

/// Answers connections until `stop` resolves, then accepts no more and waits for those that are open: each ends with the
/// answer it is on. The caller bounds that wait.
pub async fn answer_until(
    mut listener: TcpListener,
    router: Router,
    limits: ConnectionLimits,
    stop: impl Future<Output = ()>,
) {
    let places = Arc::new(Semaphore::new(limits.max_open));
    let stopping = CancellationToken::new();
    let connections = TaskTracker::new();
    let mut stop = pin!(stop);
    loop {
        // A place first: who finds none is not accepted.
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, Listener::accept(&mut listener).await)
        };
        let (place, (stream, peer)) = tokio::select! {
            () = &mut stop => break,
            next = next => next,
        };
        // The semaphore is never closed.
        let Ok(place) = place else { break };
        let connection = connection(stream, peer, router.clone(), limits, stopping.clone());
        connections.spawn(async move {
            connection.await;
            drop(place);
        });
    }
    drop(listener);
    stopping.cancel();
    connections.close();
    connections.wait().await;
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    limits: ConnectionLimits,
    stopping: CancellationToken,
) {
    // An event of a stream is a small packet that must not wait until the one before is acknowledged (40 ms).
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection that may wait between packets");
    }
    let has_asked = Arc::new(AtomicBool::new(false));
    let asks = Arc::clone(&has_asked);
    let service = router.into_service::<Body>().map_request(move |mut request: Request<Incoming>| {
        asks.store(true, Ordering::Relaxed);
        request.extensions_mut().insert(ConnectInfo(peer));
        request.map(Body::new)
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(limits.header_read).max_buf_size(MAX_BUFFER_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(limits.http2_keep_alive)
        .keep_alive_timeout(limits.http2_keep_alive)
        .max_concurrent_streams(MAX_HTTP2_STREAMS);
    let mut serving = pin!(builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service)));
    // hyper's own time-out begins when it knows the version of HTTP, which takes bytes that may never come.
    let mut first_request = pin!(tokio::time::sleep(limits.header_read));
    let mut is_first_due = true;
    let mut is_stopping = false;
    loop {
        tokio::select! {
            ended = serving.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(error = &*error, "a connection broke off");
                }
                return;
            }
            () = &mut first_request, if is_first_due => {
                is_first_due = false;
                if !has_asked.load(Ordering::Relaxed) {
                    return;
                }
            }
            () = stopping.cancelled(), if !is_stopping => {
                is_stopping = true;
                serving.as_mut().graceful_shutdown();
            }
        }
    }
}
