//! The upstream as a program, for Playwright and by hand. See the library's head comment.

use std::{io, net::SocketAddr, path::PathBuf};

use clap::Parser;
use upstream::{Upstream, built_in_scripts, load_scripts};

/// A scripted model provider (Anthropic Messages API) that keeps its own bill.
#[derive(Parser)]
struct Arguments {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    addr: SocketAddr,
    /// Folder of named scripts (`NAME.json`) instead of those that are built in.
    #[arg(long)]
    scripts: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let arguments = Arguments::parse();
    let scripts = arguments.scripts.as_deref().map_or_else(built_in_scripts, load_scripts)?;
    let upstream = Upstream::start_at(arguments.addr, scripts).await?;
    println!("{}", upstream.url());
    upstream.run().await;
    Ok(())
}
