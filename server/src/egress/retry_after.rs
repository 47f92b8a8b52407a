//! `retry-after`: when a provider wants to be asked again.

use chrono::DateTime;
use http::HeaderMap;

/// A longer wait than this is as good as never.
const MAX_RETRY_AFTER_MS: u64 = 24 * 3_600_000;

/// In seconds or as a date (RFC 9110 §10.2.3), the date being read against the response's own `date`; milliseconds.
#[must_use]
pub fn retry_after_ms(headers: &HeaderMap) -> Option<u64> {
    let header = |name: &str| headers.get(name)?.to_str().ok();
    let value = header("retry-after")?.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(seconds.saturating_mul(1_000).min(MAX_RETRY_AFTER_MS));
    }
    let until = DateTime::parse_from_rfc2822(value).ok()?;
    let now = DateTime::parse_from_rfc2822(header("date")?.trim()).ok()?;
    let ms = u64::try_from((until - now).num_milliseconds()).unwrap_or(0);
    Some(ms.min(MAX_RETRY_AFTER_MS))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn it_is_seconds_or_a_date() {
        let after = |value: &'static str, date: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            headers.insert("retry-after", HeaderValue::from_static(value));
            date.map(|date| headers.insert("date", HeaderValue::from_static(date)));
            retry_after_ms(&headers)
        };
        assert_eq!(after("3", None), Some(3_000));
        assert_eq!(after("18446744073709551615", None), Some(MAX_RETRY_AFTER_MS));
        let now = Some("Wed, 21 Oct 2026 07:28:00 GMT");
        assert_eq!(after("Wed, 21 Oct 2026 07:28:05 GMT", now), Some(5_000));
        assert_eq!(after("Wed, 21 Oct 2026 07:27:05 GMT", now), Some(0));
        assert_eq!(after("Wed, 21 Oct 2026 07:28:05 GMT", None), None);
        assert_eq!(after("soon", now), None);
        assert_eq!(after("-1", now), None);
    }
}
