//! Slows guessing down: every attempt is counted before its password is checked, per account, per address and per pair
//! of both, in the database, so that restarts and replicas count together.
//!
//! After some free attempts each further one doubles the wait up to a limit; nobody is locked out for good, and a
//! stranger cannot lock somebody out for longer than the account's small limit. What is refused is not counted.

use std::net::{IpAddr, Ipv6Addr};

use app::model::Timestamp;
use sha2::{Digest, Sha256};

use crate::{
    db::{Db, throttle},
    error::Result,
    world::World,
};

/// Attempts are forgotten when none came for this long.
const FORGET_AFTER_MS: i64 = 12 * 3_600_000;

/// How one kind of bucket reacts.
#[derive(Clone, Copy)]
struct Rule {
    /// Attempts without any wait.
    free: i64,
    max_wait_s: i64,
}

/// Somebody trying one account from one place.
const PAIR: Rule = Rule { free: 5, max_wait_s: 900 };
/// One account from anywhere: strangers share this one with its owner, so the wait stays short.
const ACCOUNT: Rule = Rule { free: 20, max_wait_s: 60 };
/// One place, any account: offices share an address.
const ADDRESS: Rule = Rule { free: 50, max_wait_s: 900 };

impl Rule {
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
    let forget_before = Timestamp(now.0 - FORGET_AFTER_MS);
    for (name, rule) in buckets.with_rules() {
        let (attempts, blocked_until) = throttle::throttle_add(&mut tx, name, now, forget_before).await?;
        if let Some(blocked) = blocked(now, blocked_until) {
            return Ok(Err(blocked));
        }
        let wait_ms = rule.wait_ms(attempts);
        if wait_ms > 0 {
            throttle::throttle_block(&mut tx, name, Timestamp(now.0 + wait_ms)).await?;
        }
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
    let removed = throttle::throttle_purge(&mut tx, Timestamp(world.now().0 - FORGET_AFTER_MS)).await?;
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
