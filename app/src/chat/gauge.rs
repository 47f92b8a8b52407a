//! How full the model's context is, as an estimate: no tokenizer is shipped to the browser.

use crate::model::TurnUsage;

/// Bytes of UTF-8 a token takes, about: four for English, less for code, figures and other languages.
const BYTES_PER_TOKEN: i64 = 4;
/// Percent of the context from which on the person is warned.
pub const WARN_AT: i64 = 80;

/// About so many tokens are in a text.
#[must_use]
pub fn tokens(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX) / BYTES_PER_TOKEN
}

/// What an answer and all before it take in the next prompt, from what its turn used: the input of one of its calls (a
/// turn with tools makes several, each a little longer) and what it wrote.
#[must_use]
pub fn after(usage: &TurnUsage) -> i64 {
    let tokens = &usage.tokens;
    let input = [tokens.input, tokens.cache_read, tokens.cache_write_5m, tokens.cache_write_1h]
        .into_iter()
        .fold(0i64, i64::saturating_add);
    let calls = usage.calls.max(1);
    (input / calls).saturating_add(tokens.output).max(0)
}

/// Percent of a context; `None` when its size is not known or less than one percent is taken.
#[must_use]
pub fn percent(taken: i64, context: i64) -> Option<i64> {
    if context <= 0 {
        return None;
    }
    let percent = taken.max(0).saturating_mul(100) / context;
    (percent > 0).then_some(percent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Quality, Tokens};

    #[test]
    fn a_turn_with_tools_is_not_counted_several_times() {
        let tokens = Tokens { input: 2_000, cache_read: 4_000, cache_write_5m: 0, cache_write_1h: 0, output: 500 };
        let usage = |calls| TurnUsage {
            tokens,
            cost: crate::model::Money(0),
            quality: Quality::Exact,
            calls,
            duration_ms: 1,
            first_token_ms: None,
            tool_ms: 0,
        };
        assert_eq!(after(&usage(1)), 6_500);
        assert_eq!(after(&usage(3)), 2_500);
        assert_eq!(after(&usage(0)), 6_500);
    }

    #[test]
    fn percents_are_whole_and_never_wrong_sized() {
        assert_eq!(percent(1_000, 200_000), None);
        assert_eq!(percent(24_000, 200_000), Some(12));
        assert_eq!(percent(400_000, 200_000), Some(200));
        assert!(percent(i64::MAX, 200_000).is_some());
        assert_eq!(percent(1, 0), None);
        assert_eq!(tokens(4_001), 1_000);
    }
}
