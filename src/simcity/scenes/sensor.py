"""Lens and sensor: what happens to a drawn scene on its way into the recording."""

from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from simcity.scenes.camera import Picture
from simcity.scenes.light import LightName

Fault = Literal["dark", "blurred"]
CELLS = 24  # of the frame-number bar
_PHASES = 3  # of noise and rain, which are shifted about


class Sensor:
    """Turns the drawn picture into what the camera delivers."""

    def __init__(self, width: int, height: int, light: LightName, seed: int) -> None:
        self._width, self._height, self._light = width, height, light
        rng = np.random.default_rng(seed)
        strength = 5.5 if light == "night" else 2.6
        shape = (height, width, 1)
        self._noise = [
            rng.normal(0, strength, shape).astype(np.int16).repeat(3, 2) for _ in range(_PHASES)
        ]
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        squared = (x / width - 0.5) ** 2 + (y / height - 0.5) ** 2
        falloff = ((1 - 0.42 * squared) * 255).astype(np.uint8)
        self._vignette = np.repeat(falloff[..., None], 3, 2)
        self._rain = [self._streaks(rng) for _ in range(_PHASES)] if light == "rain" else []

    def expose(self, drawn: Picture, number: int, fault: Fault | None = None) -> Picture:
        """Return picture `number`, uint8 BGR of the size of the camera."""
        size = (self._width, self._height)
        out = cv2.resize(drawn, size, interpolation=cv2.INTER_AREA)
        if self._rain:
            out = cv2.add(out, self._shifted(self._rain[number % _PHASES], number, 53, 29))
        blur = self._width / 150 if fault == "blurred" else 0.55
        out = cv2.GaussianBlur(out, (0, 0), blur)
        out = cv2.multiply(out, self._vignette, scale=1 / 255)
        noise = self._shifted(self._noise[number % _PHASES], number, 37, 91)
        out = cv2.add(out, noise, dtype=cv2.CV_8U)
        if fault == "dark":
            out = cv2.convertScaleAbs(out, alpha=0.1)
        return np.asarray(out, np.uint8)

    def _shifted[T: np.generic](
        self, layer: npt.NDArray[T], number: int, down: int, right: int
    ) -> npt.NDArray[T]:
        shift = (number * down % self._height, number * right % self._width)
        return np.roll(layer, shift, (0, 1))

    def _streaks(self, rng: np.random.Generator) -> Picture:
        layer = np.zeros((self._height, self._width, 3), np.uint8)
        scale = self._width / 1280
        count = int(420 * max(scale, 0.4) ** 1.5)
        columns, lines = rng.integers(0, self._width, count), rng.integers(0, self._height, count)
        for x, y, length in zip(columns, lines, rng.integers(8, 34, count), strict=True):
            end = (int(x + length * scale * 0.12), int(y + length * scale))
            cv2.line(layer, (int(x), int(y)), end, (40,) * 3, 1, cv2.LINE_AA)
        return cv2.GaussianBlur(layer, (0, 0), 0.6).astype(np.uint8)


def cell_px(width: int) -> int:
    """Return the side of a cell of the frame-number bar."""
    return max(4, int(10 * width / 1280)) // 2 * 2


def draw_bar(picture: Picture, number: int) -> None:
    """Draw a frame number as 24 dark or light cells along the lower edge, the highest bit first.

    For tests that read from the picture when it was sent; the clips of the demo carry none.
    """
    side = cell_px(picture.shape[1])
    for cell in range(CELLS):
        is_set = number >> (CELLS - 1 - cell) & 1
        picture[-side:, cell * side : (cell + 1) * side] = 235 if is_set else 16


def read_bar(picture: Picture) -> int:
    """Return the number that `draw_bar` drew, from a decoded picture."""
    side = cell_px(picture.shape[1])
    number = 0
    for cell in range(CELLS):
        number = number << 1 | int(picture[-side:, cell * side : (cell + 1) * side].mean() > 128)
    return number
