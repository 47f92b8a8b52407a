//! The person's own settings.

use crate::model::Lang;

super::phrases! {
    title = "Settings" | "Pengaturan";
    back = "← Back to the chat" | "← Kembali ke obrolan";
    // You
    you = "You" | "Anda";
    name = "Name" | "Nama";
    sign_in_as = "You sign in as " | "Anda masuk sebagai ";
    save_name = "Save name" | "Simpan nama";
    name_saved = "Your name is saved." | "Nama Anda telah disimpan.";
    // Appearance
    appearance = "Appearance" | "Tampilan";
    theme = "Theme" | "Tema";
    theme_system = "As on this device" | "Seperti perangkat ini";
    theme_light = "Light" | "Terang";
    theme_dark = "Dark" | "Gelap";
    save_theme = "Save theme" | "Simpan tema";
    theme_saved = "Your theme is saved." | "Tema Anda telah disimpan.";
    // Language
    language = "Language" | "Bahasa";
    language_of = "Language of the interface" | "Bahasa antarmuka";
    language_system = "As my browser asks" | "Seperti peramban saya";
    language_hint = "Answers come in the language you ask in." | "Jawaban mengikuti bahasa pertanyaan Anda.";
    save_language = "Save language" | "Simpan bahasa";
    language_saved = "Your language is saved." | "Bahasa Anda telah disimpan.";
    // Password
    password = "Password" | "Kata sandi";
    current_password = "Current password" | "Kata sandi saat ini";
    new_password = "New password" | "Kata sandi baru";
    change_password = "Change password" | "Ganti kata sandi";
    password_changed = "Your password is changed. Every other session has ended." | "Kata sandi Anda telah diganti. Semua sesi lain telah berakhir.";
    password_advice = "At least 12 characters. A few words nobody else would put together are easy to remember." | "Paling sedikit 12 karakter. Beberapa kata yang tidak lazim digabungkan orang lain mudah diingat.";
    // Sessions
    sessions = "Where you are signed in" | "Tempat Anda masuk";
    end = "End" | "Akhiri";
    end_whose = " the session of " | " sesi di ";
    session_over = "The session has ended." | "Sesi telah berakhir.";
    sign_out_here = "Sign out here" | "Keluar dari sini";
    this_device = "This device" | "Perangkat ini";
    last_seen = " · last seen " | " · terakhir terlihat ";
    since = " · since " | " · sejak ";
}

/// Names of languages are written in themselves, whatever the page speaks.
#[must_use]
pub fn own_name(lang: Lang) -> &'static str {
    match lang {
        Lang::English => "English",
        Lang::Indonesian => "Bahasa Indonesia",
    }
}
