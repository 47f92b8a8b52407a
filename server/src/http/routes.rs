//! The table of routes: a handler cannot be registered without saying who may call it, and the table enforces the first
//! half of it (signed in or not); the second half (which tenant, which role) is `tenancy::enter` inside the handler, which
//! a test checks by calling every row as somebody else.

use axum::{
    Router,
    extract::Request,
    handler::Handler,
    http::Method,
    middleware::{Next, from_fn},
    response::Response,
    routing::{MethodFilter, on},
};

use super::session::SignedIn;
use crate::state::AppState;

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Anybody.
    Public,
    /// Anybody signed in; answers about that person only.
    SignedIn,
    /// A member of the tenant named in the path, body or token; everybody else gets what an unknown tenant gets.
    Member,
    /// An administrator of that tenant; members get 403.
    Admin,
    /// Who holds a gateway key; of the key's tenant alone. Enforced by the handlers: the error is in the client's format.
    Key,
    /// Operators: loopback or the metrics token.
    Operator,
}

/// A row of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    pub method: Method,
    pub path: String,
    pub policy: Policy,
}

/// A router that remembers what it routes.
pub struct Routes {
    router: Router<AppState>,
    listed: Vec<Listed>,
}

impl Routes {
    #[must_use]
    pub fn new() -> Self {
        Self { router: Router::new(), listed: Vec::new() }
    }

    /// Adds a route with its policy.
    #[must_use]
    pub fn add<H, T>(mut self, policy: Policy, method: Method, path: &str, handler: H) -> Self
    where
        H: Handler<T, AppState>,
        T: 'static,
    {
        let filter = MethodFilter::try_from(method.clone()).unwrap_or(MethodFilter::TRACE);
        let route = on(filter, handler);
        let route = match policy {
            Policy::Public | Policy::Operator | Policy::Key => route,
            Policy::SignedIn | Policy::Member | Policy::Admin => route.route_layer(from_fn(signed_in)),
        };
        self.router = self.router.route(path, route);
        self.listed.push(Listed { method, path: path.to_owned(), policy });
        self
    }

    /// Adds what answers `path` by itself (server functions), with the policies of its parts.
    #[must_use]
    pub fn add_listed(mut self, router: Router<AppState>, listed: impl IntoIterator<Item = Listed>) -> Self {
        self.router = self.router.merge(router);
        self.listed.extend(listed);
        self
    }

    /// Lists rows of what a router given before answers.
    #[must_use]
    pub fn listing(mut self, listed: impl IntoIterator<Item = Listed>) -> Self {
        self.listed.extend(listed);
        self
    }

    /// The router and its table.
    pub fn finish(self) -> (Router<AppState>, Vec<Listed>) {
        (self.router, self.listed)
    }
}

impl Default for Routes {
    fn default() -> Self {
        Self::new()
    }
}

/// Lets only signed-in callers through: pages are sent to the login, everything else gets 401.
async fn signed_in(_: SignedIn, request: Request, next: Next) -> Response {
    next.run(request).await
}
