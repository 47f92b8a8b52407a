//! The router, readable top to bottom: first every route with its policy, then the layers around all of them.
//!
//! To add a route: a handler in a file of its noun, a row in [`routes`] with its [`Policy`]. `tests/it/isolation.rs`
//! calls every row as nobody, as another tenant and with the wrong role.

pub mod answer;
pub mod attachments;
mod brand;
pub mod budget;
mod compress;
pub mod connections;
pub mod csrf;
pub mod export;
pub mod gateway;
pub mod guard;
pub mod headers;
pub mod health;
pub mod import;
pub mod keys;
pub mod limits;
pub mod login;
pub mod pages;
pub mod person_events;
pub mod rest;
pub mod rest_auth;
pub mod routes;
pub mod session;
pub mod shared;
mod site;
pub use site::find_css as site_css;
pub mod turn_events;
mod usage_export;
mod wording;

use axum::{
    Router,
    http::Method,
    middleware::{from_fn, from_fn_with_state},
};
use tower_http::{catch_panic::CatchPanicLayer, trace::TraceLayer};

use self::routes::{Listed, Policy, Routes};
use crate::state::AppState;

/// Every route and who may call it.
#[must_use]
pub fn routes() -> Routes {
    use Policy::{Admin, Member, Operator, Public, SignedIn};
    let pages = app_pages()
        .into_iter()
        .fold(Routes::new(), |routes, (path, policy)| routes.add(policy, Method::GET, path, pages::page));
    pages
        // Signing in.
        .add_listed(
            login::routes(),
            listed(Public, &[("GET", "/"), ("GET", "/login"), ("POST", "/login"), ("POST", "/logout")]),
        )
        .add_listed(
            rest_auth::routes(),
            listed(
                Public,
                &[("POST", "/api/auth/login"), ("POST", "/api/auth/refresh"), ("GET", "/.well-known/jwks.json")],
            ),
        )
        .listing(listed(SignedIn, &[("POST", "/api/auth/logout"), ("GET", "/api/auth/me")]))
        // The mission's REST interface.
        .add(Member, Method::POST, "/api/chat", rest::chat::chat)
        .add(Member, Method::GET, "/api/conversations", rest::conversations::list)
        .add(Member, Method::GET, "/api/conversations/{id}", rest::conversations::get)
        .add(Member, Method::PATCH, "/api/conversations/{id}", rest::conversations::change)
        .add(Member, Method::DELETE, "/api/conversations/{id}", rest::conversations::delete)
        .add(Member, Method::POST, "/api/conversations/{id}/turns/{turn}/calls/{call}", rest::calls::decide)
        .add(Member, Method::GET, "/api/search", rest::search::search)
        .add(Member, Method::GET, "/api/usage", rest::usage::usage)
        .add(Public, Method::GET, "/api/openapi.json", rest::openapi::openapi)
        // What the page calls.
        .add_listed(
            Router::new().route("/fn/{*function}", axum::routing::post(pages::server_function)),
            pages::listed_functions(),
        )
        .add(Member, Method::GET, "/t/{tenant}/events", person_events::person_events)
        .add(Member, Method::GET, "/t/{tenant}/turns/{turn}/events", turn_events::turn_events)
        // Files of messages.
        .add(Member, Method::POST, "/t/{tenant}/attachments", attachments::upload)
        .add(Member, Method::GET, "/t/{tenant}/attachments/{id}", attachments::download)
        .add(Member, Method::DELETE, "/t/{tenant}/attachments/{id}", attachments::remove)
        // Conversations shared, taken out, brought in.
        .add(Member, Method::GET, "/t/{tenant}/s/{secret}", shared::for_members)
        .add(Member, Method::GET, "/t/{tenant}/s/{secret}/a/{picture}", shared::picture_for_members)
        .add(Public, Method::GET, "/s/{secret}", shared::for_everybody)
        .add(Public, Method::GET, "/s/{secret}/a/{picture}", shared::picture_for_everybody)
        .add(Member, Method::GET, "/t/{tenant}/c/{id}/export", export::one)
        .add(Member, Method::GET, "/t/{tenant}/export", export::all)
        .add(Member, Method::POST, "/t/{tenant}/import", import::import)
        // Budgets, and more of them.
        .add(Member, Method::GET, "/t/{tenant}/budget", budget::own)
        .add(Member, Method::POST, "/t/{tenant}/budget", budget::ask)
        .add(Member, Method::POST, "/t/{tenant}/budget/seen", budget::seen)
        .add(Admin, Method::GET, "/t/{tenant}/budget/requests", budget::requests)
        .add(Admin, Method::POST, "/t/{tenant}/budget/requests/{id}", budget::decide)
        // Keys for programs.
        .add(SignedIn, Method::GET, "/settings/keys", keys::choose)
        .add(Member, Method::GET, "/t/{tenant}/keys", keys::list)
        .add(Member, Method::POST, "/t/{tenant}/keys", keys::make)
        .add(Member, Method::POST, "/t/{tenant}/keys/{id}/rotate", keys::rotate)
        .add(Member, Method::POST, "/t/{tenant}/keys/{id}/revoke", keys::revoke)
        // How the tenant looks.
        .add(Member, Method::GET, "/t/{tenant}/brand.css", brand::css)
        .add(Member, Method::GET, "/t/{tenant}/logo", brand::logo)
        // Programs with keys: in a router of their own, with other layers.
        .listing(gateway::listed())
        // Operators.
        .listing(listed(Public, &[("GET", "/livez")]))
        .add(Public, Method::GET, "/readyz", health::readyz)
        .add(Operator, Method::GET, "/metrics", health::metrics)
}

fn listed(policy: Policy, rows: &[(&str, &str)]) -> Vec<Listed> {
    let row = |(method, path): &(&str, &str)| Listed {
        method: if *method == "POST" { Method::POST } else { Method::GET },
        path: (*path).to_owned(),
        policy,
    };
    rows.iter().map(row).collect()
}

/// The pages that Leptos routes; a test compares them with the page's own router.
#[must_use]
pub fn app_pages() -> Vec<(&'static str, Policy)> {
    vec![
        ("/t/{tenant}", Policy::Member),
        ("/t/{tenant}/c/{id}", Policy::Member),
        (pages::USAGE_PAGE, Policy::Admin),
        ("/settings", Policy::SignedIn),
    ]
}

/// The whole application, and its table of routes.
pub fn router(state: AppState) -> (Router, Vec<Listed>) {
    let (router, listed) = routes().finish();
    let router = router
        .fallback(site::not_found)
        .method_not_allowed_fallback(site::method_not_allowed)
        .with_state(state.clone());
    let router = guard::guarded(router, &state.auth, limits::Limits::default())
        // Liveness answers while everything else is away.
        .merge(Router::new().route("/livez", axum::routing::get(health::livez)))
        .merge(
            site::customary_files(&state.leptos).layer(from_fn_with_state(state.auth.config.clone(), headers::secure)),
        )
        .nest_service(
            &format!("/{}", state.leptos.site_pkg_dir),
            site::files(&state.leptos).layer(from_fn_with_state(state.auth.config.clone(), headers::secure)),
        )
        .layer(compress::pages())
        .layer(from_fn(compress::only_what_is_safe))
        // Programs with keys: no cookies, no pages, and bodies and times of their own; nothing that is compressed.
        .merge(gateway::routes(&state).layer(from_fn_with_state(state.auth.config.clone(), headers::secure)))
        .layer(from_fn(site::measure))
        .layer(CatchPanicLayer::custom(site::panicked))
        .layer(TraceLayer::new_for_http().make_span_with(site::span).on_response(site::log_response))
        // Outside of the span, which names it.
        .layer(from_fn_with_state(state.world.clone(), session::request_id));
    (router, listed)
}
