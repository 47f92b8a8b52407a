//! A report as a CSV file, written while it is sent.

use axum::{
    body::Body,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;

use super::attachments::disposition;
use crate::{
    error::Result,
    usage::report::{
        Reader,
        breakdown::Listing,
        csv::{Audience, header as header_line, line, tool_line},
    },
};

/// Rows read at once.
const ROWS_AT_ONCE: i64 = 500;

/// The whole report as a file. What may not be read is refused before the file begins; should reading fail later, the
/// connection breaks: half a file must not look like a whole one.
///
/// # Errors
/// As [`Reader::part`].
pub async fn csv(reader: Reader) -> Result<Response> {
    let head = reader.head().await?;
    let first = reader.part(None, ROWS_AT_ONCE).await?;
    let name = format!("usage-{}-by-{}-{}-{}.csv", reader.tenant, reader.by.as_str(), head.first, head.last);
    let mut response = Body::from_stream(pieces(reader, first)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8; header=present"));
    if let Ok(value) = HeaderValue::try_from(disposition(&name, false)) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

fn pieces(reader: Reader, first: Listing) -> impl futures::Stream<Item = std::io::Result<Bytes>> {
    async_stream::stream! {
        let mut listing = first;
        yield Ok(Bytes::from(header_line(reader.by, Audience::Tenant)));
        loop {
            let rows = listing.rows.iter().map(|row| line(reader.by, row, Audience::Tenant));
            let piece: String = rows.chain(listing.tools.iter().map(tool_line)).collect();
            if !piece.is_empty() {
                yield Ok(Bytes::from(piece));
            }
            let Some(after) = listing.next.take() else { break };
            match reader.part(Some(&after), ROWS_AT_ONCE).await {
                Ok(next) => listing = next,
                Err(error) => {
                    yield Err(std::io::Error::other(error.into_app(&reader.caller.request_id)));
                    break;
                }
            }
        }
    }
}
