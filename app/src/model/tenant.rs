//! Client organisations as people see them.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{Date, Lang, TurnKey, UsageMeter};

/// A tenant's short name in URLs and commands: 2–32 of `a–z`, `0–9`, `-`, starting with a letter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TenantCode(String);

impl TenantCode {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TenantCode {
    type Err = &'static str;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let starts_well = s.bytes().next().is_some_and(|b| b.is_ascii_lowercase());
        let allowed = s.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if starts_well && allowed && (2..=32).contains(&s.len()) {
            Ok(Self(s.to_owned()))
        } else {
            Err("a tenant code is 2 to 32 of a-z, 0-9 and -, and starts with a letter")
        }
    }
}

impl TryFrom<String> for TenantCode {
    type Error = &'static str;
    fn try_from(s: String) -> Result<Self, Self::Error> {
        s.parse()
    }
}

impl From<TenantCode> for String {
    fn from(code: TenantCode) -> Self {
        code.0
    }
}

impl fmt::Display for TenantCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a person may do in a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Chats; sees the own usage.
    Member,
    /// Also sees everybody's usage in the tenant.
    Admin,
}

impl Role {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Admin => "admin",
        }
    }
}

impl FromStr for Role {
    type Err = &'static str;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        match s {
            "member" => Ok(Self::Member),
            "admin" => Ok(Self::Admin),
            _ => Err("a role is member or admin"),
        }
    }
}

/// A tenant as shown around the chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantView {
    pub code: TenantCode,
    pub name: String,
    /// The assistant's name, e.g. "Wira".
    pub assistant: String,
    /// IANA time zone, e.g. `Asia/Jakarta`.
    pub time_zone: String,
    /// Minutes ahead of UTC now; for grouping by the tenant's days.
    pub utc_offset_minutes: i32,
    /// ISO 4217 code of the tenant's currency, e.g. `IDR`.
    pub currency: String,
    /// Example questions for the empty state.
    pub prompts: Vec<String>,
    /// Whom to ask about access and budgets, e.g. an e-mail address.
    pub contact: String,
    /// What the composer offers behind `/`.
    pub commands: Vec<Prompt>,
    /// Greeting of the empty page; empty: the built-in one.
    pub welcome: String,
    /// Path of the logo; `None`: the tenant's initial.
    pub logo: Option<String>,
    /// Path of a stylesheet that sets the accent; `None`: Steward's own.
    pub brand_css: Option<String>,
    /// How dates, numbers and currency are written: the tenant's locale.
    pub locale: Lang,
    /// Members see money, not only percent.
    pub shows_cost: bool,
    /// Conversations may be shared with anybody who has the link.
    pub allows_public_links: bool,
}

/// A prompt of the tenant's library: `/name` in the composer puts `text` there; `{{words}}` in it are asked for first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prompt {
    /// Without the slash: `a–z`, `0–9`, `-`, at most 32.
    pub name: String,
    pub title: String,
    pub text: String,
}

/// The model that answers, for the chip under the composer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelBadge {
    pub id: String,
    pub name: String,
    /// The built-in scripted model: labelled everywhere, so nobody mistakes it for a real one.
    pub demo: bool,
    /// Input and output together.
    pub context_tokens: i64,
    pub sees_images: bool,
}

/// A step of setting a server up, for its first administrator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetupStep {
    pub title: String,
    /// What to do, e.g. the command.
    pub how: String,
    pub done: bool,
}

/// Everything the chat frame needs besides the conversation list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantHome {
    pub tenant: TenantView,
    pub role: Role,
    /// What answers unless another is chosen.
    pub model: ModelBadge,
    /// What may be chosen, `model` among them.
    pub models: Vec<ModelBadge>,
    /// Administrators only, until everything is done.
    pub setup: Vec<SetupStep>,
    pub usage: UsageMeter,
    /// A fresh idempotency key for the first message, so sending works without scripts.
    pub next_key: TurnKey,
    /// Today in the tenant's zone: the first render groups the list by it, without a clock of its own.
    pub today: Date,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_strict() {
        assert!("prs".parse::<TenantCode>().is_ok());
        for wrong in ["", "p", "PRS", "1a", "-a", "a b", "ä1", &"a".repeat(33)] {
            assert!(wrong.parse::<TenantCode>().is_err(), "{wrong}");
        }
    }
}
