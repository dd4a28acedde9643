"""Writing a request: its words, its attachments, until it is sent."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from warroom.access.contracts import REQUEST, RequestDraft
from warroom.access.errors import (
    BadFileError,
    ChangedMeanwhileError,
    FileTooLargeError,
    IncompleteError,
    TooManyFilesError,
    WrongStateError,
)
from warroom.access.rules import requests as rules
from warroom.access.service.loading import Loaded, load, tell
from warroom.access.settings import AccessSettings
from warroom.access.store import directory
from warroom.access.store import requests as store
from warroom.kernel.blobs import Blobs
from warroom.kernel.db import Transaction
from warroom.kernel.errors import NotFoundError
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Scope

MOST_FILES = 10


async def create_request(
    scope: Scope, tx: Transaction, draft: RequestDraft, settings: AccessSettings
) -> UUID:
    """Keeps a draft of the asker's own agency; nobody else is told of it.

    Raises:
        NotFoundError: The asker writes no requests for their agency.
        IncompleteError: Something is missing or contradicts itself.
    """
    if scope.agency_id is None or not scope.allows(REQUEST, agency_id=scope.agency_id):
        raise NotFoundError
    labels = await _check(scope, tx, draft, scope.agency_id, settings)
    request_id = new_id()
    await store.insert_request(scope, tx, request_id, draft, labels)
    loaded = await load(scope, tx, request_id, REQUEST)
    await tell(scope, tx, loaded, "drafted", [scope.agency_id])
    return request_id


async def change_request(
    scope: Scope,
    tx: Transaction,
    request_id: UUID,
    version: int,
    draft: RequestDraft,
    settings: AccessSettings,
) -> None:
    """Writes a draft anew.

    Raises:
        NotFoundError: No such request of the asker's agency.
        ChangedMeanwhileError: `version` is not the stored one.
        WrongStateError: It was sent.
        IncompleteError: Something is missing or contradicts itself.
    """
    loaded = await take_own(scope, tx, request_id)
    if loaded.row["version"] != version:
        raise ChangedMeanwhileError
    _require_draft(scope, loaded)
    labels = await _check(scope, tx, draft, loaded.row["from_agency_id"], settings)
    await store.update_request(scope, tx, request_id, draft, labels)
    await tell(scope, tx, loaded, "changed", [loaded.row["from_agency_id"]])


async def take_own(scope: Scope, tx: Transaction, request_id: UUID) -> Loaded:
    """A request that the asker may change, locked.

    Raises:
        NotFoundError: No such request of an agency for which they write requests.
    """
    loaded = await load(scope, tx, request_id, REQUEST, lock=True)
    if not scope.allows(REQUEST, agency_id=loaded.row["from_agency_id"]):
        raise NotFoundError
    return loaded


async def attach(
    scope: Scope,
    tx: Transaction,
    request_id: UUID,
    name: str,
    content: bytes,
    blobs: Blobs,
    settings: AccessSettings,
) -> UUID:
    """Adds a file to a draft; what it is, is told by its first bytes and nothing else.

    Raises:
        NotFoundError: No such request of the asker's agency.
        WrongStateError: It was sent.
        FileTooLargeError: It is larger than the settings allow.
        BadFileError: It is no PDF, JPEG or PNG.
        TooManyFilesError: There are as many as there may be.
    """
    loaded = await take_own(scope, tx, request_id)
    _require_draft(scope, loaded)
    if len(content) > settings.attachment_mb * 1_000_000:
        raise FileTooLargeError(limit_mb=settings.attachment_mb)
    media_type = rules.media_type_of(content)
    if media_type is None:
        raise BadFileError
    if len(await store.list_attachments(scope, tx, [request_id])) >= MOST_FILES:
        raise TooManyFilesError(limit=MOST_FILES)
    blob = blobs.put(content)
    attachment_id = await store.insert_attachment(
        scope,
        tx,
        {
            "id": new_id(),
            "request_id": request_id,
            "name": rules.clean_name(name),
            "media_type": media_type,
            "size": blob.size,
            "digest": blob.digest,
        },
    )
    detail = {"digest": blob.digest, "size": blob.size}
    await tell(scope, tx, loaded, "attached", [loaded.row["from_agency_id"]], detail=detail)
    return attachment_id


async def find_attachment(
    scope: Scope, tx: Transaction, request_id: UUID, attachment_id: UUID, action: str
) -> dict[str, Any]:
    """One attachment of a request in view; reading it is written down.

    Raises:
        NotFoundError: No such attachment, or not for this scope.
    """
    loaded = await load(scope, tx, request_id, action)
    for item in await store.list_attachments(scope, tx, [request_id]):
        if item["id"] == attachment_id:
            agencies = [part["owner_id"] for part in loaded.parts]
            await tell(
                scope,
                tx,
                loaded,
                "attachment_read",
                agencies or [loaded.row["from_agency_id"]],
                detail={"digest": item["digest"]},
            )
            return item
    raise NotFoundError


async def _check(
    scope: Scope, tx: Transaction, draft: RequestDraft, agency_id: UUID, settings: AccessSettings
) -> dict[str, Any]:
    """The words that are kept beside ids, once everything is right.

    Raises:
        IncompleteError: Something is missing or contradicts itself.
    """
    rules.check_actions(draft.actions)
    rules.check_rings(draft.rings)
    longest = timedelta(days=settings.longest_days)
    if draft.ends_at <= draft.starts_at or draft.ends_at - draft.starts_at > longest:
        raise IncompleteError(field="ends_at")
    if draft.footage_from and draft.footage_to and draft.footage_from >= draft.footage_to:
        raise IncompleteError(field="footage_to")
    known = {agency["id"] for agency in await directory.list_agencies(scope, tx)}
    if not set(draft.owners) <= known or agency_id in draft.owners:
        raise IncompleteError(field="owners")
    if not set(draft.roles) <= {one["name"] for one in await directory.list_roles(scope, tx)}:
        raise IncompleteError(field="roles")
    people = await directory.find_people(scope, tx, agency_id, list(draft.people))
    if len(people) != len(set(draft.people)):
        raise IncompleteError(field="people")
    names = {person["id"]: person["name"] for person in people}
    basis = [one for one in await directory.list_basis(scope, tx) if one["id"] == draft.basis_id]
    if not basis or not basis[0]["is_active"]:
        raise IncompleteError(field="basis_id")
    return {
        "basis_label": f"{basis[0]['law']} {basis[0]['article']}",
        "people_label": [names[person_id] for person_id in draft.people],
    }


def _require_draft(scope: Scope, loaded: Loaded) -> None:
    status = rules.status(loaded.case, scope.at)
    if status != "draft":
        raise WrongStateError(status=status)
