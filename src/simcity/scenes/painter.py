"""Draws polygons, textures and glows of the world into a picture."""

from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from simcity.scenes.camera import Camera, Floats, Picture
from simcity.scenes.light import LAMP_COLOUR, Light

SUBPIXELS = 16  # of cv2's fixed-point coordinates
SHIFT = 4
_FAR_PX = 4e5  # beyond this cv2's coordinates overflow
_GLOW_PX = 220


def fixed(pixels: npt.ArrayLike) -> npt.NDArray[np.int32]:
    """Return pixels that are already scaled by `SUBPIXELS` as cv2 takes them."""
    limited: npt.NDArray[np.int32] = np.clip(pixels, -_FAR_PX, _FAR_PX).astype(np.int32)
    return limited


@dataclass(slots=True)
class Painter:
    """Draws for one camera and light, `supersample` times larger than the picture."""

    camera: Camera
    light: Light
    supersample: int = 2
    _glows: dict[int, Floats] = field(default_factory=dict)

    @property
    def width(self) -> int:
        """Width of what is drawn on, in pixels."""
        return self.camera.width * self.supersample

    @property
    def height(self) -> int:
        """Height of what is drawn on, in pixels."""
        return self.camera.height * self.supersample

    def polygon(self, picture: Picture, corners: npt.ArrayLike, colour: npt.ArrayLike) -> None:
        """Fill a polygon of the world (N, 3), cut at the near plane."""
        kept = self.camera.clip_near(corners)
        if len(kept) > 2:
            pixels, _ = self.camera.project(kept, self.supersample * SUBPIXELS)
            cv2.fillPoly(picture, [fixed(pixels)], _scalar(colour), cv2.LINE_AA, SHIFT)

    def flat(
        self,
        picture: Picture,
        x0: float,
        x1: float,
        y0: float,
        y1: float,
        colour: npt.ArrayLike,
        z: float = 0.0,
    ) -> None:
        """Fill a rectangle that lies flat, in short pieces so that its near end stays exact."""
        for near in np.arange(y0, y1, 12):
            far = min(float(near) + 12, y1)
            corners = [[x0, near, z], [x1, near, z], [x1, far, z], [x0, far, z]]
            self.polygon(picture, corners, colour)

    def lit(self, colour: npt.ArrayLike, normal: npt.ArrayLike, at: npt.ArrayLike) -> Floats:
        """Return the colour (0 to 255) of a matte face with that normal at a place."""
        facing = np.asarray(normal, np.float32)
        place = np.asarray(at, np.float32)
        lamps = float(self.light.of_lamps(place[0], place[1])) * 0.8
        sun = self.light.sun_f * max(0.0, float(facing @ self.light.direction))
        total = self.light.ambient_f * (0.75 + 0.25 * facing[2]) + sun + LAMP_COLOUR * lamps
        paint = np.asarray(colour, np.float32) * total
        return self.light.hazed(paint, self.camera.distance_m(place))

    def paste(self, picture: Picture, texture: Picture, quad: npt.ArrayLike) -> None:
        """Draw a texture onto a quad of the world: bottom left, bottom right, top right, top left.

        A quad that reaches behind the camera is left out.
        """
        pixels, depth = self.camera.project(quad, self.supersample)
        if depth.min() < 0.6:
            return
        x0, y0 = np.maximum(np.floor(pixels.min(0)), 0).astype(int)
        x1, y1 = np.minimum(np.ceil(pixels.max(0)) + 1, (self.width, self.height)).astype(int)
        if x1 - x0 < 1 or y1 - y0 < 1:
            return
        high, wide = texture.shape[:2]
        shrink = max(float(np.linalg.norm(pixels[0] - pixels[1])), 2) / wide
        if shrink < 0.6:  # averaged first, against moire
            size = (max(2, int(wide * shrink)), max(2, int(high * shrink)))
            texture = cv2.resize(texture, size, interpolation=cv2.INTER_AREA).astype(np.uint8)
            high, wide = texture.shape[:2]
        corners = np.array([[0, high], [wide, high], [wide, 0], [0, 0]], np.float32)
        warp = cv2.getPerspectiveTransform(corners, (pixels - [x0, y0]).astype(np.float32))
        cv2.warpPerspective(
            texture,
            warp,
            (int(x1 - x0), int(y1 - y0)),
            dst=picture[y0:y1, x0:x1],
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_TRANSPARENT,
        )

    def glow(
        self,
        picture: Picture,
        at: npt.ArrayLike,
        radius_m: float,
        colour: npt.ArrayLike,
        power: float = 1.0,
    ) -> None:
        """Add the glow of a lamp at a point."""
        pixel, depth = self.camera.project(at, self.supersample)
        if depth < 1:
            return
        size = radius_m * self.camera.focal_px / float(depth) * self.supersample
        r = int(min(max(size, 3), _GLOW_PX))
        x, y = int(pixel[0]), int(pixel[1])
        x0, y0 = max(x - r, 0), max(y - r, 0)
        x1, y1 = min(x + r + 1, self.width), min(y + r + 1, self.height)
        if x1 <= x0 or y1 <= y0:
            return
        shape = self._glow(r)[y0 - y + r : y1 - y + r, x0 - x + r : x1 - x + r, None]
        added = np.minimum(shape * (np.asarray(colour, np.float32) * power), 255).astype(np.uint8)
        picture[y0:y1, x0:x1] = cv2.add(picture[y0:y1, x0:x1], added)

    def _glow(self, r: int) -> Floats:
        if r not in self._glows:
            y, x = np.mgrid[-r : r + 1, -r : r + 1] / r
            core = np.exp(-(x * x + y * y) * 22) * 0.9
            halo = np.clip(1 - np.hypot(x, y), 0, 1) ** 2.5 * 0.45
            self._glows[r] = (core + halo).astype(np.float32)
        return self._glows[r]

    def veil(self, picture: Picture, hull: Floats, blur_px: float, level: int) -> "Veil | None":
        """Return a blurred filled shape (pixels) and where it lies, or None outside the picture.

        Wide blurs are drawn small and enlarged.
        """
        pad = 2.5 * blur_px + 1
        x0, y0 = np.maximum(hull.min(0) - pad, 0).astype(int)
        x1, y1 = np.minimum(hull.max(0) + pad, (picture.shape[1], picture.shape[0])).astype(int)
        if x1 - x0 < 2 or y1 - y0 < 2:
            return None
        k = 8 if blur_px > 8 else 4 if blur_px > 4 else 1
        mask = np.zeros(((y1 - y0) // k + 1, (x1 - x0) // k + 1), np.uint8)
        corners = fixed((hull - [x0, y0]) / k * SUBPIXELS)
        cv2.fillConvexPoly(mask, corners, level, cv2.LINE_AA, SHIFT)
        blurred = cv2.GaussianBlur(mask, (0, 0), blur_px / k)
        size = (int(x1 - x0), int(y1 - y0))
        whole = cv2.resize(blurred, size) if k > 1 else blurred[: size[1], : size[0]]
        return Veil(int(x0), int(y0), int(x1), int(y1), whole.astype(np.uint8, copy=False))


@dataclass(frozen=True, slots=True)
class Veil:
    """A soft-edged shape for shadows and beams, with its place in the picture."""

    x0: int
    y0: int
    x1: int
    y1: int
    mask: Picture


def _scalar(colour: npt.ArrayLike) -> tuple[float, ...]:
    return tuple(float(part) for part in np.asarray(colour).ravel())
