//! `steward user|tenant|membership …` on both engines.

use app::backend::Caller;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use server::{
    cli::{
        tenants::TenantCommand,
        users::{MembershipCommand, UserCommand},
    },
    error::Error,
    identity::{
        Origin,
        sign_in::{self, Credentials, SignInError},
    },
    tenancy, usage,
};

use crate::{
    identity::auth_state,
    support::db::{TestDb, db_test},
};

#[derive(Parser)]
struct Line {
    #[command(subcommand)]
    command: Noun,
}

#[derive(Subcommand)]
enum Noun {
    #[command(subcommand)]
    User(UserCommand),
    #[command(subcommand)]
    Tenant(TenantCommand),
    #[command(subcommand)]
    Membership(MembershipCommand),
}

/// Runs a command line; `input` is its standard input.
async fn steward(t: &TestDb, words: &[&str], input: &str) -> Result<String, Error> {
    let matches = Line::command().no_binary_name(true).get_matches_from(words);
    let line = Line::from_arg_matches(&matches).expect("a command line");
    match line.command {
        Noun::User(command) => command.execute(&t.db, &t.world, &mut input.as_bytes()).await,
        Noun::Tenant(command) => command.execute(&t.db, &t.world).await,
        Noun::Membership(command) => command.execute(&t.db, &t.world).await,
    }
}

db_test! {
    async fn the_first_administrator_comes_from_the_command_line(t: TestDb) {
        let auth = auth_state(&t).await;
        assert!(steward(&t, &["user", "list"], "").await.expect("a list").contains("nobody yet"));
        let added = steward(&t, &["user", "add", "Ana@prs.example", "--name", "Ana Wijaya"], "").await.expect("added");
        let password = added.lines().find_map(|line| line.strip_prefix("Password, shown only now: ")).expect("a password");
        t.scope("prs", app::model::Role::Member).await;
        let member = steward(&t, &["membership", "add", "ana@prs.example", "prs", "--role", "admin"], "").await;
        assert_eq!(member.expect("added"), "ana@prs.example is admin of prs.\n");
        let credentials = Credentials { email: "ana@prs.example", password };
        let session = sign_in::api(&auth, credentials, None, &Origin::default()).await.expect("signed in");
        assert_eq!(session.tenants[0].role, app::model::Role::Admin);
        let list = steward(&t, &["membership", "list", "prs"], "").await.expect("a list");
        assert!(list.lines().any(|line| line.split_whitespace().eq(["prs", "admin", "ana@prs.example"])), "{list}");
        steward(&t, &["membership", "remove", "ana@prs.example", "prs"], "").await.expect("removed");
        let out = sign_in::api(&auth, credentials, None, &Origin::default()).await;
        assert!(matches!(out, Err(SignInError::NoTenant)));
    }

    async fn passwords_can_be_given_and_replaced(t: TestDb) {
        let auth = auth_state(&t).await;
        let try_with = async |password: &str| {
            let credentials = Credentials { email: "ana@prs.example", password };
            sign_in::browser(&auth, credentials, &Origin::default(), None).await
        };
        let add = ["user", "add", "ana@prs.example", "--name", "Ana", "--password-stdin"];
        let weak = steward(&t, &add, "password\n").await;
        assert!(matches!(weak, Err(Error::Invalid { field: "password", .. })));
        let added = steward(&t, &add, "mosaic tundra fiddle\n").await.expect("added");
        assert_eq!(added, "ana@prs.example was added.\n", "a given password is not repeated");
        assert!(matches!(steward(&t, &add, "mosaic tundra fiddle\n").await, Err(Error::Conflict(_))));
        let session = try_with("mosaic tundra fiddle").await.expect("signed in");
        let set = steward(&t, &["user", "password", "ana@prs.example", "--password-stdin"], "velvet orbit kite\n").await;
        assert_eq!(set.expect("set"), "ana@prs.example has a new password; sessions ended: 1.\n");
        let found = server::identity::sessions::of_cookie(&auth, &session.cookie.reveal()).await.expect("answers");
        assert!(found.is_none());
        try_with("velvet orbit kite").await.expect("signed in");
        steward(&t, &["user", "disable", "ana@prs.example"], "").await.expect("disabled");
        assert!(matches!(try_with("velvet orbit kite").await, Err(SignInError::Wrong)));
        assert!(steward(&t, &["user", "list"], "").await.expect("a list").contains("disabled"));
        steward(&t, &["user", "enable", "ana@prs.example"], "").await.expect("enabled");
        try_with("velvet orbit kite").await.expect("signed in");
    }

    async fn a_tenant_can_be_changed_and_closed(t: TestDb) {
        t.scope("prs", app::model::Role::Member).await;
        let set = steward(&t, &["tenant", "set", "prs", "--name", "PRS Textile", "--time-zone", "Asia/Makassar"], "").await;
        assert_eq!(set.expect("set"), "prs was changed.\n");
        let list = steward(&t, &["tenant", "list"], "").await.expect("a list");
        assert!(list.contains("active    Asia/Makassar") && list.contains("IDR PRS Textile"), "{list}");
        assert!(steward(&t, &["tenant", "set", "prs"], "").await.expect("nothing").starts_with("Nothing to change."));
        steward(&t, &["tenant", "set", "prs", "--disabled", "true"], "").await.expect("closed");
        assert!(steward(&t, &["tenant", "list"], "").await.expect("a list").contains("disabled"));
    }

    async fn a_new_tenant_has_the_default_budget(t: TestDb) {
        let auth = auth_state(&t).await;
        let add = ["tenant", "add", "new", "--name", "New Mill", "--time-zone", "Asia/Jakarta", "--currency", "IDR", "--contact", "it@new.example"];
        let added = steward(&t, &add, "").await.expect("added");
        assert!(added.starts_with("New Mill was added."), "{added}");
        assert!(matches!(steward(&t, &add, "").await, Err(Error::Conflict(_))));
        steward(&t, &["user", "add", "ana@new.example", "--name", "Ana", "--password-stdin"], "mosaic tundra fiddle").await.expect("added");
        steward(&t, &["membership", "add", "ana@new.example", "new"], "").await.expect("added");
        let credentials = Credentials { email: "ana@new.example", password: "mosaic tundra fiddle" };
        let session = sign_in::api(&auth, credentials, None, &Origin::default()).await.expect("signed in");
        let caller = Caller { user: session.user, session: session.session, request_id: "r".into() };
        let scope = tenancy::enter(&t.db, &caller, &session.tenant).await.expect("a scope");
        let mut tx = t.db.read(&scope).await.expect("a transaction");
        let view = tenancy::view(&scope, &mut tx, &t.world).await.expect("a view");
        assert_eq!((view.assistant.as_str(), view.contact.as_str(), view.utc_offset_minutes), ("Steward", "it@new.example", 420));
        let meter = usage::meter(&scope, &mut tx, &t.world).await.expect("a meter");
        assert_eq!(meter.limits, usage::default_limits());
    }

    async fn mistakes_are_named(t: TestDb) {
        t.scope("prs", app::model::Role::Member).await;
        for (words, expected) in [
            (vec!["user", "disable", "nobody@prs.example"], "there is nobody with the e-mail nobody@prs.example"),
            (vec!["user", "add", "not-an-address", "--name", "A"], "this is not an e-mail address"),
            (vec!["membership", "add", "nobody@prs.example", "prs"], "there is nobody with the e-mail"),
            (vec!["membership", "list", "unknown"], "there is no tenant unknown"),
            (vec!["membership", "list", "UPPER"], "a tenant code is"),
            (vec!["membership", "add", "a@b.example", "prs", "--role", "root"], "a role is member or admin"),
            (vec!["tenant", "set", "unknown", "--name", "x"], "there is no tenant unknown"),
        ] {
            let error = steward(&t, &words, "").await.expect_err("refused").to_string();
            assert!(error.contains(expected), "{words:?}: {error}");
        }
    }
}
