//! What the page asks of the browser. Only effects and event handlers call this: none of it exists on the server.
//! Refusals (storage switched off, clipboard denied) are answered with `None`, never with a panic.

use js_sys::Reflect;
use leptos::prelude::{document, window};
use wasm_bindgen::{JsCast, JsValue};

use crate::model::{Timestamp, TurnKey};

/// The height a menu may need, pixels.
const MENU_ROOM: f64 = 320.0;

/// Now, by this device's clock.
#[must_use]
pub fn now() -> Timestamp {
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970 are whole and far below 2^53")]
    Timestamp(js_sys::Date::now() as i64)
}

/// A fresh idempotency key from the browser's random source; `None` when it has none.
#[must_use]
pub fn new_key() -> Option<TurnKey> {
    let mut bytes = [0u8; 16];
    window().crypto().ok()?.get_random_values_with_u8_array(&mut bytes).ok()?;
    Some(TurnKey(uuid::Builder::from_random_bytes(bytes).into_uuid()))
}

#[must_use]
pub fn stored(key: &str) -> Option<String> {
    window().local_storage().ok()??.get_item(key).ok()?
}

/// Keeps `value` on this device; an empty one is forgotten. Says whether that was possible.
pub fn store(key: &str, value: &str) -> bool {
    window().local_storage().ok().flatten().is_some_and(|storage| put(&storage, key, value))
}

fn put(storage: &web_sys::Storage, key: &str, value: &str) -> bool {
    if value.is_empty() { storage.remove_item(key).is_ok() } else { storage.set_item(key, value).is_ok() }
}

/// What was kept for as long as this tab lives.
#[must_use]
pub fn session_stored(key: &str) -> Option<String> {
    window().session_storage().ok()??.get_item(key).ok()?
}

/// Keeps `value` for as long as this tab lives; an empty one is forgotten. Says whether that was possible.
pub fn session_store(key: &str, value: &str) -> bool {
    window().session_storage().ok().flatten().is_some_and(|storage| put(&storage, key, value))
}

/// Sets a cookie that the server reads at the next page, for a year.
pub fn set_cookie(name: &str, value: &str) {
    let cookie = format!("{name}={value}; Path=/; Max-Age=31536000; SameSite=Lax");
    let _refused_without_harm = Reflect::set(&document(), &"cookie".into(), &cookie.into());
}

#[must_use]
pub fn matches_media(query: &str) -> bool {
    window().match_media(query).ok().flatten().is_some_and(|list| list.matches())
}

#[must_use]
pub fn prefers_reduced_motion() -> bool {
    matches_media("(prefers-reduced-motion: reduce)")
}

/// A finger, most likely with a virtual keyboard.
#[must_use]
pub fn touch() -> bool {
    matches_media("(pointer: coarse)")
}

/// The sidebar is a drawer at this width (see `style/frame.css`).
#[must_use]
pub fn narrow() -> bool {
    matches_media("(max-width: 767px)")
}

#[must_use]
pub fn tab_hidden() -> bool {
    Reflect::get(&document(), &"hidden".into()).is_ok_and(|hidden| hidden.is_truthy())
}

/// Puts plain text and, where the browser can, HTML on the clipboard.
pub fn copy(text: &str, html: Option<&str>) {
    let clipboard = window().navigator().clipboard();
    if let Some(both) = html.and_then(|html| clipboard_item(text, html)) {
        let _granted_or_not = clipboard.write(&js_sys::Array::of1(&both));
        return;
    }
    let _granted_or_not = clipboard.write_text(text);
}

fn clipboard_item(text: &str, html: &str) -> Option<JsValue> {
    let blob = |kind: &str, content: &str| {
        let bag = web_sys::BlobPropertyBag::new();
        bag.set_type(kind);
        web_sys::Blob::new_with_str_sequence_and_options(&js_sys::Array::of1(&content.into()), &bag).ok()
    };
    let parts = js_sys::Object::new();
    Reflect::set(&parts, &"text/plain".into(), blob("text/plain", text)?.as_ref()).ok()?;
    Reflect::set(&parts, &"text/html".into(), blob("text/html", html)?.as_ref()).ok()?;
    web_sys::ClipboardItem::new_with_record_from_str_to_blob_promise(&parts).ok().map(JsValue::from)
}

/// Offers `content` as a file to keep.
pub fn download(name: &str, kind: &str, content: &str) {
    let bag = web_sys::BlobPropertyBag::new();
    bag.set_type(kind);
    let blob = web_sys::Blob::new_with_str_sequence_and_options(&js_sys::Array::of1(&content.into()), &bag);
    let Ok(url) = blob.and_then(|blob| web_sys::Url::create_object_url_with_blob(&blob)) else { return };
    if let Some(link) =
        document().create_element("a").ok().and_then(|link| link.dyn_into::<web_sys::HtmlElement>().ok())
    {
        let _known_names = link.set_attribute("href", &url).and_then(|()| link.set_attribute("download", name));
        link.click();
    }
    let _made_above = web_sys::Url::revoke_object_url(&url);
}

/// The element with this id, as `T`.
#[must_use]
pub fn element<T: JsCast>(id: &str) -> Option<T> {
    document().get_element_by_id(id)?.dyn_into().ok()
}

/// Moves the keyboard to the element with this id.
pub fn focus(id: &str) {
    if let Some(element) = element::<web_sys::HtmlElement>(id) {
        let _gone_if_not = element.focus();
    }
}

/// Moves the keyboard to the element with this id, and nothing else: the view stays where it is.
pub fn focus_in_place(id: &str) {
    let Some(element) = element::<web_sys::HtmlElement>(id) else { return };
    let options = js_sys::Object::new();
    let _plain_object = Reflect::set(&options, &"preventScroll".into(), &JsValue::TRUE);
    let focus =
        Reflect::get(&element, &"focus".into()).ok().and_then(|focus| focus.dyn_into::<js_sys::Function>().ok());
    if let Some(focus) = focus {
        let _gone_if_not = focus.call1(&element, &options);
    }
}

/// The device knows that it has no network. (`false` may be wrong.)
#[must_use]
pub fn offline() -> bool {
    !window().navigator().on_line()
}

/// Tells whoever waits for the network that it is worth trying again.
pub fn look_again() {
    if let Ok(event) = web_sys::Event::new("online") {
        let _nobody_may_listen = window().dispatch_event(&event);
    }
}

/// Scrolls the box around an element just as far as it takes to see the element.
pub fn reveal(element: &web_sys::Element) {
    let options = web_sys::ScrollIntoViewOptions::new();
    let _known_option = Reflect::set(&options, &"block".into(), &"nearest".into());
    element.scroll_into_view_with_scroll_into_view_options(&options);
}

/// A menu that opens upwards opens downwards where there is more room.
pub fn turn_menu(event: &web_sys::Event) {
    let Some(menu) = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok()) else { return };
    let Ok(Some(around)) = menu.closest(".transcript-box") else { return };
    let (menu_box, around) = (menu.get_bounding_client_rect(), around.get_bounding_client_rect());
    let (above, below) = (menu_box.top() - around.top(), around.bottom() - menu_box.bottom());
    let is_down = above < MENU_ROOM && below > above;
    let _set = menu.class_list().toggle_with_force("down", is_down);
}

/// Whether the keyboard has a ⌘ key.
#[must_use]
pub fn on_apple() -> bool {
    let platform = window().navigator().platform().unwrap_or_default();
    platform.starts_with("Mac") || platform.starts_with("iP")
}

/// Whether the keyboard is in a text field.
#[must_use]
pub fn typing() -> bool {
    let Some(active) = document().active_element() else { return false };
    let name = active.tag_name();
    name == "TEXTAREA" || name == "INPUT" || name == "SELECT" || active.has_attribute("contenteditable")
}
