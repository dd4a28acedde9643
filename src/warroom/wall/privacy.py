"""What `wall` tells `privacy`: layouts belong to who made them."""

from warroom.privacy.contracts import Purpose, Retention, Told

TOLD = Told(
    (
        Purpose(
            "wall_layouts",
            "Tata letak dinding video",
            "Pasal 20 ayat (2) huruf e; Perpres 95/2018 (SPBE)",
            "siapa yang membuat atau mengunci tata letak, namanya, kamera di dalamnya",
            "pegawai yang memakai War Room",
            "wall_layout",
            "PostgreSQL: wall_layout",
            "tata letak pribadi hanya terlihat oleh pemiliknya (row-level security)",
            tables=("wall_layout",),
            unsearched="tata letak pribadi hanya terlihat oleh pemiliknya sendiri,"
            " pada halaman Dinding",
        ),
    ),
    (
        Retention(
            "wall_layout",
            "Tata letak dinding video",
            None,
            "dihapus oleh pemiliknya; yang pribadi juga ketika akunnya dihapus",
        ),
    ),
)
