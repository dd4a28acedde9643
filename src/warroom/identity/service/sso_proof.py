"""Showing once more who one is at the provider that one signs in by.

A provider remembers its own session, so that somebody who comes back from it may not have done
anything there. Whoever is to prove who they are is sent with `prompt=login` and `max_age=0`, and
what counts is the time that the ID token says (`auth_time`), not that somebody came back.

References:
    OpenID Connect Core 1.0, sections 2 (`auth_time`), 3.1.2.1 (`prompt`, `max_age`).
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from warroom.audit import api as audit
from warroom.identity import factor_rules, sso_rules
from warroom.identity.contracts import Provider
from warroom.identity.errors import SsoOverError, SsoUnknownError
from warroom.identity.store import factors as factor_store
from warroom.identity.store import providers as store
from warroom.kernel.db import Database
from warroom.kernel.scope import Scope


async def prove(
    db: Database,
    scope: Scope,
    provider: Provider,
    attempt: Mapping[str, Any],
    claims: Mapping[str, Any],
    lasts: timedelta,
) -> None:
    """The asker's session is proven now, if they signed in anew at the provider since they left.

    Args:
        db: The database.
        scope: The provider's.
        provider: Where they were.
        attempt: How they left.
        claims: What the provider says, checked.
        lasts: How long an attempt lasts.

    Raises:
        SsoOverError: The session is over.
        SsoUnknownError: It is another person's account, or they have a second factor that the
            provider has not seen.
        UntrustedError: The provider does not say that they signed in anew.
    """
    if not attempt["is_session_open"]:
        raise SsoOverError
    sso_rules.require_fresh(claims, attempt["expires_at"] - lasts, scope.at)
    is_strong = sso_rules.is_second_factor(provider, claims)
    async with db.transaction(scope) as tx:
        known = await store.find_linked(scope, tx, provider.id, claims["sub"])
        if known is None or not known["is_active"] or known["person_id"] != attempt["person_id"]:
            raise SsoUnknownError(provider=provider.name)
        demand = await factor_store.find_demand(scope, tx, known["person_id"])
        if demand.has_factor and not is_strong:
            raise SsoUnknownError(provider=provider.name)
        strength = factor_rules.SECOND_FACTOR if is_strong else factor_rules.PASSWORD
        way = f"oidc:{provider.slug}"
        await factor_store.prove_session(scope, tx, way, strength, attempt["session_id"])
        await audit.record(
            scope,
            tx,
            action="session:proven",
            object_kind="person",
            object_id=known["person_id"],
            agency_id=known["agency_id"],
            detail={"way": way},
        )
