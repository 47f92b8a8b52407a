//! Slows guessing down: every attempt is counted before its password is checked, per account, per address and per pair
//! of both, in the database, so that restarts and replicas count together.
//!
//! After some free attempts each further one doubles the wait up to a limit; attempts are forgotten one by one as time
//! passes. Nobody is locked out for good, and a stranger cannot lock somebody out for longer than the account's small
//! limit; a browser that has signed in before is not held up by strangers at all ([`Buckets::of_device`]). What is refused
//! is not counted.

use std::net::{IpAddr, Ipv6Addr};

use app::model::Timestamp;
use sha2::{Digest, Sha256};

use crate::{
    db::{
        Db,
        throttle::{self, Throttle},
    },
    error::Result,
    world::World,
};

/// By then every counter has drained.
const PURGE_AFTER_MS: i64 = 12 * 3_600_000;

/// How one kind of bucket reacts.
#[derive(Clone, Copy)]
struct Rule {
    /// Attempts without any wait.
    free: i64,
    max_wait_s: i64,
    /// One attempt is forgotten in this time.
    forget_one_ms: i64,
}

/// Somebody trying one account from one place.
const PAIR: Rule = Rule { free: 5, max_wait_s: 900, forget_one_ms: 600_000 };
/// One account from anywhere: strangers share this one with its owner, so the wait stays short.
const ACCOUNT: Rule = Rule { free: 20, max_wait_s: 60, forget_one_ms: 300_000 };
/// One place, any account: offices share an address.
const ADDRESS: Rule = Rule { free: 50, max_wait_s: 900, forget_one_ms: 60_000 };

/// Counted beyond the free attempts at most, so that a long siege is forgotten in bounded time.
const MAX_BEYOND_FREE: i64 = 20;

impl Rule {
    /// The counter with one more attempt.
    fn add(self, before: Throttle, now: Timestamp) -> Throttle {
        // Replicas' clocks differ a little: never negative.
        let elapsed_ms = (now.0 - before.last_attempt_at.0).max(0);
        let drained = elapsed_ms.saturating_mul(1000) / self.forget_one_ms;
        let max_milli = (self.free + MAX_BEYOND_FREE) * 1000;
        let level_milli = (before.level_milli.saturating_sub(drained).max(0) + 1000).min(max_milli);
        // What has only begun to be forgotten still counts.
        let wait_ms = self.wait_ms((level_milli + 999) / 1000);
        let blocked_until = if wait_ms > 0 { Timestamp(now.0 + wait_ms) } else { Timestamp(0) };
        Throttle { level_milli, last_attempt_at: now, blocked_until }
    }

    /// How long to wait after this many attempts: 1, 2, 4 … seconds.
    fn wait_ms(self, attempts: i64) -> i64 {
        let beyond = attempts.saturating_sub(self.free);
        if beyond < 0 {
            return 0;
        }
        let doublings = u32::try_from(beyond).unwrap_or(u32::MAX).min(30);
        (1_i64 << doublings).min(self.max_wait_s) * 1000
    }
}

/// The counters one attempt adds to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Buckets {
    account: String,
    address: String,
    pair: String,
}

/// Too many attempts: when to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blocked {
    pub retry_after_s: u32,
}

impl Buckets {
    /// For signing in. `account`: as typed, so that unknown ones are throttled alike.
    #[must_use]
    pub fn of_sign_in(account: &str, ip: Option<IpAddr>) -> Self {
        let account = account.trim().to_lowercase();
        let address = ip.map_or_else(|| "unknown".to_owned(), network);
        Self {
            account: bucket("account", &account),
            address: bucket("address", &address),
            pair: bucket("pair", &format!("{account}\n{address}")),
        }
    }

    /// For signing in from a browser that has signed in to this account before: its own counters, which nobody else's
    /// attempts fill.
    #[must_use]
    pub fn of_device(device: uuid::Uuid) -> Self {
        let device = device.to_string();
        Self {
            account: bucket("device-account", &device),
            address: bucket("device-address", &device),
            pair: bucket("device-pair", &device),
        }
    }

    /// For confirming the current password of somebody signed in: a stolen session must not guess freely.
    #[must_use]
    pub fn of_confirmation(user: app::model::UserId) -> Self {
        let user = user.to_string();
        Self {
            account: bucket("confirm-account", &user),
            address: bucket("confirm-address", &user),
            pair: bucket("confirm-pair", &user),
        }
    }

    /// Always in this order, so that two attempts cannot wait for each other.
    fn with_rules(&self) -> [(&str, Rule); 3] {
        [(&self.account, ACCOUNT), (&self.address, ADDRESS), (&self.pair, PAIR)]
    }
}

/// The text that is counted is hashed: what a stranger typed is not kept.
fn bucket(kind: &str, text: &str) -> String {
    use std::fmt::Write;
    let mut name = format!("{kind}:");
    for byte in Sha256::digest(text.as_bytes()) {
        let _ = write!(name, "{byte:02x}");
    }
    name
}

/// One subscriber: an IPv4 address, or the /64 of an IPv6 address.
fn network(ip: IpAddr) -> String {
    let ip = ip.to_canonical();
    match ip {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            format!("{}/64", Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

/// Counts an attempt, unless it comes too early.
///
/// # Errors
/// Database errors: no counting, no signing in.
pub async fn count(db: &Db, world: &World, buckets: &Buckets) -> Result<std::result::Result<(), Blocked>> {
    let now = world.now();
    // A refused attempt costs one read and never waits for the writer.
    let mut tx = db.read_directory().await?;
    let names = buckets.with_rules().map(|(name, _)| name);
    let blocked_until = throttle::throttle_blocked_until(&mut tx, names).await?;
    drop(tx);
    if let Some(blocked) = blocked_until.and_then(|until| blocked(now, until)) {
        return Ok(Err(blocked));
    }
    let mut tx = db.begin_directory().await?;
    for (name, rule) in buckets.with_rules() {
        let before = throttle::throttle_lock(&mut tx, name, now).await?;
        if let Some(blocked) = blocked(now, before.blocked_until) {
            return Ok(Err(blocked));
        }
        throttle::throttle_put(&mut tx, name, rule.add(before, now)).await?;
    }
    tx.commit().await?;
    Ok(Ok(()))
}

/// The attempt was right: the account starts afresh, the address gets this one back.
///
/// # Errors
/// Database errors.
pub async fn forgive(tx: &mut crate::db::Tx, buckets: &Buckets) -> Result<()> {
    throttle::throttle_clear(tx, &buckets.account).await?;
    throttle::throttle_refund(tx, &buckets.address).await?;
    throttle::throttle_clear(tx, &buckets.pair).await?;
    Ok(())
}

/// Removes counters nobody needs any more. Returns how many.
///
/// # Errors
/// Database errors.
pub async fn purge(db: &Db, world: &World) -> Result<u64> {
    let mut tx = db.begin_directory().await?;
    let removed = throttle::throttle_purge(&mut tx, Timestamp(world.now().0 - PURGE_AFTER_MS)).await?;
    tx.commit().await?;
    Ok(removed)
}

fn blocked(now: Timestamp, until: Timestamp) -> Option<Blocked> {
    let left_ms = until.0 - now.0;
    if left_ms <= 0 {
        return None;
    }
    let seconds = (left_ms + 999) / 1000;
    Some(Blocked { retry_after_s: u32::try_from(seconds).unwrap_or(u32::MAX) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_limit() {
        let waits: Vec<i64> = (1..=9).map(|attempts| PAIR.wait_ms(attempts) / 1000).collect();
        assert_eq!(waits, [0, 0, 0, 0, 1, 2, 4, 8, 16]);
        assert_eq!(PAIR.wait_ms(i64::MAX), 900_000);
        assert_eq!(ACCOUNT.wait_ms(1_000), 60_000, "strangers cannot lock an account for long");
    }

    #[test]
    fn one_subscriber_is_one_address() {
        let of = |text: &str| network(text.parse().expect("an address"));
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.7"), of("192.0.2.7"), "a mapped address is the same subscriber");
        assert_ne!(of("192.0.2.7"), of("192.0.2.8"));
    }

    #[test]
    fn how_an_account_is_written_does_not_matter_and_is_not_kept() {
        let ip = Some("192.0.2.7".parse().expect("an address"));
        assert_eq!(Buckets::of_sign_in(" Ana@prs.example", ip), Buckets::of_sign_in("ana@PRS.example ", ip));
        assert!(!format!("{:?}", Buckets::of_sign_in("ana@prs.example", ip)).contains("ana"));
    }

    #[test]
    fn attempts_are_forgotten_one_by_one() {
        let empty = Throttle { level_milli: 0, last_attempt_at: Timestamp(0), blocked_until: Timestamp(0) };
        let mut counter = empty;
        for _ in 0..100 {
            counter = PAIR.add(counter, Timestamp(0));
        }
        assert_eq!(counter.level_milli, 25_000, "a siege is not counted without end");
        let later = PAIR.add(counter, Timestamp(20 * 600_000));
        assert_eq!((later.level_milli / 1000, later.blocked_until.0 - later.last_attempt_at.0), (6, 2000));
        let much_later = PAIR.add(counter, Timestamp(PURGE_AFTER_MS));
        assert_eq!(much_later, PAIR.add(empty, Timestamp(PURGE_AFTER_MS)), "what is purged had drained");
        let behind = PAIR.add(counter, Timestamp(-5000));
        assert_eq!(behind.level_milli, 25_000, "another replica's clock is behind");
    }

    #[test]
    fn an_office_that_mistypes_now_and_then_never_waits() {
        let mut counter = Throttle { level_milli: 0, last_attempt_at: Timestamp(0), blocked_until: Timestamp(0) };
        for minute in 0..10_000 {
            counter = ADDRESS.add(counter, Timestamp(minute * 60_000));
            assert_eq!(counter.blocked_until, Timestamp(0));
        }
    }

    proptest::proptest! {
        #[test]
        fn a_wait_is_bounded_and_never_shrinks(attempts in 0i64..10_000) {
            for rule in [PAIR, ACCOUNT, ADDRESS] {
                let (now, next) = (rule.wait_ms(attempts), rule.wait_ms(attempts + 1));
                proptest::prop_assert!(now <= next && next <= rule.max_wait_s * 1000);
            }
        }
    }
}
