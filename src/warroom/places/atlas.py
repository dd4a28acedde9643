"""The city pack in memory: areas, names and layers, read again when the pack is replaced."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from warroom.kernel.log import logger
from warroom.places import rules
from warroom.places.contracts import Area, AreaName, CityFacts, Layer, Place, Tiles, Ward
from warroom.places.errors import BadPackError, NoCityPackError, NoLayerError

if TYPE_CHECKING:
    from warroom.places.pack import Pack

_MIN_SCORE = 0.35


class Atlas:
    """Answers questions about places from one city pack.

    The pack is read at the first question and again whenever its `city.json` changes, so a pack
    may be built or replaced while the product runs. A pack that is absent or broken makes the
    answers empty; `city()` and `layer()` say so.

    Args:
        folder: The city pack.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._seen: tuple[int, int] | None = None
        self._pack: Pack | None = None
        self._problem: BadPackError | None = None

    def city(self) -> CityFacts | None:
        """What the pages must know of the city; None without a usable pack."""
        pack = self._current()
        return pack.facts if pack else None

    def layer(self, name: str) -> Layer:
        """A layer of the map.

        Raises:
            NoCityPackError: There is no pack, or it is broken.
            NoLayerError: The pack has no such layer.
        """
        pack = self._get()
        if name not in pack.layers:
            raise NoLayerError(layer=name)
        return pack.layers[name]

    def tiles(self) -> Tiles | None:
        """The tiles of the ground; None where the pack has none.

        Raises:
            NoCityPackError: There is no pack, or it is broken.
        """
        return self._get().tiles

    def area_of(self, lat: float, lon: float) -> Area | None:
        """Where a position lies; None without a pack, or far outside of the city."""
        pack = self._current()
        return pack.area_of(lat, lon) if pack else None

    def find_kecamatan(self, text: str) -> AreaName | None:
        """The kecamatan of this code or name."""
        pack = self._current()
        return pack.kecamatan_by_word.get(rules.key_of(text)) if pack else None

    def find_kelurahan(self, text: str, kecamatan: str | None = None) -> AreaName | None:
        """The kelurahan of this code, or of this name (in that kecamatan, where one is given).

        A name that several kecamatan share is none without its kecamatan.
        """
        pack = self._current()
        if pack is None:
            return None
        fitting = [
            ward.area
            for ward in pack.wards
            if rules.key_of(text) in (rules.key_of(ward.area.code), rules.key_of(ward.area.name))
            and kecamatan in (None, ward.kecamatan)
        ]
        return fitting[0] if len(fitting) == 1 else None

    def wards(self) -> list[Ward]:
        """All kelurahan of the city, by code; none without a pack, or where it knows none."""
        pack = self._current()
        if pack is None:
            return []
        district = {area.code: area for area in pack.kecamatan}
        wards = [
            Ward(
                one.area, district.get(one.kecamatan, AreaName(one.kecamatan, "")), one.lat, one.lon
            )
            for one in pack.wards
        ]
        return sorted(wards, key=lambda ward: ward.area.code)

    def search(self, query: str, limit: int = 12) -> list[Place]:
        """Places whose names fit what was typed, best first."""
        pack = self._current()
        asked = rules.fold(query[:200])
        if pack is None or not asked:
            return []
        scored = [
            (value, named)
            for named in pack.named
            if (value := max(rules.score(asked, words) for words in named.words)) >= _MIN_SCORE
        ]
        scored.sort(key=lambda pair: (-pair[0], pair[1].rank, pair[1].place.name))
        return [replace(named.place, score=round(value, 3)) for value, named in scored[:limit]]

    def _get(self) -> "Pack":
        pack = self._current()
        if pack is None:
            problem = self._problem.params["problem"] if self._problem else "absent"
            raise NoCityPackError(folder=self.folder.name, problem=problem)
        return pack

    def _current(self) -> "Pack | None":
        try:
            status = (self.folder / "city.json").stat()
            stamp = (status.st_mtime_ns, status.st_ino)
        except OSError:
            self._seen, self._pack, self._problem = None, None, None
            return None
        if stamp != self._seen:
            from warroom.places.pack import read_pack  # noqa: PLC0415 - decision 51

            self._seen = stamp
            try:
                self._pack, self._problem = read_pack(self.folder), None
            except BadPackError as error:
                self._pack, self._problem = None, error
                logger("places.atlas").error("city_pack_unusable", **error.params)
        return self._pack
