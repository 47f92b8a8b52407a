//! The words that tell something, in both languages: phrases with `|` between them.

pub(super) const TARIFF: &str =
    "tariff|tariffs|tarif|price per kwh|electricity price|rates|harga listrik|harga per kwh|rate";

pub(super) const MOST: &str = "most|top|biggest|largest|highest|paling|paling banyak|paling boros|terbesar|tertinggi|terboros|\
        worst|rank|ranking|peringkat";

pub(super) const LEAST: &str = "least|lowest|smallest|paling sedikit|paling hemat|paling kecil|terkecil|terendah";

pub(super) const COST: &str = "cost|costs|costed|spend|spent|spending|bill|bills|money|rupiah|idr|pay|paid|price|expensive|biaya|\
        biayanya|tagihan|bayar|ongkos|mahal|termahal|pengeluaran";

pub(super) const ENERGY: &str = "energy|kwh|mwh|consume|consumes|consumed|consumption|use|uses|used|usage|using|electricity|power|\
        load|demand|draw|listrik|energi|energinya|konsumsi|mengonsumsi|pemakaian|penggunaan|pakai|dipakai|\
        memakai|menggunakan|daya|beban|report|laporan|total|summary";

pub(super) const DEVICES: &str =
    "device|devices|meter|meters|machine|machines|equipment|perangkat|mesin|alat|metered|sensors";

/// Words without content of their own.
pub(super) const STOP: &str = "a|an|the|of|for|in|on|at|by|to|from|with|per|and|or|is|are|was|were|be|been|do|does|did|has|have|\
        had|can|could|would|will|should|i|me|my|we|us|our|you|your|it|its|this|that|these|those|there|what|\
        whats|which|who|when|where|why|how|much|many|please|show|give|tell|list|get|find|see|want|need|know|\
        like|about|all|any|every|each|some|more|less|so|far|now|right|site|plant|factory|company|whole|\
        overall|total|up|down|over|under|during|today's|currently|week|month|day|year|time|going|went|high|\
        low|apa|apakah|berapa|yang|mana|di|ke|dari|pada|untuk|dengan|oleh|dan|atau|adalah|itu|ini|saya|kita|\
        kami|anda|kamu|tolong|tampilkan|lihat|tunjukkan|beri|berikan|daftar|semua|setiap|ada|punya|bisa|\
        saja|aja|as|chart|charts|graph|graphs|plot|diagram|table|tables|sebagai|dalam|bentuk|grafik|bagan|\
        tabel|gambarkan|kapan|bagaimana|kenapa|mengapa|pabrik|banyak|seberapa|jumlah|saat|sekarang|ya|dong";

/// The device words of Indonesian in the English of the meters' names.
pub(super) const TRANSLATED: &[(&str, &str)] = &[
    ("kompresor", "compressor"),
    ("pompa", "pump"),
    ("pendingin", "chiller"),
    ("ketel", "boiler"),
    ("penerangan", "lighting"),
    ("pencahayaan", "lighting"),
    ("tenun", "weaving"),
    ("pemintalan", "spinning"),
    ("pencelupan", "dyeing"),
    ("gudang", "warehouse"),
    ("utama", "main"),
    ("kantor", "office"),
];

/// Words only Indonesian has.
pub(super) const INDONESIAN: &str = "berapa|apa|apakah|yang|minggu|kemarin|hari|bulan|biaya|listrik|energi|perangkat|konsumsi|pemakaian|\
        bandingkan|dibandingkan|paling|mana|kapan|tarif|bagaimana|dengan|untuk|dari|halo|selamat|pagi|siang|\
        sore|malam|saya|kita|kami|tolong|tampilkan|lihat|puncak|beban|departemen|lalu|ini|itu|boros|\
        terboros|tahun|dan|atau|bisa|kompresor|pompa|mesin|daftar|sekarang|tanggal|jam|tertinggi|terendah|\
        terbesar|tegangan|arus|daya|tagihan|rupiah|terakhir|siapa";

/// Words only English has.
pub(super) const ENGLISH: &str = "what|which|how|much|many|did|do|does|is|are|the|our|my|we|us|i|last|this|week|month|yesterday|today|\
        cost|energy|use|used|most|compare|show|me|when|was|were|peak|device|devices|hello|hi|hey|help|of|\
        and|in|with|vs|please|have|tell";
