//! Moving the keyboard inside a group of controls.

use leptos::prelude::document;
use wasm_bindgen::JsCast;

/// Moves the focus `step` places from where it is among what matches `selector`, in the order of the page; a step out of
/// the group stays. Without a focus there, the first gets it. Says whether it moved.
pub fn step_focus(selector: &str, step: isize) -> bool {
    let Ok(all) = document().query_selector_all(selector) else { return false };
    let active = document().active_element();
    let count = all.length();
    let is_active = |place: &u32| all.get(*place).is_some_and(|node| node.is_same_node(active.as_deref()));
    let Some(here) = (0..count).find(is_active) else { return focus_at(&all, 0) };
    let wanted = i64::from(here) + i64::try_from(step).unwrap_or(0);
    let last = i64::from(count.saturating_sub(1));
    let there = u32::try_from(wanted.clamp(0, last)).unwrap_or(0);
    there != here && focus_at(&all, there)
}

fn focus_at(all: &web_sys::NodeList, place: u32) -> bool {
    let element = all.get(place).and_then(|node| node.dyn_into::<web_sys::HtmlElement>().ok());
    element.is_some_and(|element| element.focus().is_ok())
}
