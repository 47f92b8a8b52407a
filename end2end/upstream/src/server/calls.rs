//! Requests that ask the model: checked, recorded, refused or played.

use axum::{
    Json,
    body::Body,
    extract::{ConnectInfo, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use serde_json::{Value, json};

use super::{
    Recorded, Shared,
    choice::{choose, queued_or_nothing},
};
use crate::{
    formats::{Format, read_count},
    frames::Cutting,
    plan::plan,
    play::{Ended, Stage, play},
    request::Request,
    script::{ApiError, Quirk, Script, Step},
    socket::Knife,
};

/// A request on its connection.
pub(super) struct Caller<'a> {
    pub shared: &'a Shared,
    pub knife: &'a Knife,
    pub method: &'a Method,
    pub uri: &'a Uri,
    pub headers: &'a HeaderMap,
    pub body: &'a [u8],
}

impl Caller<'_> {
    /// Chooses the script of a checked request and records both; whoever is refused gets the response for that.
    pub async fn admit(
        &self,
        format: Format,
        checked: Result<Request, ApiError>,
        choose: impl Fn(&Request) -> Script,
    ) -> Result<(Request, Script), Response> {
        let (request, script) = match checked {
            Ok(request) => {
                let script = choose(&request);
                (request, script)
            }
            // Never played: it is refused below.
            Err(error) => (Request::about(format, "", ""), Script::refuse(error)),
        };
        let refused = script.refuse.as_ref().map(|error| (error.clone(), error.status));
        let refused = refused.or_else(|| broken_whole(&script, &request));
        let status = match &refused {
            _ if script.no_answer => 0,
            Some((_, status)) => *status,
            None => 200,
        };
        let record = Recorded::new(self.method, self.uri, self.headers, self.body, status);
        self.shared.lock().records.push(record);
        if let Some(gate) = &script.gate_before_head {
            self.shared.gates.pass(gate).await;
        }
        if script.no_answer {
            self.knife.cut();
            std::future::pending::<()>().await;
        }
        match refused {
            Some((error, status)) => Err(refusal(&ApiError { status, ..error }, format)),
            None => Ok((request, script)),
        }
    }
}

/// An error on the way to a whole answer is the answer.
fn broken_whole(script: &Script, request: &Request) -> Option<(ApiError, u16)> {
    if request.is_stream {
        return None;
    }
    let breaking = script.steps.iter().find(|step| matches!(step, Step::Error(_) | Step::Reset | Step::End));
    let Some(Step::Error(error)) = breaking else { return None };
    Some((error.clone(), if error.status == 0 { 500 } else { error.status }))
}

/// `POST /v1/messages`, `/v1/chat/completions`, `/api/chat`
pub(super) async fn answer(
    State(shared): State<Shared>,
    ConnectInfo(knife): ConnectInfo<Knife>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(format) = Format::of_path(uri.path()) else { return StatusCode::NOT_FOUND.into_response() };
    let json: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let checked = format.check_headers(&headers, &json).and_then(|()| format.read(&json));
    let caller = Caller { shared: &shared, knife: &knife, method: &method, uri: &uri, headers: &headers, body: &body };
    let (request, script) = match caller.admit(format, checked, |request| choose(&shared, request)).await {
        Ok(admitted) => admitted,
        Err(response) => return response,
    };
    let call = {
        let mut inner = shared.lock();
        inner.calls += 1;
        inner.calls
    };
    let frames = format.frames(&script, &request, &plan(&script, &request), call);
    let in_characters = script.quirks.contains(&Quirk::SplitCharacters);
    let stage = Stage {
        tab: shared.ledger.tab(format),
        gates: shared.gates,
        knife,
        ended: Ended { endings: shared.endings, complete: false },
        cutting: Cutting { every: script.split_bytes, in_characters },
    };
    let usual = [
        ("content-type", format.content_type(request.is_stream)),
        (format.request_id_header(), "req_scripted"),
        ("cache-control", "no-cache"),
    ];
    let mut response = (usual, Body::from_stream(play(frames, stage))).into_response();
    add_headers(&mut response, &script.headers);
    response
}

/// `POST /v1/messages/count_tokens`
pub(super) async fn count_tokens(
    State(shared): State<Shared>,
    ConnectInfo(knife): ConnectInfo<Knife>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let format = Format::Anthropic;
    let json: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let checked = format.check_headers(&headers, &json).and_then(|()| read_count(&json));
    let caller = Caller { shared: &shared, knife: &knife, method: &method, uri: &uri, headers: &headers, body: &body };
    match caller.admit(format, checked, queued_or_nothing(&shared)).await {
        Ok((request, script)) => {
            let count = script.usage.input.unwrap_or(request.input_tokens);
            let mut response = Json(json!({"input_tokens": count})).into_response();
            add_headers(&mut response, &script.headers);
            response
        }
        Err(response) => response,
    }
}

/// What is not there is recorded, too.
pub(super) async fn nowhere(
    State(shared): State<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let error = ApiError::new(404, "not_found_error", &format!("{method} {} is not there", uri.path()));
    shared.lock().records.push(Recorded::new(&method, &uri, &headers, &body, error.status));
    refusal(&error, Format::of_path(uri.path()).unwrap_or(Format::OpenAi))
}

/// An HTTP error in the format's shape.
pub(super) fn refusal(error: &ApiError, format: Format) -> Response {
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = match &error.raw_body {
        Some(raw) => (status, raw.clone()).into_response(),
        None => {
            let id = [(format.request_id_header(), "req_scripted")];
            (status, id, Json(format.error_body(error))).into_response()
        }
    };
    add_headers(&mut response, &error.headers);
    response
}

fn add_headers<'a>(response: &mut Response, headers: impl IntoIterator<Item = (&'a String, &'a String)>) {
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
}
