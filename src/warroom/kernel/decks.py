"""Decks of versioned cards: the product brings some, a city writes its own over them.

A card belongs to the city and to no agency. Every version that was asked or written stays; what
the city wrote goes before the product's, also before a later product's.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from typing import Any
from uuid import UUID

import msgspec
from psycopg import sql

from warroom.kernel import profile
from warroom.kernel.db import Transaction, fetch_json
from warroom.kernel.errors import NotFoundError, WarRoomError
from warroom.kernel.i18n import languages
from warroom.kernel.profile import ProfileError
from warroom.kernel.scope import Scope

_CODE = re.compile("[a-z][a-z0-9_]{1,39}")

_WRITTEN = sql.SQL(
    "select distinct on (code) body from {} where written_by is not null"
    " order by code, version desc"
)

_HIGHEST = sql.SQL("select coalesce(max(version), 0) as version from {} where code = %(code)s")

_INSERT = sql.SQL(
    """
insert into {} (code, version, body, written_at, written_by)
values (%(code)s, %(version)s, %(body)s, %(now)s, %(person_id)s)
on conflict do nothing
returning version
"""
)

_VERSIONS = sql.SQL(
    """
select coalesce(json_agg(json_build_object('version', c.version, 'written_at', c.written_at,
    'written_by', p.name, 'card', c.body) order by c.version desc), '[]')::text
from {} c left join person p on p.id = c.written_by where c.code = %(code)s
"""
)


type Text = dict[str, str]
"""A text by language (ISO 639-1)."""


def is_said(text: Text) -> bool:
    """Whether a text is there in every language that the city speaks."""
    return all(text.get(language, "").strip() for language in languages())


def first_said(text: Text) -> str:
    """A text in the first language of the city in which it is there; empty if in none."""
    wanted = (text.get(language, "") for language in (*languages(), *text))
    return next((said for said in wanted if said.strip()), "")


def brought[C](of: type[C], package: str, name: str) -> tuple[C, ...]:
    """The cards of the city's profile, else those that the product brings.

    Raises:
        ProfileError: The profile's file holds no such cards.
    """
    city = profile.current()
    own = city.file(name)
    if own is None:
        own = files(package).joinpath(name).read_bytes()
    try:
        return tuple(msgspec.json.decode(own, type=list[of]))  # type: ignore[valid-type]
    except msgspec.MsgspecError as error:
        raise ProfileError(profile=city.name, problem=f"{name}: {error}") from error


class Card(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One version of a card; a domain says what else stands on it.

    Attributes:
        code: Stable word.
        version: Counts from 1.
    """

    code: str
    version: int


@dataclass(frozen=True, slots=True)
class Deck[C: Card]:
    """One deck, over a table of `code, version, body, written_at, written_by`.

    Attributes:
        sort: What a card is read as.
        brought: The cards of the product.
        check: Gives the card back if it can be used, and raises otherwise.
        action: Whoever may do it for the whole city writes cards.
        bad: Raised with `problem` for what is no card.
        changed: Raised with `version` where somebody wrote one meanwhile.
    """

    table: str
    sort: type[C]
    brought: Callable[[], Sequence[C]]
    check: Callable[[C], C]
    action: str
    bad: Callable[..., WarRoomError]
    changed: Callable[..., WarRoomError]

    def over(self, written: Iterable[C]) -> dict[str, C]:
        """The cards in force by code, where the city wrote these, older versions first."""
        return {card.code: card for card in (*self.brought(), *written)}

    async def in_force(self, scope: Scope, tx: Transaction) -> dict[str, C]:  # noqa: ARG002
        """The cards in force by code, retired ones among them."""
        rows = await (await tx.execute(self._on(_WRITTEN))).fetchall()
        return self.over(msgspec.convert(row["body"], self.sort) for row in rows)

    async def find(self, scope: Scope, tx: Transaction, code: str | None) -> C | None:
        """The card in force of this code; None where there is none."""
        return (await self.in_force(scope, tx)).get(code) if code else None

    async def versions(
        self,
        scope: Scope,  # noqa: ARG002 - cards are no agency's own
        tx: Transaction,
        code: str,
    ) -> list[dict[str, Any]]:
        """Every version that was asked or written, and the product's own, the newest first."""
        kept: list[dict[str, Any]] = msgspec.json.decode(
            await fetch_json(tx, self._on(_VERSIONS), {"code": code})
        )
        known = {one["version"] for one in kept}
        kept += [
            {"version": card.version, "written_at": None, "written_by": None, "card": card}
            for card in self.brought()
            if card.code == code and card.version not in known
        ]
        return sorted(kept, key=lambda one: -one["version"])

    async def keep_brought(self, scope: Scope, tx: Transaction, card: C, now: datetime) -> None:  # noqa: ARG002
        """Keeps a card of the product that was asked: a later product brings another."""
        if card in self.brought():
            await self._insert(None, tx, card, now)

    async def write(self, scope: Scope, tx: Transaction, content: Any, now: datetime) -> C:
        """Writes the next version of a card, or the first of a new one; older ones stay.

        Args:
            scope: Who asks: a person who may do this for the whole city.
            tx: Its transaction; the caller audits.
            content: The card; `version` is the one that it was made from, 0 for a new one.
            now: By our clock.

        Raises:
            NotFoundError: The asker does not do this for the whole city.
            WarRoomError: `bad` or `changed`.
        """
        if scope.person_id is None or not scope.allows(self.action, agency_id=None):
            raise NotFoundError
        try:
            told = msgspec.convert(content, self.sort)
        except msgspec.ValidationError as error:
            raise self.bad(problem=str(error)) from error
        if not _CODE.fullmatch(told.code):
            raise self.bad(problem="code")
        before = (await self.in_force(scope, tx)).get(told.code)
        if told.version != (before.version if before else 0):
            raise self.changed(version=before.version if before else 0)
        if before is not None:
            await self.keep_brought(scope, tx, before, now)
        query = self._on(_HIGHEST)
        row = await (await tx.execute(query, {"code": told.code})).fetchone()
        # The product may have brought, and kept, versions after the one that the city goes on with.
        version = max(told.version, row["version"] if row else 0) + 1
        card = self.check(msgspec.structs.replace(told, version=version))
        if not await self._insert(scope.person_id, tx, card, now):
            raise self.changed(version=version)
        return card

    async def _insert(
        self, person_id: UUID | None, tx: Transaction, card: C, now: datetime
    ) -> bool:
        values = {
            "code": card.code,
            "version": card.version,
            "body": msgspec.json.encode(card).decode(),
            "now": now,
            "person_id": person_id,
        }
        return await (await tx.execute(self._on(_INSERT), values)).fetchone() is not None

    def _on(self, query: sql.SQL) -> sql.Composed:
        return query.format(sql.Identifier(self.table))
