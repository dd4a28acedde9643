"""Alerts of the city: one writes, another releases; what is told is what the standard asks for."""

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.alerts.test_cap import TEXTS
from tests.alerts.world import Room, make_room
from tests.cameras.world import write_pack
from tests.incidents.world import World, make_world
from warroom.alerts import api, composing, public
from warroom.alerts import contracts as words
from warroom.alerts.cap import problems, read_alert, write_alert
from warroom.alerts.composing import Issuer
from warroom.alerts.contracts import Alert, Draft, DraftKind, Fields, Words
from warroom.alerts.errors import (
    AlertNotFoundError,
    ChangedMeanwhileError,
    NotInForceError,
    NotOpenError,
    NotReadyError,
    OwnDraftError,
)
from warroom.alerts.feeds import read_feed
from warroom.kernel.clock import FixedClock
from warroom.kernel.db import Database
from warroom.kernel.scope import Rule, Scope

MAKASSAR = ZoneInfo("Asia/Makassar")
TRIANGLE = ((-5.1, 119.4), (-5.1, 119.45), (-5.15, 119.42))


@dataclass
class Desk:
    """A writer, who may release as well, and another of the same agency."""

    room: Room
    office: api.Office
    writer: Scope
    other: Scope
    stranger: Scope

    def now(self, scope: Scope) -> Scope:
        return replace(scope, at=self.room.clock.now())

    async def draft(self, kind: DraftKind = "Alert", previous: UUID | None = None) -> UUID:
        scope = self.now(self.writer)
        async with self.room.db.transaction(scope) as tx:
            return await api.begin(scope, tx, kind, previous=previous)

    async def version(self, draft: UUID) -> int:
        scope = self.now(self.writer)
        async with self.room.db.transaction(scope) as tx:
            content = await api.show_draft(scope, tx, draft)
        assert content is not None
        return int(msgspec.json.decode(content)["version"])

    async def write(self, draft: UUID, fields: Fields, scope: Scope | None = None) -> None:
        scope, version = self.now(scope or self.writer), await self.version(draft)
        async with self.room.db.transaction(scope) as tx:
            await api.write(scope, tx, draft, version, fields)

    async def ask(self, draft: UUID) -> None:
        scope, version = self.now(self.writer), await self.version(draft)
        async with self.room.db.transaction(scope) as tx:
            await api.ask(self.office, scope, tx, draft, version)

    async def issue(
        self, draft: UUID, scope: Scope | None = None, version: int | None = None
    ) -> UUID:
        scope = self.now(scope or self.other)
        version = version or await self.version(draft)
        async with self.room.db.transaction(scope) as tx:
            return await api.issue(self.office, scope, tx, draft, version)

    async def issued(
        self, kind: DraftKind = "Alert", previous: UUID | None = None, **more: object
    ) -> UUID:
        draft = await self.draft(kind, previous)
        await self.write(draft, replace(self.fields(), **more))  # type: ignore[arg-type]
        await self.ask(draft)
        return await self.issue(draft)

    def fields(self) -> Fields:
        return Fields(
            id=Words("Banjir", "Banjir di Manggala & sekitarnya", "Air < 50 cm", "Hindari jalan"),
            urgency="Immediate",
            severity="Severe",
            certainty="Observed",
            responses=("Avoid",),
            expires=self.room.clock.now() + timedelta(hours=3),
            area_name="Manggala",
            rings=(TRIANGLE,),
        )

    async def told(self, alert: UUID) -> Alert:
        async with self.room.db.transaction(self.stranger) as tx:
            content = await api.find_told(self.stranger, tx, alert)
        assert content is not None
        read = read_alert(content)
        assert () == read.remarks
        return read.alert

    async def index(self) -> bytes:
        now = self.room.clock.now()
        async with self.room.db.transaction(self.stranger) as tx:
            rows = await api.list_told(replace(self.stranger, at=now), tx, now - timedelta(days=7))
        return public.write_index(rows, "alert@makassar.example", "id", now)


@pytest.fixture
def people(db: Database, clock: FixedClock, loop_runner: asyncio.Runner) -> World:
    return loop_runner.run(make_world(db, clock))


@pytest.fixture
def desk(db: Database, clock: FixedClock, people: World, tmp_path: Path) -> Desk:
    room = make_room(db, clock, write_pack(tmp_path / "city"))

    def may(scope: Scope) -> Scope:
        agency = scope.agency_id
        assert agency is not None
        rule = Rule(frozenset({"alert:*", "incident:view"}), agencies=frozenset({agency}))
        return replace(scope, rules=(rule,), _memory={})

    nobody = Scope(person_id=None, agency_id=None, rules=(), at=clock.now(), door="web")
    office = api.Office(room.taker, MAKASSAR, "makassar.example")
    return Desk(room, office, may(people.taker), may(people.second), nobody)


async def test_what_one_writes_and_another_releases_is_public_and_in_force(desk: Desk) -> None:
    alert_id = await desk.issued()
    alert = await desk.told(alert_id)

    assert [] == problems(alert)
    assert ("alert@makassar.example", "Actual", "Alert") == (alert.sender, alert.status, alert.type)
    assert "Banjir di Manggala & sekitarnya" == alert.infos[0].headline
    assert timedelta(hours=8) == alert.sent.utcoffset()
    assert 4 == len(alert.infos[0].areas[0].polygons[0])
    assert [str(alert_id)] == [one["id"] for one in await desk.room.in_force()]
    feed = read_feed(await desk.index(), "https://makassar.example/cap/")
    assert feed is not None
    assert [f"https://makassar.example/cap/{alert_id}.xml"] == [one.url for one in feed.items]


async def test_nothing_of_a_draft_is_public_before_it_is_released(desk: Desk) -> None:
    draft = await desk.draft()
    await desk.write(draft, desk.fields())
    await desk.ask(draft)

    assert b"<entry>" not in await desk.index()
    assert [] == await desk.room.in_force()


async def test_nobody_releases_what_they_wrote_in(desk: Desk) -> None:
    draft = await desk.draft()
    await desk.write(draft, desk.fields())
    await desk.write(draft, desk.fields(), desk.other)
    await desk.ask(draft)

    for scope in (desk.writer, desk.other):
        with pytest.raises(OwnDraftError):
            await desk.issue(draft, scope)
    with pytest.raises(OwnDraftError):
        await desk.issue(draft, desk.room.system)


async def test_the_database_itself_refuses_a_release_by_a_writer(desk: Desk) -> None:
    alert_id = await desk.issued()
    with pytest.raises(Exception, match="alert_draft_check"):
        async with desk.room.db.transaction(desk.room.system) as tx:
            await tx.execute(
                "update alert_draft set ended_by = writers[1] where alert_id = %s", [alert_id]
            )


async def test_another_agency_sees_no_draft_and_releases_none(desk: Desk, people: World) -> None:
    draft = await desk.draft()
    await desk.write(draft, desk.fields())
    await desk.ask(draft)
    agency = people.stranger.agency_id
    assert agency is not None
    rule = Rule(frozenset({"alert:*"}), agencies=frozenset({agency}))
    outsider = replace(people.stranger, rules=(rule,), _memory={})

    with pytest.raises(AlertNotFoundError):
        await desk.issue(draft, outsider)
    async with desk.room.db.transaction(outsider) as tx:
        assert b"[]" == await api.list_drafts(outsider, tx, desk.room.clock.now())


async def test_what_is_released_is_what_was_read(desk: Desk) -> None:
    draft = await desk.draft()
    await desk.write(draft, desk.fields())
    await desk.ask(draft)
    version = await desk.version(draft)
    await desk.write(draft, replace(desk.fields(), severity="Minor"))

    with pytest.raises(NotOpenError):
        await desk.issue(draft, version=version)
    await desk.ask(draft)
    with pytest.raises(ChangedMeanwhileError):
        await desk.issue(draft, version=version)


async def test_an_update_names_all_before_it_and_takes_their_place(desk: Desk) -> None:
    first = await desk.issued()
    desk.room.clock.advance(60)
    second = await desk.issued("Update", first)
    desk.room.clock.advance(60)
    third = await desk.issued("Update", second)

    names = [(await desk.told(one)).identifier for one in (first, second)]
    assert names == [one.identifier for one in (await desk.told(third)).references]
    assert [str(third)] == [one["id"] for one in await desk.room.in_force()]
    with pytest.raises(NotInForceError):
        await desk.draft("Update", first)


async def test_a_cancel_ends_it_and_says_why(desk: Desk) -> None:
    first = await desk.issued()
    desk.room.clock.advance(60)
    cancel = await desk.issued("Cancel", first, note="Air sudah surut")
    alert = await desk.told(cancel)

    assert "Air sudah surut" == alert.note
    assert ("Past", ("AllClear",)) == (alert.infos[0].urgency, alert.infos[0].responses)
    assert [] == await desk.room.in_force()
    past = await desk.room.past()
    assert "cancelled" == past[(await desk.told(first)).identifier]["ended_how"]
    with pytest.raises(NotInForceError):
        await desk.draft("Cancel", first)


async def test_of_two_who_end_the_same_alert_the_second_is_told(desk: Desk) -> None:
    first = await desk.issued()
    drafts = [await desk.draft("Cancel", first) for _ in range(2)]
    for draft in drafts:
        await desk.write(draft, replace(desk.fields(), note="surut"))
        await desk.ask(draft)

    found = await asyncio.gather(*map(desk.issue, drafts), return_exceptions=True)

    assert {UUID, NotInForceError} == {type(one) for one in found}


async def test_one_that_expired_while_it_waited_is_not_released(desk: Desk) -> None:
    draft = await desk.draft()
    await desk.write(draft, desk.fields())
    await desk.ask(draft)
    desk.room.clock.advance(4 * 3600)

    with pytest.raises(NotReadyError) as caught:
        await desk.issue(draft)
    assert "expires" == caught.value.params["fields"]


async def test_an_exercise_is_public_as_one_and_never_in_force(desk: Desk) -> None:
    alert_id = await desk.issued(status="Exercise")

    assert "Exercise" == (await desk.told(alert_id)).status
    assert [] == await desk.room.in_force()
    assert b"<title>LATIHAN: Banjir" in await desk.index()


async def test_a_kecamatan_is_told_with_its_outline_and_its_code(desk: Desk) -> None:
    code = desk.office.taker.atlas.wards()[0].kecamatan.code
    alert = await desk.told(await desk.issued(rings=(), districts=(code,), area_name=""))
    area = alert.infos[0].areas[0]

    assert (("Kemendagri", code),) == area.geocodes
    assert len(area.polygons) >= 1
    assert [code] == (await desk.room.in_force())[0]["districts"]


async def test_of_an_incident_neither_address_nor_caller_comes_along(
    desk: Desk, people: World
) -> None:
    incident = await people.sent(callback_number="+62811444", caller_name="Sri")
    scope = desk.now(desk.writer)
    async with desk.room.db.transaction(scope) as tx:
        draft = await api.begin(scope, tx, "Alert", incident_id=incident)
        content = await api.show_draft(scope, tx, draft)

    assert content is not None
    shown = msgspec.json.decode(content)
    assert ["73.71.05"] == shown["fields"]["districts"]
    assert (None, []) == (shown["fields"]["circle"], shown["fields"]["rings"])
    text = msgspec.json.encode(shown["fields"]).decode()
    assert not any(one in text for one in ("811444", "Sri", "Lorong"))


@pytest.mark.parametrize(
    ("fields", "said", "en"),
    [
        ({"type": "flood"}, "Banjir, genangan", "Flood"),
        ({"event_text": "Air naik"}, "Air naik", ""),
    ],
)
async def test_of_an_incident_what_happened_is_said_as_its_card_is_called_or_by_the_caller(
    desk: Desk,
    people: World,
    fields: dict[str, str],
    said: str,
    en: str,
) -> None:
    incident = await people.draft(place_text="lr 5 kandea", **fields)
    await people.send(incident)
    scope = desk.now(desk.writer)
    async with desk.room.db.transaction(scope) as tx:
        content = await api.show_draft(
            scope, tx, await api.begin(scope, tx, "Alert", incident_id=incident)
        )

    assert content is not None
    shown = msgspec.json.decode(content)["fields"]
    assert (said, en) == (shown["id"]["event"], shown["en"]["event"])


async def test_every_deed_is_in_the_audit(desk: Desk) -> None:
    await desk.issued()
    async with desk.room.db.transaction(desk.room.system) as tx:
        query = "select action from audit_entry where action like 'alert:%%' order by recorded_at"
        rows = await (await tx.execute(query)).fetchall()

    assert [f"alert:{one}" for one in ("drafted", "draft_written", "asked", "issued")] == [
        row["action"] for row in rows
    ]


NOW = datetime(2026, 11, 24, 6, tzinfo=UTC)
WORDS = st.builds(Words, TEXTS.filter(bool), TEXTS.filter(bool), TEXTS.filter(bool), TEXTS)
COORDINATES = st.tuples(
    st.integers(-80, 80).map(lambda n: n / 7), st.integers(-170, 170).map(lambda n: n / 7)
)
FIELDS = st.builds(
    Fields,
    id=WORDS,
    en=st.just(Words()) | WORDS,
    status=st.sampled_from(composing.ISSUED_AS),
    category=st.sampled_from(words.CATEGORIES),
    urgency=st.sampled_from(words.URGENCIES),
    severity=st.sampled_from(words.SEVERITIES),
    certainty=st.sampled_from(words.CERTAINTIES),
    responses=st.lists(st.sampled_from(words.RESPONSES), max_size=3).map(tuple),
    starts_at=st.none() | st.just(NOW + timedelta(minutes=5)),
    expires=st.integers(1, 200).map(lambda hours: NOW + timedelta(hours=hours, microseconds=7)),
    area_name=TEXTS,
    rings=st.lists(st.lists(COORDINATES, min_size=3, max_size=6).map(tuple), max_size=2).map(tuple),
    circle=st.none() | st.tuples(st.just(-5.1), st.just(119.4), st.floats(0.1, 200)),
    contact=TEXTS,
    note=TEXTS,
)


@given(FIELDS, st.sampled_from(["Alert", "Update", "Cancel"]))
def test_whatever_is_whole_is_written_by_all_rules_and_read_as_it_was(
    fields: Fields, kind: DraftKind
) -> None:
    issuer = Issuer("alert@makassar.example", "Kota Makassar")
    sent = NOW.astimezone(timezone(timedelta(hours=8))) + timedelta(microseconds=123_456)
    first = Alert("m-0", issuer.sender, NOW, "Actual", "Alert")
    if composing.lacking(fields, kind, {}, NOW):
        return

    previous = None if kind == "Alert" else first
    alert = composing.compose(fields, kind, issuer, {}, previous, ("m-1", sent))

    assert [] == problems(alert)
    assert write_alert(alert) == write_alert(read_alert(write_alert(alert)).alert)
    assert (kind == "Alert") == (alert.references == ())


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"expires": None}, "expires"),
        ({"expires": NOW}, "expires"),
        ({"rings": ()}, "area"),
        ({"rings": (((1.0, 1.0), (1.0, 1.0), (2.0, 2.0)),)}, "area"),
        ({"districts": ("99.99.99",)}, "area"),
        ({"severity": "Bad"}, "severity"),
        ({"status": "System"}, "status"),
        ({"id": Words("Banjir", "", "x")}, "headline"),
        ({"en": Words("", "Flood", "x")}, "event_en"),
    ],
)
def test_what_lacks_is_named(change: dict[str, object], name: str) -> None:
    whole = Fields(id=Words("a", "b", "c"), expires=NOW + timedelta(hours=1), rings=(TRIANGLE,))

    assert [] == composing.lacking(whole, "Alert", {}, NOW)
    changed = replace(whole, **change)  # type: ignore[arg-type]
    assert [name] == composing.lacking(changed, "Alert", {}, NOW)


def test_a_draft_is_judged_by_its_agency() -> None:
    agency = UUID(int=1)
    draft = Draft(UUID(int=2), agency, "Alert", Fields(), 1, "draft", (UUID(int=3),))

    assert (agency, draft.id) == (draft.sides["agency_id"], draft.sides["object_id"])
