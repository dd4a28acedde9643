"""A camera that nobody watches is read in batches, and still loses no more than the open GOP."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simcity.rtsp.testclip import make_clip
from tests.recording.node import Node, running, wait_until
from tests.recording.scripted import ScriptedCamera
from warroom.recording.contracts import Assignment

PICTURE_S = 1 / 15
NEVER_S = 1000.0
STEADY = 6
"""GOPs of one length after which a session is read in batches for certain."""


@pytest.fixture(scope="module")
def clip() -> Any:
    return make_clip(fps=15, gop=15, frames=30)


@pytest.fixture
def camera(clip: Any) -> Iterator[ScriptedCamera]:
    with ScriptedCamera(clip) as camera:
        yield camera


@pytest.fixture
def node(tmp_path: Path, camera: ScriptedCamera) -> Iterator[Node]:
    # Silence is what these tests are made of: it must not end the session, nor time a batch.
    with running(tmp_path, pace_s=NEVER_S, late_s=NEVER_S, offline_s=NEVER_S) as node:
        node.assign(Assignment("c1", "main", camera.url))
        yield node


def play(camera: ScriptedCamera, gops: int, pictures: int = 6) -> None:
    """GOPs in real time, the key frame of the next one not among them."""
    for _ in range(gops):
        for number in range(pictures):
            camera.send(key=number == 0)
            time.sleep(PICTURE_S)


def gops_on_disk(node: Node) -> int:
    """Fragments in the file that is being written."""
    return sum(path.read_bytes().count(b"moof") for path in node.folder.rglob("*.mp4"))


def test_the_gop_is_on_the_disk_as_soon_as_the_next_key_frame_has_come(
    camera: ScriptedCamera, node: Node
) -> None:
    play(camera, STEADY)

    camera.send(key=True)

    wait_until(lambda: gops_on_disk(node) == STEADY)


def test_between_key_frames_the_pictures_wait_in_the_kernel(
    camera: ScriptedCamera, node: Node
) -> None:
    play(camera, STEADY)
    camera.send(key=True)
    wait_until(lambda: gops_on_disk(node) == STEADY)
    taken = node.stream().assembler.seen

    camera.send()
    camera.send()
    time.sleep(PICTURE_S)

    assert taken == node.stream().assembler.seen


def test_a_late_key_frame_is_awaited_packet_by_packet(camera: ScriptedCamera, node: Node) -> None:
    play(camera, STEADY)
    play(camera, 1, pictures=12)

    wait_until(lambda: node.stream().session.wakes_at == 1)
    camera.send(key=True)

    wait_until(lambda: gops_on_disk(node) == STEADY + 1)


def test_a_key_frame_in_pieces_is_taken_when_its_last_packet_comes(
    camera: ScriptedCamera, node: Node
) -> None:
    play(camera, STEADY)
    camera.send(key=True, lacking=1)
    wait_until(lambda: node.stream().session.wakes_at == 1)

    camera.send(key=True)
    camera.send(key=True)

    wait_until(lambda: gops_on_disk(node) >= STEADY)


def test_a_camera_whose_gops_have_no_steady_length_is_never_read_in_batches(
    camera: ScriptedCamera, node: Node
) -> None:
    marks = set()
    for pictures in (3, 9, 4, 8, 3, 10, 5):
        for number in range(pictures):
            camera.send(key=number == 0)
            time.sleep(PICTURE_S / 3)
            session = node.stream().session
            marks.add(session.wakes_at)
    camera.send(key=True)

    wait_until(lambda: gops_on_disk(node) == 7)
    assert marks == {1}
