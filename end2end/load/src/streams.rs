//! Streams through the gateway (issue 4, "Numbers"): how many events a CPU-second relays, what a thousand streams at once
//! add to an event and take of memory, and what ten thousand that were hung up leave behind.
//!
//! The provider is `upstream`'s bench: prepared answers, all at once (long) or piece by piece (paced). Direct and ours take
//! turns, so that both meet the same machine. A thousand streams need some 2,000 open files here and there; `bench.sh`
//! asks for them.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use upstream::{Bench, BenchOptions};

use crate::{
    Result,
    client::{self, TENANT},
    gateway::{rate, spread},
    measure::Row,
    server::Steward,
};

/// Pieces of a long answer; some events more around them.
const LONG: usize = 500;
/// Long answers at once.
const LONG_AT_ONCE: usize = 16;
const FOR: Duration = Duration::from_secs(5);
const REPEATS: usize = 3;
/// Pieces of a paced answer, and the time between two of them.
const PACED: usize = 100;
const PACE: Duration = Duration::from_millis(100);
/// Streams that are hung up, and how many of them at once.
const HUNG_UP: usize = 10_000;
const HUNG_UP_AT_ONCE: usize = 64;
const GIVEN_BACK_WITHIN: Duration = Duration::from_secs(60);

/// The model whose answers are long, and the one whose answers are paced.
const LONG_MODEL: &str = "gpt-4o-mini";
const PACED_MODEL: &str = "paced";

/// The providers of the long answers (as OpenAI) and of the paced ones (as Ollama).
pub struct Providers {
    long: Bench,
    paced: Bench,
}

/// How much of it.
#[derive(Clone, Copy, Debug)]
pub struct Amount {
    /// Streams at once.
    pub streams: usize,
    /// Rounds go on for so long; one round at least.
    pub minutes: u64,
}

impl Providers {
    pub async fn start() -> Result<Self> {
        let address = ([127, 0, 0, 1], 0).into();
        let long = Bench::start(address, BenchOptions { pieces: LONG, pace: None }).await?;
        let paced = Bench::start(address, BenchOptions { pieces: PACED, pace: Some(PACE) }).await?;
        Ok(Self { long, paced })
    }

    /// What the server has to know of them.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        vec![
            ("OPENAI_API_KEY", "bench".to_owned()),
            ("OPENAI_BASE_URL", format!("{}/v1", self.long.url())),
            ("OLLAMA_BASE_URL", self.paced.url()),
            ("STEWARD_OLLAMA_MODELS", PACED_MODEL.to_owned()),
        ]
    }
}

#[derive(Clone)]
struct Asker {
    http: reqwest::Client,
    url: String,
    key: String,
    body: Value,
}

impl Asker {
    async fn begin(&self) -> Result<reqwest::Response> {
        let request = self.http.post(&self.url).bearer_auth(&self.key).json(&self.body);
        let answer = request.send().await?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        Err(format!("{} answered {}: {}", self.url, answer.status(), answer.text().await?).into())
    }

    /// Reads a stream to its end; gives the number of its events. `separator`: one LF for lines, two for events.
    async fn events(&self, separator: usize, mut at_event: impl FnMut(u64)) -> Result<u64> {
        let mut answer = self.begin().await?;
        let (mut events, mut run) = (0, 0);
        while let Some(piece) = answer.chunk().await? {
            for byte in &piece {
                run = if *byte == b'\n' { run + 1 } else { 0 };
                if run == separator {
                    run = 0;
                    at_event(events);
                    events += 1;
                }
            }
        }
        Ok(events)
    }
}

/// All of it.
pub async fn measure(steward: &Steward, providers: &Providers, amount: Amount) -> Result<Vec<Row>> {
    let http = client::http()?;
    let make_key = |more: &[&str]| -> Result<String> {
        let shown = steward.output(&[&["key", "create", TENANT, "--name", "Streams"], more].concat())?;
        Ok(shown.lines().next().ok_or("no key")?.to_owned())
    };
    let key = make_key(&[])?;
    let asker = |base: &str, path: &str, body: Value| Asker {
        http: http.clone(),
        url: format!("{base}{path}"),
        key: key.clone(),
        body,
    };
    let mut rows = Vec::new();

    let messages = json!([{"role": "user", "content": "What did compressor 3 use last week?"}]);
    let chat = |include_usage: bool| {
        json!({"model": LONG_MODEL, "stream": true, "messages": messages, "max_tokens": 4_000,
            "stream_options": {"include_usage": include_usage}})
    };
    let translated = json!({"model": LONG_MODEL, "stream": true, "messages": messages, "max_tokens": 4_000});
    for (what, path, body, target) in [
        ("passed on as they came", "/v1/chat/completions", chat(true), "≥ 50,000"),
        ("without the usage nobody asked for", "/v1/chat/completions", chat(false), ""),
        ("translated", "/v1/messages", translated, ""),
    ] {
        let asker = asker(steward.url(), path, body);
        let mut per_cpu = Vec::new();
        for _ in 0..REPEATS {
            let (events, cpu) = flood(steward, &asker).await?;
            per_cpu.push(rate(events, cpu));
        }
        let name = format!("events {what}, {LONG_AT_ONCE} streams of {LONG}: a CPU-second (of {REPEATS})");
        rows.push(Row::fact(&name, &spread(per_cpu), target));
    }

    let paced = json!({"model": PACED_MODEL, "messages": messages, "options": {"num_predict": 1_000}});
    let ours = asker(steward.url(), "/ollama/api/chat", paced.clone());
    let direct = asker(&providers.paced.url(), "/api/chat", paced);
    let few = round(steward, &ours, 100).await?;
    rows.push(Row::fact("resident memory at 100 streams in flight", &mib(few.resident), "≤ 60 MB (57.2 MiB)"));

    let before = steward.resident_mib()?;
    let until = Instant::now() + Duration::from_secs(amount.minutes * 60);
    let (mut with, mut without) = (times()?, times()?);
    let (mut first, mut last) = (None, before);
    let mut rounds = 0;
    while rounds == 0 || Instant::now() < until {
        without.add(round(steward, &direct, amount.streams).await?.late)?;
        let round = round(steward, &ours, amount.streams).await?;
        with.add(round.late)?;
        last = round.resident;
        first.get_or_insert(last);
        rounds += 1;
    }
    let first = first.unwrap_or(last);
    let streams = amount.streams;
    let added = with.value_at_quantile(0.99).saturating_sub(without.value_at_quantile(0.99));
    let name = format!("{streams} streams of {} events/s at once: added p99 of an event", 1_000 / PACE.as_millis());
    rows.push(Row::fact(&name, &format!("{:.1} ms", ms(added)), "≤ 50 ms"));
    let (p99_with, p99_without) = (ms(with.value_at_quantile(0.99)), ms(without.value_at_quantile(0.99)));
    rows.push(Row::fact("  late at p99, with us and direct", &format!("{p99_with:.1} / {p99_without:.1} ms"), ""));
    #[expect(clippy::cast_precision_loss, reason = "a figure to look at")]
    let each = (first - before).max(0.0) * 1024.0 / streams.max(1) as f64;
    rows.push(Row::fact("  memory of a stream", &format!("{each:.1} KiB"), "≤ 64 KB"));
    rows.push(Row::fact(
        &format!("  growth from the first to the last of {rounds} rounds ({} min)", amount.minutes),
        &format!("{:.1} MiB", last - first),
        "none (--minutes 10)",
    ));

    let key = make_key(&["--concurrent", &HUNG_UP_AT_ONCE.to_string()])?;
    let body = chat(true);
    let hanging = Asker { http, url: format!("{}/v1/chat/completions", steward.url()), key, body };
    rows.extend(hang_up(steward, &hanging).await?);
    Ok(rows)
}

fn mib(value: f64) -> String {
    format!("{value:.1} MiB")
}

#[expect(clippy::cast_precision_loss, reason = "a figure to look at")]
fn ms(us: u64) -> f64 {
    us as f64 / 1_000.0
}

/// Microseconds.
fn times() -> Result<Histogram<u64>> {
    Ok(Histogram::new_with_bounds(1, 60_000_000, 3)?)
}

/// Events within [`FOR`], and what they cost the server.
async fn flood(steward: &Steward, asker: &Asker) -> Result<(u64, Duration)> {
    let before = steward.cpu()?;
    let until = Instant::now() + FOR;
    let mut workers = JoinSet::new();
    for _ in 0..LONG_AT_ONCE {
        let asker = asker.clone();
        workers.spawn(async move {
            let mut events = 0;
            while Instant::now() < until {
                events += asker.events(2, |_| {}).await?;
            }
            Result::Ok(events)
        });
    }
    let mut events = 0;
    while let Some(worker) = workers.join_next().await {
        events += worker??;
    }
    Ok((events, steward.cpu()?.saturating_sub(before)))
}

/// So many paced streams at once.
struct Round {
    /// How late events came, by the pace and the first event of their stream.
    late: Histogram<u64>,
    /// While all of them ran, MiB.
    resident: f64,
}

async fn round(steward: &Steward, asker: &Asker, streams: usize) -> Result<Round> {
    let mut running = JoinSet::new();
    for _ in 0..streams {
        let asker = asker.clone();
        running.spawn(async move {
            let mut late = times()?;
            let mut begin = None;
            let events = asker.events(1, |event| {
                let now = Instant::now();
                let begin = *begin.get_or_insert(now);
                let due = PACE.saturating_mul(u32::try_from(event).unwrap_or(u32::MAX));
                let after = now.duration_since(begin).saturating_sub(due);
                late.saturating_record(u64::try_from(after.as_micros()).unwrap_or(u64::MAX).max(1));
            });
            let events = events.await?;
            if events < u64::try_from(PACED)? {
                return Err(format!("a stream of {events} events").into());
            }
            Result::Ok(late)
        });
    }
    // When all have begun and none has ended.
    tokio::time::sleep(PACE.saturating_mul(u32::try_from(PACED / 2)?)).await;
    let resident = steward.resident_mib()?;
    let mut late = times()?;
    while let Some(stream) = running.join_next().await {
        late.add(stream??)?;
    }
    Ok(Round { late, resident })
}

/// Hangs up on [`HUNG_UP`] streams after their first piece, then asks for as many at once as the key allows: a hold that was
/// left behind would be in the way.
async fn hang_up(steward: &Steward, asker: &Asker) -> Result<[Row; 2]> {
    let before = steward.resident_mib()?;
    let mut workers = JoinSet::new();
    for _ in 0..HUNG_UP_AT_ONCE {
        let asker = asker.clone();
        workers.spawn(async move {
            let mut left = HUNG_UP / HUNG_UP_AT_ONCE;
            while left > 0 {
                // The one before may not be settled yet.
                let Ok(mut answer) = asker.begin().await else {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                    continue;
                };
                answer.chunk().await?;
                left -= 1;
            }
            Result::Ok(())
        });
    }
    while let Some(worker) = workers.join_next().await {
        worker??;
    }
    let until = Instant::now() + GIVEN_BACK_WITHIN;
    let given_back = loop {
        let answers = futures::future::join_all((0..HUNG_UP_AT_ONCE).map(|_| asker.begin())).await;
        let refused = answers.iter().filter(|answer| answer.is_err()).count();
        if refused == 0 {
            break "none";
        }
        if Instant::now() > until {
            break "SOME";
        }
        drop(answers);
        tokio::time::sleep(Duration::from_millis(250)).await;
    };
    let grown = steward.resident_mib()? - before;
    Ok([
        Row::fact(&format!("{HUNG_UP} streams hung up: holds left"), given_back, "none"),
        Row::fact("  memory left", &mib(grown), "none"),
    ])
}
