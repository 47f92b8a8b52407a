//! Files on their way to the server: chosen, pasted, dropped or made of a long paste.

use leptos::prelude::{ArcRwSignal, Set};
use send_wrapper::SendWrapper;

use super::post;
use crate::{
    error::AppError,
    model::{AttachmentKind, AttachmentView, TenantCode},
    wire::{self, Form},
};

/// Characters from which on a pasted text becomes a file.
pub const LONG_PASTE: usize = 4_000;

/// A file of the next message.
#[derive(Clone)]
pub struct Attached {
    /// Tells files with the same name apart.
    pub serial: u32,
    pub name: String,
    pub bytes: i64,
    /// The address of its picture.
    pub picture: Option<String>,
    /// What was pasted, while it can be put back.
    pub text: Option<String>,
    pub upload: Upload,
    /// How much of it is sent, percent.
    pub sent: ArcRwSignal<u8>,
    /// What is sent again when it failed; one that came with the draft is on the server already.
    file: Option<SendWrapper<web_sys::File>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Upload {
    Running,
    Done(AttachmentView),
    /// Why, in words.
    Failed(String),
}

impl Attached {
    /// A file of this device, not sent yet.
    #[must_use]
    pub fn new(serial: u32, file: web_sys::File) -> Self {
        let is_picture = file.type_().starts_with("image/");
        let picture = is_picture.then(|| web_sys::Url::create_object_url_with_blob(&file).ok()).flatten();
        #[expect(clippy::cast_possible_truncation, reason = "the size of a file is whole and below 2^53")]
        let bytes = file.size() as i64;
        let name = file.name();
        let file = Some(SendWrapper::new(file));
        Self { serial, name, bytes, picture, text: None, upload: Upload::Running, sent: ArcRwSignal::new(0), file }
    }

    /// A pasted text as a file.
    #[must_use]
    pub fn of_text(serial: u32, name: &str, text: String) -> Option<Self> {
        let options = web_sys::FilePropertyBag::new();
        options.set_type("text/plain");
        let parts = js_sys::Array::of1(&text.as_str().into());
        let file = web_sys::File::new_with_str_sequence_and_options(&parts, name, &options).ok()?;
        Some(Self { text: Some(text), ..Self::new(serial, file) })
    }

    /// One the server has.
    #[must_use]
    pub fn stored(serial: u32, tenant: &TenantCode, view: AttachmentView) -> Self {
        let is_picture = matches!(view.kind, AttachmentKind::Image { .. });
        let picture = is_picture.then(|| ["/t/", tenant.as_str(), "/attachments/", &view.id.to_string()].concat());
        let (name, bytes) = (view.name.clone(), view.bytes);
        Self {
            serial,
            name,
            bytes,
            picture,
            text: None,
            upload: Upload::Done(view),
            sent: ArcRwSignal::new(100),
            file: None,
        }
    }

    #[must_use]
    pub fn view(&self) -> Option<&AttachmentView> {
        match &self.upload {
            Upload::Done(view) => Some(view),
            Upload::Running | Upload::Failed(_) => None,
        }
    }

    /// Sends it.
    ///
    /// # Errors
    /// What the server says, or that it cannot be reached.
    pub async fn send(&self, tenant: &TenantCode) -> Result<AttachmentView, AppError> {
        let Some(file) = &self.file else { return Err(AppError::NotFound) };
        let name = Form::default().with("name", &self.name).text;
        let path = ["/t/", tenant.as_str(), "/attachments?", &name].concat();
        let sent = self.sent.clone();
        sent.set(0);
        let answer = post::post_file(&path, file, move |percent| sent.set(percent)).await?;
        match answer.error() {
            Some(error) => Err(error),
            None => wire::read(&answer.text).ok_or(AppError::Offline),
        }
    }

    /// Lets go of what the browser keeps for it.
    pub fn release(&self) {
        if let Some(picture) = self.picture.as_ref().filter(|picture| picture.starts_with("blob:")) {
            let _known_to_the_browser = web_sys::Url::revoke_object_url(picture);
        }
    }
}

/// The files of a list of the browser.
#[must_use]
pub fn files_of(list: Option<web_sys::FileList>) -> Vec<web_sys::File> {
    let Some(list) = list else { return vec![] };
    (0..list.length()).filter_map(|place| list.get(place)).collect()
}
