//! Files in prompts: those of the new message first, then those of earlier ones, the newest first, as long as there is
//! room. What does not fit is said, so that the model does not guess.

use app::model::{AttachmentId, AttachmentKind, AttachmentView, MessageId, Part};
use bytes::Bytes;

use super::{Store, view};
use crate::{
    db::{
        TenantScope, Tx,
        attachment::{attachment_find, attachment_text, message_attachment_insert},
    },
    error::{Error, Result},
    models::{Content, Image, ImageData, Model},
};

/// Bytes of all images of one request: in base64 they stay below the provider's 32 MB per request (its page "Vision").
const MAX_IMAGE_BYTES: i64 = 20_000_000;
/// Text of files per token of a model's window, bytes. Text takes three bytes a token or more: two thirds of the window.
const BYTES_PER_TOKEN: i64 = 2;

/// The files a person chose for a message, in order.
///
/// # Errors
/// [`Error::Invalid`] "attachments": too many, one twice, or one that is not (or no longer) theirs.
pub async fn chosen(scope: &TenantScope, tx: &mut Tx, ids: &[AttachmentId]) -> Result<Vec<AttachmentView>> {
    if ids.len() > app::model::MAX_ATTACHMENTS {
        return Err(Error::invalid(
            "attachments",
            format!("a message takes {} files at most", app::model::MAX_ATTACHMENTS),
        ));
    }
    let mut files: Vec<AttachmentView> = Vec::with_capacity(ids.len());
    for id in ids {
        if files.iter().any(|file| file.id == *id) {
            return Err(Error::invalid("attachments", "the same file is attached twice"));
        }
        files.push(attachment_find(scope, tx, *id).await?.ok_or_else(gone)?.view);
    }
    Ok(files)
}

fn gone() -> Error {
    Error::invalid("attachments", "a file is not there any more; attach it again")
}

/// The message carries these files from now on.
///
/// # Errors
/// [`Error::Invalid`] "attachments": one was removed in between.
pub async fn attach(scope: &TenantScope, tx: &mut Tx, message: MessageId, files: &[AttachmentView]) -> Result<()> {
    for file in files {
        if !message_attachment_insert(scope, tx, message, file.id).await? {
            return Err(gone());
        }
    }
    Ok(())
}

/// The parts of a person's message: its files, then its text.
#[must_use]
pub fn parts(files: &[AttachmentView], text: &str) -> Vec<Part> {
    let files = files.iter().map(|file| Part::Attachment { file: file.clone() });
    let text = (!text.is_empty()).then(|| Part::Text { text: text.to_owned() });
    files.chain(text).collect()
}

/// Fills one prompt with files. Ask for the newest message first: who comes later gets the room that is left.
#[derive(Debug)]
pub struct Gathering<'a> {
    store: &'a Store,
    model: &'a Model,
    image_bytes: i64,
    text_bytes: i64,
    image_tokens: i64,
}

impl<'a> Gathering<'a> {
    #[must_use]
    pub fn new(store: &'a Store, model: &'a Model) -> Self {
        let text_bytes = model.context_tokens.saturating_mul(BYTES_PER_TOKEN);
        Self { store, model, image_bytes: MAX_IMAGE_BYTES, text_bytes, image_tokens: 0 }
    }

    /// Tokens of the window that the files so far take, roughly: enough to leave room for them, not to pay for them.
    #[must_use]
    pub fn window_tokens(&self) -> i64 {
        let text_bytes = self.model.context_tokens.saturating_mul(BYTES_PER_TOKEN).saturating_sub(self.text_bytes);
        self.image_tokens.saturating_add(text_bytes / BYTES_PER_TOKEN)
    }

    /// What a message with these parts says to the model before its text.
    ///
    /// # Errors
    /// Database errors; a file that cannot be read.
    pub async fn of_parts(&mut self, scope: &TenantScope, tx: &mut Tx, parts: &[Part]) -> Result<Vec<Content>> {
        let mut contents = Vec::new();
        for part in parts {
            if let Part::Attachment { file } = part {
                contents.push(self.content(scope, tx, file).await?);
            }
        }
        Ok(contents)
    }

    async fn content(&mut self, scope: &TenantScope, tx: &mut Tx, file: &AttachmentView) -> Result<Content> {
        match file.kind {
            AttachmentKind::Image { width, height } => self.image(scope, tx, file, (width, height)).await,
            AttachmentKind::Text | AttachmentKind::Csv | AttachmentKind::Pdf { .. } => {
                self.document(scope, tx, file).await
            }
        }
    }

    async fn image(
        &mut self,
        scope: &TenantScope,
        tx: &mut Tx,
        file: &AttachmentView,
        (width, height): (u32, u32),
    ) -> Result<Content> {
        let mut image =
            Image { name: file.name.clone(), media_type: String::new(), width, height, data: ImageData::default() };
        let note = |image: &Image, why: &str| Ok(Content::Text { text: image.note(why) });
        if !self.model.sees_images {
            return note(&image, "this model does not see images");
        }
        if file.bytes > self.image_bytes {
            return note(&image, "there are too many images in this conversation");
        }
        let Some(record) = attachment_find(scope, tx, file.id).await? else {
            return note(&image, "it was removed");
        };
        image.data = match self.store.get(scope, tx, file.id).await {
            Ok(bytes) => ImageData(Bytes::from(bytes)),
            Err(Error::NotFound) => return note(&image, "it was removed"),
            Err(error) => return Err(error),
        };
        image.media_type = record.media_type;
        self.image_bytes = self.image_bytes.saturating_sub(file.bytes);
        self.image_tokens = self.image_tokens.saturating_add(image.max_tokens());
        Ok(Content::Image(image))
    }

    async fn document(&mut self, scope: &TenantScope, tx: &mut Tx, file: &AttachmentView) -> Result<Content> {
        let text = attachment_text(scope, tx, file.id).await?.unwrap_or_default();
        let room = usize::try_from(self.text_bytes).unwrap_or(0);
        let shown = view::cut(&text, room);
        self.text_bytes = self.text_bytes.saturating_sub(i64::try_from(shown.len()).unwrap_or(i64::MAX));
        let is_whole = shown.len() == text.len() && !view::has_more(file, &text);
        Ok(Content::Document(view::document(&file.name, file.kind, shown.to_owned(), !is_whole)))
    }
}
