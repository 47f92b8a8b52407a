//! Bench mode.

use std::time::Duration;

use futures::future::join_all;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use upstream::{BENCH_INPUT_TOKENS, Bench, BenchOptions, Format};

use crate::client::{Connection, Response, body, headers, said, whole_body};

async fn start(pieces: usize, pace: Option<Duration>) -> Bench {
    Bench::start(([127, 0, 0, 1], 0).into(), BenchOptions { pieces, pace }).await.unwrap()
}

async fn ask(bench: &Bench, format: Format, body: &str) -> Response {
    Connection::send(&bench.url(), "POST", format.path(), headers(format), body).await.kept_response().await
}

#[tokio::test]
async fn every_format_is_answered_at_once_paced_and_whole() {
    for pace in [None, Some(Duration::from_millis(1))] {
        let bench = start(5, pace).await;
        for format in Format::ALL {
            let streamed = ask(&bench, format, &body(format, "x").to_string()).await;
            assert_eq!((streamed.status, said(format, &streamed).len()), (200, 40), "{format:?}");
            let whole = ask(&bench, format, &whole_body(format, "x").to_string()).await;
            assert!(whole.json().is_object(), "{format:?}");
            let bill = bench.bill_of(format);
            assert_eq!((bill.calls, bill.input, bill.output), (2, 2 * BENCH_INPUT_TOKENS, 20), "{format:?}");
        }
        assert_eq!((bench.bill().calls, bench.load().requests), (6, 6));
    }
}

#[tokio::test]
async fn connections_are_kept_and_many() {
    let bench = start(3, Some(Duration::from_millis(1))).await;
    let address = bench.url().strip_prefix("http://").unwrap().to_owned();
    let request = "POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-length: 16\r\n\r\n{\"stream\": true}";
    let talk = async || {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        for _ in 0..2 {
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut received = Vec::new();
            while !received.ends_with(b"0\r\n\r\n") {
                assert_ne!(stream.read_buf(&mut received).await.unwrap(), 0);
            }
        }
        stream
    };
    let streams = join_all((0..200).map(|_| talk())).await;
    assert_eq!((bench.bill().calls, bench.bill().output), (400, 2_400));
    let load = bench.load();
    assert_eq!((load.requests, load.open, load.peak), (400, 200, 200));
    drop(streams);
}

#[tokio::test]
async fn who_leaves_is_billed_what_was_sent() {
    let bench = start(2_000, Some(Duration::from_millis(1))).await;
    let mut connection =
        Connection::send(&bench.url(), "POST", "/api/chat", &[], &body(Format::Ollama, "x").to_string()).await;
    connection.until("1,204").await;
    drop(connection);
    let bill = bench.bill();
    assert!(bill.calls == 1 && (2..4_000).contains(&bill.output), "{bill:?}");
}

#[tokio::test]
async fn controls_and_nonsense_are_answered() {
    let bench = start(1, None).await;
    ask(&bench, Format::OpenAi, "{}").await;
    let get = async |path: &str| Connection::send(&bench.url(), "GET", path, &[], "").await.kept_response().await;
    assert_eq!(get("/_bill?format=openai").await.json()["calls"], 1);
    assert_eq!(get("/_bench").await.json()["requests"], 1);
    assert_eq!(get("/nowhere").await.status, 404);
    get("/_reset").await;
    assert_eq!(bench.bill().calls, 0);
    let url = bench.url();
    let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).await.unwrap();
    stream.write_all(b"\xff\xff\r\n\r\n").await.unwrap();
    let mut received = String::new();
    stream.read_to_string(&mut received).await.unwrap();
    assert!(received.starts_with("HTTP/1.1 400"));
}
