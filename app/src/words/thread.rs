//! Words of the transcript: messages and their actions, tool calls, errors of an answer.

use super::Lang;
use crate::{
    components::format,
    model::{FieldKind, FormField, Risk, TurnErrorCode},
};

super::phrases! {
    conversation = "Conversation" | "Percakapan";
    you_said = "You said" | "Anda menulis";
    answer = "Answer" | "Jawaban";
    earlier_messages = "Earlier messages" | "Pesan sebelumnya";
    go_to_end = "Go to the end" | "Ke bagian akhir";
    new_text_below = "New text below. Go to the end" | "Ada teks baru di bawah. Ke bagian akhir";

    copy_message = "Copy message" | "Salin pesan";
    copy_answer = "Copy answer" | "Salin jawaban";
    edit_message = "Edit message" | "Ubah pesan";
    edit_answer = "Edit answer" | "Ubah jawaban";
    answer_text = "Text of the answer" | "Teks jawaban";
    saved_as_version = "Saved as a new version; the old one stays."
        | "Disimpan sebagai versi baru; versi lama tetap ada.";
    try_again = "Try again" | "Coba lagi";
    retry_or_other_model = "Retry, also with another model" | "Coba lagi, juga dengan model lain";
    same_model = "Try again with the same model" | "Coba lagi dengan model yang sama";
    other_model = "Other model" | "Model lain";
    with_model = "With" | "Dengan";
    go_on = "Continue" | "Lanjutkan";
    fork = "Fork: go on in a new conversation from here" | "Cabangkan: lanjutkan dari sini di percakapan baru";
    fork_short = "Fork from here" | "Cabangkan dari sini";
    forked = "This is a new conversation with the messages so far."
        | "Ini percakapan baru dengan pesan sampai di sini.";
    good = "Good answer" | "Jawaban bagus";
    bad = "Bad answer" | "Jawaban kurang bagus";
    more_actions = "More actions" | "Tindakan lain";
    copy_link = "Copy link to this message" | "Salin tautan ke pesan ini";
    answer_copied = "Answer copied." | "Jawaban disalin.";
    edited = "edited" | "diubah";
    previous_version = "Previous version" | "Versi sebelumnya";
    next_version = "Next version" | "Versi berikutnya";
    show_more = "Show more" | "Tampilkan semua";
    show_less = "Show less" | "Ciutkan";

    thinking = "Thinking…" | "Berpikir…";
    reasoning = "Reasoning" | "Penalaran";
    responding = "Responding" | "Sedang menjawab";
    complete = "Response complete" | "Jawaban selesai";
    stopped = "Stopped" | "Dihentikan";
    cut_off = "The answer reached its greatest length." | "Jawaban ini mencapai panjang maksimum.";
    failed = "The answer failed" | "Jawaban gagal";
    interrupted = "Interrupted." | "Terputus.";
    this_failed = "This answer failed" | "Jawaban ini gagal";
    nothing_charged = "Nothing was charged." | "Tidak ada yang ditagih.";
    quote_this = "Quote this when asking for help:" | "Sebutkan ini saat meminta bantuan:";

    open_file = "opens in a new tab" | "dibuka di tab baru";
    image = "Image" | "Gambar";
    text_file = "Text" | "Teks";

    input = "Input" | "Masukan";
    output_json = "Output as JSON" | "Keluaran sebagai JSON";
    raw_arguments = "As JSON" | "Sebagai JSON";
    no_arguments = "Without arguments." | "Tanpa argumen.";
    empty_result = "The tool gave back nothing." | "Alat tidak mengembalikan apa pun.";
    cut_short = "The rest is not shown." | "Sisanya tidak ditampilkan.";
    ran_as = "ran as" | "dijalankan sebagai";
    state_running = "running" | "berjalan";
    state_done = "done" | "selesai";
    state_failed = "failed" | "gagal";
    state_waiting = "waiting for you" | "menunggu Anda";
    state_denied = "not run" | "tidak dijalankan";

    waiting_for_you = "Waiting for your answer" | "Menunggu jawaban Anda";
    may_it_run = "May this run?" | "Bolehkah ini dijalankan?";
    needs_to_know = "A question for you" | "Pertanyaan untuk Anda";
    deny = "Deny" | "Tolak";
    allow_once = "Allow once" | "Izinkan sekali";
    allow_for_chat = "Allow for this chat" | "Izinkan di percakapan ini";
    decline = "Decline" | "Tidak menjawab";
    sending = "Sending…" | "Mengirim…";
    expired = "The time to answer is over." | "Waktu untuk menjawab sudah habis.";
    answer_until = "Answer until" | "Jawab sebelum";
    needs_scripts = "Answering this needs a browser with scripts." | "Menjawab ini memerlukan peramban dengan skrip.";
    optional = "optional" | "opsional";
    choose = "Choose…" | "Pilih…";
    required_field = "This is needed." | "Ini wajib diisi.";
    not_a_number = "This is not a number." | "Ini bukan angka.";
    not_whole = "This is not a whole number." | "Ini bukan bilangan bulat.";
    not_offered = "Choose one of the list." | "Pilih salah satu dari daftar.";

    details_of_answer = "Details of this answer" | "Rincian jawaban ini";
    model = "Model" | "Model";
    tokens_input = "Input" | "Masukan";
    tokens_cached = "of these cached" | "di antaranya dari cache";
    tokens_output = "Output" | "Keluaran";
    cost = "Cost" | "Biaya";
    figures = "Figures" | "Ketepatan";
    figures_exact = "exact, as the provider reported it" | "tepat, sesuai laporan penyedia";
    figures_estimated = "an upper bound: the provider's report was cut off" | "batas atas: laporan penyedia terputus";
    figures_unknown = "not known yet: the whole hold is charged until it is"
        | "belum diketahui: seluruh dana cadangan ditagih sampai diketahui";
    model_calls = "Model calls" | "Panggilan model";
    took = "Took" | "Lama";
    first_token = "To the first word" | "Sampai kata pertama";
    speed = "Speed" | "Kecepatan";
    tool_time = "Waiting for tools" | "Menunggu alat";
}

/// "Thought for 4 s".
#[must_use]
pub fn thought_for(lang: Lang, seconds: u32) -> String {
    let (before, after) = match lang {
        Lang::English => ("Thought for ", " s"),
        Lang::Indonesian => ("Berpikir selama ", " dtk"),
    };
    [before, &seconds.to_string(), after].concat()
}

/// A number of tokens: "12,345 tokens".
#[must_use]
pub fn tokens(lang: Lang, count: i64) -> String {
    let unit = match lang {
        Lang::English => " tokens",
        Lang::Indonesian => " token",
    };
    [&format::fixed(count, 0, Some(lang)), unit].concat()
}

/// "38.2 tokens/s" from tenths.
#[must_use]
pub fn tokens_per_second(lang: Lang, tenths: i64) -> String {
    let unit = match lang {
        Lang::English => " tokens/s",
        Lang::Indonesian => " token/dtk",
    };
    [&format::fixed(tenths, 1, Some(lang)), unit].concat()
}

/// The heading of a group while it runs: "Using Energy and cost…".
#[must_use]
pub fn using(lang: Lang, what: &str) -> String {
    let verb = match lang {
        Lang::English => "Using ",
        Lang::Indonesian => "Menggunakan ",
    };
    [verb, what, "…"].concat()
}

/// "4 tools".
#[must_use]
pub fn tools(lang: Lang, count: usize) -> String {
    match lang {
        Lang::English => format::count(count, "tool"),
        Lang::Indonesian => [&count.to_string(), " alat"].concat(),
    }
}

/// The heading of a finished group: "Used 4 tools, 1 failed".
#[must_use]
pub fn used(lang: Lang, count: usize, failed: usize) -> String {
    let (verb, failed_word) = match lang {
        Lang::English => ("Used ", " failed"),
        Lang::Indonesian => ("Menggunakan ", " gagal"),
    };
    let mut heading = [verb, &tools(lang, count)].concat();
    if failed > 0 {
        heading.push_str(", ");
        heading.push_str(&failed.to_string());
        heading.push_str(failed_word);
    }
    heading
}

/// "3 more rows are not shown."
#[must_use]
pub fn rows_omitted(lang: Lang, rows: u32) -> String {
    let after = match lang {
        Lang::English => " more rows are not shown.",
        Lang::Indonesian => " baris lain tidak ditampilkan.",
    };
    [&format::fixed(i64::from(rows), 0, Some(lang)), after].concat()
}

/// How long a question can still be answered: "4:59 left".
#[must_use]
pub fn time_left(lang: Lang, seconds: i64) -> String {
    let clock = clock(seconds);
    match lang {
        Lang::English => clock + " left",
        Lang::Indonesian => "sisa ".to_owned() + &clock,
    }
}

/// " It can be tried again in 0:45." behind why it cannot now; " It can be tried again now." at the end.
#[must_use]
pub fn again_in(lang: Lang, seconds: i64) -> String {
    let clock = clock(seconds);
    match (lang, seconds <= 0) {
        (Lang::English, true) => " It can be tried again now.".to_owned(),
        (Lang::Indonesian, true) => " Sekarang dapat dicoba lagi.".to_owned(),
        (Lang::English, false) => [" It can be tried again in ", &clock, "."].concat(),
        (Lang::Indonesian, false) => [" Dapat dicoba lagi dalam ", &clock, "."].concat(),
    }
}

/// Minutes and seconds; nothing below zero.
fn clock(seconds: i64) -> String {
    let (minutes, seconds) = (seconds.max(0) / 60, seconds.max(0) % 60);
    [minutes.to_string().as_str(), if seconds < 10 { ":0" } else { ":" }, &seconds.to_string()].concat()
}

/// The badge of an approval.
#[must_use]
pub fn risk(lang: Lang, risk: Risk) -> &'static str {
    match (risk, lang) {
        (Risk::Read, Lang::English) => "Read",
        (Risk::Read, Lang::Indonesian) => "Membaca",
        (Risk::Write, Lang::English) => "Write",
        (Risk::Write, Lang::Indonesian) => "Mengubah",
        (Risk::Destructive, Lang::English) => "Destructive",
        (Risk::Destructive, Lang::Indonesian) => "Menghapus",
    }
}

/// "412 pages" of a PDF.
#[must_use]
pub fn pages(lang: Lang, pages: u32) -> String {
    match lang {
        Lang::English => format::count(pages as usize, "page"),
        Lang::Indonesian => [&pages.to_string(), " halaman"].concat(),
    }
}

/// Why an answer failed and what to do, in one or two sentences.
#[must_use]
pub fn failure(lang: Lang, code: TurnErrorCode) -> &'static str {
    use TurnErrorCode as E;
    match (code, lang) {
        (E::Interrupted, Lang::English) => "The server stopped while this was being written. Continue, or try again.",
        (E::Interrupted, Lang::Indonesian) => "Server berhenti saat jawaban ini ditulis. Lanjutkan, atau coba lagi.",
        (E::ModelUnavailable, Lang::English) => "The model provider did not answer. Try again, or ask another model.",
        (E::ModelUnavailable, Lang::Indonesian) => "Penyedia model tidak menjawab. Coba lagi, atau gunakan model lain.",
        (E::RateLimited, Lang::English) => "The model provider has too many requests right now.",
        (E::RateLimited, Lang::Indonesian) => "Penyedia model sedang menerima terlalu banyak permintaan.",
        (E::ContextTooLong, Lang::English) => {
            "This conversation no longer fits the model. Start a new one, or use a model with a larger context."
        }
        (E::ContextTooLong, Lang::Indonesian) => {
            "Percakapan ini tidak lagi muat untuk model ini. Mulai yang baru, atau gunakan model dengan konteks lebih besar."
        }
        (E::ModelRefused, Lang::English) => {
            "The model provider refused this request. Change the message, or ask another model."
        }
        (E::ModelRefused, Lang::Indonesian) => {
            "Penyedia model menolak permintaan ini. Ubah pesannya, atau gunakan model lain."
        }
        (E::ModelMisconfigured, Lang::English) => {
            "This model is not set up right. Ask another model, and tell your administrator."
        }
        (E::ModelMisconfigured, Lang::Indonesian) => {
            "Model ini belum diatur dengan benar. Gunakan model lain, dan beri tahu administrator Anda."
        }
        (E::OverBudget, Lang::English) => "The budget is used up.",
        (E::OverBudget, Lang::Indonesian) => "Anggaran sudah habis.",
        (E::LimitReached, Lang::English) => "The answer took more steps or more time than is allowed.",
        (E::LimitReached, Lang::Indonesian) => "Jawaban ini melampaui jumlah langkah atau waktu yang diizinkan.",
        (E::CutOff, lang) => cut_off(lang),
        (E::Internal, Lang::English) => "Something went wrong on our side. Try again.",
        (E::Internal, Lang::Indonesian) => "Terjadi kesalahan di pihak kami. Coba lagi.",
    }
}

/// What is wrong with `value` as an answer to `field`; the server checks again.
#[must_use]
pub fn field_problem(lang: Lang, field: &FormField, value: &str) -> Option<&'static str> {
    let value = value.trim();
    if value.is_empty() {
        let needed = field.required && field.kind != FieldKind::Flag;
        return needed.then(|| required_field(lang));
    }
    match &field.kind {
        FieldKind::Number => (!crate::wire::fraction(value).is_some_and(f64::is_finite)).then(|| not_a_number(lang)),
        FieldKind::Integer => value.parse::<i64>().is_err().then(|| not_whole(lang)),
        FieldKind::Choice(choices) => (!choices.iter().any(|choice| choice == value)).then(|| not_offered(lang)),
        FieldKind::Text { .. } | FieldKind::Flag => None,
    }
}

/// `PRS Textile · Ana Wijaya · built-in · allowed once`: as whom a tool ran, with the server's own words in the reader's language.
#[must_use]
pub fn ran_as_whom(lang: Lang, whom: &str) -> String {
    let word = |part| match (lang, part) {
        (Lang::Indonesian, "built-in") => "bawaan",
        (Lang::Indonesian, "allowed once") => "diizinkan sekali",
        (Lang::Indonesian, "allowed for this chat") => "diizinkan untuk obrolan ini",
        (_, part) => part,
    };
    // Tenant and person come first, whatever they are called.
    let parts: Vec<&str> =
        whom.split(" · ").enumerate().map(|(at, part)| if at < 2 { part } else { word(part) }).collect();
    parts.join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(kind: FieldKind, required: bool) -> FormField {
        FormField { name: "n".into(), label: "N".into(), description: String::new(), kind, required }
    }

    #[test]
    fn whom_a_tool_ran_as_keeps_its_names() {
        let of = |whom| ran_as_whom(Lang::Indonesian, whom);
        assert_eq!(of("built-in · Ana · built-in · allowed once"), "built-in · Ana · bawaan · diizinkan sekali");
        assert_eq!(ran_as_whom(Lang::English, "PRS · Ana · built-in"), "PRS · Ana · built-in");
        assert_eq!(of(""), "");
    }

    #[test]
    fn headings_count_in_both_languages() {
        assert_eq!(used(Lang::English, 1, 0), "Used 1 tool");
        assert_eq!(used(Lang::English, 4, 1), "Used 4 tools, 1 failed");
        assert_eq!(used(Lang::Indonesian, 4, 1), "Menggunakan 4 alat, 1 gagal");
        assert_eq!(time_left(Lang::English, 299), "4:59 left");
        assert_eq!(time_left(Lang::Indonesian, -3), "sisa 0:00");
        assert_eq!(again_in(Lang::English, 65), " It can be tried again in 1:05.");
        assert_eq!(again_in(Lang::Indonesian, 0), " Sekarang dapat dicoba lagi.");
        assert_eq!(tokens_per_second(Lang::English, 382), "38.2 tokens/s");
    }

    #[test]
    fn fields_are_checked_by_their_kind() {
        let en = Lang::English;
        assert_eq!(field_problem(en, &field(FieldKind::Text { max_chars: 9 }, true), "  "), Some(required_field(en)));
        assert_eq!(field_problem(en, &field(FieldKind::Text { max_chars: 9 }, false), ""), None);
        assert_eq!(field_problem(en, &field(FieldKind::Number, true), "1.5"), None);
        assert_eq!(field_problem(en, &field(FieldKind::Number, true), "inf"), Some(not_a_number(en)));
        assert_eq!(field_problem(en, &field(FieldKind::Integer, true), "1.5"), Some(not_whole(en)));
        assert_eq!(field_problem(en, &field(FieldKind::Flag, true), ""), None, "an empty box is an answer");
        assert_eq!(field_problem(en, &field(FieldKind::Choice(vec!["a".into()]), true), "b"), Some(not_offered(en)));
    }
}
