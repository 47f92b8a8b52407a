//! From results to Markdown, in the language of the question. Every number is a tool's; none is computed here.

mod replies;

use serde_json::Value;

use super::{
    format::{amount, change, escape, kwh, money, note, number, percent, period, table, text},
    memory::Given,
    words::Language,
};

pub(super) use replies::{
    failure, future, gave_up, greeting, help, no_tools, not_found, off_topic, opening, thanks, unknown_device,
    which_device,
};

fn list<'a>(data: &'a Value, field: &str) -> &'a [Value] {
    data[field].as_array().map_or(&[], Vec::as_slice)
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// `energy_and_cost`.
pub(super) fn energy(data: &Value, of_cost: bool, language: Language) -> String {
    let (scope, when) = (capital(&text(data, "scope")), period(&data["period"], language));
    let (energy, cost) = (kwh(&data["total"], language), money(&data["total"], "cost_text", language));
    let sentence = match (of_cost, language) {
        (true, Language::English) => format!("**{scope}** cost **{cost}** for {energy} – {when}."),
        (true, Language::Indonesian) => format!("**{scope}** menghabiskan biaya **{cost}** untuk {energy} – {when}."),
        (false, Language::English) => format!("**{scope}** used **{energy}**, which cost {cost} – {when}."),
        (false, Language::Indonesian) => format!("**{scope}** memakai **{energy}** dengan biaya {cost} – {when}."),
    };
    let split = match data["group_by"].as_str() {
        Some("day") => language.pick("Day", "Hari"),
        Some("month") => language.pick("Month", "Bulan"),
        Some("shift") => language.pick("Shift", "Shift"),
        Some("rate") => language.pick("Rate", "Tarif"),
        _ => language.pick("Device", "Perangkat"),
    };
    sentence + &amounts(list(data, "rows"), split, "label", language) + &note(data, language)
}

/// Rows of energy, cost and share.
fn amounts(rows: &[Value], head: &str, field: &str, language: Language) -> String {
    let heads =
        [(head, false), ("kWh", true), (language.pick("Cost", "Biaya"), true), (language.pick("Share", "Porsi"), true)];
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            vec![
                text(row, field),
                amount(row, "kwh", "", language),
                money(row, "cost_text", language),
                percent(row, "share_percent", language),
            ]
        })
        .collect();
    table(&heads, &rows, language)
}

/// Several `energy_and_cost` totals side by side; what failed is said below.
pub(super) fn measures(results: &[&Given], language: Language) -> String {
    let heads = [
        (language.pick("What", "Apa"), false),
        (language.pick("Period", "Periode"), false),
        ("kWh", true),
        (language.pick("Cost", "Biaya"), true),
    ];
    let mut rows = Vec::new();
    let mut failures = String::new();
    for given in results {
        match given {
            Given::Data(data) => rows.push(vec![
                text(data, "scope"),
                period(&data["period"], language),
                amount(&data["total"], "kwh", "", language),
                money(&data["total"], "cost_text", language),
            ]),
            failed => failures.push_str(&format!("\n\n{}", failure(failed, language))),
        }
    }
    let opening = language.pick("Side by side:", "Berdampingan:");
    if rows.is_empty() {
        return failures.trim_start().to_owned();
    }
    format!("{opening}{}{failures}", table(&heads, &rows, language))
}

/// `compare_periods`.
pub(super) fn comparison(data: &Value, language: Language) -> String {
    let scope = capital(&text(data, "scope"));
    let (current, baseline, delta) = (&data["current"], &data["baseline"], &data["change"]);
    let more = delta["kwh"].as_f64().unwrap_or(0.0);
    let size = delta["kwh"].as_f64().map_or("–".to_owned(), |kwh| format!("{} kWh", number(kwh.abs(), language)));
    let share = change(delta, "kwh_percent", language);
    let verdict = match (more > 0.0, more < 0.0, language) {
        (true, _, Language::English) => format!("**{scope}** used **{size} more** ({share})"),
        (true, _, Language::Indonesian) => format!("**{scope}** memakai **{size} lebih banyak** ({share})"),
        (_, true, Language::English) => format!("**{scope}** used **{size} less** ({share})"),
        (_, true, Language::Indonesian) => format!("**{scope}** memakai **{size} lebih sedikit** ({share})"),
        (_, _, Language::English) => format!("**{scope}** used the same"),
        (_, _, Language::Indonesian) => format!("**{scope}** memakai jumlah yang sama"),
    };
    let (now, then) = (period(&current["period"], language), period(&baseline["period"], language));
    let than = language.pick("than", "dibanding");
    let heads = [(language.pick("Period", "Periode"), false), ("kWh", true), (language.pick("Cost", "Biaya"), true)];
    let row = |label: String, side: &Value| {
        vec![label, amount(&side["amount"], "kwh", "", language), money(&side["amount"], "cost_text", language)]
    };
    let change_row = vec![
        language.pick("Change", "Perubahan").to_owned(),
        format!("{} ({share})", amount(delta, "kwh", "", language)),
        format!("{} ({})", money(delta, "cost_text", language), change(delta, "cost_percent", language)),
    ];
    let rows = [row(now.clone(), current), row(then.clone(), baseline), change_row];
    format!("{verdict} – {now}, {than} {then}.{}{}", table(&heads, &rows, language), note(data, language))
}

/// `rank_devices`.
pub(super) fn ranking(data: &Value, language: Language) -> String {
    let rows = list(data, "rows");
    let Some(first) = rows.first() else {
        return language
            .pick("There is no energy to rank in that period.", "Tidak ada energi untuk diperingkat pada periode itu.")
            .to_owned();
    };
    let name = text(&first["device"], "name");
    let is_lowest = data["order"] == "lowest";
    let place = match (is_lowest, language) {
        (false, Language::English) => "comes first",
        (true, Language::English) => "used least",
        (false, Language::Indonesian) => "berada di urutan pertama",
        (true, Language::Indonesian) => "paling hemat",
    };
    let sentence = format!(
        "**{name}** {place} – {}: {}, {}.",
        period(&data["period"], language),
        kwh(first, language),
        money(first, "cost_text", language)
    );
    let heads = [
        ("#", true),
        (language.pick("Device", "Perangkat"), false),
        ("kWh", true),
        (language.pick("Cost", "Biaya"), true),
        (language.pick("Share", "Porsi"), true),
    ];
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            vec![
                row["rank"].to_string(),
                text(&row["device"], "name"),
                amount(row, "kwh", "", language),
                money(row, "cost_text", language),
                percent(row, "share_percent", language),
            ]
        })
        .collect();
    sentence + &table(&heads, &rows, language) + &note(data, language)
}

/// `compare_groups`.
pub(super) fn compared_groups(data: &Value, language: Language) -> String {
    let rows = list(data, "rows");
    let Some(first) = rows.first() else {
        return language.pick("There are no groups of that kind.", "Tidak ada kelompok jenis itu.").to_owned();
    };
    let (group, when, energy) = (text(first, "group"), period(&data["period"], language), kwh(first, language));
    let sentence = match language {
        Language::English => format!("**{group}** used most – {when}: {energy}."),
        Language::Indonesian => format!("**{group}** memakai paling banyak – {when}: {energy}."),
    };
    let head = language.pick("Group", "Kelompok");
    sentence + &amounts(rows, head, "group", language) + &note(data, language)
}

/// `peaks`.
pub(super) fn peaks(data: &Value, language: Language) -> String {
    let rows = list(data, "peaks");
    let when = period(&data["period"], language);
    let Some(first) = rows.first() else {
        let none = language.pick("No demand was measured", "Tidak ada beban yang terukur");
        return format!("{none} – {when}.{}", note(data, language));
    };
    let (scope, peak, at) = (text(data, "scope"), amount(first, "kw", "kW", language), text(first, "local"));
    let sentence = match language {
        Language::English => format!("The highest demand of **{scope}** was **{peak}** at {at} – {when}."),
        Language::Indonesian => format!("Beban tertinggi **{scope}** adalah **{peak}** pada {at} – {when}."),
    };
    let heads = [
        (language.pick("Quarter hour", "Seperempat jam"), false),
        ("kW", true),
        ("Shift", false),
        (language.pick("Rate", "Tarif"), false),
    ];
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| vec![text(row, "local"), amount(row, "kw", "", language), text(row, "shift"), text(row, "rate")])
        .collect();
    let average = amount(data, "average_kw", "kW", language);
    let load_factor = percent(data, "load_factor_percent", language);
    let tail = match language {
        Language::English => format!("\n\nAverage demand {average}, load factor {load_factor}."),
        Language::Indonesian => format!("\n\nBeban rata-rata {average}, faktor beban {load_factor}."),
    };
    sentence + &table(&heads, &rows, language) + &tail + &note(data, language)
}

/// `find_devices`.
pub(super) fn devices(data: &Value, language: Language) -> String {
    let rows = list(data, "devices");
    if rows.is_empty() {
        return language.pick("I found no such device.", "Saya tidak menemukan perangkat seperti itu.").to_owned();
    }
    let total = &data["total"];
    let sentence = match language {
        Language::English if total == 1 => "There is **1** such device.".to_owned(),
        Language::English => format!("There are **{total}** devices."),
        Language::Indonesian => format!("Ada **{total}** perangkat."),
    };
    let heads = [
        (language.pick("Code", "Kode"), false),
        (language.pick("Name", "Nama"), false),
        (language.pick("Groups", "Kelompok"), false),
    ];
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            let tags: Vec<String> = list(row, "tags").iter().filter_map(Value::as_str).map(escape).collect();
            vec![text(row, "code"), text(row, "name"), tags.join(", ")]
        })
        .collect();
    sentence + &table(&heads, &rows, language)
}

/// `device_overview`.
pub(super) fn overview(data: &Value, language: Language) -> String {
    let (name, code) = (text(&data["device"], "name"), text(&data["device"], "code"));
    let heads = [(language.pick("Period", "Periode"), false), ("kWh", true), (language.pick("Cost", "Biaya"), true)];
    let row = |label: &str, field: &str| {
        vec![label.to_owned(), amount(&data[field], "kwh", "", language), money(&data[field], "cost_text", language)]
    };
    let rows = [
        row(language.pick("Today so far", "Hari ini sejauh ini"), "today"),
        row(language.pick("Yesterday", "Kemarin"), "yesterday"),
        row(language.pick("This month so far", "Bulan ini sejauh ini"), "this_month"),
        row(language.pick("Last month", "Bulan lalu"), "last_month"),
    ];
    let latest: Vec<String> = list(data, "latest")
        .iter()
        .map(|row| {
            let unit = row["unit"].as_str().unwrap_or_default();
            format!("{} {} ({})", text(row, "name"), amount(row, "value", unit, language), text(row, "local"))
        })
        .collect();
    let latest = if latest.is_empty() {
        String::new()
    } else {
        format!("\n\n{}: {}.", language.pick("Latest readings", "Pembacaan terakhir"), latest.join("; "))
    };
    format!("**{name}** ({code}){}{latest}", table(&heads, &rows, language))
}

/// `list_quantities`.
pub(super) fn quantities(data: &Value, language: Language) -> String {
    let heads = [
        (language.pick("Quantity", "Besaran"), false),
        (language.pick("Unit", "Satuan"), false),
        (language.pick("Devices", "Perangkat"), true),
    ];
    let rows: Vec<Vec<String>> = list(data, "quantities")
        .iter()
        .map(|row| vec![text(row, "name"), text(row, "unit"), row["devices"].to_string()])
        .collect();
    language.pick("This is measured:", "Yang diukur:").to_owned() + &table(&heads, &rows, language)
}

/// `data_freshness`.
pub(super) fn freshness(data: &Value, language: Language) -> String {
    let count = |field: &str| data[field].as_i64().unwrap_or(0);
    let (fresh, late, silent, none) = (count("fresh"), count("late"), count("silent"), count("no_data"));
    let at = text(data, "now_local");
    let sentence = match language {
        Language::English => format!(
            "As of {at}: **{fresh}** devices deliver fresh data, **{late}** are late, **{silent}** are silent, **{none}** \
             have no data."
        ),
        Language::Indonesian => format!(
            "Per {at}: **{fresh}** perangkat mengirim data terbaru, **{late}** terlambat, **{silent}** diam, **{none}** \
             tanpa data."
        ),
    };
    let heads = [
        (language.pick("Device", "Perangkat"), false),
        (language.pick("Last reading", "Pembacaan terakhir"), false),
        (language.pick("Age (min)", "Usia (menit)"), true),
        ("Status", false),
    ];
    let noteworthy = list(data, "devices").iter().filter(|row| row["status"] != "fresh");
    let rows: Vec<Vec<String>> = noteworthy
        .map(|row| {
            vec![text(row, "name"), text(row, "local"), amount(row, "age_minutes", "", language), text(row, "status")]
        })
        .collect();
    sentence + &table(&heads, &rows, language)
}

/// `query_timeseries`: the summary and a few points; the chart has them all.
pub(super) fn series(data: &Value, language: Language) -> String {
    const SHOWN: usize = 12;
    let unit = data["unit"].as_str().unwrap_or_default();
    let points = list(data, "points");
    let (name, quantity) = (text(&data["device"], "name"), text(data, "quantity").replace("\\_", " "));
    let when = period(&data["period"], language);
    if points.is_empty() {
        let none = language.pick("has no readings of", "tidak punya pembacaan");
        return format!("**{name}** {none} {quantity} – {when}.{}", note(data, language));
    }
    let summary = &data["summary"];
    let (low, high) = (amount(summary, "min", unit, language), amount(summary, "max", unit, language));
    let average = amount(summary, "average", unit, language);
    let sentence = match language {
        Language::English => format!("**{name}**, {quantity} – {when}: average **{average}**, from {low} to {high}."),
        Language::Indonesian => {
            format!("**{name}**, {quantity} – {when}: rata-rata **{average}**, dari {low} sampai {high}.")
        }
    };
    let step = points.len().div_ceil(SHOWN);
    let rows: Vec<Vec<String>> = points
        .iter()
        .step_by(step)
        .map(|point| vec![text(point, "local"), amount(point, "value", "", language)])
        .collect();
    let heads = [(language.pick("Time", "Waktu"), false), (if unit.is_empty() { "–" } else { unit }, true)];
    let left_out = points.len() - rows.len();
    let more = match language {
        _ if left_out == 0 => String::new(),
        Language::English => format!("\n\n(Shown: one point in {step}; the tool's result has all {}.)", points.len()),
        Language::Indonesian => {
            format!("\n\n(Ditampilkan: satu dari {step} titik; hasil alat memuat semua {} titik.)", points.len())
        }
    };
    sentence + &table(&heads, &rows, language) + &more + &note(data, language)
}

/// `list_groups`.
pub(super) fn groups(data: &Value, language: Language) -> String {
    let tags = list(data, "tags");
    let aggregations = list(data, "aggregations");
    if tags.is_empty() && aggregations.is_empty() {
        return language.pick("There are no groups.", "Tidak ada kelompok.").to_owned();
    }
    let heads = [
        (language.pick("Group", "Kelompok"), false),
        (language.pick("Kind", "Jenis"), false),
        (language.pick("Devices", "Perangkat"), false),
    ];
    let rows: Vec<Vec<String>> = tags
        .iter()
        .map(|tag| {
            let devices: Vec<String> = list(tag, "devices").iter().filter_map(Value::as_str).map(escape).collect();
            vec![text(tag, "name"), text(tag, "kind"), devices.join(", ")]
        })
        .collect();
    let mut answer = language.pick("These are the groups:", "Ini kelompoknya:").to_owned();
    answer.push_str(&table(&heads, &rows, language));
    if !aggregations.is_empty() {
        let names: Vec<String> = aggregations.iter().map(|one| format!("**{}**", text(one, "name"))).collect();
        let word = language.pick("Stored aggregations", "Agregasi tersimpan");
        answer.push_str(&format!("\n\n{word}: {}.", names.join(", ")));
    }
    answer
}

/// `date_info`.
pub(super) fn date(data: &Value, language: Language) -> String {
    let (day, weekday, now) = (text(data, "date"), text(data, "weekday"), text(data, "now_local"));
    let zone = text(data, "time_zone").replace("\\_", "_");
    match language {
        Language::English => format!("It is **{weekday}, {day}**; local time {now} ({zone})."),
        Language::Indonesian => format!("Tanggal **{day}** ({weekday}); waktu setempat {now} ({zone})."),
    }
}

/// `date_info`.
pub(super) fn tariff(data: &Value, language: Language) -> String {
    let rates = list(data, "rates");
    if rates.is_empty() {
        return language.pick("No tariff is stored for that day.", "Tidak ada tarif untuk hari itu.").to_owned();
    }
    let heads = [
        (language.pick("Rate", "Tarif"), false),
        (language.pick("From", "Dari"), false),
        (language.pick("To", "Sampai"), false),
        (language.pick("Per kWh", "Per kWh"), true),
    ];
    let rows: Vec<Vec<String>> = rates
        .iter()
        .map(|rate| {
            let name = format!("{} ({})", text(rate, "rate"), text(rate, "name"));
            vec![name, text(rate, "from"), text(rate, "to"), money(rate, "price_text", language)]
        })
        .collect();
    let current = rates.iter().find(|rate| rate["current"] == true).map(|rate| text(rate, "rate"));
    let now = match (current, language) {
        (Some(rate), Language::English) => format!("Now **{rate}** applies. "),
        (Some(rate), Language::Indonesian) => format!("Sekarang berlaku **{rate}**. "),
        (None, _) => String::new(),
    };
    let day = text(data, "date");
    let sentence = match language {
        Language::English => format!("{now}The tariff of {day}:"),
        Language::Indonesian => format!("{now}Tarif pada {day}:"),
    };
    sentence + &table(&heads, &rows, language)
}

/// `date_info`.
pub(super) fn shifts(data: &Value, language: Language) -> String {
    let shifts = list(data, "shifts");
    let heads = [("Shift", false), (language.pick("From", "Dari"), false), (language.pick("To", "Sampai"), false)];
    let rows: Vec<Vec<String>> =
        shifts.iter().map(|shift| vec![text(shift, "name"), text(shift, "from"), text(shift, "to")]).collect();
    let current = shifts.iter().find(|shift| shift["current"] == true).map(|shift| text(shift, "name"));
    let sentence = match (current, language) {
        (Some(name), Language::English) => format!("**{name}** is on now. The shifts:"),
        (Some(name), Language::Indonesian) => format!("Sekarang **{name}**. Daftar shift:"),
        (None, _) => language.pick("The shifts:", "Daftar shift:").to_owned(),
    };
    sentence + &table(&heads, &rows, language)
}
