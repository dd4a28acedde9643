"""Photos that crews take at the place: kept with the incident, as long as it, and no longer."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from warroom.incidents import photo_store, store
from warroom.incidents.contracts import VIEW
from warroom.incidents.errors import BadPhotoError, IncidentNotFoundError, PhotosFullError
from warroom.incidents.jpeg import strip
from warroom.incidents.looks import Looks
from warroom.incidents.service import event_of, get_incident
from warroom.incidents.telling import record, tell
from warroom.kernel.blobs import Blobs
from warroom.kernel.db import Transaction
from warroom.kernel.scope import Scope

MOST = 100
"""Of one incident."""

LONGEST_SIDE = 4_096
_SWEPT_AFTER = timedelta(days=1)


class PhotoFiles(Blobs):
    """Where the pictures lie, by the SHA-256 of what is in them."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A photo as it was taken.

    Attributes:
        id: Made by the phone: the same photo is the same id, however often it is sent.
        agency_id: Of the unit whose crew took it.
        unit: What that unit is called.
    """

    id: UUID
    content: bytes
    at: datetime
    agency_id: UUID
    unit: str


async def add_photo(
    files: PhotoFiles, scope: Scope, tx: Transaction, incident_id: UUID, taken: Taken, now: datetime
) -> bool:
    """Keeps a photo with the incident; False where it was kept before.

    Whether the asker's unit is on the incident is judged by `dispatch`: a crew holds no right on
    incidents. Row-level security holds as ever.

    Raises:
        BadPhotoError: It is no JPEG, or one too large to be shown.
        PhotosFullError: There are as many as an incident may have.
        IncidentNotFoundError: It is there no more.
    """
    found = strip(taken.content)
    if found is None or max(found[1:]) > LONGEST_SIDE:
        raise BadPhotoError(most=LONGEST_SIDE)
    incident = await store.find_walled(scope, tx, incident_id)
    if incident is None:
        raise IncidentNotFoundError
    if await photo_store.has_photo(scope, tx, taken.id):
        return False
    if await photo_store.count_photos(scope, tx, incident_id) >= MOST:
        raise PhotosFullError(most=MOST)
    blob = await asyncio.to_thread(files.put, found[0])
    await photo_store.insert_photo(scope, tx, incident_id, taken, (blob, *found[1:]), now)
    detail = {"photo": str(taken.id), "sha256": blob.digest, "unit": taken.unit}
    row = event_of(
        scope, "photographed", now, event_id=uuid5(taken.id, "photographed"), said_at=taken.at,
        source="unit", detail=detail,
    )  # fmt: skip
    await store.insert_events(scope, tx, incident_id, [row])
    await tell(tx, incident, "photographed", now)
    await record(scope, tx, incident, "photographed", detail)
    return True


async def list_photos(scope: Scope, tx: Transaction, incident_id: UUID) -> list[dict[str, Any]]:
    """Photos of an incident and of those merged into it, the first first; of none in view, none."""
    ids = await store.list_merged(scope, tx, incident_id)
    return await photo_store.list_photos(scope, tx, ids)


async def read_photo(
    files: PhotoFiles, looks: Looks, scope: Scope, tx: Transaction, photo_id: UUID, now: datetime
) -> bytes:
    """One picture as it is kept, checked against its hash; the look is in the audit.

    Raises:
        IncidentNotFoundError: No such photo, or none of an incident in view.
        BlobDamagedError: The file was changed since.
    """
    found = await photo_store.find_photo(scope, tx, photo_id)
    if found is None:
        raise IncidentNotFoundError
    incident = await get_incident(scope, tx, found["incident_id"], VIEW)
    content = files.get(found["digest"])
    if looks.is_new(scope.person_id, photo_id, now):
        detail = {"photo": str(photo_id), "sha256": found["digest"]}
        await record(scope, tx, incident, "photo_viewed", detail)
    return content


async def sweep(files: PhotoFiles, scope: Scope, tx: Transaction, now: datetime) -> int:
    """Deletes the files of which no incident knows any more; tells how many. The system's work."""
    before = now - _SWEPT_AFTER
    count = 0
    for digests in files.groups():
        known = await photo_store.list_known(scope, tx, digests)
        count += sum(files.remove(one, before) for one in digests if one not in known)
    return count
