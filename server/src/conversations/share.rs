//! Links to read-only copies of a branch: made, listed, revoked, opened.
//!
//! The secret of a link is 128 bits that nobody can guess; the database knows its SHA-256. It is worked out anew from the
//! link's id and the server's first signing key, so that its person sees the link again whenever they list it.
//!
//! What must hold: a link that is revoked, of a deleted conversation, for somebody else, or of a tenant that allows no
//! public links answers like one that never was ([`Error::NotFound`]); a copy holds no thoughts of the model and, for
//! everybody, not as whom tools ran; a file is given out under a link only if the copy shows it.

mod snapshot;

pub use snapshot::{MAX_SHARED_BYTES, Snapshot};

use app::model::{
    AttachmentId, Audience, ConversationId, Lang, MessageId, MessageView, ShareId, ShareView, TenantCode, Timestamp,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

use super::MAX_FORK_MESSAGES;
use crate::{
    attachments::{Attachments, Download},
    db::{
        Db, SystemReason, TenantScope, Tx,
        conversation::conversation_find,
        message_path::message_path,
        share::{
            NewShare, SharedRecord, share_count, share_delete, share_find_for_members, share_find_public, share_insert,
            share_list,
        },
        signing_key::signing_key_list,
        tenant::{Tenant, tenant_find},
    },
    error::{Error, Result},
    tenancy,
    world::World,
};

/// Links of one conversation.
pub const MAX_SHARES: i64 = 20;
/// The secret's bytes.
const SECRET_BYTES: usize = 16;

/// The secret of a link.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ShareSecret([u8; SECRET_BYTES]);

impl ShareSecret {
    /// The part of an address; `None`: not one of ours.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        Some(Self(bytes.try_into().ok()?))
    }

    /// 22 characters of base64url.
    #[must_use]
    pub fn reveal(self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    fn hash(self) -> [u8; 32] {
        Sha256::digest(self.0).into()
    }

    fn derive(key: &[u8], id: ShareId) -> Self {
        let digest = Sha256::new().chain_update(b"steward share\0").chain_update(key).chain_update(id.0.as_bytes());
        let mut secret = [0; SECRET_BYTES];
        secret.iter_mut().zip(digest.finalize()).for_each(|(to, from)| *to = from);
        Self(secret)
    }
}

impl std::fmt::Debug for ShareSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ShareSecret(…)")
    }
}

/// Who asks for a link's page.
#[derive(Clone, Debug)]
pub enum Visitor {
    /// Somebody in the tenant that the address names.
    Member(TenantScope),
    /// Anybody.
    Public,
}

/// What a link shows.
#[derive(Clone, Debug)]
pub struct Shared {
    /// For readers who ask for none that we have.
    pub lang: Lang,
    pub title: String,
    pub shared_at: Timestamp,
    pub tenant_name: String,
    /// The first name of who shared it; for members only.
    pub person: Option<String>,
    pub messages: Vec<MessageView>,
}

/// The live links of a conversation, newest first.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn list(scope: &TenantScope, tx: &mut Tx, id: ConversationId) -> Result<Vec<ShareView>> {
    super::require(scope, tx, id).await?;
    let shares = share_list(scope, tx, id, MAX_SHARES).await?;
    let key = if shares.is_empty() { Vec::new() } else { key(tx).await? };
    let view = |share: crate::db::share::ShareRecord| {
        let secret = ShareSecret::derive(&key, share.id);
        // The key it was made with is gone: it works for those who have it, and can be revoked.
        let is_known = share.secret_sha256 == secret.hash();
        let path = if is_known { path(scope.code(), share.audience, secret) } else { String::new() };
        ShareView { id: share.id, path, audience: share.audience, created_at: share.created_at }
    };
    Ok(shares.into_iter().map(view).collect())
}

/// Copies the branch that ends with `leaf` and makes a link to the copy.
///
/// # Errors
/// - [`Error::NotFound`]: no such conversation of the caller, or no such message in it.
/// - [`Error::Conflict`]: an answer is still being written, the branch is too long, there are [`MAX_SHARES`] links, or the
///   tenant allows no public ones.
pub async fn create(
    scope: &TenantScope,
    tx: &mut Tx,
    world: &World,
    (conversation, leaf): (ConversationId, MessageId),
    audience: Audience,
) -> Result<ShareView> {
    let found = conversation_find(scope, tx, conversation).await?.ok_or(Error::NotFound)?;
    let limit = i64::try_from(MAX_FORK_MESSAGES + 1).unwrap_or(i64::MAX);
    let path_of_leaf = message_path(scope, tx, conversation, leaf, limit).await?;
    if path_of_leaf.is_empty() {
        return Err(Error::NotFound);
    }
    let allows = |tenant: Tenant| tenant.allows_public_links;
    if audience == Audience::Public && !tenant_find(scope, tx).await?.is_some_and(allows) {
        return Err(Error::Conflict(format!("{} allows links for its own people only.", scope.tenant_name())));
    }
    if path_of_leaf.len() > MAX_FORK_MESSAGES {
        return Err(Error::Conflict(format!("This is too long to share: {MAX_FORK_MESSAGES} messages at most.")));
    }
    if share_count(scope, tx, conversation).await? >= MAX_SHARES {
        return Err(Error::Conflict(format!("There are {MAX_SHARES} links already. Revoke one first.")));
    }
    let snapshot = Snapshot::of(path_of_leaf, audience)?.to_json()?;
    let (id, now): (ShareId, Timestamp) = (world.id(), world.now());
    let secret = ShareSecret::derive(&key(tx).await?, id);
    let new =
        NewShare { id, conversation, audience, secret_sha256: secret.hash(), title: &found.title, snapshot: &snapshot };
    share_insert(scope, tx, new, now).await?;
    Ok(ShareView { id, path: path(scope.code(), audience, secret), audience, created_at: now })
}

/// Removes a link of the caller.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn revoke(scope: &TenantScope, tx: &mut Tx, id: ShareId) -> Result<()> {
    super::found(share_delete(scope, tx, id).await?)
}

/// What a link shows to this visitor.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn open(db: &Db, visitor: &Visitor, secret: ShareSecret) -> Result<Shared> {
    let (record, is_member) = (find(db, visitor, secret).await?, matches!(visitor, Visitor::Member(_)));
    let snapshot = Snapshot::parse(&record.snapshot)?;
    let person = record.user_name.split_whitespace().next().filter(|_| is_member).map(str::to_owned);
    Ok(Shared {
        lang: record.locale,
        title: record.title,
        shared_at: record.created_at,
        tenant_name: record.tenant_name,
        person,
        messages: snapshot.into_views(),
    })
}

/// An image that the copy under a link shows.
///
/// # Errors
/// [`Error::NotFound`]: no such link, or the copy shows no such image.
pub async fn picture(
    db: &Db,
    attachments: &Attachments,
    visitor: &Visitor,
    secret: ShareSecret,
    id: AttachmentId,
) -> Result<Download> {
    let record = find(db, visitor, secret).await?;
    if !Snapshot::parse(&record.snapshot)?.shows_image(id) {
        return Err(Error::NotFound);
    }
    // The file is its person's own: it is read as them, now that it is clear that they show it.
    let mut tx = db.read_system(SystemReason::SharedLink).await?;
    let scope = tenancy::resume(&mut tx, record.tenant, record.user).await?.ok_or(Error::NotFound)?;
    drop(tx);
    attachments.download(&scope, id).await
}

async fn find(db: &Db, visitor: &Visitor, secret: ShareSecret) -> Result<SharedRecord> {
    let found = match visitor {
        Visitor::Member(scope) => share_find_for_members(scope, &mut db.read(scope).await?, secret.hash()).await?,
        Visitor::Public => {
            share_find_public(&mut db.read_system(SystemReason::SharedLink).await?, secret.hash()).await?
        }
    };
    found.ok_or(Error::NotFound)
}

fn path(tenant: &TenantCode, audience: Audience, secret: ShareSecret) -> String {
    match audience {
        Audience::Tenant => format!("/t/{tenant}/s/{}", secret.reveal()),
        Audience::Public => format!("/s/{}", secret.reveal()),
    }
}

/// The server's first signing key, which stays when others come.
async fn key(tx: &mut Tx) -> Result<Vec<u8>> {
    let first = signing_key_list(tx).await?.pop();
    first.map(|key| key.private_key).ok_or_else(|| Error::Unavailable("there is no signing key yet".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn every_link_has_a_secret_of_its_own() {
        let of = |key: &[u8], id| ShareSecret::derive(key, ShareId(Uuid::from_u128(id)));
        let secret = of(b"key", 1);
        assert_eq!(secret, of(b"key", 1));
        assert_ne!(secret, of(b"key", 2));
        assert_ne!(secret, of(b"another key", 1));
        assert_eq!(secret.reveal().len(), 22);
        assert_eq!(ShareSecret::parse(&secret.reveal()), Some(secret));
        assert_eq!(format!("{secret:?}"), "ShareSecret(…)");
    }

    #[test]
    fn anything_else_is_not_a_secret() {
        for wrong in ["", "abc", &"A".repeat(21), &"A".repeat(23), &"ä".repeat(22), "{secret}", &"A".repeat(100_000)] {
            assert_eq!(ShareSecret::parse(wrong), None);
        }
    }
}
