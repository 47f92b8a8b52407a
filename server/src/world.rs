//! Time and randomness, passed in: nothing else in the server reads a clock or makes an id.
//!
//! Tests use [`World::mock`], whose clock stands still until it is told to move.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use app::model::Timestamp;
use uuid::Uuid;

/// Where the time comes from.
pub trait Clock: Send + Sync + 'static {
    /// Wall time, milliseconds since the Unix epoch.
    fn now(&self) -> Timestamp;
}

/// The clock and the source of randomness of a running server. Cheap to clone.
#[derive(Clone)]
pub struct World {
    clock: Arc<dyn Clock>,
}

struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the system's clock")]
    fn now(&self) -> Timestamp {
        Timestamp(chrono::Utc::now().timestamp_millis())
    }
}

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct MockClock(AtomicI64);

impl MockClock {
    #[must_use]
    pub fn at(now: Timestamp) -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(now.0)))
    }
    pub fn advance_ms(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.0, Ordering::SeqCst);
    }
}

impl Clock for MockClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

impl World {
    /// The real one.
    #[must_use]
    pub fn real() -> Self {
        Self { clock: Arc::new(SystemClock) }
    }

    /// One whose time the test owns; ids and random bytes stay random.
    #[must_use]
    pub fn mock(clock: Arc<MockClock>) -> Self {
        Self { clock }
    }

    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A fresh UUIDv7 (RFC 9562) of any id type. Its time is this world's, so ids sort by creation.
    #[must_use]
    pub fn id<T: From<Uuid>>(&self) -> T {
        let ms = u64::try_from(self.now().0).unwrap_or(0);
        T::from(uuid::Builder::from_unix_timestamp_millis(ms, &self.bytes::<10>()).into_uuid())
    }

    /// Random bytes from the operating system.
    ///
    /// # Panics
    /// When the operating system has no randomness to give: nothing safe can follow.
    #[must_use]
    #[expect(
        clippy::expect_used,
        clippy::disallowed_methods,
        reason = "the one source of randomness; without it nothing safe can follow"
    )]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        getrandom::fill(&mut bytes).expect("the operating system gives no randomness");
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use app::model::TurnId;

    #[test]
    fn ids_sort_by_the_worlds_time() {
        let clock = MockClock::at(Timestamp(1_700_000_000_000));
        let world = World::mock(clock.clone());
        let first: TurnId = world.id();
        clock.advance_ms(1);
        let second: TurnId = world.id();
        assert!(first < second);
        assert_ne!(world.id::<TurnId>(), world.id::<TurnId>());
    }
}
