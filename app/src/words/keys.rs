//! Keys for programs.

use crate::model::{Date, Lang};

super::phrases! {
    title = "Keys for programs" | "Kunci untuk program";
    back = "← Settings" | "← Pengaturan";
    what_for = "With a key your programs ask models here: with your budget, in your name." | "Dengan kunci, program Anda bertanya kepada model di sini: dengan anggaran Anda, atas nama Anda.";
    link = "Keys for programs" | "Kunci untuk program";
    link_hint = "For scripts, coding agents and other clients." | "Untuk skrip, agen pemrograman, dan klien lain.";
    open = "Open" | "Buka";
    choose = "Keys of which organisation?" | "Kunci organisasi yang mana?";
    // The list
    yours = "Your keys" | "Kunci Anda";
    services = "Keys of services" | "Kunci layanan";
    services_hint = "A service has an account of its own. Administrators see and end its keys." | "Layanan memiliki akun sendiri. Administrator melihat dan mengakhiri kuncinya.";
    none = "There are none yet." | "Belum ada.";
    created = "Made on " | "Dibuat pada ";
    never_used = "never used" | "belum pernah digunakan";
    last_used = "last used on " | "terakhir digunakan pada ";
    ends = "ends on " | "berakhir pada ";
    ended = "ended on " | "berakhir pada ";
    endless = "does not end by itself" | "tidak berakhir sendiri";
    active = "Active" | "Aktif";
    revoked = "Revoked" | "Dicabut";
    expired = "Ended" | "Berakhir";
    front_end = "Names its people" | "Menyebut orangnya";
    administers = "Administers" | "Mengelola";
    older = "Older keys" | "Kunci lebih lama";
    // Ending and renewing
    revoke = "Revoke" | "Cabut";
    revoke_which = " the key " | " kunci ";
    revoke_sure = "Programs that use it are refused within a second. This cannot be undone." | "Program yang menggunakannya ditolak dalam satu detik. Ini tidak dapat diurungkan.";
    revoke_now = "Revoke it now" | "Cabut sekarang";
    rotate = "New secret" | "Rahasia baru";
    rotate_which = " for the key " | " untuk kunci ";
    rotate_what = "The key gets a new secret, shown once. Its limits and its budget stay." | "Kunci mendapat rahasia baru yang ditampilkan sekali. Batas dan anggarannya tetap.";
    rotate_grace = "The present secret works on for" | "Rahasia sekarang tetap berlaku selama";
    rotate_now = "Make a new secret" | "Buat rahasia baru";
    grace_none = "not at all" | "tidak lagi";
    grace_hour = "an hour" | "satu jam";
    grace_day = "a day" | "satu hari";
    grace_week = "a week" | "satu minggu";
    // Making one
    make = "Make a key" | "Buat kunci";
    name = "What is it for?" | "Untuk apa?";
    name_hint = "For example: laptop, nightly report" | "Misalnya: laptop, laporan malam";
    expiry = "It ends after" | "Berakhir setelah";
    days_30 = "30 days" | "30 hari";
    days_90 = "90 days" | "90 hari";
    days_365 = "a year" | "satu tahun";
    days_never = "never by itself" | "tidak berakhir sendiri";
    requests = "Requests a minute at most" | "Permintaan per menit paling banyak";
    tokens = "Tokens a minute at most" | "Token per menit paling banyak";
    optional = "Empty: no limit of its own." | "Kosong: tanpa batas sendiri.";
    whose = "Whose key?" | "Kunci siapa?";
    mine = "Mine" | "Saya";
    of_service = "A service's" | "Layanan";
    password = "Your password" | "Kata sandi Anda";
    password_why = "You signed in more than five minutes ago." | "Anda masuk lebih dari lima menit yang lalu.";
    // Shown once
    made = "This is your key" | "Ini kunci Anda";
    made_once = "Keep it now: it is not shown again. Whoever has it asks in its name." | "Simpan sekarang: kunci ini tidak ditampilkan lagi. Siapa pun yang memilikinya bertanya atas namanya.";
    to_keys = "← To the keys" | "← Ke daftar kunci";
    the_key = "The key" | "Kunci";
    // Using one
    using = "How to use one" | "Cara menggunakan";
    using_hint = "Every client of these vendors works; only its address and its key are other ones." | "Semua klien vendor ini berfungsi; hanya alamat dan kuncinya yang lain.";
    for_openai = "OpenAI's clients" | "Klien OpenAI";
    for_anthropic = "Anthropic's clients" | "Klien Anthropic";
    for_ollama = "Ollama's client (Python)" | "Klien Ollama (Python)";
    // What was done
    was_revoked = "The key is revoked." | "Kunci telah dicabut.";
    was_made = "This form made its key already. A key is shown once; make another one or a new secret if you missed it." | "Formulir ini sudah membuat kuncinya. Kunci ditampilkan sekali; buat yang lain atau rahasia baru jika terlewat.";
}

/// `60 requests a minute`.
#[must_use]
pub fn requests_limit(lang: Lang, count: i64) -> String {
    match lang {
        Lang::English => format!("{count} requests a minute"),
        Lang::Indonesian => format!("{count} permintaan per menit"),
    }
}

/// `10000 tokens a minute`.
#[must_use]
pub fn tokens_limit(lang: Lang, count: i64) -> String {
    match lang {
        Lang::English => format!("{count} tokens a minute"),
        Lang::Indonesian => format!("{count} token per menit"),
    }
}

/// `2 at once`.
#[must_use]
pub fn concurrent_limit(lang: Lang, count: i64) -> String {
    match lang {
        Lang::English => format!("{count} at once"),
        Lang::Indonesian => format!("{count} sekaligus"),
    }
}

/// A phrase that ends in a day.
#[must_use]
pub fn on(lang: Lang, phrase: &str, date: Date) -> String {
    [phrase, &super::dates::day(lang, date)].concat()
}
