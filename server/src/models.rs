//! Models: the catalogue with its prices, the wire formats, the provider clients, and the scripted demo model.
//!
//! A provider implements [`Provider`]; it turns a [`ModelRequest`] into a stream of [`Delta`]s and translates its
//! vendor's words into ours. It cannot be called without a [`Permit`], and a permit is only made from a hold
//! (`usage::reserve`): no token is asked for that is not reserved.

pub mod anthropic;
pub mod catalogue;
pub mod chat_provider;
mod content;
pub mod demo;
pub mod endpoint;
pub mod price;
mod provider;
pub mod sse;
pub mod wire;

pub use catalogue::{
    Catalogue, DEFAULT_CLAUDE_MODEL, DEMO_BRIEF_MODEL, DEMO_MODEL, Model, ModelId, PriceBook, ProviderKind,
    UnknownModel, why_not,
};
pub use chat_provider::{ChatProvider, hides_thinking};
pub use content::{Document, Image, ImageData, delimiter, image_tokens};
pub use endpoint::{Endpoint, NoAnswer};
pub use price::{CostOverflow, PriceTier, PriceVersion, TokenPrices};
pub use provider::{
    Billed, Content, CountPermit, Delta, DeltaStream, MAX_ROUNDS, Message, MessageRole, ModelRequest, Permit, Provider,
    ProviderError, ProviderErrorKind, ReportedUsage, StopReason, ToolSpec,
};
