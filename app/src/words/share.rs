//! Sharing a conversation by link.

super::phrases! {
    title = "Share this conversation" | "Bagikan percakapan ini";
    what = "The link shows a read-only copy of this branch as it is now, tool results and attachments' names included. Later messages are not in it." | "Tautan menampilkan salinan baca-saja dari cabang ini seperti sekarang, termasuk hasil alat dan nama lampiran. Pesan sesudahnya tidak ikut.";
    who = "Who can open it" | "Siapa yang dapat membukanya";
    tenant = "Signed-in people of " | "Orang yang masuk di ";
    public = "Anybody with the link" | "Siapa saja yang memiliki tautan";
    only_tenant = "Links to anybody are switched off here." | "Tautan untuk siapa saja dimatikan di sini.";
    create = "Create a link" | "Buat tautan";
    creating = "Creating…" | "Membuat…";
    links = "Links" | "Tautan";
    no_links = "There is no link yet." | "Belum ada tautan.";
    copy = "Copy the link" | "Salin tautan";
    copied = "Link copied." | "Tautan disalin.";
    revoke = "Revoke" | "Cabut";
    revoked = "The link no longer works." | "Tautan tidak berlaku lagi.";
    created = "The link is ready." | "Tautan sudah siap.";
    nothing = "There is nothing to share yet." | "Belum ada yang dapat dibagikan.";
    link = "Link" | "Tautan";
}
