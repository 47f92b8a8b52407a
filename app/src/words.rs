//! What Steward says to people, in every language it speaks. One file per room; each phrase is a function of the
//! language, so a missing translation does not compile.
//!
//! To add a phrase: a line in [`phrases!`] of the room's file. A phrase with values is a function beside it. Components
//! take the language once, where they are made: `let lang = words::lang();`; the chat keeps it in its state.
//! Indonesian: "Anda" for the person, short and calm, the words of Indonesian office software.

use leptos::prelude::use_context;

pub use crate::model::Lang;

pub mod budget;
pub mod case;
pub mod chart;
pub mod common;
pub mod composer;
pub mod dates;
pub mod energy;
pub mod errors;
pub mod keys;
pub mod markdown;
pub mod plain;
pub mod refusals;
pub mod search;
pub mod settings;
pub mod setup;
pub mod share;
pub mod shared;
pub mod shell;
pub mod thread;
pub mod usage;

/// Declares phrases: `name = "English" | "Indonesian";`
macro_rules! phrases {
    ($($(#[$doc:meta])* $name:ident = $en:literal | $id:literal;)*) => {
        $(
            $(#[$doc])*
            #[must_use]
            pub fn $name(lang: $crate::model::Lang) -> &'static str {
                match lang {
                    $crate::model::Lang::English => $en,
                    $crate::model::Lang::Indonesian => $id,
                }
            }
        )*
    };
}
pub(crate) use phrases;

/// The language of this page: provided by the server for each request, and in the browser from `<html lang>`.
#[must_use]
pub fn lang() -> Lang {
    use_context::<Lang>().unwrap_or_default()
}
