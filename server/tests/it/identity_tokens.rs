//! API clients' tokens below HTTP: rotation, replays, the lost-answer exception, keys. Both engines.

use app::{
    backend::Caller,
    model::{Role, TenantCode},
};
use server::{
    error::Error,
    identity::{
        AuthState, Tokens, refresh, sessions,
        sign_in::{self, Credentials, SignInError},
    },
};

use crate::{
    identity::{EMAIL, PASSWORD, ana, auth_state, events, from, join},
    support::db::db_test,
};

db_test! {
    async fn a_refresh_token_works_once(t: TestDb) {
        let auth = auth_state(&t).await;
        let user = ana(&t, &auth).await;
        join(&t, user, "prs", Role::Member).await;
        let signed_in = api(&auth, None).await.expect("signed in");
        let token = auth.tokens.sign(user, signed_in.session, &signed_in.tenant).expect("a token");
        let second = refresh::refresh(&auth, &signed_in.refresh.reveal(), &from("192.0.2.7")).await.expect("refreshed");
        assert_eq!((second.session, second.tenant.as_str()), (signed_in.session, "prs"));
        let third = refresh::refresh(&auth, &second.refresh.reveal(), &from("192.0.2.7")).await.expect("refreshed");
        let replay = refresh::refresh(&auth, &signed_in.refresh.reveal(), &from("203.0.113.66")).await;
        assert!(matches!(replay, Err(Error::SignedOut)), "its successor was used: a replay, although within the grace");
        let after = refresh::refresh(&auth, &third.refresh.reveal(), &from("192.0.2.7")).await;
        assert!(matches!(after, Err(Error::SignedOut)), "the whole family is gone");
        let claims = auth.tokens.verify(&token).await.expect("checked").expect("still signed right");
        assert!(sessions::of_api(&auth, claims.sid).await.expect("answers").is_none(), "but its session is gone");
        assert_eq!(events(&t, user).await, ["refresh_replayed", "signed_in_api"]);
    }

    async fn a_lost_answer_is_given_again_once(t: TestDb) {
        let auth = auth_state(&t).await;
        let user = ana(&t, &auth).await;
        join(&t, user, "prs", Role::Member).await;
        let first = api(&auth, None).await.expect("signed in").refresh.reveal();
        let lost = refresh::refresh(&auth, &first, &from("192.0.2.7")).await.expect("refreshed").refresh.reveal();
        t.clock.advance_ms(29_999);
        let again = refresh::refresh(&auth, &first, &from("192.0.2.7")).await.expect("given again").refresh.reveal();
        assert_ne!(lost, again);
        refresh::refresh(&auth, &again, &from("192.0.2.7")).await.expect("and it works");
        let twice = refresh::refresh(&auth, &first, &from("192.0.2.7")).await;
        assert!(matches!(twice, Err(Error::SignedOut)), "only once");
        assert_eq!(events(&t, user).await, ["refresh_replayed", "signed_in_api"]);
    }

    async fn after_the_grace_a_used_token_is_a_replay(t: TestDb) {
        let auth = auth_state(&t).await;
        let user = ana(&t, &auth).await;
        join(&t, user, "prs", Role::Member).await;
        let first = api(&auth, None).await.expect("signed in").refresh.reveal();
        let next = refresh::refresh(&auth, &first, &from("192.0.2.7")).await.expect("refreshed").refresh.reveal();
        t.clock.advance_ms(30_000);
        assert!(matches!(refresh::refresh(&auth, &first, &from("192.0.2.7")).await, Err(Error::SignedOut)));
        assert!(matches!(refresh::refresh(&auth, &next, &from("192.0.2.7")).await, Err(Error::SignedOut)));
    }

    async fn two_refreshes_at_once_do_not_fork_the_family(t: TestDb) {
        let auth = auth_state(&t).await;
        let user = ana(&t, &auth).await;
        join(&t, user, "prs", Role::Member).await;
        let first = api(&auth, None).await.expect("signed in").refresh.reveal();
        let origin = from("192.0.2.7");
        let (a, b) = tokio::join!(refresh::refresh(&auth, &first, &origin), refresh::refresh(&auth, &first, &origin));
        let (a, b) = (a.expect("refreshed"), b.expect("the lost-answer exception"));
        let next = [a, b].map(|r| r.refresh.reveal());
        t.clock.advance_ms(30_000);
        let mut used = Vec::new();
        for token in &next {
            used.push(refresh::refresh(&auth, token, &origin).await.is_ok());
        }
        assert!(used.iter().filter(|ok| **ok).count() <= 1, "at most one of them goes on");
    }

    async fn refreshing_and_signing_out_at_once_end_in_order(t: TestDb) {
        let auth = auth_state(&t).await;
        let user = ana(&t, &auth).await;
        join(&t, user, "prs", Role::Member).await;
        let origin = from("192.0.2.7");
        for round in 0..20 {
            let signed_in = api(&auth, None).await.expect("signed in");
            let caller = Caller { user, session: signed_in.session, request_id: "r".into() };
            let token = signed_in.refresh.reveal();
            let (refreshed, out) =
                tokio::join!(refresh::refresh(&auth, &token, &origin), sign_in::out(&auth, &caller, &origin));
            out.expect("signed out");
            let next = match refreshed {
                Ok(refreshed) => refreshed.refresh.reveal(),
                Err(Error::SignedOut) => token,
                Err(error) => panic!("round {round}: {error}"),
            };
            let after = refresh::refresh(&auth, &next, &origin).await;
            assert!(matches!(after, Err(Error::SignedOut)), "round {round}: the session is over");
        }
    }

    async fn a_tenant_must_be_chosen_among_several_and_be_ones_own(t: TestDb) {
        let auth = auth_state(&t).await;
        let user = ana(&t, &auth).await;
        assert!(matches!(api(&auth, None).await, Err(SignInError::NoTenant)));
        join(&t, user, "prs", Role::Member).await;
        t.scope("iop", Role::Admin).await;
        assert_eq!(api(&auth, None).await.expect("the only one").tenant.as_str(), "prs");
        for code in ["iop", "unknown"] {
            assert!(matches!(api(&auth, Some(code)).await, Err(SignInError::NoTenant)), "{code}");
        }
        join(&t, user, "aaa", Role::Admin).await;
        let refused = api(&auth, None).await;
        let Err(SignInError::ChooseTenant(choices)) = refused else { panic!("a choice is needed") };
        assert_eq!(choices.iter().map(|c| c.code.as_str()).collect::<Vec<_>>(), ["aaa", "prs"]);
        assert_eq!(api(&auth, Some("aaa")).await.expect("named").tenant.as_str(), "aaa");
    }

    async fn two_replicas_share_one_signing_key(t: TestDb) {
        let (one, two) = tokio::join!(
            Tokens::open(&t.db, &t.world, "https://steward.example"),
            Tokens::open(&t.db, &t.world, "https://steward.example")
        );
        let (one, two) = (one.expect("keys"), two.expect("keys"));
        let code: TenantCode = "prs".parse().expect("a code");
        let token = one.sign(t.world.id(), t.world.id(), &code).expect("a token");
        assert!(two.verify(&token).await.expect("checked").is_some());
        assert_eq!(one.published(), two.published());
        let elsewhere = Tokens::open(&t.db, &t.world, "https://other.example").await.expect("keys");
        assert!(elsewhere.verify(&token).await.expect("checked").is_none(), "another issuer's token");
    }
}

async fn api(auth: &AuthState, tenant: Option<&str>) -> Result<sign_in::ApiSession, SignInError> {
    let tenant = tenant.map(|code| code.parse::<TenantCode>().expect("a code"));
    let credentials = Credentials { email: EMAIL, password: PASSWORD };
    sign_in::api(auth, credentials, tenant.as_ref(), &from("192.0.2.7")).await
}
