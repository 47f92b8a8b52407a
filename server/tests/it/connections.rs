//! Connections on the wire: those that say nothing, those that are too many, and how they end.

use std::{net::SocketAddr, time::Duration};

use axum::{Router, extract::ConnectInfo, routing::get};
use server::http::connections::{ConnectionLimits, answer_until};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
    time::timeout,
};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

struct Served {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

async fn served(router: Router, limits: ConnectionLimits) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (stop, stopped) = oneshot::channel::<()>();
    let stopped = async move { stopped.await.unwrap_or_default() };
    let task = tokio::spawn(answer_until(listener, router, limits, stopped));
    Served { address, stop, task }
}

fn router() -> Router {
    Router::new().route("/", get(async |ConnectInfo(peer): ConnectInfo<SocketAddr>| peer.to_string()))
}

fn soon() -> ConnectionLimits {
    ConnectionLimits { header_read: Duration::from_millis(50), ..ConnectionLimits::default() }
}

/// What comes until the connection is closed.
async fn rest_of(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    // Closing with unread bytes may be a reset, which is an end, too.
    let _ = timeout(PATIENCE, stream.read_to_end(&mut text)).await.expect("the connection is closed");
    String::from_utf8(text).expect("text")
}

#[tokio::test]
async fn who_does_not_say_what_they_want_is_sent_away() {
    let site = served(router(), soon()).await;
    // Nothing, half a method, half of HTTP/2's preface, half a head; and a second request that does not come.
    for begun in ["", "GE", "PRI * HTTP/2.0\r\n", "GET / HTTP/1.1\r\nhost: a\r\nx-slow: "] {
        let mut stream = TcpStream::connect(site.address).await.expect("a connection");
        stream.write_all(begun.as_bytes()).await.expect("written");
        let answer = rest_of(&mut stream).await;
        assert!(!answer.contains("200 OK"), "{begun:?}: {answer}");
    }
    let mut stream = TcpStream::connect(site.address).await.expect("a connection");
    let own = stream.local_addr().expect("an address");
    stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.expect("written");
    let answer = rest_of(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.ends_with(&own.to_string()), "the peer is known: {answer}");
}

#[tokio::test]
async fn one_too_many_waits_for_a_place() {
    let limits = ConnectionLimits { max_open: 1, ..ConnectionLimits::default() };
    let site = served(router(), limits).await;
    let mut first = TcpStream::connect(site.address).await.expect("a connection");
    let mut buffer = [0_u8; 12];
    first.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.expect("written");
    timeout(PATIENCE, first.read_exact(&mut buffer)).await.expect("in time").expect("an answer");
    let mut second = TcpStream::connect(site.address).await.expect("the system's queue");
    second.write_all(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await.expect("written");
    let early = timeout(Duration::from_millis(100), second.read_exact(&mut buffer)).await;
    assert!(early.is_err(), "no place for two");
    drop(first);
    assert!(rest_of(&mut second).await.contains("200 OK"));
}

#[tokio::test]
async fn an_answer_that_has_begun_is_ended_at_shutdown() {
    let (begun, has_begun) = tokio::sync::mpsc::channel::<()>(1);
    let gate = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
    let opened = gate.clone();
    let slow = async move || {
        begun.send(()).await.expect("somebody waits");
        let _open = opened.acquire().await.expect("open");
        "to the end"
    };
    let mut has_begun = has_begun;
    let site = served(Router::new().route("/", get(slow)), ConnectionLimits::default()).await;
    let mut idle = TcpStream::connect(site.address).await.expect("a connection");
    let mut stream = TcpStream::connect(site.address).await.expect("a connection");
    stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.expect("written");
    timeout(PATIENCE, has_begun.recv()).await.expect("in time").expect("begun");
    site.stop.send(()).expect("it listens");
    assert_eq!(rest_of(&mut idle).await, "", "who is not being answered is let go");
    assert!(!site.task.is_finished(), "it waits for the answer");
    gate.add_permits(1);
    assert!(rest_of(&mut stream).await.ends_with("to the end"));
    timeout(PATIENCE, site.task).await.expect("in time").expect("a clean end");
    assert!(TcpStream::connect(site.address).await.is_err(), "nothing is accepted any more");
}
