//! The pages without scripts: signing in, choosing a tenant, waiting for access, errors.

use crate::model::Lang;

super::phrases! {
    // Signing in
    email = "E-mail" | "Email";
    password = "Password" | "Kata sandi";
    wrong = "E-mail or password is not right." | "Email atau kata sandi salah.";
    missing = "Enter your e-mail and your password." | "Isi email dan kata sandi Anda.";
    unavailable_now = "Signing in is not possible right now. Try again in a moment." | "Saat ini tidak dapat masuk. Coba lagi sebentar lagi.";
    stale = "This form was not sent from this page, or it is too old. Try again." | "Formulir ini tidak dikirim dari halaman ini atau sudah terlalu lama. Coba lagi.";
    signed_out = "You are signed out." | "Anda sudah keluar.";
    session_ended = "Your session has ended. Sign in again to go on." | "Sesi Anda telah berakhir. Masuk lagi untuk melanjutkan.";
    password_changed = "Your password is changed. Sign in with the new one." | "Kata sandi Anda telah diganti. Masuk dengan yang baru.";
    sign_out = "Sign out" | "Keluar";
    signed_in_as = "Signed in as " | "Masuk sebagai ";
    // Choosing a tenant
    choose = "Choose where to work" | "Pilih tempat bekerja";
    administrator = "Administrator" | "Administrator";
    // Waiting
    waiting_title = "Waiting for access" | "Menunggu akses";
    waiting = "Your account is waiting for access" | "Akun Anda sedang menunggu akses";
    waiting_for = "Your account is waiting for " | "Akun Anda sedang menunggu ";
    waiting_why = "You are signed in, but your account does not belong to any organisation here yet." | "Anda sudah masuk, tetapi akun Anda belum termasuk dalam organisasi mana pun di sini.";
    ask = "Ask " | "Minta ";
    to_give_access = " to give you access. This page looks again every 15 seconds and goes on by itself." | " untuk memberi Anda akses. Halaman ini memeriksa lagi setiap 15 detik dan melanjutkan sendiri.";
    your_administrator = "the administrator of your organisation" | "administrator organisasi Anda";
    check_again = "Check again" | "Periksa lagi";
    // A message that was refused
    not_sent_title = "Your message was not sent" | "Pesan Anda tidak terkirim";
    // Errors
    to_start = "Go to the start page" | "Ke halaman awal";
    request = "Request " | "Permintaan ";
    forbidden_title = "No access" | "Tidak ada akses";
    forbidden = "You may not do this. If you think you should, ask your administrator." | "Anda tidak boleh melakukan ini. Jika seharusnya boleh, tanyakan kepada administrator Anda.";
    not_found_title = "Not found" | "Tidak ditemukan";
    not_found = "This page does not exist, or you have no access to it." | "Halaman ini tidak ada, atau Anda tidak memiliki akses.";
    unavailable_title = "Not available right now" | "Sedang tidak tersedia";
    unavailable = "Steward is starting, stopping or waiting for its database. Try again in a moment." | "Steward sedang mulai, berhenti, atau menunggu basis datanya. Coba lagi sebentar lagi.";
    fault_title = "Something went wrong" | "Terjadi kesalahan";
    fault = "This is a fault on our side. Try again; if it stays, tell your administrator the request id below." | "Ini kesalahan di pihak kami. Coba lagi; jika tetap terjadi, sampaikan nomor permintaan di bawah kepada administrator Anda.";
    refused_title = "This cannot be answered" | "Ini tidak dapat dijawab";
}

/// After too many attempts.
#[must_use]
pub fn rate_limited(lang: Lang, seconds: u32) -> String {
    match (lang, seconds) {
        (Lang::English, 0..=1) => "Too many attempts. Try again in a second.".to_owned(),
        (Lang::English, 2..=90) => format!("Too many attempts. Try again in {seconds} seconds."),
        (Lang::English, _) => format!("Too many attempts. Try again in {} minutes.", seconds.div_ceil(60)),
        (Lang::Indonesian, 0..=90) => format!("Terlalu banyak percobaan. Coba lagi dalam {} detik.", seconds.max(1)),
        (Lang::Indonesian, _) => {
            format!("Terlalu banyak percobaan. Coba lagi dalam {} menit.", seconds.div_ceil(60))
        }
    }
}
