//! What the energy tools write beside their numbers: texts, headings, charts' sentences. In the tenant's language, since
//! everybody in a conversation reads the same result. The titles of the tools themselves the page says in its own.
//!
//! A word from the data (a device, a shift, a tag) is never translated.

use super::dates;
use crate::model::{Date, Lang};

super::phrases! {
    find_devices = "Find devices" | "Cari perangkat";
    device_overview = "Device overview" | "Ikhtisar perangkat";
    list_quantities = "List quantities" | "Daftar besaran";
    data_freshness = "Data freshness" | "Kebaruan data";
    query_timeseries = "Time series" | "Deret waktu";
    energy_and_cost = "Energy and cost" | "Energi dan biaya";
    compare_periods = "Compare periods" | "Bandingkan periode";
    rank_devices = "Rank devices" | "Peringkat perangkat";
    compare_groups = "Compare groups" | "Bandingkan kelompok";
    peaks = "Peaks" | "Beban puncak";
    list_groups = "List groups" | "Daftar kelompok";
    date_info = "Date, shifts and tariff" | "Tanggal, sif, dan tarif";
    add_note = "Add a note" | "Tambah catatan";
    list_notes = "Notes" | "Catatan";
    delete_note = "Delete a note" | "Hapus catatan";

    all_devices = "All devices" | "Semua perangkat";
    all_groups = "All groups" | "Semua kelompok";
    departments = "Departments" | "Departemen";
    whole_site = "Whole site" | "Seluruh lokasi";
    the_whole_site = "the whole site" | "seluruh lokasi";
    among_all = "all devices" | "semua perangkat";

    energy = "Energy" | "Energi";
    cost = "Cost" | "Biaya";
    share = "Share" | "Porsi";
    device = "Device" | "Perangkat";
    devices = "Devices" | "Perangkat";
    day = "Day" | "Hari";
    month = "Month" | "Bulan";
    shift = "Shift" | "Sif";
    rate = "Rate" | "Tarif";
    rank = "Rank" | "Peringkat";
    group = "Group" | "Kelompok";
    period = "Period" | "Periode";
    change = "Change" | "Perubahan";
    name = "Name" | "Nama";
    code = "Code" | "Kode";
    tags = "Tags" | "Tag";
    kind = "Kind" | "Jenis";
    formula = "Formula" | "Rumus";
    key = "Key" | "Kunci";
    unit = "Unit" | "Satuan";
    value = "Value" | "Nilai";
    quantity = "Quantity" | "Besaran";
    quantities = "Quantities" | "Besaran";
    local_time = "Local time" | "Waktu setempat";
    lowest = "Lowest" | "Terendah";
    highest = "Highest" | "Tertinggi";
    demand = "Demand" | "Beban";
    from = "From" | "Dari";
    to = "To" | "Sampai";
    price = "Price" | "Harga";
    latest_reading = "Latest reading" | "Pembacaan terakhir";
    age = "Age" | "Umur";
    status = "Status" | "Status";
    note = "Note" | "Catatan";
    text = "Text" | "Isi";
    author = "By" | "Oleh";
    aggregations = "Aggregations" | "Agregasi";

    outside_shifts = "outside shifts" | "di luar sif";
    no_tariff = "no tariff" | "tanpa tarif";
    or = " or " | " atau ";
    never = "never" | "belum pernah";
    none = "none" | "tidak ada";
    no_tariff_set_up = "none is set up" | "belum diatur";
    nothing_measured = "Nothing was measured." | "Tidak ada yang terukur.";
    nothing_measured_yet = "Nothing is measured yet." | "Belum ada yang diukur.";
    no_device_matches = "No device matches." | "Tidak ada perangkat yang cocok.";
    no_notes = "There are no notes." | "Tidak ada catatan.";
    show_notes = "Show notes" | "Tampilkan catatan";
    in_the_future = "This period lies in the future." | "Periode ini masih akan datang.";
    still_running = "Today is still accumulating; its numbers will grow." | "Hari ini masih berjalan; angkanya akan bertambah.";
    part_of_a_day = "Today is not over: a part of a day is compared with a whole one." | "Hari ini belum selesai: sebagian hari dibandingkan dengan satu hari penuh.";
}

const ENGLISH_DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const INDONESIAN_DAYS: [&str; 7] = ["Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu"];

/// The name of a weekday, 0 Monday … 6 Sunday; nothing for what is none.
#[must_use]
pub fn weekday(lang: Lang, from_monday: i64) -> &'static str {
    let names = match lang {
        Lang::English => ENGLISH_DAYS,
        Lang::Indonesian => INDONESIAN_DAYS,
    };
    usize::try_from(from_monday).ok().and_then(|at| names.get(at)).copied().unwrap_or_default()
}

/// `14 Nov`, `3 Mei`: the short names of both languages are the first three letters.
#[must_use]
pub fn short_day(lang: Lang, date: Date) -> String {
    format!("{} {}", date.day, dates::month(lang, date.month).get(..3).unwrap_or_default())
}

/// `2026-03-02 to 2026-03-08`.
#[must_use]
pub fn days(lang: Lang, from: &str, to: &str) -> String {
    match lang {
        Lang::English => format!("{from} to {to}"),
        Lang::Indonesian => format!("{from} s.d. {to}"),
    }
}

/// The words of a period's keyword as the tools know it, e.g. `last_week`; as it came when unknown. `so_far`: says of a
/// running one that it is not over.
#[must_use]
pub fn period_named(lang: Lang, keyword: &str, so_far: bool) -> String {
    let (english, indonesian) = match keyword {
        "today" => ("today", "hari ini"),
        "yesterday" => ("yesterday", "kemarin"),
        "this_week" => ("this week", "minggu ini"),
        "last_week" => ("last week", "minggu lalu"),
        "this_month" => ("this month", "bulan ini"),
        "last_month" => ("last month", "bulan lalu"),
        "last_7_days" => ("the last 7 days", "7 hari terakhir"),
        "last_30_days" => ("the last 30 days", "30 hari terakhir"),
        _ => return keyword.replace('_', " "),
    };
    let is_running = matches!(keyword, "today" | "this_week" | "this_month");
    match (lang, so_far && is_running) {
        (Lang::English, true) => format!("{english} so far"),
        (Lang::English, false) => english.to_owned(),
        (Lang::Indonesian, true) => format!("{indonesian} sejauh ini"),
        (Lang::Indonesian, false) => indonesian.to_owned(),
    }
}

/// The name of a quantity by its key, e.g. `active_energy`; nothing for what is none.
#[must_use]
pub fn quantity_named(lang: Lang, key: &str) -> &'static str {
    let (english, indonesian) = match key {
        "active_energy" => ("Active energy", "Energi aktif"),
        "active_power" => ("Active power", "Daya aktif"),
        "voltage" => ("Voltage L-N", "Tegangan L-N"),
        "current" => ("Current", "Arus"),
        "power_factor" => ("Power factor", "Faktor daya"),
        "frequency" => ("Frequency", "Frekuensi"),
        "reactive_energy_lagging" => ("Reactive energy, lagging", "Energi reaktif, tertinggal"),
        "reactive_energy_leading" => ("Reactive energy, leading", "Energi reaktif, mendahului"),
        "co2" => ("Carbon dioxide", "Karbon dioksida"),
        _ => ("", ""),
    };
    if lang == Lang::English { english } else { indonesian }
}

/// How fresh a device's data is, from the word in the results.
#[must_use]
pub fn freshness(lang: Lang, status: &str) -> String {
    match (lang, status) {
        (Lang::Indonesian, "fresh") => "terbaru".to_owned(),
        (Lang::Indonesian, "late") => "terlambat".to_owned(),
        (Lang::Indonesian, "silent") => "senyap".to_owned(),
        (Lang::Indonesian, "no_data") => "tanpa data".to_owned(),
        _ => status.replace('_', " "),
    }
}

/// A part of a period as split and compared: `day`, `month`, `shift`, `rate`, `device`.
#[must_use]
pub fn part(lang: Lang, key: &str) -> &'static str {
    let (english, indonesian) = match key {
        "day" => ("day", "hari"),
        "month" => ("month", "bulan"),
        "shift" => ("shift", "sif"),
        "rate" => ("rate", "tarif"),
        "device" => ("device", "perangkat"),
        _ => ("", ""),
    };
    if lang == Lang::English { english } else { indonesian }
}

/// Sentences with values. The names of the values are those of the sentence.
macro_rules! sentences {
    ($($(#[$doc:meta])* $name:ident($($value:ident),*) = $en:literal | $id:literal;)*) => {
        $(
            $(#[$doc])*
            #[must_use]
            pub fn $name(lang: Lang, $($value: impl std::fmt::Display),*) -> String {
                match lang {
                    Lang::English => format!($en),
                    Lang::Indonesian => format!($id),
                }
            }
        )*
    };
}

sentences! {
    no_readings(dates) = "There are no readings for {dates}." | "Tidak ada pembacaan untuk {dates}.";
    no_tariff_here(energy) = "For {energy} no tariff is set up; the cost does not include it." | "Untuk {energy} belum ada tarif; biayanya tidak termasuk.";
    no_tariff_valid(energy) = "For {energy} no tariff was valid; the cost does not include it." | "Untuk {energy} tidak ada tarif yang berlaku; biayanya tidak termasuk.";
    complete_days(days) = "Compared are the {days} complete days so far; today is left out." | "Yang dibandingkan adalah {days} hari penuh sejauh ini; hari ini tidak ikut.";
    not_metered_below(device) = "{device}: not metered below" | "{device}: tidak diukur di bawahnya";
    per_part(what, part, period) = "{what}: energy per {part}, {period}" | "{what}: energi per {part}, {period}";
    by_part(what, part, period) = "{what}: energy by {part}, {period}" | "{what}: energi menurut {part}, {period}";
    compared(what, now, period, then, baseline, change) = "{what}: {now} in {period}, {then} in {baseline}; change {change}." | "{what}: {now} pada {period}, {then} pada {baseline}; perubahan {change}.";
    comparison(what) = "{what}: comparison" | "{what}: perbandingan";
    used_then_and_now(what, then, baseline, now, period) = "{what} used {then} in {baseline} and {now} in {period}." | "{what} memakai {then} pada {baseline} dan {now} pada {period}.";
    parts_of(whole, count, part, percent) = "{whole} has {count} parts; the largest is {part} with {percent}." | "{whole} memiliki {count} bagian; yang terbesar {part} dengan {percent}.";
    nothing_measured_of(who) = "{who}: nothing was measured." | "{who}: tidak ada yang terukur.";
    on_day(day) = "on {day}" | "pada {day}";
    in_month(month) = "in {month}" | "pada {month}";
    used_each(who, energy, slot) = "{who} used {energy} a {slot}." | "{who} memakai {energy} per {slot}.";
    used_between(who, lowest, highest, slot, when) = "{who} used between {lowest} and {highest} a {slot}; the most {when}." | "{who} memakai antara {lowest} dan {highest} per {slot}; terbanyak {when}.";
    between(lowest, least, highest, most) = "Between {lowest} ({least}) and {highest} ({most})." | "Antara {lowest} ({least}) dan {highest} ({most}).";
    day_told(date, weekday, now, zone, offset, tariff) = "{date} is a {weekday}. It is now {now} in {zone} (UTC{offset}). Tariff that day: {tariff}." | "{date} adalah hari {weekday}. Sekarang {now} di {zone} (UTC{offset}). Tarif hari itu: {tariff}.";
    shifts_and_tariff(date) = "Shifts and tariff on {date}" | "Sif dan tarif pada {date}";
    one_device(names) = "1 device: {names}." | "1 perangkat: {names}.";
    devices_found(total, names) = "{total} devices: {names}." | "{total} perangkat: {names}.";
    first_devices(total, shown, names) = "{total} devices, the first {shown}: {names}." | "{total} perangkat, {shown} yang pertama: {names}.";
    energy_and_cost_of(device) = "{device}: energy and cost" | "{device}: energi dan biaya";
    latest_readings_of(device) = "{device}: latest readings" | "{device}: pembacaan terakhir";
    measured(names) = "Measured are: {names}." | "Yang diukur: {names}.";
    groups(tags, aggregations) = "Tags: {tags}. Aggregations: {aggregations}." | "Tag: {tags}. Agregasi: {aggregations}.";
    fresh_of(all, fresh, minutes, late, silent, missing) = "Of {all} devices, {fresh} are fresh (up to {minutes} minutes), {late} late, {silent} silent for more than a day, {missing} without data." | "Dari {all} perangkat, {fresh} terbaru (sampai {minutes} menit), {late} terlambat, {silent} senyap lebih dari sehari, {missing} tanpa data.";
    highest_demand(what, period, demand, at, average) = "{what}, {period}: highest demand {demand} kW at {at} (local), average {average} kW." | "{what}, {period}: beban tertinggi {demand} kW pada {at} (waktu setempat), rata-rata {average} kW.";
    no_demand(what, period) = "{what}, {period}: no demand was measured." | "{what}, {period}: tidak ada beban yang terukur.";
    peaks_of(what, period) = "{what}: peaks, {period}" | "{what}: beban puncak, {period}";
    demand_of(what, period) = "{what}: demand, {period}" | "{what}: beban, {period}";
    demand_told(demand, at) = "The highest demand was {demand} kW at {at} (local)." | "Beban tertinggi {demand} kW pada {at} (waktu setempat).";
    ranked(order, by, what, period, first) = "{order} {by} among {what}, {period}: {first}." | "{by} {order} di antara {what}, {period}: {first}.";
    ranked_first(first, order, by, what) = "{first} has the {order} {by} among {what}." | "{first} memiliki {by} {order} di antara {what}.";
    devices_by(by, period) = "Devices by {by}, {period}" | "Perangkat menurut {by}, {period}";
    grouped(kind, period, parts) = "By {kind}, {period}: {parts}." | "Menurut {kind}, {period}: {parts}.";
    energy_by(kind, period) = "Energy by {kind}, {period}" | "Energi menurut {kind}, {period}";
    energy_and_cost_by(kind, period) = "Energy and cost by {kind}, {period}" | "Energi dan biaya menurut {kind}, {period}";
    course(device, quantity, bucket, period, points) = "{device}, {quantity} per {bucket}, {period}: {points} points" | "{device}, {quantity} per {bucket}, {period}: {points} titik";
    course_range(lowest, highest, unit) = ", from {lowest} to {highest} {unit}" | ", dari {lowest} sampai {highest} {unit}";
    course_total(total, unit) = ", {total} {unit} in all" | ", seluruhnya {total} {unit}";
    course_told(quantity, bucket, lowest, highest, unit, at) = "{quantity} per {bucket}: between {lowest} and {highest} {unit}; the highest at {at}." | "{quantity} per {bucket}: antara {lowest} dan {highest} {unit}; tertinggi pada {at}.";
    coarser(bucket, most) = "The points were made coarser ({bucket}) to have at most {most}." | "Titik-titiknya diperjarang ({bucket}) agar paling banyak {most}.";
    could_be(text, names, more) = "\"{text}\" could be {names}{more}. Which one?" | "\"{text}\" bisa berarti {names}{more}. Yang mana?";
    no_devices_yet(text) = "There is no device \"{text}\": no devices are set up here yet." | "Tidak ada perangkat \"{text}\": belum ada perangkat yang diatur di sini.";
    no_such_device(text, names) = "There is no device \"{text}\". The closest are {names}." | "Tidak ada perangkat \"{text}\". Yang paling mirip: {names}.";
    note_numbered(number) = "Note {number}" | "Catatan {number}";
    add_note_to(device) = "Add a note to {device}" | "Tambah catatan pada {device}";
    add_note_saying(text, device) = "Add the note “{text}” to {device}" | "Tambah catatan “{text}” pada {device}";
    delete_note_numbered(number) = "Delete note {number} for good" | "Hapus catatan {number} untuk selamanya";
    what_happened(device) = "What happened at {device}?" | "Apa yang terjadi pada {device}?";
    what_should_it_say(device) = "What should the note on {device} say?" | "Apa isi catatan untuk {device}?";
    note_stored(number, device, text) = "Note {number} on {device} is stored: {text}" | "Catatan {number} untuk {device} disimpan: {text}";
    note_deleted(number, device, text) = "Note {number} on {device} is deleted: {text}" | "Catatan {number} untuk {device} dihapus: {text}";
}

/// The width of a point of a time series, from the word in the results: `15 minutes`, `1 hour`, `1 day`.
#[must_use]
pub fn bucket(lang: Lang, width: &str) -> String {
    if lang == Lang::English {
        return width.to_owned();
    }
    match width.split_once(' ') {
        Some((count, "minutes")) => format!("{count} menit"),
        Some((count, "hour" | "hours")) => format!("{count} jam"),
        Some((count, "day")) => format!("{count} hari"),
        _ => width.to_owned(),
    }
}

/// How many notes there are.
#[must_use]
pub fn notes_counted(lang: Lang, count: usize) -> String {
    match (lang, count) {
        (_, 0) => no_notes(lang).to_owned(),
        (Lang::English, 1) => "1 note.".to_owned(),
        (Lang::English, _) => format!("{count} notes."),
        (Lang::Indonesian, _) => format!("{count} catatan."),
    }
}

/// The title of a tool by its name.
#[must_use]
pub fn tool(lang: Lang, name: &str) -> Option<&'static str> {
    Some(match name {
        "find_devices" => find_devices(lang),
        "device_overview" => device_overview(lang),
        "list_quantities" => list_quantities(lang),
        "data_freshness" => data_freshness(lang),
        "query_timeseries" => query_timeseries(lang),
        "energy_and_cost" => energy_and_cost(lang),
        "compare_periods" => compare_periods(lang),
        "rank_devices" => rank_devices(lang),
        "compare_groups" => compare_groups(lang),
        "peaks" => peaks(lang),
        "list_groups" => list_groups(lang),
        "date_info" => date_info(lang),
        "add_note" => add_note(lang),
        "list_notes" => list_notes(lang),
        "delete_note" => delete_note(lang),
        _ => return None,
    })
}

/// The title of a tool in the language of the page; `told` is what the server called it, in the tenant's.
#[must_use]
pub fn tool_title<'t>(lang: Lang, name: &str, told: &'t str) -> &'t str {
    tool(lang, name).unwrap_or(told)
}

/// `energy` or `cost`, within a sentence.
#[must_use]
pub fn measure(lang: Lang, is_energy: bool) -> String {
    if is_energy { energy(lang) } else { cost(lang) }.to_lowercase()
}

/// `highest` or `lowest`, within a sentence.
#[must_use]
pub fn order(lang: Lang, is_highest: bool) -> String {
    if is_highest { highest(lang) } else { lowest(lang) }.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_months_and_periods_are_named_in_both_languages() {
        let date = Date { year: 2026, month: 5, day: 3 };
        assert_eq!(short_day(Lang::English, date), "3 May");
        assert_eq!(short_day(Lang::Indonesian, date), "3 Mei");
        assert_eq!(weekday(Lang::Indonesian, 6), "Minggu");
        assert_eq!(weekday(Lang::English, 7), "");
        assert_eq!(period_named(Lang::English, "this_week", true), "this week so far");
        assert_eq!(period_named(Lang::Indonesian, "this_week", false), "minggu ini");
        assert_eq!(bucket(Lang::Indonesian, "2 hours"), "2 jam");
    }
}
