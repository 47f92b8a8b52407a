//! When the session has ended: sign in in place, keep everything, do again what was refused.

use leptos::{prelude::*, task::spawn_local};

use super::super::{
    browser, post,
    state::{Chat, Dialog},
};
use crate::{
    api,
    error::AppError,
    wire::Form,
    words::{errors, shell},
};

/// Refusals beyond these are not tried again by themselves.
const MAX_AGAIN: usize = 20;

impl Chat {
    /// Says why something was not done. When the session has ended, it asks to sign in and then does `again`.
    pub fn refused(self, error: &AppError, again: Option<Callback<()>>) {
        if *error != AppError::SignedOut {
            self.say(errors::text(self.lang, error), None);
            return;
        }
        self.again.update_value(|list| {
            if list.len() < MAX_AGAIN {
                list.extend(again);
            }
        });
        self.dialog.set(Some(Dialog::SignIn));
    }

    /// Signs in with what was typed; the words say why it did not work.
    ///
    /// # Errors
    /// A sentence for the person.
    pub async fn sign_in(self, email: String, password: String) -> Result<(), &'static str> {
        let fields = Form::default().with("email", &email).with("password", &password);
        let answer = post::post("/login", fields).await;
        match answer.map(|answer| answer.status) {
            // The server leads on from the sign-in page: that is how it says yes.
            Ok(0 | 200..=399) => {}
            Ok(401 | 422) => return Err(shell::wrong_password(self.lang)),
            Ok(429) => return Err(shell::too_many_sign_ins(self.lang)),
            Ok(_) => return Err(shell::sign_in_failed(self.lang)),
            Err(_) => return Err(errors::offline(self.lang)),
        }
        match api::me().await {
            Ok(me) if self.is_alive() && me.id != self.user() => {
                // Somebody else: nothing of this page is theirs.
                let _page_goes = window().location().reload();
            }
            Ok(_) => self.go_on(),
            Err(AppError::SignedOut) => return Err(shell::sign_in_failed(self.lang)),
            Err(_) => return Err(errors::offline(self.lang)),
        }
        Ok(())
    }

    /// Does again what was refused for lack of a session.
    fn go_on(self) {
        if !self.is_alive() {
            return;
        }
        self.dialog.set(None);
        self.announce(shell::signed_in(self.lang));
        let again = self.again.try_update_value(std::mem::take).unwrap_or_default();
        for what in again {
            what.run(());
        }
        self.refresh();
        browser::look_again();
        if self.notice.get_untracked() != Some(AppError::SignedOut) {
            return;
        }
        self.notice.set(None);
        if self.has_unsent() {
            self.send_again();
        } else if self.shown.get_untracked().is_some() {
            self.reload();
        }
    }

    /// A stream was refused: if the session is why, say so where the person writes.
    pub fn check_session(self) {
        spawn_local(async move {
            let Err(AppError::SignedOut) = api::me().await else { return };
            if self.is_alive() {
                self.notice.set(Some(AppError::SignedOut));
            }
        });
    }
}
