//! All icons in one sprite, placed once per page and used by name: 24 × 24, drawn with the text's colour.

use leptos::prelude::*;

/// To add one: a `<symbol>` with the id `i-NAME`.
const SYMBOLS: &str = concat!(
    r#"<symbol id="i-menu" viewBox="0 0 24 24"><path d="M4 7h16M4 12h16M4 17h16"/></symbol>"#,
    r#"<symbol id="i-panel" viewBox="0 0 24 24"><rect x="3.5" y="4.5" width="17" height="15" rx="2.5"/><path d="M9.5 4.5v15"/></symbol>"#,
    r#"<symbol id="i-plus" viewBox="0 0 24 24"><path d="M12 5v14M5 12h14"/></symbol>"#,
    r#"<symbol id="i-dots" viewBox="0 0 24 24"><path d="M5 12h.01M12 12h.01M19 12h.01" stroke-width="3"/></symbol>"#,
    r#"<symbol id="i-pencil" viewBox="0 0 24 24"><path d="M4 20l1-4L16.5 4.5a2.1 2.1 0 013 3L8 19l-4 1zM14 7l3 3"/></symbol>"#,
    r#"<symbol id="i-trash" viewBox="0 0 24 24"><path d="M4 7h16M9 7V4.5h6V7M6.5 7l1 12.5h9l1-12.5M10 11v5M14 11v5"/></symbol>"#,
    r#"<symbol id="i-copy" viewBox="0 0 24 24"><rect x="8.5" y="8.5" width="12" height="12" rx="2"/><path d="M15.5 8.5v-3a2 2 0 00-2-2h-8a2 2 0 00-2 2v8a2 2 0 002 2h3"/></symbol>"#,
    r#"<symbol id="i-check" viewBox="0 0 24 24"><path d="M5 12.5l4.5 4.5L19 7.5"/></symbol>"#,
    r#"<symbol id="i-x" viewBox="0 0 24 24"><path d="M6 6l12 12M18 6L6 18"/></symbol>"#,
    r#"<symbol id="i-left" viewBox="0 0 24 24"><path d="M14.5 6l-6 6 6 6"/></symbol>"#,
    r#"<symbol id="i-right" viewBox="0 0 24 24"><path d="M9.5 6l6 6-6 6"/></symbol>"#,
    r#"<symbol id="i-up" viewBox="0 0 24 24"><path d="M12 19V5M6 11l6-6 6 6"/></symbol>"#,
    r#"<symbol id="i-down" viewBox="0 0 24 24"><path d="M12 5v14M6 13l6 6 6-6"/></symbol>"#,
    r#"<symbol id="i-stop" viewBox="0 0 24 24"><rect x="7" y="7" width="10" height="10" rx="1.5" fill="currentColor"/></symbol>"#,
    r#"<symbol id="i-retry" viewBox="0 0 24 24"><path d="M20 12a8 8 0 11-2.5-5.8M20 3.5V8h-4.5"/></symbol>"#,
    r#"<symbol id="i-alert" viewBox="0 0 24 24"><path d="M12 4L2.8 19.5h18.4L12 4zM12 10v4.5M12 17.2v.1"/></symbol>"#,
    r#"<symbol id="i-info" viewBox="0 0 24 24"><circle cx="12" cy="12" r="8.5"/><path d="M12 11v5M12 8v.1"/></symbol>"#,
    r#"<symbol id="i-tool" viewBox="0 0 24 24"><path d="M14.5 6.5a4 4 0 015-2l-2.6 2.6 2 2 2.6-2.6a4 4 0 01-5.4 4.7L8 19.3a2 2 0 01-2.9-2.9l8.1-8.1a4 4 0 011.3-1.8z"/></symbol>"#,
    r#"<symbol id="i-search" viewBox="0 0 24 24"><circle cx="10.5" cy="10.5" r="6.5"/><path d="M15.5 15.5L20.5 20.5"/></symbol>"#,
    r#"<symbol id="i-pin" viewBox="0 0 24 24"><path d="M9 3.5h6l-.8 6 3.3 3.5v1.5h-11V13l3.3-3.5zM12 14.5v6"/></symbol>"#,
    r#"<symbol id="i-share" viewBox="0 0 24 24"><path d="M12 15V4M8 7.5L12 3.5l4 4M5.5 12v7.5h13V12"/></symbol>"#,
    r#"<symbol id="i-download" viewBox="0 0 24 24"><path d="M12 4v11M8 11.5l4 4 4-4M4.5 19.5h15"/></symbol>"#,
    r#"<symbol id="i-upload" viewBox="0 0 24 24"><path d="M12 15.5v-11M8 8l4-4 4 4M4.5 19.5h15"/></symbol>"#,
    r#"<symbol id="i-archive" viewBox="0 0 24 24"><path d="M4 5h16v4H4zM5.5 9v10.5h13V9M10 13h4"/></symbol>"#,
    r#"<symbol id="i-gear" viewBox="0 0 24 24"><circle cx="12" cy="12" r="3"/><path d="M12 3.5v3M12 17.5v3M3.5 12h3M17.5 12h3M6 6l2.1 2.1M15.9 15.9L18 18M18 6l-2.1 2.1M8.1 15.9L6 18"/></symbol>"#,
    r#"<symbol id="i-chart" viewBox="0 0 24 24"><path d="M4 20h16M7 16v-5M12 16V5M17 16v-8"/></symbol>"#,
    r#"<symbol id="i-out" viewBox="0 0 24 24"><path d="M10 4.5H5.5v15H10M9.5 12H20M16 8l4 4-4 4"/></symbol>"#,
    r#"<symbol id="i-swap" viewBox="0 0 24 24"><path d="M4 8.5h15M15.5 5L19 8.5 15.5 12M20 15.5H5M8.5 12L5 15.5 8.5 19"/></symbol>"#,
    r#"<symbol id="i-help" viewBox="0 0 24 24"><circle cx="12" cy="12" r="8.5"/><path d="M9.5 9.5a2.5 2.5 0 115 .2c0 1.8-2.5 1.9-2.5 3.8M12 16.4v.1"/></symbol>"#,
    r#"<symbol id="i-thumb-up" viewBox="0 0 24 24"><path d="M7.5 11L11 4a2.4 2.4 0 012.4 2.9L13 9.5h5a2 2 0 012 2.4l-1.2 6a2 2 0 01-2 1.6H7.5zM7.5 11v8.5M7.5 11H4v8.5h3.5"/></symbol>"#,
    r#"<symbol id="i-thumb-down" viewBox="0 0 24 24"><path d="M16.5 13L13 20a2.4 2.4 0 01-2.4-2.9l.4-2.6H6a2 2 0 01-2-2.4l1.2-6a2 2 0 012-1.6h9.3zM16.5 13V4.5M16.5 13H20V4.5h-3.5"/></symbol>"#,
    r#"<symbol id="i-fork" viewBox="0 0 24 24"><circle cx="6.5" cy="5.5" r="2"/><circle cx="17.5" cy="5.5" r="2"/><circle cx="12" cy="18.5" r="2"/><path d="M6.5 7.5v1.5a3 3 0 003 3h5a3 3 0 003-3V7.5M12 12v4.5"/></symbol>"#,
    r#"<symbol id="i-link" viewBox="0 0 24 24"><path d="M10 14a4 4 0 005.7 0l3-3a4 4 0 00-5.7-5.7l-1 1M14 10a4 4 0 00-5.7 0l-3 3a4 4 0 005.7 5.7l1-1"/></symbol>"#,
    r#"<symbol id="i-play" viewBox="0 0 24 24"><path d="M7.5 5l11 7-11 7z"/></symbol>"#,
    r#"<symbol id="i-file" viewBox="0 0 24 24"><path d="M6 3.5h8l4.5 4.5v12.5H6zM14 3.5V8h4.5"/></symbol>"#,
    r#"<symbol id="i-clip" viewBox="0 0 24 24"><path d="M19.5 11.5l-7.8 7.8a4.8 4.8 0 01-6.8-6.8l8.3-8.3a3.2 3.2 0 014.5 4.5l-8.3 8.3a1.6 1.6 0 01-2.3-2.3l7.7-7.6"/></symbol>"#,
    r#"<symbol id="i-hand" viewBox="0 0 24 24"><circle cx="12" cy="12" r="8.5"/><path d="M12 7.5v5.5l3.5 2"/></symbol>"#,
);

/// The sprite: once per page, before the first icon.
#[component]
pub fn Sprite() -> impl IntoView {
    // The browser takes it over from the server's page, so the program need not carry it.
    let symbols = match cfg!(feature = "ssr") {
        true => SYMBOLS.to_owned(),
        false => {
            document().query_selector(".sprite").ok().flatten().map(|sprite| sprite.inner_html()).unwrap_or_default()
        }
    };
    view! { <svg class="sprite" aria-hidden="true" inner_html=symbols></svg> }.into_any()
}

/// The icon `i-{name}`; decoration only, the name of a control stands beside it or in its `aria-label`.
pub fn icon(name: &'static str) -> impl IntoView {
    view! { <svg class="icon" aria-hidden="true" inner_html=["<use href=\"#i-", name, "\"/>"].concat()></svg> }
        .into_any()
}
