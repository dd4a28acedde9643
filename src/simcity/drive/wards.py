"""Hospitals of the simulated city: they tell how many beds are free, as a real one's program does.

Numbers are made up: patients come and go, an emergency room fills up in the evening. Some tell
nothing of intensive care, and now and then one tells nothing at all.
"""

import asyncio
import csv
import io
import json
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from simcity.door import Door

EVERY_S = 300.0
_TELLS = 0.85
"""Part of the hospitals that tell anything at a time."""

_SIZES = {"igd": (6, 24), "icu": (4, 16), "ward": (40, 300)}
_COLUMNS = ("nama", "lat", "lon", *(f"{kind}{end}" for kind in _SIZES for end in ("", "_total")))


@dataclass(slots=True)
class Ward:
    """A hospital, with its beds and how many of each kind are taken."""

    name: str
    lat: float
    lon: float
    total: dict[str, int]
    taken: dict[str, int]
    tells_icu: bool


class Wards:
    """Tells the free beds beside the city.

    Args:
        door: `http://HOST:PORT`.
        token: Of the health office's program; empty tells nothing.
        hospitals: Name, latitude and longitude of each.
        seed: Another one makes others of them full.
    """

    def __init__(
        self, door: str, token: str, hospitals: Sequence[tuple[str, float, float]], seed: int = 1
    ) -> None:
        self._door = Door(door, token) if token else None
        self._rng = random.Random(seed)  # noqa: S311 - made-up patients
        self.wards = [self._ward(number, *one) for number, one in enumerate(hospitals)]
        self._task: asyncio.Task[None] | None = None

    def _ward(self, number: int, name: str, lat: float, lon: float) -> Ward:
        total = {kind: self._rng.randint(*size) for kind, size in _SIZES.items()}
        taken = {kind: self._rng.randint(most // 2, most) for kind, most in total.items()}
        return Ward(name, lat, lon, total, taken, tells_icu=number % 4 != 3)

    async def __aenter__(self) -> "Wards":
        """Begins."""
        if self._door is not None:
            self._task = asyncio.create_task(self._run(self._door))
        return self

    async def __aexit__(self, *_: object) -> None:
        """Ends."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self, door: Door) -> None:
        is_first = True
        while True:
            content = self.tell(everybody=is_first)
            try:
                await door.send("POST", "/api/dispatch/facilities/import", content, "text/csv")
                is_first = False
            except OSError as error:  # away, or restarting
                sys.stderr.write(json.dumps({"wards": "away", "why": str(error)}) + "\n")
            self.step()
            await asyncio.sleep(EVERY_S)

    def step(self) -> None:
        """Some patients come, some leave; nobody lies in a bed that is not there."""
        for ward in self.wards:
            for kind, most in ward.total.items():
                moved = ward.taken[kind] + self._rng.randint(-3, 3)
                ward.taken[kind] = min(most, max(0, moved))

    def tell(self, *, everybody: bool = False) -> bytes:
        """What hospitals tell now, as a file; once everybody is named with their place."""
        told = io.StringIO()
        writer = csv.writer(told)
        writer.writerow(_COLUMNS)
        for ward in self.wards:
            if not (everybody or self._rng.random() < _TELLS):
                continue
            cells: list[object] = [ward.name, ward.lat, ward.lon]
            for kind, most in ward.total.items():
                is_told = kind != "icu" or ward.tells_icu
                cells += [most - ward.taken[kind], most] if is_told else ["", ""]
            writer.writerow(cells)
        return told.getvalue().encode()
