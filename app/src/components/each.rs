//! A keyed list. `<For>` costs twelve kilobytes of WebAssembly for each type it is used with; here there is one type.

use leptos::prelude::*;

/// A row before it is drawn.
struct Row {
    key: u128,
    draw: Box<dyn FnOnce() -> AnyView + Send>,
}

type Source = Box<dyn Fn() -> Vec<Row> + Send + Sync>;

/// Draws `items` in their order; one whose key was there before stays as it is.
pub fn each<T: Send + 'static>(
    items: impl Fn() -> Vec<T> + Send + Sync + 'static,
    key: fn(&T) -> u128,
    draw: impl Fn(T) -> AnyView + Clone + Send + Sync + 'static,
) -> AnyView {
    let row = move |item: T| {
        let (key, draw) = (key(&item), draw.clone());
        Row { key, draw: Box::new(move || draw(item)) }
    };
    rows(Box::new(move || items().into_iter().map(&row).collect()))
}

fn rows(source: Source) -> AnyView {
    view! { <For each=move || source() key=|row| row.key children=|row: Row| (row.draw)()/> }.into_any()
}
