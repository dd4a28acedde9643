"""Render one clip: pictures, their H.264, and the truth of each of them."""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np

from simcity.rtsp import clip as clips
from simcity.rtsp.clip import Clip, Encoding
from simcity.rtsp.encode import Encoder
from simcity.scenes import traffic
from simcity.scenes.camera import Camera, Picture, View
from simcity.scenes.light import LightName
from simcity.scenes.scene import Scene
from simcity.scenes.sensor import Fault, Sensor, draw_bar
from simcity.scenes.truth import FrameTruth

GOP_S = 2
SUB_BITRATE_SHARE = 0.4
_CODE = ("scenes", "rtsp/encode.py", "rtsp/clip.py", "rtsp/nal.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be rendered. `seconds` is also the signal cycle, so that a clip can repeat.

    `has_bar` draws the frame number into the picture; `has_sub` makes a clip of half the size too.
    """

    name: str
    view: View
    light: LightName
    plan: traffic.Plan
    seed: int
    seconds: int = 20
    fps: int = 8
    width: int = 640
    height: int = 360
    bitrate: int = 140_000
    has_bar: bool = False
    has_sub: bool = False
    fault: Fault | Literal["frozen"] | None = None
    fault_at_s: float = 0.0

    @property
    def frames(self) -> int:
        """Number of pictures."""
        return self.seconds * self.fps

    def key(self) -> str:
        """Return a digest of the order and of the code that carries it out."""
        digest = hashlib.sha256(repr(self).encode())
        root = Path(__file__).parent.parent
        for part in _CODE:
            path = root / part
            for source in sorted(path.glob("*.py")) if path.is_dir() else [path]:
                digest.update(source.read_bytes())
        return digest.hexdigest()[:16]


def pictures(order: Order) -> Iterator[tuple[Picture, FrameTruth]]:
    """Yield each picture (uint8 BGR) with its truth."""
    camera = Camera(order.view, order.width, order.height)
    signal, actors = traffic.simulate(order.seed, order.seconds, order.plan)
    scene = Scene(camera, order.light, order.plan.layout, order.seed)
    sensor = Sensor(order.width, order.height, order.light, order.seed)
    held: tuple[Picture, FrameTruth] | None = None
    for number in range(order.frames):
        t = number / order.fps
        is_failing = order.fault is not None and t >= order.fault_at_s
        if is_failing and order.fault == "frozen" and held is not None:
            yield held
            continue
        drawn, truth = scene.draw(number, t, signal, actors)
        fault = order.fault if is_failing and order.fault != "frozen" else None
        picture = sensor.expose(drawn, number, fault)
        if order.has_bar:
            draw_bar(picture, number)
        held = picture, truth
        yield held


def head_rows(order: Order) -> list[dict[str, Any]]:
    """Return the first lines of a truth file: the camera, and every rule that is broken."""
    camera = {
        "row": "camera",
        "name": order.name,
        "view": asdict(order.view),
        "light": order.light,
        "layout": order.plan.layout,
        "seed": order.seed,
        "fps": order.fps,
        "seconds": order.seconds,
        "size": [order.width, order.height],
        "stop_line_y_m": traffic.STOP_Y_M,
        "fault": order.fault,
        "fault_at_s": order.fault_at_s,
    }
    at_s = {
        "red_light": order.plan.runner_s,
        "wrong_way": order.plan.wrong_way_s,
        "parked": 0.0,
    }
    _, actors = traffic.simulate(order.seed, order.seconds, order.plan)
    events = [
        {
            "row": "event",
            "event": actor.event,
            "id": actor.id,
            "kind": actor.kind,
            "plate": actor.plate,
            "at_s": at_s[actor.event],
        }
        for actor in actors
        if actor.event is not None
    ]
    return [camera, *events]


def render_clip(order: Order, folder: Path, tick: Callable[[], None] = lambda: None) -> Clip:
    """Render an order into `<name>.h264`, `<name>.truth.jsonl` and, last of all, `<name>.json`.

    A clip counts as there when its JSON is: an interruption leaves no half clip. `tick` is called
    after each picture.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stem = folder / order.name
    for suffix in (".json", "-sub.json"):
        stem.with_name(stem.name + suffix).unlink(missing_ok=True)
    main = Encoder(_encoding(order, 1, order.bitrate))
    small = Encoder(_encoding(order, 2, int(order.bitrate * SUB_BITRATE_SHARE)))
    with stem.with_suffix(".truth.jsonl").open("w", encoding="utf-8") as truth_file:
        for row in head_rows(order):
            truth_file.write(json.dumps(row) + "\n")
        for picture, truth in pictures(order):
            main.add(picture)
            if order.has_sub:
                small.add(_halved(picture))
            truth_file.write(json.dumps(truth.row(), separators=(",", ":")) + "\n")
            tick()
    if order.has_sub:
        name = f"{order.name}-sub"
        clips.save(small.finish(name), folder / name, {"key": order.key()})
    clip = main.finish(order.name)
    clips.save(clip, stem, {"key": order.key()})
    return clip


def _encoding(order: Order, shrink: int, bitrate: int) -> Encoding:
    return Encoding(
        width=order.width // shrink,
        height=order.height // shrink,
        fps=order.fps,
        gop=GOP_S * order.fps,
        bitrate=bitrate,
    )


def _halved(picture: Picture) -> Picture:
    size = (picture.shape[1] // 2, picture.shape[0] // 2)
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def is_fresh(order: Order, folder: Path) -> bool:
    """Tell whether the folder holds the clip as this code would render it."""
    path = folder / f"{order.name}.json"
    try:
        key: str = json.loads(path.read_text()).get("key", "")
    except (OSError, ValueError):
        return False
    return key == order.key()
