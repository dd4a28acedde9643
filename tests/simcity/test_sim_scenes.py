import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcity.__main__ import main
from simcity.daylight import PERIODS, Period
from simcity.rtsp import clip as clips
from simcity.rtsp.encode import decode
from simcity.rtsp.library import Library
from simcity.scenes import profile, sensor, traffic
from simcity.scenes.batch import Progress, RenderError, render_all
from simcity.scenes.camera import Camera, Picture, View
from simcity.scenes.light import LIGHTS, LightName
from simcity.scenes.mesh import Builder, Surface, box
from simcity.scenes.plates import PlateRack
from simcity.scenes.render import Order, head_rows, is_fresh, pictures, render_clip
from simcity.scenes.scene import Scene
from simcity.scenes.truth import Sighting
from simcity.scenes.vehicles import make_mesh

KINDS: list[traffic.Kind] = ["car", "van", "bus", "truck", "motorcycle", "person"]
SMALL = Order(
    name="small",
    view=View(),
    light="day",
    plan=traffic.Plan(walkers=1, busy=1),
    seed=1,
    seconds=4,
    fps=2,
    width=160,
    height=90,
    bitrate=60_000,
)


# -- camera ---------------------------------------------------------------------------------------
def test_point_straight_ahead_is_in_the_middle_of_the_picture() -> None:
    camera = Camera(View(x_m=0, y_m=0, height_m=5, pitch_deg=0), 640, 360)

    pixel, depth = camera.project([0, 10, 5])

    assert [320, 180] == pytest.approx(pixel.tolist())
    assert 10 == pytest.approx(float(depth))


def test_field_of_view_reaches_from_edge_to_edge() -> None:
    camera = Camera(View(x_m=0, y_m=0, height_m=0, pitch_deg=0, fov_deg=90), 640, 360)

    pixels, _ = camera.project([[-10, 10, 0], [10, 10, 0]])

    assert [0, 640] == pytest.approx(pixels[:, 0].tolist(), abs=1e-3)


@given(st.floats(-20, 20), st.floats(1, 150), st.floats(0, 6))
def test_higher_points_are_higher_in_the_picture(x: float, y: float, z: float) -> None:
    camera = Camera(View(), 640, 360)

    low, _ = camera.project([x, y, z])
    high, _ = camera.project([x, y, z + 1])

    assert high[1] < low[1]


@given(st.lists(st.tuples(*[st.floats(-30, 30)] * 3), min_size=3, max_size=8))
def test_what_is_cut_at_the_near_plane_is_ahead(polygon: list[tuple[float, float, float]]) -> None:
    camera = Camera(View(), 640, 360)

    kept = camera.clip_near(polygon)

    assert all(camera.depth_m(corner) >= 0.4 - 1e-3 for corner in kept)


# -- meshes ---------------------------------------------------------------------------------------
def test_faces_of_a_box_look_outwards() -> None:
    mesh = Builder().add(box(-1, 1, -2, 2, 0, 3), (1, 2, 3)).done()

    outward = mesh.quads.mean(1) - mesh.quads.mean((0, 1))

    assert ((outward * mesh.normals).sum(1) > 0).all()


@pytest.mark.parametrize("kind", KINDS)
def test_meshes_are_as_long_as_traffic_takes_them_for(kind: traffic.Kind) -> None:
    mesh = make_mesh(kind, 1, 0.0, 1.0)

    expected = {**traffic.LENGTH_M, "person": 0.33}[kind]
    assert expected == pytest.approx(float(mesh.size_m[1]), rel=0.2)
    assert mesh.quads[..., 2].min() > -0.1


@pytest.mark.parametrize("kind", ["car", "van", "bus", "truck", "motorcycle"])
def test_vehicles_have_plates_and_lamps(kind: traffic.Kind) -> None:
    mesh = make_mesh(kind, 2, 0.0, 1.0)

    assert 2 == len(mesh.plates)
    assert {Surface.HEAD, Surface.TAIL} == {surface for surface, _ in mesh.lamps}


def test_less_detail_has_fewer_faces() -> None:
    fine, coarse = (make_mesh("motorcycle", 1, 0.0, detail) for detail in (1.0, 0.3))

    assert len(coarse.quads) < len(fine.quads) / 2


def test_plates_for_hire_are_yellow() -> None:
    rack = PlateRack()
    blue, green, red = rack.texture("DD 1234 AB", "bus", 400).reshape(-1, 3).mean(0)

    assert red > 1.5 * blue
    assert green > 1.5 * blue


def test_plate_is_drawn_no_larger_than_needed() -> None:
    rack = PlateRack()

    assert rack.texture("DD 1 A", "car", 40).shape[1] < rack.texture("DD 1 A", "car", 400).shape[1]


# -- pictures and truth ---------------------------------------------------------------------------
@pytest.fixture(scope="module")
def scenes() -> dict[str, Scene]:
    camera = Camera(View(), 320, 180)
    return {light: Scene(camera, light, "junction", 1) for light in LIGHTS}


def drawn(scene: Scene, t: float = 9.0) -> tuple[Picture, list[Sighting]]:
    light, actors = traffic.simulate(1, 20, traffic.Plan())
    picture, truth = scene.draw(0, t, light, actors)
    return picture, list(truth.objects)


@pytest.mark.parametrize(("darker", "brighter"), [("night", "day"), ("dusk", "day")])
def test_lights_differ_in_brightness(
    scenes: dict[str, Scene], darker: LightName, brighter: LightName
) -> None:
    assert drawn(scenes[darker])[0].mean() < 0.8 * drawn(scenes[brighter])[0].mean()


def test_rain_has_less_contrast_than_day(scenes: dict[str, Scene]) -> None:
    assert drawn(scenes["rain"])[0].std() < drawn(scenes["day"])[0].std()


def test_same_seed_draws_the_same_picture(scenes: dict[str, Scene]) -> None:
    again = Scene(Camera(View(), 320, 180), "day", "junction", 1)

    assert np.array_equal(drawn(scenes["day"])[0], drawn(again)[0])


def test_truth_is_the_same_under_every_light(scenes: dict[str, Scene]) -> None:
    day, *others = (drawn(scenes[light])[1] for light in LIGHTS)

    assert all(day == other for other in others)


def test_boxes_are_where_the_picture_changes() -> None:
    camera = Camera(View(), 320, 180)
    scene = Scene(camera, "day", "road", 1)
    plan = traffic.Plan(layout="road", busy=0, walkers=0, has_parked=True)
    light, actors = traffic.simulate(1, 20, plan)
    parked = [actor for actor in actors if actor.event == "parked"]

    empty, _ = scene.draw(0, 5.0, light, [])
    picture, truth = scene.draw(0, 5.0, light, parked)

    [car] = truth.objects
    changed = np.abs(picture.astype(int) - empty).max(2) > 25
    rows, columns = np.where(changed)
    left, top, right, bottom = (side * 2 for side in car.box)  # drawn at twice the size
    assert left == pytest.approx(np.percentile(columns, 1), abs=12)
    assert top == pytest.approx(rows.min(), abs=6)
    assert right + 30 > np.percentile(columns, 99) > left
    assert bottom + 12 > rows.max() > top
    assert 1.0 == car.visible


def test_hidden_vehicle_is_less_visible() -> None:
    scene = Scene(Camera(View(x_m=-5, y_m=-9), 320, 180), "day", "road", 1)
    lane = traffic.Lane(-5.0, 0, 0, 1)
    near = traffic.Actor(1, "bus", lane, 1, "DD 1 A", lambda _: 8.0)
    far = traffic.Actor(2, "car", lane, 1, "DD 2 A", lambda _: 18.0)

    _, truth = scene.draw(0, 1.0, traffic.Signal(20), [near, far])

    shares = {sighting.id: sighting.visible for sighting in truth.objects}
    assert 1.0 == shares[1]
    assert shares[2] < 0.5


def test_near_plate_is_in_the_truth_inside_its_vehicle() -> None:
    scene = Scene(Camera(View(x_m=-1.8, fov_deg=20, pitch_deg=14), 640, 360), "day", "road", 1)
    car = traffic.Actor(1, "car", traffic.Lane(-1.8, 0, 0, 1), 1, "DD 4711 XY", lambda _: 12.0)

    _, truth = scene.draw(0, 1.0, traffic.Signal(20), [car])

    [sighting] = truth.objects
    assert sighting.plate is not None
    assert "DD 4711 XY" == sighting.plate.text
    left, top, right, bottom = sighting.box
    assert all(left <= x <= right and top <= y <= bottom for x, y in sighting.plate.quad)


def test_motorcycle_has_machine_and_rider() -> None:
    scene = Scene(Camera(View(x_m=-1.8), 320, 180), "day", "road", 1)
    lane = traffic.Lane(-1.8, 0, 0, 1)
    bike = traffic.Actor(1, "motorcycle", lane, 1, "DD 1 A", lambda _: 8.0)

    _, truth = scene.draw(0, 1.0, traffic.Signal(20), [bike])

    parts = truth.objects[0].parts
    assert parts["rider"][1] < parts["machine"][1]


# -- sensor ---------------------------------------------------------------------------------------
def grey(width: int = 320, height: int = 180) -> Picture:
    return np.full((2 * height, 2 * width, 3), 120, np.uint8)


@pytest.mark.parametrize(("fault", "least", "most"), [(None, 90, 125), ("dark", 5, 20)])
def test_covered_lens_is_dark(fault: sensor.Fault | None, least: int, most: int) -> None:
    picture = sensor.Sensor(320, 180, "day", 1).expose(grey(), 0, fault)

    assert (180, 320, 3) == picture.shape
    assert least < picture.mean() < most


def test_blurred_lens_has_no_edges() -> None:
    eye, edge = sensor.Sensor(320, 180, "day", 1), grey()
    edge[:, 320:] = 0

    sharp, soft = (eye.expose(edge, 0, fault) for fault in (None, "blurred"))

    assert (
        np.abs(np.diff(soft[90, :, 0].astype(int))).max()
        < 0.6 * np.abs(np.diff(sharp[90, :, 0].astype(int))).max()
    )


@given(st.integers(0, 2**24 - 1), st.sampled_from([320, 640, 1280]))
def test_bar_gives_back_the_number(number: int, width: int) -> None:
    picture = np.full((width // 2, width, 3), 99, np.uint8)

    sensor.draw_bar(picture, number)

    assert number == sensor.read_bar(picture)


# -- clips ----------------------------------------------------------------------------------------
def test_clip_and_truth_have_as_many_pictures(tmp_path: Path) -> None:
    clip = render_clip(SMALL, tmp_path)

    lines = (tmp_path / "small.truth.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    assert 8 == len(clip) == sum(row["row"] == "frame" for row in rows)
    assert [True, False, False, False] * 2 == list(clip.keys)
    assert clip.units == clips.load(tmp_path / "small.json").units


def test_sub_clip_is_half_the_size(tmp_path: Path) -> None:
    render_clip(replace(SMALL, has_sub=True, height=96), tmp_path)

    sub = clips.load(tmp_path / "small-sub.json")

    assert (80, 48) == (sub.width, sub.height)


def test_bar_survives_the_encoder(tmp_path: Path) -> None:
    clip = render_clip(replace(SMALL, has_bar=True, width=320, height=180), tmp_path)

    assert list(range(8)) == [sensor.read_bar(picture) for picture in decode(clip)]


def test_frozen_camera_repeats_picture_and_truth() -> None:
    frames = list(pictures(replace(SMALL, fault="frozen", fault_at_s=2.0)))

    assert np.array_equal(frames[3][0], frames[7][0])
    assert not np.array_equal(frames[2][0], frames[3][0])
    assert frames[3][1] == frames[7][1]


def test_truth_names_every_broken_rule() -> None:
    plan = traffic.Plan(runner_s=14, wrong_way_s=9, has_parked=True)

    camera, *events = head_rows(replace(SMALL, plan=plan, seconds=20))

    assert traffic.STOP_Y_M == camera["stop_line_y_m"]
    assert [("red_light", 14), ("wrong_way", 9), ("parked", 0.0)] == [
        (event["event"], event["at_s"]) for event in events
    ]


def test_clip_is_fresh_until_its_order_changes(tmp_path: Path) -> None:
    assert not is_fresh(SMALL, tmp_path)
    render_clip(SMALL, tmp_path)

    assert is_fresh(SMALL, tmp_path)
    assert not is_fresh(replace(SMALL, seed=2), tmp_path)


class InterruptedRenderError(Exception):
    pass


def test_interrupted_rendering_leaves_no_half_clip(tmp_path: Path) -> None:
    render_clip(SMALL, tmp_path)

    def give_up() -> None:
        raise InterruptedRenderError

    with pytest.raises(InterruptedRenderError):
        render_clip(replace(SMALL, seed=2), tmp_path, give_up)
    library = Library(tmp_path)

    assert [] == library.refresh()


def test_batch_renders_what_is_missing_and_nothing_else(tmp_path: Path) -> None:
    orders = [SMALL, replace(SMALL, name="other", seed=2)]
    render_clip(SMALL, tmp_path)
    before = (tmp_path / "small.h264").stat().st_mtime_ns

    progress = list(render_all(orders, tmp_path, workers=1))
    again = list(render_all(orders, tmp_path, workers=1))

    assert ["other"] == [step.clip for step in progress if step.clip]
    assert (8, 8, 2, 2) == (
        progress[-1].pictures,
        progress[-1].of_pictures,
        progress[-1].clips,
        progress[-1].of_clips,
    )
    assert [] == again
    assert before == (tmp_path / "small.h264").stat().st_mtime_ns
    assert {"names": ["small", "other"]} == json.loads((tmp_path / "clips.json").read_text())


def test_failed_rendering_names_the_clip(tmp_path: Path) -> None:
    broken = replace(SMALL, name="broken", width=33)

    with pytest.raises(RenderError, match="broken"):
        list(render_all([broken], tmp_path, workers=1))
    assert [] == multiprocessing.active_children()


def test_time_left_is_told_from_the_pictures_done() -> None:
    assert Progress(0, 100, 0, 2, 3.0).left_s is None
    assert 30 == Progress(25, 100, 0, 2, 10.0).left_s


@pytest.mark.parametrize("first", PERIODS)
def test_demo_begins_with_the_light_of_now(first: Period) -> None:
    orders = profile.demo_orders(first)

    assert all(order.name.startswith(first) for order in orders[:6])
    assert len(orders) == len({order.name for order in orders}) == 30
    assert {"day", "dusk", "night", "rain"} == {order.light for order in orders}


def test_demo_clips_carry_no_text_and_no_bar() -> None:
    assert not any(order.has_bar for order in profile.demo_orders("day"))


def test_events_keep_away_from_the_ends_of_the_clip() -> None:
    for order in profile.demo_orders("day"):
        for at_s in (order.plan.runner_s, order.plan.wrong_way_s):
            assert at_s is None or 4 <= at_s <= order.seconds - 4


@pytest.mark.nightly
def test_command_renders_a_period(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["clips", "--out", str(tmp_path), "--first", "dusk", "--only-first", "--json"]

    assert 0 == main(words)
    assert {"ready": 6} == json.loads(capsys.readouterr().out.splitlines()[-1])
    library = Library(tmp_path)
    library.refresh()
    assert library.is_complete


def test_stopped_command_leaves_no_process(tmp_path: Path, repository: Path) -> None:
    command = [sys.executable, "-m", "simcity", "clips", "--out", str(tmp_path), "--workers", "1"]
    environment = {**os.environ, "PYTHONPATH": str(repository / "src")}
    with subprocess.Popen(command, env=environment, start_new_session=True) as running:
        until = time.monotonic() + 30
        while not list(tmp_path.glob("*.truth.jsonl")) and time.monotonic() < until:
            time.sleep(0.1)
        running.send_signal(signal.SIGTERM)
        running.wait(timeout=20)

    with pytest.raises(ProcessLookupError):
        os.killpg(running.pid, 0)
    assert [] == [path for path in tmp_path.glob("*.json") if path.name != "clips.json"]
