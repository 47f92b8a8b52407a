//! Bringing conversations in: `POST /t/{tenant}/import` with the file as the body, or as the one file of a form.
//!
//! A script gets an [`ImportReport`] as JSON; a form is led back to the tenant's page. The file is read while it arrives
//! and never kept.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use app::{
    backend::Caller,
    error::AppError,
    model::{ImportReport, TenantCode, UserId},
};
use axum::{
    Extension, Json,
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use bytes::Bytes;
use futures::{Stream, StreamExt as _, stream::BoxStream};
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout, timeout_at},
};

use super::{answer, limits};
use crate::{
    conversations::import::{self, Interrupted, MAX_FILE_BYTES},
    db::TenantScope,
    error::{Error, Result},
    state::AppState,
    tenancy,
};

/// An import from its first byte to its answer.
pub const IMPORT_WITHIN: Duration = Duration::from_secs(15 * 60);
/// To receive the file; it is received as fast as it is stored.
const RECEIVE_WITHIN: Duration = Duration::from_secs(14 * 60);
/// The longest silence in between.
const SILENCE: Duration = Duration::from_secs(20);
/// Files read at once by this process; each takes a thread and a conversation's memory.
const AT_ONCE: usize = 2;
const RETRY_AFTER_S: u32 = 15;
/// Of a file that is refused, this much is read and thrown away.
const DISCARD_BYTES: usize = 16 * 1024 * 1024;
const DISCARD_WITHIN: Duration = Duration::from_secs(3);

static READING: Semaphore = Semaphore::const_new(AT_ONCE);
static PEOPLE: Mutex<BTreeSet<UserId>> = Mutex::new(BTreeSet::new());

/// Whether a path is the one of imports.
#[must_use]
pub fn is_import_path(path: &str) -> bool {
    let Some((tenant, rest)) = path.strip_prefix("/t/").and_then(|rest| rest.split_once('/')) else { return false };
    !tenant.is_empty() && rest == "import"
}

/// Whether this request sends a file to import.
#[must_use]
pub fn is_import(method: &Method, path: &str) -> bool {
    *method == Method::POST && is_import_path(path)
}

/// One import of a person at a time.
struct OfPerson(UserId);

impl OfPerson {
    fn enter(user: UserId) -> Option<Self> {
        PEOPLE.lock().unwrap_or_else(PoisonError::into_inner).insert(user).then_some(Self(user))
    }
}

impl Drop for OfPerson {
    fn drop(&mut self) {
        PEOPLE.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.0);
    }
}

pub async fn import(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Path(tenant): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let is_form = is_form(&headers);
    let mut pieces = match pieces(&headers, body) {
        Ok(pieces) => pieces,
        Err(error) => return refused(&state, &caller, is_form, error),
    };
    let result = take(&state, &caller, &tenant, &headers, &mut pieces).await;
    if !headers.contains_key(header::EXPECT) {
        discard(pieces).await;
    }
    match result {
        Ok(report) if is_form => Redirect::to(&format!("/t/{tenant}?imported={}", report.imported)).into_response(),
        Ok(report) => Json(report).into_response(),
        Err(error) => refused(&state, &caller, is_form, error),
    }
}

async fn take(
    state: &AppState,
    caller: &Caller,
    tenant: &str,
    headers: &HeaderMap,
    pieces: &mut Pieces,
) -> Result<ImportReport> {
    let scope = enter(state, caller, tenant).await?;
    let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    // A form adds a little around the file.
    if length.is_some_and(|length| length > MAX_FILE_BYTES + 64 * 1024) {
        return Err(Error::TooLarge { max_bytes: MAX_FILE_BYTES });
    }
    let busy = || Error::RateLimited { retry_after_s: RETRY_AFTER_S };
    let _of_person = OfPerson::enter(scope.user()).ok_or_else(busy)?;
    let _permit = READING.try_acquire().map_err(|_| busy())?;
    let report = import::run(&state.db, &state.world, &scope, pieces).await?;
    tracing::info!(imported = report.imported, known = report.known, problems = report.problems.len(), "an import");
    Ok(report)
}

async fn enter(state: &AppState, caller: &Caller, tenant: &str) -> Result<TenantScope> {
    let code: TenantCode = tenant.parse().map_err(|_| Error::NotFound)?;
    tenancy::enter(&state.db, caller, &code).await
}

fn refused(state: &AppState, caller: &Caller, is_form: bool, error: Error) -> Response {
    let error: AppError = error.into_app(&caller.request_id);
    let status = match &error {
        AppError::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        other => answer::status_of(other),
    };
    if is_form {
        return answer::error("/", &state.auth.config.css_href, &caller.request_id, status, &error);
    }
    answer::json(status, &error)
}

fn content_type(headers: &HeaderMap) -> &str {
    headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn is_form(headers: &HeaderMap) -> bool {
    content_type(headers).trim_start().to_ascii_lowercase().starts_with("multipart/form-data")
}

type Pieces = BoxStream<'static, std::result::Result<Bytes, Interrupted>>;

/// The bytes of the file, in time.
fn pieces(headers: &HeaderMap, body: Body) -> Result<Pieces> {
    let bytes = in_time(body.into_data_stream().map(|piece| piece.map_err(|_| Interrupted::Broken)));
    if !is_form(headers) {
        return Ok(bytes.boxed());
    }
    let boundary = multer::parse_boundary(content_type(headers));
    let boundary = boundary.map_err(|_| Error::invalid("file", "This form cannot be read."))?;
    Ok(of_form(bytes.boxed(), boundary).boxed())
}

fn in_time(
    bytes: impl Stream<Item = std::result::Result<Bytes, Interrupted>> + Send + 'static,
) -> impl Stream<Item = std::result::Result<Bytes, Interrupted>> + Send + 'static {
    async_stream::stream! {
        let deadline = Instant::now() + RECEIVE_WITHIN;
        let mut bytes = Box::pin(bytes);
        loop {
            match timeout_at(deadline, timeout(SILENCE, bytes.next())).await {
                Ok(Ok(Some(piece))) => yield piece,
                Ok(Ok(None)) => break,
                Ok(Err(_)) | Err(_) => {
                    yield Err(Interrupted::TooSlow);
                    break;
                }
            }
        }
    }
}

/// The first file of a form; what else is in it does not count.
fn of_form(bytes: Pieces, boundary: String) -> impl Stream<Item = std::result::Result<Bytes, Interrupted>> + Send {
    async_stream::stream! {
        let bytes = bytes.map(|piece| piece.map_err(|why| std::io::Error::other(format!("{why:?}"))));
        let mut form = multer::Multipart::new(bytes, boundary);
        loop {
            let mut field = match form.next_field().await {
                Ok(Some(field)) => field,
                Ok(None) => break,
                Err(_) => {
                    yield Err(Interrupted::Broken);
                    break;
                }
            };
            if field.file_name().is_none() {
                continue;
            }
            loop {
                match field.chunk().await {
                    Ok(Some(piece)) => yield Ok(piece),
                    Ok(None) => break,
                    Err(_) => {
                        yield Err(Interrupted::Broken);
                        break;
                    }
                }
            }
            break;
        }
    }
}

/// Reads what is left, so that the answer is not lost with the connection.
async fn discard(pieces: Pieces) {
    let bytes = pieces.map(|piece| piece.map_err(|why| std::io::Error::other(format!("{why:?}"))));
    limits::discard(Body::from_stream(bytes), DISCARD_BYTES, DISCARD_WITHIN).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_imports_is_known() {
        assert!(is_import(&Method::POST, "/t/prs/import"));
        for other in ["/t/prs/import/", "/t//import", "/t/import", "/t/prs/c/import", "/import"] {
            assert!(!is_import(&Method::POST, other), "{other}");
        }
        assert!(!is_import(&Method::GET, "/t/prs/import"));
    }
}
