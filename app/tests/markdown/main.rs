//! What Markdown becomes: on the page, while it arrives, and when somebody means harm.

mod arriving;
mod formulas;
mod hostile;
mod shown;

use app::{
    markdown::{Inline, RichStore, Showing, block_view, blocks},
    model::{Lang, Rich},
};
use leptos::prelude::*;

/// The page with what the server knows about the text.
pub fn rich_html(source: &str, rich: Vec<Rich>) -> String {
    let showing = Showing::new(Lang::English, "m-1".into(), RichStore::new(rich));
    Owner::new().with(|| {
        let views = blocks(source).iter().map(|block| block_view(block, &showing).to_html()).collect::<String>();
        views.replace("<!>", "")
    })
}

pub fn html(source: &str) -> String {
    rich_html(source, vec![])
}

/// Without what every block says about its direction.
pub fn plain_html(source: &str) -> String {
    html(source).replace(" dir=\"auto\"", "")
}

pub fn text(content: &str) -> Inline {
    Inline::Text(content.to_owned())
}
