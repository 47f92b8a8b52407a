//! A scripted model provider: the Anthropic Messages API as seen from outside, with faults on demand and its **own**
//! bill in integer tokens. Tests, specs and benchmarks hold Steward's ledger against that bill.
//!
//! # In a test
//! ```no_run
//! # async fn story() -> std::io::Result<()> {
//! use upstream::{Script, Upstream};
//! let upstream = Upstream::start().await?;
//! upstream.enqueue(Script::text("Compressor 3 used 12 kWh.").usage(|usage| usage.input = Some(120)));
//! // … point ANTHROPIC_BASE_URL at `upstream.url()`, ask, then:
//! assert_eq!(upstream.bill().calls, 1);
//! # Ok(())
//! # }
//! ```
//!
//! # Which script answers
//! 1. The first queued script ([`Upstream::enqueue`], `POST /_script`) whose [`Script::when`] fits; it is used up.
//! 2. A named script, when the last text of the user contains `[[script:NAME]]`. Names come from the files
//!    `NAME.json` of the folder `scripts/`, which are built in (`--scripts DIR`: of that folder instead). Stateless: the n-th model call after that text gets the n-th script of
//!    [`Script::then`], so a tool loop is one file.
//! 3. An echo: `You said: …`.
//!
//! A *side call* (no tools and `max_tokens` ≤ [`SIDE_CALL_MAX_TOKENS`]: an automatic title) runs beside the answer
//! and must not steal its script: it takes only queued scripts with `when.side`, and says `A short title` otherwise.
//!
//! # What a script can do
//! Text and tool calls (parallel, in pieces), waits, pings, gates that hold until [`Upstream::release`], usage numbers,
//! no usage at all, stop reasons, HTTP errors with headers, error events, malformed data, 1-byte chunks, a cut or a
//! hang at event N ([`Fault`]), an answer beyond `max_tokens`. See [`Script`] and the files in `scripts/`.
//!
//! # The bill
//! Counts what was reported or, where nothing was reported or the stream was cut, what had been made so far:
//! a quarter of the bytes, rounded up. HTTP errors and lost requests before `message_start` cost nothing.
//!
//! # The binary
//! `upstream --addr 127.0.0.1:0 [--scripts DIR]` prints its URL. `GET /_bill`, `GET /_requests`, `POST /_script`
//! (a [`Script`]), `POST /_release` (`{"gate": "name"}`), `POST /_reset`.

mod bill;
mod frames;
mod gates;
mod image;
mod play;
mod request;
mod script;
mod server;
mod socket;

pub use bill::Bill;
pub use request::SIDE_CALL_MAX_TOKENS;
pub use script::{ApiError, Fault, FaultKind, Report, Script, Step, ToolCall, Usage, When};
pub use server::{Recorded, Upstream, built_in_scripts, load_scripts};
