"""The light of a scene: sun, sky, haze, street lamps."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from simcity.scenes.camera import Floats

LightName = Literal["day", "dusk", "night", "rain"]
LAMPS_M = tuple((x, float(y)) for y in range(-18, 140, 24) for x in (-9.6, 9.6))
LAMP_COLOUR = np.array([0.55, 0.78, 1.0], np.float32)
Colour = tuple[float, float, float]  # blue, green, red; 0 to 1 for light, 0 to 255 for paint


@dataclass(frozen=True, slots=True, kw_only=True)
class Light:
    """Colours are BGR from 0 to 1; `haze_m` is the distance at which two thirds are haze.

    `shadow` is the strength and `soft_m` the blur of shadows; `lamps` 1 is full street light.
    """

    name: LightName
    towards_sun: tuple[float, float, float]
    sun: Colour
    ambient: Colour
    sky_top: Colour
    sky_low: Colour
    haze_m: float
    lamps: float
    shadow: float
    soft_m: float
    sun_f: Floats = field(init=False, repr=False)
    ambient_f: Floats = field(init=False, repr=False)
    low_f: Floats = field(init=False, repr=False)
    top_f: Floats = field(init=False, repr=False)
    direction: Floats = field(init=False, repr=False)

    def __post_init__(self) -> None:
        towards = np.array(self.towards_sun, np.float32)
        arrays = {
            "sun_f": np.array(self.sun, np.float32),
            "ambient_f": np.array(self.ambient, np.float32),
            "low_f": np.array(self.sky_low, np.float32),
            "top_f": np.array(self.sky_top, np.float32),
            "direction": towards / np.linalg.norm(towards),
        }
        for name, array in arrays.items():
            object.__setattr__(self, name, array)

    @property
    def is_lit(self) -> bool:
        """Whether vehicles have their lamps on."""
        return self.lamps > 0.2

    def of_lamps(self, x: npt.ArrayLike, y: npt.ArrayLike) -> Floats:
        """Return the strength of street light on the ground at points (0 to about 1)."""
        px, py = np.asarray(x, np.float32), np.asarray(y, np.float32)
        total = np.zeros(np.broadcast(px, py).shape, np.float32)
        for lamp_x, lamp_y in LAMPS_M:
            squared = (px - lamp_x * 0.6) ** 2 + (py - lamp_y) ** 2
            total += 1 / (1 + squared / 60) ** 2
        return (np.minimum(total, 1.3) * 0.75 * self.lamps).astype(np.float32)

    def hazed(self, colour: npt.ArrayLike, distance_m: npt.ArrayLike) -> Floats:
        """Return paint (0 to 255) as it looks through that much air."""
        share = 1 - np.exp(-np.asarray(distance_m, np.float32) / self.haze_m)
        seen = np.asarray(colour, np.float32) * (1 - share) + self.low_f * 255 * share
        return np.asarray(seen, np.float32)


LIGHTS: dict[LightName, Light] = {
    light.name: light
    for light in (
        Light(
            name="day",
            towards_sun=(-0.55, -0.45, 0.85),
            sun=(0.84, 0.92, 0.96),
            ambient=(0.6, 0.55, 0.52),
            sky_top=(0.86, 0.66, 0.42),
            sky_low=(0.93, 0.9, 0.86),
            haze_m=420,
            lamps=0,
            shadow=0.52,
            soft_m=0.04,
        ),
        Light(
            name="dusk",
            towards_sun=(0.8, 0.5, 0.3),
            sun=(0.22, 0.34, 0.5),
            ambient=(0.36, 0.31, 0.31),
            sky_top=(0.52, 0.36, 0.3),
            sky_low=(0.45, 0.62, 0.9),
            haze_m=260,
            lamps=0.35,
            shadow=0.3,
            soft_m=0.25,
        ),
        Light(
            name="night",
            towards_sun=(0, 0, 1),
            sun=(0, 0, 0),
            ambient=(0.18, 0.155, 0.14),
            sky_top=(0.07, 0.05, 0.04),
            sky_low=(0.13, 0.11, 0.1),
            haze_m=300,
            lamps=1.2,
            shadow=0.35,
            soft_m=0.3,
        ),
        Light(
            name="rain",
            towards_sun=(0, 0, 1),
            sun=(0.1, 0.1, 0.1),
            ambient=(0.5, 0.49, 0.47),
            sky_top=(0.66, 0.64, 0.62),
            sky_low=(0.74, 0.73, 0.71),
            haze_m=110,
            lamps=0.25,
            shadow=0.4,
            soft_m=0.35,
        ),
    )
}
