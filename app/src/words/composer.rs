//! Words of the composer: writing, attaching, choosing, waiting, and why something was not sent.

use super::Lang;
use crate::components::format;

super::phrases! {
    message = "Message" | "Pesan";
    stop = "Stop" | "Hentikan";
    stop_hint = "Stop (Esc)" | "Hentikan (Esc)";
    send_later = "Send when the answer is done" | "Kirim setelah jawaban selesai";
    sending = "Sending…" | "Mengirim…";
    answering = "Answering…" | "Menjawab…";
    uploading = "Uploading… Your message goes when the files are there." | "Mengunggah… Pesan Anda dikirim setelah berkas siap.";
    files_failed = "A file could not be attached. Try it again or take it away, then send." | "Ada berkas yang gagal dilampirkan. Coba lagi atau hapus berkasnya, lalu kirim.";
    demo_note = "Demo model: scripted answers from your data, not an AI." | "Model demo: jawaban terskrip dari data Anda, bukan AI.";
    model = "Model" | "Model";

    attach = "Attach files" | "Lampirkan berkas";
    attached = "Attached files" | "Berkas terlampir";
    drop_here = "Drop files to attach them" | "Lepaskan berkas untuk melampirkannya";
    pasted_text = "Pasted text" | "Teks tempelan";
    put_back = "Put into the text" | "Masukkan ke teks";
    remove = "Remove" | "Hapus";
    too_many_files = "A message takes 10 files at most." | "Satu pesan memuat paling banyak 10 berkas.";
    no_pictures = "This model does not see images. Choose another one, or it answers without them."
        | "Model ini tidak melihat gambar. Pilih model lain, atau ia menjawab tanpa gambar.";

    prompts = "Prompts" | "Prompt";
    insert = "Insert" | "Sisipkan";

    queued = "Queued:" | "Antre:";
    not_sent = "Not sent:" | "Belum terkirim:";
    not_sent_yet = "Not sent yet:" | "Belum dikirim:";
    waiting_for_network = "Waiting for the network:" | "Menunggu jaringan:";
    send_again = "Send again" | "Kirim lagi";
    waiting = "Messages that wait" | "Pesan yang menunggu";
    was_queued = "Message queued" | "Pesan diantrekan";
    queue_full = "10 messages wait already. This one stays here until one of them is sent."
        | "Sudah 10 pesan menunggu. Pesan ini tetap di sini sampai salah satunya terkirim.";
    editing = "Editing a message. Sending it makes a new version; the old one stays."
        | "Mengubah pesan. Mengirimnya membuat versi baru; versi lama tetap ada.";
    no_key = "This browser cannot make the random key that sending needs."
        | "Peramban ini tidak dapat membuat kunci acak yang diperlukan untuk mengirim.";
    storage_full = "This device has no room for your drafts: what you type is kept only as long as this page is open."
        | "Perangkat ini tidak punya ruang untuk draf: yang Anda ketik hanya tersimpan selama halaman ini terbuka.";
    ctrl_enter = "Ctrl/⌘ + Enter sends, Enter makes a new line" | "Ctrl/⌘ + Enter mengirim, Enter membuat baris baru";
}

/// In the empty composer.
#[must_use]
pub fn ask(lang: Lang, assistant: &str) -> String {
    let before = match lang {
        Lang::English => "Ask ",
        Lang::Indonesian => "Tanya ",
    };
    [before, assistant, "…"].concat()
}

/// Below the composer.
#[must_use]
pub fn can_be_wrong(lang: Lang, model: &str) -> String {
    let after = match lang {
        Lang::English => " can make mistakes. Check important figures.",
        Lang::Indonesian => " dapat keliru. Periksa angka penting.",
    };
    [model, after].concat()
}

/// "≈ 12 % of context".
#[must_use]
pub fn of_context(lang: Lang, percent: i64) -> String {
    let after = match lang {
        Lang::English => " % of context",
        Lang::Indonesian => " % konteks",
    };
    ["≈ ", &percent.to_string(), after].concat()
}

/// A message larger than what is taken.
#[must_use]
pub fn too_long(lang: Lang, bytes_over: usize) -> String {
    let over = format::bytes(i64::try_from(bytes_over).unwrap_or(i64::MAX));
    let (before, after) = match lang {
        Lang::English => ("This message is too long by ", ". Shorten it, or attach it as a text file."),
        Lang::Indonesian => ("Pesan ini kelebihan ", ". Persingkat, atau lampirkan sebagai berkas teks."),
    };
    [before, &over, after].concat()
}

/// How many prompts fit what is typed, for screen readers.
#[must_use]
pub fn prompts_found(lang: Lang, count: usize) -> String {
    let after = match (lang, count) {
        (Lang::English, 1) => " prompt. Arrow keys choose.",
        (Lang::English, _) => " prompts. Arrow keys choose.",
        (Lang::Indonesian, _) => " prompt. Tombol panah memilih.",
    };
    [&count.to_string(), after].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_in_sentences() {
        assert_eq!(
            too_long(Lang::English, 1_234),
            "This message is too long by 1.2 KB. Shorten it, or attach it as a text file."
        );
        assert_eq!(of_context(Lang::Indonesian, 12), "≈ 12 % konteks");
        assert_eq!(prompts_found(Lang::English, 1), "1 prompt. Arrow keys choose.");
        assert_eq!(ask(Lang::English, "Wira"), "Ask Wira…");
    }
}
