//! `steward key set`: changing what is named of a key.

use std::{path::PathBuf, str::FromStr};

use app::model::{DisplayName, Timestamp};
use clap::Args;

use super::{DAY_MS, get};
use crate::{
    db::{
        Db, SystemReason,
        api_key::{ApiKey, JwtSecret, KeyKind, Scopes, UnknownPerson, api_key_set},
        ledger::Books,
    },
    error::{Error, Result},
    world::World,
};

/// A limit of one and more, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit(pub Option<i64>);

impl FromStr for Limit {
    type Err = &'static str;
    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        if text == "unlimited" {
            return Ok(Self(None));
        }
        let number = text.parse().ok().filter(|number: &i64| *number >= 1 && text.bytes().all(|b| b.is_ascii_digit()));
        number.map(|number| Self(Some(number))).ok_or("a limit is a whole number from 1, or \"unlimited\"")
    }
}

/// What to change of a key. What is not named stays.
#[derive(Args)]
pub struct Set {
    /// The twelve letters after `stw_`.
    pub id: String,
    /// What it is for, as shown.
    #[arg(long)]
    pub name: Option<String>,
    /// Requests a minute at most.
    #[arg(long, value_name = "N|unlimited")]
    pub requests_per_minute: Option<Limit>,
    /// Tokens a minute at most.
    #[arg(long, value_name = "N|unlimited")]
    pub tokens_per_minute: Option<Limit>,
    /// Requests at once at most.
    #[arg(long, value_name = "N|unlimited")]
    pub concurrent: Option<Limit>,
    /// Models it may ask, exact ids with commas between them, or "all".
    #[arg(long, value_name = "IDS|all")]
    pub models: Option<String>,
    /// Days from now until it ends, or "unlimited".
    #[arg(long, value_name = "N|unlimited")]
    pub days: Option<Limit>,
    /// What it may do: "ask" (models), "admin" (LiteLLM's administration of its tenant), or both with a comma.
    #[arg(long, value_name = "SCOPES")]
    pub scopes: Option<Scopes>,
    /// What happens to somebody its front end names who has no account: "refuse", or "provision".
    #[arg(long, value_name = "refuse|provision")]
    pub unknown: Option<UnknownPerson>,
    /// File with the secret its front end signs people with (Open WebUI's FORWARD_USER_INFO_HEADER_JWT_SECRET). From then
    /// on plain headers are refused. It is kept in the database as it is, since it is needed to check.
    #[arg(long, conflicts_with = "no_jwt_secret")]
    pub jwt_secret_file: Option<PathBuf>,
    /// Forget that secret: plain headers are believed again.
    #[arg(long)]
    pub no_jwt_secret: bool,
}

impl Set {
    pub(super) async fn execute(self, db: &Db, world: &World) -> Result<String> {
        let secret = self.jwt_secret_file.as_deref().map(read_secret).transpose()?;
        let mut tx = db.begin_system(SystemReason::Administration).await?;
        let before = get(&mut tx, &self.id).await?;
        let key = self.changed(before.clone(), secret, world.now())?;
        if key == before {
            return Ok(format!("Nothing to change about the key {}.\n", key.public_id));
        }
        api_key_set(Books::within(&tx, key.tenant), &mut tx, &key).await?;
        tx.commit(world.id(), world.now(), &format!("key set {}", key.public_id)).await?;
        Ok(format!("The key {} ({}) of {} is changed.\n", key.public_id, key.name, key.tenant_code))
    }

    fn changed(self, mut key: ApiKey, secret: Option<JwtSecret>, now: Timestamp) -> Result<ApiKey> {
        let names_people = self.unknown.is_some() || secret.is_some() || self.no_jwt_secret;
        if names_people && !key.is_trusted_front_end {
            let message = "this key names nobody: make one with --trusted-front-end";
            return Err(Error::invalid("id", message));
        }
        if let Some(name) = &self.name {
            let name = DisplayName::parse(name).map_err(|problem| Error::invalid("--name", problem.to_string()))?;
            key.name = name.into();
        }
        if let Some(limit) = self.requests_per_minute {
            key.requests_per_minute = limit.0;
        }
        if let Some(limit) = self.tokens_per_minute {
            key.tokens_per_minute = limit.0;
        }
        if let Some(limit) = self.concurrent {
            key.max_concurrent = limit.0;
        }
        if let Some(models) = &self.models {
            let listed = models.split(',').map(str::trim).filter(|id| !id.is_empty() && *models != "all");
            key.models = listed.map(str::to_owned).collect();
        }
        if let Some(days) = self.days {
            key.expires_at = days.0.map(|days| Timestamp(now.0.saturating_add(days.saturating_mul(DAY_MS))));
        }
        if let Some(scopes) = self.scopes {
            if scopes.administers && (key.kind != KeyKind::Service || key.is_trusted_front_end) {
                return Err(Error::invalid("--scopes", "only a service's own key may administer"));
            }
            key.scopes = scopes;
        }
        key.unknown_person = self.unknown.unwrap_or(key.unknown_person);
        if secret.is_some() || self.no_jwt_secret {
            key.jwt_secret = secret;
        }
        Ok(key)
    }
}

/// The secret in a file, without the line's end an editor adds.
fn read_secret(path: &std::path::Path) -> Result<JwtSecret> {
    let wrong = |message: String| Error::invalid("--jwt-secret-file", message);
    let mut bytes = std::fs::read(path).map_err(|error| wrong(format!("{}: {error}", path.display())))?;
    while matches!(bytes.last(), Some(b'\n' | b'\r')) {
        bytes.pop();
    }
    JwtSecret::new(bytes).map_err(|message| wrong(message.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_from_one_or_none() {
        assert_eq!("60".parse(), Ok(Limit(Some(60))));
        assert_eq!("unlimited".parse(), Ok(Limit(None)));
        for wrong in ["0", "-1", "", "+5", "1.5", "many", "99999999999999999999"] {
            assert!(wrong.parse::<Limit>().is_err(), "{wrong}");
        }
    }
}
