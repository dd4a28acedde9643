"""What one request may see and do, and the predicate that narrows every query to it.

A `Scope` is built only in `identity` (from roles and grants) and in tests; everything else takes
it as its first argument. It is default deny: a scope without rules sees nothing, and a rule that
denies beats every rule that allows.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import sql

from warroom.kernel.errors import NotFoundError


@dataclass(frozen=True, slots=True)
class Rule:
    """One sentence of a person's rights: these actions, on these things, in this time.

    `None` means "any"; an empty set means "none". A thing that has no place (or agency, or tags)
    is matched only by rules that do not ask for one.

    Attributes:
        actions: Words as `camera:view`; `camera:*` and `*` stand for many.
        agencies: Owners whose things are meant.
        places: Area codes; a code stands for everything below it (`73.71.04` for its kelurahan).
        objects: Single things.
        tags: Things that carry at least one of these tags.
        deny: Whether the rule takes away instead of giving.
        starts_at: First instant at which it holds.
        ends_at: First instant at which it no longer holds.
        purpose: What the things were lent for; None for rights of one's own.
        footage_from: First instant of recorded pictures that may be seen by it; None is no limit.
        footage_to: First instant of recorded pictures that may no longer be seen by it.
    """

    actions: frozenset[str]
    agencies: frozenset[UUID] | None = None
    places: frozenset[str] | None = None
    objects: frozenset[UUID] | None = None
    tags: frozenset[str] | None = None
    deny: bool = False
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    purpose: str | None = None
    footage_from: datetime | None = None
    footage_to: datetime | None = None

    def covers(self, action: str) -> bool:
        """Whether the rule speaks of `action`."""
        domain = action.partition(":")[0]
        return not self.actions.isdisjoint((action, f"{domain}:*", "*"))

    def holds_at(self, at: datetime) -> bool:
        """Whether the rule is in force at `at`."""
        began = self.starts_at is None or self.starts_at <= at
        return began and (self.ends_at is None or at < self.ends_at)

    def matches(
        self,
        agency_id: UUID | None,
        place: str | None,
        object_id: UUID | None,
        tags: Collection[str],
    ) -> bool:
        """Whether the rule speaks of a thing with these owner, place, id and tags."""
        return (
            (self.agencies is None or agency_id in self.agencies)
            and (self.places is None or _lies_in(place, self.places))
            and (self.objects is None or object_id in self.objects)
            and (self.tags is None or not self.tags.isdisjoint(tags))
        )


@dataclass(frozen=True, slots=True)
class Scope:
    """Who asks, through which door, when, and by which rules.

    Attributes:
        person_id: The person, or None for a service of the system itself.
        agency_id: Their agency; a person without one holds no rules.
        rules: Rights, already limited to the ones in force at `at`.
        at: The instant of the request; limits in time were judged by it.
        door: `web`, `api`, `cli`, `system` or `test`.
        session_id: The session or token that was shown.
        address: The network address the request came from.
        purpose: Why, in words, where the person was asked for it.
        label: What to call the asker: the person's name, or the service's (`media rec-1`).
        agency_label: What to call their agency, for records that outlive both.
    """

    person_id: UUID | None
    agency_id: UUID | None
    rules: tuple[Rule, ...]
    at: datetime
    door: str
    session_id: UUID | None = None
    address: str | None = None
    purpose: str | None = None
    label: str = ""
    agency_label: str = ""
    _memory: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)

    def may(self, action: str) -> bool:
        """Whether the action is allowed on anything at all."""
        return any(not rule.deny for rule in self._of(action))

    def require(self, action: str) -> None:
        """Lets a holder of `action` pass.

        Raises:
            NotFoundError: Nothing may be done by this word; the answer does not tell why.
        """
        if not self.may(action):
            raise NotFoundError

    def allows(
        self,
        action: str,
        *,
        agency_id: UUID | None,
        place: str | None = None,
        object_id: UUID | None = None,
        tags: Collection[str] = (),
    ) -> bool:
        """Whether the action is allowed on the thing with this owner, place, id and tags."""
        rules = self._matching(action, agency_id, place, object_id, tags)
        return bool(rules) and not any(rule.deny for rule in rules)

    def purpose_of(
        self,
        action: str,
        *,
        agency_id: UUID | None,
        place: str | None = None,
        object_id: UUID | None = None,
        tags: Collection[str] = (),
    ) -> str | None:
        """What for the action is allowed on the thing, where it is allowed only for a purpose.

        None if it is a right of the asker's own, or no right at all.
        """
        purposes = [
            rule.purpose
            for rule in self._matching(action, agency_id, place, object_id, tags)
            if not rule.deny
        ]
        return None if not purposes or None in purposes else purposes[0]

    def footage_of(
        self,
        action: str,
        *,
        agency_id: UUID | None,
        place: str | None = None,
        object_id: UUID | None = None,
        tags: Collection[str] = (),
    ) -> tuple[tuple[datetime | None, datetime | None], ...] | None:
        """The stretches (from, to) of recorded pictures to which the right is limited.

        None is no limit; an open end is None as well.
        """
        spans = {
            (rule.footage_from, rule.footage_to)
            for rule in self._matching(action, agency_id, place, object_id, tags)
            if not rule.deny
        }
        return None if (None, None) in spans else tuple(spans)

    def narrow(
        self,
        action: str,
        *,
        agency: str | None = "agency_id",
        place: str | None = "place",
        id: str | None = "id",  # noqa: A002 - it names the column `id`
        tags: str | None = "tags",
    ) -> tuple[sql.Composable, dict[str, Any]]:
        """The same judgement as `allows`, as an SQL predicate over columns.

        Args:
            action: The action word.
            agency: Column (may be qualified, `c.agency_id`) of the owner; None if there is none.
            place: Column of the area code (text).
            id: Column of the thing's id.
            tags: Column of the tags (text[]).

        Returns:
            The predicate and its parameters (names begin with `scope_`), to be merged into the
            query's own.
        """
        columns = (agency, place, id, tags)
        if columns not in self._memory.setdefault(action, {}):
            self._memory[action][columns] = _predicate(self._of(action), columns)
        predicate, parameters = self._memory[action][columns]
        return predicate, dict(parameters)

    def database_settings(self) -> dict[str, str]:
        """What row-level security, the second wall, is told for the length of a transaction."""
        allowing = [rule for rule in self.rules if not rule.deny]
        if any(rule.agencies is None for rule in allowing):
            agencies = "*"
        else:
            seen = {agency for rule in allowing for agency in rule.agencies or ()}
            agencies = "{" + ",".join(sorted(map(str, seen))) + "}"
        return {
            "warroom.agencies": agencies,
            "warroom.person": str(self.person_id or ""),
            "warroom.agency": str(self.agency_id or ""),
            "warroom.door": self.door,
        }

    def _matching(
        self,
        action: str,
        agency_id: UUID | None,
        place: str | None,
        object_id: UUID | None,
        tags: Collection[str],
    ) -> list[Rule]:
        return [
            rule for rule in self._of(action) if rule.matches(agency_id, place, object_id, tags)
        ]

    def _of(self, action: str) -> tuple[Rule, ...]:
        key = ("rules", action)
        if key not in self._memory:
            self._memory[key] = tuple(
                rule for rule in self.rules if rule.covers(action) and rule.holds_at(self.at)
            )
        rules: tuple[Rule, ...] = self._memory[key]
        return rules


def _lies_in(place: str | None, areas: frozenset[str]) -> bool:
    return place is not None and any(
        place == area or place.startswith(f"{area}.") for area in areas
    )


def _predicate(
    rules: tuple[Rule, ...], columns: tuple[str | None, str | None, str | None, str | None]
) -> tuple[sql.Composable, dict[str, Any]]:
    parameters: dict[str, Any] = {}
    allowing, denying = (
        [
            clause
            for number, rule in enumerate(rules)
            if rule.deny is deny
            and (clause := _clause(rule, number, columns, parameters)) is not None
        ]
        for deny in (False, True)
    )
    if not allowing:
        return sql.SQL("false"), {}
    predicate: sql.Composable = sql.SQL("({})").format(sql.SQL(" or ").join(allowing))
    if denying:
        predicate = sql.SQL("({} and not coalesce({}, false))").format(
            predicate, sql.SQL("({})").format(sql.SQL(" or ").join(denying))
        )
    return predicate, parameters


def _clause(
    rule: Rule,
    number: int,
    columns: tuple[str | None, str | None, str | None, str | None],
    parameters: dict[str, Any],
) -> sql.Composable | None:
    """One rule as SQL; None if it asks for something that the things of this table do not have."""
    agency, place, object_id, tags = columns
    parts: list[sql.Composable] = []
    wanted: tuple[tuple[str, str | None, frozenset[Any] | None, str], ...] = (
        ("agency", agency, rule.agencies, "{column} = any({value}::uuid[])"),
        (
            "place",
            place,
            rule.places,
            "exists (select from unnest({value}::text[]) area"
            " where {column} = area or starts_with({column}, area || '.'))",
        ),
        ("id", object_id, rule.objects, "{column} = any({value}::uuid[])"),
        ("tags", tags, rule.tags, "{column} && {value}::text[]"),
    )
    for word, column, values, template in wanted:
        if values is None:
            continue
        if column is None:
            return None
        name = f"scope_{word}_{number}"
        parameters[name] = sorted(values)
        parts.append(
            sql.SQL(template).format(
                column=sql.SQL(".").join(map(sql.Identifier, column.split("."))),
                value=sql.Placeholder(name),
            )
        )
    return sql.SQL("({})").format(sql.SQL(" and ").join(parts)) if parts else sql.SQL("true")
