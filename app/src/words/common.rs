//! Words that several rooms use.

super::phrases! {
    cancel = "Cancel" | "Batal";
    close = "Close" | "Tutup";
    copy = "Copy" | "Salin";
    copied = "Copied" | "Tersalin";
    delete = "Delete" | "Hapus";
    details = "Details" | "Rincian";
    edit = "Edit" | "Ubah";
    loading = "Loading…" | "Memuat…";
    retry = "Retry" | "Coba lagi";
    save = "Save" | "Simpan";
    send = "Send" | "Kirim";
    sign_in = "Sign in" | "Masuk";
    undo = "Undo" | "Urungkan";
}
