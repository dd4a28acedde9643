"""What callers of 112 tell, by kind of call; invented, and said to be a simulation where long."""

from dataclasses import dataclass
from typing import Literal

type Sort = Literal["fire", "crash", "health", "crime", "flood", "other", "prank", "ghost", "info"]

NUISANCE: tuple[Sort, ...] = ("prank", "ghost")


@dataclass(frozen=True, slots=True)
class Story:
    """What is told.

    Attributes:
        says: Indonesian, with `{place}` for where; empty says nothing.
    """

    sort: Sort
    says: str


STORIES: dict[Sort, tuple[str, ...]] = {
    "fire": (
        "Halo, tolong, ada kebakaran rumah di {place}. Apinya besar, masih ada orang di dalam.",
        "Pak, kebakaran di {place}, asapnya hitam sekali. Tolong cepat kirim pemadam.",
    ),
    "crash": (
        "Halo, ada kecelakaan di {place}. Motor dengan mobil, ada yang luka di kaki.",
        "Tolong, ada tabrakan di {place}, jalannya macet dan korbannya tidak bangun.",
    ),
    "health": (
        "Tolong, bapak saya sakit dada dan sesak napas. Rumah kami di {place}.",
        "Halo, ada orang pingsan di {place}. Dia masih bernapas, tapi tidak bangun.",
    ),
    "crime": (
        "Halo, ada orang berkelahi di {place}, ada yang bawa parang.",
        "Pak, motor saya baru saja dicuri di {place}. Orangnya lari ke arah pasar.",
    ),
    "flood": (
        "Halo, air sudah masuk rumah di {place}, setinggi lutut. Ada orang tua di dalam.",
        "Banjir di {place}, listrik juga mati. Tolong kirim perahu.",
    ),
    "other": (
        "Halo, ada pohon tumbang menutup jalan di {place}.",
        "Ada ular masuk rumah di {place}, tolong dikirim petugas.",
    ),
    "prank": ("Halo, halo. Hahaha. Tidak ada apa-apa.", "Pesan satu nasi goreng, ya. Hahaha."),
    "ghost": ("",),
    "info": (
        "Selamat pagi, mau tanya nomor kantor pemadam.",
        "Halo, listrik di rumah saya mati, sampai jam berapa, ya?",
    ),
}
