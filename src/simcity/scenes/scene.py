"""Draws the moving part of a street and notes the truth of what it drew."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from simcity.scenes.camera import Camera, Floats, Picture
from simcity.scenes.ground import draw_ground
from simcity.scenes.houses import Street
from simcity.scenes.light import LIGHTS, Light, LightName
from simcity.scenes.mesh import Mesh, Surface
from simcity.scenes.painter import SHIFT, SUBPIXELS, Painter, fixed
from simcity.scenes.plates import LETTER_SHARE, PlateRack
from simcity.scenes.traffic import (
    JUNCTION_Y_M,
    LENGTH_M,
    STOP_Y_M,
    Actor,
    Colour,
    Layout,
    Signal,
)
from simcity.scenes.truth import Box, FrameTruth, Plate, Sighting
from simcity.scenes.vehicles import make_mesh

_DETAILS = ((26, 2), (60, 1))  # pixels per 2 m below which fewer faces do
_DETAIL_SHARES = (1.0, 0.5, 0.3)
_STEPS = 8  # drawn phases of a walk
_SIGNALS: tuple[tuple[str, tuple[float, float, float]], ...] = (
    ("A", (-9.0, STOP_Y_M + 0.2, 3.4)),
    ("A", (-2.2, 2 * JUNCTION_Y_M - STOP_Y_M + 3, 5.6)),
    ("", (9.0, 2 * JUNCTION_Y_M - STOP_Y_M + 0.5, 3.4)),  # seen from behind
)
_BULBS: tuple[tuple[Colour, tuple[int, int, int]], ...] = (
    ("green", (120, 235, 60)),
    ("yellow", (40, 210, 250)),
    ("red", (50, 40, 250)),
)
_HULL_SHRINK = 4  # visible shares are counted in a picture that many times smaller


@dataclass(frozen=True, slots=True)
class Placed:
    """An actor with its mesh where it is at the moment; `turn` takes local points to the world."""

    actor: Actor
    mesh: Mesh
    depth_m: float
    x: float
    y: float
    speed_m_s: float
    is_braking: bool
    quads: Floats
    normals: Floats
    turn: Floats

    def to_world(self, points: npt.ArrayLike) -> Floats:
        """Return world points of points on the actor."""
        local = np.asarray(points, np.float32) @ self.turn
        return np.asarray(local + np.array([self.x, self.y, 0], np.float32), np.float32)

    def faces(self, camera: Camera, *, forward: bool) -> bool:
        """Tell whether the camera sees the front (or else the rear)."""
        lane = self.actor.lane
        towards = camera.view.x_m - self.x, camera.view.y_m - self.y
        ahead = towards[0] * lane.dx + towards[1] * lane.dy
        return ahead > 0 if forward else ahead < 0


class Scene:
    """A street under one light, seen by one camera. The backdrop is drawn when it is made."""

    def __init__(
        self,
        camera: Camera,
        light: LightName,
        layout: Layout,
        seed: int,
        supersample: int = 2,
    ) -> None:
        self._camera, self._layout = camera, layout
        self._painter = Painter(camera, LIGHTS[light], supersample)
        rng = np.random.default_rng(seed)
        self._backdrop = draw_ground(self._painter, layout, rng)
        Street(self._painter, layout, rng).draw(self._backdrop)
        self._meshes: dict[tuple[int, str, int, int], Mesh] = {}
        self._rack = PlateRack()

    @property
    def _light(self) -> Light:
        return self._painter.light

    def draw(
        self, number: int, t: float, signal: Signal, actors: list[Actor]
    ) -> tuple[Picture, FrameTruth]:
        """Return the supersampled picture at a time, and its truth."""
        picture = self._backdrop.copy()
        placed = self._place_all(t, actors)
        self._on_the_road(picture, placed)
        heads = self._signal_heads(signal, t)
        sightings = _Sightings(self._camera)
        for item in placed:
            while heads and heads[0][0] > item.depth_m:
                self._signal_head(picture, *heads.pop(0)[1:])
            if sightings.begin(item):
                self._actor(picture, item)
                sightings.end(item, self._plate(picture, item))
        for _, at, colour in heads:
            self._signal_head(picture, at, colour)
        phases = {group: signal.colour(group, t) for group in ("A", "B")}
        return picture, FrameTruth(number, round(t, 3), phases, sightings.finish())

    # -- where everything is ------------------------------------------------------------------
    def _place_all(self, t: float, actors: list[Actor]) -> list[Placed]:
        placed = [item for item in (self._place(t, actor) for actor in actors) if item is not None]
        return sorted(placed, key=lambda item: -item.depth_m)

    def _place(self, t: float, actor: Actor) -> Placed | None:
        along = actor.along_m(t)
        if along is None:
            return None
        lane = actor.lane
        x, y = lane.x + lane.dx * along, lane.y + lane.dy * along
        if not self._camera.sees((x, y, 0.8), 1 + LENGTH_M.get(actor.kind, 1) * 0.6):
            return None
        depth = self._camera.depth_m((x, y, 0.8))
        mesh = self._mesh(actor, t, depth)
        turn = np.array([[lane.dy, -lane.dx, 0], [lane.dx, lane.dy, 0], [0, 0, 1]], np.float32)
        speed, is_braking = _motion(actor, t, along)
        return Placed(
            actor=actor,
            mesh=mesh,
            depth_m=depth,
            x=x,
            y=y,
            speed_m_s=speed,
            is_braking=is_braking,
            quads=mesh.quads @ turn + np.array([x, y, 0], np.float32),
            normals=mesh.normals @ turn,
            turn=turn,
        )

    def _mesh(self, actor: Actor, t: float, depth_m: float) -> Mesh:
        size_px = self._camera.focal_px * 2 / depth_m
        coarse = next((level for limit, level in _DETAILS if size_px < limit), 0)
        step = round(t * _STEPS) % _STEPS if actor.kind == "person" else 0
        key = (actor.look, actor.kind, step, coarse)
        if key not in self._meshes:
            stride = step / _STEPS * 2 * np.pi
            made = make_mesh(actor.kind, actor.look, stride, _DETAIL_SHARES[coarse])
            self._meshes[key] = made
        return self._meshes[key]

    # -- shadows, beams, mirrors --------------------------------------------------------------
    def _on_the_road(self, picture: Picture, placed: list[Placed]) -> None:
        """Draw what actors throw onto the road, before any of them."""
        for item in placed:
            if item.depth_m < 120:
                self._shadow(picture, item.quads)
        for item in placed if self._light.is_lit else ():
            self._beams(picture, item)
        for item in placed if self._light.name == "rain" else ():
            if item.depth_m < 60:
                self._mirror(picture, item)

    def _shadow(self, picture: Picture, quads: Floats) -> None:
        painter, sun = self._painter, self._light.direction
        ground = quads[:, 0] - quads[:, 0, 2:] * (sun / sun[2])
        pixels, depth = self._camera.project(ground, painter.supersample)
        if depth.min() < 0.8:
            return
        hull = cv2.convexHull(pixels)[:, 0].astype(np.float32)
        metre_px = self._camera.focal_px / float(depth.mean()) * painter.supersample
        blur = max(0.8, self._light.soft_m * metre_px)
        veil = painter.veil(picture, hull, blur, int(255 * self._light.shadow))
        if veil is not None:
            under = picture[veil.y0 : veil.y1, veil.x0 : veil.x1]
            shade = cv2.merge([cv2.bitwise_not(veil.mask)] * 3)
            under[:] = cv2.multiply(under, shade, scale=1 / 255)

    def _beams(self, picture: Picture, item: Placed) -> None:
        if item.actor.kind == "person" or item.depth_m > 90:
            return
        painter = self._painter
        half, ahead = float(item.mesh.size_m[0]) / 2, float(item.mesh.size_m[1]) / 2
        for reach, spread, power in ((5, 0.5, 60), (13, 1.8, 34)):
            far, wide = ahead + reach, half + spread
            cone = [[-half, ahead, 0], [half, ahead, 0], [wide, far, 0], [-wide, far, 0]]
            pixels, depth = self._camera.project(item.to_world(cone), painter.supersample)
            if depth.min() < 1:
                continue
            blur = max(2.0, float(np.ptp(pixels, 0).min()) / 5)
            veil = painter.veil(picture, pixels, blur, int(power * self._light.lamps + 4))
            if veil is not None:
                under = picture[veil.y0 : veil.y1, veil.x0 : veil.x1]
                warm = [cv2.convertScaleAbs(veil.mask, alpha=a) for a in (0.62, 0.85, 1.0)]
                under[:] = cv2.add(under, cv2.merge(warm))

    def _mirror(self, picture: Picture, item: Placed) -> None:
        """Draw the actor upside down on the wet road, faintly."""
        flip = np.array([1, 1, -1], np.float32)
        quads, normals = item.quads * flip, item.normals * flip
        faces = self._visible_faces(quads, normals, item.mesh)
        colours = self._shaded(faces, braking=False, lit=False)
        corner = [self._painter.width - 1, self._painter.height - 1]
        at = np.clip(faces.pixels.mean(1), 0, corner).astype(int)
        under = self._backdrop[at[:, 1], at[:, 0]]
        self._fill(picture, faces, under * 0.62 + colours * 0.38)

    # -- actors -------------------------------------------------------------------------------
    def _actor(self, picture: Picture, item: Placed) -> None:
        is_motorcycle = item.actor.kind == "motorcycle"  # by law with the lamp on by day too
        lit = self._light.is_lit or is_motorcycle
        faces = self._visible_faces(item.quads, item.normals, item.mesh)
        colours = self._shaded(faces, braking=item.is_braking, lit=lit)
        self._fill(picture, faces, colours)
        if lit:
            self._lamps(picture, item)

    def _visible_faces(self, quads: Floats, normals: Floats, mesh: Mesh) -> "_Faces":
        middle = quads.mean(1)
        view = self._camera.at - middle
        distance = np.linalg.norm(view, axis=1, keepdims=True).astype(np.float32)
        view = view / distance
        facing = (view * normals).sum(1)
        seen = np.flatnonzero(facing > 0)
        pixels, depth = self._camera.project(quads[seen], self._painter.supersample)
        return _Faces(
            middle=middle[seen],
            normals=normals[seen],
            view=view[seen],
            distance=distance[seen],
            facing=facing[seen],
            paint=mesh.colours[seen],
            surfaces=mesh.surfaces[seen],
            layers=mesh.layers[seen],
            pixels=pixels,
            is_ahead=depth.min(1) > 0.5,
        )

    def _shaded(self, faces: "_Faces", *, braking: bool, lit: bool) -> Floats:
        """Return the colours of faces (0 to 255) with light, mirrored sky, lamps and haze."""
        light = self._light
        normals, middle = faces.normals, faces.middle
        street = light.of_lamps(middle[:, 0], middle[:, 1])[:, None]
        lamps = street * np.array([0.5, 0.72, 0.95], np.float32)
        near_ground = np.clip(0.55 + middle[:, 2:] * 0.5, 0.55, 1)
        ambient = light.ambient_f * (0.72 + 0.28 * normals[:, 2:]) * near_ground
        ambient = ambient + lamps * (0.55 + 0.45 * np.abs(normals[:, 2:]))
        sun = np.clip(normals @ light.direction, 0, 1)[:, None] * light.sun_f
        colours = faces.paint * (ambient + sun)
        mirrored = 2 * faces.facing[:, None] * normals - faces.view
        colours = self._with_gloss(colours, mirrored, faces)
        if lit:
            colours = np.where(faces.has(Surface.HEAD), (225, 245, 255), colours)
            colours = np.where(faces.has(Surface.TAIL), (40, 30, 210), colours)
        if braking:
            colours = np.where(faces.has(Surface.TAIL), (70, 60, 255), colours)
        return np.clip(light.hazed(colours, faces.distance), 0, 255).astype(np.float32)

    def _with_gloss(
        self, colours: npt.ArrayLike, mirrored: Floats, faces: "_Faces"
    ) -> npt.NDArray[np.float32]:
        light = self._light
        up = mirrored[:, 2:]
        sky = light.low_f * (1 - up) + light.top_f * up
        ground = np.array([0.3, 0.3, 0.3], np.float32) * light.ambient_f
        reflection = np.where(up > 0, sky, ground) * 255
        fresnel = (1 - np.clip(faces.facing, 0, 1))[:, None] ** 3
        paint, glass = faces.has(Surface.PAINT), faces.has(Surface.GLASS)
        gloss = np.where(glass, 0.16 + 0.5 * fresnel, np.where(paint, 0.05 + 0.3 * fresnel, 0))
        spot = (np.clip((mirrored * light.direction).sum(1), 0, 1) ** 24)[:, None]
        spot = spot * light.sun_f * 190
        shiny = np.asarray(colours) * (1 - gloss) + reflection * gloss
        return np.asarray(shiny + np.where(paint | glass, spot, 0), np.float32)

    def _fill(self, picture: Picture, faces: "_Faces", colours: Floats) -> None:
        ahead = np.flatnonzero(faces.is_ahead)
        order = ahead[np.lexsort((-faces.distance[ahead, 0], faces.layers[ahead]))]
        shapes, shades = fixed(faces.pixels[order] * SUBPIXELS), colours[order].tolist()
        for shape, shade in zip(shapes, shades, strict=True):
            cv2.fillConvexPoly(picture, shape, shade, cv2.LINE_8, SHIFT)

    def _lamps(self, picture: Picture, item: Placed) -> None:
        at_night = self._light.is_lit
        power = 0.95 if at_night else 0.5
        for surface, places in item.mesh.lamps:
            is_head = surface is Surface.HEAD
            if not item.faces(self._camera, forward=is_head):
                continue
            tail_m = 0.75 if item.is_braking else 0.45
            radius = (1.15 if at_night else 0.5) if is_head else tail_m
            colour = (235, 250, 255) if is_head else (40, 30, 230)
            for place in item.to_world(places):
                self._painter.glow(picture, place, radius, colour, power)

    def _plate(self, picture: Picture, item: Placed) -> Plate | None:
        if not item.mesh.plates:
            return None
        is_rear = item.faces(self._camera, forward=False)
        quad = item.to_world(item.mesh.plates[0 if is_rear else 1])
        pixels, depth = self._camera.project(quad)
        letter_px = float(np.linalg.norm(pixels[3] - pixels[0]) * LETTER_SHARE)
        if depth.min() <= 1 or letter_px <= 1:
            return None
        wide_px = float(np.linalg.norm(pixels[1] - pixels[0])) * self._painter.supersample
        texture = self._rack.texture(item.actor.plate, item.actor.kind, wide_px)
        light = self._light
        street = float(light.of_lamps(item.x, item.y)) * np.array([0.5, 0.7, 0.9], np.float32)
        own_lamp = 0.25 if light.is_lit and is_rear else 0
        shine = light.ambient_f + light.sun_f * 0.45 + street + own_lamp
        lit = np.clip(texture * np.minimum(shine, 1.05), 0, 255).astype(np.uint8)
        self._painter.paste(picture, lit, quad)
        return Plate(item.actor.plate, round(letter_px, 1), pixels.round(1).tolist())

    # -- signals ------------------------------------------------------------------------------
    def _signal_heads(
        self, signal: Signal, t: float
    ) -> list[tuple[float, tuple[float, float, float], Colour | None]]:
        """Return depth, place and colour of the signal heads, the farthest first."""
        if self._layout != "junction":
            return []
        heads = [
            (self._camera.depth_m(at), at, signal.colour(group, t) if group else None)
            for group, at in _SIGNALS
        ]
        return sorted((head for head in heads if head[0] > 1), key=lambda head: -head[0])

    def _signal_head(
        self, picture: Picture, at: tuple[float, float, float], colour: Colour | None
    ) -> None:
        painter, (x, y, z) = self._painter, at
        grey = painter.lit((70, 72, 74), (0, -1, 0), at)
        if abs(x) > 8:  # on a post
            post = [[x - 0.07, y, 0], [x + 0.07, y, 0], [x + 0.07, y, z], [x - 0.07, y, z]]
            painter.polygon(picture, post, grey)
        else:  # on an arm over the road
            top = z + 0.9
            arm = [[-9.0, y, top], [x, y, top], [x, y, top + 0.12], [-9.0, y, top + 0.12]]
            painter.polygon(picture, arm, grey)
            post = [[-9.1, y, 0], [-8.9, y, 0], [-8.9, y, z + 1], [-9.1, y, z + 1]]
            painter.polygon(picture, post, grey)
        low, high = z - 0.1, z + 1.1
        case = [[x - 0.24, y, low], [x + 0.24, y, low], [x + 0.24, y, high], [x - 0.24, y, high]]
        painter.polygon(picture, case, painter.lit((32, 32, 32), (0, -1, 0), at))
        if colour is None:
            return
        angle = np.linspace(0, 2 * np.pi, 10, endpoint=False)
        for i, (name, shine) in enumerate(_BULBS):
            bulb_z = z + 0.12 + 0.37 * i
            rim = [x + 0.15 * np.cos(angle), np.full(10, y - 0.02), bulb_z + 0.15 * np.sin(angle)]
            shown = shine if name == colour else tuple(part * 0.18 for part in shine)
            painter.polygon(picture, np.stack(rim, 1), shown)
            if name == colour:
                painter.glow(picture, (x, y - 0.02, bulb_z), 0.75, shine, 0.8)


@dataclass(frozen=True, slots=True)
class _Faces:
    """The faces of a mesh that look at the camera, one row each."""

    middle: Floats
    normals: Floats
    view: Floats
    distance: Floats
    facing: Floats
    paint: Floats
    surfaces: npt.NDArray[np.int64]
    layers: npt.NDArray[np.int64]
    pixels: Floats
    is_ahead: npt.NDArray[np.bool_]

    def has(self, surface: Surface) -> npt.NDArray[np.bool_]:
        """Return which faces (F, 1) are of that kind."""
        found: npt.NDArray[np.bool_] = (self.surfaces == int(surface))[:, None]
        return found


def _motion(actor: Actor, t: float, along: float) -> tuple[float, bool]:
    """Return speed and whether the brake lamps are on."""
    before, earlier = actor.along_m(t - 0.15), actor.along_m(t - 0.5)
    if before is None:
        return 0.0, False
    speed = (along - before) / 0.15
    if earlier is None or actor.kind == "person":
        return speed, False
    was = (before - earlier) / 0.35
    return speed, speed < 0.3 or speed < was - 0.25


class _Sightings:
    """Collects the truth of one picture; actors come the farthest first."""

    def __init__(self, camera: Camera) -> None:
        self._camera = camera
        shape = (camera.height // _HULL_SHRINK, camera.width // _HULL_SHRINK)
        self._owners = np.zeros(shape, np.uint8)
        self._found: list[tuple[Sighting, int, int]] = []
        self._pixels: Floats = np.zeros((0, 2), np.float32)
        self._box: Box = (0, 0, 0, 0)

    def begin(self, item: Placed) -> bool:
        """Tell whether the actor covers at least a pixel of the picture."""
        pixels, depth = self._camera.project(item.quads.reshape(-1, 3))
        self._pixels = pixels[depth > 0.5]
        if not len(self._pixels):
            return False
        self._box = self._cut(self._pixels)
        left, top, right, bottom = self._box
        return right - left >= 1 and bottom - top >= 1

    def end(self, item: Placed, plate: Plate | None) -> None:
        """Note the actor of `begin`."""
        owner = len(self._found) + 1
        hull = cv2.convexHull(self._pixels[::3] / _HULL_SHRINK).astype(np.int32)
        cv2.fillConvexPoly(self._owners, hull, owner)
        area = int((self._owners == owner).sum())
        left, top, right, bottom = (round(float(side), 1) for side in self._box)
        sighting = Sighting(
            id=item.actor.id,
            kind=item.actor.kind,
            box=(left, top, right, bottom),
            x_m=round(item.x, 2),
            y_m=round(item.y, 2),
            speed_m_s=round(item.speed_m_s, 2),
            visible=0.0,
            plate=plate,
            parts=self._parts(item),
        )
        self._found.append((sighting, owner, area))

    def _cut(self, pixels: Floats) -> Box:
        (left, top), (right, bottom) = pixels.min(0).tolist(), pixels.max(0).tolist()
        width, height = self._camera.width, self._camera.height
        return max(left, 0.0), max(top, 0.0), min(right, width), min(bottom, height)

    def _parts(self, item: Placed) -> dict[str, Box]:
        split = item.mesh.rider_from
        if not split:
            return {}
        pixels = self._camera.project(item.quads)[0].round(1)
        groups = {"machine": pixels[:split], "rider": pixels[split:]}
        return {name: self._cut(group.reshape(-1, 2)) for name, group in groups.items()}

    def finish(self) -> list[Sighting]:
        """Return all sightings with their visible shares."""
        seen = np.bincount(self._owners.ravel(), minlength=256)
        return [
            replace(s, visible=round(min(1.0, float(seen[owner]) / area), 2) if area else 0.0)
            for s, owner, area in self._found
        ]
