//! Shared conversations: `/t/{tenant}/s/{secret}` for members, `/s/{secret}` for everybody, and their pictures below
//! (`…/a/{id}`). Documents without scripts; nobody keeps, indexes or passes them on.

use app::{
    backend::Caller,
    error::AppError,
    model::{Lang, TenantCode, Theme},
    plain::{PlainFrame, SharedPage},
};
use axum::{
    Extension,
    extract::{Path, State},
    http::{HeaderMap, HeaderName, HeaderValue, Uri, header},
    response::{Html, IntoResponse, Response},
};

use super::{
    answer,
    session::{self, RequestId, Signed},
};
use crate::{
    conversations::share::{self, ShareSecret, Visitor},
    error::{Error, Result},
    rich,
    state::AppState,
    tenancy,
};

/// What every answer below a link carries.
const HEADERS: [(HeaderName, &str); 3] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("x-robots-tag"), "noindex, nofollow, noarchive"),
];

/// Who is looking, besides the link they came by.
struct Reader<'a> {
    state: &'a AppState,
    request_id: String,
    theme: Theme,
    /// The one they chose, else the first that their browser asks for and we have.
    lang: Option<Lang>,
    path: String,
}

impl<'a> Reader<'a> {
    fn new(
        state: &'a AppState,
        id: Option<Extension<RequestId>>,
        signed: Option<Extension<Signed>>,
        headers: &HeaderMap,
        uri: &Uri,
    ) -> Self {
        let asked = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        Self {
            state,
            request_id: id.map(|Extension(id)| id.0.to_string()).unwrap_or_default(),
            theme: signed.as_ref().map_or_else(Theme::default, |Extension(signed)| signed.theme),
            lang: signed.and_then(|Extension(signed)| signed.lang).or_else(|| asked.and_then(Lang::asked)),
            path: uri.path().to_owned(),
        }
    }

    fn answer(&self, result: Result<Response>) -> Response {
        let mut response = result.unwrap_or_else(|error| {
            let error: AppError = error.into_app(&self.request_id);
            answer::error("/s", self.frame(Lang::default()), &self.request_id, answer::status_of(&error), &error)
        });
        for (name, value) in HEADERS {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        response
    }

    /// `otherwise`: for who asks for no language that we have.
    fn frame(&self, otherwise: Lang) -> PlainFrame {
        let lang = self.lang.unwrap_or(otherwise);
        PlainFrame { css_href: self.state.auth.config.css_href.clone(), theme: self.theme, lang }
    }

    async fn page(&self, visitor: Visitor, secret: &str) -> Result<Response> {
        let secret = ShareSecret::parse(secret).ok_or(Error::NotFound)?;
        let mut shared = share::open(&self.state.db, &visitor, secret).await?;
        rich::fill(&mut shared.messages).await;
        let frame = self.frame(shared.lang);
        let page = SharedPage {
            lang: frame.lang,
            frame,
            path: self.path.clone(),
            title: shared.title,
            shared_at: shared.shared_at,
            tenant: shared.tenant_name,
            person: shared.person,
            messages: shared.messages,
        };
        // Drawing a long conversation takes a while: not on a thread that others wait for.
        let html = tokio::task::spawn_blocking(move || app::plain::shared(page)).await.map_err(Error::internal)?;
        Ok(Html(html).into_response())
    }

    async fn picture(&self, visitor: Visitor, secret: &str, id: &str) -> Result<Response> {
        let secret = ShareSecret::parse(secret).ok_or(Error::NotFound)?;
        let id = id.parse().map_err(|_| Error::NotFound)?;
        let file = share::picture(&self.state.db, &self.state.attachments, &visitor, secret, id).await?;
        let media_type = HeaderValue::try_from(file.media_type).map_err(Error::internal)?;
        let mut response = file.bytes.into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, media_type);
        headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("inline"));
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'"));
        Ok(response)
    }

    /// Somebody in the tenant of the address; everybody else gets what an unknown link gets.
    async fn member(&self, caller: &Caller, tenant: &str) -> Result<Visitor> {
        let code: TenantCode = tenant.parse().map_err(|_| Error::NotFound)?;
        Ok(Visitor::Member(tenancy::enter(&self.state.db, caller, &code).await?))
    }
}

pub async fn for_members(
    State(state): State<AppState>,
    session::SignedIn(caller): session::SignedIn,
    id: Option<Extension<RequestId>>,
    signed: Option<Extension<Signed>>,
    Path((tenant, secret)): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let reader = Reader::new(&state, id, signed, &headers, &uri);
    let result = async { reader.page(reader.member(&caller, &tenant).await?, &secret).await };
    reader.answer(result.await)
}

pub async fn for_everybody(
    State(state): State<AppState>,
    id: Option<Extension<RequestId>>,
    Path(secret): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    // By the system's theme: the page is the same for everybody.
    let reader = Reader::new(&state, id, None, &headers, &uri);
    reader.answer(reader.page(Visitor::Public, &secret).await)
}

pub async fn picture_for_members(
    State(state): State<AppState>,
    session::SignedIn(caller): session::SignedIn,
    id: Option<Extension<RequestId>>,
    Path((tenant, secret, picture)): Path<(String, String, String)>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let reader = Reader::new(&state, id, None, &headers, &uri);
    let result = async { reader.picture(reader.member(&caller, &tenant).await?, &secret, &picture).await };
    reader.answer(result.await)
}

pub async fn picture_for_everybody(
    State(state): State<AppState>,
    id: Option<Extension<RequestId>>,
    Path((secret, picture)): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let reader = Reader::new(&state, id, None, &headers, &uri);
    reader.answer(reader.picture(Visitor::Public, &secret, &picture).await)
}
