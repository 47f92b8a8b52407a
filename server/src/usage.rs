//! Budgets that hold, books that balance: reserve before every model call, settle exactly once, an append-only ledger.
//! See `accounting.md` of the design; the theorem it states is checked by [`audit_books`].
//!
//! The one way to a provider: [`reserve`] gives a [`Hold`], whose [`Hold::permit`] a provider demands; the call is then
//! settled ([`settle`], [`settle_turn`]) and, when that is committed, the hold discharged. A hold that is lost with its process is settled by [`sweep`] from its last [`checkpoint`].
//!
//! What is decided is pure and stands apart from what is stored: `window` (calendars), `admission` (does it fit, how
//! long may it be), `settlement` (what is booked), `soft` (what people are told). Storage is in `db::{budget, ledger, model_call}`.
//!
//! What must hold, at every instant: `settled + reserved ≤ limit + overrun` in every window; `reserved` is the sum of the
//! open holds; `settled` is the sum of the settled calls; both are the sums of the ledger.

mod admission;
mod audit;
mod counting;
mod desk;
mod hold;
mod keep;
mod limits;
mod notices;
mod periods;
mod rates;
pub mod reconcile;
pub mod report;
mod requests;
mod reserve;
mod settle;
mod settlement;
mod soft;
mod spill;
mod sweep;
mod window;
mod words;

pub use audit::audit_books;
pub use counting::leave_to_count;
pub use desk::{Desk, Wish};
pub use hold::{
    CallOutcome, Cheaper, Ending, Hold, Purpose, RateKind, RateRefusal, Rates, RatesLeft, ReserveError, ReserveRequest,
    Settled, Via,
};
pub use keep::{audit_once, keep_books, replay_once};
pub use limits::{
    BudgetSettings, budget_limits, budget_of, default_limits, dollars, limits_in_words, set_budget, set_budget_of,
    tenant_month, used_in_words,
};
pub use notices::put_away;
pub use periods::period_bounds;
pub use report::{meter, note_tools, report, turn_usage};
pub use requests::{Asked, OwnBudget, ask_for_more, decline, grant, open_requests, own_budgets};
pub use reserve::reserve;
pub use settle::{checkpoint, settle};
pub use soft::level_in_words;
pub use spill::Spill;
pub use sweep::{settle_turn, sweep};
