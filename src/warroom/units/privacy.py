"""What `units` tells `privacy`: where a vehicle is, is where its crew is."""

from warroom.privacy.contracts import Purpose, Retention, Told
from warroom.units.settings import UnitSettings


def told(settings: UnitSettings) -> Told:
    """The one purpose, and how long the settings keep tracks."""
    return Told(
        (
            Purpose(
                "unit_tracks",
                "Posisi dan jejak kendaraan operasional",
                "Pasal 20 ayat (2) huruf e; UU 22/2009 Pasal 134-135; Permendagri 26/2016 (112)",
                "posisi GPS, kecepatan, ruas jalan, keluar-masuk wilayah; pelat kendaraan dinas",
                "awak kendaraan operasional (tidak langsung: lewat daftar tugas instansi)",
                "unit_track",
                "PostgreSQL: unit, unit_position, unit_track, unit_event, unit_fence",
                "row-level security, hak unit:track terpisah, setiap pembacaan jejak tercatat;"
                " kunci perangkat hanya sebagai hash",
                actions=("unit:track",),
                tables=("unit", "unit_position", "unit_track", "unit_event", "unit_fence"),
                unsearched="siapa awaknya hanya ada di daftar tugas instansi;"
                " War Room tidak menyimpannya",
            ),
        ),
        (
            Retention(
                "unit_track",
                "Jejak posisi kendaraan",
                float(settings.track_days),
                "partisi harian dihapus otomatis tiap jam",
            ),
        ),
    )
