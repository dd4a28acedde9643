"""Cars, pete-petes, buses, trucks, motorcycles and people, as meshes."""

from collections.abc import Callable

import numpy as np

from simcity.scenes.light import Colour
from simcity.scenes.mesh import (
    TYRE,
    Builder,
    Mesh,
    Surface,
    Triple,
    box,
    disc,
    front,
    mirrored,
    rear,
)
from simcity.scenes.traffic import Kind

SKIN: Colour = (95, 130, 170)
_RED: Colour = (40, 30, 190)
_WHITE: Colour = (235, 235, 235)
_BLACK: Colour = (30, 30, 30)
PAINTS: tuple[Colour, ...] = (
    (235, 235, 235),
    (235, 235, 235),
    (40, 40, 42),
    (40, 40, 42),
    (165, 168, 170),
    (165, 168, 170),
    (120, 118, 112),
    (40, 35, 150),
    (120, 60, 30),
    (70, 110, 140),
    (60, 80, 60),
)
CLOTHES: tuple[Colour, ...] = (
    (60, 60, 70),
    (150, 90, 50),
    (70, 70, 180),
    (200, 200, 205),
    (90, 130, 70),
    (50, 150, 200),
    (120, 60, 110),
)
_TRUCKS: tuple[Colour, ...] = ((40, 170, 220), (60, 60, 160), (200, 200, 200))
_HELMETS: tuple[Colour, ...] = ((30, 30, 32), (230, 230, 230), (40, 40, 170), (150, 90, 40))
_SEDAN = (
    (-2.2, 0.36, 0.86, 0.88, 0.76, 0.66),
    (-2.1, 0.28, 0.95, 0.99, 0.84, 0.7),
    (-1.55, 0.25, 0.98, 1.04, 0.86, 0.7),
    (-0.95, 0.25, 0.96, 1.42, 0.86, 0.6),
    (-0.85, 0.25, 0.96, 1.44, 0.86, 0.6),
    (-0.1, 0.25, 0.95, 1.47, 0.86, 0.61),
    (0.0, 0.25, 0.95, 1.47, 0.86, 0.61),
    (0.5, 0.25, 0.95, 1.42, 0.86, 0.6),
    (1.25, 0.25, 0.95, 1.0, 0.85, 0.7),
    (2.0, 0.28, 0.78, 0.84, 0.82, 0.66),
    (2.2, 0.36, 0.6, 0.64, 0.74, 0.6),
)
_FAMILY_CAR = (
    (-2.1, 0.35, 0.86, 0.9, 0.76, 0.66),
    (-2.03, 0.28, 0.98, 1.04, 0.83, 0.7),
    (-1.83, 0.25, 0.98, 1.6, 0.84, 0.64),
    (-1.7, 0.25, 0.98, 1.66, 0.84, 0.65),
    (-1.0, 0.25, 0.98, 1.69, 0.84, 0.66),
    (-0.9, 0.25, 0.98, 1.69, 0.84, 0.66),
    (0.0, 0.25, 0.97, 1.68, 0.84, 0.66),
    (0.1, 0.25, 0.97, 1.68, 0.84, 0.66),
    (0.7, 0.25, 0.96, 1.6, 0.84, 0.64),
    (1.35, 0.25, 0.98, 1.03, 0.83, 0.72),
    (1.92, 0.27, 0.82, 0.88, 0.8, 0.68),
    (2.1, 0.35, 0.62, 0.66, 0.73, 0.6),
)
_PETE_PETE = (
    (-1.9, 0.38, 1.0, 1.05, 0.74, 0.68),
    (-1.86, 0.3, 1.05, 1.78, 0.77, 0.66),
    (-1.75, 0.28, 1.05, 1.84, 0.77, 0.67),
    (-1.0, 0.28, 1.05, 1.86, 0.77, 0.67),
    (-0.9, 0.28, 1.05, 1.86, 0.77, 0.67),
    (-0.1, 0.28, 1.05, 1.86, 0.77, 0.67),
    (0.0, 0.28, 1.05, 1.86, 0.77, 0.67),
    (0.8, 0.28, 1.05, 1.84, 0.77, 0.67),
    (0.9, 0.28, 1.05, 1.83, 0.77, 0.66),
    (1.25, 0.28, 1.02, 1.78, 0.77, 0.65),
    (1.72, 0.3, 0.98, 1.04, 0.76, 0.7),
    (1.9, 0.38, 0.7, 0.74, 0.72, 0.66),
)
_TRUCK_CAB = (
    (1.3, 0.45, 1.3, 2.05, 0.9, 0.8),
    (1.4, 0.4, 1.3, 2.08, 0.92, 0.8),
    (2.1, 0.4, 1.25, 2.05, 0.92, 0.8),
    (2.35, 0.4, 1.25, 2.0, 0.92, 0.78),
    (2.72, 0.42, 1.2, 1.26, 0.9, 0.82),
    (2.85, 0.5, 0.9, 0.95, 0.86, 0.8),
)
_BUS_STATIONS = (
    -4.5, -4.42, -4.2, -3.0, -2.85, -1.5, -1.35, 0, 0.15, 1.5, 1.65, 2.9, 3.05, 3.9, 4.4, 4.5,
)  # fmt: skip


def make_mesh(kind: Kind, look: int, stride: float, detail: float) -> Mesh:
    """Return the mesh of an actor: `look` seeds its colours, `stride` is the phase of a walk."""
    rng = np.random.default_rng(look)

    def pick(colours: tuple[Colour, ...]) -> Colour:
        return colours[rng.integers(len(colours))]

    makers: dict[Kind, Callable[[], Mesh]] = {
        "car": lambda: car(pick(PAINTS), is_sedan=rng.random() < 0.3, detail=detail),
        "van": lambda: pete_pete(detail),
        "bus": lambda: bus(detail),
        "truck": lambda: truck(pick(_TRUCKS), detail),
        "motorcycle": lambda: motorcycle(
            pick(PAINTS[3:]),
            pick(CLOTHES),
            pick(_HELMETS),
            has_passenger=rng.random() < 0.25,
            detail=detail,
        ),
        "person": lambda: person(
            pick(CLOTHES), pick(CLOTHES[:3]), has_hijab=rng.random() < 0.4, phase=stride
        ),
    }
    return makers[kind]()


def car(paint: Colour, *, is_sedan: bool, detail: float = 1.0) -> Mesh:
    """Return a saloon or a family car."""
    m = Builder(detail)
    if is_sedan:
        m.body(_SEDAN, "ppwpgpgwpp", paint).wheels(0.86, (-1.32, 1.35), 0.31)
        lamp_z, back, ahead = 0.8, -2.2, 2.2
    else:
        m.body(_FAMILY_CAR, "pwpgpgpgwpp", paint).wheels(0.84, (-1.3, 1.33), 0.31)
        lamp_z, back, ahead = 0.82, -2.1, 2.1
    dark: Colour = (40, 40, 42)
    m.add(rear(-0.72, 0.72, 0.33, 0.46, back - 0.02), dark, layer=2)
    m.add(front(-0.7, 0.7, 0.33, 0.5, ahead + 0.02), dark, layer=2)
    m.add(front(-0.34, 0.34, 0.52, 0.62, ahead + 0.02), (50, 50, 52), layer=3)
    for side in (-1, 1):
        x0, x1 = mirrored(side, 0.5, 0.76)
        m.add(rear(x0, x1, lamp_z - 0.08, lamp_z + 0.1, back - 0.01), _RED, Surface.TAIL, 3)
        m.add(front(x0, x1, 0.62, 0.74, ahead - 0.06), _WHITE, Surface.HEAD, 3)
        m.add(box(*mirrored(side, 0.84, 1.0), 0.72, 0.84, 0.98, 1.12), paint)  # mirror
    m.plates = (
        rear(-0.23, 0.23, 0.6, 0.74, back - 0.03),
        front(-0.23, 0.23, 0.38, 0.52, ahead + 0.03),
    )
    return m.done()


def pete_pete(detail: float = 1.0) -> Mesh:
    """Return the blue minibus."""
    m = Builder(detail)
    m.body(_PETE_PETE, "wpgpgpgpgwp", (196, 148, 62), (215, 185, 120))
    m.wheels(0.77, (-1.15, 1.2), 0.29)
    m.add(rear(-0.66, 0.66, 0.34, 0.48, -1.92), (45, 45, 45), layer=2)
    m.add(front(-0.66, 0.66, 0.36, 0.52, 1.92), (45, 45, 45), layer=2)
    m.add(rear(-0.5, 0.5, 1.63, 1.77, -1.9), (230, 230, 230), layer=2)
    for side in (-1, 1):
        m.add(rear(*mirrored(side, 0.58, 0.74), 0.6, 0.95, -1.92), _RED, Surface.TAIL, 3)
        m.add(front(*mirrored(side, 0.45, 0.68), 0.56, 0.72, 1.91), _WHITE, Surface.HEAD, 3)
    m.plates = (rear(-0.23, 0.23, 0.56, 0.70, -1.94), front(-0.23, 0.23, 0.38, 0.52, 1.94))
    return m.done()


def bus(detail: float = 1.0) -> Mesh:
    """Return a white city bus with a band."""
    band: Colour = (150, 130, 20)
    m = Builder(detail)
    stations = []
    for y in _BUS_STATIONS:
        top = 2.9 if -4.46 < y < 4.2 else 2.6 if y == 4.4 else 1.4
        stations.append((y, 0.35, 1.35, top, 1.15, 1.08))
    m.body(stations, "wpgpgpgpgpgpgww", (225, 222, 215), band).wheels(1.15, (-2.6, 2.7), 0.46)
    m.add(rear(-0.95, 0.95, 2.62, 2.82, -4.47), _BLACK, layer=2)
    m.add(front(-0.9, 0.9, 2.52, 2.74, 4.46), (30, 200, 250), layer=2)  # destination
    m.add(rear(-1.0, 1.0, 0.9, 1.3, -4.53), band, layer=2)
    m.add(front(-1.0, 1.0, 0.86, 1.25, 4.53), band, layer=2)
    m.add(rear(-1.1, 1.1, 0.36, 0.52, -4.53), (50, 50, 50), layer=2)
    m.add(front(-1.1, 1.1, 0.36, 0.55, 4.53), (50, 50, 50), layer=2)
    for side in (-1, 1):
        m.add(rear(*mirrored(side, 0.85, 1.08), 0.9, 1.3, -4.55), _RED, Surface.TAIL, 3)
        m.add(front(*mirrored(side, 0.7, 1.05), 0.62, 0.8, 4.55), _WHITE, Surface.HEAD, 3)
        m.add(box(*mirrored(side, 1.12, 1.3), 4.3, 4.4, 1.9, 2.3), _BLACK)
    m.plates = (rear(-0.25, 0.25, 0.6, 0.75, -4.56), front(-0.25, 0.25, 0.38, 0.53, 4.56))
    return m.done()


def truck(paint: Colour, detail: float = 1.0) -> Mesh:
    """Return a box truck."""
    m = Builder(detail)
    m.add(box(-0.95, 0.95, -3.0, 1.25, 0.75, 2.75), (190, 195, 200), Surface.PAINT)
    m.add(box(-0.4, 0.4, -3, 1.3, 0.5, 0.75), (40, 40, 40), layer=0)
    for y in np.arange(-2.9, 1.2, 0.35):  # ribs of the box
        for side in (-1, 1):
            x, y1 = side * 0.955, y + 0.04
            rib = [[x, y, 0.8], [x, y1, 0.8], [x, y1, 2.7], [x, y, 2.7]][::side]
            m.add(rib, (150, 155, 160), layer=2)
    m.body(_TRUCK_CAB, "pgpwp", paint).wheels(0.93, (-1.9, 2.05), 0.38)
    m.add(rear(-0.9, 0.9, 0.5, 0.68, -3.02), (40, 40, 40), layer=2)
    m.add(front(-0.85, 0.85, 0.5, 0.7, 2.88), (45, 45, 45), layer=2)
    m.add(rear(-0.02, 0.02, 0.8, 2.7, -3.01), (120, 120, 120), layer=2)
    for side in (-1, 1):
        m.add(rear(*mirrored(side, 0.65, 0.88), 0.52, 0.66, -3.04), _RED, Surface.TAIL, 3)
        m.add(front(*mirrored(side, 0.55, 0.82), 0.72, 0.88, 2.88), _WHITE, Surface.HEAD, 3)
    m.plates = (rear(-0.23, 0.23, 0.72, 0.86, -3.05), front(-0.23, 0.23, 0.52, 0.66, 2.9))
    return m.done()


def motorcycle(
    paint: Colour, shirt: Colour, helmet: Colour, *, has_passenger: bool, detail: float = 1.0
) -> Mesh:
    """Return an underbone motorcycle with its rider, maybe with a passenger."""
    m = Builder(detail)
    _machine(m, paint)
    m.rider_from = m.count()
    _rider(m, -0.12, shirt, helmet)
    if has_passenger:
        blue, green, red = shirt
        _rider(m, -0.55, (red, green, blue), (200, 200, 205))
    m.plates = (rear(-0.14, 0.14, 0.46, 0.57, -1.0), front(-0.14, 0.14, 0.66, 0.77, 0.74))
    return m.done()


def _machine(m: Builder, paint: Colour) -> None:
    glossy = Surface.PAINT
    for y, r in ((-0.62, 0.28), (0.64, 0.29)):
        m.add(box(-0.055, 0.055, y - r * 0.85, y + r * 0.85, 0.0, 2 * r * 0.95), TYRE)
        for side in (-1, 1):
            m.add(disc(side * 0.06, y, r, r), TYRE, centre=(0, y, r))
            m.add(disc(side * 0.07, y, r, r * 0.6), (130, 130, 130), centre=(0, y, r))
    m.ball((0, -0.5, 0.64), (0.17, 0.5, 0.15), paint, surface=glossy)
    m.add(box(-0.13, 0.13, -0.85, 0.15, 0.74, 0.82), _BLACK)  # seat
    m.add(box(-0.14, 0.14, -0.35, 0.4, 0.26, 0.46), (45, 45, 48))
    m.tube((0, 0.42, 0.34), (0, 0.5, 0.98), 0.2, 0.17, paint, flat=0.55, surface=glossy)
    m.ball((0, 0.55, 1.0), (0.16, 0.14, 0.13), paint, surface=glossy)
    m.tube((0, 0.5, 0.9), (0, 0.64, 0.3), 0.05, 0.05, (60, 60, 60))  # fork
    m.ball((0, 0.64, 0.52), (0.07, 0.3, 0.09), paint, surface=glossy)
    m.tube((-0.36, 0.42, 1.06), (0.36, 0.42, 1.06), 0.025, 0.025, (35, 35, 35), sides=5)
    m.tube((0.15, -0.9, 0.4), (0.15, -0.2, 0.32), 0.06, 0.04, (90, 90, 90))  # exhaust
    m.tube((0, -0.72, 0.66), (0, -1.0, 0.42), 0.11, 0.06, (30, 30, 32))
    m.tube((0.19, -0.95, 0.36), (0.17, -0.3, 0.34), 0.075, 0.06, (150, 150, 152))
    m.add(box(-0.16, 0.16, -1.0, -0.72, 0.76, 0.8), (60, 60, 62))
    for side in (-1, 1):
        m.ball((side * 0.17, -0.92, 0.66), (0.045, 0.04, 0.04), (30, 120, 230), (4, 6))
        m.ball((side * 0.13, -0.45, 0.58), (0.08, 0.42, 0.13), paint, (5, 8), glossy)
    m.add(rear(-0.12, 0.12, 0.64, 0.75, -1.0), _RED, Surface.TAIL, 3)
    m.add(front(-0.1, 0.1, 0.86, 1.0, 0.7), _WHITE, Surface.HEAD, 3)
    for side in (-1, 1):  # mirrors
        m.ball((side * 0.36, 0.42, 1.24), (0.07, 0.02, 0.05), (25, 25, 25), (4, 6))
        stalk: Triple = (side * 0.36, 0.42, 1.22)
        m.tube((side * 0.3, 0.42, 1.06), stalk, 0.012, 0.012, (25, 25, 25), sides=4)


def _rider(m: Builder, y: float, cloth: Colour, helmet: Colour) -> None:
    trousers: Colour = (70, 45, 35)
    m.tube((0, y - 0.06, 0.8), (0, y + 0.05, 1.12), 0.19, 0.19, cloth, sides=10, flat=0.75)
    m.tube((0, y + 0.05, 1.12), (0, y + 0.12, 1.38), 0.2, 0.22, cloth, sides=10, flat=0.62)
    m.ball((0, y + 0.12, 1.38), (0.23, 0.13, 0.09), cloth, (5, 10))
    m.tube((0, y + 0.14, 1.4), (0, y + 0.17, 1.5), 0.06, 0.06, SKIN)
    m.ball((0, y + 0.19, 1.6), (0.145, 0.16, 0.155), helmet, (7, 10), Surface.PAINT)
    m.ball((0, y + 0.3, 1.58), (0.1, 0.07, 0.07), (30, 28, 26), (4, 8), Surface.GLASS)
    for side in (-1, 1):
        is_driver = y > -0.3
        hand = (side * 0.3, 0.4, 1.06) if is_driver else (side * 0.16, y + 0.4, 0.95)
        elbow, knee = (side * 0.34, y + 0.18, 1.1), (side * 0.27, y + 0.36, 0.74)
        m.tube((side * 0.22, y + 0.1, 1.36), elbow, 0.07, 0.058, cloth)
        m.tube(elbow, hand, 0.05, 0.04, SKIN)
        m.tube((side * 0.13, y - 0.04, 0.84), knee, 0.11, 0.085, trousers)
        m.tube(knee, (side * 0.25, y + 0.16, 0.34), 0.078, 0.058, trousers)
        m.ball((side * 0.26, y + 0.22, 0.3), (0.055, 0.13, 0.05), _BLACK, (4, 6))


def person(shirt: Colour, trousers: Colour, *, has_hijab: bool, phase: float) -> Mesh:
    """Return somebody on foot, in the phase of a step (radians)."""
    m, swing = Builder(), 0.32 * float(np.sin(phase))
    for side in (-1, 1):
        _limbs(m, side, side * swing, shirt, trousers, has_hijab=has_hijab)
    hips, waist = 0.22 if has_hijab else 0.17, shirt if has_hijab else trousers
    m.tube((0, 0, 0.78), (0, 0, 1.1), hips, 0.15, waist, sides=8, flat=0.7)
    m.tube((0, 0, 1.0), (0, 0.01, 1.38), 0.155, 0.19, shirt, sides=8, flat=0.62)
    m.ball((0, 0.01, 1.38), (0.19, 0.11, 0.07), shirt, (4, 8))
    m.tube((0, 0, 1.4), (0, 0.01, 1.5), 0.055, 0.055, SKIN)
    m.ball((0, 0.04, 1.58), (0.085, 0.09, 0.12), SKIN)
    head: Colour = (150, 120, 190) if has_hijab else (25, 25, 28)
    m.ball((0, 0, 1.61), (0.105, 0.105, 0.115), head)
    if has_hijab:
        m.tube((0, 0, 1.6), (0, 0, 1.3), 0.1, 0.2, head, sides=8, flat=0.7)
    return m.done()


def _limbs(
    m: Builder, side: int, swing: float, shirt: Colour, trousers: Colour, *, has_hijab: bool
) -> None:
    forward = float(np.sin(swing))
    knee = (side * 0.1, 0.42 * forward + 0.04, 0.48)
    bent = swing - 0.25 if swing < 0 else swing
    foot_z = 0.06 + 0.08 * max(0.0, -swing)
    foot = (side * 0.1, knee[1] + 0.4 * float(np.sin(bent)), foot_z)
    m.tube((side * 0.09, 0, 0.88), knee, 0.095, 0.07, trousers)
    m.tube(knee, foot, 0.068, 0.05, trousers)
    m.ball((foot[0], foot[1] + 0.06, foot[2]), (0.05, 0.13, 0.05), (40, 40, 45), (4, 6))
    elbow = (side * 0.25, -0.26 * forward, 1.1)
    hand = (side * 0.25, elbow[1] - 0.1 * forward + 0.1, 0.86)
    m.tube((side * 0.19, 0, 1.38), elbow, 0.06, 0.05, shirt)
    m.tube(elbow, hand, 0.046, 0.035, shirt if has_hijab else SKIN)
