//! A raw HTTP client: sees chunks as they come, and how a body ends.

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use upstream::{Format, Upstream};

/// A response, as it came.
#[derive(Debug)]
pub struct Response {
    /// 0 when there was none.
    pub status: u16,
    pub head: String,
    /// The chunks of the body.
    pub chunks: Vec<Vec<u8>>,
    /// The body came to its proper end.
    pub is_whole: bool,
}

impl Response {
    pub fn text(&self) -> String {
        String::from_utf8(self.chunks.concat()).expect("UTF-8")
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text()).expect("JSON")
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let named = |line: &&str| line.split_once(':').is_some_and(|(found, _)| found.eq_ignore_ascii_case(name));
        self.head.lines().find(named).and_then(|line| line.split_once(':')).map(|(_, value)| value.trim())
    }

    /// The JSON of a stream's events, read leniently: what is no JSON is left out.
    pub fn events(&self) -> Vec<Value> {
        let text = self.text();
        let lines = text.lines().map(|line| line.strip_prefix("data: ").unwrap_or(line));
        lines.filter_map(|line| serde_json::from_str(line).ok()).filter(Value::is_object).collect()
    }
}

/// A connection on which one request was sent.
pub struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Connection {
    pub async fn send(url: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Self {
        let address = url.strip_prefix("http://").expect("an address");
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        let mut request = format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n");
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str(&format!("content-length: {}\r\n\r\n{body}", body.len()));
        stream.write_all(request.as_bytes()).await.expect("sent");
        Self { stream, received: Vec::new() }
    }

    /// Reads until this text has come.
    pub async fn until(&mut self, text: &str) {
        while !String::from_utf8_lossy(&self.received).contains(text) {
            assert_ne!(self.stream.read_buf(&mut self.received).await.expect("more"), 0, "no {text}");
        }
    }

    pub async fn response(mut self) -> Response {
        // A cut connection is an end, too.
        let _ = self.stream.read_to_end(&mut self.received).await;
        self.read()
    }

    /// The response on a connection that stays open.
    pub async fn kept_response(mut self) -> Response {
        loop {
            let response = self.read();
            if response.is_whole {
                return response;
            }
            assert_ne!(self.stream.read_buf(&mut self.received).await.expect("more"), 0, "cut off");
        }
    }

    fn read(&self) -> Response {
        let text = String::from_utf8_lossy(&self.received).into_owned();
        let Some((head, _)) = text.split_once("\r\n\r\n") else {
            return Response { status: 0, head: String::new(), chunks: vec![], is_whole: false };
        };
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        let body = &self.received[head.len() + 4..];
        let mut response = Response { status, head: head.to_owned(), chunks: vec![], is_whole: false };
        if response.header("transfer-encoding") == Some("chunked") {
            (response.chunks, response.is_whole) = dechunk(body);
        } else {
            let length: usize = response.header("content-length").map_or(0, |length| length.parse().unwrap());
            response.is_whole = body.len() == length;
            response.chunks.push(body.to_vec());
        }
        response
    }
}

fn dechunk(mut body: &[u8]) -> (Vec<Vec<u8>>, bool) {
    let mut chunks = Vec::new();
    while let Some(end) = body.windows(2).position(|window| window == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&body[..end]).unwrap(), 16).unwrap();
        if size == 0 {
            return (chunks, true);
        }
        let Some(chunk) = body.get(end + 2..end + 2 + size) else { break };
        chunks.push(chunk.to_vec());
        body = &body[(end + 4 + size).min(body.len())..];
    }
    (chunks, false)
}

/// The usual headers of a request in a format.
pub fn headers(format: Format) -> &'static [(&'static str, &'static str)] {
    match format {
        Format::Anthropic => {
            &[("x-api-key", "sk-test"), ("anthropic-version", "2023-06-01"), ("content-type", "application/json")]
        }
        Format::OpenAi => &[("authorization", "Bearer sk-test"), ("content-type", "application/json")],
        Format::Ollama => &[("content-type", "application/json")],
    }
}

/// A request for a stream about this text, with usage and a cap of 1,000 tokens.
pub fn body(format: Format, text: &str) -> Value {
    let messages = json!([{"role": "user", "content": text}]);
    match format {
        Format::Anthropic => json!({"model": "m", "max_tokens": 1_000, "stream": true, "messages": messages}),
        Format::OpenAi => json!({"model": "m", "max_completion_tokens": 1_000, "stream": true,
            "stream_options": {"include_usage": true}, "messages": messages}),
        Format::Ollama => json!({"model": "m", "options": {"num_predict": 1_000}, "messages": messages}),
    }
}

/// The same, not streamed.
pub fn whole_body(format: Format, text: &str) -> Value {
    let mut body = body(format, text);
    body["stream"] = false.into();
    if format == Format::OpenAi {
        body["stream_options"] = Value::Null;
    }
    body
}

/// Sets the cap on output.
pub fn capped(format: Format, mut body: Value, cap: i64) -> Value {
    match format {
        Format::Anthropic => body["max_tokens"] = cap.into(),
        Format::OpenAi => body["max_completion_tokens"] = cap.into(),
        Format::Ollama => body["options"]["num_predict"] = cap.into(),
    }
    body
}

pub async fn open(upstream: &Upstream, format: Format, body: &Value) -> Connection {
    Connection::send(&upstream.url(), "POST", format.path(), headers(format), &body.to_string()).await
}

/// Asks and reads the whole response.
pub async fn ask(upstream: &Upstream, format: Format, body: &Value) -> Response {
    open(upstream, format, body).await.response().await
}

pub async fn get(upstream: &Upstream, path: &str, headers: &[(&str, &str)]) -> Response {
    Connection::send(&upstream.url(), "GET", path, headers, "").await.response().await
}

/// All text of a stream's events.
pub fn said(format: Format, response: &Response) -> String {
    let piece = |event: Value| {
        let piece = match format {
            Format::Anthropic => &event["delta"]["text"],
            Format::OpenAi => &event["choices"][0]["delta"]["content"],
            Format::Ollama => &event["message"]["content"],
        };
        piece.as_str().unwrap_or_default().to_owned()
    };
    response.events().into_iter().map(piece).collect()
}
