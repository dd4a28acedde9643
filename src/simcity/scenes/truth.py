"""What is where in a picture, known exactly because it was drawn."""

from dataclasses import asdict, dataclass
from typing import Any

from simcity.scenes.traffic import Colour, Kind

Box = tuple[float, float, float, float]  # left, top, right, bottom in pixels


@dataclass(frozen=True, slots=True)
class Plate:
    """A number plate that faces the camera; `quad` are its corners in pixels."""

    text: str
    letter_px: float
    quad: list[list[float]]


@dataclass(frozen=True, slots=True)
class Sighting:
    """One actor in one picture.

    `box` is cut at the edges of the picture; `visible` is the share that nothing nearer hides (by
    convex hulls); x, y are metres in the world. A motorcycle also has boxes of machine and rider.
    """

    id: int
    kind: Kind
    box: Box
    x_m: float
    y_m: float
    speed_m_s: float
    visible: float
    plate: Plate | None
    parts: dict[str, Box]


@dataclass(frozen=True, slots=True)
class FrameTruth:
    """Everything in one picture, and what the signals show."""

    number: int
    at_s: float
    phases: dict[str, Colour]
    objects: list[Sighting]

    def row(self) -> dict[str, Any]:
        """Return the line of the truth file."""
        return {"row": "frame", **asdict(self)}
