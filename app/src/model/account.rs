//! A person as they see themselves.

use serde::{Deserialize, Serialize};

use super::{Lang, Role, SessionId, TenantCode, Timestamp, UserId, text::line};

line!(
    /// A person's name as shown: 1–80 characters on one line.
    DisplayName,
    80
);

/// Who is signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Me {
    pub id: UserId,
    pub name: String,
    pub email: String,
    pub theme: Theme,
    /// Chosen in settings; `None`: what the browser asks for.
    pub lang: Option<Lang>,
    /// Live memberships, by tenant name. Empty: waiting for access.
    pub tenants: Vec<TenantChoice>,
}

/// A tenant a person may enter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantChoice {
    pub code: TenantCode,
    pub name: String,
    pub role: Role,
}

/// Light, dark, or what the device says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// Unknown words mean [`Theme::System`]: the value comes from a cookie anybody can edit.
    #[must_use]
    pub fn parse_or_system(s: &str) -> Self {
        match s {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::System,
        }
    }
}

/// One of a person's sessions, for the list in settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionView {
    pub id: SessionId,
    /// The session that asks.
    pub current: bool,
    /// e.g. "Firefox on Linux", derived from the user agent.
    pub device: String,
    pub ip: String,
    pub created_at: Timestamp,
    pub last_seen_at: Timestamp,
}

/// A change of password; checked against the current one, then every other session ends.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordChange {
    pub current: String,
    pub new: String,
}

impl std::fmt::Debug for PasswordChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordChange(…)")
    }
}
