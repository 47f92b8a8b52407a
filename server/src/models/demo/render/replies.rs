//! Replies without data.

use serde_json::Value;

use super::{devices, escape};
use crate::models::demo::{intent::Intent, memory::Given, notes, question::Question, words::Language};

fn quoted(subjects: &[String]) -> String {
    subjects.iter().map(|subject| format!("“{}”", escape(subject))).collect::<Vec<_>>().join(", ")
}

/// What is said before the first look at the data.
pub(in super::super) fn opening(question: &Question, language: Language) -> String {
    if let Some(wish) = &question.note {
        return notes::opening(wish, language);
    }
    let is_report = matches!(
        question.intent,
        Some(Intent::DailyDigest | Intent::WeeklySummary | Intent::PeakReport | Intent::DeptBreakdown)
    );
    let text = match (question.subjects.is_empty(), is_report, language) {
        (_, true, Language::English) => "I am collecting the numbers for the report.".to_owned(),
        (_, true, Language::Indonesian) => "Saya kumpulkan angka untuk laporannya.".to_owned(),
        (false, _, Language::English) => format!("I will look up {} first.", quoted(&question.subjects)),
        (false, _, Language::Indonesian) => format!("Saya cari {} dulu.", quoted(&question.subjects)),
        (true, _, Language::English) => "I will look that up.".to_owned(),
        (true, _, Language::Indonesian) => "Saya lihat datanya.".to_owned(),
    };
    text + "\n\n"
}

pub(in super::super) fn greeting(language: Language) -> String {
    let hello = language.pick(
        "Hello! I am the energy assistant of this site – today played by Steward's built-in **demo model**.",
        "Halo! Saya asisten energi lokasi ini – saat ini diperankan oleh **model demo** bawaan Steward.",
    );
    format!("{hello}\n\n{}", examples(language))
}

pub(in super::super) fn help(language: Language) -> String {
    let what = language.pick(
        "I answer questions about your meters from their real data: consumption, cost, peaks, comparisons, rankings, \
         departments, data freshness, tariff and shifts. I am Steward's built-in **demo model**: scripted, not a \
         language model.",
        "Saya menjawab pertanyaan tentang meter Anda dari data aslinya: konsumsi, biaya, beban puncak, perbandingan, \
         peringkat, departemen, kesegaran data, tarif dan shift. Saya **model demo** bawaan Steward: berskrip, bukan \
         model bahasa.",
    );
    format!("{what}\n\n{}", examples(language))
}

fn examples(language: Language) -> &'static str {
    language.pick(
        "Try for example:\n\n- What did Compressor 3 cost us last week?\n- Which devices used most this month?\n- Compare \
         this week with last week\n- When was our peak yesterday?\n- `/daily-digest`, `/weekly-summary`, \
         `/peak-report`, `/dept-breakdown`",
        "Contoh:\n\n- Berapa biaya kompresor 3 minggu lalu?\n- Perangkat mana yang paling boros bulan ini?\n- Bandingkan \
         minggu ini dengan minggu lalu\n- Kapan beban puncak kemarin?\n- `/daily-digest`, `/weekly-summary`, \
         `/peak-report`, `/dept-breakdown`",
    )
}

pub(in super::super) fn thanks(language: Language) -> String {
    language
        .pick("You are welcome. Anything else about your energy?", "Sama-sama. Ada lagi tentang energi Anda?")
        .to_owned()
}

pub(in super::super) fn off_topic(language: Language) -> String {
    let no = language.pick(
        "I am an energy assistant: I can only help with this site's meters, energy, costs and tariffs. That question is \
         outside of it.",
        "Saya asisten energi: saya hanya dapat membantu soal meter, energi, biaya dan tarif lokasi ini. Pertanyaan itu di \
         luar bidang saya.",
    );
    format!("{no}\n\n{}", examples(language))
}

pub(in super::super) fn future(language: Language) -> String {
    language
        .pick(
            "That lies in the future: there are no readings yet, and I make no forecasts. Ask me about today or the past.",
            "Itu masih di masa depan: belum ada pembacaan, dan saya tidak membuat ramalan. Tanyakan tentang hari ini atau \
             masa lalu.",
        )
        .to_owned()
}

pub(in super::super) fn no_tools(language: Language) -> String {
    language
        .pick(
            "I would need a tool that is not available here, so I cannot read the data and give no numbers.",
            "Saya memerlukan alat yang tidak tersedia di sini, jadi saya tidak dapat membaca data dan tidak memberi angka.",
        )
        .to_owned()
}

pub(in super::super) fn gave_up(language: Language) -> String {
    language
        .pick(
            "I looked several times and still lack a result, so I stop here instead of guessing.",
            "Saya sudah mencari beberapa kali dan hasilnya tetap kurang, jadi saya berhenti daripada menebak.",
        )
        .to_owned()
}

/// A tool did not deliver.
pub(in super::super) fn failure(given: &Given, language: Language) -> String {
    match given {
        Given::Failed(reason) => {
            let what = language.pick(
                "The data could not be read, so I give no numbers. The tool says",
                "Datanya tidak dapat dibaca, jadi saya tidak memberi angka. Kata alatnya",
            );
            format!("{what}: {}", escape(reason))
        }
        Given::Data(_) | Given::Unreadable => language
            .pick(
                "The tool's answer could not be read, so I give no numbers.",
                "Jawaban alat tidak dapat dibaca, jadi saya tidak memberi angka.",
            )
            .to_owned(),
    }
}

pub(in super::super) fn not_found(subjects: &[String], language: Language) -> String {
    let what = quoted(subjects);
    match language {
        Language::English => format!("(I know no device or group called {what}, so I left that out.)\n\n"),
        Language::Indonesian => format!("(Saya tidak mengenal perangkat atau kelompok {what}, jadi saya lewati.)\n\n"),
    }
}

pub(in super::super) fn unknown_device(subjects: &[String], all: &Value, language: Language) -> String {
    let what = quoted(subjects);
    let sentence = match language {
        Language::English => format!("I know no device or group called {what} here."),
        Language::Indonesian => format!("Saya tidak mengenal perangkat atau kelompok {what} di sini."),
    };
    format!("{sentence} {}", devices(all, language))
}

pub(in super::super) fn which_device(all: &Value, language: Language) -> String {
    let ask = language.pick("Of which device?", "Dari perangkat mana?");
    format!("{ask} {}", devices(all, language))
}
