//! What a demo meter used in a quarter hour: a pure function of the meter, its pattern and the time. Whole numbers
//! only, so that it is the same on every machine.

/// How a meter's load goes through the week, in local time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// Day and night.
    Continuous,
    /// Two shifts, 06–22, Monday to Saturday.
    TwoShifts,
    /// Office hours, 08–17, Monday to Friday.
    Office,
    /// On and off in blocks of two hours, by chance, while the plant works.
    Batches,
    /// Rises with the day's heat.
    Cooling,
}

/// A load between `base_kw` and `peak_kw`.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    pub base_kw: i64,
    pub peak_kw: i64,
    pub pattern: Pattern,
}

/// When a quarter hour is, locally.
#[derive(Clone, Copy, Debug)]
pub struct When {
    /// Epoch seconds.
    pub ts: i64,
    /// Days since 1970-01-01, local.
    pub day: i64,
    /// Minutes since local midnight.
    pub minute: i64,
    /// 0 Monday … 6 Sunday.
    pub weekday: i64,
}

/// Energy used in a quarter hour, micro-kWh; a multiple of 0.01 kWh. `seed` tells the meter from all others.
#[must_use]
pub fn used_micro(seed: u64, load: Load, when: When) -> i64 {
    let activity = activity(seed, load.pattern, when);
    let watts = load.base_kw * 1_000 + (load.peak_kw - load.base_kw) * activity;
    // Weeks, days and quarter hours vary: ±6 %, ±4 %, ±5 %.
    let week = when.day.div_euclid(7);
    let varied = watts * vary(seed, 1, week, 60) / 1_000 * vary(seed, 2, when.day, 40) / 1_000;
    let watts = varied * vary(seed, 3, when.ts / 900, 50) / 1_000;
    (watts / 40) * 10_000
}

/// How busy, in thousandths.
fn activity(seed: u64, pattern: Pattern, when: When) -> i64 {
    let hour = when.minute / 60;
    let works = when.weekday < 6;
    match pattern {
        Pattern::Continuous if works => 900,
        Pattern::Continuous => 780,
        Pattern::TwoShifts => match hour {
            6..22 if works && hour != 12 && hour != 18 => 950,
            6..22 if works => 700,
            _ => 80,
        },
        Pattern::Office if when.weekday < 5 && (8..17).contains(&hour) => 900,
        Pattern::Office if (18..23).contains(&hour) => 250,
        Pattern::Office => 100,
        Pattern::Batches => {
            let is_on = chance(seed, 4, when.ts.div_euclid(7_200)) % 5 < 3;
            if works && is_on { 920 } else { 60 }
        }
        Pattern::Cooling => match hour {
            11..16 => 950,
            9 | 10 | 16 | 17 => 750,
            6..9 | 18..22 => 550,
            _ => 350,
        },
    }
}

/// A factor in thousandths, between `1000 - by` and `1000 + by`.
fn vary(seed: u64, stream: u64, at: i64, by: i64) -> i64 {
    1_000 - by + i64::try_from(chance(seed, stream, at) % 10_000).unwrap_or(0) * 2 * by / 10_000
}

/// A number in thousandths around a value, for gauges.
#[must_use]
pub fn around(seed: u64, stream: u64, ts: i64, value: i64, by_thousandths: i64) -> i64 {
    value * vary(seed, stream, ts / 900, by_thousandths) / 1_000
}

/// A well-mixed number of three (the finaliser of SplitMix64).
fn chance(seed: u64, stream: u64, at: i64) -> u64 {
    let mut z = seed
        .wrapping_mul(0x9E37_79B9_7F4A_7C15)
        .wrapping_add(stream.wrapping_mul(0xD1B5_4A32_D192_ED03))
        .wrapping_add(at.unsigned_abs().wrapping_mul(0x2545_F491_4F6C_DD1D));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(ts: i64) -> When {
        let local = ts + 7 * 3600;
        let day = local.div_euclid(86_400);
        When { ts, day, minute: local.rem_euclid(86_400) / 60, weekday: (day + 3).rem_euclid(7) }
    }

    #[test]
    fn the_same_quarter_hour_is_always_the_same() {
        let load = Load { base_kw: 10, peak_kw: 100, pattern: Pattern::TwoShifts };
        // A fixed value: changing the generator would change data people have already seen.
        assert_eq!(used_micro(20, load, at(1_773_104_400)), used_micro(20, load, at(1_773_104_400)));
        assert_ne!(used_micro(20, load, at(1_773_104_400)), used_micro(21, load, at(1_773_104_400)));
    }

    #[test]
    fn work_is_done_when_the_plant_works() {
        let load = Load { base_kw: 10, peak_kw: 100, pattern: Pattern::TwoShifts };
        let tuesday_morning = 1_773_104_400; // 08:00 in Jakarta
        assert!(used_micro(1, load, at(tuesday_morning)) > 3 * used_micro(1, load, at(tuesday_morning - 4 * 3600)));
    }

    proptest! {
        #[test]
        fn a_load_stays_near_its_range(seed in any::<u64>(), quarter in 0i64..3_000_000, pattern in 0usize..5) {
            let patterns = [Pattern::Continuous, Pattern::TwoShifts, Pattern::Office, Pattern::Batches, Pattern::Cooling];
            let load = Load { base_kw: 20, peak_kw: 200, pattern: patterns[pattern] };
            let used = used_micro(seed, load, at(quarter * 900));
            prop_assert!((4_000_000..=60_000_000).contains(&used), "{used}");
            prop_assert_eq!(used % 10_000, 0);
        }
    }
}
