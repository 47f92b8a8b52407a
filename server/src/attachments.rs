//! Files that go along with messages: what may be attached, what is kept of it, what a model is told of it.
//!
//! - [`content`] says what a file is, by its content; [`picture`], [`text`] and [`pdf`] read the kinds there are; [`name`]
//!   cleans names. To add a kind: see [`content`].
//! - [`store`] keeps the bytes; [`prompt`] puts files into messages and prompts; [`view`] says how a model reads them.
//! - This file takes files in, gives them out and removes them.
//!
//! What must hold: nothing is trusted but what was decoded; reading is bounded in bytes, memory, time and how many at
//! once; a file is its person's own, and one of somebody else does not exist; a tenant never has more than its quota; what
//! belongs to no message is removed a day after it was sent last; the tokens a file is said to take are an upper bound.

pub mod content;
pub mod name;
mod pdf;
mod picture;
pub mod prompt;
mod store;
mod text;
mod view;

pub use prompt::{Gathering, attach, chosen, parts};
pub use store::Store;
pub use view::MAX_PROMPT_BYTES;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use app::model::{AttachmentId, AttachmentKind, AttachmentView, Timestamp, UserId};
use sha2::{Digest as _, Sha256};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{MissedTickBehavior, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{
    db::{
        Db, SystemReason, TenantScope,
        attachment::{
            NewAttachment, attachment_again, attachment_delete, attachment_find, attachment_insert, attachment_is_sent,
            attachment_quota_take, attachments_tidy,
        },
    },
    error::{Error, Result},
    world::World,
};
use content::Content;

/// How large files may be, and how much a tenant may have.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub image_bytes: usize,
    pub text_bytes: usize,
    pub pdf_bytes: usize,
    /// All files of a tenant.
    pub tenant_bytes: i64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            image_bytes: 10 * 1024 * 1024,
            text_bytes: 2 * 1024 * 1024,
            pdf_bytes: 20 * 1024 * 1024,
            tenant_bytes: 1024 * 1024 * 1024,
        }
    }
}

impl Limits {
    /// The largest file of any kind.
    #[must_use]
    pub fn largest(&self) -> usize {
        self.image_bytes.max(self.text_bytes).max(self.pdf_bytes)
    }
}

/// Why a file is not taken, in words for the person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("too large: {max_bytes} bytes at most")]
    TooLarge { max_bytes: u64 },
    /// What it is, is not taken.
    #[error("{0}")]
    UnknownType(String),
    /// It is not what it says, or damaged, or empty.
    #[error("{0}")]
    Unreadable(String),
    /// The tenant has no room.
    #[error("{0}")]
    Quota(String),
}

/// Why nothing was stored.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Failed(#[from] Error),
}

impl From<crate::db::Error> for UploadError {
    fn from(error: crate::db::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// Files received at once, and of one person: each may be as large as the largest.
const RECEIVED_AT_ONCE: usize = 8;
const RECEIVED_PER_PERSON: usize = 3;
/// Files read at once: an image may take hundreds of megabytes while it is.
const READ_AT_ONCE: usize = 2;
/// How long to wait for one's turn, and for the reading itself.
const WAIT: Duration = Duration::from_secs(20);
const READ_WITHIN: Duration = Duration::from_secs(20);
/// When to come again.
const RETRY_AFTER_S: u32 = 5;
/// How long a file is kept that no message carries, milliseconds.
pub const UNSENT_MS: i64 = 24 * 60 * 60 * 1000;
const TIDY_EVERY: Duration = Duration::from_secs(60 * 60);
const TIDY_BATCH: i64 = 200;

/// Takes files in and gives them out. One per process; cheap to clone.
#[derive(Clone)]
pub struct Attachments {
    db: Db,
    world: World,
    store: Store,
    limits: Limits,
    receiving: Arc<Semaphore>,
    reading: Arc<Semaphore>,
    people: Arc<Mutex<HashMap<UserId, usize>>>,
}

/// Leave to receive one file; dropping it lets the next one in.
pub struct Turn {
    _of_person: OfPerson,
    _permit: OwnedSemaphorePermit,
}

/// One of the files a person sends.
struct OfPerson {
    people: Arc<Mutex<HashMap<UserId, usize>>>,
    user: UserId,
}

impl Drop for OfPerson {
    fn drop(&mut self) {
        let mut people = self.people.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = people.get_mut(&self.user) {
            *count -= 1;
            if *count == 0 {
                people.remove(&self.user);
            }
        }
    }
}

/// A file to give out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Download {
    pub name: String,
    pub media_type: String,
    /// Written by us pixel by pixel: safe to show in place.
    pub is_image: bool,
    pub bytes: Vec<u8>,
}

impl Attachments {
    #[must_use]
    pub fn new(db: Db, world: World, store: Store, limits: Limits) -> Self {
        Self {
            db,
            world,
            store,
            limits,
            receiving: Arc::new(Semaphore::new(RECEIVED_AT_ONCE)),
            reading: Arc::new(Semaphore::new(READ_AT_ONCE)),
            people: Arc::default(),
        }
    }

    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// One's turn to send a file; to be kept until it is stored.
    ///
    /// # Errors
    /// [`Error::RateLimited`]: too many at once.
    pub async fn turn(&self, user: UserId) -> Result<Turn> {
        let of_person = self.of_person(user).ok_or(Error::RateLimited { retry_after_s: RETRY_AFTER_S })?;
        match timeout(WAIT, self.receiving.clone().acquire_owned()).await {
            Ok(Ok(permit)) => Ok(Turn { _of_person: of_person, _permit: permit }),
            _ => Err(Error::RateLimited { retry_after_s: RETRY_AFTER_S }),
        }
    }

    fn of_person(&self, user: UserId) -> Option<OfPerson> {
        let mut people = self.people.lock().unwrap_or_else(PoisonError::into_inner);
        let count = people.entry(user).or_default();
        if *count >= RECEIVED_PER_PERSON {
            return None;
        }
        *count += 1;
        drop(people);
        Some(OfPerson { people: self.people.clone(), user })
    }

    /// Stores a file of the caller: read, checked and (images) written anew. The same file under the same name is the same
    /// attachment.
    ///
    /// # Errors
    /// [`UploadError::Refused`] in words for the person.
    pub async fn upload(
        &self,
        scope: &TenantScope,
        sent_name: &str,
        sent: Vec<u8>,
    ) -> std::result::Result<AttachmentView, UploadError> {
        let sent_sha256: [u8; 32] = Sha256::digest(&sent).into();
        let content = self.read(sent, sent_name).await?;
        let mut tx = self.db.begin(scope).await?;
        if let Some(before) = attachment_again(scope, &mut tx, sent_sha256, &content.name, self.world.now()).await? {
            tx.commit().await?;
            return Ok(before.view);
        }
        drop(tx);
        let view = AttachmentView {
            id: self.world.id(),
            name: content.name,
            kind: content.kind,
            bytes: i64::try_from(content.bytes.len()).map_err(Error::internal)?,
            max_tokens: content.max_tokens,
        };
        let for_database = self.store.put(scope.tenant(), view.id, content.bytes).await?;
        let new = NewAttachment {
            view: &view,
            media_type: content.media_type,
            sent_sha256,
            content: for_database,
            text: content.text.as_deref(),
        };
        let inserted = self.insert(scope, new).await;
        if inserted.is_err() {
            self.store.remove(scope.tenant(), view.id).await;
        }
        inserted?;
        metrics::counter!("steward_attachments_total").increment(1);
        Ok(view)
    }

    /// Reads on a thread of its own. What takes too long keeps its place until it ends, so that there are never more.
    async fn read(&self, sent: Vec<u8>, name: &str) -> std::result::Result<Content, UploadError> {
        let permit = timeout(WAIT, self.reading.clone().acquire_owned()).await;
        let Ok(Ok(permit)) = permit else {
            return Err(Error::RateLimited { retry_after_s: RETRY_AFTER_S }.into());
        };
        let (name, limits) = (name.to_owned(), self.limits);
        let reading = tokio::task::spawn_blocking(move || {
            let content = content::read(&sent, &name, &limits);
            drop(permit);
            content
        });
        match timeout(READ_WITHIN, reading).await {
            Ok(Ok(content)) => Ok(content?),
            // A parser gave up on it.
            Ok(Err(error)) => {
                tracing::warn!(%error, "reading an attachment panicked");
                Err(Refusal::Unreadable("This file cannot be read: it is damaged.".to_owned()).into())
            }
            Err(_) => {
                Err(Refusal::Unreadable("This file takes too long to read. Attach a simpler one.".to_owned()).into())
            }
        }
    }

    async fn insert(&self, scope: &TenantScope, new: NewAttachment<'_>) -> std::result::Result<(), UploadError> {
        let mut tx = self.db.begin(scope).await?;
        let limit = self.limits.tenant_bytes;
        if !attachment_quota_take(scope, &mut tx, new.view.bytes, limit).await? {
            return Err(Refusal::Quota(format!(
                "There is no room for this file: {} may keep {} MB of files. Delete conversations with files you no longer need, or ask your administrator.",
                scope.tenant_name(),
                limit / (1024 * 1024)
            ))
            .into());
        }
        attachment_insert(scope, &mut tx, new, self.world.now()).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The caller's file.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn download(&self, scope: &TenantScope, id: AttachmentId) -> Result<Download> {
        let mut tx = self.db.read(scope).await?;
        let record = attachment_find(scope, &mut tx, id).await?.ok_or(Error::NotFound)?;
        let bytes = self.store.get(scope, &mut tx, id).await?;
        let is_image = matches!(record.view.kind, AttachmentKind::Image { .. });
        Ok(Download { name: record.view.name, media_type: record.media_type, is_image, bytes })
    }

    /// Removes the caller's file, which no message carries yet.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Conflict`] when it belongs to a message.
    pub async fn remove(&self, scope: &TenantScope, id: AttachmentId) -> Result<()> {
        let mut tx = self.db.begin(scope).await?;
        attachment_find(scope, &mut tx, id).await?.ok_or(Error::NotFound)?;
        if attachment_is_sent(scope, &mut tx, id).await? {
            return Err(Error::Conflict("This file belongs to a message that was sent, and stays with it.".to_owned()));
        }
        if !attachment_delete(scope, &mut tx, id).await? {
            return Err(Error::NotFound);
        }
        tx.commit().await?;
        self.store.remove(scope.tenant(), id).await;
        Ok(())
    }

    /// Removes what belongs to no message and was sent last more than [`UNSENT_MS`] ago, a bounded number at a time.
    /// Returns how many.
    ///
    /// # Errors
    /// Database errors.
    pub async fn tidy(&self) -> Result<usize> {
        let now = self.world.now();
        let before = Timestamp(now.0.saturating_sub(UNSENT_MS));
        let mut tx = self.db.begin_system(SystemReason::Purge).await?;
        let removed = attachments_tidy(&mut tx, before, TIDY_BATCH).await?;
        if removed.is_empty() {
            return Ok(0);
        }
        tx.commit(self.world.id(), now, &format!("{} attachments removed", removed.len())).await?;
        for file in &removed {
            self.store.remove(file.tenant, file.id).await;
        }
        Ok(removed.len())
    }

    /// Tidies every so often until the server goes down.
    pub async fn keep_tidy(self, shutdown: CancellationToken) {
        let mut tick = tokio::time::interval(TIDY_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                _ = tick.tick() => {}
            }
            match self.tidy().await {
                Ok(0) => {}
                Ok(removed) => tracing::info!(removed, "attachments of no message were removed"),
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "attachments were not tidied");
                }
            }
        }
    }
}
