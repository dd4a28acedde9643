"""Number plates of Indonesia: black on white or white on black, black on yellow for transport."""

from dataclasses import dataclass, field

import cv2
import numpy as np

from simcity.scenes.camera import Picture
from simcity.scenes.light import Colour
from simcity.scenes.traffic import Kind

_SIZES_MM: dict[Kind, tuple[int, int]] = {"motorcycle": (110, 275)}
_CAR_MM = (135, 430)
_PX_PER_MM = 3
_SMALLER = (0.3, 0.1, 0.04)
_FOR_HIRE: tuple[Kind, ...] = ("van", "bus", "truck")
LETTER_SHARE = 0.54  # of the height of a plate
_FONT = cv2.FONT_HERSHEY_SIMPLEX


@dataclass(slots=True)
class PlateRack:
    """Draws each plate once, in several sizes."""

    _drawn: dict[str, list[Picture]] = field(default_factory=dict)

    def texture(self, text: str, kind: Kind, wide_px: float) -> Picture:
        """Return the smallest drawing of a plate that is at least `wide_px` wide."""
        if text not in self._drawn:
            whole = _draw(text, kind)
            smaller = [
                cv2.resize(whole, None, fx=f, fy=f, interpolation=cv2.INTER_AREA).astype(np.uint8)
                for f in _SMALLER
            ]
            self._drawn[text] = [whole, *smaller]
        fitting = [drawn for drawn in self._drawn[text] if drawn.shape[1] >= wide_px]
        return fitting[-1] if fitting else self._drawn[text][0]


def _colours(text: str, kind: Kind) -> tuple[Colour, Colour]:
    """Return background and ink: yellow for hire, else white, or black on older vehicles."""
    if kind in _FOR_HIRE:
        return (30, 200, 240), (15, 15, 15)
    if sum(map(ord, text)) % 3:
        return (235, 238, 238), (15, 15, 15)
    return (22, 22, 22), (235, 235, 235)


def _draw(text: str, kind: Kind) -> Picture:
    high_mm, wide_mm = _SIZES_MM.get(kind, _CAR_MM)
    high, wide = high_mm * _PX_PER_MM, wide_mm * _PX_PER_MM
    back, ink = _colours(text, kind)
    plate = np.full((high, wide, 3), back, np.uint8)
    cv2.rectangle(plate, (9, 9), (wide - 10, high - 10), ink, 5)
    room = (int(wide * 0.9), int(high * LETTER_SHARE))
    letters = _letters(text, 15 if kind == "motorcycle" else 20)
    cover = cv2.resize(letters, room, interpolation=cv2.INTER_AREA)[..., None] / 255.0
    x, y = (wide - room[0]) // 2, int(high * 0.13)
    under = plate[y : y + room[1], x : x + room[0]]
    mixed = under * (1 - cover) + np.array(ink, np.float32) * cover
    plate[y : y + room[1], x : x + room[0]] = mixed.astype(np.uint8)
    at = (int(wide / 2) - 90, int(high * 0.92))  # month and year until which the tax is paid
    cv2.putText(plate, "08-28", at, _FONT, 2.1, ink, 5, cv2.LINE_AA)
    return plate


def _letters(text: str, thickness: int) -> Picture:
    """Return white letters on black, cut to their edges, to be stretched into their room."""
    (width, _), _ = cv2.getTextSize(text, _FONT, 1, 2)
    canvas = np.zeros((800, (int(width) + 40) * 8), np.uint8)
    cv2.putText(canvas, text, (120, 560), _FONT, 8, 255, thickness * 2, cv2.LINE_AA)
    rows, columns = np.where(canvas > 40)
    return canvas[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
