"""What `traffic` tells `privacy`: who closed a road, and who reported of one."""

from warroom.privacy.contracts import Purpose, Retention, Told

TOLD = Told(
    (
        Purpose(
            "road_closures",
            "Penutupan jalan dan laporan keadaan jalan",
            "Pasal 20 ayat (2) huruf e; UU 22/2009 (lalu lintas)",
            "siapa yang menutup jalan, melapor, atau mengakhirinya, dan alasannya",
            "pegawai yang memakai War Room",
            "road_said",
            "PostgreSQL: traffic_said",
            "hanya terlihat oleh instansinya dan yang diberi hak (row-level security), audit",
            actions=("traffic:view",),
            tables=("traffic_said",),
            unsearched="siapa yang berbuat tercatat di audit, yang dapat ditelusuri",
        ),
    ),
    (
        Retention(
            "road_said",
            "Penutupan jalan dan laporan keadaan jalan",
            None,
            "tidak dihapus oleh sistem",
        ),
    ),
)
