//! A plant's meters, shifts, tariff and readings.

use app::model::Date;

use super::{
    generator::{When, around, used_micro},
    plants::{Meter, Plant},
};
use crate::{
    db::{
        Db, TenantScope, Tx,
        energy::{
            daily::daily_replace,
            device::{Device, SourceKind, device_insert, device_list, source_add, source_latest},
            group::{Aggregation, Tag, aggregation_add, tag_add},
            reading::{Reading, Used, reading_before, reading_put},
            tariff::{Rate, Shift, rate_add, shift_add},
        },
    },
    error::Result,
    tools::energy::{
        calendar::Calendar,
        counter::QUARTER,
        daily::derive,
        money::{micro, number},
        period::{day_start, local, weekday},
        quantity::Quantity,
    },
    world::World,
};

/// How far back a new plant's data goes, and how much a later start appends at most.
const FIRST_DAYS: i64 = 35;
const MAX_DAYS: i64 = 400;
/// Days generated and written at a time, to bound memory.
const DAYS_AT_A_TIME: i64 = 7;
/// Where a main meter's register starts, micro-kWh.
const FIRST_REGISTER: i64 = 1_250_000_000_000;
const HOUR: i64 = 3_600;
/// What the main meter sees above the others: losses, in thousandths.
const WITH_LOSSES: i64 = 1_030;

/// Adds what is missing: the plant itself, and readings up to the last complete quarter hour.
pub async fn fill(db: &Db, world: &World, plant: &Plant, scope: &TenantScope) -> Result<()> {
    let now = world.now().0.div_euclid(1000);
    let until = now - now.rem_euclid(QUARTER);
    let main = plant.meters.first().map_or(0, |meter| meter.id);

    let mut tx = db.read(scope).await?;
    let latest = source_latest(scope, &mut tx).await?;
    let energy =
        latest.iter().find(|source| source.device_id == main && source.quantity == Quantity::ActiveEnergy.id());
    let covered = energy.and_then(|source| source.ts).map(|ts| ts + QUARTER);
    let is_new = device_list(scope, &mut tx).await?.is_empty();
    drop(tx);
    if covered.is_some_and(|end| end >= until) {
        return Ok(());
    }
    let mut tx = db.begin(scope).await?;
    if is_new {
        set_up(scope, &mut tx, plant).await?;
    } else if covered.is_none() {
        tracing::warn!(tenant = plant.code, "this tenant's meters are not the demo's; no readings are added");
        return Ok(());
    }
    let calendar = Calendar::load(scope, &mut tx).await?;
    let (today, _) = local(calendar.zone, until - 1);
    // The last day there is anything of is written again as a whole: the same values, and what is missing.
    let first = match covered {
        Some(end) => local(calendar.zone, end - 1).0.to_days().max(today.to_days() - MAX_DAYS),
        None => today.to_days() - FIRST_DAYS,
    };
    let mut day = first;
    while day <= today.to_days() {
        let last = (day + DAYS_AT_A_TIME - 1).min(today.to_days());
        write_days(scope, &mut tx, plant, &calendar, (day, last), until).await?;
        day = last + 1;
    }
    tx.commit().await?;
    tracing::info!(tenant = plant.code, from = %Date::from_days(first), "demo readings added");
    Ok(())
}

async fn set_up(scope: &TenantScope, tx: &mut Tx, plant: &Plant) -> Result<()> {
    let main = plant.meters.first().map(|meter| meter.id);
    let (mut tags, mut sources) = (Vec::new(), Vec::new());
    for meter in &plant.meters {
        let is_main = Some(meter.id) == main;
        let device = Device {
            id: meter.id,
            code: meter.code.to_owned(),
            name: meter.name.to_owned(),
            parent_id: main.filter(|_| !is_main),
        };
        device_insert(scope, tx, &device).await?;
        for (kind, name) in [("department", meter.department), ("building", meter.building)] {
            if name.is_empty() {
                continue;
            }
            tags.push(Tag { kind: kind.to_owned(), name: name.to_owned(), device_id: meter.id });
        }
        let energy = if is_main { SourceKind::Counter } else { SourceKind::Interval };
        sources.push((meter.id, Quantity::ActiveEnergy.id(), energy));
        sources.push((meter.id, Quantity::ActivePower.id(), SourceKind::Interval));
        if is_main {
            let gauges = [Quantity::Voltage, Quantity::Current, Quantity::PowerFactor, Quantity::Frequency];
            sources.extend(gauges.map(|gauge| (meter.id, gauge.id(), SourceKind::Interval)));
        }
    }
    tag_add(scope, tx, &tags).await?;
    source_add(scope, tx, &sources).await?;
    for (name, kind, formula) in plant.aggregations {
        let aggregation = Aggregation { name: name.to_owned(), kind: kind.to_owned(), formula: formula.to_owned() };
        aggregation_add(scope, tx, &aggregation).await?;
    }
    for (id, name, from_minute, to_minute) in
        [(1, "Night", 1_320, 360), (2, "Morning", 360, 840), (3, "Evening", 840, 1_320)]
    {
        shift_add(scope, tx, &Shift { id, name: name.to_owned(), from_minute, to_minute }).await?;
    }
    // Indonesian time of use: waktu beban puncak (peak) and luar waktu beban puncak (off-peak), about PLN's I-3.
    for (id, code, name, from_minute, to_minute, price_micro) in
        [(1, "WBP", "peak", 1_020, 1_320, 1_553_670_000), (2, "LWBP", "off-peak", 1_320, 1_020, 1_035_780_000)]
    {
        let (code, name) = (code.to_owned(), name.to_owned());
        let valid_from = Date { year: 2020, month: 1, day: 1 }.to_days();
        rate_add(scope, tx, &Rate { id, code, name, from_minute, to_minute, price_micro, valid_from, valid_to: None })
            .await?;
    }
    Ok(())
}

/// Writes whole local days `from..=to`, the last one up to `until`.
async fn write_days(
    scope: &TenantScope,
    tx: &mut Tx,
    plant: &Plant,
    calendar: &Calendar,
    (from, to): (i64, i64),
    until: i64,
) -> Result<()> {
    let start = day_start(calendar.zone, Date::from_days(from));
    let end = day_start(calendar.zone, Date::from_days(to + 1)).min(until);
    let times: Vec<When> = (0..)
        .map(|quarter| start + quarter * QUARTER)
        .take_while(|ts| *ts < end)
        .map(|ts| {
            let (date, minute) = local(calendar.zone, ts);
            When { ts, day: date.to_days(), minute, weekday: weekday(date) }
        })
        .collect();
    let [main, others @ ..] = &plant.meters;
    let mut sums = vec![0_i64; times.len()];
    for meter in others {
        let used: Vec<Used> = times
            .iter()
            .map(|when| Used { ts: when.ts, used_micro: used_micro(seed_of(meter), meter.load, *when) })
            .collect();
        for (sum, used) in sums.iter_mut().zip(&used) {
            *sum += used.used_micro;
        }
        let mut readings: Vec<Reading> = used.iter().map(|used| interval(meter, used)).collect();
        readings.extend(used.iter().filter(|used| used.ts % HOUR == 0).map(|used| power(meter, used)));
        reading_put(scope, tx, &readings).await?;
        daily_replace(scope, tx, meter.id, from, to, &derive(&used, calendar)).await?;
    }
    let used: Vec<Used> = times
        .iter()
        .zip(&sums)
        .map(|(when, sum)| Used { ts: when.ts, used_micro: sum * WITH_LOSSES / 1_000 })
        .collect();
    write_main(scope, tx, main, start, &used).await?;
    daily_replace(scope, tx, main.id, from, to, &derive(&used, calendar)).await?;
    Ok(())
}

/// The main meter: a register that counts up, and what it measures of the grid.
async fn write_main(scope: &TenantScope, tx: &mut Tx, main: &Meter, start: i64, used: &[Used]) -> Result<()> {
    let energy = Quantity::ActiveEnergy.id();
    let mut readings = Vec::with_capacity(used.len() * 3);
    let reading = |quantity: i64, ts: i64, last: f64| Reading {
        device_id: main.id,
        quantity,
        ts,
        last,
        gauge: None,
        n: 1,
        used_micro: None,
    };
    let mut register = match reading_before(scope, tx, main.id, energy, start).await? {
        Some(before) => micro(before.last).unwrap_or(FIRST_REGISTER),
        None => {
            // What the first quarter hour's difference is taken from.
            readings.push(reading(energy, start - QUARTER, number(FIRST_REGISTER)));
            FIRST_REGISTER
        }
    };
    for used in used {
        register += used.used_micro;
        readings.push(Reading { used_micro: Some(used.used_micro), ..reading(energy, used.ts, number(register)) });
        if used.ts % HOUR == 0 {
            readings.push(power(main, used));
            readings.extend(grid(main, used).map(|(quantity, value)| gauge(main, quantity, used.ts, value)));
        }
    }
    reading_put(scope, tx, &readings).await?;
    Ok(())
}

/// Voltage, current, power factor and frequency that fit what was used.
fn grid(main: &Meter, used: &Used) -> [(Quantity, f64); 4] {
    let seed = seed_of(main);
    let thousandths = |value: i64| number(value * 1_000);
    let voltage = thousandths(around(seed, 11, used.ts, 231_000, 12));
    let power_factor = thousandths(around(seed, 12, used.ts, 930, 25));
    let frequency = thousandths(around(seed, 13, used.ts, 50_000, 1));
    let watts = number(used.used_micro) * 4_000.0;
    let current = (watts / (3.0 * voltage * power_factor) * 100.0).round() / 100.0;
    [
        (Quantity::Voltage, voltage),
        (Quantity::Current, current),
        (Quantity::PowerFactor, power_factor),
        (Quantity::Frequency, frequency),
    ]
}

fn interval(meter: &Meter, used: &Used) -> Reading {
    Reading {
        device_id: meter.id,
        quantity: Quantity::ActiveEnergy.id(),
        ts: used.ts,
        last: number(used.used_micro),
        gauge: None,
        n: 1,
        used_micro: Some(used.used_micro),
    }
}

fn power(meter: &Meter, used: &Used) -> Reading {
    gauge(meter, Quantity::ActivePower, used.ts, number(used.used_micro * 4))
}

fn gauge(meter: &Meter, quantity: Quantity, ts: i64, value: f64) -> Reading {
    Reading {
        device_id: meter.id,
        quantity: quantity.id(),
        ts,
        last: value,
        gauge: Some((value, value, value)),
        n: 1,
        used_micro: None,
    }
}

/// Tells a meter from all others: ids differ between the demo's plants, too.
fn seed_of(meter: &Meter) -> u64 {
    meter.id.unsigned_abs()
}
