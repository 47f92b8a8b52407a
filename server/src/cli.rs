//! The commands of `steward`. One file per noun; each is a clap struct with a `run` that prints plain words.

pub mod audit;
pub mod budget;
pub mod groups;
pub mod import;
pub mod keys;
pub mod prices;
pub mod profiles;
pub mod reconcile;
pub mod report;
pub mod tenants;
pub mod users;

use clap::{Args, Parser, Subcommand};

use crate::config::{AttachmentArgs, DatabaseArgs, HttpArgs, LogArgs, ModelArgs, TelemetryArgs};

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
    /// Profiles: a name for model, instructions, limits and cost rules.
    Profile {
        #[command(flatten)]
        database: DatabaseArgs,
        #[command(subcommand)]
        command: profiles::ProfileCommand,
    },
    /// The price book.
    Prices {
        #[command(flatten)]
        database: DatabaseArgs,
        #[command(subcommand)]
        command: prices::PricesCommand,
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
    #[command(flatten)]
    pub telemetry: TelemetryArgs,
    /// Make the demo tenants, people, meters and budgets when they are not there, and print the logins.
    #[arg(long, env = "STEWARD_DEMO")]
    pub demo: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_commands_are_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn where_the_data_is_may_be_said_at_the_end() {
        let line = ["steward", "user", "add", "ana@mill.example", "--name", "Ana", "--data-dir", "/srv/steward"];
        let cli = Cli::try_parse_from(line).unwrap_or_else(|error| panic!("{error}"));
        let Command::User { database, .. } = cli.command else { panic!("another command") };
        assert_eq!(database.data_dir.to_str(), Some("/srv/steward"));
        let line = ["steward", "budget", "mill", "--tokens", "5", "--database-url", "postgres://x"];
        let cli = Cli::try_parse_from(line).unwrap_or_else(|error| panic!("{error}"));
        let Command::Budget { database, .. } = cli.command else { panic!("another command") };
        assert_eq!(database.database_url.as_deref(), Some("postgres://x"));
    }
}
