//! What every document begins with, be it an application page (the `shell`) or a plain one.

use leptos::{html, prelude::*};

use crate::model::Theme;

/// `--bg` of `style/tokens.css` as sRGB, light and dark: the browser's own frame takes this colour. A test compares them.
pub const THEME_COLORS: (&str, &str) = ("#faf8f5", "#110c06");

/// The parts of `<head>` that do not depend on the page: character set, viewport, frame colour, icons, manifest.
/// The class of `<html>` is `theme.as_str()`.
pub fn head_basics(theme: Theme) -> impl IntoView {
    let (light, dark) = THEME_COLORS;
    let colors = match theme {
        Theme::Light => view! { <meta name="theme-color" content=light/> }.into_any(),
        Theme::Dark => view! { <meta name="theme-color" content=dark/> }.into_any(),
        // The macro knows no `media` on <meta>.
        Theme::System => {
            let color = |color, scheme| html::meta().name("theme-color").content(color).attr("media", scheme);
            (color(light, "(prefers-color-scheme: light)"), color(dark, "(prefers-color-scheme: dark)")).into_any()
        }
    };
    view! {
        <meta charset="utf-8"/>
        <meta name="viewport" content="width=device-width, initial-scale=1, interactive-widget=resizes-content"/>
        {colors}
        <link rel="icon" href="/favicon.svg" type="image/svg+xml"/>
        // Installable, without a service worker: the server renders everything, so there is nothing to show without it,
        // and what cannot change is cached by its name already.
        <link rel="manifest" href="/manifest.webmanifest"/>
        <link rel="apple-touch-icon" href="/apple-touch-icon.png"/>
    }
}
