//! As much HTTP/1.1 as a bench needs.

use bytes::Bytes;
use serde::Serialize;

/// A request's head.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// With the query.
    pub path: String,
    /// Of the head itself, bytes.
    pub length: usize,
    /// Of the body, bytes.
    pub body: usize,
}

/// A request that cannot be read: no text, no target, a body without a length.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unreadable;

/// The head, once it is complete.
pub(super) fn head(buffer: &[u8]) -> Result<Option<Head>, Unreadable> {
    let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
    let text = std::str::from_utf8(&buffer[..end]).map_err(|_| Unreadable)?;
    let mut lines = text.split("\r\n");
    let mut request_line = lines.next().unwrap_or_default().split(' ');
    let (method, path) = (request_line.next().unwrap_or_default(), request_line.next().ok_or(Unreadable)?);
    let header = |wanted: &str| {
        let named = |line: &&str| line.split_once(':').is_some_and(|(name, _)| name.eq_ignore_ascii_case(wanted));
        text.split("\r\n").skip(1).find(named).and_then(|line| line.split_once(':')).map(|(_, value)| value.trim())
    };
    let body = match header("content-length") {
        Some(length) => length.parse().map_err(|_| Unreadable)?,
        None if method == "GET" || header("transfer-encoding").is_none() => 0,
        None => return Err(Unreadable),
    };
    Ok(Some(Head { path: path.to_owned(), length: end + 4, body }))
}

/// A response of nothing but a status.
pub(super) fn status(status: &str) -> Bytes {
    let length = if status.starts_with("204") { "" } else { "content-length: 0\r\n" };
    format!("HTTP/1.1 {status}\r\n{length}\r\n").into()
}

/// A 200 of JSON.
pub(super) fn json(value: &impl Serialize) -> Bytes {
    let body = serde_json::to_vec(value).unwrap_or_default();
    whole("application/json", &body)
}

/// A 200 with a length.
pub(super) fn whole(content_type: &str, body: &[u8]) -> Bytes {
    let mut response =
        format!("HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\n\r\n", body.len())
            .into_bytes();
    response.extend_from_slice(body);
    response.into()
}

/// The head of a 200 in chunks.
pub(super) fn chunked(content_type: &str) -> Bytes {
    format!("HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ntransfer-encoding: chunked\r\n\r\n").into()
}

/// A chunk of a body.
pub(super) fn chunk(bytes: &[u8]) -> Bytes {
    let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
    chunk.extend_from_slice(bytes);
    chunk.extend_from_slice(b"\r\n");
    chunk.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_once_it_is_there() {
        assert_eq!(head(b"POST /x HTTP/1.1\r\nContent-Length: 5\r\n"), Ok(None));
        let whole = b"POST /x?y HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello";
        assert_eq!(head(whole), Ok(Some(Head { path: "/x?y".into(), length: 41, body: 5 })));
        assert_eq!(head(b"POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"), Err(Unreadable));
        assert_eq!(head(b"POST /x HTTP/1.1\r\nContent-Length: -1\r\n\r\n"), Err(Unreadable));
    }
}
