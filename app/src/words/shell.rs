//! The frame around the chat: sidebar, header, menus, toasts, help, the empty page, sign in again.

use crate::model::Lang;

super::phrases! {
    // Sidebar
    conversations = "Conversations" | "Percakapan";
    your_conversations = "Your conversations" | "Percakapan Anda";
    hide_sidebar = "Hide the sidebar" | "Sembunyikan bilah sisi";
    show_sidebar = "Show the sidebar" | "Tampilkan bilah sisi";
    new_chat = "New chat" | "Obrolan baru";
    search = "Search" | "Cari";
    none_yet = "No conversations yet." | "Belum ada percakapan.";
    none_archived = "Nothing is archived." | "Tidak ada yang diarsipkan.";
    older = "Older" | "Lebih lama";
    archived = "Archived" | "Arsip";
    all_conversations = "All conversations" | "Semua percakapan";
    pinned = "Pinned" | "Disematkan";
    today = "Today" | "Hari ini";
    yesterday = "Yesterday" | "Kemarin";
    previous_7_days = "Previous 7 days" | "7 hari terakhir";
    previous_30_days = "Previous 30 days" | "30 hari terakhir";
    being_written = "An answer is being written" | "Jawaban sedang ditulis";
    waits_for_you = "Waits for your answer" | "Menunggu jawaban Anda";
    new_answer = "New answer" | "Jawaban baru";
    // What can be done with a conversation
    conversation_menu = "Conversation menu" | "Menu percakapan";
    rename = "Rename" | "Ganti nama";
    title = "Title" | "Judul";
    pin = "Pin" | "Sematkan";
    unpin = "Unpin" | "Lepas sematan";
    share = "Share…" | "Bagikan…";
    export = "Export" | "Ekspor";
    plain_text = "Text" | "Teks";
    archive = "Archive" | "Arsipkan";
    unarchive = "Unarchive" | "Keluarkan dari arsip";
    select = "Select…" | "Pilih…";
    done = "Done" | "Selesai";
    selection = "Selected conversations" | "Percakapan terpilih";
    selection_full = "At most 200 conversations at once." | "Paling banyak 200 percakapan sekaligus.";
    a_conversation = "Conversation" | "Percakapan";
    was_deleted = "The conversation was deleted." | "Percakapan telah dihapus.";
    // Header
    demo_model = "Demo model" | "Model demo";
    demo_model_hint = "Built in and scripted: not an AI" | "Bawaan dan terskrip: bukan AI";
    change_tenant = "Change tenant" | "Ganti organisasi";
    // User menu and usage
    usage = "Usage" | "Pemakaian";
    used_label = "Used of this month's budget" | "Terpakai dari anggaran bulan ini";
    about = "about " | "sekitar ";
    settings = "Settings" | "Pengaturan";
    export_all = "Export all" | "Ekspor semua";
    import = "Import…" | "Impor…";
    shortcuts = "Keyboard shortcuts" | "Pintasan papan ketik";
    sign_out = "Sign out" | "Keluar";
    // Page
    skip = "Skip to the message box" | "Langsung ke kotak pesan";
    dismiss = "Dismiss" | "Tutup pemberitahuan";
    // Error page
    title_signed_out = "Signed out" | "Sudah keluar";
    title_not_found = "Nothing here" | "Tidak ada apa-apa di sini";
    title_forbidden = "Not allowed" | "Tidak diizinkan";
    title_offline = "No connection" | "Tidak ada sambungan";
    title_failed = "This did not work" | "Ini tidak berhasil";
    to_start = "Go to the start" | "Ke halaman awal";
    // Empty page
    examples = "Examples" | "Contoh";
    setup = "Set Steward up" | "Siapkan Steward";
    step_done = "Done: " | "Selesai: ";
    hide_setup = "Hide this list" | "Sembunyikan daftar ini";
    step_open = "To do: " | "Belum: ";
    // Notices
    offline = "You are offline. What you write is kept here." | "Anda sedang luring. Yang Anda tulis tetap tersimpan di sini.";
    reconnecting = "Reconnecting… The answer goes on without you; nothing is lost." | "Menyambung kembali… Jawaban tetap berjalan; tidak ada yang hilang.";
    connection_lost = "The connection could not be restored. " | "Sambungan tidak dapat dipulihkan. ";
    load_again = "Load the page again" | "Muat ulang halaman";
    to_see_the_rest = " to see the rest of the answer." | " untuk melihat sisa jawaban.";
    message_kept = "Nothing was sent. Your message is kept here." | "Tidak ada yang dikirim. Pesan Anda tetap tersimpan di sini.";
    send_when_back = "No connection to Steward. Your message is kept here; send it again when the network is back." | "Tidak ada sambungan ke Steward. Pesan Anda tetap tersimpan di sini; kirim lagi saat jaringan pulih.";
    session_ended = "Your session has ended. Your message is kept here." | "Sesi Anda telah berakhir. Pesan Anda tetap tersimpan di sini.";
    too_many_now = "Too many messages at once. You can send again now." | "Terlalu banyak pesan sekaligus. Anda dapat mengirim lagi sekarang.";
    // Sign in again
    sign_in_again = "Sign in again" | "Masuk lagi";
    sign_in_why = "Your session has ended. Nothing you typed is lost." | "Sesi Anda telah berakhir. Yang Anda ketik tidak hilang.";
    email = "E-mail" | "Email";
    password = "Password" | "Kata sandi";
    signing_in = "Signing in…" | "Sedang masuk…";
    signed_in = "You are signed in again." | "Anda sudah masuk lagi.";
    wrong_password = "E-mail or password is not right." | "Email atau kata sandi salah.";
    too_many_sign_ins = "Too many attempts. Try again in a few minutes." | "Terlalu banyak percobaan. Coba lagi beberapa menit lagi.";
    sign_in_failed = "Signing in is not possible right now. Try again in a moment." | "Saat ini tidak dapat masuk. Coba lagi sebentar lagi.";
    other_ways = "Other ways to sign in" | "Cara lain untuk masuk";
    // Import
    import_title = "Import conversations" | "Impor percakapan";
    import_what = "A conversations.json from ChatGPT or Claude, or an export of Steward. Importing a file twice adds nothing." | "Sebuah conversations.json dari ChatGPT atau Claude, atau ekspor Steward. Mengimpor berkas dua kali tidak menambah apa pun.";
    file = "File" | "Berkas";
    import_start = "Import" | "Impor";
    importing = "Importing… This can take a while." | "Mengimpor… Ini bisa memakan waktu.";
    import_failed = "The file could not be imported." | "Berkas tidak dapat diimpor.";
    import_problems = "What could not be taken:" | "Yang tidak dapat diambil:";
    imported_title = "Conversations imported: " | "Percakapan diimpor: ";
    choose_a_file = "Choose a file first." | "Pilih berkas dahulu.";
    // Help
    key_send = "Send" | "Kirim";
    key_new_line = "New line" | "Baris baru";
    key_up = "↑ in an empty message box" | "↑ di kotak pesan kosong";
    key_edit_last = "Edit your last message" | "Ubah pesan terakhir Anda";
    key_stop = "Stop the answer" | "Hentikan jawaban";
    key_composer = "Go to the message box" | "Ke kotak pesan";
    key_messages = "Previous / next message" | "Pesan sebelumnya / berikutnya";
    key_search = "Search conversations" | "Cari percakapan";
    key_sidebar = "Show or hide the sidebar" | "Tampilkan atau sembunyikan bilah sisi";
    key_copy = "Copy the last answer" | "Salin jawaban terakhir";
    key_help = "This help" | "Bantuan ini";
    key_rows = "In the list: move, rename, delete" | "Di daftar: pindah, ganti nama, hapus";
}

/// The button of a row's menu.
#[must_use]
pub fn menu_for(lang: Lang, title: &str) -> String {
    match lang {
        Lang::English => format!("Menu for {title}"),
        Lang::Indonesian => format!("Menu untuk {title}"),
    }
}

/// The button of the person's menu.
#[must_use]
pub fn menu_of(lang: Lang, name: &str) -> String {
    match lang {
        Lang::English => format!("Menu of {name}"),
        Lang::Indonesian => format!("Menu {name}"),
    }
}

/// `3 selected`.
#[must_use]
pub fn selected(lang: Lang, count: usize) -> String {
    match lang {
        Lang::English => format!("{count} selected"),
        Lang::Indonesian => format!("{count} dipilih"),
    }
}

/// What was done to one (by its title) or several conversations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    Deleted,
    Archived,
    Unarchived,
}

/// `“Peaks” deleted.`, `3 conversations archived.`
#[must_use]
pub fn done_with(lang: Lang, title: Option<&str>, count: usize, done: Done) -> String {
    let mut text = match (title, lang) {
        (Some(title), _) => {
            let mut quoted = String::from("“");
            quoted.push_str(title);
            quoted.push('”');
            quoted
        }
        (None, _) if count == 1 => a_conversation(lang).to_owned(),
        (None, Lang::English) => format!("{count} conversations"),
        (None, Lang::Indonesian) => format!("{count} percakapan"),
    };
    text.push_str(match (done, lang) {
        (Done::Deleted, Lang::English) => " deleted.",
        (Done::Deleted, Lang::Indonesian) => " dihapus.",
        (Done::Archived, Lang::English) => " archived.",
        (Done::Archived, Lang::Indonesian) => " diarsipkan.",
        (Done::Unarchived, Lang::English) => " back in the list.",
        (Done::Unarchived, Lang::Indonesian) => " kembali ke daftar.",
    });
    text
}

/// A background conversation finished.
#[must_use]
pub fn has_its_answer(lang: Lang, title: &str) -> String {
    match lang {
        Lang::English => format!("“{title}” has its answer."),
        Lang::Indonesian => format!("“{title}” sudah dijawab."),
    }
}

/// A background conversation needs the person.
#[must_use]
pub fn waits(lang: Lang, title: &str) -> String {
    match lang {
        Lang::English => format!("“{title}” waits for your answer."),
        Lang::Indonesian => format!("“{title}” menunggu jawaban Anda."),
    }
}

#[must_use]
pub fn not_renamed(lang: Lang, why: &str) -> String {
    match lang {
        Lang::English => format!("Not renamed: {why}."),
        Lang::Indonesian => format!("Nama tidak diganti: {why}."),
    }
}

#[must_use]
pub fn hello(lang: Lang, name: &str) -> String {
    match lang {
        Lang::English => format!("Hello {name}"),
        Lang::Indonesian => format!("Halo {name}"),
    }
}

#[must_use]
pub fn what_about(lang: Lang, assistant: &str, tenant: &str) -> String {
    match lang {
        Lang::English => format!("I am {assistant}. What would you like to know about {tenant}?"),
        Lang::Indonesian => format!("Saya {assistant}. Apa yang ingin Anda ketahui tentang {tenant}?"),
    }
}

/// `42 % of this month used · resets 1 December 2026`; `spent` only where the tenant shows money.
#[must_use]
pub fn used(lang: Lang, percent: u32, spent: Option<String>, resets: &str) -> String {
    let mut text = match lang {
        Lang::English => format!("{percent} % of this month used"),
        Lang::Indonesian => format!("{percent} % bulan ini terpakai"),
    };
    if let Some(spent) = spent {
        text.push_str(" · ");
        text.push_str(&spent);
    }
    text.push_str(match lang {
        Lang::English => " · resets ",
        Lang::Indonesian => " · diatur ulang ",
    });
    text.push_str(resets);
    text
}

/// Nothing is left of the month.
#[must_use]
pub fn used_up(lang: Lang, resets: &str) -> String {
    match lang {
        Lang::English => ["This month's budget is used up. It resets on ", resets, "."].concat(),
        Lang::Indonesian => ["Anggaran bulan ini habis. Diatur ulang pada ", resets, "."].concat(),
    }
}

#[must_use]
pub fn try_again_in(lang: Lang, seconds: u32) -> String {
    match lang {
        Lang::English => format!("Too many messages at once. Try again in {seconds} s. Your message is kept here."),
        Lang::Indonesian => {
            format!(
                "Terlalu banyak pesan sekaligus. Coba lagi dalam {seconds} dtk. Pesan Anda tetap tersimpan di sini."
            )
        }
    }
}

/// What came of an import.
#[must_use]
pub fn imported(lang: Lang, imported: u32, known: u32) -> String {
    match lang {
        Lang::English => format!("{imported} conversations imported, {known} were known already."),
        Lang::Indonesian => format!("{imported} percakapan diimpor, {known} sudah ada."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_named_and_several_are_counted() {
        assert_eq!(done_with(Lang::English, Some("Peaks"), 1, Done::Deleted), "“Peaks” deleted.");
        assert_eq!(done_with(Lang::English, None, 1, Done::Archived), "Conversation archived.");
        assert_eq!(done_with(Lang::Indonesian, None, 3, Done::Archived), "3 percakapan diarsipkan.");
        assert_eq!(done_with(Lang::English, None, 3, Done::Unarchived), "3 conversations back in the list.");
    }
}
