"""Claims about incidents that are handed to and from other emergency centres."""

import contextlib
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cameras.world import write_pack
from tests.incidents.world import KANDEA, World
from warroom.incidents import api, eido, show_store
from warroom.incidents.contracts import Note, State
from warroom.incidents.errors import BadEidoError, IncidentNotFoundError, NoDomainError
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Scope
from warroom.places.api import Atlas


async def export(world: World, incident: UUID, scope: Scope | None = None) -> dict[str, Any]:
    scope = scope or world.fire
    async with world.db.transaction(scope) as tx:
        return await api.export_eido(world.intake, scope, tx, incident)


async def receive(world: World, body: dict[str, Any], folder: Any) -> tuple[Any, bool]:
    atlas = Atlas(write_pack(folder / "city"))
    async with world.db.transaction(world.taker) as tx:
        return await api.receive_eido(world.intake, atlas, world.taker, tx, body, world.clock.now())


def of_gowa(body: dict[str, Any]) -> dict[str, Any]:
    """The same as another centre would hand it over."""
    return {**body, "issuingElementIdentification": "gowa.example"}


async def with_notes(world: World) -> UUID:
    incident = await world.sent(callback_number="+62 811-444", event_text="asap tebal")
    async with world.db.transaction(world.fire) as tx:
        for text, visibility in (("pagar <tinggi>", "all"), ("dalam", "agency"), ("x", "police")):
            note = Note(new_id(), text, visibility)  # type: ignore[arg-type]
            await api.add_note(world.fire, tx, incident, note, world.clock.now())
    return incident


async def test_an_export_lacks_nothing_that_the_standard_requires(world: World) -> None:
    body = await export(world, await with_notes(world))

    assert eido.lacks(body) == []
    assert body["incidentComponent"]["incidentTypeCommonRegistryText"] == "FSTRU"
    assert body["callbackComponent"][0]["callBackInformationUri"] == ["tel:+62811444"]
    assert (
        f"<gml:pos>{KANDEA[0]:.6f} {KANDEA[1]:.6f}<"
        in body["locationComponent"][0]["locationByValue"]
    )


async def test_notes_for_an_agency_or_the_police_do_not_leave_the_city(world: World) -> None:
    body = await export(world, await with_notes(world))

    assert [one["notesActionComments"] for one in body["notesComponent"]] == [
        "pagar &lt;tinggi&gt;"
    ]


async def test_what_was_handed_over_is_a_pending_incident_of_its_own(
    world: World, tmp_path: Any
) -> None:
    body = of_gowa(await export(world, await with_notes(world)))

    taken, is_new = await receive(world, body, tmp_path)

    assert is_new
    assert (taken.state, taken.type_code, taken.priority) == (State.PENDING, "fire_house", 2)
    assert (taken.lat, taken.lon) == pytest.approx(KANDEA)
    rows = await world.rows(
        "select detail ->> 'from' as origin from incident_event where source = 'import'"
    )
    notes = await world.rows("select text from incident_note where incident_id = %s", taken.id)
    assert rows == [{"origin": "gowa.example"}]
    assert notes == [{"text": "pagar <tinggi>"}]


async def test_an_incident_tells_who_handed_it_over_and_since_when(
    world: World, tmp_path: Any
) -> None:
    own = await with_notes(world)
    body = of_gowa(await export(world, own))
    taken, _ = await receive(world, body, tmp_path)

    async with world.db.transaction(world.taker) as tx:
        none, told = [
            msgspec.json.decode(await show_store.show_incident(world.taker, tx, one, [one]))
            for one in (own, taken.id)
        ]

    assert none["origin"] is None
    assert told["origin"]["from"] == "gowa.example"
    assert told["origin"]["reference"] == body["$id"]
    assert msgspec.convert(told["origin"]["at"], datetime) == world.clock.now()


async def test_the_same_handed_over_again_changes_nothing(world: World, tmp_path: Any) -> None:
    body = of_gowa(await export(world, await with_notes(world)))
    first, _ = await receive(world, body, tmp_path)
    changed = {**body, "incidentComponent": {**body["incidentComponent"]}}
    changed["incidentComponent"]["incidentTypeInternalText"] = "lain"

    again, is_new = await receive(world, changed, tmp_path)

    assert not is_new
    assert (again.id, again.event, again.revision) == (first.id, first.event, first.revision)


async def test_an_incident_of_others_is_not_handed_over(world: World) -> None:
    with pytest.raises(IncidentNotFoundError):
        await export(world, await world.sent(), world.stranger)


@pytest.mark.parametrize(
    "lost", ["$id", "lastUpdateTimeStamp", "eidoVersion", "agencyComponent",
             "issuingElementIdentification"]
)  # fmt: skip
async def test_a_member_that_lacks_is_named(world: World, lost: str) -> None:
    body = await export(world, await world.sent())
    del body[lost]

    with pytest.raises(BadEidoError) as refused:
        eido.read(body)

    assert lost in refused.value.params["problem"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["$id", "$ref", "locationByValue", "callBackInformationUri", "x"]),
            inner,
        )
    ),
    max_leaves=12,
)
NAMES = st.sampled_from(
    [*eido._WHOLE, "incidentComponent", "locationComponent", "callbackComponent", "notesComponent"]
)


@given(st.dictionaries(NAMES, JSON))
def test_whatever_is_sent_is_read_or_refused(body: dict[str, Any]) -> None:
    with contextlib.suppress(BadEidoError):
        eido.read(body)


async def test_a_city_without_a_domain_name_hands_nothing_over_and_says_why(world: World) -> None:
    incident = await world.sent()
    world.intake = replace(world.intake, domain="")

    with pytest.raises(NoDomainError):
        await export(world, incident)
