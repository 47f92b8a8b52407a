//! A model provider that costs nothing: answers every Messages request at once with the same short stream, and notes
//! when the first byte of each request arrived. Hand-written on a socket, so that its own share of a measured time is
//! one read. Faults, bills and scripts are the business of the crate `upstream`.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::Result;

const EVENTS: [(&str, &str); 6] = [
    (
        "message_start",
        r#"{"type":"message_start","message":{"id":"msg_bench","type":"message","role":"assistant","model":"bench","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":100,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":1}}}"#,
    ),
    ("content_block_start", r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#),
    (
        "content_block_delta",
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Compressor 3 used 1,204 kWh."}}"#,
    ),
    ("content_block_stop", r#"{"type":"content_block_stop","index":0}"#),
    (
        "message_delta",
        r#"{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":12}}"#,
    ),
    ("message_stop", r#"{"type":"message_stop"}"#),
];

/// What a request for a whole answer says.
const WHOLE: &[u8] = br#""stream":false"#;

const DOCUMENT: &str = r#"{"id":"msg_bench","type":"message","role":"assistant","model":"bench","content":[{"type":"text","text":"Compressor 3 used 1,204 kWh."}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":100,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":12}}"#;

/// A request as the provider saw it.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    pub at: Instant,
    /// Size of the request's body.
    pub bytes: usize,
}

pub struct Stub {
    url: String,
    arrivals: Arc<Mutex<Vec<Arrival>>>,
}

impl Stub {
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let arrivals = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&arrivals);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let noted = Arc::clone(&noted);
                tokio::spawn(async move {
                    if let Err(error) = converse(stream, &noted).await {
                        eprintln!("provider stub: {error}");
                    }
                });
            }
        });
        Ok(Self { url, arrivals })
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// What arrived since the last time this was asked.
    pub fn take(&self) -> Vec<Arrival> {
        std::mem::take(&mut *self.arrivals.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Requests on one kept-alive connection, one after the other.
async fn converse(mut stream: TcpStream, arrivals: &Mutex<Vec<Arrival>>) -> Result<()> {
    stream.set_nodelay(true)?;
    let (answer, whole) = (answer(), document());
    let mut buffer = Vec::new();
    let mut chunk = vec![0; 64 * 1024];
    loop {
        let mut at = (!buffer.is_empty()).then(Instant::now);
        let (head, length) = loop {
            if let Some(found) = request_length(&buffer)? {
                break found;
            }
            let read = stream.read(&mut chunk).await?;
            at = at.or_else(|| Some(Instant::now()));
            if read == 0 {
                return Ok(());
            }
            buffer.extend_from_slice(&chunk[..read]);
        };
        while buffer.len() < head + length {
            let read = stream.read(&mut chunk).await?;
            if read == 0 {
                return Err("a request was cut off".into());
            }
            buffer.extend_from_slice(&chunk[..read]);
        }
        let is_streaming = !buffer[head..head + length].windows(WHOLE.len()).any(|window| window == WHOLE);
        buffer.drain(..head + length);
        if let Some(at) = at {
            arrivals.lock().unwrap_or_else(PoisonError::into_inner).push(Arrival { at, bytes: length });
        }
        stream.write_all(if is_streaming { &answer } else { &whole }).await?;
    }
}

/// The lengths of a request's head and body, once the head is complete.
fn request_length(buffer: &[u8]) -> Result<Option<(usize, usize)>> {
    let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(&buffer[..end])?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>())
    });
    Ok(Some((end + 4, length.ok_or("a request without a length")??)))
}

fn document() -> Vec<u8> {
    let length = DOCUMENT.len();
    format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{DOCUMENT}")
        .into_bytes()
}

fn answer() -> Vec<u8> {
    let body: String = EVENTS.iter().map(|(name, data)| format!("event: {name}\ndata: {data}\n\n")).collect();
    format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: {}\r\n\r\n{body}", body.len())
        .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_measured_once_its_head_is_there() {
        assert!(matches!(request_length(b"POST / HTTP/1.1\r\nContent-Length: 5\r\n"), Ok(None)));
        assert!(matches!(request_length(b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello"), Ok(Some((38, 5)))));
        assert!(request_length(b"POST / HTTP/1.1\r\n\r\n").is_err());
    }

    #[tokio::test]
    async fn two_requests_on_one_connection_are_two_arrivals() -> Result<()> {
        let stub = Stub::start().await?;
        let client = crate::client::http()?;
        for _ in 0..2 {
            let text = client.post(stub.url()).body("{}").send().await?.text().await?;
            assert!(text.contains("message_stop"));
        }
        let arrivals = stub.take();
        assert_eq!(arrivals.iter().map(|arrival| arrival.bytes).collect::<Vec<_>>(), [2, 2]);
        assert!(stub.take().is_empty());
        Ok(())
    }
}
