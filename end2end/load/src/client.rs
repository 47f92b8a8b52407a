//! A client as any other: REST with a bearer token, pages with a session cookie.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Result;

pub const TENANT: &str = "bench";
pub const EMAIL: &str = "bench@example.test";
pub const PASSWORD: &str = "a long walk along the meter room";

/// A signed-in person.
pub struct Client {
    http: reqwest::Client,
    url: String,
    token: String,
    /// Access tokens live ten minutes at most; asked for anew well before.
    token_until: Instant,
    cookie: String,
}

/// What one message cost on the wire between client and server.
#[derive(Clone, Copy, Debug)]
pub struct Sent {
    pub begin: Instant,
    pub took: Duration,
    pub bytes_up: usize,
    pub bytes_down: usize,
}

#[expect(clippy::disallowed_methods, reason = "the driver is a client, outside the server's rules")]
pub fn http() -> Result<reqwest::Client> {
    Ok(reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(60))
        .build()?)
}

impl Client {
    pub async fn sign_in(url: &str) -> Result<Self> {
        let http = http()?;
        let form = format!("email={}&password={}&next=", EMAIL.replace('@', "%40"), PASSWORD.replace(' ', "+"));
        let answer = http
            .post(format!("{url}/login"))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("origin", url)
            .body(form)
            .send()
            .await?;
        let cookie = answer
            .headers()
            .get_all("set-cookie")
            .iter()
            .filter_map(|value| value.to_str().ok()?.split(';').next())
            .collect::<Vec<_>>()
            .join("; ");
        if !answer.status().is_redirection() || cookie.is_empty() {
            return Err(format!("signing in at /login answered {} without a session", answer.status()).into());
        }
        let mut client = Self { http, url: url.to_owned(), token: String::new(), token_until: Instant::now(), cookie };
        client.refresh().await?;
        Ok(client)
    }

    async fn refresh(&mut self) -> Result<()> {
        let body = json!({ "email": EMAIL, "password": PASSWORD, "tenant": TENANT });
        let answer = self.post("/api/auth/login", &body, false).await?;
        let answer: Value = serde_json::from_slice(&answer.bytes().await?)?;
        self.token = answer["access_token"].as_str().ok_or("no access_token")?.to_owned();
        let seconds = answer["expires_in"].as_u64().ok_or("no expires_in")?;
        self.token_until = Instant::now() + Duration::from_secs(seconds / 2);
        Ok(())
    }

    async fn post(&self, path: &str, body: &Value, bearer: bool) -> Result<reqwest::Response> {
        let mut request = self
            .http
            .post(format!("{}{path}", self.url))
            .header("content-type", "application/json")
            .body(body.to_string());
        if bearer {
            request = request.bearer_auth(&self.token);
        }
        let answer = request.send().await?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let status = answer.status();
        Err(format!("POST {path} answered {status}: {}", answer.text().await?).into())
    }

    /// Sends a message and waits for the whole answer; gives the conversation it is in.
    pub async fn send(&mut self, conversation: Option<&str>, message: &str) -> Result<(String, Sent)> {
        if Instant::now() > self.token_until {
            self.refresh().await?;
        }
        let mut body = json!({ "message": message });
        if let Some(conversation) = conversation {
            body["conversation"] = json!(conversation);
        }
        let begin = Instant::now();
        let answer = self.post("/api/chat", &body, true).await?.bytes().await?;
        let took = begin.elapsed();
        let sent = Sent { begin, took, bytes_up: body.to_string().len(), bytes_down: answer.len() };
        let answer: Value = serde_json::from_slice(&answer)?;
        let conversation = answer["conversation"].as_str().ok_or("the answer names no conversation")?;
        Ok((conversation.to_owned(), sent))
    }

    /// A page as a browser asks for it; gives the time to its last byte and its size as it came over the wire.
    pub async fn page(&self, path: &str, signed_in: bool) -> Result<(Duration, Vec<u8>)> {
        let mut request = self.http.get(format!("{}{path}", self.url)).header("accept", "text/html");
        if signed_in {
            request = request.header("cookie", &self.cookie);
        }
        let begin = Instant::now();
        let answer = request.send().await?;
        let status = answer.status();
        let body = answer.bytes().await?;
        if status.is_success() {
            Ok((begin.elapsed(), body.to_vec()))
        } else {
            Err(format!("GET {path} answered {status}").into())
        }
    }

    /// A file's size as sent to a browser that understands brotli, and whether it was compressed.
    pub async fn compressed(&self, path: &str) -> Result<(usize, bool)> {
        let answer = self.http.get(format!("{}{path}", self.url)).header("accept-encoding", "br").send().await?;
        if !answer.status().is_success() {
            return Err(format!("GET {path} answered {}", answer.status()).into());
        }
        let brotli = answer.headers().get("content-encoding").is_some_and(|encoding| encoding == "br");
        Ok((answer.bytes().await?.len(), brotli))
    }
}
