//! The gateway's figures (issue 4, "Numbers"): what it adds to a request and what a request costs it, with key, hold,
//! settlement and ledger on. Direct requests and ours take turns, so that both meet the same machine.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde_json::{Value, json};

use crate::{Result, client, client::TENANT, measure::Row, server::Steward, stub::Stub};

/// Requests at once where throughput is measured.
const AT_ONCE: usize = 64;
const FOR: Duration = Duration::from_secs(5);
const REPEATS: usize = 3;

fn body(is_streaming: bool) -> Value {
    json!({"model": "claude-haiku-4-5", "max_tokens": 1000, "stream": is_streaming,
        "messages": [{"role": "user", "content": "What did compressor 3 use last week?"}]})
}

#[derive(Clone)]
struct Asker {
    http: reqwest::Client,
    url: String,
    key: String,
}

impl Asker {
    /// Asks once; gives the bytes of the answer.
    async fn ask(&self, is_streaming: bool) -> Result<usize> {
        let request = self.http.post(&self.url).header("x-api-key", &self.key).json(&body(is_streaming));
        let answer = request.send().await?;
        if !answer.status().is_success() {
            return Err(format!("{} answered {}: {}", self.url, answer.status(), answer.text().await?).into());
        }
        Ok(answer.bytes().await?.len())
    }
}

fn times() -> Result<Histogram<u64>> {
    Ok(Histogram::new_with_bounds(1, 60_000_000, 3)?)
}

fn us(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

fn added(ours: &Histogram<u64>, direct: &Histogram<u64>, quantile: f64) -> String {
    let us = ours.value_at_quantile(quantile).saturating_sub(direct.value_at_quantile(quantile));
    format!("{:.2} ms", Duration::from_micros(us).as_secs_f64() * 1_000.0)
}

/// Everything there is to say about the gateway.
pub async fn measure(steward: &Steward, stub: &Stub, samples: usize) -> Result<Vec<Row>> {
    let shown = steward.output(&["key", "create", TENANT, "--name", "Bench"])?;
    let key = shown.lines().next().ok_or("no key")?.to_owned();
    let http = client::http()?;
    let asker = |base: &str| Asker { http: http.clone(), url: format!("{base}/v1/messages"), key: key.clone() };
    let (ours, direct) = (asker(steward.url()), asker(stub.url()));
    let mut rows = Vec::new();
    for is_streaming in [false, true] {
        let (mut with, mut without) = (times()?, times()?);
        for _ in 0..samples {
            for (asker, times) in [(&direct, &mut without), (&ours, &mut with)] {
                let begin = Instant::now();
                asker.ask(is_streaming).await?;
                times.record(us(begin.elapsed()))?;
            }
        }
        let what = if is_streaming { "stream" } else { "whole answer" };
        let targets = if is_streaming { ["≤ 2 ms", ""] } else { ["≤ 1.0 ms", "≤ 3 ms"] };
        for (quantile, name, target) in [(0.5, "p50", targets[0]), (0.99, "p99", targets[1])] {
            rows.push(Row::fact(
                &format!("gateway, {what}, one at a time: added {name}"),
                &added(&with, &without, quantile),
                target,
            ));
        }
    }
    for is_streaming in [false, true] {
        let (mut per_second, mut per_cpu) = (Vec::new(), Vec::new());
        for _ in 0..REPEATS {
            let (count, cpu) = flood(steward, &ours, is_streaming).await?;
            per_second.push(rate(count, FOR));
            per_cpu.push(rate(count, cpu));
        }
        let what = if is_streaming { "streams of 6 events" } else { "whole answers" };
        let target = if is_streaming { "" } else { "≥ 3,000" };
        rows.push(Row::fact(
            &format!("gateway, {what}, {AT_ONCE} at once: a CPU-second (of {REPEATS})"),
            &spread(per_cpu),
            target,
        ));
        rows.push(Row::fact(
            &format!("gateway, {what}, {AT_ONCE} at once: a second (of {REPEATS})"),
            &spread(per_second),
            // One tenant's: each is a reservation and a settlement.
            "≥ 1,000 on SQLite, ≥ 500 on PostgreSQL",
        ));
    }
    rows.push(Row::fact("resident memory after it", &format!("{:.1} MiB", steward.resident_mib()?), "≤ 60 MB"));
    stub.take();
    Ok(rows)
}

#[expect(clippy::cast_precision_loss, reason = "a rate")]
pub fn rate(count: u64, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64().max(0.001)
}

/// Least, middle, most.
pub fn spread(mut values: Vec<f64>) -> String {
    values.sort_by(f64::total_cmp);
    let shown: Vec<String> = values.iter().map(|value| format!("{value:.0}")).collect();
    shown.join(" / ")
}

/// Requests answered within [`FOR`], and what they cost the server.
async fn flood(steward: &Steward, asker: &Asker, is_streaming: bool) -> Result<(u64, Duration)> {
    let before = steward.cpu()?;
    let until = Instant::now() + FOR;
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..AT_ONCE {
        let asker = asker.clone();
        workers.spawn(async move {
            let mut count = 0_u64;
            while Instant::now() < until {
                asker.ask(is_streaming).await?;
                count += 1;
            }
            Result::Ok(count)
        });
    }
    let mut count = 0;
    while let Some(worker) = workers.join_next().await {
        count += worker??;
    }
    Ok((count, steward.cpu()?.saturating_sub(before)))
}
