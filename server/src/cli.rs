//! The commands of `steward`. One file per noun; each is a clap struct with a `run` that prints plain words.

pub mod audit;
pub mod budget;
pub mod groups;
pub mod import;
pub mod keys;
pub mod reconcile;
pub mod report;
pub mod tenants;
pub mod users;

use clap::{Args, Parser, Subcommand};

use crate::config::{AttachmentArgs, DatabaseArgs, HttpArgs, LogArgs, ModelArgs};

/// Multi-tenant AI chat and gateway.
#[derive(Parser)]
#[command(name = "steward", version, about)]
pub struct Cli {
    #[command(flatten)]
    pub log: LogArgs,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Serve the application.
    Serve(Box<ServeArgs>),
    /// Check database, migrations, role, model and clock, with advice.
    Doctor(Box<ServeArgs>),
    /// People.
    User {
        #[command(flatten)]
        database: DatabaseArgs,
        #[command(subcommand)]
        command: users::UserCommand,
    },
    /// Client organisations, and their budgets.
    Tenant {
        #[command(flatten)]
        database: DatabaseArgs,
        #[command(subcommand)]
        command: tenants::TenantCommand,
    },
    /// Who may enter which tenant.
    Membership {
        #[command(flatten)]
        database: DatabaseArgs,
        #[command(subcommand)]
        command: users::MembershipCommand,
    },
    /// Show and set budgets; people who ask for more.
    #[command(subcommand_negates_reqs = true, subcommand_precedence_over_arg = true)]
    Budget {
        #[command(flatten)]
        database: DatabaseArgs,
        #[command(flatten)]
        args: budget::BudgetArgs,
    },
    /// People of a tenant who share a budget.
    Group {
        #[command(flatten)]
        database: DatabaseArgs,
        #[command(subcommand)]
        command: groups::GroupCommand,
    },
    /// Keys for programs at the gateway.
    Key {
        #[command(flatten)]
        database: DatabaseArgs,
        #[command(subcommand)]
        command: keys::KeyCommand,
    },
    /// Show what was used, of one tenant or of all.
    Report {
        #[command(flatten)]
        database: DatabaseArgs,
        #[command(flatten)]
        args: report::ReportArgs,
    },
    /// Compare the books with a provider's invoice, and book the difference.
    Reconcile {
        #[command(flatten)]
        database: DatabaseArgs,
        #[command(flatten)]
        args: Box<reconcile::ReconcileArgs>,
    },
    /// Import measured data.
    Import {
        #[command(flatten)]
        database: DatabaseArgs,
        #[command(subcommand)]
        command: import::ImportCommand,
    },
    /// Prove that the books balance; exits 1 when they do not.
    Audit {
        #[command(flatten)]
        database: DatabaseArgs,
    },
}

#[derive(Args)]
pub struct ServeArgs {
    #[command(flatten)]
    pub database: DatabaseArgs,
    #[command(flatten)]
    pub http: HttpArgs,
    #[command(flatten)]
    pub model: ModelArgs,
    #[command(flatten)]
    pub attachments: AttachmentArgs,
    /// Make the demo tenants, people, meters and budgets when they are not there, and print the logins.
    #[arg(long, env = "STEWARD_DEMO")]
    pub demo: bool,
}
