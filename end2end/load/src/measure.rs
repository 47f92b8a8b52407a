//! The figures of `make bench` and their targets (issue 2, "Numbers to reach").

use std::time::Duration;

use hdrhistogram::Histogram;

use crate::{
    Result,
    client::{Client, TENANT},
    server::Steward,
    stub::Stub,
};

/// A line of the table.
pub struct Row {
    name: String,
    value: String,
    target: String,
}

impl Row {
    pub fn fact(name: &str, value: &str, target: &str) -> Self {
        Self { name: name.to_owned(), value: value.to_owned(), target: target.to_owned() }
    }
}

pub fn print(rows: &[Row]) {
    let width = |column: fn(&Row) -> &str| rows.iter().map(|row| column(row).chars().count()).max().unwrap_or(0);
    let (name, value) = (width(|row| &row.name), width(|row| &row.value));
    println!("{:name$}  {:>value$}  target", "", "measured");
    for row in rows {
        println!("{:name$}  {:>value$}  {}", row.name, row.value, row.target);
    }
}

/// Times in microseconds, up to a minute, three digits.
struct Times(Histogram<u64>);

impl Times {
    fn new() -> Result<Self> {
        Ok(Self(Histogram::new_with_bounds(1, 60_000_000, 3)?))
    }

    fn add(&mut self, time: Duration) {
        self.0.saturating_record(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
    }

    fn ms(&self, quantile: f64) -> String {
        let us = Duration::from_micros(self.0.value_at_quantile(quantile));
        format!("{:.1} ms", us.as_secs_f64() * 1_000.0)
    }
}

pub async fn ready(steward: &mut Steward) -> Result<Row> {
    // The first start creates the database; what follows starts on an existing one.
    steward.start().await?;
    let mut times = Times::new()?;
    for _ in 0..5 {
        steward.stop().await?;
        times.add(steward.start().await?);
    }
    Ok(Row::fact("ready after start, existing database (median of 5)", &times.ms(0.5), "≤ 200 ms"))
}

pub async fn idle_memory(steward: &Steward) -> Result<Row> {
    tokio::time::sleep(Duration::from_secs(3)).await; // idle is what is measured
    Ok(Row::fact("resident memory, idle", &format!("{:.1} MiB", steward.resident_mib()?), "≤ 40 MB (38.1 MiB)"))
}

pub fn memory_after(steward: &Steward) -> Result<Row> {
    Ok(Row::fact("resident memory after all of this", &format!("{:.1} MiB", steward.resident_mib()?), ""))
}

pub async fn login_page(client: &Client) -> Result<Vec<Row>> {
    let (html, _) = client.compressed("/login").await?;
    let (_, page) = client.page("/login", false).await?;
    let page = String::from_utf8(page)?;
    let css =
        page.split('"').find(|piece| piece.starts_with('/') && piece.ends_with(".css")).ok_or("no style sheet")?;
    let (style, brotli) = client.compressed(css).await?;
    let encoding = if brotli { "" } else { " (style sheet NOT compressed)" };
    let script = if page.contains("<script") || page.contains(".wasm") { "yes" } else { "no" };
    Ok(vec![
        Row::fact("login page, HTML and CSS", &format!("{:.1} KB{encoding}", to_kb(html + style)), "≤ 25 KB"),
        Row::fact("login page loads script or WASM", script, "no"),
    ])
}

/// Added time from send to the first byte at the provider, and time to the whole answer, in conversations of up to 20
/// messages.
pub async fn sending(client: &mut Client, stub: &Stub, samples: usize) -> Result<Vec<Row>> {
    let (mut added, mut whole) = (Times::new()?, Times::new()?);
    let mut measured = 0;
    while measured < samples {
        // The first message also asks for a title: a second provider request that is not this message's.
        let (conversation, _) = client.send(None, "What did compressor 3 use last week?").await?;
        for _ in 0..9 {
            stub.take();
            let (_, sent) = client.send(Some(&conversation), "And the week before?").await?;
            let first = stub.take().into_iter().map(|arrival| arrival.at).filter(|at| *at > sent.begin).min();
            added.add(first.ok_or("the provider was not asked")? - sent.begin);
            whole.add(sent.took);
            measured += 1;
        }
    }
    Ok(vec![
        Row::fact("added from send to first upstream byte, p50", &added.ms(0.5), "≤ 10 ms on SQLite"),
        Row::fact("added from send to first upstream byte, p95", &added.ms(0.95), ""),
        Row::fact("whole message with a provider of 0 ms, p50", &whole.ms(0.5), ""),
    ])
}

pub async fn rendering(client: &mut Client, samples: usize) -> Result<Vec<Row>> {
    let (conversation, _) = client.send(None, "A conversation of 40 messages").await?;
    for _ in 1..20 {
        client.send(Some(&conversation), "Show me the peaks of yesterday, please.").await?;
    }
    let path = format!("/t/{TENANT}/c/{conversation}");
    for _ in 0..10 {
        client.page(&path, true).await?; // warm
    }
    let mut times = Times::new()?;
    let mut bytes = 0;
    for _ in 0..samples {
        let (took, page) = client.page(&path, true).await?;
        times.add(took);
        bytes = page.len();
    }
    Ok(vec![
        Row::fact("server render of 40 messages, p50", &times.ms(0.5), ""),
        Row::fact("server render of 40 messages, p95", &times.ms(0.95), "≤ 15 ms"),
        Row::fact("its size, uncompressed", &format!("{:.1} KB", to_kb(bytes)), ""),
    ])
}

/// Time and bytes per message with 10 messages of history, and with `length`.
pub async fn history(client: &mut Client, stub: &Stub, length: usize, samples: usize) -> Result<Vec<Row>> {
    let samples = samples.min(100);
    let mut rows = Vec::new();
    let (conversation, _) = client.send(None, "The long conversation").await?;
    for _ in 1..5 {
        client.send(Some(&conversation), "A question as long as most questions are.").await?;
    }
    rows.extend(at_length(client, stub, &conversation, 10, samples).await?);
    for done in (10 + 2 * samples..length).step_by(2) {
        client.send(Some(&conversation), "A question as long as most questions are.").await?;
        if done % 1_000 < 2 {
            eprintln!("  {done} messages");
        }
    }
    rows.extend(at_length(client, stub, &conversation, length, samples).await?);
    let path = format!("/t/{TENANT}/c/{conversation}");
    let mut opening = Times::new()?;
    for _ in 0..20 {
        opening.add(client.page(&path, true).await?.0);
    }
    rows.push(Row::fact(&format!("opening {length} messages, p95"), &opening.ms(0.95), "≤ 300 ms (2,000)"));
    Ok(rows)
}

async fn at_length(
    client: &mut Client,
    stub: &Stub,
    conversation: &str,
    length: usize,
    samples: usize,
) -> Result<[Row; 3]> {
    let mut times = Times::new()?;
    let (mut wire, mut provider) = (0, 0);
    stub.take();
    for _ in 0..samples {
        let (_, sent) = client.send(Some(conversation), "A question as long as most questions are.").await?;
        times.add(sent.took);
        wire += sent.bytes_up + sent.bytes_down;
        provider += stub.take().iter().map(|arrival| arrival.bytes).sum::<usize>();
    }
    let at = format!("at {length} messages");
    Ok([
        Row::fact(&format!("message {at}, p50"), &times.ms(0.5), "flat"),
        Row::fact(&format!("client bytes per message {at}"), &format!("{} B", wire / samples), "flat"),
        Row::fact(
            &format!("provider bytes per message {at}"),
            &format!("{:.1} KB", to_kb(provider / samples)),
            "bounded by the model's context",
        ),
    ])
}

#[expect(clippy::cast_precision_loss, reason = "sizes of pages")]
fn to_kb(bytes: usize) -> f64 {
    bytes as f64 / 1_000.0
}
