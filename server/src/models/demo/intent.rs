//! What is wanted: keyword spotting; the order of the checks in [`intent`] is the order of precision.

use super::{
    question::has_content,
    vocabulary::{COST, DEVICES, ENERGY, LEAST, MOST, TARIFF},
    words::{Word, claim},
};

/// What is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Intent {
    Greeting,
    Help,
    Thanks,
    DailyDigest,
    WeeklySummary,
    PeakReport,
    DeptBreakdown,
    Devices,
    Overview,
    Quantities,
    Freshness,
    /// The course of a quantity, by its key.
    Series(&'static str),
    Energy,
    Cost,
    Compare,
    Rank {
        by: &'static str,
        order: &'static str,
    },
    Groups,
    CompareGroups,
    Peaks,
    /// Date, shifts or tariff.
    Date,
    Tariff,
    Shifts,
    /// See [`super::notes`].
    Note,
}

pub(super) fn slash(text: &str) -> Option<Intent> {
    match text.split_whitespace().next()? {
        "/daily-digest" => Some(Intent::DailyDigest),
        "/weekly-summary" => Some(Intent::WeeklySummary),
        "/peak-report" => Some(Intent::PeakReport),
        "/dept-breakdown" => Some(Intent::DeptBreakdown),
        "/help" => Some(Intent::Help),
        _ => None,
    }
}

/// The intent, claiming the words that told it.
pub(super) fn intent(words: &mut [Word], group_by: Option<&str>, of_department: bool, spans: usize) -> Option<Intent> {
    let is_rate_split = group_by == Some("rate");
    if let Some(key) = quantity(words) {
        return Some(Intent::Series(key));
    }
    if claim(
        words,
        "fresh|freshness|up to date|up-to-date|stale|silent|offline|late|latest data|data terbaru|\
        data terakhir|terlambat|kesegaran|mutakhir|last reading|delivering",
    ) {
        claim(words, "data|meter|meters|devices|reading|readings");
        return Some(Intent::Freshness);
    }
    if !is_rate_split
        && claim(
            words,
            "peak|peaks|puncak|beban puncak|highest demand|maximum demand|load factor|maximum load|faktor beban|\
        peak demand|peak load|beban tertinggi",
        )
    {
        claim(words, ENERGY);
        claim(words, MOST);
        return Some(Intent::Peaks);
    }
    let costs = claim(words, COST);
    if claim(
        words,
        "compare|compared|comparison|versus|vs|than|bandingkan|dibanding|dibandingkan|perbandingan|changed|\
        change|difference|perubahan|trend|increase|decrease|naik|turun",
    ) {
        claim(words, ENERGY);
        let groups = of_department || claim(words, "groups|kelompok");
        return Some(if groups && spans < 2 { Intent::CompareGroups } else { Intent::Compare });
    }
    let least = claim(words, LEAST);
    if least || claim(words, MOST) {
        claim(words, DEVICES);
        claim(words, ENERGY);
        if of_department {
            return Some(Intent::CompareGroups);
        }
        let order = if least { "lowest" } else { "highest" };
        return Some(Intent::Rank { by: if costs { "cost" } else { "energy" }, order });
    }
    if costs {
        claim(words, ENERGY);
        return Some(if of_department && !has_content(words) { Intent::CompareGroups } else { Intent::Cost });
    }
    if claim(words, ENERGY) {
        return Some(if of_department && !has_content(words) { Intent::CompareGroups } else { Intent::Energy });
    }
    if of_department {
        return Some(if has_content(words) { Intent::Energy } else { Intent::CompareGroups });
    }
    if group_by.is_some_and(|name| name != "shift") {
        return Some(Intent::Energy);
    }
    other_intent(words, group_by)
}

fn other_intent(words: &mut [Word], group_by: Option<&str>) -> Option<Intent> {
    if claim(words, "groups|group|tags|tag|aggregations|kelompok|grup") {
        return Some(Intent::Groups);
    }
    if claim(words, TARIFF) {
        return Some(Intent::Tariff);
    }
    if group_by == Some("shift") || claim(words, "shift|shifts") {
        return Some(Intent::Shifts);
    }
    if claim(words, "what is measured|quantities|measurements|besaran|measured") {
        return Some(Intent::Quantities);
    }
    if claim(words, "overview|status|tell me about|ringkasan|ceritakan tentang|how is|doing") {
        claim(words, DEVICES);
        return Some(Intent::Overview);
    }
    if claim(words, DEVICES) {
        return Some(Intent::Devices);
    }
    if claim(words, "date|what day|what time|time is it|tanggal|jam berapa|hari apa|time zone") {
        return Some(Intent::Date);
    }
    if claim(
        words,
        "what can you do|who are you|help|how do you work|apa yang bisa|bantuan|tolong|siapa kamu|siapa anda|\
        bisa apa",
    ) {
        return Some(Intent::Help);
    }
    if claim(words, "thanks|thank you|terima kasih|makasih") {
        return Some(Intent::Thanks);
    }
    if claim(
        words,
        "hello|hi|hey|good morning|good afternoon|good evening|halo|hai|selamat pagi|selamat siang|\
        selamat sore|selamat malam",
    ) {
        return Some(Intent::Greeting);
    }
    None
}

/// The key of a quantity that is not energy.
fn quantity(words: &mut [Word]) -> Option<&'static str> {
    for (key, phrases) in [
        ("power_factor", "power factor|faktor daya|cos phi"),
        ("voltage", "voltage|volts|tegangan"),
        ("current", "amps|ampere|amperes|amperage|arus"),
        ("frequency", "frequency|frekuensi|hertz|hz"),
        ("co2", "co2|carbon|emissions|emisi|karbon"),
        ("active_power", "kw|load curve|load profile|power curve|kurva beban|profil beban"),
    ] {
        if claim(words, phrases) {
            return Some(key);
        }
    }
    None
}
