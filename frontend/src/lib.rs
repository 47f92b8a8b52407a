//! The WebAssembly entry point: takes the place of the server-rendered page. Nothing else, ever.

// The types of views nest as deep as the elements they draw; every crate that renders them needs this.
#![recursion_limit = "512"]

use app::{
    chat::waking::{Before, when_drawable},
    parts,
};
use wasm_bindgen::prelude::wasm_bindgen;

/// Wakes the page up. Called by the script that loads this module.
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    parts::install();
    when_drawable(|| {
        let before = Before::of_page();
        leptos::mount::mount_to_body(app::routes::Woken);
        before.replace();
        parts::prefetch();
    });
}
