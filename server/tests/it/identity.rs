//! People, sessions, tokens and throttling below HTTP, on both engines.

use std::time::Duration;

use app::{
    backend::Caller,
    model::{DisplayName, PasswordChange, Role, Theme, UserId},
};
use server::{
    db::{
        SystemReason,
        auth_event::auth_event_list,
        tenant::membership_put,
        user::{user_find_by_email, user_insert, user_set_disabled},
    },
    error::Error,
    identity::{
        self, AuthConfig, AuthState, Origin, sessions,
        sign_in::{self, Credentials, SignInError},
        throttle,
    },
};

use crate::support::db::{TestDb, db_test};

pub const EMAIL: &str = "ana@prs.example";
pub const PASSWORD: &str = "mosaic tundra fiddle";
const MINUTE_MS: i64 = 60_000;

pub async fn auth_state(t: &TestDb) -> AuthState {
    let config = AuthConfig {
        origin: "https://steward.example".into(),
        secure_cookies: true,
        css_href: "/pkg/steward.css".into(),
    };
    let auth = AuthState::new(t.db.clone(), t.world.clone(), config).await.expect("keys and hashing work");
    AuthState { refusal_floor: Duration::ZERO, ..auth }
}

/// A person with a password hash, in no tenant.
pub async fn person(t: &TestDb, email: &str, hash: Option<&str>) -> UserId {
    let user: UserId = t.world.id();
    let mut tx = t.db.begin_directory().await.expect("a transaction");
    user_insert(&mut tx, user, email, "Ana Wijaya", hash, t.world.now()).await.expect("a person");
    tx.commit().await.expect("a commit");
    user
}

/// [`EMAIL`] with [`PASSWORD`], in no tenant.
pub async fn ana(t: &TestDb, auth: &AuthState) -> UserId {
    let hash = auth.passwords.hash(PASSWORD).await.expect("a hash");
    person(t, EMAIL, Some(&hash)).await
}

/// Adds a person to a new tenant.
pub async fn join(t: &TestDb, user: UserId, code: &str, role: Role) {
    let tenant = t.scope(code, Role::Member).await.tenant();
    let mut tx = t.db.begin_system(SystemReason::Administration).await.expect("a transaction");
    membership_put(&mut tx, tenant, user, role, t.world.now()).await.expect("a membership");
    tx.commit(t.world.id(), t.world.now(), "test").await.expect("a commit");
}

pub fn from(ip: &str) -> Origin {
    Origin {
        ip: Some(ip.parse().expect("an address")),
        user_agent: "Firefox/140.0 Linux".into(),
        request_id: "r".into(),
        device: None,
    }
}

async fn sign_in(auth: &AuthState, email: &str, password: &str) -> Result<sign_in::BrowserSession, SignInError> {
    sign_in::browser(auth, Credentials { email, password }, &from("192.0.2.7"), None).await
}

async fn caller(auth: &AuthState, cookie: &identity::Secret) -> Option<Caller> {
    let session = sessions::of_cookie(auth, &cookie.reveal()).await.expect("the store answers")?;
    Some(Caller { user: session.user, session: session.id, request_id: "r".into() })
}

async fn stored_hash(t: &TestDb, email: &str) -> String {
    let mut tx = t.db.read_directory().await.expect("a transaction");
    let user = user_find_by_email(&mut tx, email).await.expect("the store answers").expect("a person");
    user.password_hash.expect("a hash")
}

/// By name.
pub async fn events(t: &TestDb, user: UserId) -> Vec<String> {
    let mut tx = t.db.read_directory().await.expect("a transaction");
    let mut events = auth_event_list(&mut tx, user).await.expect("events");
    // The clock stands still, so their order says nothing.
    events.sort();
    events
}

db_test! {
    async fn a_person_signs_in_and_out(t: TestDb) {
        let auth = auth_state(&t).await;
        let user = ana(&t, &auth).await;
        let session = sign_in(&auth, " ANA@prs.example ", PASSWORD).await.expect("signed in");
        let caller = caller(&auth, &session.cookie).await.expect("a live session");
        assert_eq!(caller.user, user);
        assert!(sessions::is_live(&t.db, &t.world, &caller).await.expect("answers"));
        sign_in::out(&auth, &caller, &from("192.0.2.7")).await.expect("signed out");
        assert!(!sessions::is_live(&t.db, &t.world, &caller).await.expect("answers"));
        assert!(sessions::of_cookie(&auth, &session.cookie.reveal()).await.expect("answers").is_none());
        assert_eq!(events(&t, user).await, ["signed_in", "signed_out"]);
    }

    async fn unknown_wrong_disabled_and_without_password_are_the_same(t: TestDb) {
        let auth = auth_state(&t).await;
        let user = ana(&t, &auth).await;
        person(&t, "sso@prs.example", None).await;
        let hash = auth.passwords.hash(PASSWORD).await.expect("a hash");
        let disabled = person(&t, "gone@prs.example", Some(&hash)).await;
        let mut tx = t.db.begin_system(SystemReason::Administration).await.expect("a transaction");
        user_set_disabled(&mut tx, disabled, true).await.expect("disabled");
        tx.commit(t.world.id(), t.world.now(), "test").await.expect("a commit");
        let tries = [
            (EMAIL, "wrong"), ("nobody@prs.example", PASSWORD), ("sso@prs.example", PASSWORD), ("gone@prs.example", PASSWORD),
            ("not an address", PASSWORD), ("ana@prs.example\0", PASSWORD), ("ana\u{202E}@prs.example", PASSWORD), (EMAIL, "\0"),
        ];
        for (email, password) in tries {
            let before = auth.passwords.computed();
            let refused = sign_in(&auth, email, password).await;
            assert!(matches!(refused, Err(SignInError::Wrong)), "{email:?}");
            assert_eq!(auth.passwords.computed() - before, 1, "one hash each, so the same time: {email:?}");
        }
        assert_eq!(events(&t, user).await, ["sign_in_refused", "sign_in_refused"]);
    }

    async fn a_disabled_person_is_out_at_once(t: TestDb) {
        let auth = auth_state(&t).await;
        let user = ana(&t, &auth).await;
        let session = sign_in(&auth, EMAIL, PASSWORD).await.expect("signed in");
        let mut tx = t.db.begin_system(SystemReason::Administration).await.expect("a transaction");
        user_set_disabled(&mut tx, user, true).await.expect("disabled");
        tx.commit(t.world.id(), t.world.now(), "test").await.expect("a commit");
        assert!(caller(&auth, &session.cookie).await.is_none());
    }

    async fn a_legacy_hash_is_upgraded_by_the_first_sign_in(t: TestDb) {
        let auth = auth_state(&t).await;
        let legacy = "$2a$04$B.6PNTEfO3D2/0KpN8vYuOHcR/Xu1NoQH1Q3tSCEnN9jSH4nOv4Hq";
        person(&t, "old@prs.example", Some(legacy)).await;
        assert!(matches!(sign_in(&auth, "old@prs.example", "wrong").await, Err(SignInError::Wrong)));
        let hash = bcrypt_hash("legacy password");
        person(&t, EMAIL, Some(&hash)).await;
        assert!(matches!(sign_in(&auth, EMAIL, "wrong").await, Err(SignInError::Wrong)));
        assert_eq!(stored_hash(&t, EMAIL).await, hash, "a wrong password changes nothing");
        sign_in(&auth, EMAIL, "legacy password").await.expect("signed in");
        let upgraded = stored_hash(&t, EMAIL).await;
        assert!(upgraded.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{upgraded}");
        sign_in(&auth, EMAIL, "legacy password").await.expect("signed in with the new hash");
        assert_eq!(stored_hash(&t, EMAIL).await, upgraded);
    }

    async fn a_session_ends_when_idle_and_after_thirty_days(t: TestDb) {
        let auth = auth_state(&t).await;
        ana(&t, &auth).await;
        let idle = sign_in(&auth, EMAIL, PASSWORD).await.expect("signed in");
        t.clock.advance_ms(sessions::IDLE_MS - 1);
        assert!(caller(&auth, &idle.cookie).await.is_some(), "used just in time, which is noted");
        t.clock.advance_ms(sessions::IDLE_MS);
        assert!(caller(&auth, &idle.cookie).await.is_none());
        let busy = sign_in(&auth, EMAIL, PASSWORD).await.expect("signed in");
        for _ in 0..sessions::ABSOLUTE_MS / (6 * 60 * MINUTE_MS) - 1 {
            t.clock.advance_ms(6 * 60 * MINUTE_MS);
            assert!(caller(&auth, &busy.cookie).await.is_some());
        }
        t.clock.advance_ms(6 * 60 * MINUTE_MS);
        assert!(caller(&auth, &busy.cookie).await.is_none(), "never idle, but thirty days are over");
        assert_eq!(sessions::purge(&t.db, &t.world).await.expect("purged"), 2);
        assert_eq!(sessions::purge(&t.db, &t.world).await.expect("purged"), 0);
    }

    async fn use_is_noted_once_a_minute(t: TestDb) {
        let auth = auth_state(&t).await;
        ana(&t, &auth).await;
        let session = sign_in(&auth, EMAIL, PASSWORD).await.expect("signed in");
        let me = caller(&auth, &session.cookie).await.expect("live");
        let last_seen = async || identity::list_sessions(&t.db, &t.world, &me).await.expect("a list")[0].last_seen_at;
        let start = t.world.now();
        t.clock.advance_ms(MINUTE_MS - 1);
        caller(&auth, &session.cookie).await.expect("live");
        assert_eq!(last_seen().await, start);
        t.clock.advance_ms(1);
        caller(&auth, &session.cookie).await.expect("live");
        assert_eq!(last_seen().await, t.world.now());
    }

    async fn signing_in_again_replaces_the_browsers_session(t: TestDb) {
        let auth = auth_state(&t).await;
        ana(&t, &auth).await;
        let first = sign_in(&auth, EMAIL, PASSWORD).await.expect("signed in");
        let old = caller(&auth, &first.cookie).await.expect("live");
        let credentials = Credentials { email: EMAIL, password: PASSWORD };
        let second = sign_in::browser(&auth, credentials, &from("192.0.2.7"), Some(&old)).await.expect("signed in");
        assert!(caller(&auth, &first.cookie).await.is_none());
        assert_ne!(caller(&auth, &second.cookie).await.expect("live").session, old.session);
    }

    async fn people_see_and_end_only_their_own_sessions(t: TestDb) {
        let auth = auth_state(&t).await;
        ana(&t, &auth).await;
        let hash = auth.passwords.hash(PASSWORD).await.expect("a hash");
        person(&t, "budi@iop.example", Some(&hash)).await;
        let here = sign_in(&auth, EMAIL, PASSWORD).await.expect("signed in");
        let there = sign_in(&auth, EMAIL, PASSWORD).await.expect("signed in");
        let budis = sign_in(&auth, "budi@iop.example", PASSWORD).await.expect("signed in");
        let me = caller(&auth, &here.cookie).await.expect("live");
        let budi = caller(&auth, &budis.cookie).await.expect("live");
        let list = identity::list_sessions(&t.db, &t.world, &me).await.expect("a list");
        assert_eq!(list.len(), 2);
        assert_eq!(list.iter().filter(|s| s.current).map(|s| s.id).collect::<Vec<_>>(), [me.session]);
        assert_eq!((list[0].device.as_str(), list[0].ip.as_str()), ("Firefox on Linux", "192.0.2.7"));
        let foreign = identity::end_session(&t.db, &t.world, &me, budi.session).await;
        assert!(matches!(foreign, Err(Error::NotFound)));
        let unknown = identity::end_session(&t.db, &t.world, &me, t.world.id()).await;
        assert!(matches!(unknown, Err(Error::NotFound)));
        let other = caller(&auth, &there.cookie).await.expect("live");
        identity::end_session(&t.db, &t.world, &me, other.session).await.expect("ended");
        assert!(caller(&auth, &there.cookie).await.is_none());
        assert!(caller(&auth, &budis.cookie).await.is_some());
    }

    async fn a_changed_password_ends_the_other_sessions(t: TestDb) {
        let auth = auth_state(&t).await;
        ana(&t, &auth).await;
        let here = sign_in(&auth, EMAIL, PASSWORD).await.expect("signed in");
        let there = sign_in(&auth, EMAIL, PASSWORD).await.expect("signed in");
        let me = caller(&auth, &here.cookie).await.expect("live");
        let change = |current: &str, new: &str| PasswordChange { current: current.into(), new: new.into() };
        for (current, new, field) in [
            ("wrong", "another tundra mosaic", "current"), ("", "another tundra mosaic", "current"), (PASSWORD, PASSWORD, "new"),
            (PASSWORD, "short", "new"), (PASSWORD, "ana@prs.example", "new"), (PASSWORD, "", "new"),
        ] {
            let refused = identity::change_password(&auth, &me, &change(current, new)).await;
            t.clock.advance_ms(MINUTE_MS);
            assert!(matches!(refused, Err(Error::Invalid { field: f, .. }) if f == field), "{new:?}: {refused:?}");
        }
        assert!(caller(&auth, &there.cookie).await.is_some(), "nothing happened yet");
        identity::change_password(&auth, &me, &change(PASSWORD, "another tundra mosaic")).await.expect("changed");
        assert!(caller(&auth, &here.cookie).await.is_some());
        assert!(caller(&auth, &there.cookie).await.is_none());
        assert!(matches!(sign_in(&auth, EMAIL, PASSWORD).await, Err(SignInError::Wrong)));
        sign_in(&auth, EMAIL, "another tundra mosaic").await.expect("signed in");
    }

    async fn the_old_password_does_not_sign_in_after_the_change(t: TestDb) {
        let auth = auth_state(&t).await;
        let user = ana(&t, &auth).await;
        let session = sign_in(&auth, EMAIL, PASSWORD).await.expect("signed in");
        let me = caller(&auth, &session.cookie).await.expect("a live session");
        let old = Credentials { email: EMAIL, password: PASSWORD };
        // The password is right; before the session is made, it is changed.
        let proven = sign_in::prove(&auth, old, &from("203.0.113.66")).await.expect("the right password, still");
        let change = PasswordChange { current: PASSWORD.into(), new: "gravel lantern orbit sixteen".into() };
        identity::change_password(&auth, &me, &change).await.expect("changed");
        let late = sign_in::browser_of(&auth, proven, &from("203.0.113.66"), None).await;
        assert!(matches!(late, Err(SignInError::Wrong)), "no session outlives the change");
        assert_eq!(identity::list_sessions(&t.db, &t.world, &me).await.expect("a list").len(), 1, "only her own");

        let new = Credentials { password: "gravel lantern orbit sixteen", ..old };
        let proven = sign_in::prove(&auth, new, &from("192.0.2.7")).await.expect("the right password");
        let mut tx = t.db.begin_system(SystemReason::Administration).await.expect("a transaction");
        user_set_disabled(&mut tx, user, true).await.expect("disabled");
        tx.commit(t.world.id(), t.world.now(), "test").await.expect("a commit");
        let late = sign_in::browser_of(&auth, proven, &from("192.0.2.7"), None).await;
        assert!(matches!(late, Err(SignInError::Wrong)), "nor does one begin for who is disabled");
    }

    async fn two_first_sign_ins_at_once_upgrade_a_legacy_hash(t: TestDb) {
        let auth = auth_state(&t).await;
        person(&t, EMAIL, Some(&bcrypt_hash("legacy password"))).await;
        let credentials = Credentials { email: EMAIL, password: "legacy password" };
        let one = sign_in::prove(&auth, credentials, &from("192.0.2.7")).await.expect("the right password");
        let two = sign_in::prove(&auth, credentials, &from("192.0.2.8")).await.expect("the right password");
        sign_in::browser_of(&auth, one, &from("192.0.2.7"), None).await.expect("signed in");
        sign_in::browser_of(&auth, two, &from("192.0.2.8"), None).await.expect("signed in, too");
        assert!(stored_hash(&t, EMAIL).await.starts_with("$argon2id$"));
    }

    async fn a_stolen_session_cannot_guess_the_password(t: TestDb) {
        let auth = auth_state(&t).await;
        ana(&t, &auth).await;
        let session = sign_in(&auth, EMAIL, PASSWORD).await.expect("signed in");
        let me = caller(&auth, &session.cookie).await.expect("live");
        let guess = PasswordChange { current: "wrong".into(), new: "another tundra mosaic".into() };
        for _ in 0..5 {
            assert!(matches!(identity::change_password(&auth, &me, &guess).await, Err(Error::Invalid { .. })));
        }
        assert!(matches!(identity::change_password(&auth, &me, &guess).await, Err(Error::RateLimited { retry_after_s: 1 })));
    }

    async fn a_profile_can_be_changed(t: TestDb) {
        let auth = auth_state(&t).await;
        let user = ana(&t, &auth).await;
        join(&t, user, "prs", Role::Admin).await;
        let session = sign_in(&auth, EMAIL, PASSWORD).await.expect("signed in");
        let me = caller(&auth, &session.cookie).await.expect("live");
        identity::set_name(&t.db, &me, &DisplayName::parse("Ana W").expect("a name")).await.expect("set");
        identity::set_theme(&t.db, &me, Theme::Dark).await.expect("set");
        let seen = identity::me(&t.db, &me).await.expect("me");
        assert_eq!((seen.name.as_str(), seen.email.as_str(), seen.theme), ("Ana W", EMAIL, Theme::Dark));
        assert_eq!(seen.tenants.iter().map(|c| (c.code.as_str(), c.role)).collect::<Vec<_>>(), [("prs", Role::Admin)]);
    }

    async fn guessing_gets_slower_and_recovers(t: TestDb) {
        let auth = auth_state(&t).await;
        ana(&t, &auth).await;
        for _ in 0..5 {
            assert!(matches!(sign_in(&auth, EMAIL, "wrong").await, Err(SignInError::Wrong)));
        }
        let before = auth.passwords.computed();
        let blocked = sign_in(&auth, EMAIL, PASSWORD).await;
        assert!(matches!(blocked, Err(SignInError::Blocked(b)) if b.retry_after_s == 1), "even the right one waits");
        assert_eq!(auth.passwords.computed(), before, "refused before hashing");
        let owner = Credentials { email: EMAIL, password: PASSWORD };
        let elsewhere = sign_in::browser(&auth, owner, &from("198.51.100.1"), None).await;
        elsewhere.expect("the owner elsewhere is not locked out");
        t.clock.advance_ms(1000);
        assert!(matches!(sign_in(&auth, EMAIL, "wrong").await, Err(SignInError::Wrong)));
        assert!(matches!(sign_in(&auth, EMAIL, "wrong").await, Err(SignInError::Blocked(b)) if b.retry_after_s == 2));
        t.clock.advance_ms(2000);
        sign_in(&auth, EMAIL, PASSWORD).await.expect("signed in after the wait");
        for _ in 0..5 {
            assert!(matches!(sign_in(&auth, EMAIL, "wrong").await, Err(SignInError::Wrong)), "it starts afresh");
        }
    }

    async fn unknown_accounts_are_throttled_alike(t: TestDb) {
        let auth = auth_state(&t).await;
        for _ in 0..5 {
            assert!(matches!(sign_in(&auth, "nobody@prs.example", "wrong").await, Err(SignInError::Wrong)));
        }
        assert!(matches!(sign_in(&auth, "nobody@prs.example", "wrong").await, Err(SignInError::Blocked(_))));
    }

    async fn one_address_cannot_try_everybody(t: TestDb) {
        let auth = auth_state(&t).await;
        for n in 0..50 {
            let refused = throttle::count(&t.db, &t.world, &buckets(&format!("p{n}@prs.example"), "192.0.2.7")).await;
            assert_eq!(refused.expect("counted"), Ok(()));
        }
        let next = throttle::count(&t.db, &t.world, &buckets("p50@prs.example", "192.0.2.7")).await.expect("counted");
        assert_eq!(next.map_err(|b| b.retry_after_s), Err(1));
        let other = throttle::count(&t.db, &t.world, &buckets("p50@prs.example", "192.0.2.8")).await.expect("counted");
        assert_eq!(other, Ok(()));
        ana(&t, &auth).await;
        t.clock.advance_ms(13 * 60 * MINUTE_MS);
        assert!(throttle::purge(&t.db, &t.world).await.expect("purged") > 100);
    }

    async fn many_addresses_cannot_lock_one_account_for_long(t: TestDb) {
        for n in 0..60 {
            let _ = throttle::count(&t.db, &t.world, &buckets(EMAIL, &format!("192.0.2.{n}"))).await.expect("counted");
            t.clock.advance_ms(61_000);
        }
        let owner = throttle::count(&t.db, &t.world, &buckets(EMAIL, "198.51.100.1")).await.expect("counted");
        assert_eq!(owner, Ok(()), "a minute after the last stranger at the latest");
    }

    async fn attempts_at_once_are_counted_one_by_one(t: TestDb) {
        let attempt = async |_: i32| throttle::count(&t.db, &t.world, &buckets(EMAIL, "192.0.2.7")).await.expect("counted");
        let outcomes = futures::future::join_all((0..20).map(attempt)).await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 5);
    }
}

fn buckets(account: &str, ip: &str) -> throttle::Buckets {
    throttle::Buckets::of_sign_in(account, Some(ip.parse().expect("an address")))
}

/// bcrypt 2y, cost 4.
fn bcrypt_hash(password: &str) -> String {
    let hash = bcrypt::hash_with_salt(password, 4, [7; 16]).expect("a hash");
    hash.format_for_version(bcrypt::Version::TwoY)
}
