//! What clients send: JSON objects whose numbers are read as they are written, and query strings.

use std::collections::BTreeMap;

use app::model::{DisplayName, Money};
use axum::{
    body::Body as HttpBody,
    http::{HeaderMap, Uri},
};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::money;
use crate::{
    db::{budget::Period, team::MoneyBudget},
    gateway::Refusal,
    identity::administration::BudgetWish,
    models::wire::{WireError, WireErrorKind},
};

/// Longest list of people or models.
const MOST_ITEMS: usize = 1_000;
/// Longest text.
const MAX_TEXT_BYTES: usize = 1_000;
/// Longest metadata.
const MAX_METADATA_BYTES: usize = 16 * 1024;

/// A field that cannot be taken as it is.
pub fn wrong(field: &str, message: impl Into<String>) -> Refusal {
    let mut error = WireError::new(WireErrorKind::InvalidRequest, message);
    error.param = Some(field.to_owned());
    error.into()
}

/// A JSON object by its fields.
#[derive(Debug, Default)]
pub struct Body(BTreeMap<String, Box<RawValue>>);

/// JSON's nothing.
const NULL: &str = "null";

impl Body {
    /// Reads a request.
    ///
    /// # Errors
    /// Too large, too slow, or no JSON object.
    pub async fn read(headers: &HeaderMap, body: HttpBody) -> Result<Self, Refusal> {
        let bytes = super::super::chat::read(headers, body).await?;
        Self::parse(&bytes).map_err(|message| wrong("", message))
    }

    fn parse(bytes: &[u8]) -> Result<Self, String> {
        let fields: BTreeMap<String, Box<RawValue>> =
            serde_json::from_slice(bytes).map_err(|error| format!("the body is not a JSON object: {error}"))?;
        Ok(Self(fields))
    }

    /// The text of a field; null is as good as absent.
    fn get(&self, field: &str) -> Option<&str> {
        self.0.get(field).map(|value| value.get()).filter(|text| *text != NULL)
    }

    /// Whether a field was sent as null.
    pub fn is_null(&self, field: &str) -> bool {
        self.0.get(field).is_some_and(|value| value.get() == NULL)
    }

    fn typed<T: DeserializeOwned>(&self, field: &str, what: &str) -> Result<Option<T>, Refusal> {
        let Some(text) = self.get(field) else { return Ok(None) };
        serde_json::from_str(text).map(Some).map_err(|_| wrong(field, format!("`{field}` must be {what}")))
    }

    /// A text; empty is as good as absent.
    pub fn text(&self, field: &str) -> Result<Option<String>, Refusal> {
        let text = self.typed::<String>(field, "a text")?.filter(|text| !text.trim().is_empty());
        match text {
            Some(text) if text.len() > MAX_TEXT_BYTES || text.chars().any(char::is_control) => {
                Err(wrong(field, format!("`{field}` is too long, or has control characters")))
            }
            text => Ok(text.map(|text| text.trim().to_owned())),
        }
    }

    /// A name to show.
    pub fn name(&self, field: &str) -> Result<Option<DisplayName>, Refusal> {
        let text = self.text(field)?;
        text.map(|text| DisplayName::parse(&text)).transpose().map_err(|problem| wrong(field, problem.to_string()))
    }

    /// A limit of one and more.
    pub fn limit(&self, field: &str) -> Result<Option<i64>, Refusal> {
        let limit = self.typed::<i64>(field, "a whole number")?;
        match limit {
            Some(..=0) => Err(wrong(field, format!("`{field}` must be 1 or more, or null"))),
            limit => Ok(limit),
        }
    }

    /// A list of texts.
    pub fn list(&self, field: &str) -> Result<Option<Vec<String>>, Refusal> {
        let list = self.typed::<Vec<String>>(field, "a list of texts")?;
        let is_fine = |list: &Vec<String>| {
            list.len() <= MOST_ITEMS && list.iter().all(|text| !text.is_empty() && text.len() <= MAX_TEXT_BYTES)
        };
        if list.as_ref().is_none_or(is_fine) { Ok(list) } else { Err(wrong(field, format!("`{field}` is too long"))) }
    }

    /// A JSON object of the client's own, as text.
    pub fn object(&self, field: &str) -> Result<Option<String>, Refusal> {
        let object = self.typed::<serde_json::Map<String, serde_json::Value>>(field, "an object")?;
        let text = object.map(|object| serde_json::Value::Object(object).to_string());
        match text {
            Some(text) if text.len() > MAX_METADATA_BYTES || text.contains("\\u0000") => {
                Err(wrong(field, format!("`{field}` is too long")))
            }
            text => Ok(text),
        }
    }

    /// An amount of dollars.
    pub fn money(&self, field: &str) -> Result<Option<Money>, Refusal> {
        self.get(field).map(money::read).transpose().map_err(|message| wrong(field, message))
    }

    /// What `max_budget` and `budget_duration` say together.
    pub fn budget(&self, was_sent: bool) -> Result<BudgetWish, Refusal> {
        let period = match self.text("budget_duration")? {
            Some(text) => Some(period(&text).ok_or_else(|| {
                let message = format!(
                    "`budget_duration` {text:?} is not possible: budgets last a calendar month (30d, 1mo), a calendar week (7d), a day (1d, 24h), or have no end (null)"
                );
                wrong("budget_duration", message)
            })?),
            None => None,
        };
        Ok(match (self.money("max_budget")?, period) {
            (Some(limit), Some(period)) => BudgetWish::Set(MoneyBudget { period, limit }),
            // What an update does not name stays.
            (Some(limit), None) => BudgetWish::Limit(limit),
            (None, _) if was_sent => BudgetWish::Lift,
            (None, Some(_)) => {
                return Err(wrong("budget_duration", "`budget_duration` needs a `max_budget`"));
            }
            (None, None) => BudgetWish::Keep,
        })
    }

    /// Refuses fields whose wish could not be kept; empty ones wish nothing.
    pub fn refuse(&self, fields: &[&str]) -> Result<(), Refusal> {
        let is_empty = |text: &str| matches!(text, "false" | "0" | "\"\"") || text.replace(' ', "").len() <= 2;
        let refused = fields.iter().find(|field| self.get(field).is_some_and(|text| !is_empty(text)));
        match refused {
            Some(field) => Err(wrong(field, format!("`{field}` is not possible here, so it is not taken"))),
            None => Ok(()),
        }
    }

    /// The text of a field that is read by itself.
    pub fn raw(&self, field: &str) -> Option<&str> {
        self.get(field)
    }
}

fn period(text: &str) -> Option<Period> {
    match text {
        "1mo" | "30d" | "31d" | "monthly" => Some(Period::Month),
        "1w" | "7d" | "weekly" => Some(Period::Week),
        "1d" | "24h" | "daily" => Some(Period::Day),
        _ => None,
    }
}

/// As clients write it.
#[must_use]
pub fn period_name(period: Period) -> Option<&'static str> {
    match period {
        Period::Month => Some("1mo"),
        Period::Week => Some("7d"),
        Period::Day => Some("1d"),
        Period::None => None,
    }
}

/// How long a key lasts, milliseconds: `30s`, `15m`, `24h`, `30d`, `2w`.
///
/// # Errors
/// In words.
pub fn duration_ms(text: &str) -> Result<i64, Refusal> {
    let units = [('s', 1_000), ('m', 60_000), ('h', 3_600_000), ('d', 86_400_000), ('w', 604_800_000)];
    let read = || {
        let unit = text.chars().next_back()?;
        let (_, ms) = units.iter().find(|(letter, _)| *letter == unit)?;
        let count = text.strip_suffix(unit)?;
        let count: i64 = count.parse().ok().filter(|_| count.bytes().all(|byte| byte.is_ascii_digit()))?;
        count.checked_mul(*ms).filter(|ms| *ms > 0)
    };
    read().ok_or_else(|| wrong("duration", "`duration` is a number with s, m, h, d or w, such as 30d"))
}

/// The query string by its fields; empty ones are as good as absent.
pub struct Query(BTreeMap<String, String>);

impl Query {
    pub fn of(uri: &Uri) -> Self {
        let fields = axum::extract::Query::<BTreeMap<String, String>>::try_from_uri(uri);
        let fields = fields.map(|axum::extract::Query(fields)| fields).unwrap_or_default();
        Self(fields.into_iter().filter(|(_, value)| !value.trim().is_empty()).collect())
    }

    #[must_use]
    pub fn text(&self, field: &str) -> Option<&str> {
        self.0.get(field).map(String::as_str).filter(|text| text.len() <= MAX_TEXT_BYTES && !text.contains('\0'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(text: &str) -> Body {
        Body::parse(text.as_bytes()).expect("an object")
    }

    #[test]
    fn numbers_are_read_as_they_are_written() {
        let body =
            body(r#"{"max_budget": 0.1, "budget_duration": "30d", "tpm_limit": 5, "rpm_limit": null, "x": {"a": 1}}"#);
        let set = |pico| BudgetWish::Set(MoneyBudget { period: Period::Month, limit: Money(pico) });
        assert_eq!(body.budget(false).expect("a budget"), set(100_000_000_000));
        assert_eq!((body.limit("tpm_limit").expect("5"), body.limit("rpm_limit").expect("none")), (Some(5), None));
    }

    #[test]
    fn what_cannot_be_kept_is_refused() {
        for text in [
            r#"{"max_budget": -1}"#,
            r#"{"max_budget": "many"}"#,
            r#"{"max_budget": 1e-13}"#,
            r#"{"budget_duration": "30d"}"#,
            r#"{"max_budget": 1, "budget_duration": "30s"}"#,
        ] {
            assert!(body(text).budget(false).is_err(), "{text}");
        }
        assert!(body(r#"{"tpm_limit": 0}"#).limit("tpm_limit").is_err());
        assert!(body(r#"{"tpm_limit": 1.5}"#).limit("tpm_limit").is_err());
        assert!(body(r#"{"a": 5}"#).text("a").is_err());
        assert!(body(r#"{"models": ["a", 1]}"#).list("models").is_err());
        assert!(body(r#"{"blocked": true}"#).refuse(&["blocked"]).is_err());
        assert!(body(r#"{"guardrails": ["x"]}"#).refuse(&["guardrails"]).is_err());
        assert!(
            body(r#"{"blocked": false, "aliases": {}, "guardrails": [ ]}"#)
                .refuse(&["blocked", "aliases", "guardrails"])
                .is_ok()
        );
        for wrong in ["", "[]", "5", "{", "null"] {
            assert!(Body::parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn durations_are_read() {
        assert_eq!(duration_ms("30d").ok(), Some(30 * 86_400_000));
        assert_eq!(duration_ms("15m").ok(), Some(900_000));
        for wrong in ["", "d", "30", "0d", "-1d", "+1d", "1y", "99999999999999999d", "1é"] {
            assert!(duration_ms(wrong).is_err(), "{wrong}");
        }
    }
}
