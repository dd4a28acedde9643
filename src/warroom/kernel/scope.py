"""What one request may see and do, and the predicate that narrows every query to it.

A `Scope` is built only in `identity` (from roles and grants) and in tests; everything else takes
it as its first argument. It is default deny: a scope without rules sees nothing, and a rule that
denies beats every rule that allows.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any, NamedTuple, TypedDict
from uuid import UUID

import msgspec
from psycopg import sql

from warroom.kernel.errors import NotFoundError

_SIDES = ("agencies", "places", "objects", "tags", "classes")
"""By what a rule may be limited: the names of these fields of `Rule`."""


AS_TEXT = "::text"
"""Behind the name of a column of ids: the column holds them as text."""


class Sides(TypedDict):
    """All that a thing is judged by, for `Scope.allows(word, **sides)`; nothing can be left out.

    A kind of thing whose rights may be limited by place, tag or class has one function that makes
    its sides (of a camera `Camera.sides`), so that a judgement cannot forget one of them.
    """

    agency_id: UUID | None
    place: str | None
    object_id: UUID | None
    tags: tuple[str, ...]
    class_: str | None


class Columns(TypedDict):
    """The same sides as columns, for `Scope.narrow(word, **columns)`; None where there is none."""

    agency: str | None
    place: str | None
    id: str | None
    tags: str | None
    class_: str | None


@dataclass(frozen=True, slots=True)
class Rule:
    """One sentence of a person's rights: these actions, on these things, in this time.

    `None` means "any"; an empty set means "none". A thing that has no place (or agency, tags or
    class) is matched only by rules that do not ask for one.

    Attributes:
        actions: Words as `camera:view`; `camera:*` and `*` stand for many.
        agencies: Owners whose things are meant.
        places: Area codes; a code stands for everything below it (`73.71.04` for its kelurahan).
        objects: Single things.
        tags: Things that carry at least one of these tags.
        classes: Things of these classes (of a camera and its footage: the retention class).
        deny: Whether the rule takes away instead of giving.
        starts_at: First instant at which it holds.
        ends_at: First instant at which it no longer holds.
        purpose: What the things were lent for; None for rights of one's own.
        footage_from: First instant of recorded pictures, and of tracks, that may be seen by it;
            None is no limit.
        footage_to: First instant of them that may no longer be seen by it.
    """

    actions: frozenset[str]
    agencies: frozenset[UUID] | None = None
    places: frozenset[str] | None = None
    objects: frozenset[UUID] | None = None
    tags: frozenset[str] | None = None
    classes: frozenset[str] | None = None
    deny: bool = False
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    purpose: str | None = None
    footage_from: datetime | None = None
    footage_to: datetime | None = None

    def covers(self, action: str) -> bool:
        """Whether the rule speaks of `action`."""
        return not self.actions.isdisjoint(_words_for(action))

    def holds_at(self, at: datetime) -> bool:
        """Whether the rule is in force at `at`."""
        began = self.starts_at is None or self.starts_at <= at
        return began and (self.ends_at is None or at < self.ends_at)

    def matches(
        self,
        agency_id: UUID | None,
        place: str | None,
        object_id: UUID | None,
        tags: Collection[str] | None,
        class_: str | None,
    ) -> bool:
        """Whether the rule speaks of a thing with these owner, place, id, tags and class."""
        return (
            (self.agencies is None or agency_id in self.agencies)
            and (self.objects is None or object_id in self.objects)
            and (self.classes is None or class_ in self.classes)
            and (self.places is None or _lies_in(place, self.places))
            and (self.tags is None or not self.tags.isdisjoint(tags or ()))
        )


_OTHERS = tuple(
    item.name
    for item in fields(Rule)
    if item.name not in (*_SIDES, "actions", "starts_at", "ends_at")
)
"""What else tells rules apart once their words and times were asked."""


_OF, _UNTIL = "of", "until"
"""In a scope's memory: whose, of which rules and from when; until when it holds."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Who asks, through which door, when, and by which rules.

    Attributes:
        person_id: The person, or the service account of a program; None for a service of the system
            itself.
        agency_id: Their agency; a person without one holds no rules.
        rules: Rights, already limited to the ones in force at `at`.
        at: The instant of the request; limits in time were judged by it.
        door: `web`, `api`, `cli`, `system` or `test`.
        session_id: The session or token that was shown.
        address: The network address the request came from.
        purpose: Why, in words, where the person was asked for it.
        label: What to call the asker: the person's name, or the service's (`media rec-1`).
        agency_label: What to call their agency, for records that outlive both.
        is_program: Whether a program asks, which is no row of `person`.
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
    is_program: bool = False
    _memory: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Forgets what was worked out for another asker, other rules, or before one changed.

        `dataclasses.replace` hands the memory on with the rest.
        """
        if self._memory and not self._is_same_as_remembered():
            object.__setattr__(self, "_memory", {})
        if not self._memory:
            asker = (self.person_id, self.agency_id, self.door)
            self._memory[_OF] = (asker, self.rules, self.at)

    def _is_same_as_remembered(self) -> bool:
        asker, rules, since = self._memory[_OF]
        if rules is not self.rules or asker != (self.person_id, self.agency_id, self.door):
            return False
        until = self.remembered(_UNTIL, lambda: _first_change(rules, since))
        return since <= self.at and (until is None or self.at < until)

    @property
    def author_id(self) -> UUID | None:
        """The person who did it, for columns of people; which program it was is in the audit."""
        return None if self.is_program else self.person_id

    def may(self, action: str) -> bool:
        """Whether the action is allowed on anything, as far as the rules alone tell.

        What a rule takes away everywhere is allowed nowhere. Where rules that are limited take
        away, together, all that others give, this still says yes, and nothing is found.
        """
        return self._of(action).allows_something

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
        tags: Collection[str] | None = (),
        class_: str | None = None,
    ) -> bool:
        """Whether the action is allowed on the thing with this owner, place, id, tags and class."""
        is_allowed = False
        for rule in self._matching(action, agency_id, place, object_id, tags, class_):
            if rule.deny:
                return False
            is_allowed = True
        return is_allowed

    def denials_of(self, action: str) -> tuple[Rule, ...]:
        """The rules in force that take the action away; their words and times are let go."""
        return tuple(rule for rule in self._of(action).rules if rule.deny)

    def allows_in_city(self, action: str, place: str | None = None) -> bool:
        """Whether the action is allowed on what belongs to no agency: the roads and their state.

        A right on one's own agency's things holds here as well; one limited to areas holds in them
        (and where nothing is said of the place), one limited to single things, tags or classes does
        not. What is denied must be denied of all owners.
        """
        is_allowed = False
        for rule in self._of(action).rules:
            is_limited = (rule.objects, rule.tags, rule.classes) != (None, None, None)
            if is_limited or (rule.deny and rule.agencies is not None):
                continue
            if rule.places is not None and place is not None and not _lies_in(place, rule.places):
                continue
            if rule.deny:
                if rule.places is None or place is not None:
                    return False
                continue
            is_allowed = True
        return is_allowed

    def purpose_of(
        self,
        action: str,
        *,
        agency_id: UUID | None,
        place: str | None = None,
        object_id: UUID | None = None,
        tags: Collection[str] | None = (),
        class_: str | None = None,
    ) -> str | None:
        """What for the action is allowed on the thing, where it is allowed only for a purpose.

        None if it is a right of the asker's own, or no right at all.
        """
        purposes = [
            rule.purpose
            for rule in self._matching(action, agency_id, place, object_id, tags, class_)
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
        tags: Collection[str] | None = (),
        class_: str | None = None,
    ) -> tuple[tuple[datetime | None, datetime | None], ...] | None:
        """The stretches (from, to) of recorded pictures to which the right is limited.

        None is no limit; an open end is None as well.
        """
        spans = {
            (rule.footage_from, rule.footage_to)
            for rule in self._matching(action, agency_id, place, object_id, tags, class_)
            if not rule.deny
        }
        return None if (None, None) in spans else tuple(spans)

    def agencies_of(self, action: str) -> frozenset[UUID] | None:
        """The agencies whose things the action may be allowed on at most; None if of any."""
        allowing = [rule.agencies for rule in self._of(action).rules if not rule.deny]
        return _union(allowing)

    def narrow(
        self,
        action: str,
        *,
        agency: str | None = "agency_id",
        place: str | None = "place",
        id: str | None = "id",  # noqa: A002 - it names the column `id`
        tags: str | None = "tags",
        class_: str | None = None,
        seen_at: str | None = None,
    ) -> tuple[sql.Composable, dict[str, Any]]:
        """The same judgement as `allows`, as an SQL predicate over columns.

        Args:
            action: The action word.
            agency: Column (may be qualified, `c.agency_id`) of the owner; None if there is none.
            place: Column of the area code (text).
            id: Column of the thing's id; `object_id::text` where it is one of text.
            tags: Column of the tags (text[]).
            class_: Column of the class (text).
            seen_at: Column of the instant that a row tells of (timestamptz), where rows are what
                was seen of a thing: a right to a stretch of it reaches the rows of that stretch.

        Returns:
            The predicate and its parameters (names begin with `scope_` and the action), to be
            merged into the query's own. Predicates of several actions may stand in one query.
        """
        columns = (agency, place, id, tags, class_, seen_at)
        predicate, parameters = self.remembered(
            ("predicate", action, columns),
            lambda: _predicate(action, self._of(action).rules, columns),
        )
        return predicate, dict(parameters)

    def narrow_denied(
        self,
        action: str,
        *,
        agency: str | None,
        place: str | None,
        id: str | None,  # noqa: A002 - it names the column `id`
        tags: str | None,
        class_: str | None,
    ) -> sql.Composable:
        """Whether a rule takes the action away; its parameters are among those of `narrow`."""
        columns = (agency, place, id, tags, class_, None)
        predicate: sql.Composable = self.remembered(
            ("denied", action, columns),
            lambda: _denied(_clauses(action, self._of(action).rules, columns, {}, deny=True)),
        )
        return predicate

    def database_settings(self) -> dict[str, str]:
        """What row-level security, the second wall, is told for the length of a transaction.

        It is told of the things that the rules allow to do anything with, not of the action words
        and not of what is denied: the wall is as wide as the widest right, never wider.
        """
        return {
            "warroom.agencies": "{}",
            "warroom.person": str(self.person_id or ""),
            "warroom.agency": str(self.agency_id or ""),
            "warroom.door": self.door,
            **_wall(self.rules, self.at),
        }

    def remembered(self, key: Any, work: Callable[[], Any]) -> Any:
        """What `work` comes to, worked out once: it must follow from who asks and the rules."""
        if key not in self._memory:
            self._memory[key] = work()
        return self._memory[key]

    def bare(self) -> "Scope":
        """The same asker and rules without what was worked out for them: up to a megabyte."""
        return replace(self, _memory={})

    def _matching(
        self,
        action: str,
        agency_id: UUID | None,
        place: str | None,
        object_id: UUID | None,
        tags: Collection[str] | None,
        class_: str | None,
    ) -> Iterator[Rule]:
        """The rules that speak of this action on such a thing; those that deny come first."""
        by_agency = self._of(action).by_agency
        for rules in (by_agency.get(None, ()), by_agency.get(agency_id, ()) if agency_id else ()):
            for rule in rules:
                if rule.matches(agency_id, place, object_id, tags, class_):
                    yield rule

    def _of(self, action: str) -> "_Judgement":
        judgement: _Judgement = self.remembered(
            ("rules", action), lambda: _judgement(self._covering(action))
        )
        return judgement

    def _covering(self, action: str) -> Iterator[Rule]:
        by_word: dict[str, list[Rule]] = self.remembered(
            "by_word", lambda: _by_word(rule for rule in self.rules if rule.holds_at(self.at))
        )
        seen = set()
        for word in _words_for(action):
            for rule in by_word.get(word, ()):
                if id(rule) not in seen:
                    seen.add(id(rule))
                    yield rule


class _Judgement(NamedTuple):
    """Everything that is to be known about one action, in as few rules as say it."""

    rules: tuple[Rule, ...]
    by_agency: dict[UUID | None, tuple[Rule, ...]]
    """The same rules by the agencies that they name; under None those that name none."""
    allows_something: bool


def _words_for(action: str) -> tuple[str, str, str]:
    return action, f"{action.partition(':')[0]}:*", "*"


def _by_word(rules: Iterable[Rule]) -> dict[str, list[Rule]]:
    found: dict[str, list[Rule]] = {}
    for rule in rules:
        for word in rule.actions:
            found.setdefault(word, []).append(rule)
    return found


def _judgement(rules: Iterable[Rule]) -> _Judgement:
    merged = _merged(rules)
    by_agency: dict[UUID | None, list[Rule]] = {}
    for rule in merged:
        for agency in (None,) if rule.agencies is None else rule.agencies:
            by_agency.setdefault(agency, []).append(rule)
    return _Judgement(
        merged,
        {agency: tuple(found) for agency, found in by_agency.items()},
        any(not rule.deny for rule in merged) and not any(map(_takes_all, merged)),
    )


def _takes_all(rule: Rule) -> bool:
    return rule.deny and all(getattr(rule, side) is None for side in _SIDES)


def _merged(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """The same things in fewer rules, those that deny first; words and times are let go.

    Rules that differ by one side alone are one rule: what either matches, the union does. Five
    hundred grants on a camera each become one rule with five hundred cameras.
    """
    found = [tuple(getattr(rule, name) for name in _SIDES + _OTHERS) for rule in rules]
    for at in range(len(_SIDES)):
        groups: dict[tuple[Any, ...], list[frozenset[Any] | None]] = {}
        for values in found:
            groups.setdefault(values[:at] + values[at + 1 :], []).append(values[at])
        found = [(*rest[:at], _union(sets), *rest[at:]) for rest, sets in groups.items()]
    merged = (
        Rule(frozenset(), **dict(zip(_SIDES + _OTHERS, values, strict=True))) for values in found
    )
    return tuple(sorted(merged, key=lambda rule: not rule.deny))


def _union[T](sets: list[frozenset[T] | None]) -> frozenset[T] | None:
    known = [one for one in sets if one is not None]
    return frozenset().union(*known) if len(known) == len(sets) else None


def _lies_in(place: str | None, areas: frozenset[str]) -> bool:
    """Whether the place is one of the areas, or lies below one: `73.71.04` in `73.71`."""
    while place:
        if place in areas:
            return True
        place = place.rpartition(".")[0]
    return False


def _first_change(rules: Iterable[Rule], since: datetime) -> datetime | None:
    """The first instant after `since` at which a rule begins or ends; None if never."""
    moments = (moment for rule in rules for moment in (rule.starts_at, rule.ends_at))
    return min((m for m in moments if m is not None and m > since), default=None)


type _Columns = tuple[str | None, str | None, str | None, str | None, str | None, str | None]


def _predicate(
    action: str, rules: tuple[Rule, ...], columns: _Columns
) -> tuple[sql.Composable, dict[str, Any]]:
    parameters: dict[str, Any] = {}
    allowing = _clauses(action, rules, columns, parameters, deny=False)
    denying = _clauses(action, rules, columns, parameters, deny=True)
    if not allowing:
        return sql.SQL("false"), parameters
    predicate: sql.Composable = sql.SQL("({})").format(sql.SQL(" or ").join(allowing))
    if denying:
        predicate = sql.SQL("({} and not {})").format(predicate, _denied(denying))
    return predicate, parameters


def _clauses(
    action: str,
    rules: tuple[Rule, ...],
    columns: _Columns,
    parameters: dict[str, Any],
    *,
    deny: bool,
) -> list[sql.Composable]:
    return [
        clause
        for number, rule in enumerate(rules)
        if rule.deny is deny
        and (clause := _clause(rule, f"{action}_{number}", columns, parameters)) is not None
    ]


def _denied(denying: list[sql.Composable]) -> sql.Composable:
    """Whether one of these holds; a side that a thing does not have is asked for in vain."""
    if not denying:
        return sql.SQL("false")
    return sql.SQL("coalesce({}, false)").format(
        sql.SQL("({})").format(sql.SQL(" or ").join(denying))
    )


def _clause(
    rule: Rule, name: str, columns: _Columns, parameters: dict[str, Any]
) -> sql.Composable | None:
    """One rule as SQL; None if it asks for something that the things of this table do not have."""
    agency, place, object_id, tags, class_, seen_at = columns
    of_ids = "uuid[]"
    if object_id is not None and object_id.endswith(AS_TEXT):
        object_id, of_ids = object_id.removesuffix(AS_TEXT), "uuid[]::text[]"
    parts: list[sql.Composable] = []
    wanted: tuple[tuple[str, str | None, frozenset[Any] | None, str], ...] = (
        ("agencies", agency, rule.agencies, "{column} = any({value}::uuid[])"),
        ("objects", object_id, rule.objects, f"{{column}} = any({{value}}::{of_ids})"),
        ("classes", class_, rule.classes, "{column} = any({value}::text[])"),
        ("places", place, _with_dots(rule.places), "({column} || '.') ^@ any({value}::text[])"),
        ("tags", tags, rule.tags, "{column} && {value}::text[]"),
    )
    for side, column, values, template in wanted:
        if values is None:
            continue
        if column is None:
            return None
        key = f"scope_{name}_{side}".replace(":", "_")
        parameters[key] = sorted(values)
        parts.append(_compared(template, column, key))
    # What takes away takes the thing away whole, as in `allows`: a stretch limits only what gives.
    if seen_at is not None and not rule.deny:
        for side, moment, template in (
            ("from", rule.footage_from, "{column} >= {value}"),
            ("to", rule.footage_to, "{column} < {value}"),
        ):
            if moment is not None:
                key = f"scope_{name}_{side}".replace(":", "_")
                parameters[key] = moment
                parts.append(_compared(template, seen_at, key))
    return sql.SQL("({})").format(sql.SQL(" and ").join(parts)) if parts else sql.SQL("true")


def _compared(template: str, column: str, key: str) -> sql.Composable:
    return sql.SQL(template).format(
        column=sql.SQL(".").join(map(sql.Identifier, column.split("."))),
        value=sql.Placeholder(key),
    )


def _with_dots(places: frozenset[str] | None) -> frozenset[str] | None:
    """Areas as the beginnings of codes: `73.71.` begins `73.71.04.` and not `73.710.`."""
    return None if places is None else frozenset(f"{place}." for place in places)


def _wall(rules: Iterable[Rule], at: datetime) -> dict[str, str]:
    """The things that the rules in force allow anything with, for the policies of the tables.

    A rule with one side becomes a value of that side's setting; one with several sides goes whole
    into `warroom.rules`. What is not set is none.
    """
    settings: dict[str, str] = {}
    several = []
    for rule in _merged(
        Rule(
            frozenset(),
            rule.agencies,
            _with_dots(rule.places),
            rule.objects,
            rule.tags,
            rule.classes,
        )
        for rule in rules
        if not rule.deny and rule.holds_at(at)
    ):
        sides = {side: getattr(rule, side) for side in _SIDES if getattr(rule, side) is not None}
        if not sides:
            return {"warroom.agencies": "*"}
        if len(sides) == 1:
            ((side, values),) = sides.items()
            settings[f"warroom.{side}"] = _array(values)
        else:
            several.append({side: sorted(map(str, values)) for side, values in sides.items()})
    if several:
        settings["warroom.rules"] = msgspec.json.encode(several).decode()
    return settings


def _array(values: Iterable[Any]) -> str:
    """A literal of PostgreSQL's arrays."""
    quoted = (
        '"{}"'.format(str(value).replace("\\", "\\\\").replace('"', '\\"')) for value in values
    )
    return "{" + ",".join(sorted(quoted)) + "}"
