//! What the server refuses in its own words, for those who read Indonesian. The server's errors carry English sentences,
//! which is what the API answers with; where a person reads them in a browser, [`in_words`] finds the same sentence here.
//!
//! To add one: a line in [`SENTENCES`], the English one exactly as the server writes it, with `{}` for each value. A test
//! of the server checks that no sentence of its errors is missing. A sentence not known here stays as it is.

use crate::model::Lang;

/// English and Indonesian, the values of both in the same order.
const SENTENCES: &[(&str, &str)] = &[
    // What a person typed.
    ("write something first", "Tulis sesuatu dahulu"),
    ("this is too long: {} bytes at most, {} given", "Ini terlalu panjang: paling banyak {} byte, diberikan {}"),
    ("this contains a character that cannot be stored (NUL)", "Ini berisi karakter yang tidak dapat disimpan (NUL)"),
    (
        "this may not contain line breaks, control or text-direction characters",
        "Ini tidak boleh berisi ganti baris, karakter kendali, atau karakter arah teks",
    ),
    ("This request could not be read: {}", "Permintaan ini tidak dapat dibaca: {}"),
    ("This form could not be read. Go back and try again.", "Formulir ini tidak dapat dibaca. Kembali dan coba lagi."),
    ("This form cannot be read.", "Formulir ini tidak dapat dibaca."),
    ("The request was not sent in time.", "Permintaan tidak dikirim tepat waktu."),
    ("This is nested too deeply: {} levels at most.", "Ini bersarang terlalu dalam: paling banyak {} tingkat."),
    ("{} is not possible here.", "{} tidak dapat dilakukan di sini."),
    ("This address cannot be read.", "Alamat ini tidak dapat dibaca."),
    ("Choose md, txt or json.", "Pilih md, txt, atau json."),
    // The account.
    ("This is not your current password.", "Ini bukan kata sandi Anda saat ini."),
    ("Use at least {} characters.", "Gunakan setidaknya {} karakter."),
    ("Use at most {} bytes (about 1,000 letters).", "Gunakan paling banyak {} byte (sekitar 1.000 huruf)."),
    ("This contains a character that cannot be typed (NUL).", "Ini berisi karakter yang tidak dapat diketik (NUL)."),
    (
        "This is easy to guess. Use several words that do not belong together, and nothing from your name or e-mail.",
        "Ini mudah ditebak. Gunakan beberapa kata yang tidak berkaitan, dan jangan dari nama atau surel Anda.",
    ),
    ("This is your current password. Choose another one.", "Ini kata sandi Anda saat ini. Pilih yang lain."),
    // Keys for programs.
    ("This key was rotated or revoked already.", "Kunci ini sudah diputar atau dicabut."),
    ("This is not your password.", "Ini bukan kata sandi Anda."),
    ("Sign in again: it is more than five minutes ago.", "Masuk lagi: sudah lebih dari lima menit yang lalu."),
    ("Write a whole number from 1, or nothing.", "Tulis bilangan bulat mulai dari 1, atau kosongkan."),
    ("Choose how long it lasts.", "Pilih berapa lama berlakunya."),
    ("You have {} keys already. Revoke one first.", "Anda sudah memiliki {} kunci. Cabut salah satunya dahulu."),
    ("There are {} keys already. Revoke one first.", "Sudah ada {} kunci. Cabut salah satunya dahulu."),
    // Budgets.
    ("This number is too large.", "Angka ini terlalu besar."),
    ("Write whole numbers without points or commas.", "Tulis bilangan bulat tanpa titik atau koma."),
    ("Write dollars with a point, such as 25 or 12.50.", "Tulis dolar dengan titik, misalnya 25 atau 12.50."),
    ("say in a few words what it is for", "Jelaskan singkat untuk apa"),
    ("use at most {} bytes", "Gunakan paling banyak {} byte"),
    ("what is granted is zero or more, and can be counted", "Tambahan harus nol atau lebih dan dapat dihitung"),
    ("this budget does not limit what you want to grant", "Anggaran ini tidak membatasi yang ingin Anda tambahkan"),
    ("say how much more", "Tulis berapa tambahannya"),
    ("This request was decided already.", "Permintaan ini sudah diputuskan."),
    (
        "This budget has begun anew since; there is nothing left to grant.",
        "Anggaran ini sudah dimulai lagi; tidak ada yang perlu ditambah.",
    ),
    // Conversations.
    ("this is too much text at once", "Ini terlalu banyak teks sekaligus"),
    (
        "The answer is still being written. Wait for it or stop it first.",
        "Jawaban masih ditulis. Tunggu atau hentikan dahulu.",
    ),
    (
        "An answer is still being written. Wait for it or stop it first.",
        "Sebuah jawaban masih ditulis. Tunggu atau hentikan dahulu.",
    ),
    (
        "{} answers are being written for you already. Wait for one or stop one first.",
        "{} jawaban sedang ditulis untuk Anda. Tunggu atau hentikan salah satunya dahulu.",
    ),
    ("this is a message of yours, not an answer", "Ini pesan Anda, bukan jawaban"),
    (
        "this place in the conversation is not known; open it again",
        "Tempat dalam percakapan ini tidak dikenal; buka lagi percakapannya",
    ),
    (
        "this place in the list is not known; start from the beginning",
        "Tempat dalam daftar ini tidak dikenal; mulai dari awal",
    ),
    (
        "This is too long to fork: {} messages at most.",
        "Ini terlalu panjang untuk dicabangkan: paling banyak {} pesan.",
    ),
    ("search for at most {} characters", "Cari dengan paling banyak {} karakter"),
    (
        "{} conversations are pinned already. Take a pin off another one first.",
        "{} percakapan sudah disematkan. Lepaskan sematan yang lain dahulu.",
    ),
    ("choose at most {} conversations at once", "Pilih paling banyak {} percakapan sekaligus"),
    ("what is archived cannot be pinned", "Yang diarsipkan tidak dapat disematkan"),
    ("{} allows links for its own people only.", "{} hanya mengizinkan tautan untuk orangnya sendiri."),
    ("This is too long to share: {} messages at most.", "Ini terlalu panjang untuk dibagikan: paling banyak {} pesan."),
    ("This is too large to share: {} MB at most.", "Ini terlalu besar untuk dibagikan: paling banyak {} MB."),
    ("There are {} links already. Revoke one first.", "Sudah ada {} tautan. Cabut salah satunya dahulu."),
    ("a new conversation begins without a parent message", "Percakapan baru dimulai tanpa pesan induk"),
    ("a message follows an answer, not another message", "Sebuah pesan mengikuti jawaban, bukan pesan lain"),
    ("The model “{}” cannot be chosen here. There is: {}.", "Model “{}” tidak dapat dipilih di sini. Yang ada: {}."),
    (
        "Another answer is given to a message of yours, not to an answer.",
        "Jawaban lain diberikan untuk pesan Anda, bukan untuk sebuah jawaban.",
    ),
    ("Only an answer can go on, not a message of yours.", "Hanya jawaban yang dapat dilanjutkan, bukan pesan Anda."),
    ("This answer is complete. Ask for what is missing.", "Jawaban ini sudah lengkap. Tanyakan apa yang kurang."),
    (
        "The conversation has gone on below this answer. Ask there for the rest.",
        "Percakapan sudah berlanjut di bawah jawaban ini. Tanyakan sisanya di sana.",
    ),
    (
        "You follow {} answers at once already. Close some of them first.",
        "Anda sudah mengikuti {} jawaban sekaligus. Tutup beberapa dahulu.",
    ),
    // Questions of tools.
    ("The answer has ended meanwhile, so this was not run.", "Jawaban sudah berakhir, jadi ini tidak dijalankan."),
    (
        "The time to answer is over, so this was not run.",
        "Waktu untuk menjawab sudah habis, jadi ini tidak dijalankan.",
    ),
    ("This was answered already.", "Ini sudah dijawab."),
    ("This was allowed already.", "Ini sudah diizinkan."),
    ("This was denied already.", "Ini sudah ditolak."),
    ("This asks whether it may run: allow it or deny it.", "Ini menanyakan izin: izinkan atau tolak."),
    ("This asks for more: fill in the form or deny it.", "Ini meminta isian: isi formulirnya atau tolak."),
    ("An answer belongs to no question of this form.", "Sebuah jawaban tidak cocok dengan pertanyaan formulir ini."),
    ("A question was answered twice.", "Sebuah pertanyaan dijawab dua kali."),
    ("{}: this must be answered.", "{}: ini harus dijawab."),
    ("{}: at most {} characters, {} given.", "{}: paling banyak {} karakter, diberikan {}."),
    (
        "{}: it contains a character that cannot be stored (NUL).",
        "{}: berisi karakter yang tidak dapat disimpan (NUL).",
    ),
    ("{}: answer with yes or no.", "{}: jawab dengan ya atau tidak."),
    // Files.
    ("The name of the file cannot be read.", "Nama berkas tidak dapat dibaca."),
    ("The file was not sent in time.", "Berkas tidak dikirim tepat waktu."),
    ("The file was not sent to its end.", "Berkas tidak terkirim sampai selesai."),
    (
        "This file takes too long to read. Attach a simpler one.",
        "Berkas ini terlalu lama dibaca. Lampirkan yang lebih sederhana.",
    ),
    (
        "There is no room for this file: {} may keep {} MB of files. Delete conversations with files you no longer need, or ask your administrator.",
        "Tidak ada ruang untuk berkas ini: {} boleh menyimpan {} MB berkas. Hapus percakapan dengan berkas yang tidak diperlukan lagi, atau hubungi administrator Anda.",
    ),
    (
        "This file belongs to a message that was sent, and stays with it.",
        "Berkas ini bagian dari pesan yang sudah dikirim, dan tetap bersamanya.",
    ),
    ("This file cannot be read: it is damaged.", "Berkas ini tidak dapat dibaca: rusak."),
    ("This file is empty.", "Berkas ini kosong."),
    ("There is nothing in this file.", "Tidak ada isi dalam berkas ini."),
    (
        "This image cannot be read: it is damaged or not what its beginning says.",
        "Gambar ini tidak dapat dibaca: rusak atau tidak sesuai dengan awalnya.",
    ),
    (
        "This image has too many pixels: {} million at most, {} on a side.",
        "Gambar ini memiliki terlalu banyak piksel: paling banyak {} juta, {} per sisi.",
    ),
    (
        "Attach images (PNG, JPEG, GIF, WebP), text, CSV or PDF.",
        "Lampirkan gambar (PNG, JPEG, GIF, WebP), teks, CSV, atau PDF.",
    ),
    ("a message takes {} files at most", "Satu pesan memuat paling banyak {} berkas"),
    ("the same file is attached twice", "Berkas yang sama dilampirkan dua kali"),
    ("a file is not there any more; attach it again", "Sebuah berkas sudah tidak ada; lampirkan lagi"),
    ("This PDF cannot be read: it is damaged or no PDF.", "PDF ini tidak dapat dibaca: rusak atau bukan PDF."),
    ("This PDF has too many pages: {} at most.", "PDF ini memiliki terlalu banyak halaman: paling banyak {}."),
    (
        "There is no text in this PDF (perhaps it is a scan). Attach its pages as images.",
        "Tidak ada teks dalam PDF ini (mungkin hasil pindai). Lampirkan halamannya sebagai gambar.",
    ),
    (
        "This PDF is protected with a password. Remove the protection first.",
        "PDF ini dilindungi kata sandi. Hapus perlindungannya dahulu.",
    ),
    (
        "The name says that this is {}, but its content is {}. Check the file.",
        "Menurut namanya ini {}, tetapi isinya {}. Periksa berkasnya.",
    ),
    ("This is {}, which cannot be attached. {}", "Ini {}, yang tidak dapat dilampirkan. {}"),
    ("This is neither an image nor text nor a PDF. {}", "Ini bukan gambar, teks, atau PDF. {}"),
    // Import.
    ("{} What was complete before was taken.", "{} Yang lengkap sebelumnya sudah diambil."),
    (
        "{} conversations were looked at, more are not taken at once. Import the rest in a file of its own.",
        "{} percakapan sudah diperiksa, lebih dari itu tidak diambil sekaligus. Impor sisanya dalam berkas tersendiri.",
    ),
    ("Conversation {}: {}", "Percakapan {}: {}"),
    ("And {} more like these.", "Dan {} lagi seperti ini."),
    ("This is not an export: it is not JSON.", "Ini bukan hasil ekspor: bukan JSON."),
    (
        "This ZIP file cannot be read. Unpack it and choose conversations.json in it.",
        "Berkas ZIP ini tidak dapat dibaca. Ekstrak lalu pilih conversations.json di dalamnya.",
    ),
    ("There is no conversations.json in this ZIP file.", "Tidak ada conversations.json dalam berkas ZIP ini."),
    (
        "The file in this ZIP file is too large or packed too tightly: {} MB at most.",
        "Berkas dalam ZIP ini terlalu besar atau terlalu padat: paling banyak {} MB.",
    ),
    (
        "There is no room to unpack this ZIP file. Unpack it and choose conversations.json in it.",
        "Tidak ada ruang untuk mengekstrak berkas ZIP ini. Ekstrak lalu pilih conversations.json di dalamnya.",
    ),
    ("The file is damaged at its end.", "Berkas rusak di bagian akhirnya."),
    ("The file is too large: {} MB at most.", "Berkas terlalu besar: paling banyak {} MB."),
    (
        "This export is of a later version of Steward than this one.",
        "Hasil ekspor ini dari versi Steward yang lebih baru daripada yang ini.",
    ),
    (
        "“{}” was taken in part: something in it was too large or damaged.",
        "“{}” diambil sebagian: ada isinya yang terlalu besar atau rusak.",
    ),
    ("It is not a conversation.", "Ini bukan percakapan."),
    ("It is neither of ChatGPT nor of Claude nor of Steward.", "Ini bukan dari ChatGPT, Claude, maupun Steward."),
    (
        "A conversation in the file is too large: {} MB at most.",
        "Sebuah percakapan dalam berkas terlalu besar: paling banyak {} MB.",
    ),
    ("The file ends in the middle.", "Berkas terputus di tengah."),
    ("The file is damaged at line {}.", "Berkas rusak pada baris {}."),
    ("It has too many parts.", "Bagiannya terlalu banyak."),
    (
        "It cannot be read: it is nested too deeply, or damaged.",
        "Tidak dapat dibaca: bersarang terlalu dalam, atau rusak.",
    ),
    ("“{}” has no messages that can be read.", "“{}” tidak memiliki pesan yang dapat dibaca."),
    ("“{}” is empty.", "“{}” kosong."),
    // How an answer ended.
    ("The model could not be reached. Try again in a moment.", "Model tidak dapat dihubungi. Coba lagi sebentar lagi."),
    (
        "The model is asked too often right now. Try again in a minute.",
        "Model sedang terlalu sering ditanya. Coba lagi dalam satu menit.",
    ),
    (
        "The model provider does not accept this server's key. Tell your administrator.",
        "Penyedia model tidak menerima kunci server ini. Beri tahu administrator Anda.",
    ),
    (
        "The model provider does not know this model. Choose another one, or tell your administrator.",
        "Penyedia model tidak mengenal model ini. Pilih model lain, atau beri tahu administrator Anda.",
    ),
    (
        "This is more than the model can read at once. Shorten the message or start a new conversation.",
        "Ini melebihi yang dapat dibaca model sekaligus. Persingkat pesannya atau mulai percakapan baru.",
    ),
    (
        "The conversation has filled what the model can read at once. Start a new one to go on.",
        "Percakapan ini sudah memenuhi yang dapat dibaca model sekaligus. Mulai yang baru untuk melanjutkan.",
    ),
    ("Something went wrong on our side. Try again.", "Terjadi kesalahan di pihak kami. Coba lagi."),
    (
        "The model provider refused this request. Put it in other words.",
        "Penyedia model menolak permintaan ini. Sampaikan dengan kata lain.",
    ),
    ("The model's answer broke off. Try again.", "Jawaban model terputus. Coba lagi."),
    (
        "The model declined to answer this. Put it in other words.",
        "Model menolak menjawab ini. Sampaikan dengan kata lain.",
    ),
    ("The model gave no answer. Try again.", "Model tidak memberi jawaban. Coba lagi."),
    (
        "The answer was cut off: what is left of the budget allowed no longer one.",
        "Jawaban terpotong: sisa anggaran tidak mencukupi untuk yang lebih panjang.",
    ),
    (
        "The answer reached its greatest length. Ask to go on for the rest.",
        "Jawaban mencapai panjang terbesarnya. Minta dilanjutkan untuk sisanya.",
    ),
    (
        "The answer needed more than {} steps and was ended. Ask something narrower.",
        "Jawaban memerlukan lebih dari {} langkah dan diakhiri. Tanyakan yang lebih sempit.",
    ),
    (
        "The answer took longer than {} minutes and was ended. Ask something narrower.",
        "Jawaban memakan lebih dari {} menit dan diakhiri. Tanyakan yang lebih sempit.",
    ),
    (
        "The server stopped while the answer was being written. What was written is kept; ask again for the rest.",
        "Server berhenti saat jawaban ditulis. Yang sudah ditulis disimpan; tanyakan lagi untuk sisanya.",
    ),
];

/// What budgets are called, and their limits. The owner comes first in English, so the words around it are looked up with
/// it. Apart from the rest, which no browser needs to load.
const BUDGETS: &[(&str, &str)] = &[
    ("{}'s monthly budget", "Anggaran bulanan {}"),
    ("{}'s weekly budget", "Anggaran mingguan {}"),
    ("{}'s daily budget", "Anggaran harian {}"),
    ("{}'s budget", "Anggaran {}"),
    ("{}, and this model's price is not known", "{}, dan harga model ini tidak diketahui"),
    ("no budget applies", "tidak ada anggaran yang berlaku"),
    ("more than can be counted", "lebih dari yang dapat dihitung"),
    ("this request is larger than can be counted", "permintaan ini lebih besar dari yang dapat dihitung"),
    ("1 request", "1 permintaan"),
    ("{} requests", "{} permintaan"),
    ("1 input token", "1 token masukan"),
    ("{} input tokens", "{} token masukan"),
    ("1 output token", "1 token keluaran"),
    ("{} output tokens", "{} token keluaran"),
    ("1 token", "1 token"),
    ("{} tokens", "{} token"),
];

/// What stands inside a sentence as a value and is words itself.
const VALUES: &[(&str, &str)] = &[
    ("an image", "gambar"),
    ("a PDF", "PDF"),
    ("text", "teks"),
    ("your administrator", "administrator Anda"),
    ("an archive", "arsip"),
    ("a program", "program"),
    ("an old Office document", "dokumen Office lama"),
    ("a film or a HEIC photo (save it as JPEG)", "film atau foto HEIC (simpan sebagai JPEG)"),
    ("a web page or an SVG drawing", "halaman web atau gambar SVG"),
    ("an archive or an Office document", "arsip atau dokumen Office"),
];

/// A sentence of the server in the reader's language.
#[must_use]
pub fn in_words(lang: Lang, sentence: &str) -> String {
    if lang == Lang::English {
        return sentence.to_owned();
    }
    translated(&[VALUES, SENTENCES, BUDGETS], sentence, 3).unwrap_or_else(|| sentence.to_owned())
}

/// A budget's name or limit in the reader's language.
#[must_use]
pub fn of_budget(lang: Lang, text: &str) -> String {
    let known = if lang == Lang::English { None } else { translated(&[BUDGETS], text, 0) };
    known.unwrap_or_else(|| text.to_owned())
}

/// `None`: not known in these tables. Values that are sentences themselves are looked up again, so many levels deep.
fn translated(tables: &[&[(&str, &str)]], sentence: &str, levels: u8) -> Option<String> {
    // The longest words that fit: `{}'s monthly budget` before `{}'s budget`.
    let known = tables.iter().flat_map(|table| table.iter());
    let fitting = known.filter_map(|(english, known)| Some((english.len(), *known, values(english, sentence)?)));
    let (_, known, values) = fitting.max_by_key(|(length, ..)| *length)?;
    let mut text = String::with_capacity(sentence.len() + 16);
    let mut values = values.into_iter();
    for (at, piece) in known.split("{}").enumerate() {
        if at > 0 {
            text.push_str(&value(tables, values.next().unwrap_or_default(), levels));
        }
        text.push_str(piece);
    }
    Some(text)
}

/// A value as Indonesian writes it: numbers with points, sentences and words looked up.
fn value(tables: &[&[(&str, &str)]], text: &str, levels: u8) -> String {
    let is_number =
        text.starts_with(|c: char| c.is_ascii_digit()) && text.chars().all(|c| c.is_ascii_digit() || c == ',');
    if is_number {
        return text.replace(',', ".");
    }
    let inner = if levels > 0 { translated(tables, text, levels - 1) } else { None };
    inner.unwrap_or_else(|| text.to_owned())
}

/// What stands at each `{}` of a pattern when the text is made after it; a value is never empty.
fn values<'a>(pattern: &str, text: &'a str) -> Option<Vec<&'a str>> {
    let mut pieces = pattern.split("{}");
    let mut rest = text.strip_prefix(pieces.next()?)?;
    let pieces: Vec<&str> = pieces.collect();
    let Some((last, inner)) = pieces.split_last() else { return rest.is_empty().then(Vec::new) };
    let mut values = Vec::with_capacity(pieces.len());
    for piece in inner {
        let (value, after) = rest.split_once(piece)?;
        values.push(value);
        rest = after;
    }
    values.push(rest.strip_suffix(last)?);
    values.iter().all(|value| !value.is_empty()).then_some(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_keep_their_values() {
        let say = |text| in_words(Lang::Indonesian, text);
        assert_eq!(
            say("There are 20 links already. Revoke one first."),
            "Sudah ada 20 tautan. Cabut salah satunya dahulu."
        );
        assert_eq!(say("Prasetya's monthly budget"), "Anggaran bulanan Prasetya");
        assert_eq!(say("1,000,000 input tokens"), "1.000.000 token masukan");
        assert_eq!(
            say("The file ends in the middle. What was complete before was taken."),
            "Berkas terputus di tengah. Yang lengkap sebelumnya sudah diambil."
        );
        assert_eq!(say("2,000,000 tokens"), "2.000.000 token");
        assert_eq!(of_budget(Lang::Indonesian, "Prasetya's daily budget"), "Anggaran harian Prasetya");
        assert_eq!(of_budget(Lang::Indonesian, "1 input token"), "1 token masukan");
        assert_eq!(of_budget(Lang::Indonesian, "$12.50"), "$12.50");
        assert_eq!(say("Something nobody foresaw"), "Something nobody foresaw");
        assert_eq!(in_words(Lang::English, "write something first"), "write something first");
    }

    #[test]
    fn both_languages_have_the_same_values() {
        for (english, indonesian) in [SENTENCES, BUDGETS, VALUES].concat() {
            assert_eq!(english.matches("{}").count(), indonesian.matches("{}").count(), "{english}");
        }
    }
}
