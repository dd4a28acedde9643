"""Sky, ground and road markings, computed per pixel once per camera."""

from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from simcity.scenes.camera import Floats, Picture
from simcity.scenes.light import LAMP_COLOUR, Colour
from simcity.scenes.painter import Painter
from simcity.scenes.traffic import CROSS_HALF_M, JUNCTION_Y_M, STOP_Y_M, Layout

_GRASS: Colour = (78, 104, 98)
_ASPHALT: Colour = (88, 87, 86)
_LINE: Colour = (205, 208, 208)
_FOOTPATH: Colour = (142, 146, 150)
Reals = npt.NDArray[np.floating[Any]]
_FAR_M = 260.0
_TILE = 512
_BESIDE_M = (1.1, 2.5, 4.3, 5.7)  # where wheels have darkened the asphalt


class _Rays(NamedTuple):
    """Where each pixel looks: direction (H, W, 3) and its parts."""

    x: Floats
    y: Floats
    z: Floats


class _Clouds:
    """A tile of noise that repeats without end."""

    def __init__(self, rng: np.random.Generator) -> None:
        noise = np.pad(rng.normal(0, 1, (_TILE, _TILE)).astype(np.float32), 8, mode="wrap")
        tile = cv2.GaussianBlur(noise, (0, 0), 1.0)[8:-8, 8:-8]
        self._tile = (tile / tile.std()).astype(np.float32)

    def at(self, x: Reals, y: Reals, scale: float) -> Floats:
        columns = np.mod(x * scale, _TILE).astype(np.float32)
        lines = np.mod(y * scale, _TILE).astype(np.float32)
        found = cv2.remap(self._tile, columns, lines, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
        return found.astype(np.float32)


def draw_ground(painter: Painter, layout: Layout, rng: np.random.Generator) -> Picture:
    """Return sky and ground without anything that stands on it."""
    rays = _rays(painter)
    clouds = _Clouds(rng)
    sky = _sky(painter, rays, clouds)
    ground, distance = _ground(painter, rays, clouds, layout)
    share = (1 - np.exp(-distance / painter.light.haze_m))[..., None]
    low = painter.light.low_f * 255
    whole = np.where(rays.z[..., None] < -0.0005, ground * (1 - share) + low * share, sky)
    return np.ascontiguousarray(np.clip(whole, 0, 255).astype(np.uint8))


def _rays(painter: Painter) -> _Rays:
    camera, ss = painter.camera, painter.supersample
    columns = np.arange(painter.width, dtype=np.float32) / ss - camera.width / 2
    lines = np.arange(painter.height, dtype=np.float32) / ss - camera.height / 2
    u, v = np.meshgrid(columns / camera.focal_px, lines / camera.focal_px)
    ray = u[..., None] * camera.axes[0] + v[..., None] * camera.axes[1] + camera.axes[2]
    x, y, z = (ray[..., i].astype(np.float32) for i in range(3))
    return _Rays(x, y, z)


def _sky(painter: Painter, rays: _Rays, clouds: _Clouds) -> Floats:
    light = painter.light
    low, top = light.low_f * 255, light.top_f * 255
    height = np.clip(rays.z / 0.45, 0, 1)[..., None] ** 0.6
    sky = low * (1 - height) + top * height
    up = np.maximum(rays.z, 0.02)
    cover = np.zeros_like(up)
    for scale, weight in ((3, 1.2), (7, 0.6), (17, 0.3)):
        cover += clouds.at(rays.x / up, rays.y / up, scale) * np.float32(weight)
    soft = cv2.GaussianBlur(cover, (0, 0), 6 * painter.supersample)
    veil = np.clip(soft * 1.6 + 0.1, 0, 1) * np.clip(rays.z * 8, 0, 1) * 0.8
    whole = sky * (1 - veil[..., None]) + (low * 1.04) * veil[..., None]
    return np.asarray(whole, np.float32)


def _ground(
    painter: Painter, rays: _Rays, clouds: _Clouds, layout: Layout
) -> tuple[Floats, Floats]:
    """Return the lit ground and how far away each pixel of it is."""
    light, view = painter.light, painter.camera.view
    t = (view.height_m / np.maximum(-rays.z, 1e-4)).astype(np.float32)
    x: Floats = view.x_m + rays.x * t
    y: Floats = view.y_m + rays.y * t
    length = np.sqrt(rays.x**2 + rays.y**2 + rays.z**2)
    distance = np.minimum(t, 5e3) * length
    grain = (
        clouds.at(x, y, 45.0) * 0.045 / (1 + distance / 12)
        + clouds.at(x, y, 5.0) * 0.03 / (1 + distance / 80)
        + clouds.at(x * 1.7, y * 0.25, 1.3) * 0.05
    )
    tracks = np.zeros_like(x)
    for beside in _BESIDE_M:
        tracks += 0.06 * np.exp(-(((np.abs(x) - beside) / 0.35) ** 2))
    if layout == "junction":
        tracks *= np.abs(y - JUNCTION_Y_M) > CROSS_HALF_M
    lamps = light.of_lamps(x, y)[..., None] * LAMP_COLOUR
    lit = light.ambient_f + light.sun_f * max(0.0, float(light.direction[2])) + lamps
    ground = _marked(painter, layout) * lit * (1 + grain - tracks)[..., None]
    if light.name == "rain":  # wet: the sky is mirrored, in puddles
        puddles = 0.24 + 0.15 * clouds.at(x, y, 1.1) + 0.07 * clouds.at(x, y, 4.0)
        wet = np.clip(puddles, 0.06, 0.75) * np.clip(distance / 40, 0.25, 0.9)
        ground = ground * 0.8 * (1 - wet[..., None]) + light.low_f * 255 * 0.82 * wet[..., None]
    return np.asarray(ground, np.float32), np.asarray(distance, np.float32)


def _marked(painter: Painter, layout: Layout) -> Picture:
    """Return the flat colours of road, footpaths and markings."""
    picture = np.zeros((painter.height, painter.width, 3), np.uint8)
    picture[:] = _GRASS
    near = painter.camera.view.y_m - 4
    for side in (-1, 1):
        inner, outer = sorted((side * 8.9, side * 14.0))
        painter.flat(picture, inner, outer, near, _FAR_M, _FOOTPATH)
    painter.flat(picture, -8.6, 8.6, near, _FAR_M, _ASPHALT)
    for side in (-1, 1):
        _kerb(painter, picture, side, near, layout)
    painter.flat(picture, -0.18, -0.08, near, _FAR_M, _LINE)
    painter.flat(picture, 0.08, 0.18, near, _FAR_M, _LINE)
    for x in (-3.45, 3.45):
        for y in np.arange(-30, _FAR_M, 6.0):
            painter.flat(picture, x - 0.07, x + 0.07, y, y + 3, _LINE)
    if layout == "junction":
        _crossing(painter, picture)
    for x in (-5.0, -1.8):
        _arrow(painter, picture, x)
    return picture


def _kerb(painter: Painter, picture: Picture, side: int, near: float, layout: Layout) -> None:
    inner, outer = sorted((side * 8.6, side * 8.9))
    for i, y in enumerate(np.arange(near, 120, 1.0)):
        if layout == "road" or abs(y + 0.5 - JUNCTION_Y_M) > CROSS_HALF_M + 0.5:
            colour = (210, 212, 212) if i % 2 else (50, 50, 50)
            painter.flat(picture, inner, outer, y, y + 1, colour, 0.12)


def _crossing(painter: Painter, picture: Picture) -> None:
    middle, half = JUNCTION_Y_M, CROSS_HALF_M
    for x in np.arange(-120, 120, 12):
        _strip(painter, picture, float(x), 12, middle - half, middle + half, _ASPHALT)
        if abs(x) > 11:
            _strip(painter, picture, float(x), 8, middle - 0.07, middle + 0.07, _LINE)
    mirrored = 2 * middle - STOP_Y_M
    lines = (
        (STOP_Y_M - 0.35, STOP_Y_M + 0.1, -8.4, -0.2),
        (mirrored - 0.1, mirrored + 0.35, 0.2, 8.4),
    )
    for y0, y1, x0, x1 in lines:
        painter.flat(picture, x0, x1, y0, y1, (225, 228, 228))
    for y0 in (STOP_Y_M + 0.5, mirrored - 1.9):
        for stripe in np.arange(-8.2, 8.2, 1.0):
            painter.flat(picture, stripe, stripe + 0.5, y0, y0 + 1.4, (215, 218, 218))


def _strip(
    painter: Painter,
    picture: Picture,
    x: float,
    wide: float,
    y0: float,
    y1: float,
    colour: Colour,
) -> None:
    corners = [[x, y0, 0], [x + wide, y0, 0], [x + wide, y1, 0], [x, y1, 0]]
    painter.polygon(picture, corners, colour)


def _arrow(painter: Painter, picture: Picture, x: float) -> None:
    y = STOP_Y_M - 7
    painter.flat(picture, x - 0.09, x + 0.09, y, y + 1.8, _LINE)
    head = [[x - 0.3, y + 1.8, 0], [x + 0.3, y + 1.8, 0], [x, y + 2.8, 0]]
    painter.polygon(picture, head, _LINE)
