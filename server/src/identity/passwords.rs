//! Hashing and verifying passwords: argon2id for everybody, bcrypt only to verify hashes that were imported.
//!
//! What must hold: stored hashes are untrusted text (they may have been imported), so nothing here panics on one or lets
//! it choose how much memory or time is spent; the work runs beside the async threads, a bounded number at a time.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version, password_hash::phc::PasswordHash};
use tokio::sync::Semaphore;

use super::password_policy::MAX_BYTES;
use crate::{
    error::{Error, Result},
    world::World,
};

/// OWASP Password Storage Cheat Sheet, argon2id: m = 19 MiB, t = 2, p = 1.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// The most an imported argon2 hash may ask for.
const MAX_MEMORY_KIB: u32 = 262_144;
const MAX_PASSES: u32 = 10;
const MAX_LANES: u32 = 4;
/// The most an imported bcrypt hash may ask for: each step doubles the time, 14 takes about a second.
const MAX_BCRYPT_COST: u32 = 14;

/// More than this many waiting: refused at once, so that a flood of sign-ins cannot queue without end.
const MAX_WAITING: usize = 64;
const MAX_WAIT: Duration = Duration::from_secs(5);

/// The outcome of checking a password against a stored hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Wrong,
    Right,
    /// Right, and the stored hash is not of today's kind: replace it.
    RightButOld,
}

/// The password hasher. Cheap to clone; clones share their bounds.
#[derive(Clone)]
pub struct Passwords {
    world: World,
    /// How many hash at the same time: each takes 19 MiB.
    running: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    /// Verified against when there is no such person, so that it takes as long.
    dummy: Arc<str>,
    computed: Arc<AtomicU64>,
}

impl Passwords {
    /// `parallel`: hashes computed at the same time, at least 2; the number of cores is right.
    ///
    /// # Errors
    /// [`Error::Internal`] when hashing does not work at all.
    pub fn new(world: &World, parallel: usize) -> Result<Self> {
        let dummy = hash_now(&world.bytes::<16>(), &world.bytes::<16>())?;
        Ok(Self {
            world: world.clone(),
            running: Arc::new(Semaphore::new(parallel.max(2))),
            waiting: Arc::new(Semaphore::new(MAX_WAITING)),
            dummy: dummy.into(),
            computed: Arc::new(AtomicU64::new(0)),
        })
    }

    /// A PHC string with today's parameters and a fresh salt. The policy was checked before.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when too many are waiting.
    pub async fn hash(&self, password: &str) -> Result<String> {
        let (password, salt) = (password.to_owned(), self.world.bytes::<16>());
        self.run(move || hash_now(password.as_bytes(), &salt)).await?
    }

    /// Checks a password. `stored`: `None` when there is no such person or no password; then a dummy is checked, which
    /// takes as long and is never right.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when too many are waiting.
    pub async fn verify(&self, password: &str, stored: Option<&str>) -> Result<Verdict> {
        let is_real = stored.is_some();
        let stored = stored.unwrap_or(&self.dummy).to_owned();
        // Nothing longer was ever accepted; all the same it must not cost more.
        let password = if password.len() > MAX_BYTES { String::new() } else { password.to_owned() };
        let verdict = self.run(move || verify_now(password.as_bytes(), &stored)).await?;
        Ok(if is_real { verdict } else { Verdict::Wrong })
    }

    /// How many hashes were computed so far, dummies included.
    #[must_use]
    pub fn computed(&self) -> u64 {
        self.computed.load(Ordering::Relaxed)
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let busy = || Error::Unavailable("too many passwords are being checked".to_owned());
        let _place = self.waiting.try_acquire().map_err(|_| busy())?;
        let permit = tokio::time::timeout(MAX_WAIT, Arc::clone(&self.running).acquire_owned())
            .await
            .map_err(|_| busy())?
            .map_err(Error::internal)?;
        let computed = Arc::clone(&self.computed);
        let done = tokio::task::spawn_blocking(move || {
            // Held until the work ends, even when the request that asked for it is gone.
            let _permit = permit;
            computed.fetch_add(1, Ordering::Relaxed);
            work()
        });
        done.await.map_err(Error::internal)
    }
}

fn hasher() -> Result<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|e| Error::internal(e.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash_now(password: &[u8], salt: &[u8; 16]) -> Result<String> {
    let hash =
        hasher()?.hash_password_with_salt(password, salt).map_err(|e| Error::internal(format!("argon2: {e}")))?;
    Ok(hash.to_string())
}

/// An unreadable or unreasonable hash is never right.
fn verify_now(password: &[u8], stored: &str) -> Verdict {
    let is_bcrypt = ["$2a$", "$2b$", "$2y$"].iter().any(|prefix| stored.starts_with(prefix));
    if is_bcrypt { verify_bcrypt(password, stored) } else { verify_argon2(password, stored) }
}

fn verify_bcrypt(password: &[u8], stored: &str) -> Verdict {
    let Ok(parts) = stored.parse::<bcrypt::HashParts>() else { return Verdict::Wrong };
    // To bcrypt a NUL ends the password; what follows it would not count.
    if parts.get_cost() > MAX_BCRYPT_COST || password.contains(&0) {
        return Verdict::Wrong;
    }
    match bcrypt::verify(password, stored) {
        Ok(true) => Verdict::RightButOld,
        Ok(false) | Err(_) => Verdict::Wrong,
    }
}

fn verify_argon2(password: &[u8], stored: &str) -> Verdict {
    let Ok(hash) = PasswordHash::new(stored) else { return Verdict::Wrong };
    let Ok(params) = Params::try_from(&hash) else { return Verdict::Wrong };
    let is_reasonable =
        params.m_cost() <= MAX_MEMORY_KIB && params.t_cost() <= MAX_PASSES && params.p_cost() <= MAX_LANES;
    let Ok(argon2) = hasher() else { return Verdict::Wrong };
    if !is_reasonable || argon2.verify_password(password, &hash).is_err() {
        return Verdict::Wrong;
    }
    let is_current = hash.algorithm.as_str() == "argon2id"
        && (params.m_cost(), params.t_cost(), params.p_cost()) == (MEMORY_KIB, PASSES, LANES);
    if is_current { Verdict::Right } else { Verdict::RightButOld }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// bcrypt 2b, cost 4, of "legacy password".
    fn legacy(prefix: &str) -> String {
        let hash = bcrypt::hash_with_salt("legacy password", 4, [7; 16]).expect("a hash");
        let version = match prefix {
            "2a" => bcrypt::Version::TwoA,
            "2y" => bcrypt::Version::TwoY,
            _ => bcrypt::Version::TwoB,
        };
        hash.format_for_version(version)
    }

    #[tokio::test]
    async fn a_hash_knows_its_password_only() {
        let passwords = Passwords::new(&World::real(), 2).expect("hashing works");
        let hash = passwords.hash("mosaic tundra fiddle").await.expect("a hash");
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_eq!(passwords.verify("mosaic tundra fiddle", Some(&hash)).await.expect("checked"), Verdict::Right);
        assert_eq!(passwords.verify("mosaic tundra fiddlE", Some(&hash)).await.expect("checked"), Verdict::Wrong);
        assert_eq!(passwords.verify("", Some(&hash)).await.expect("checked"), Verdict::Wrong);
        let huge = "x".repeat(1_000_000);
        assert_eq!(passwords.verify(&huge, Some(&hash)).await.expect("checked"), Verdict::Wrong);
    }

    #[tokio::test]
    async fn an_unknown_person_costs_as_many_hashes_as_a_wrong_password() {
        let passwords = Passwords::new(&World::real(), 2).expect("hashing works");
        let hash = passwords.hash("mosaic tundra fiddle").await.expect("a hash");
        let before = passwords.computed();
        passwords.verify("wrong", Some(&hash)).await.expect("checked");
        assert_eq!(passwords.computed() - before, 1);
        passwords.verify("wrong", None).await.expect("checked");
        assert_eq!(passwords.computed() - before, 2);
    }

    #[test]
    fn legacy_hashes_are_verified_and_marked_old() {
        for prefix in ["2a", "2b", "2y"] {
            let stored = legacy(prefix);
            assert!(stored.starts_with(&format!("${prefix}$")));
            assert_eq!(verify_now(b"legacy password", &stored), Verdict::RightButOld, "{prefix}");
            assert_eq!(verify_now(b"legacy passworD", &stored), Verdict::Wrong);
            assert_eq!(verify_now(b"legacy password\0", &stored), Verdict::Wrong);
        }
        let weak = Params::new(8, 1, 1, None).expect("parameters");
        let weak = Argon2::new(Algorithm::Argon2id, Version::V0x13, weak);
        let weak = weak.hash_password_with_salt(b"p", &[1; 16]).expect("a hash").to_string();
        assert_eq!(verify_now(b"p", &weak), Verdict::RightButOld, "weaker parameters are replaced, too");
    }

    #[test]
    fn a_hash_cannot_choose_the_price() {
        let dear = legacy("2b").replacen("$04$", "$31$", 1);
        assert_eq!(verify_now(b"legacy password", &dear), Verdict::Wrong);
        let salt_and_hash = "$c29tZXNhbHRzb21lc2FsdA$b7Gxl6sWBe5PgVRWSFqZPYDQ1PqBfUfRr4tPBGdzgDw";
        for params in ["m=4194304,t=2,p=1", "m=19456,t=4000000,p=1", "m=19456,t=2,p=200"] {
            assert_eq!(verify_now(b"p", &format!("$argon2id$v=19${params}{salt_and_hash}")), Verdict::Wrong);
        }
    }

    proptest::proptest! {
        #[test]
        fn no_stored_text_breaks_it(text in "(\\$2[aby]\\$0[0-9]\\$|\\$argon2id\\$|\\$argon2id\\$v=19\\$m=8,t=1,p=1\\$)?\\PC{0,80}") {
            proptest::prop_assert_eq!(verify_now(b"password", &text), Verdict::Wrong);
        }
    }
}
