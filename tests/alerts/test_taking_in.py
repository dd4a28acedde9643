"""Messages about messages, the same again, what is no alert: on the database."""

from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest

from tests.alerts.world import ALERT, INFO, SENT, Room, later
from warroom.alerts.cap import write_alert
from warroom.alerts.contracts import Area

UPDATE = later("a2", "Update", ALERT)
CANCEL = later("a3", "Cancel", UPDATE, ALERT, sent=SENT + timedelta(minutes=9))


async def test_an_alert_holds_until_it_expires_and_then_is_past(room: Room) -> None:
    await room.take(ALERT)

    assert ["a1"] == await room.names()
    room.clock.advance(timedelta(hours=3, minutes=1).total_seconds())
    assert [] == await room.names()
    past = (await room.past())["a1"]
    assert past["ended_how"] is None


async def test_the_same_message_again_changes_nothing(room: Room) -> None:
    first = await room.take(ALERT)
    again = await room.take(ALERT)

    assert ("new", "known") == (first.how, again.how)
    assert first.alert_id == again.alert_id
    assert ["a1"] == await room.names()


@pytest.mark.parametrize("order", list(permutations([ALERT, UPDATE, CANCEL])))
async def test_update_and_cancel_end_what_they_name_in_whatever_order_they_come(
    room: Room, order: tuple[object, ...]
) -> None:
    for message in order:
        await room.take(message)  # type: ignore[arg-type]

    assert [] == await room.names()
    ended = {name: one["ended_how"] for name, one in (await room.past()).items()}
    assert {"a1": "cancelled", "a2": "cancelled", "a3": None} == ended


@pytest.mark.parametrize("order", list(permutations([ALERT, UPDATE])))
async def test_an_update_stands_in_the_place_of_what_it_updates(
    room: Room, order: tuple[object, ...]
) -> None:
    for message in order:
        await room.take(message)  # type: ignore[arg-type]

    assert ["a2"] == await room.names()
    assert "updated" == (await room.past())["a1"]["ended_how"]


async def test_nobody_takes_back_what_another_said(room: Room) -> None:
    await room.take(ALERT)
    forged = replace(later("x", "Cancel", ALERT), sender="lain@example")
    await room.take(forged)
    await room.take(later("y", "Cancel", ALERT), source="push Lain")

    assert ["a1"] == await room.names()


async def test_a_test_ends_nothing_actual_and_is_never_in_force(room: Room) -> None:
    await room.take(ALERT)
    for status in ("Test", "Exercise", "System", "Draft"):
        await room.take(replace(ALERT, identifier=f"t-{status}", status=status))
        await room.take(later(f"c-{status}", "Cancel", ALERT, status=status))

    assert ["a1"] == await room.names()
    assert 8 == len(await room.past())


async def test_an_error_or_acknowledgement_is_kept_and_raises_nothing(room: Room) -> None:
    await room.take(ALERT)
    await room.take(later("e", "Error", ALERT, note="tidak terbaca"))
    await room.take(later("k", "Ack", ALERT))

    assert ["a1"] == await room.names()
    assert {"e", "k"} == set(await room.past())


async def test_the_same_message_in_another_language_is_one_alert_in_two(room: Room) -> None:
    first = await room.take(ALERT)
    english = replace(INFO, language="en", event="Heavy rain", severity="Extreme")
    again = await room.take(replace(ALERT, infos=(english,)))

    assert "language" == again.how
    shown = await room.show(first.alert_id)
    assert ["id", "en"] == [one["language"] for one in shown["body"]["infos"]]
    assert "Extreme" == shown["severity"]
    assert "known" == (await room.take(replace(ALERT, infos=(english,)))).how


async def test_what_is_no_alert_is_kept_with_why_and_counted_once(room: Room) -> None:
    await room.take(ALERT)
    for _ in range(2):
        outcome = await room.take(b"<alert/>")
    room.clock.advance(1)
    await room.take(write_alert(ALERT).replace(b"Severe", b"Ngeri"))

    assert "refused" == outcome.how
    last, first = await room.refused()
    assert ("no_alert", 2) == (first["problem"], first["times"])
    assert "info.0.severity" == last["detail"]
    assert ["a1"] == await room.names()


async def test_where_it_holds_is_unknown_without_outline_or_city(room: Room) -> None:
    bare = replace(INFO, areas=(Area("Di laut", geocodes=(("BMKG", "XYZ"),)),))
    outcome = await room.take(replace(ALERT, infos=(bare,)))

    shown = await room.show(outcome.alert_id)
    assert shown["touches"] is None
    assert shown["incidents"] is None


async def test_what_happened_is_in_the_audit_of_the_same_transaction(room: Room) -> None:
    outcome = await room.take(ALERT)
    await room.take(b"x")
    async with room.db.transaction(room.system) as tx:
        rows = await (
            await tx.execute("select action, object_id from audit_entry order by recorded_at")
        ).fetchall()

    assert [("alert:received", str(outcome.alert_id)), ("alert:refused",)] == [
        (row["action"], row["object_id"])[: 2 - at] for at, row in enumerate(rows)
    ]
