//! Rates of gateway keys: requests and tokens in a minute of the clock, calls at once. Pure.

use app::model::Timestamp;

use super::{RateKind, RateRefusal, Rates, RatesLeft};
use crate::db::key_minute::KeyUse;

const MINUTE_MS: i64 = 60_000;

/// Lets a call of so many tokens (its hold) in, or says which rate is in the way. `used` is what is used already.
pub(super) fn admit(rates: Rates, used: &KeyUse, tokens: i64, now: Timestamp) -> Result<RatesLeft, RateRefusal> {
    let left = |requests: i64, tokens: i64| RatesLeft {
        limits: rates,
        requests: rates.requests_per_minute.map_or(0, |limit| limit.saturating_sub(requests).max(0)),
        tokens: rates.tokens_per_minute.map_or(0, |limit| limit.saturating_sub(tokens).max(0)),
        resets_in_ms: MINUTE_MS - now.0.rem_euclid(MINUTE_MS),
        resets_at: Timestamp(now.0.saturating_add(MINUTE_MS - now.0.rem_euclid(MINUTE_MS))),
    };
    let refuse = |kind, limit| Err(RateRefusal { kind, limit, left: left(used.requests, used.tokens) });
    if let Some(limit) = rates.concurrent.filter(|limit| used.open >= *limit) {
        return refuse(RateKind::Concurrent, limit);
    }
    if let Some(limit) = rates.requests_per_minute.filter(|limit| used.requests >= *limit) {
        return refuse(RateKind::Requests, limit);
    }
    let all_tokens = used.tokens.saturating_add(tokens);
    // A call that is larger than a whole minute's share may go alone, or it could never go.
    if let Some(limit) = rates.tokens_per_minute.filter(|limit| all_tokens > *limit && used.tokens > 0) {
        return refuse(RateKind::Tokens, limit);
    }
    Ok(left(used.requests.saturating_add(1), all_tokens))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATES: Rates = Rates { requests_per_minute: Some(3), tokens_per_minute: Some(100), concurrent: Some(2) };
    const NOW: Timestamp = Timestamp(61_500);

    #[test]
    fn each_rate_stands_in_the_way_by_itself() {
        let kind =
            |used: KeyUse, tokens| admit(RATES, &used, tokens, NOW).map_err(|refusal| (refusal.kind, refusal.limit));
        let none = KeyUse::default();
        assert!(kind(none, 100).is_ok());
        assert_eq!(kind(KeyUse { open: 2, ..none }, 1), Err((RateKind::Concurrent, 2)));
        assert_eq!(kind(KeyUse { requests: 3, ..none }, 1), Err((RateKind::Requests, 3)));
        assert_eq!(kind(KeyUse { tokens: 60, ..none }, 41), Err((RateKind::Tokens, 100)));
        assert!(kind(KeyUse { tokens: 60, ..none }, 40).is_ok());
        assert!(kind(none, 101).is_ok(), "alone in its minute");
        assert!(admit(Rates::default(), &KeyUse { requests: 9, tokens: 9, open: 9 }, i64::MAX, NOW).is_ok());
    }

    #[test]
    fn what_is_left_is_told() {
        let left = admit(RATES, &KeyUse { requests: 1, tokens: 30, open: 0 }, 50, NOW).expect("it fits");
        assert_eq!((left.requests, left.tokens, left.resets_in_ms), (1, 20, 58_500));
        assert_eq!((left.resets_at, left.limits), (Timestamp(120_000), RATES));
    }
}
