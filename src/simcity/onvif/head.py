"""The head of a turning camera: where it looks at an instant, given what it was told. No clock."""

from dataclasses import dataclass, field

PAN_DEG_S = 60.0
TILT_DEG_S = 30.0
ZOOM_S = 0.5
TILT_LOW, TILT_HIGH = -90.0, 20.0

type Axes = tuple[float, float, float]

PRESETS: dict[str, tuple[str, Axes]] = {
    "1": ("Depan", (0.0, -10.0, 0.0)),
    "2": ("Kanan", (90.0, -10.0, 0.0)),
    "3": ("Belakang", (180.0, -10.0, 0.0)),
    "4": ("Kiri", (-90.0, -10.0, 0.0)),
}
"""Positions that every head keeps: name, and pan and tilt in degrees, zoom from 0 to 1."""


def wrapped(pan: float) -> float:
    """A pan angle as -180 <= pan < 180: heads turn without an end."""
    return (pan + 180.0) % 360.0 - 180.0


@dataclass(slots=True)
class Head:
    """One head.

    Attributes:
        deaf_to_timeout: Goes on until it is stopped, as some cameras do.
        told: What it was told, newest last.
    """

    deaf_to_timeout: bool = False
    told: list[str] = field(default_factory=list)
    _from: Axes = (0.0, -10.0, 0.0)
    _since: float = 0.0
    _speed: Axes = (0.0, 0.0, 0.0)
    _until: float | None = None
    _target: Axes | None = None

    def at(self, now: float) -> Axes:
        """Pan and tilt in degrees (right and up are positive) and zoom from 0 to 1."""
        if self._target is not None:
            return self._on_the_way(now - self._since, self._target)
        end = now if self._until is None else min(now, self._until)
        passed = max(0.0, end - self._since)
        rates = (PAN_DEG_S, TILT_DEG_S, ZOOM_S)
        pan, tilt, zoom = (
            start + speed * rate * passed
            for start, speed, rate in zip(self._from, self._speed, rates, strict=True)
        )
        return wrapped(pan), min(max(tilt, TILT_LOW), TILT_HIGH), min(max(zoom, 0.0), 1.0)

    def is_moving(self, now: float) -> bool:
        """Whether it turns or zooms."""
        if self._target is not None:
            return self.at(now) != self._target
        return any(self._speed) and (self._until is None or now < self._until)

    def move(self, speed: Axes, seconds: float | None, now: float) -> None:
        """Moves for so long, or until told otherwise; each speed from -1 to 1."""
        self._begin(now, "move")
        self._speed = speed
        self._until = None if seconds is None or self.deaf_to_timeout else now + seconds

    def stop(self, now: float) -> None:
        """Stands still where it is."""
        self._begin(now, "stop")

    def turn(self, target: Axes, now: float) -> None:
        """Turns to a position by the shorter way, as fast as it can."""
        self._begin(now, "turn")
        pan, tilt, zoom = target
        self._target = (
            wrapped(pan),
            min(max(tilt, TILT_LOW), TILT_HIGH),
            min(max(zoom, 0.0), 1.0),
        )

    def _begin(self, now: float, word: str) -> None:
        self._from, self._since = self.at(now), now
        self._speed, self._until, self._target = (0.0, 0.0, 0.0), None, None
        self.told.append(word)
        del self.told[:-100]

    def _on_the_way(self, passed: float, target: Axes) -> Axes:
        pan, tilt, zoom = self._from
        return (
            wrapped(pan + _at_most(wrapped(target[0] - pan), PAN_DEG_S * passed))
            if abs(wrapped(target[0] - pan)) > PAN_DEG_S * passed
            else target[0],
            tilt + _at_most(target[1] - tilt, TILT_DEG_S * passed),
            zoom + _at_most(target[2] - zoom, ZOOM_S * passed),
        )


def _at_most(way: float, most: float) -> float:
    return min(max(way, -most), most)
