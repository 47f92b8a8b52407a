//! Files of the next message.

use std::collections::VecDeque;

use leptos::{prelude::*, task::spawn_local};

use super::super::{
    attachments::{Attached, Upload},
    drafts,
    state::Chat,
};
use crate::{
    error::AppError,
    model::{AttachmentView, MAX_ATTACHMENTS},
    words::{composer as words, errors},
};

/// Files sent up at once; the server takes three of a person.
const SENT_AT_ONCE: usize = 2;

impl Chat {
    /// Adds files and sends them up at once.
    pub fn attach(self, files: Vec<web_sys::File>) {
        for file in files {
            self.add_file(Attached::new(self.next_serial(), file));
        }
        self.focus_composer();
    }

    /// A long paste: a file rather than text. `false`: it could not be made one.
    pub fn attach_text(self, text: String) -> bool {
        let mut name = String::from(words::pasted_text(self.lang));
        name.push_str(".txt");
        let made = Attached::of_text(self.next_serial(), &name, text);
        made.is_some_and(|file| self.add_file(file))
    }

    fn add_file(self, file: Attached) -> bool {
        if self.composing.files.with_untracked(Vec::len) >= MAX_ATTACHMENTS {
            file.release();
            self.say(words::too_many_files(self.lang), None);
            return false;
        }
        let serial = file.serial;
        self.composing.files.update(|files| files.push(file));
        self.upload(serial);
        true
    }

    /// Sends a file up, also again, when it is its turn.
    pub fn upload(self, serial: u32) {
        self.set_upload(serial, Upload::Running);
        self.composing.waiting.update_value(|waiting| waiting.push_back(serial));
        self.go_on_uploading();
    }

    fn go_on_uploading(self) {
        while self.composing.going.get_value() < SENT_AT_ONCE {
            let next = self.composing.waiting.try_update_value(VecDeque::pop_front).flatten();
            let Some(serial) = next else { return };
            let known = |files: &Vec<Attached>| files.iter().find(|file| file.serial == serial).cloned();
            if let Some(file) = self.composing.files.with_untracked(known) {
                self.send_up(serial, file);
            }
        }
    }

    fn send_up(self, serial: u32, file: Attached) {
        self.composing.going.update_value(|going| *going += 1);
        let place = self.place.get_untracked().conversation();
        let tenant = self.tenant();
        spawn_local(async move {
            let result = file.send(&tenant).await;
            if !self.is_alive() {
                return;
            }
            self.composing.going.update_value(|going| *going = going.saturating_sub(1));
            self.go_on_uploading();
            let upload = match result {
                Ok(view) => {
                    let is_here = self.set_upload(serial, Upload::Done(view.clone()));
                    if is_here {
                        self.save_draft();
                    } else if self.place.get_untracked().conversation() != place {
                        // The person went elsewhere meanwhile: it waits with the draft.
                        self.change_stored(place, |draft| draft.files.push(view));
                    }
                    return;
                }
                Err(error) => {
                    if error == AppError::SignedOut {
                        // The dialog says why.
                        self.set_upload(serial, Upload::Failed(String::new()));
                        return self.refused(&error, Some(Callback::new(move |()| self.upload(serial))));
                    }
                    errors::text(self.lang, &error)
                }
            };
            self.announce(&upload);
            self.set_upload(serial, Upload::Failed(upload));
        });
    }

    /// `false`: it was removed.
    fn set_upload(self, serial: u32, upload: Upload) -> bool {
        let mut is_here = false;
        self.composing.files.update(|files| {
            if let Some(file) = files.iter_mut().find(|file| file.serial == serial) {
                file.upload = upload;
                is_here = true;
            }
        });
        is_here
    }

    /// Takes a file away.
    pub fn detach(self, serial: u32) {
        let gone = self.take_file(serial);
        if gone.is_some() {
            self.save_draft();
            self.focus_composer();
        }
    }

    /// Puts a long paste back into the text.
    pub fn put_text_back(self, serial: u32) {
        let Some(text) = self.take_file(serial).and_then(|file| file.text) else { return };
        let typed = self.typed();
        let text = if typed.trim().is_empty() { text } else { drafts::joined(typed.trim_end(), &text) };
        self.set_composer(&text);
        self.save_draft();
        self.focus_composer();
    }

    fn take_file(self, serial: u32) -> Option<Attached> {
        let taken = self.composing.files.try_update(|files| {
            let place = files.iter().position(|file| file.serial == serial)?;
            Some(files.remove(place))
        });
        let taken = taken.flatten();
        if let Some(file) = &taken {
            file.release();
        }
        taken
    }

    /// Whether a file is still on its way.
    #[must_use]
    pub fn is_uploading(self) -> bool {
        self.composing.files.with(|files| files.iter().any(|file| file.upload == Upload::Running))
    }

    /// These files and no others.
    pub(super) fn set_files(self, files: Vec<Attached>) {
        let before = self.composing.files.get_untracked();
        if before.is_empty() && files.is_empty() {
            return;
        }
        before.iter().for_each(Attached::release);
        self.composing.goes_after_upload.set(false);
        self.composing.files.set(files);
    }

    /// The files of a message that was sent leave the composer.
    pub(super) fn drop_files(self, sent: &[AttachmentView]) {
        if sent.is_empty() {
            return;
        }
        self.composing.files.update(|files| {
            files.retain(|file| {
                let is_sent = file.view().is_some_and(|view| sent.iter().any(|sent| sent.id == view.id));
                if is_sent {
                    file.release();
                }
                !is_sent
            });
        });
    }

    pub(super) fn stored_file(self, view: AttachmentView) -> Attached {
        Attached::stored(self.next_serial(), &self.tenant(), view)
    }

    fn next_serial(self) -> u32 {
        let next = |serial: &mut u32| {
            *serial = serial.wrapping_add(1);
            *serial
        };
        self.serial.try_update_value(next).unwrap_or_default()
    }
}
