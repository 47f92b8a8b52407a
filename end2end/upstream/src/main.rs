//! The upstream as a program, for Playwright and by hand. See the library's head comment.

use std::{io, net::SocketAddr, path::PathBuf};

use clap::Parser;
use upstream::{Upstream, load_scripts};

/// A scripted model provider (Anthropic Messages API) that keeps its own bill.
#[derive(Parser)]
struct Arguments {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    addr: SocketAddr,
    /// Folder of named scripts (`NAME.json`).
    #[arg(long)]
    scripts: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let arguments = Arguments::parse();
    let scripts = arguments.scripts.as_deref().map(load_scripts).transpose()?.unwrap_or_default();
    let upstream = Upstream::start_at(arguments.addr, scripts).await?;
    println!("{}", upstream.url());
    upstream.run().await;
    Ok(())
}
