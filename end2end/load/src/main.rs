//! Measures a running Steward from outside and prints one table: what `make bench` runs.
//!
//! The driver starts the given binary on a database of its own, plays the model provider itself ([`stub`]), so that both
//! ends of a request are seen on one clock, and talks to the server only through what every client may use: the command
//! line for set-up, REST, and pages. To add a measurement: a function in [`measure`] and a line in `run`.

mod client;
mod gateway;
mod measure;
mod server;
mod streams;
mod stub;

use std::path::PathBuf;

use clap::Parser;

use crate::{
    client::Client,
    measure::Row,
    server::Steward,
    streams::{Amount, Providers},
    stub::Stub,
};

/// Any failure ends the run: a benchmark of a broken server says nothing.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Measure a Steward binary.
#[derive(Parser)]
struct Arguments {
    /// The binary to measure, built for release.
    #[arg(long)]
    steward: PathBuf,
    /// Messages in the long conversation (half are questions, half answers).
    #[arg(long, default_value_t = 10_000)]
    history: usize,
    /// Requests per measured figure.
    #[arg(long, default_value_t = 200)]
    samples: usize,
    /// Leave the long conversation out.
    #[arg(long)]
    only_gateway: bool,
    /// Leave everything but the gateway's streams out.
    #[arg(long)]
    only_streams: bool,
    /// Streams at once. A thousand need some 2,000 open files (`ulimit -n`).
    #[arg(long, default_value_t = 1_000)]
    streams: usize,
    /// Minutes for which rounds of so many streams go on, to see whether memory grows; 0: one round.
    #[arg(long, default_value_t = 0)]
    minutes: u64,
    /// Measure on this PostgreSQL database instead of SQLite.
    #[arg(long)]
    database_url: Option<String>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let rows = run(&Arguments::parse()).await?;
    measure::print(&rows);
    Ok(())
}

async fn run(arguments: &Arguments) -> Result<Vec<Row>> {
    let stub = Stub::start().await?;
    let providers = Providers::start().await?;
    let database_url = arguments.database_url.clone();
    let mut steward = Steward::new(&arguments.steward, stub.url(), database_url, providers.settings())?;
    eprintln!("setting up a tenant and a person");
    steward.set_up()?;

    let amount = Amount { streams: arguments.streams, minutes: arguments.minutes };
    let mut rows = Vec::new();
    if arguments.only_streams {
        steward.start().await?;
        eprintln!("streams");
        rows.extend(streams::measure(&steward, &providers, amount).await?);
        return finish(steward, rows).await;
    }
    eprintln!("starting and stopping");
    rows.push(measure::ready(&mut steward).await?);
    rows.push(measure::idle_memory(&steward).await?);

    let mut client = Client::sign_in(steward.url()).await?;
    rows.extend(measure::login_page(&client).await?);
    eprintln!("sending {} messages", arguments.samples);
    rows.extend(measure::sending(&mut client, &stub, arguments.samples).await?);
    eprintln!("the gateway");
    rows.extend(gateway::measure(&steward, &stub, arguments.samples.saturating_mul(5)).await?);
    eprintln!("streams");
    rows.extend(streams::measure(&steward, &providers, amount).await?);
    if arguments.only_gateway {
        return finish(steward, rows).await;
    }
    eprintln!("rendering");
    rows.extend(measure::rendering(&mut client, arguments.samples).await?);
    eprintln!("writing a conversation of {} messages; this is the long part", arguments.history);
    rows.extend(measure::history(&mut client, &stub, arguments.history, arguments.samples).await?);
    rows.push(measure::memory_after(&steward)?);
    finish(steward, rows).await
}

/// Stops the server and looks into the books.
async fn finish(mut steward: Steward, mut rows: Vec<Row>) -> Result<Vec<Row>> {
    steward.stop().await?;
    let books = steward.command(&["audit"]);
    rows.push(Row::fact("books", if books.is_ok() { "balance" } else { "DO NOT BALANCE" }, "balance"));
    Ok(rows)
}
