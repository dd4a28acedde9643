"""Erasing the account of somebody who left: a pseudonym stays, and nothing leads from it to them.

Entries of the audit and what others signed refer to an account by its id. The id was drawn at
random and says nothing; the row of the account was the only thing that led from it to a name.
"""

from typing import Any
from uuid import UUID

from warroom.audit import api as audit
from warroom.identity.contracts import Erasers
from warroom.identity.errors import StillActiveError
from warroom.identity.service.factors import require_proof
from warroom.identity.service.people import require_person
from warroom.identity.store import people as store
from warroom.kernel import deletions
from warroom.kernel.db import Transaction
from warroom.kernel.errors import NeedsSessionError, NotFoundError
from warroom.kernel.scope import Scope


def pseudonym(person_id: UUID) -> tuple[str, str]:
    """Login and name of an erased account: from its id alone, so that two can be told apart."""
    code = person_id.hex[-12:]
    return f"terhapus-{code}", f"Akun terhapus {code[-6:]}"


async def erase_person(
    scope: Scope,
    tx: Transaction,
    erasers: Erasers,
    person_id: UUID,
    reason: str,
    prove_minutes: float,
) -> dict[str, int]:
    """Erases name, login, post, password, factors, sessions, tokens, roles and links for good.

    Grants to the person end. What the law wants kept stays under the pseudonym: entries of the
    audit, signatures, holds. The chain of the audit is not touched.

    Returns:
        How much was deleted, by store.

    Raises:
        NotFoundError: No such person in reach, or it is the asker.
        NeedsSessionError: A token asks for it.
        StillActiveError: The account is in use.
        ErasedError: It was erased before.
        BeyondOwnRightsError: The person has more rights than the scope.
        ProveItError: It is too long since the asker proved who they are.
    """
    if scope.door == "api":
        raise NeedsSessionError
    person = await require_person(scope, tx, person_id)
    if person_id == scope.person_id:
        raise NotFoundError
    await require_proof(scope, tx, prove_minutes)
    if person["is_active"]:
        raise StillActiveError
    login, name = pseudonym(person_id)
    gone = await store.erase_person(scope, tx, person_id, login, name)
    for word, eraser in erasers.by_store.items():
        gone[word] = await eraser(scope, tx, person_id)
    gone = {word: count for word, count in gone.items() if count}
    for word, count in gone.items():
        await deletions.note(scope, tx, _deletion(scope, person, word, count))
    await audit.record(
        scope,
        tx,
        action="person:erased",
        object_kind="person",
        object_id=person_id,
        agency_id=person["agency_id"],
        reason=reason,
        detail={"deleted": gone},
    )
    return gone


def _deletion(
    scope: Scope, person: dict[str, Any], store_word: str, count: int
) -> deletions.Deletion:
    return deletions.Deletion(
        store_word,
        "account",
        "erased",
        count,
        scope.at,
        scope.at,
        agency_id=person["agency_id"],
    )
