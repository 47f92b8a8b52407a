//! Front ends that ask for other people: whom a request with a *trusted* key is made for.
//!
//! [`named`] reads the headers of a request: Open WebUI's `X-OpenWebUI-User-{Id,Email,Name,Role}`, Archestra's
//! `X-Archestra-User-Id`, or Open WebUI's signed `X-OpenWebUI-User-Jwt` ([`jwt`]). [`FrontEnds::person`] finds the member of
//! the key's tenant who is meant: by e-mail, or by an id that came with an e-mail before.
//!
//! What must hold: nobody is found outside the key's tenant; a role in a header gives nothing; once a key has a secret,
//! only what is signed with it counts; an account that exists is never made a member of anything here.

pub mod jwt;

use app::model::{DisplayName, Role, UserId};
use http::HeaderMap;
use moka::future::Cache;

use super::{Email, api_keys::BELIEVED, api_keys::KeyHolder};
use crate::{
    db::{
        Db, SystemReason, TenantScope,
        api_key::{ApiKey, UnknownPerson},
        auth_event::{AuthEvent, auth_event_insert},
        front_end::{front_end_person_bind, front_end_person_find, provisioned_count, provisioned_insert},
        ledger::Books,
        membership::membership_put,
        user::{user_find_by_email, user_insert},
    },
    error::{Error, Result},
    tenancy,
    world::World,
};

const EMAIL: &str = "x-openwebui-user-email";
const NAME: &str = "x-openwebui-user-name";
const OPENWEBUI_ID: &str = "x-openwebui-user-id";
const ARCHESTRA_ID: &str = "x-archestra-user-id";
const JWT: &str = "x-openwebui-user-jwt";

/// Headers by which a front end names the person a request is made for. Believed from a trusted front end's key alone.
pub const PERSON_HEADERS: [&str; 6] = [EMAIL, NAME, OPENWEBUI_ID, "x-openwebui-user-role", ARCHESTRA_ID, JWT];

/// People remembered at once.
const REMEMBERED: u64 = 10_000;
/// Longest id of a front end's, bytes.
const MAX_ID_BYTES: usize = 200;
/// Accounts that may be made because of one key in [`DAY_MS`]: a front end gone mad does not fill the directory.
const MOST_PROVISIONED: i64 = 500;
const DAY_MS: i64 = 86_400_000;

/// Whom a request is made for, as its front end says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Named {
    /// Lower case, trimmed.
    pub email: Option<String>,
    pub name: Option<String>,
    /// `openwebui:…`, `archestra:…`.
    pub ids: Vec<String>,
}

/// Why it is not known whom a request is made for. The words say what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unclear {
    #[error(
        "This key is a front end's: each request has to name its person in X-OpenWebUI-User-Email (or by an id in X-OpenWebUI-User-Id or X-Archestra-User-Id that came with that e-mail before)."
    )]
    Nobody,
    #[error("The header {0} came twice. Send it once.")]
    Twice(&'static str),
    #[error("The header {0} cannot be read.")]
    Unreadable(&'static str),
    #[error(
        "This key takes signed people only: send X-OpenWebUI-User-Jwt, signed with the secret that was set for the key."
    )]
    NotSigned,
    #[error(
        "X-OpenWebUI-User-Jwt came, but this key has no secret to check it with: set it with `steward key set … --jwt-secret-file …`."
    )]
    NoSecret,
    #[error("X-OpenWebUI-User-Jwt is not right: {0}.")]
    Jwt(#[from] jwt::BadJwt),
}

/// Whom a request with this trusted key is made for.
///
/// # Errors
/// See [`Unclear`].
pub fn named(key: &ApiKey, headers: &HeaderMap, now_s: i64) -> std::result::Result<Named, Unclear> {
    let signed = text(headers, JWT)?;
    match (&key.jwt_secret, signed) {
        (Some(secret), Some(token)) => {
            let claims = jwt::check(token, secret, now_s)?;
            let email = Email::parse(&claims.email).map_err(|_| Unclear::Jwt(jwt::BadJwt::Email))?;
            let id = external_id("openwebui", &claims.sub).ok_or(Unclear::Jwt(jwt::BadJwt::Subject))?;
            return Ok(Named { email: Some(email.to_string()), name: claims.name, ids: vec![id] });
        }
        (Some(_), None) => return Err(Unclear::NotSigned),
        (None, Some(_)) => return Err(Unclear::NoSecret),
        (None, None) => {}
    }
    let email = match text(headers, EMAIL)? {
        Some(email) => Some(Email::parse(email).map_err(|_| Unclear::Unreadable(EMAIL))?.to_string()),
        None => None,
    };
    let mut ids = Vec::new();
    for (header, front_end) in [(OPENWEBUI_ID, "openwebui"), (ARCHESTRA_ID, "archestra")] {
        if let Some(id) = text(headers, header)? {
            ids.push(external_id(front_end, id).ok_or(Unclear::Unreadable(header))?);
        }
    }
    if email.is_none() && ids.is_empty() {
        return Err(Unclear::Nobody);
    }
    Ok(Named { email, name: text(headers, NAME)?.map(unquoted), ids })
}

/// A header that came once; empty is as good as absent.
fn text<'h>(headers: &'h HeaderMap, name: &'static str) -> std::result::Result<Option<&'h str>, Unclear> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Unclear::Twice(name));
    }
    // Open WebUI quotes names only; an e-mail in other letters comes as it is.
    let value = std::str::from_utf8(value.as_bytes()).map_err(|_| Unclear::Unreadable(name))?.trim();
    Ok((!value.is_empty()).then_some(value))
}

fn external_id(front_end: &str, id: &str) -> Option<String> {
    let is_fine = !id.is_empty() && id.len() <= MAX_ID_BYTES && !id.chars().any(char::is_control);
    is_fine.then(|| [front_end, ":", id].concat())
}

/// A text as Python's `urllib.parse.quote` leaves it; what is no such text stays as it is.
fn unquoted(text: &str) -> String {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    loop {
        match rest {
            [] => break,
            [b'%', high, low, after @ ..] => {
                let (Some(high), Some(low)) = (digit(high), digit(low)) else { return text.to_owned() };
                bytes.push(high * 16 + low);
                rest = after;
            }
            [byte, after @ ..] => {
                bytes.push(*byte);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

/// Why the person who is named cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum Stranger {
    #[error(
        "The person this request is made for is not a member of this tenant. An administrator can add them (`steward membership`), or let this key make accounts (`steward key set … --unknown provision`)."
    )]
    Unknown,
    #[error(
        "The person this request is made for has an account, but is not a member of this tenant: an administrator has to add them."
    )]
    NotMember,
    #[error(
        "This id came with another person's e-mail before. If it changed hands, an administrator has to forget the former (`steward key unbind`)."
    )]
    Conflict,
    #[error("This id is not known yet: send it together with the person's e-mail once.")]
    NeedsEmail,
    #[error("This key made as many accounts today as it may. An administrator has to look at it.")]
    TooMany,
    #[error(transparent)]
    Failed(#[from] Error),
}

impl From<crate::db::Error> for Stranger {
    fn from(error: crate::db::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// Whom front ends name. Cheap to clone.
#[derive(Clone)]
pub struct FrontEnds {
    db: Db,
    world: World,
    /// Believed for as long as a key is.
    known: Cache<(app::model::ApiKeyId, Named), TenantScope>,
}

impl FrontEnds {
    #[must_use]
    pub fn new(db: Db, world: World) -> Self {
        Self { db, world, known: Cache::builder().max_capacity(REMEMBERED).time_to_live(BELIEVED).build() }
    }

    /// Believes nothing that was read before.
    pub fn forget(&self) {
        self.known.invalidate_all();
    }

    /// The member of the key's tenant who is named; made, where the key allows it.
    ///
    /// # Errors
    /// See [`Stranger`].
    pub async fn person(&self, holder: &KeyHolder, named: Named) -> std::result::Result<TenantScope, Stranger> {
        let asked = (holder.key.id, named);
        if let Some(scope) = self.known.get(&asked).await {
            return Ok(scope);
        }
        let scope = Box::pin(self.find(holder, &asked.1)).await?;
        self.known.insert(asked, scope.clone()).await;
        Ok(scope)
    }

    async fn find(&self, holder: &KeyHolder, named: &Named) -> std::result::Result<TenantScope, Stranger> {
        let key = &holder.key;
        let mut bound: Option<UserId> = None;
        let mut unbound = Vec::new();
        let mut tx = self.db.read(&holder.scope).await?;
        for id in &named.ids {
            match (front_end_person_find(&holder.scope, &mut tx, key.id, id).await?, bound) {
                (Some(user), Some(other)) if user != other => return Err(Stranger::Conflict),
                (Some(user), _) => bound = Some(user),
                (None, _) => unbound.push(id.as_str()),
            }
        }
        drop(tx);
        let by_email = match &named.email {
            Some(email) => self.by_email(key, email).await?,
            None => ByEmail::Nobody,
        };
        let scope = match (bound, by_email) {
            (Some(user), ByEmail::Member(scope)) if scope.user() != user => return Err(Stranger::Conflict),
            (_, ByEmail::Member(scope)) => scope,
            // An e-mail that is nobody's here binds nothing more to who is known by an id.
            (Some(user), _) => return self.member(key, user).await?.ok_or(Stranger::Unknown),
            (None, ByEmail::Elsewhere) => {
                return Err(match key.unknown_person {
                    UnknownPerson::Provision => Stranger::NotMember,
                    UnknownPerson::Refuse => Stranger::Unknown,
                });
            }
            (None, ByEmail::Nobody) => match (&named.email, key.unknown_person) {
                (None, _) => return Err(Stranger::NeedsEmail),
                (Some(_), UnknownPerson::Refuse) => return Err(Stranger::Unknown),
                (Some(email), UnknownPerson::Provision) => self.provision(key, email, named.name.as_deref()).await?,
            },
        };
        if !unbound.is_empty() {
            let mut tx = self.db.begin(&scope).await?;
            for id in unbound {
                front_end_person_bind(Books::of(&scope), &mut tx, key.id, id, scope.user(), self.world.now()).await?;
            }
            tx.commit().await?;
        }
        Ok(scope)
    }

    async fn by_email(&self, key: &ApiKey, email: &str) -> std::result::Result<ByEmail, Stranger> {
        let mut tx = self.db.read_directory().await?;
        let Some(user) = user_find_by_email(&mut tx, email).await? else { return Ok(ByEmail::Nobody) };
        drop(tx);
        Ok(self.member(key, user.id).await?.map_or(ByEmail::Elsewhere, ByEmail::Member))
    }

    /// A live member of the key's tenant.
    async fn member(&self, key: &ApiKey, user: UserId) -> Result<Option<TenantScope>> {
        match tenancy::enter_as(&self.db, user, &key.tenant_code).await {
            Ok(scope) => Ok(Some(scope)),
            Err(Error::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Makes an account that cannot sign in, a member of the key's tenant.
    async fn provision(
        &self,
        key: &ApiKey,
        email: &str,
        name: Option<&str>,
    ) -> std::result::Result<TenantScope, Stranger> {
        let now = self.world.now();
        let before_at = email.split('@').next().unwrap_or(email);
        let name = name.and_then(|name| DisplayName::parse(name).ok()).map(String::from);
        let name = name.unwrap_or_else(|| before_at.chars().take(60).collect());
        let user: UserId = self.world.id();
        let mut tx = self.db.begin_system(SystemReason::GatewayKey).await?;
        let books = Books::within(&tx, key.tenant);
        let since = app::model::Timestamp(now.0 - DAY_MS);
        if provisioned_count(books, &mut tx, key.id, since).await? >= MOST_PROVISIONED {
            return Err(Stranger::TooMany);
        }
        match user_insert(&mut tx, user, email, &name, None, now).await {
            Ok(()) => {}
            // Two of their requests came at once, and the other one was faster.
            Err(crate::db::Error::Duplicate(_)) => {
                drop(tx);
                return match self.by_email(key, email).await? {
                    ByEmail::Member(scope) => Ok(scope),
                    ByEmail::Nobody | ByEmail::Elsewhere => Err(Stranger::NotMember),
                };
            }
            Err(error) => return Err(error.into()),
        }
        membership_put(&mut tx, key.tenant, user, Role::Member, now).await?;
        provisioned_insert(books, &mut tx, key.id, user, now).await?;
        let event = AuthEvent {
            id: self.world.id(),
            at: now,
            event: "provisioned",
            user: Some(user),
            session: None,
            ip: "",
            request_id: "",
        };
        auth_event_insert(&mut tx, &event).await?;
        let detail = format!("account {user} made for {} by key {}", key.tenant_code, key.public_id);
        tx.commit(self.world.id(), now, &detail).await?;
        metrics::counter!("steward_people_provisioned_total").increment(1);
        self.member(key, user).await?.ok_or(Stranger::NotMember)
    }
}

/// Whose e-mail it is.
enum ByEmail {
    Member(TenantScope),
    /// Somebody's who is no (live) member of the key's tenant.
    Elsewhere,
    Nobody,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unquoted() {
        for (quoted, name) in [
            ("Ana", "Ana"),
            ("Ana%20Wijaya", "Ana Wijaya"),
            ("J%C3%BCrgen", "Jürgen"),
            ("50%", "50%"),
            ("%zz", "%zz"),
            ("%FF", "%FF"),
            ("%", "%"),
        ] {
            assert_eq!(unquoted(quoted), name);
        }
    }

    proptest::proptest! {
        #[test]
        fn unquoting_never_panics(text in "\\PC{0,40}|[%0-9a-fA-F]{0,20}") {
            unquoted(&text);
        }
    }
}
