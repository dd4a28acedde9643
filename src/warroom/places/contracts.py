"""What others may know of places."""

from dataclasses import dataclass
from typing import Literal

from warroom.kernel.actions import Action, declare

VIEW = "city:view"

ACTIONS = declare(Action(VIEW, "city", "view", for_programs=True))

LAYERS = ("base", "kecamatan", "kelurahan", "roads", "places")

TILES = "base"
"""Land use, water and buildings: `base.pmtiles` of the pack."""

type HowKnown = Literal["polygon", "nearest_centre"]


@dataclass(frozen=True, slots=True)
class AreaName:
    """Code and name of a kecamatan or kelurahan."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Area:
    """Where a position lies.

    Attributes:
        kelurahan: None where the pack knows none in this kecamatan.
        how_known: `polygon` if every part was found by its outline; `nearest_centre` if the
            kelurahan (or, outside all outlines, the kecamatan) is only the nearest.
    """

    kecamatan: AreaName
    kelurahan: AreaName | None
    how_known: HowKnown


@dataclass(frozen=True, slots=True)
class Ward:
    """A kelurahan, and the position that stands for it: the pack's own, or the middle of it."""

    area: AreaName
    kecamatan: AreaName
    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class CityFacts:
    """What the pages must know of the city before they draw anything.

    Attributes:
        zone: IANA time zone.
        zone_label: What people call it; empty: as its clocks say.
        schematic: Whether the map is drawn by hand.
        bounds: West, south, east, north.
        center: Longitude, latitude.
        label: What is said about the map's origin.
    """

    name: str
    zone: str
    zone_label: str
    schematic: bool
    bounds: tuple[float, float, float, float]
    center: tuple[float, float]
    label: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Something found by name.

    Attributes:
        kind: `kecamatan`, `kelurahan`, `jalan`, or a kind of the pack (`puskesmas`, `pasar`).
        detail: What tells it from others of the same name: "Kel. Baru, Kec. Ujung Pandang".
        score: 0 to 1; how well it fits what was typed.
    """

    id: str
    kind: str
    name: str
    detail: str
    lat: float
    lon: float
    score: float


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer of the map, ready to be sent."""

    content: bytes
    compressed: bytes
    etag: str


@dataclass(frozen=True, slots=True)
class Tiles:
    """Vector tiles of the ground in one file (PMTiles 3), of which browsers read ranges."""

    content: bytes
    etag: str
