"""Claims about photos of crews: kept once, without what names a place, shown to who may."""

import hashlib
import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.dispatch.incident_world import Room
from tests.dispatch.test_incidents import crew_of
from tests.dispatch.test_replay import after
from tests.photos import photo
from tests.scopes import EVERYTHING
from warroom.dispatch import api
from warroom.dispatch.errors import NotOnDutyError, TaskNotFoundError
from warroom.incidents import api as incidents
from warroom.incidents.contracts import Incident
from warroom.incidents.errors import BadPhotoError, IncidentNotFoundError
from warroom.incidents.photos import PhotoFiles
from warroom.kernel.blobs import BlobDamagedError
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Scope
from warroom.kernel.sealed_files import FileSealer


@pytest.fixture
def files(tmp_path: Path) -> PhotoFiles:
    return PhotoFiles(tmp_path / "photos", FileSealer(bytes(32)))


async def sent_out(room: Room) -> tuple[Incident, UUID, Scope]:
    incident = await room.incident()
    (sent,) = await room.send(incident, api.Wanted(room.engines[0], "engine"))
    return incident, sent.assignment_id, await crew_of(room, room.engines[0])


async def take(
    files: PhotoFiles, room: Room, crew: Scope, assignment: UUID, **more: Any
) -> tuple[api.Photo, bool]:
    room.world.clock.advance(60)
    now = room.now
    made = replace(api.Photo(new_id(), photo(), now - timedelta(seconds=30), now), **more)
    async with room.world.db.transaction(crew) as tx:
        return made, await api.photograph(files, crew, tx, assignment, made, now)


async def look(files: PhotoFiles, room: Room, scope: Scope, photo_id: UUID) -> bytes:
    async with room.world.db.transaction(scope) as tx:
        looks = incidents.Looks()
        return await incidents.read_photo(files, looks, scope, tx, photo_id, room.now)


async def listed(room: Room, scope: Scope, incident: Incident) -> list[dict[str, Any]]:
    async with room.world.db.transaction(scope) as tx:
        return await incidents.list_photos(scope, tx, incident.id)


async def test_a_photo_is_kept_once_with_its_hash_its_unit_and_its_time(
    files: PhotoFiles, room: Room
) -> None:
    incident, assignment, crew = await sent_out(room)

    made, is_new = await take(files, room, crew, assignment)
    _, is_again_new = await take(files, room, crew, assignment, id=made.id)
    (one,) = await listed(room, room.fire_desk, incident)
    content = await look(files, room, room.fire_desk, made.id)

    assert (is_new, is_again_new) == (True, False)
    assert (one["id"], one["unit"], one["taken_at"]) == (made.id, "Damkar 1", made.at)
    assert one["sha256"] == hashlib.sha256(content).hexdigest()
    assert b"GPS" not in content
    events = await room.world.rows(
        "select happened_at, source from incident_event where kind = 'photographed'"
    )
    assert [(row["happened_at"], row["source"]) for row in events] == [(made.at, "unit")]
    audited = await room.world.rows(
        "select action from audit_entry where action like 'incident:photo%%' order by action"
    )
    assert [row["action"] for row in audited] == ["incident:photo_viewed", "incident:photographed"]


async def test_the_paper_after_the_incident_lists_it(files: PhotoFiles, room: Room) -> None:
    incident, assignment, crew = await sent_out(room)
    before = await after(room, incident, room.fire_desk)
    await take(files, room, crew, assignment)
    (one,) = await listed(room, room.fire_desk, incident)

    paper = await after(room, incident, room.fire_desk)

    assert one["sha256"] not in before
    assert one["sha256"] in paper


async def test_who_takes_no_part_sees_none(files: PhotoFiles, room: Room) -> None:
    incident, assignment, crew = await sent_out(room)
    made, _ = await take(files, room, crew, assignment)

    # The crew itself holds no right on incidents; the health service takes no part.
    for scope in (crew, await crew_of(room, room.ambulance)):
        assert await listed(room, scope, incident) == []
        with pytest.raises(IncidentNotFoundError):
            await look(files, room, scope, made.id)


async def test_who_did_not_serve_on_the_unit_adds_none(files: PhotoFiles, room: Room) -> None:
    incident, assignment, _ = await sent_out(room)

    with pytest.raises(TaskNotFoundError):
        await take(files, room, await crew_of(room, room.ambulance), assignment)
    with pytest.raises(NotOnDutyError):
        await take(files, room, await crew_of(room, room.engines[1]), assignment)
    assert await listed(room, EVERYTHING, incident) == []


async def test_what_is_no_photo_is_refused_and_leaves_nothing(
    files: PhotoFiles, room: Room, tmp_path: Path
) -> None:
    _, assignment, crew = await sent_out(room)

    for content in (b"<svg onload='x'/>", photo(width=9_000)):
        with pytest.raises(BadPhotoError):
            await take(files, room, crew, assignment, content=content)

    assert list((tmp_path / "photos").glob("*/*")) == []


async def test_a_picture_that_was_changed_on_disk_is_not_shown(
    files: PhotoFiles, room: Room, tmp_path: Path
) -> None:
    _, assignment, crew = await sent_out(room)
    made, _ = await take(files, room, crew, assignment)
    (path,) = (tmp_path / "photos").glob("*/*")
    path.write_bytes(b"another")

    with pytest.raises(BlobDamagedError):
        await look(files, room, room.fire_desk, made.id)


async def test_files_go_with_their_incident_and_no_other(
    files: PhotoFiles, room: Room, tmp_path: Path
) -> None:
    _, assignment, crew = await sent_out(room)
    made, _ = await take(files, room, crew, assignment)
    for content in (b"of an incident that is gone", b"being stored now"):
        files.put(content)
    gone = tmp_path / "photos" / hashlib.sha256(b"of an incident that is gone").hexdigest()[:2]
    kept = await look(files, room, room.fire_desk, made.id)
    old = (room.now - timedelta(days=2)).timestamp()
    new = room.now.timestamp()
    for path in (tmp_path / "photos").glob("*/*"):
        is_new = path.name == hashlib.sha256(b"being stored now").hexdigest()
        os.utime(path, (new, new) if is_new else (old, old))

    async with room.world.db.transaction(EVERYTHING) as tx:
        count = await incidents.sweep(files, EVERYTHING, tx, room.now)

    assert count == 1
    assert list(gone.glob("*")) == []
    assert await look(files, room, room.fire_desk, made.id) == kept
    assert len(list((tmp_path / "photos").glob("*/*"))) == 2
