"""Agencies of Makassar and one person for each kind of work, for the demonstration."""

from warroom.identity.contracts import NewAgency

_KECAMATAN = (
    "Mariso Mamajang Makassar Ujung_Pandang Wajo Bontoala Tallo Ujung_Tanah Panakkukang Tamalate"
    " Biringkanaya Manggala Rappocini Tamalanrea Kepulauan_Sangkarrang"
)

AGENCIES = (
    NewAgency("city", "Dinas Komunikasi dan Informatika", "Diskominfo", "73.71"),
    NewAgency("dishub", "Dinas Perhubungan", "Dishub", "73.71"),
    NewAgency("police", "Polrestabes Makassar", "Polrestabes", "73.71"),
    NewAgency("prosecutor", "Kejaksaan Negeri Makassar", "Kejari", "73.71"),
    NewAgency("fire", "Dinas Pemadam Kebakaran dan Penyelamatan", "Damkar", "73.71"),
    NewAgency("skpd", "Dinas Kesehatan", "Dinkes", "73.71"),
    NewAgency("skpd", "Dinas Pekerjaan Umum", "Dinas PU", "73.71"),
    NewAgency("skpd", "Badan Penanggulangan Bencana Daerah", "BPBD", "73.71"),
    NewAgency("skpd", "PLN UP3 Makassar Selatan", "PLN", "73.71"),
    NewAgency("puskesmas", "Puskesmas Dahlia", "PKM Dahlia", "73.71.01"),
    NewAgency("puskesmas", "Puskesmas Kassi-Kassi", "PKM Kassi-Kassi", "73.71.13"),
    *(
        NewAgency(
            "kecamatan",
            f"Kecamatan {name.replace('_', ' ')}",
            f"Kecamatan {name.replace('_', ' ')}",
            f"73.71.{number:02d}",
        )
        for number, name in enumerate(_KECAMATAN.split(), 1)
    ),
)
"""Short names are those of the owners in the camera list of the schematic city."""

PEOPLE = (
    ("admin", "Andi Nurhaliza", "Administrator sistem", "Diskominfo", "admin_sistem", "city"),
    ("walikota", "Baso Rahman", "Wali Kota", "Diskominfo", "manage", "city"),
    ("supervisor", "Sitti Aminah", "Supervisor ruang kendali", "Diskominfo", "supervisor", "city"),
    ("operator", "Rahmat Hidayat", "Operator CCTV", "Diskominfo", "operator", "city"),
    ("auditor", "Hasnah Djafar", "Inspektorat", "Diskominfo", "auditor", "city"),
    ("pdp", "Rosmini Tahir", "Petugas PDP", "Diskominfo", "petugas_pdp", "city"),
    ("polisi", "Iptu Syamsul Bahri", "Operator Satlantas", "Polrestabes", "petugas_lalin", "own"),
    ("admin.polisi", "Kompol Fitriani", "Admin lembaga", "Polrestabes", "admin_lembaga", "own"),
    ("jaksa", "Muh. Arfah", "Jaksa", "Kejari", "penyidik", "own"),
    ("kepala.kejari", "Andi Kurnia", "Kepala Kejari", "Kejari", "kepala_lembaga", "own"),
    (
        "damkar",
        "Daeng Tawang",
        "Operator pemadam",
        "Damkar",
        "operate pengendali_112",
        "own",
    ),
    ("112", "Sitti Rahma", "Penerima panggilan 112", "Diskominfo", "penerima_112", "city"),
    ("pengendali.112", "Marwah Sultan", "Pengendali 112", "Diskominfo", "pengendali_112", "city"),
    ("pengawas.112", "Hamzah Dg Ngawing", "Pengawas 112", "Diskominfo", "pengawas_112", "city"),
    ("dishub", "Nurdin Patta", "Petugas lalu lintas", "Dishub", "petugas_lalin", "own"),
    (
        "lapangan.dishub",
        "Daeng Nai",
        "Petugas lapangan",
        "Dishub",
        "petugas_lapangan",
        "own",
    ),
    (
        "lapangan.polisi",
        "Bripka Yusran",
        "Petugas lapangan",
        "Polrestabes",
        "petugas_lapangan petugas_lalin",
        "own",
    ),
    (
        "kepala.dishub",
        "Amirullah Saleh",
        "Kepala Dinas Perhubungan",
        "Dishub",
        "kepala_lembaga",
        "own",
    ),
    ("dinkes", "dr. Irma Suryani", "Kepala bidang", "Dinkes", "view", "own"),
    ("camat.mariso", "Abd. Kadir", "Camat Mariso", "Kecamatan Mariso", "view", "own"),
    ("pkm.dahlia", "dr. Yusuf Latif", "Kepala puskesmas", "PKM Dahlia", "view", "own"),
)
"""Login, name, title, agency (short), roles (with spaces between), reach."""

GRANTS = (
    ("Polrestabes", ("camera:view", "live:view", "recording:view"), "73.71", "B/1482/X/2026"),
    ("Dishub", ("camera:view", "live:view"), "73.71", "551/210/Dishub/2026"),
    ("Damkar", ("camera:view", "live:view"), "73.71", "364/88/Damkar/2026"),
    ("PKM Dahlia", ("camera:view", "live:view"), "73.71.01", "440/31/Dinkes/2026"),
)
"""Agency (short), actions on every camera in an area, area, letter."""
