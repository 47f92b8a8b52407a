//! Tools: what a model may ask the server to do. The built-in energy tools live in [`energy`].
//!
//! A tool implements [`Tool`] and is listed in the [`Registry`], the one door through which tools run: it validates the
//! arguments against the schema, bounds time and output, and turns every failure into an outcome the model and the
//! person can read. Identity comes from the [`ToolContext`], never from an argument. A tool that changes something says
//! so ([`Tool::risk`]) and asks its person first; `turns` does the asking.

mod cap;
mod chart_bounds;
pub mod energy;
mod registry;
mod tool;

pub use registry::Registry;
pub use tool::{Called, Tool, ToolContext, ToolDefinition, ToolError, ToolOutcome, ToolResult};
