//! Plain pages: whole documents without scripts, for people who are not (yet) inside: signing in, choosing a tenant,
//! waiting for access, errors. Rendered natively with the same `view!` as everything else, so the type system escapes
//! every text; they link the one style sheet and nothing more.
//!
//! To add one: a file with a struct of what it shows, a function from it to `String`, tests in `app/tests/plain.rs`. What must
//! hold: works without scripts, no inline style, no text from a request unescaped, HTML and CSS at most 25 KB brotli.

mod budget;
mod error;
mod frame;
mod kept;
mod keys;
mod login;
mod shared;
mod tenants;
mod waiting;

pub use budget::{BudgetCard, BudgetRequestsPage, BudgetsPage, OpenRequest, OwnRequest, budget_requests, budgets};
pub use error::{ErrorPage, error};
pub use frame::PlainFrame;
pub use kept::{KeptPage, kept};
pub use keys::{KeyField, KeyForm, KeyNotice, KeyRow, KeyShownPage, KeyState, KeysPage, choose_keys, key_shown, keys};
pub use login::{LoginError, LoginNotice, LoginPage, login};
pub use shared::{SharedPage, shared};
pub use tenants::{ChooseTenantPage, choose_tenant};
pub use waiting::{WaitingPage, waiting};
