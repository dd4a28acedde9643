"""Heads of simulated cameras: where they look follows from what they were told, and from time."""

import json
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcity.city.write import Streams, write_city
from simcity.onvif.door import OnvifDoor
from simcity.onvif.head import PAN_DEG_S, PRESETS, Head, wrapped


def test_a_head_moves_at_its_speed_until_its_end() -> None:
    head = Head()
    head.move((0.5, 0.0, 0.0), 2.0, now=10.0)

    assert PAN_DEG_S / 2 == pytest.approx(head.at(11.0)[0])
    assert head.is_moving(11.9)
    assert not head.is_moving(12.0)
    assert PAN_DEG_S == pytest.approx(head.at(99.0)[0])


def test_a_head_that_ignores_the_end_goes_on_until_it_is_stopped() -> None:
    head = Head(deaf_to_timeout=True)
    head.move((0.0, 1.0, 0.0), 1.0, now=0.0)
    assert head.is_moving(5.0)

    head.stop(0.5)

    assert (0.0, -10 + 0.5 * 30, 0.0) == head.at(9.0)
    assert ["move", "stop"] == head.told


def test_a_head_turns_the_shorter_way() -> None:
    head = Head()
    head.turn((170.0, -10.0, 0.0), now=0.0)
    head.turn((-170.0, -10.0, 0.0), now=60.0)

    assert head.at(60.1)[0] > 170
    assert (-170.0, -10.0, 0.0) == head.at(70.0)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["move", "stop", "turn"]),
            st.floats(-1, 1),
            st.floats(-400, 400),
            st.floats(0, 30),
        )
    )
)
def test_whatever_a_head_is_told_it_stays_within_its_ends(
    told: list[tuple[str, float, float, float]],
) -> None:
    head, now = Head(), 0.0
    for word, speed, angle, seconds in told:
        if word == "move":
            head.move((speed, -speed, speed), seconds / 2, now)
        elif word == "turn":
            head.turn((angle, angle, speed), now)
        else:
            head.stop(now)
        now += seconds
        pan, tilt, zoom = head.at(now)
        assert -180 <= pan < 180.0001
        assert -90 <= tilt <= 20
        assert 0 <= zoom <= 1


def test_the_door_tells_where_heads_look_and_knows_no_others() -> None:
    with OnvifDoor([7]) as door:
        with urllib.request.urlopen(f"http://127.0.0.1:{door.port}/heads") as answer:
            told = json.load(answer)
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(door.url(8), b"<a/>")
        with pytest.raises(urllib.error.HTTPError, match="400"):
            urllib.request.urlopen(door.url(7), b"no xml")

    assert ["7"] == list(told)
    assert {"pan_deg": 0.0, "is_moving": False}.items() <= told["7"].items()


def test_presets_are_angles_of_the_circle() -> None:
    assert {0.0, 90.0, 180.0, -90.0} == {axes[0] for _, axes in PRESETS.values()}
    assert -180.0 == wrapped(180.0)


def test_sites_that_turn_carry_where_they_are_asked_to_and_others_do_not(tmp_path: Path) -> None:
    write_city(tmp_path, Streams("rtsp://127.0.0.1:1", onvif="http://127.0.0.1:2/"))

    sites = json.loads((tmp_path / "cameras.geojson").read_text())["features"]
    told = {one["properties"]["number"]: one["properties"] for one in sites}
    assert {number for number, one in told.items() if one["ptz"]} == {
        number for number, one in told.items() if "control_url" in one
    }
    assert "http://127.0.0.1:2/cam/2/onvif/device_service" == told[2]["control_url"]
