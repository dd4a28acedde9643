"""What anybody reads of this city: without signing in, only what was issued, not too often."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import msgspec
import pytest

from tests.alerts.world import ALERT
from warroom.alerts import public
from warroom.alerts.api import Porch
from warroom.alerts.feeds import read_feed
from warroom.kernel.clock import FixedClock


def rows(**more: object) -> list[dict[str, object]]:
    body = msgspec.to_builtins(replace(ALERT, **more))  # type: ignore[arg-type]
    return [{"id": UUID(int=5), "received_at": ALERT.sent, "body": body}]


def test_the_index_is_read_by_the_reader_of_this_product(clock: FixedClock) -> None:
    info = replace(ALERT.infos[0], headline='Banjir & "angin" <kencang>')
    content = public.write_index(rows(infos=(info,)), "kota & kita", "id", clock.now())
    feed = read_feed(content, "https://kota.example/cap/")

    assert feed is not None
    assert [f"https://kota.example/cap/{UUID(int=5)}.xml"] == [one.url for one in feed.items]


@pytest.mark.parametrize(
    ("change", "begins"),
    [
        ({"status": "Test"}, b"<entry><title>UJI COBA: Hujan lebat"),
        ({"type": "Cancel"}, b"<entry><title>Pembatalan: Hujan lebat"),
        ({"status": "Exercise", "type": "Update"}, b"<entry><title>LATIHAN: Pembaruan: Hujan"),
        ({"infos": ()}, b"<entry><title>a1</title>"),
    ],
)
def test_what_is_not_meant_says_so_in_its_title(
    change: dict[str, object], begins: bytes, clock: FixedClock
) -> None:
    assert begins in public.write_index(rows(**change), "kota", "id", clock.now())


def test_an_empty_index_is_a_feed_as_well(clock: FixedClock) -> None:
    feed = read_feed(public.write_index([], "kota", "en", clock.now()), "https://x.example/cap/")

    assert feed is not None
    assert () == feed.items


def test_one_address_is_let_in_so_often_a_minute_and_another_still(clock: FixedClock) -> None:
    porch = Porch(clock, 2)

    assert [True, True, False] == [porch.lets_in("192.0.2.1") for _ in range(3)]
    assert porch.lets_in("192.0.2.2")
    clock.advance(timedelta(minutes=1).total_seconds())
    assert porch.lets_in("192.0.2.1")
