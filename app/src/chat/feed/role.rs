//! Who of the browser's tabs holds the stream, and when a tab must act: pure, so that it can be tested.

use std::time::Duration;

use crate::model::Timestamp;

/// How often a tab looks after its stream, and a leader says that it lives.
pub const LOOK_EVERY: Duration = Duration::from_secs(5);
/// A leader that has said nothing for so long is frozen or gone.
const STALE_MS: i64 = 12_000;
/// A stream that brought nothing for so long, not even a beat (every 15 s), is dead.
const DEAD_MS: i64 = 40_000;
/// Looking this much too late means that this tab itself was frozen or asleep.
const ASLEEP_MS: i64 = 10_000;

/// A tab's part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// Another tab has the stream, or will have.
    #[default]
    Waiting,
    /// This tab has it, and tells the others.
    Leading,
    /// This browser cannot share it.
    Alone,
}

/// What a tab sees when it looks.
#[derive(Clone, Copy, Debug)]
pub struct Sight {
    pub role: Role,
    pub now: Timestamp,
    pub looked_before: Timestamp,
    /// When the stream (the leader, for one who waits) was heard last.
    pub heard_at: Timestamp,
    pub is_hidden: bool,
}

/// What it does then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Nothing,
    /// Tell the others that the leader lives.
    Beat,
    /// The line is dead: open it again.
    Reopen,
    /// Take the lead from a leader that says nothing.
    TakeOver,
    /// Just awake: what was not heard meanwhile says nothing about the leader.
    WaitAgain,
}

/// The rule.
#[must_use]
pub fn look(sight: Sight) -> Step {
    let silent_ms = sight.now.0 - sight.heard_at.0;
    match sight.role {
        Role::Leading | Role::Alone if silent_ms > DEAD_MS => Step::Reopen,
        Role::Leading => Step::Beat,
        Role::Alone => Step::Nothing,
        Role::Waiting if silent_ms <= STALE_MS => Step::Nothing,
        Role::Waiting if sight.now.0 - sight.looked_before.0 > ASLEEP_MS => Step::WaitAgain,
        // Nobody looks at it; and its timers are late.
        Role::Waiting if sight.is_hidden => Step::Nothing,
        Role::Waiting => Step::TakeOver,
    }
}

/// The pause before the stream is opened again, after so many failures in a row (at least one): 0.5, 1, 2, 4, 8, 15 and
/// then always 30 seconds.
#[must_use]
pub fn pause(failures: u32) -> Duration {
    Duration::from_millis(match failures {
        0..=5 => 250 << failures.max(1),
        6 => 15_000,
        _ => 30_000,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sight(role: Role, silent_ms: i64) -> Sight {
        let now = Timestamp(1_000_000);
        let (looked_before, heard_at) = (Timestamp(now.0 - 5_000), Timestamp(now.0 - silent_ms));
        Sight { role, now, looked_before, heard_at, is_hidden: false }
    }

    #[test]
    fn a_leader_that_says_nothing_is_replaced_by_a_tab_somebody_looks_at() {
        assert_eq!(look(sight(Role::Waiting, 5_000)), Step::Nothing);
        assert_eq!(look(sight(Role::Waiting, 12_001)), Step::TakeOver);
        assert_eq!(look(Sight { is_hidden: true, ..sight(Role::Waiting, 60_000) }), Step::Nothing);
        let asleep = Sight { looked_before: Timestamp(0), ..sight(Role::Waiting, 900_000) };
        assert_eq!(look(asleep), Step::WaitAgain, "the leader slept as well");
    }

    #[test]
    fn a_dead_line_is_opened_again() {
        assert_eq!(look(sight(Role::Leading, 16_000)), Step::Beat);
        assert_eq!(look(sight(Role::Alone, 16_000)), Step::Nothing);
        for role in [Role::Leading, Role::Alone] {
            assert_eq!(look(sight(role, 40_001)), Step::Reopen);
            let asleep = Sight { looked_before: Timestamp(0), ..sight(role, 900_000) };
            assert_eq!(look(asleep), Step::Reopen);
        }
    }

    #[test]
    fn pauses_grow_and_never_end() {
        let steps: Vec<u64> = (1..9).map(|n| u64::try_from(pause(n).as_millis()).unwrap()).collect();
        assert_eq!(steps, [500, 1_000, 2_000, 4_000, 8_000, 15_000, 30_000, 30_000]);
        assert_eq!(pause(0), Duration::from_millis(500));
        assert_eq!(pause(u32::MAX), Duration::from_secs(30));
    }
}
