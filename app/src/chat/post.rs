//! Requests to this server that server functions cannot make: one whose redirect must not be followed, one that carries a
//! file.

use js_sys::Reflect;
use leptos::prelude::window;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;

use crate::{error::AppError, wire};

/// The longest wait for an answer: a large file on a slow line.
const TIMEOUT_MS: u32 = 600_000;

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status; 0 for a redirect, which is not followed.
    pub status: u16,
    pub text: String,
}

impl Answer {
    /// The error of an answer that is one.
    #[must_use]
    pub fn error(&self) -> Option<AppError> {
        if self.status < 400 {
            return None;
        }
        let told = wire::read(&self.text);
        Some(told.unwrap_or(match self.status {
            401 => AppError::SignedOut,
            403 => AppError::Forbidden,
            404 => AppError::NotFound,
            _ => AppError::Internal { request_id: String::new() },
        }))
    }
}

/// Posts a form to a path of this server.
///
/// # Errors
/// [`AppError::Offline`] when there was no answer.
pub async fn post(path: &str, form: wire::Form) -> Result<Answer, AppError> {
    send(path, form).await.map_err(|_| AppError::Offline)
}

/// Posts a file to a path of this server; `on_sent` hears how much of it has gone, percent. (`fetch` does not tell.)
///
/// # Errors
/// [`AppError::Offline`] when there was no answer.
pub async fn post_file(path: &str, file: &web_sys::File, on_sent: impl Fn(u8) + 'static) -> Result<Answer, AppError> {
    send_file(path, file, on_sent).await.map_err(|_| AppError::Offline)
}

async fn send_file(path: &str, file: &web_sys::File, on_sent: impl Fn(u8) + 'static) -> Result<Answer, JsValue> {
    let request = web_sys::XmlHttpRequest::new()?;
    request.open("POST", path)?;
    request.set_timeout(TIMEOUT_MS);
    request.set_request_header("accept", "application/json")?;
    request.set_request_header("content-type", "application/octet-stream")?;
    let on_progress = Closure::<dyn Fn(web_sys::ProgressEvent)>::new(move |event: web_sys::ProgressEvent| {
        let (sent, total) = (event.loaded(), event.total());
        if total > 0.0 {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 100")]
            on_sent((sent / total * 100.0).clamp(0.0, 100.0) as u8);
        }
    });
    request.upload()?.set_onprogress(Some(on_progress.as_ref().unchecked_ref()));
    // Whatever the end is; without an answer the status is 0.
    let ended = js_sys::Promise::new(&mut |resolve, _| request.set_onloadend(Some(&resolve)));
    request.send_with_opt_blob(Some(file))?;
    JsFuture::from(ended).await?;
    match request.status()? {
        0 => Err(JsValue::UNDEFINED),
        status => Ok(Answer { status, text: request.response_text()?.unwrap_or_default() }),
    }
}

async fn send(path: &str, form: wire::Form) -> Result<Answer, JsValue> {
    let init = web_sys::RequestInit::new();
    init.set_method("POST");
    init.set_redirect(web_sys::RequestRedirect::Manual);
    init.set_signal(Some(&web_sys::AbortSignal::timeout_with_u32(TIMEOUT_MS)));
    let headers = js_sys::Object::new();
    let set = |name: &str, value: &str| Reflect::set(&headers, &name.into(), &value.into());
    set("accept", "application/json")?;
    set("content-type", "application/x-www-form-urlencoded")?;
    init.set_body(&form.text.into());
    init.set_headers(&headers);
    let response = JsFuture::from(window().fetch_with_str_and_init(path, &init)).await?;
    let response: web_sys::Response = response.unchecked_into();
    let text = JsFuture::from(response.text()?).await?;
    Ok(Answer { status: response.status(), text: text.as_string().unwrap_or_default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, text: &str) -> Answer {
        Answer { status, text: text.into() }
    }

    #[test]
    fn what_the_server_says_counts_before_its_status() {
        let conflict = AppError::Conflict { message: "already there".into() };
        let told = serde_json::to_string(&conflict).expect("JSON");
        assert_eq!(answer(409, &told).error(), Some(conflict));
        assert_eq!(answer(401, "<html>").error(), Some(AppError::SignedOut));
        assert!(matches!(answer(502, "Bad gateway").error(), Some(AppError::Internal { .. })));
    }

    #[test]
    fn a_redirect_is_no_error() {
        assert_eq!(answer(0, "").error(), None);
        assert_eq!(answer(200, "{}").error(), None);
    }
}
