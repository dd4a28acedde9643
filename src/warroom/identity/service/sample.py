"""Puts the agencies, people and grants of the demonstration in place."""

from uuid import UUID

from warroom.identity import sample
from warroom.identity.contracts import NewGrant, NewPerson
from warroom.identity.service.agencies import ensure_agencies
from warroom.identity.service.grants import create_grant
from warroom.identity.service.people import ensure_people
from warroom.identity.store import grants as grant_store
from warroom.kernel.db import Transaction
from warroom.kernel.scope import Scope


async def ensure_sample(scope: Scope, tx: Transaction) -> dict[str, UUID]:
    """Makes what is missing of the sample; returns agency ids by short name."""
    agencies = await ensure_agencies(scope, tx, list(sample.AGENCIES))
    people = [
        NewPerson(login, name, agencies[agency], title, roles=dict.fromkeys(roles.split(), reach))
        for login, name, title, agency, roles, reach in sample.PEOPLE
    ]
    await ensure_people(scope, tx, people)
    letters = await grant_store.list_letters(scope, tx)
    for agency, actions, place, letter in sample.GRANTS:
        if letter not in letters:
            grant = NewGrant(
                actions,
                "Pemantauan bersama kota (simulasi)",
                to_agency_id=agencies[agency],
                places=(place,),
                letter=letter,
            )
            await create_grant(scope, tx, grant)
    return agencies
