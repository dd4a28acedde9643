"""Shop-houses, trees, street lamps and cables along the street."""

from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from simcity.scenes.camera import Floats, Picture
from simcity.scenes.light import LAMP_COLOUR, LAMPS_M, Colour
from simcity.scenes.painter import SHIFT, SUBPIXELS, Painter, fixed
from simcity.scenes.traffic import CROSS_HALF_M, JUNCTION_Y_M, Layout

SIGNS = (
    "COTO MAKASSAR",
    "APOTEK SEHAT",
    "TOKO SINAR JAYA",
    "BENGKEL MOTOR",
    "FOTOCOPY",
    "WARUNG PALLUBASA",
    "LAUNDRY",
    "SALON CANTIK",
    "PULSA & DATA",
    "ES PISANG IJO",
    "BANK DAERAH",
    "OPTIK MATA",
    "PISANG EPE",
    "MIE TITI",
    "KOPI TORAJA",
    "TOKO EMAS",
)
_WALLS: tuple[Colour, ...] = (
    (190, 205, 215),
    (205, 205, 200),
    (170, 195, 205),
    (165, 185, 160),
    (200, 180, 160),
    (150, 165, 200),
    (215, 215, 220),
)
_BOARDS: tuple[Colour, ...] = (
    (150, 60, 30),
    (40, 40, 170),
    (50, 120, 40),
    (20, 120, 190),
    (120, 40, 90),
)
_SHUTTERS: tuple[Colour, ...] = ((70, 75, 80), (150, 152, 150), (60, 50, 45))
_HEIGHTS_M, _HEIGHT_SHARES = (3.8, 6.9, 7.2, 10.4, 13.8), (0.25, 0.25, 0.2, 0.2, 0.1)
_PX_PER_M = 22  # of facade textures
_FLOOR_M = 3.4
_FRONT_M = 14.0  # of the houses from the middle of the road
_LEAVES = 420


@dataclass(frozen=True, slots=True)
class Style:
    """How a house looks; without `text` it has no shop."""

    wall: Colour
    board: Colour
    text: str
    turn: int


@dataclass(frozen=True, slots=True)
class House:
    """A house at the street: `side` is -1 on the left; it spans `width_m` from `y_m` on."""

    side: int
    y_m: float
    width_m: float
    height_m: float
    depth_m: float
    style: Style


@dataclass(frozen=True, slots=True)
class Facade:
    """A facade that looks at the camera across the street, `at_m` ahead."""

    x_m: float
    at_m: float
    width_m: float
    height_m: float
    style: Style


@dataclass(frozen=True, slots=True)
class Tree:
    """A street tree."""

    x_m: float
    y_m: float
    height_m: float
    seed: int


@dataclass(frozen=True, slots=True)
class Lamp:
    """A street lamp on the left (-1) or right side."""

    side: int
    y_m: float


Item = House | Facade | Tree | Lamp


@dataclass(slots=True)
class Street:
    """Places things along a street and draws them, the farthest first."""

    painter: Painter
    layout: Layout
    rng: np.random.Generator
    _items: list[tuple[float, Item]] = field(default_factory=list)

    def draw(self, picture: Picture) -> None:
        """Draw everything that stands still beside the road."""
        for side in (-1, 1):
            self._line_up(side)
        self._fill_background()
        for x, y in LAMPS_M:
            if self._is_off_crossing(y, 2):
                self._items.append((y - 0.5, Lamp(1 if x > 0 else -1, y)))
        for _, item in sorted(self._items, key=lambda placed: -placed[0]):
            match item:
                case House():
                    self._house(picture, item)
                case Facade():
                    self._facade_ahead(picture, item)
                case Tree():
                    self._tree(picture, item)
                case Lamp():
                    self._lamp(picture, item)
        self._cables(picture)

    # -- where things stand -------------------------------------------------------------------
    def _is_off_crossing(self, y: float, room_m: float) -> bool:
        return self.layout == "road" or abs(y - JUNCTION_Y_M) > CROSS_HALF_M + room_m

    def _style(self, walls: tuple[Colour, ...]) -> Style:
        rng = self.rng
        return Style(
            wall=walls[rng.integers(len(walls))],
            board=_BOARDS[rng.integers(len(_BOARDS))],
            text=SIGNS[rng.integers(len(SIGNS))],
            turn=int(rng.integers(9)),
        )

    def _line_up(self, side: int) -> None:
        rng, y = self.rng, -14.0
        begin, end = JUNCTION_Y_M - CROSS_HALF_M - 4, JUNCTION_Y_M + CROSS_HALF_M + 5
        while y < 190:
            width = float(rng.uniform(6, 12))
            height = float(rng.choice(_HEIGHTS_M, p=_HEIGHT_SHARES))
            depth = float(rng.uniform(8, 12))
            if self.layout == "junction" and y < end and y + width > begin:
                width = begin - y  # as much as fits before the crossing
                if width < 4:
                    y = end + 0.2
                    continue
            style = self._style(_WALLS)
            self._items.append((y + width / 2, House(side, y, width, height, depth, style)))
            y += width + (float(rng.uniform(0, 4)) if rng.random() < 0.3 else 0)
        for about in np.arange(-6, 150, 13) + rng.uniform(-3, 3):
            if self._is_off_crossing(float(about), 4):
                at = float(about + rng.uniform(-2, 2))
                height, seed = float(rng.uniform(4.5, 7.5)), int(rng.integers(1 << 30))
                self._items.append((float(about) - 1, Tree(side * 12.4, at, height, seed)))

    def _fill_background(self) -> None:
        rng = self.rng
        if self.layout == "junction":
            at = JUNCTION_Y_M + CROSS_HALF_M + 6
            for x in (*np.arange(-115, -24, 9.0), *np.arange(26, 115, 9.0)):
                grey = int(rng.integers(150, 220))
                style = self._style(((grey, grey + 6, grey + 10),))
                width, height = float(rng.uniform(7.5, 9)), float(rng.choice(_HEIGHTS_M[:3]))
                self._items.append((at + 0.5, Facade(float(x), at, width, height, style)))
        far = Style((170, 175, 180), (90, 80, 70), "", 1)
        for x in np.arange(-260, 260, 16.0):
            width, height = float(rng.uniform(10, 22)), float(rng.uniform(6, 26))
            facade = Facade(float(x), 300, width, height, far)
            self._items.append((300 + float(x) % 7, facade))

    # -- houses -------------------------------------------------------------------------------
    def _house(self, picture: Picture, house: House) -> None:
        side, y, width, height = house.side, house.y_m, house.width_m, house.height_m
        near, far = side * _FRONT_M, side * (_FRONT_M + house.depth_m)
        gable = [[near, y, 0], [far, y, 0], [far, y, height], [near, y, height]]
        corner = JUNCTION_Y_M + CROSS_HALF_M
        is_corner = self.layout == "junction" and corner < y < corner + 8
        order = [0, 1, 2, 3] if side > 0 else [1, 0, 3, 2]
        facing = (0, -1, 0)
        self._wall(picture, house.depth_m, gable, order, facing, house.style, is_corner)
        far_y = y + width
        face = [[near, y, 0], [near, far_y, 0], [near, far_y, height], [near, y, height]]
        order = [0, 1, 2, 3] if side < 0 else [1, 0, 3, 2]
        self._wall(picture, width, face, order, (-side, 0, 0), house.style, True)
        out = near - side * 1.3
        awning = [[near, y, 3.3], [near, far_y, 3.3], [out, far_y, 3.0], [out, y, 3.0]]
        cloth = np.array(house.style.board, np.float32) * 0.8 + 30
        colour = self.painter.lit(cloth, (0, 0, 1), (near, y, 3))
        self.painter.polygon(picture, awning, colour)

    def _facade_ahead(self, picture: Picture, facade: Facade) -> None:
        x0, x1, y, high = facade.x_m, facade.x_m + facade.width_m, facade.at_m, facade.height_m
        quad = [[x0, y, 0], [x1, y, 0], [x1, y, high], [x0, y, high]]
        has_shop = bool(facade.style.text)
        order = [0, 1, 2, 3]
        self._wall(picture, facade.width_m, quad, order, (0, -1, 0), facade.style, has_shop)

    def _wall(
        self,
        picture: Picture,
        width_m: float,
        corners: list[list[float]],
        order: list[int],
        facing: tuple[int, int, int],
        style: Style,
        has_shop: bool,  # noqa: FBT001 - goes with the style
    ) -> None:
        quad = np.array(corners, np.float32)[order]
        height_m = float(quad[2, 2])
        light = self.painter.light
        texture = self._texture(width_m, height_m, style, has_shop=has_shop).astype(np.float32)
        middle = quad.mean(0)
        lamps = float(light.of_lamps(middle[0], middle[1]))
        sun = max(0.0, float(np.array(facing, np.float32) @ light.direction))
        shine = light.ambient_f * 0.9 + light.sun_f * sun + LAMP_COLOUR * lamps
        own = _self_lit(texture, has_shop=has_shop) * min(1.0, light.lamps)
        distance = self.painter.camera.distance_m(middle)
        seen = light.hazed(texture * (shine + own * 0.8), distance)
        self.painter.paste(picture, np.clip(seen, 0, 255).astype(np.uint8), quad)

    def _texture(self, width_m: float, height_m: float, style: Style, *, has_shop: bool) -> Picture:
        size = (int(height_m * _PX_PER_M), int(width_m * _PX_PER_M), 3)
        texture = np.empty(size, np.uint8)
        texture[:] = style.wall
        dark = tuple(int(part * 0.7) for part in style.wall)
        for floor in range(max(1, int(height_m / _FLOOR_M))):
            top = size[0] - int((floor + 1) * _FLOOR_M * _PX_PER_M)
            cv2.rectangle(texture, (0, top), (size[1], top + 5), dark, -1)
            if floor == 0 and has_shop:
                _shop(texture, width_m, top, style)
            else:
                self._windows(texture, width_m, top, floor + style.turn)
        grime = self.rng.normal(0, 6, (6, 10)).astype(np.float32)
        soft = cv2.resize(grime, (size[1], size[0]), interpolation=cv2.INTER_CUBIC)
        dirty: Picture = np.clip(texture + soft[..., None], 0, 255).astype(np.uint8)
        return dirty

    def _windows(self, texture: Picture, width_m: float, top: int, turn: int) -> None:
        count = max(1, int(width_m / 2.4))
        for i in range(count):
            x = int((i + 0.25) * width_m / count * _PX_PER_M)
            is_bright = self.painter.light.lamps > 0.3 and (i * 7 + turn * 3) % 3 == 0
            glass = (150, 215, 245) if is_bright else (92, 82, 70)
            cv2.rectangle(texture, (x, top + 16), (x + 26, top + 48), glass, -1)
            cv2.rectangle(texture, (x, top + 16), (x + 26, top + 48), (200, 200, 200), 2)
            if (i + turn) % 4 == 1:  # air conditioner
                cv2.rectangle(texture, (x + 2, top + 52), (x + 22, top + 64), (215,) * 3, -1)

    # -- trees, lamps, cables -----------------------------------------------------------------
    def _tree(self, picture: Picture, tree: Tree) -> None:
        painter, camera, light = self.painter, self.painter.camera, self.painter.light
        rng, x, y, high = np.random.default_rng(tree.seed), tree.x_m, tree.y_m, tree.height_m
        bark = painter.lit((60, 75, 95), (0, -1, 0), (x, y, 1))
        top = high * 0.7
        trunk = [[x - 0.16, y, 0], [x + 0.16, y, 0], [x + 0.09, y, top], [x - 0.09, y, top]]
        painter.polygon(picture, trunk, bark)
        p = rng.normal(0, 1, (_LEAVES, 3))
        p /= np.linalg.norm(p, axis=1, keepdims=True)
        p *= rng.uniform(0.3, 1, (_LEAVES, 1)) ** 0.5
        places = p * [high * 0.36, high * 0.36, high * 0.3] + [x, y, high * 0.85]
        green = rng.uniform(0.75, 1.2, (_LEAVES, 1)) * np.array([[48, 92, 66]], np.float32)
        sun = np.clip((p * 0.6 + [0, 0, 0.5]) @ light.direction, 0, 1)[:, None] * light.sun_f
        lamps = float(light.of_lamps(x, y)) * np.array([0.45, 0.65, 0.8], np.float32)
        shine = light.ambient_f * 0.85 + sun + lamps
        leaf = green * (0.55 + 0.45 * (p[:, 2:] + 1) / 2) * shine
        colours = light.hazed(leaf, camera.distance_m((x, y, high)))
        pixels, depth = camera.project(places, painter.supersample)
        metre_px = camera.focal_px / np.maximum(depth, np.float32(1)) * painter.supersample
        radius = (0.34 * high / 6 * metre_px).astype(np.float32)
        shapes = _leaf_shapes(pixels, radius, rng)
        limit = np.array([painter.width, painter.height], np.float32) + radius[:, None]
        is_seen = (depth > 1) & (pixels > -radius[:, None]).all(1) & (pixels < limit).all(1)
        for i in np.argsort(-depth):
            if is_seen[i]:
                leaf_px = fixed(shapes[i] * SUBPIXELS)
                cv2.fillConvexPoly(picture, leaf_px, colours[i].tolist(), cv2.LINE_AA, SHIFT)

    def _lamp(self, picture: Picture, lamp: Lamp) -> None:
        painter, s, y = self.painter, lamp.side, lamp.y_m
        grey = painter.lit((120, 122, 124), (0, -1, 0), (s * 9.6, y, 4))
        pole = [[s * 9.52, y, 0], [s * 9.68, y, 0], [s * 9.64, y, 8.5], [s * 9.56, y, 8.5]]
        arm = [[s * 9.6, y, 8.4], [s * 7.4, y, 8.9], [s * 7.4, y, 9.05], [s * 9.6, y, 8.6]]
        painter.polygon(picture, pole, grey)
        painter.polygon(picture, arm, grey)
        if painter.light.lamps > 0.3:
            painter.glow(picture, (s * 7.4, y, 8.85), 1.1, (150, 215, 255))

    def _cables(self, picture: Picture) -> None:
        painter = self.painter
        near = max(painter.camera.view.y_m + 3, -18)
        colour = painter.lit((45, 45, 45), (0, 0, 1), (0, 30, 7)).tolist()
        y = np.arange(near, 140, 1.5)
        for side in (-1, 1):
            for k in range(3):
                sag = 7.9 - 0.3 * k - 0.9 * np.sin(np.pi * (y % 24) / 24)
                line = np.stack([np.full_like(y, side * 9.5), y, sag], 1)
                pixels, depth = painter.camera.project(line, painter.supersample * SUBPIXELS)
                seen = [fixed(pixels[depth > 0.6])]
                cv2.polylines(picture, seen, False, colour, 1, cv2.LINE_AA, SHIFT)


def _leaf_shapes(pixels: Floats, radius: Floats, rng: np.random.Generator) -> Floats:
    count = len(pixels)
    angles = rng.uniform(0, 6.3, (count, 1)) + np.array([0, 1.1, 2.3, 3.4, 4.9])
    around = np.stack([np.cos(angles), np.sin(angles) * 0.75], 2)
    ragged = rng.uniform(0.6, 1.1, (count, 5, 1))
    return np.asarray(pixels[:, None] + around * radius[:, None, None] * ragged, np.float32)


def _self_lit(texture: Floats, *, has_shop: bool) -> npt.NDArray[np.bool_]:
    """Return which texels shine by themselves at night: bright windows and the shop sign."""
    rows = np.arange(len(texture))[:, None, None]
    high = len(texture)
    sign = (rows > high - 3.9 * _PX_PER_M) & (rows < high - 2.9 * _PX_PER_M) & has_shop
    window = (texture[..., 2:] > 235) & (texture[..., :1] < 190)
    shining: npt.NDArray[np.bool_] = window | sign
    return shining


def _shop(texture: Picture, width_m: float, top: int, style: Style) -> None:
    high, wide = texture.shape[:2]
    count = max(1, int(width_m / 3.2))
    for i in range(count):
        x0 = int((i + 0.08) * width_m / count * _PX_PER_M)
        x1 = int((i + 0.92) * width_m / count * _PX_PER_M)
        shutter = _SHUTTERS[(i + style.turn) % 3]
        cv2.rectangle(texture, (x0, top + 18), (x1, high), shutter, -1)
        for y in range(top + 20, high, 5):
            cv2.line(texture, (x0, y), (x1, y), (95, 98, 100), 1)
    cv2.rectangle(texture, (4, top - 20), (wide - 4, top + 16), style.board, -1)
    scale = min(1.1, wide / (20.0 * max(1, len(style.text))))
    font = cv2.FONT_HERSHEY_SIMPLEX
    cv2.putText(texture, style.text, (14, top + 8), font, scale, (245,) * 3, 2, cv2.LINE_AA)
