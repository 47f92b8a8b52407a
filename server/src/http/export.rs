//! Taking conversations out: `GET /t/{tenant}/c/{id}/export?format=md|txt|json[&leaf=…]` and `GET
//! /t/{tenant}/export?format=…`, written while it is sent.

use app::{backend::Caller, error::AppError, model::TenantCode};
use axum::{
    Extension,
    body::Body,
    extract::{Path, Query, State, rejection::QueryRejection},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use serde::Deserialize;

use super::{answer, attachments::disposition};
use crate::{
    conversations::export::{Export, Exporter, Format},
    error::{Error, Result},
    state::AppState,
};

/// Longer names are cut, characters.
const MAX_NAME_CHARS: usize = 60;

#[derive(Deserialize)]
pub struct ExportQuery {
    #[serde(default)]
    format: String,
    #[serde(default)]
    leaf: String,
}

type Asked = std::result::Result<Query<ExportQuery>, QueryRejection>;

pub async fn one(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Path((tenant, id)): Path<(String, String)>,
    query: Asked,
) -> Response {
    let (name, path) = (format!("/t/{tenant}/c/{id}/export"), (tenant.as_str(), id.as_str()));
    answered(&state, &caller, &name, find(&state, &caller, path, query).await)
}

pub async fn all(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Path(tenant): Path<String>,
    query: Asked,
) -> Response {
    let found = async {
        let exporter = exporter(&state, &caller, &tenant)?;
        let (format, _) = read(query, Format::Json)?;
        let at = state.world.now();
        let name = format!("steward-{tenant}-{}", at.date_utc());
        Ok((Export::all(exporter, format, at).await?, format, name))
    };
    answered(&state, &caller, "/t/export", found.await)
}

async fn find(
    state: &AppState,
    caller: &Caller,
    (tenant, id): (&str, &str),
    query: Asked,
) -> Result<(Export, Format, String)> {
    let exporter = exporter(state, caller, tenant)?;
    let id = id.parse().map_err(|_| Error::NotFound)?;
    let (format, leaf) = read(query, Format::Markdown)?;
    let leaf = if leaf.is_empty() { None } else { Some(leaf.parse().map_err(|_| Error::NotFound)?) };
    let (export, title) = Export::one(exporter, format, id, leaf, state.world.now()).await?;
    Ok((export, format, title))
}

fn exporter(state: &AppState, caller: &Caller, tenant: &str) -> Result<Exporter> {
    let tenant: TenantCode = tenant.parse().map_err(|_| Error::NotFound)?;
    Ok(Exporter { db: state.db.clone(), caller: caller.clone(), tenant })
}

/// The format, or the usual one, and the leaf as it was written.
fn read(query: Asked, usual: Format) -> Result<(Format, String)> {
    let Ok(Query(query)) = query else { return Err(Error::invalid("format", "This address cannot be read.")) };
    let format = match query.format.as_str() {
        "" => usual,
        word => Format::parse(word).ok_or_else(|| Error::invalid("format", "Choose md, txt or json."))?,
    };
    Ok((format, query.leaf))
}

fn answered(state: &AppState, caller: &Caller, path: &str, found: Result<(Export, Format, String)>) -> Response {
    let (export, format, name) = match found {
        Ok(found) => found,
        Err(error) => {
            let error: AppError = error.into_app(&caller.request_id);
            let css_href = &state.auth.config.css_href;
            return answer::error(path, css_href, &caller.request_id, answer::status_of(&error), &error);
        }
    };
    let name = disposition(&file_name(&name, format), false);
    let mut response = Body::from_stream(pieces(export, caller.request_id.clone())).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.media_type()));
    if let Ok(value) = HeaderValue::try_from(name) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The file, piece by piece. When it cannot go on, the connection breaks: half a file must not look like a whole one.
fn pieces(mut export: Export, request_id: String) -> impl futures::Stream<Item = std::io::Result<Bytes>> {
    async_stream::stream! {
        loop {
            match export.piece().await {
                Ok(Some(piece)) => yield Ok(Bytes::from(piece)),
                Ok(None) => break,
                Err(error) => {
                    let error = error.into_app(&request_id);
                    yield Err(std::io::Error::other(error));
                    break;
                }
            }
        }
    }
}

/// A name that every system takes: letters and digits of the title, joined by hyphens.
fn file_name(title: &str, format: Format) -> String {
    let words = title.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let joined: String = words.collect::<Vec<_>>().join("-").chars().take(MAX_NAME_CHARS).collect();
    let name = joined.trim_matches('-');
    let name = if name.is_empty() { "conversation" } else { name };
    format!("{name}.{}", format.extension())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_everywhere() {
        assert_eq!(
            file_name("Peak demand: 9–15 Nov / “Überblick”", Format::Markdown),
            "Peak-demand-9-15-Nov-Überblick.md"
        );
        assert_eq!(file_name("../../etc/passwd\0", Format::Json), "etc-passwd.json");
        assert_eq!(file_name("…", Format::Text), "conversation.txt");
        assert!(file_name(&"word ".repeat(100), Format::Text).chars().count() <= MAX_NAME_CHARS + 4);
    }
}
