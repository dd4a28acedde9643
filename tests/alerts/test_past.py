"""What is past: page by page, and found by words."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from tests.alerts.world import ALERT, INFO, Room
from warroom.alerts.contracts import Area, Info

OVER = replace(ALERT, status="Test")
"""Never in force: past as soon as it is there."""


async def hear(room: Room, identifier: str, **more: object) -> None:
    info = replace(INFO, **more)  # type: ignore[arg-type]
    await room.take(replace(OVER, identifier=identifier, infos=(info,)))


async def test_every_past_alert_is_on_one_page_and_no_page_has_one_twice(room: Room) -> None:
    for number in range(7):
        await hear(room, f"a{number}")
        room.clock.advance(0.000_4 * (number % 2))

    seen: list[str] = []
    last: UUID | None = None
    for size in (3, 3, 1):
        page = await room.past(after=last, limit=3)
        assert size == len(page)
        seen += page
        last = UUID(list(page.values())[-1]["id"])

    assert [f"a{number}" for number in reversed(range(7))] == seen
    assert {} == await room.past(after=last, limit=3)


async def test_one_that_ends_between_two_pages_moves_none_of_the_others(room: Room) -> None:
    await room.take(ALERT)
    await hear(room, "b")
    await hear(room, "c")
    first = await room.past(limit=1)

    room.clock.advance(timedelta(hours=4).total_seconds())
    rest = await room.past(after=UUID(first["c"]["id"]))

    assert ["b", "a1"] == list(rest)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ((), ["flood", "rain"]),
        (("HUJAN",), ["rain"]),
        (("hujan", "maros"), ["rain"]),
        (("hujan", "gowa"), []),
        (("river",), ["flood"]),
        (("flood",), ["flood"]),
        (("bmkg",), ["flood", "rain"]),
        (("100%",), ["flood"]),
        (("headline",), []),
        (("%",), ["flood"]),
    ],
)
async def test_past_alerts_are_found_by_what_they_say_in_whichever_language(
    room: Room, words: tuple[str, ...], found: list[str]
) -> None:
    await hear(room, "rain", areas=(Area("Maros"),))
    english = Info("Flood", ("Met",), "Past", "Minor", "Observed", description="The river: 100%")
    indonesian = replace(INFO, event="Banjir", headline="Banjir")
    await room.take(replace(OVER, identifier="flood", infos=(indonesian,)))
    await room.take(replace(OVER, identifier="flood", infos=(english,)))

    assert found == list(await room.past(*words))
