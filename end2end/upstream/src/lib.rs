//! A scripted model provider: Anthropic Messages, `OpenAI` chat completions and Ollama's own API as seen from outside,
//! with faults on demand and its **own** bill in integer tokens. Tests, specs and benchmarks hold Steward's ledger against
//! that bill.
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
//! # What is spoken
//! | format | answers | besides |
//! | --- | --- | --- |
//! | Anthropic | `POST /v1/messages` | `POST /v1/messages/count_tokens`, `GET /v1/models[/ID]` with `anthropic-version` |
//! | `OpenAI` | `POST /v1/chat/completions` | `GET /v1/models[/ID]` without it |
//! | Ollama | `POST /api/chat` | `GET /api/tags`, `GET /api/version` |
//!
//! One [`Script`] plays in every format, streamed or whole, as the request wants it. Requests are checked as the real
//! provider does it; any key will do but `invalid`, and Ollama wants none. Adding a format: see `formats.rs`.
//!
//! # Which script answers
//! 1. The first queued script ([`Upstream::enqueue`], `POST /_script`) whose [`Script::when`] fits; it is used up.
//! 2. A named script, when the last text of the user contains `[[script:NAME]]`. Names come from the files
//!    `NAME.json` of the folder `scripts/`, which are built in (`--scripts DIR`: of that folder instead). Stateless: the
//!    n-th model call after that text gets the n-th script of [`Script::then`], so a tool loop is one file.
//! 3. An echo: `You said: …`.
//!
//! A *side call* (no tools and a cap of at most [`SIDE_CALL_MAX_TOKENS`]: an automatic title) runs beside the answer
//! and must not steal its script: it takes only queued scripts with `when.side`, and says `A short title` otherwise.
//! Counts of tokens and lists of models take only scripts with `when.counting` and `when.listing`.
//!
//! # What a script can do
//! [`Step`]s: text, thoughts and tool calls (parallel, in pieces), floods, waits, pings, gates that hold until
//! [`Upstream::release`], error events, malformed data, a cut, an early end. [`Usage`] numbers and how much of them is
//! told ([`Report`]), stop reasons, HTTP errors with headers ([`ApiError`]: 429, 500, 503, 529 with `retry-after`, or an
//! error body with status 200), 1-byte chunks, CRLF, an answer beyond the cap. [`FaultKind`]: a cut, an end, a hang, an
//! error, truncated JSON or any bytes at event N. [`Quirk`]: streams that are unusual but not broken, such as usage
//! twice, late, in every chunk or beside `choices: null`, comments, torn characters, no `[DONE]`. See the files in
//! `scripts/`, and the tests in `tests/it` for what each looks like on the wire.
//!
//! # The bill
//! One per format ([`Upstream::bill_of`]) and their sum ([`Upstream::bill`]). It counts what was reported or, where
//! nothing was reported or the stream was cut, what had been made so far: a quarter of the bytes, rounded up. HTTP errors
//! and requests lost before the first event (Anthropic's `message_start`) cost nothing.
//!
//! # The binary
//! `upstream --addr 127.0.0.1:0 [--scripts DIR] [--echo-delay MS]` prints its URL. `GET /_bill[?format=openai]`,
//! `GET /_requests` (method, path, query, headers, body, raw text and status of the last 1,000), `POST /_script` (a
//! [`Script`]), `POST /_release` (`{"gate": "name"}`), `POST /_models` (`{"format": "openai", "models": ["a"]}`),
//! `POST /_reset`.
//!
//! `upstream --bench PIECES [--pace MS]` is the [`Bench`] instead: one prepared answer for everybody, for load tests with
//! thousands of connections.

mod bench;
mod bill;
mod formats;
mod frames;
mod gates;
mod image;
mod plan;
mod play;
mod request;
mod script;
mod scripts;
mod server;
mod sheet;
mod socket;

pub use bench::{Bench, BenchLoad, BenchOptions, INPUT_TOKENS as BENCH_INPUT_TOKENS};
pub use bill::Bill;
pub use formats::Format;
pub use request::SIDE_CALL_MAX_TOKENS;
pub use script::{ApiError, Fault, FaultKind, Flood, Quirk, Report, Script, Step, ToolCall, Usage, When};
pub use scripts::{built_in_scripts, load_scripts};
pub use server::{Options, Recorded, Upstream};
