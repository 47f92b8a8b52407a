//! The page of a shared conversation.

use super::{Lang, dates};
use crate::model::Timestamp;

super::phrases! {
    brand = "Shared conversation" | "Percakapan yang dibagikan";
    copy_of = "A read-only copy. Answers are written by an AI and may be wrong." | "Salinan baca-saja. Jawaban ditulis oleh AI dan bisa saja keliru.";
    a_member_of = "a member of " | "anggota ";
    person = "Question" | "Pertanyaan";
    assistant = "Answer" | "Jawaban";
    cut_short = "This answer ended before it was complete." | "Jawaban ini berakhir sebelum selesai.";
    edited = "edited" | "diubah";
    input = "Input" | "Masukan";
    output = "Output" | "Keluaran";
    not_run = "not run" | "tidak dijalankan";
    failed = "failed" | "gagal";
    empty = "This message is empty." | "Pesan ini kosong.";
    omitted = "The rest is not shown." | "Sisanya tidak ditampilkan.";
}

/// "Shared by Ana on 1 December 2026".
#[must_use]
pub fn shared_by(lang: Lang, who: &str, at: Timestamp) -> String {
    let day = dates::day(lang, at.date_utc());
    match lang {
        Lang::English => ["Shared by ", who, " on ", &day].concat(),
        Lang::Indonesian => ["Dibagikan oleh ", who, " pada ", &day].concat(),
    }
}
