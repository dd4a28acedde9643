import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simcity.__main__ import main
from simcity.bench.cameras import Load, measure
from simcity.city.write import write_city
from simcity.rtsp import clip as clips
from simcity.rtsp.testclip import make_clip
from tests.simcity.rtsp_client import RtspClient
from tests.simcity.test_sim_faults import call


@contextlib.contextmanager
def serving(repository: Path, *words: str) -> Iterator[dict[str, Any]]:
    """The command in a process of its own; gives what its first line says."""
    command = [sys.executable, "-m", "simcity", "rtsp", "--port", "0", *words]
    environment = {**os.environ, "PYTHONPATH": str(repository / "src")}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        try:
            yield json.loads(running.stdout.readline())
        finally:
            running.terminate()
            assert 0 == running.wait(timeout=20)


def rows(door: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = call(door, "/cameras")[1]["cameras"]
    return found


def test_command_serves_a_test_picture_and_says_where(repository: Path, tmp_path: Path) -> None:
    times = tmp_path / "times.json"
    words = ["--cameras", "5", "--fault", "3=offline", "--exact-times", str(times)]
    with serving(repository, *words) as ready:
        with RtspClient(f"rtsp://127.0.0.1:{ready['port']}/cam/5/main") as client:
            client.play()
            assert 2 == len(client.pictures(2))
        told = rows(ready["control_port"])
        written = json.loads(times.read_text())

    assert 5 == len(told) == len(written["cameras"])
    assert ["offline"] == [row["fault"] for row in told if row["fault"]]
    assert {"t0", "slots", "cameras"} <= set(written)


def test_cameras_appear_when_the_first_clip_is_ready(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "clips.json").write_text(json.dumps({"names": ["day-simpang-1", "day-jalan-1"]}))
    words = ["--cameras", "4", "--clips", str(tmp_path), "--period", "day", "--fault", "2=dark"]
    with serving(repository, *words) as ready:
        door = ready["control_port"]
        assert [] == rows(door)
        first = make_clip(frames=8, gop=4, fps=4)
        clips.save(first, tmp_path / "day-simpang-1")
        wait_until(lambda: len(rows(door)) == 4)
        wait_until(lambda: rows(door)[1]["fault"] == "dark")
        second = make_clip("h265", frames=8, gop=4, fps=4)
        clips.save(second, tmp_path / "day-jalan-1")
        wait_until(lambda: {"h264", "h265"} == {row["codec"] for row in rows(door)})


def wait_until(claim: Any, within: float = 20.0) -> None:
    until = time.monotonic() + within
    while not claim() and time.monotonic() < until:
        time.sleep(0.1)
    assert claim()


def test_sites_get_pictures_that_fit(repository: Path, tmp_path: Path) -> None:
    write_city(tmp_path / "city")
    folder = tmp_path / "clips"
    folder.mkdir()
    small = make_clip(frames=4, gop=4, fps=4)
    for name in ("night-simpang-1", "night-jalan-1", "day-jalan-1"):
        clips.save(make_clip(frames=4, gop=4, fps=4), folder / name)
        saved = json.loads((folder / f"{name}.json").read_text())
        (folder / f"{name}.json").write_text(json.dumps({**saved, "name": name}))
    city = str(tmp_path / "city" / "cameras.geojson")
    words = ["--clips", str(folder), "--city", city, "--period", "night"]
    with serving(repository, *words) as ready:
        told = {row["camera"]: row["clip"] for row in rows(ready["control_port"])}

    sites = {
        feature["properties"]["number"]: feature["properties"]["kind"]
        for feature in json.loads(Path(city).read_text())["features"]
    }
    assert 4 == len(small)
    assert 468 == len(told)
    assert all(
        clip == ("night-simpang-1" if sites[number] == "simpang" else "night-jalan-1")
        for number, clip in told.items()
    )


def test_a_city_of_a_few_sites_has_their_numbers(repository: Path, tmp_path: Path) -> None:
    write_city(tmp_path / "city")
    path = tmp_path / "city" / "cameras.geojson"
    city = json.loads(path.read_text())
    wanted = [3, 57, 42]
    features = {feature["properties"]["number"]: feature for feature in city["features"]}
    path.write_text(json.dumps({**city, "features": [features[number] for number in wanted]}))

    with serving(repository, "--cameras", "2", "--city", str(path)) as ready:
        told = {row["camera"] for row in rows(ready["control_port"])}

    assert told == {3, 57}


def test_some_cameras_have_h265_and_a_sub_stream_in_h264(repository: Path) -> None:
    with serving(repository, "--cameras", "3", "--hevc", "2") as ready:
        told = {(row["camera"], row["role"]): row["codec"] for row in rows(ready["control_port"])}

    assert "h265" == told.pop((2, "main"))
    assert {(1, "main"), (2, "sub"), (3, "main")} == set(told)
    assert {"h264"} == set(told.values())


def test_all_cameras_ask_for_the_login(repository: Path) -> None:
    words = ["--cameras", "1", "--login", "demo:rahasia", "--auth", "both", "--audio", "pcma"]
    with (
        serving(repository, *words) as ready,
        RtspClient(f"rtsp://127.0.0.1:{ready['port']}/cam/1/main") as client,
    ):
        answer = client.ask("DESCRIBE")

    assert 401 == answer.status


@pytest.mark.parametrize("words", [["--fault", "x"], ["--fault", "1=explode"]])
def test_bad_fault_is_refused_before_anything_is_served(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["rtsp", "--port", "0", *words])
    complaint = capsys.readouterr().err
    assert "unknown fault" in complaint or "is not CAMERA=FAULT" in complaint


def test_taken_port_is_told_in_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert 1 == main(["rtsp", "--port", str(taken.getsockname()[1])])
    assert "cannot serve on 127.0.0.1" in capsys.readouterr().err


def test_benchmark_counts_every_picture() -> None:
    found = measure(Load(cameras=4, fps=10, bitrate=100_000, width=160, height=90), 1.0)

    assert 4 == found["cameras"]
    assert 0 == found["dropped"]
    assert 0 < found["cpu_s_per_camera_minute"]
