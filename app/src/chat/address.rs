//! Where the page is, and how it goes elsewhere without being loaded anew: the little of a router that one page with two
//! addresses needs (the router of Leptos is fifty kilobytes of WebAssembly).
//!
//! A link to a chat of the same tenant is followed here; every other link is the browser's own. What must hold: the first
//! render reads the same address on server and browser; going back and forward works; a click with a modifier key, to
//! another window, on a download or on `rel="external"` is left alone.

use leptos::{ev, prelude::*};
use leptos_router::location::RequestUrl;
use wasm_bindgen::{JsCast, JsValue};

/// The address of the page.
#[derive(Clone, Copy)]
pub struct Address(RwSignal<Parts>);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Parts {
    path: String,
    /// Without `?`.
    query: String,
    /// With `#`; never known to the server.
    hash: String,
}

impl Address {
    /// The address of the request on the server, of the window in the browser.
    #[must_use]
    pub fn here() -> Self {
        let asked = use_context::<RequestUrl>();
        let parts = match asked {
            Some(url) => Parts::of(url.as_ref()),
            None if cfg!(feature = "ssr") => Parts::default(),
            // The first render knows no hash: the server does not either.
            None => Parts { hash: String::new(), ..Parts::of_window() },
        };
        Self(RwSignal::new(parts))
    }

    #[must_use]
    pub fn path(self) -> String {
        self.0.with(|parts| parts.path.clone())
    }

    /// What stands behind `#`, with it.
    #[must_use]
    pub fn hash(self) -> String {
        self.0.with(|parts| parts.hash.clone())
    }

    /// A value of the query.
    #[must_use]
    pub fn query(self, name: &str) -> Option<String> {
        self.0.with(|parts| value(&parts.query, name))
    }

    /// Goes to a path of this page; the browser's history gets a new entry.
    pub fn go(self, url: &str) {
        if let Ok(history) = window().history() {
            let _same_origin = history.push_state_with_url(&JsValue::NULL, "", Some(url));
        }
        self.0.set(Parts::of(url));
    }

    /// Follows links and the browser's back and forward, as long as the page is there.
    pub fn follow(self) {
        Effect::new(move |_| {
            self.0.update_untracked(|parts| parts.hash = Parts::of_window().hash);
            let moved = window_event_listener_untyped("popstate", move |_| self.0.set(Parts::of_window()));
            let clicked = window_event_listener(ev::click, move |event| {
                if let Some(url) = self.own_link(&event) {
                    event.prevent_default();
                    self.go(&url);
                }
            });
            on_cleanup(move || {
                moved.remove();
                clicked.remove();
            });
        });
    }

    /// The path of the link that was clicked, if it is one of this page.
    fn own_link(self, event: &ev::MouseEvent) -> Option<String> {
        let wants_more = event.meta_key() || event.ctrl_key() || event.shift_key() || event.alt_key();
        if event.default_prevented() || event.button() != 0 || wants_more {
            return None;
        }
        let target = event.target()?.dyn_into::<web_sys::Element>().ok()?;
        let link = target.closest("a[href]").ok()??.dyn_into::<web_sys::HtmlAnchorElement>().ok()?;
        let leaves = !link.target().is_empty() || link.has_attribute("download") || link.rel().contains("external");
        if leaves {
            return None;
        }
        let url = link.href();
        let rest = url.strip_prefix(window().location().origin().ok()?.as_str())?;
        let to = Parts::of(rest);
        let here = self.0.with_untracked(|parts| parts.path.clone());
        same_page(&here, &to.path).then(|| rest.to_owned())
    }
}

impl Parts {
    /// Of an absolute URL or of a path.
    fn of(url: &str) -> Self {
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest.find('/').map_or("/", |slash| &rest[slash..]));
        let (rest, hash) = rest.find('#').map_or((rest, ""), |place| rest.split_at(place));
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        Self { path: path.to_owned(), query: query.to_owned(), hash: hash.to_owned() }
    }

    fn of_window() -> Self {
        window().location().href().map(|url| Self::of(&url)).unwrap_or_default()
    }
}

/// Whether both paths are chats of one tenant: `/t/{tenant}` or `/t/{tenant}/c/{id}`.
fn same_page(here: &str, there: &str) -> bool {
    let tenant = |path: &str| -> Option<String> {
        let mut pieces = path.trim_end_matches('/').split('/').skip(1);
        let (word, tenant) = (pieces.next()?, pieces.next()?);
        let rest = (pieces.next(), pieces.next(), pieces.next());
        let is_chat = matches!(rest, (None, ..) | (Some("c"), Some(_), None));
        (word == "t" && is_chat).then(|| tenant.to_owned())
    };
    let here = tenant(here);
    here.is_some() && here == tenant(there)
}

/// A value of a query, decoded (WHATWG URL §5.1); bytes that are no UTF-8 become replacement characters.
fn value(query: &str, name: &str) -> Option<String> {
    let written = query.split('&').find_map(|pair| pair.split_once('=').filter(|(key, _)| *key == name))?.1;
    let mut bytes = Vec::with_capacity(written.len());
    let mut rest = written.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut ahead = rest.clone();
                let digit =
                    |byte: Option<u8>| char::from(byte?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
                match (digit(ahead.next()), digit(ahead.next())) {
                    (Some(high), Some(low)) => {
                        rest = ahead;
                        high << 4 | low
                    }
                    _ => b'%',
                }
            }
            byte => byte,
        });
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_address_is_taken_apart() {
        let parts =
            |path: &str, query: &str, hash: &str| Parts { path: path.into(), query: query.into(), hash: hash.into() };
        assert_eq!(Parts::of("http://leptos.dev/t/prs?leaf=1#m-2"), parts("/t/prs", "leaf=1", "#m-2"));
        assert_eq!(Parts::of("/t/prs/c/1"), parts("/t/prs/c/1", "", ""));
        assert_eq!(Parts::of("https://a.example"), parts("/", "", ""));
        assert_eq!(Parts::of("/x#a?b"), parts("/x", "", "#a?b"));
        assert_eq!(Parts::of(""), parts("", "", ""));
    }

    #[test]
    fn only_chats_of_the_same_tenant_are_this_page() {
        for there in ["/t/prs", "/t/prs/", "/t/prs/c/0190"] {
            assert!(same_page("/t/prs/c/1", there), "{there}");
        }
        for there in ["/t/mill", "/t/prs/usage", "/t/prs/c/1/export", "/t/prs/c", "/settings", "/", "", "/x/prs"] {
            assert!(!same_page("/t/prs", there), "{there}");
        }
    }

    #[test]
    fn a_query_is_decoded() {
        assert_eq!(value("q=a+b%20c%C3%A9&x=1", "q").as_deref(), Some("a b cé"));
        assert_eq!(value("q=a&x=%", "x").as_deref(), Some("%"));
        assert_eq!(value("q=%ff%zz", "q").as_deref(), Some("\u{fffd}%zz"));
        assert_eq!(value("qq=1", "q"), None);
    }

    proptest! {
        #[test]
        fn what_is_escaped_comes_back(text in "\\PC{0,40}") {
            let query = crate::wire::Form::default().with("q", &text.as_str()).text;
            prop_assert_eq!(value(&query, "q"), Some(text));
        }

        #[test]
        fn any_address_is_taken(url in "\\PC{0,60}|[a-z:/?#%&=]{0,40}") {
            let parts = Parts::of(&url);
            let _found_or_not = value(&parts.query, "q");
        }
    }
}
