//! The upstream as a program, for Playwright, load tests and by hand. See the library's head comment.

use std::{io, net::SocketAddr, path::PathBuf, time::Duration};

use clap::Parser;
use upstream::{Bench, BenchOptions, Options, Upstream, built_in_scripts, load_scripts};

/// A scripted model provider (Anthropic Messages, OpenAI chat completions, Ollama) that keeps its own bill.
#[derive(Parser)]
struct Arguments {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    addr: SocketAddr,
    /// Folder of named scripts (`NAME.json`) instead of those that are built in.
    #[arg(long)]
    scripts: Option<PathBuf>,
    /// Milliseconds before every word of an echo.
    #[arg(long, default_value_t = 0)]
    echo_delay: u64,
    /// Answer everything with the same stream of so many pieces of text (2 tokens each), for load tests: no scripts, no
    /// checks, no records.
    #[arg(long, value_name = "PIECES", conflicts_with_all = ["scripts", "echo_delay"])]
    bench: Option<usize>,
    /// With --bench: milliseconds before every piece; without it the whole answer is one write.
    #[arg(long, value_name = "MS", requires = "bench")]
    pace: Option<u64>,
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let arguments = Arguments::parse();
    if let Some(pieces) = arguments.bench {
        let options = BenchOptions { pieces, pace: arguments.pace.map(Duration::from_millis) };
        let bench = Bench::start(arguments.addr, options).await?;
        println!("{}", bench.url());
        bench.run().await;
        return Ok(());
    }
    let named = arguments.scripts.as_deref().map_or_else(built_in_scripts, load_scripts)?;
    let options = Options { named, echo_delay: Duration::from_millis(arguments.echo_delay) };
    let upstream = Upstream::start_with(arguments.addr, options).await?;
    println!("{}", upstream.url());
    upstream.run().await;
    Ok(())
}
