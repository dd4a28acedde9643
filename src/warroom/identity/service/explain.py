"""Why somebody may, or may not, do something to a thing."""

from warroom.identity.service.scopes import scope_of
from warroom.identity.store import people as people_store
from warroom.kernel.db import Transaction
from warroom.kernel.errors import NotFoundError
from warroom.kernel.scope import Scope


async def scope_of_person(scope: Scope, tx: Transaction, login: str) -> Scope:
    """The rights of a person in view, as they have them now; to be looked at, not to act by.

    Raises:
        NotFoundError: No such person in view.
    """
    person = await people_store.find_person_by_login(scope, tx, login.strip().lower())
    if person is None:
        raise NotFoundError
    principal = await people_store.find_principal(scope, tx, person)
    return scope_of(principal, scope.at, scope.door, None)
