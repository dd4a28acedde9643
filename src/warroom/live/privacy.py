"""What `live` tells `privacy`: it shows pictures and stores none."""

from warroom.privacy.contracts import Purpose, Retention, Told

TOLD = Told(
    (
        Purpose(
            "cctv_live",
            "CCTV: pemantauan langsung",
            "Pasal 20 ayat (2) huruf e jo. Pasal 17 (keamanan, kebencanaan, lalu lintas)",
            "gambar dan suara ruang publik",
            "orang di ruang publik yang terliput kamera",
            "live",
            "tidak disimpan; hanya di memori selama ditonton",
            "hak per kamera dan waktu, tiap tontonan diaudit dengan lamanya, tanda air",
            actions=("live:view",),
            unsearched="tidak ada yang disimpan",
        ),
    ),
    (
        Retention(
            "live", "Gambar langsung", 0.0, "tidak disimpan", "UU 27/2022 Pasal 16 ayat (2) huruf g"
        ),
    ),
)
