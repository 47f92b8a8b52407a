//! What was used, derived anew from the registers around an imported range.

use crate::{
    db::{
        Result, TenantScope, Tx,
        energy::reading::{Reading, reading_before, reading_from, reading_put, reading_raw, reading_remove_filled},
    },
    tools::energy::{
        counter::{QUARTER, Register, Usage, between},
        money::{micro, number},
        quantity::Quantity,
    },
};

/// Seconds of registers held in memory at a time: 31 days.
const AT_A_TIME: i64 = 31 * 86_400;

/// Derives from the register before the range to the first one after it; gives the quarter hours that may have changed.
pub async fn rebuild(
    scope: &TenantScope,
    tx: &mut Tx,
    device: i64,
    quantity: Quantity,
    (first, last): (i64, i64),
) -> Result<(i64, i64)> {
    let before = reading_before(scope, tx, device, quantity.id(), first).await?;
    let after = reading_from(scope, tx, device, quantity.id(), last + QUARTER).await?;
    let from = before.as_ref().map_or(first, |raw| raw.ts);
    let to = after.map_or(last, |raw| raw.ts);
    reading_remove_filled(scope, tx, device, quantity.id(), from, to).await?;

    let mut previous = before.and_then(|raw| register(raw.ts, raw.last));
    let mut start = first;
    while start <= to {
        let end = (start + AT_A_TIME).min(to + QUARTER);
        let mut changed: Vec<Reading> = Vec::new();
        for raw in reading_raw(scope, tx, device, quantity.id(), start, end).await? {
            let Some(current) = register(raw.ts, raw.last) else { continue };
            let reading = |usage: &Usage| Reading {
                device_id: device,
                quantity: quantity.id(),
                ts: usage.ts,
                last: if usage.is_filled { number(usage.register) } else { raw.last },
                gauge: None,
                n: i64::from(!usage.is_filled),
                used_micro: Some(usage.used_micro),
            };
            match previous {
                Some(previous) => changed.extend(between(previous, current).iter().map(reading)),
                // The first register there is: nothing is known to have been used.
                None => {
                    let usage = Usage { ts: raw.ts, register: current.micro, used_micro: 0, is_filled: false };
                    changed.push(Reading { used_micro: None, ..reading(&usage) });
                }
            }
            previous = Some(current);
        }
        reading_put(scope, tx, &changed).await?;
        start = end;
    }
    Ok((from, to))
}

fn register(ts: i64, last: f64) -> Option<Register> {
    Some(Register { ts, micro: micro(last)? })
}
