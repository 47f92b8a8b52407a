//! Files that go along with messages: what they are, what is in them, which messages carry them, how much a tenant has.
//!
//! A file is its person's own: every function looks for it under tenant **and** person. A message's files are found
//! through its parts, which hold their views; the links here decide how long a file lives.

use app::model::{AttachmentId, AttachmentKind, AttachmentView, MessageId, TenantId, Timestamp};
use uuid::Uuid;

use super::{Error, Result, SystemTx, TenantScope, Tx};

/// A file to store.
#[derive(Clone, Debug)]
pub struct NewAttachment<'a> {
    pub view: &'a AttachmentView,
    /// Of what is stored.
    pub media_type: &'a str,
    /// SHA-256 of what was sent.
    pub sent_sha256: [u8; 32],
    /// `None`: it is in the directory.
    pub content: Option<Vec<u8>>,
    /// What a model reads; `None` for images.
    pub text: Option<&'a str>,
}

/// A file as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachmentRecord {
    pub view: AttachmentView,
    pub media_type: String,
}

/// A file that was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RemovedAttachment {
    pub tenant: TenantId,
    pub id: AttachmentId,
}

#[derive(sqlx::FromRow)]
struct AttachmentRow {
    id: Uuid,
    name: String,
    kind: String,
    media_type: String,
    bytes: i64,
    width: Option<i64>,
    height: Option<i64>,
    pages: Option<i64>,
    max_tokens: i64,
}

#[derive(sqlx::FromRow)]
struct ContentRow {
    content: Option<Vec<u8>>,
}

#[derive(sqlx::FromRow)]
struct TextRow {
    text: Option<String>,
}

#[derive(sqlx::FromRow)]
struct RemovedRow {
    tenant_id: Uuid,
    id: Uuid,
    bytes: i64,
}

#[derive(sqlx::FromRow)]
struct LinkRow {
    is_sent: bool,
}

impl AttachmentRow {
    fn record(self) -> Result<AttachmentRecord> {
        let corrupt = |column: &'static str, problem: String| Error::Corrupt {
            table: "attachments",
            column,
            row: self.id.to_string(),
            problem,
        };
        let number = |column: &'static str, value: Option<i64>| {
            let number = value.and_then(|value| u32::try_from(value).ok());
            number.ok_or_else(|| corrupt(column, format!("{value:?}")))
        };
        let kind = match self.kind.as_str() {
            "image" => {
                AttachmentKind::Image { width: number("width", self.width)?, height: number("height", self.height)? }
            }
            "text" => AttachmentKind::Text,
            "csv" => AttachmentKind::Csv,
            "pdf" => AttachmentKind::Pdf { pages: number("pages", self.pages)? },
            other => return Err(corrupt("kind", other.to_owned())),
        };
        let view = AttachmentView {
            id: AttachmentId(self.id),
            name: self.name,
            kind,
            bytes: self.bytes,
            max_tokens: self.max_tokens,
        };
        Ok(AttachmentRecord { view, media_type: self.media_type })
    }
}

/// Stores a file. Its place in the tenant's quota was taken before ([`attachment_quota_take`]).
///
/// # Errors
/// Database errors.
pub async fn attachment_insert(scope: &TenantScope, tx: &mut Tx, new: NewAttachment<'_>, now: Timestamp) -> Result<()> {
    let (kind, width, height, pages) = match new.view.kind {
        AttachmentKind::Image { width, height } => ("image", Some(i64::from(width)), Some(i64::from(height)), None),
        AttachmentKind::Text => ("text", None, None, None),
        AttachmentKind::Csv => ("csv", None, None, None),
        AttachmentKind::Pdf { pages } => ("pdf", None, None, Some(i64::from(pages))),
    };
    tx.query(
        "INSERT INTO attachments (tenant_id, id, user_id, name, kind, media_type, bytes, width, height, pages, \
         max_tokens, sent_sha256, created_at, touched_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13)",
    )
    .bind(scope.tenant())
    .bind(new.view.id)
    .bind(scope.user())
    .bind(&new.view.name)
    .bind(kind)
    .bind(new.media_type)
    .bind(new.view.bytes)
    .bind(width)
    .bind(height)
    .bind(pages)
    .bind(new.view.max_tokens)
    .bind(new.sent_sha256.as_slice())
    .bind(now)
    .execute()
    .await?;
    tx.query("INSERT INTO attachment_contents (tenant_id, attachment_id, content, text) VALUES ($1, $2, $3, $4)")
        .bind(scope.tenant())
        .bind(new.view.id)
        .bind(new.content)
        .bind(new.text)
        .execute()
        .await?;
    Ok(())
}

/// The same file, sent before under the same name; it counts as sent now.
///
/// # Errors
/// Database errors.
pub async fn attachment_again(
    scope: &TenantScope,
    tx: &mut Tx,
    sent_sha256: [u8; 32],
    name: &str,
    now: Timestamp,
) -> Result<Option<AttachmentRecord>> {
    let row = tx
        .query(
            "SELECT id, name, kind, media_type, bytes, width, height, pages, max_tokens FROM attachments \
             WHERE tenant_id = $1 AND user_id = $2 AND sent_sha256 = $3 AND name = $4 ORDER BY id LIMIT 1",
        )
        .bind(scope.tenant())
        .bind(scope.user())
        .bind(sent_sha256.as_slice())
        .bind(name)
        .optional::<AttachmentRow>()
        .await?;
    let Some(record) = row.map(AttachmentRow::record).transpose()? else { return Ok(None) };
    let touched = tx
        .query("UPDATE attachments SET touched_at = $3 WHERE tenant_id = $1 AND id = $2")
        .bind(scope.tenant())
        .bind(record.view.id)
        .bind(now)
        .execute()
        .await?;
    // Removed in between.
    Ok((touched == 1).then_some(record))
}

/// The caller's file.
///
/// # Errors
/// Database errors.
pub async fn attachment_find(scope: &TenantScope, tx: &mut Tx, id: AttachmentId) -> Result<Option<AttachmentRecord>> {
    tx.query(
        "SELECT id, name, kind, media_type, bytes, width, height, pages, max_tokens FROM attachments \
         WHERE tenant_id = $1 AND id = $2 AND user_id = $3",
    )
    .bind(scope.tenant())
    .bind(id)
    .bind(scope.user())
    .optional::<AttachmentRow>()
    .await?
    .map(AttachmentRow::record)
    .transpose()
}

/// A column of the contents of the caller's file.
macro_rules! select_contents {
    ($column:literal) => {
        concat!(
            "SELECT c.",
            $column,
            " FROM attachments a JOIN attachment_contents c ON c.tenant_id = a.tenant_id AND c.attachment_id = a.id \
             WHERE a.tenant_id = $1 AND a.id = $2 AND a.user_id = $3"
        )
    };
}

/// The bytes of the caller's file: `None`: there is none; `Some(None)`: they are in the directory.
///
/// # Errors
/// Database errors.
pub async fn attachment_content(scope: &TenantScope, tx: &mut Tx, id: AttachmentId) -> Result<Option<Option<Vec<u8>>>> {
    let row = tx
        .query(select_contents!("content"))
        .bind(scope.tenant())
        .bind(id)
        .bind(scope.user())
        .optional::<ContentRow>()
        .await?;
    Ok(row.map(|row| row.content))
}

/// What a model reads of the caller's file; `None`: no such file, or an image.
///
/// # Errors
/// Database errors.
pub async fn attachment_text(scope: &TenantScope, tx: &mut Tx, id: AttachmentId) -> Result<Option<String>> {
    let row = tx
        .query(select_contents!("text"))
        .bind(scope.tenant())
        .bind(id)
        .bind(scope.user())
        .optional::<TextRow>()
        .await?;
    Ok(row.and_then(|row| row.text))
}

/// A message carries the caller's file. `false`: there is no such file.
///
/// # Errors
/// Database errors.
pub async fn message_attachment_insert(
    scope: &TenantScope,
    tx: &mut Tx,
    message: MessageId,
    id: AttachmentId,
) -> Result<bool> {
    let inserted = tx
        .query(
            "INSERT INTO message_attachments (tenant_id, message_id, attachment_id) \
             SELECT a.tenant_id, $3, a.id FROM attachments a \
             WHERE a.tenant_id = $1 AND a.id = $2 AND a.user_id = $4",
        )
        .bind(scope.tenant())
        .bind(id)
        .bind(message)
        .bind(scope.user())
        .execute()
        .await?;
    Ok(inserted == 1)
}

/// A copy of a message (a fork) carries what the message carries, so that its files live as long.
///
/// # Errors
/// Database errors.
pub async fn message_attachments_copy(scope: &TenantScope, tx: &mut Tx, from: MessageId, to: MessageId) -> Result<u64> {
    tx.query(
        "INSERT INTO message_attachments (tenant_id, message_id, attachment_id) \
         SELECT tenant_id, $3, attachment_id FROM message_attachments WHERE tenant_id = $1 AND message_id = $2",
    )
    .bind(scope.tenant())
    .bind(from)
    .bind(to)
    .execute()
    .await
}

/// Whether a message carries the file.
///
/// # Errors
/// Database errors.
pub async fn attachment_is_sent(scope: &TenantScope, tx: &mut Tx, id: AttachmentId) -> Result<bool> {
    let row = tx
        .query(
            "SELECT EXISTS (SELECT 1 FROM message_attachments WHERE tenant_id = $1 AND attachment_id = $2) AS is_sent",
        )
        .bind(scope.tenant())
        .bind(id)
        .one::<LinkRow>()
        .await?;
    Ok(row.is_sent)
}

/// Removes the caller's file that no message carries, and gives its place back. `false`: there is none.
///
/// # Errors
/// Database errors.
pub async fn attachment_delete(scope: &TenantScope, tx: &mut Tx, id: AttachmentId) -> Result<bool> {
    let row = tx
        .query(
            "DELETE FROM attachments WHERE tenant_id = $1 AND id = $2 AND user_id = $3 AND NOT EXISTS \
             (SELECT 1 FROM message_attachments m WHERE m.tenant_id = $1 AND m.attachment_id = $2) \
             RETURNING tenant_id, id, bytes",
        )
        .bind(scope.tenant())
        .bind(id)
        .bind(scope.user())
        .optional::<RemovedRow>()
        .await?;
    let Some(row) = row else { return Ok(false) };
    quota_give_back(tx, row.tenant_id, row.bytes).await?;
    Ok(true)
}

/// Removes files that no message carries and that were sent last before `before`, at most `limit`: what was never sent,
/// and what belonged to conversations that are gone.
///
/// # Errors
/// Database errors.
pub async fn attachments_tidy(tx: &mut SystemTx, before: Timestamp, limit: i64) -> Result<Vec<RemovedAttachment>> {
    let due = tx
        .query(
            "SELECT a.tenant_id, a.id, a.bytes FROM attachments a WHERE a.touched_at < $1 AND NOT EXISTS \
             (SELECT 1 FROM message_attachments m WHERE m.tenant_id = a.tenant_id AND m.attachment_id = a.id) \
             ORDER BY a.touched_at LIMIT $2",
        )
        .bind(before)
        .bind(limit)
        .all::<RemovedRow>()
        .await?;
    let mut removed = Vec::with_capacity(due.len());
    for row in due {
        // Sent again in between: it stays. Carried by a message in between: the foreign key refuses.
        let deleted = tx
            .query("DELETE FROM attachments WHERE tenant_id = $1 AND id = $2 AND touched_at < $3")
            .bind(row.tenant_id)
            .bind(row.id)
            .bind(before)
            .execute()
            .await?;
        if deleted == 1 {
            quota_give_back(tx, row.tenant_id, row.bytes).await?;
            removed.push(RemovedAttachment { tenant: TenantId(row.tenant_id), id: AttachmentId(row.id) });
        }
    }
    Ok(removed)
}

/// Takes room for a file. `false`: with it the tenant would have more than `limit`; nothing was taken.
///
/// # Errors
/// Database errors.
pub async fn attachment_quota_take(scope: &TenantScope, tx: &mut Tx, bytes: i64, limit: i64) -> Result<bool> {
    tx.query("INSERT INTO attachment_quotas (tenant_id) VALUES ($1) ON CONFLICT (tenant_id) DO NOTHING")
        .bind(scope.tenant())
        .execute()
        .await?;
    let taken = tx
        .query(
            "UPDATE attachment_quotas SET used_bytes = used_bytes + $2 WHERE tenant_id = $1 AND used_bytes + $2 <= $3",
        )
        .bind(scope.tenant())
        .bind(bytes)
        .bind(limit)
        .execute()
        .await?;
    Ok(taken == 1)
}

async fn quota_give_back(tx: &mut Tx, tenant: Uuid, bytes: i64) -> Result<()> {
    tx.query("UPDATE attachment_quotas SET used_bytes = used_bytes - $2 WHERE tenant_id = $1")
        .bind(tenant)
        .bind(bytes)
        .execute()
        .await?;
    Ok(())
}
