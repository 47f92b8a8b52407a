//! The pages behind a real router, as the server mounts them, on the fake backend: a test asks for an address and reads
//! what a person without scripts would get.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use app::{
    backend::Redirect,
    components::SetStatus,
    model::{Lang, Theme},
    routes::{App, SidebarCollapsed, shell},
};
use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use leptos::prelude::*;
use leptos_axum::{ResponseOptions, handle_server_fns_with_context};
use tower::ServiceExt;

use super::fake_backend::FakeBackend;

/// An answer of the site.
pub struct Answer {
    pub status: StatusCode,
    pub location: String,
    pub html: String,
}

impl Answer {
    /// The text a person reads: tags gone, blanks collapsed.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut in_tag = false;
        for c in self.html.chars() {
            match c {
                '<' => in_tag = true,
                '>' => in_tag = false,
                c if !in_tag => text.push(c),
                _ => {}
            }
        }
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The text of the page itself, without what scripts find in it.
    pub fn shown(&self) -> String {
        let page = self.html.split("<body").nth(1).unwrap_or(&self.html);
        let mut pieces = page.split("<script");
        let mut html = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            html.push_str(piece.split_once("</script>").map_or("", |(_, rest)| rest));
        }
        Self { status: self.status, location: String::new(), html }.text()
    }

    pub fn has(&self, piece: &str) -> bool {
        self.html.contains(piece)
    }
}

#[derive(Clone, Default)]
pub struct Site {
    pub backend: FakeBackend,
    pub theme: Theme,
    pub lang: Lang,
    pub collapsed: bool,
}

/// The paths of the application's pages. Finding them also starts what runs resources. Once per process: pages that are
/// rendered meanwhile would wait for their resources for ever.
pub fn routes() -> &'static [String] {
    static ROUTES: OnceLock<Vec<String>> = OnceLock::new();
    ROUTES.get_or_init(|| leptos_axum::generate_route_list(App).iter().map(|route| route.path().to_owned()).collect())
}

impl Site {
    /// What the server gives to pages and server functions alike.
    fn provide(&self, plain_form: bool) {
        self.backend.provide();
        provide_context(self.theme);
        provide_context(self.lang);
        provide_context(SidebarCollapsed(self.collapsed));
        if let Some(options) = use_context::<ResponseOptions>() {
            provide_context(SetStatus(Arc::new(move |status| {
                options.set_status(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
            })));
        }
        if plain_form {
            provide_context(Redirect(Arc::new(leptos_axum::redirect)));
        }
    }

    pub fn router(&self, options: LeptosOptions) -> Router {
        routes();
        let site = self.clone();
        let functions = move |request: Request| {
            let site = site.clone();
            let accept = request.headers().get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
            let plain_form = accept.is_some_and(|accept| accept.contains("text/html"));
            async move { handle_server_fns_with_context(move || site.provide(plain_form), request).await.into_response() }
        };
        let site = self.clone();
        let page =
            leptos_axum::render_app_async_with_context(move || site.provide(false), move || shell(options.clone()));
        Router::new().route("/fn/{*path}", post(functions)).fallback(page)
    }

    async fn ask(&self, request: axum::http::request::Builder, body: Body) -> Answer {
        let request = request.body(body).expect("a request");
        let options = LeptosOptions::builder().output_name("steward").build();
        let response = self.router(options).oneshot(request).await.expect("an answer");
        read(response).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.ask(Request::get(path).header(header::ACCEPT, "text/html"), Body::empty()).await
    }

    /// Posts a form as a browser without scripts does.
    pub async fn post(&self, path: &str, referer: &str, fields: &[(&str, &str)]) -> Answer {
        let escaped = |text: &str| leptos_router::location::Url::escape(text).to_string();
        let body: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
        let request = Request::post(path)
            .header(header::ACCEPT, "text/html,application/xhtml+xml")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::REFERER, referer);
        self.ask(request, Body::from(body.join("&"))).await
    }
}

async fn read(response: Response) -> Answer {
    let status = response.status();
    let location = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let location = location.to_owned();
    let bytes = http_body_util::BodyExt::collect(response.into_body()).await.expect("a body").to_bytes();
    // Markers for hydration say nothing to people.
    let html = String::from_utf8(bytes.to_vec()).expect("UTF-8").replace("<!>", "").replace("<!---->", "");
    Answer { status, location, html }
}

/// The hidden fields of the form that posts to `action`, by name: what a browser would send along.
pub fn form_fields(html: &str, form: &str) -> BTreeMap<String, String> {
    let start = html.find(form).unwrap_or_else(|| panic!("no form {form}"));
    let rest = &html[start..];
    let end = rest.find("</form>").unwrap_or(rest.len());
    let inputs = rest[..end].split("<input").skip(1).map(|input| input.split('>').next().unwrap_or_default());
    let attribute = |input: &str, name: &str| {
        let from = input.find(&format!(" {name}=\""))? + name.len() + 3;
        let to = from + input[from..].find('"')?;
        Some(input[from..to].to_owned())
    };
    inputs
        .filter_map(|input| Some((attribute(input, "name")?, attribute(input, "value").unwrap_or_default())))
        .collect()
}
