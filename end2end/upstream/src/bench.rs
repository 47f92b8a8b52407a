//! Bench mode: the same answer for everybody with as little work as possible, on thousands of connections at once.
//!
//! Answers are made once, by the same code as the scripted ones, and sent from shared memory by hand-written HTTP/1.1:
//! kept-alive connections, no pipelining, requests with a length. Nothing is checked, recorded or read from the body but
//! whether a stream is wanted; the request's cap is ignored. Usage is always told, [`INPUT_TOKENS`] and two tokens for
//! each piece, and the bill is kept as ever, piece by piece.
//!
//! `GET /_bench` counts requests and connections, `GET /_bill[?format=…]` and `POST /_reset` are as in the scripted
//! upstream. A machine's limit of open files (`ulimit -n`) must allow for the connections.

mod answers;
mod http;

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::{Buf, Bytes, BytesMut};
use serde::Serialize;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    task::JoinHandle,
    time::Instant,
};

pub use answers::INPUT_TOKENS;
use answers::{Answers, Counters};
use http::{Head, head, json, status};

use crate::{bill::Bill, formats::Format};

const BACKLOG: u32 = 4_096;
const MAX_HEAD_BYTES: usize = 64 * 1024;
const MAX_BODY_BYTES: usize = 64 * 1024 * 1024;
/// A connection's buffer between requests.
const BUFFER_BYTES: usize = 8 * 1024;

/// How to answer.
#[derive(Clone, Copy, Debug, Default)]
pub struct BenchOptions {
    /// Pieces of text in an answer.
    pub pieces: usize,
    /// Wait before every piece; `None`: the whole answer is one write.
    pub pace: Option<Duration>,
}

/// How busy the bench is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BenchLoad {
    /// Answers begun, ever.
    pub requests: u64,
    /// Connections open now.
    pub open: u64,
    /// The most connections open at once.
    pub peak: u64,
}

struct Shared {
    answers: [Answers; 3],
    pace: Option<Duration>,
    requests: AtomicU64,
    open: AtomicU64,
    peak: AtomicU64,
}

/// A running bench; dropping it stops accepting connections.
pub struct Bench {
    shared: Arc<Shared>,
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Bench {
    /// Starts on an address.
    ///
    /// # Errors
    /// The address is taken.
    pub async fn start(address: SocketAddr, options: BenchOptions) -> io::Result<Self> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        let listener = socket.listen(BACKLOG)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            answers: Format::ALL.map(|format| Answers::new(format, options.pieces)),
            pace: options.pace,
            requests: AtomicU64::new(0),
            open: AtomicU64::new(0),
            peak: AtomicU64::new(0),
        });
        let accepting = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            loop {
                match listener.accept().await {
                    Ok((stream, _)) => {
                        let guest = Guest::new(Arc::clone(&accepting));
                        tokio::spawn(async move {
                            // A connection that breaks is the client's business.
                            let _ = converse(stream, &guest.0).await;
                        });
                    }
                    // Out of file handles, most likely: let others finish first.
                    Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
                }
            }
        });
        Ok(Self { shared, address, task })
    }

    /// `http://127.0.0.1:PORT`, as [`crate::Upstream::url`].
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The bill of all formats together.
    #[must_use]
    pub fn bill(&self) -> Bill {
        self.shared.bill(None)
    }

    #[must_use]
    pub fn bill_of(&self, format: Format) -> Bill {
        self.shared.bill(Some(format))
    }

    #[must_use]
    pub fn load(&self) -> BenchLoad {
        self.shared.load()
    }

    /// Runs until the process ends.
    pub async fn run(mut self) {
        let _ = (&mut self.task).await;
    }
}

impl Shared {
    fn bill(&self, format: Option<Format>) -> Bill {
        let wanted = self.answers.iter().filter(|answers| format.is_none_or(|format| format == answers.format));
        let mut bill = Bill::default();
        wanted.for_each(|answers| answers.counters.add_to(&mut bill));
        bill
    }

    fn load(&self) -> BenchLoad {
        let [requests, open, peak] =
            [&self.requests, &self.open, &self.peak].map(|counter| counter.load(Ordering::Relaxed));
        BenchLoad { requests, open, peak }
    }

    fn reset(&self) {
        self.answers.iter().for_each(|answers| answers.counters.reset());
        self.requests.store(0, Ordering::Relaxed);
        self.peak.store(self.open.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    fn control(&self, head: &Head) -> Bytes {
        let (path, query) = head.path.split_once('?').unwrap_or((&head.path, ""));
        let format = query.strip_prefix("format=");
        let format = Format::ALL.into_iter().find(|known| format == Some(known.name()));
        match path {
            "/_bill" => json(&self.bill(format)),
            "/_bench" => json(&self.load()),
            "/_reset" => {
                self.reset();
                status("204 No Content")
            }
            _ => status("404 Not Found"),
        }
    }
}

/// A connection, as long as it is open.
struct Guest(Arc<Shared>);

impl Guest {
    fn new(shared: Arc<Shared>) -> Self {
        let open = shared.open.fetch_add(1, Ordering::Relaxed) + 1;
        shared.peak.fetch_max(open, Ordering::Relaxed);
        Self(shared)
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Requests on one connection, one after the other.
async fn converse(mut stream: TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = BytesMut::with_capacity(BUFFER_BYTES);
    loop {
        let head = loop {
            match head(&buffer) {
                Ok(Some(head)) => break head,
                Ok(None) if buffer.len() <= MAX_HEAD_BYTES => {}
                Ok(None) | Err(_) => return stream.write_all(&status("400 Bad Request")).await,
            }
            if stream.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
        };
        if head.body > MAX_BODY_BYTES {
            return stream.write_all(&status("413 Content Too Large")).await;
        }
        while buffer.len() < head.length + head.body {
            if stream.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
        }
        buffer.advance(head.length);
        let answers = shared.answers.iter().find(|answers| answers.path == head.path);
        let Some(answers) = answers else {
            buffer.advance(head.body);
            stream.write_all(&shared.control(&head)).await?;
            continue;
        };
        let is_stream = answers.is_stream(&buffer[..head.body]);
        buffer.advance(head.body);
        if buffer.is_empty() && buffer.capacity() > BUFFER_BYTES {
            buffer = BytesMut::with_capacity(BUFFER_BYTES);
        }
        shared.requests.fetch_add(1, Ordering::Relaxed);
        match shared.pace {
            Some(pace) if is_stream => paced(&mut stream, answers, pace).await?,
            _ => {
                answers.counters.whole(&answers.counted);
                let answer = if is_stream { &answers.at_once } else { &answers.whole };
                stream.write_all(answer).await?;
            }
        }
    }
}

/// Sends event after event; what is late does not delay what follows.
async fn paced(stream: &mut TcpStream, answers: &Answers, pace: Duration) -> io::Result<()> {
    let counters: &Counters = &answers.counters;
    counters.begin(&answers.counted);
    stream.write_all(&answers.chunked_head).await?;
    let mut due = Instant::now();
    for event in &answers.events {
        if event.output > 0 {
            due += pace;
            tokio::time::sleep_until(due).await;
            counters.output(event.output);
        }
        stream.write_all(&event.chunk).await?;
    }
    stream.write_all(b"0\r\n\r\n").await
}
