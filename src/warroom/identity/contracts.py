"""What crosses the border of `identity`."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from warroom.kernel.actions import Action, declare
from warroom.kernel.scope import Scope

type RightKind = Literal["role", "grant", "token", "seat"]
"""What a review of rights goes through."""

type Reach = Literal["own", "city"]

ACTIONS = declare(
    Action("access:approve", "request"),
    Action("access:break_glass", "camera"),
    Action("access:configure", "request", "configure"),
    Action("access:request", "request", "manage"),
    Action("access:review", "request"),
    Action("access:view", "request", "manage", for_programs=True),
    Action("agency:configure", "agency", "configure"),
    Action("agency:view", "agency", "view", for_programs=True),
    Action("application:configure", "application", "configure"),
    Action("application:view", "application", "manage"),
    Action("grant:configure", "grant", "configure"),
    Action("grant:view", "grant", "manage"),
    Action("person:configure", "person", "configure"),
    Action("person:factors", "person", "configure"),
    Action("person:sessions", "person", "configure"),
    Action("person:view", "person", "manage"),
    Action("provider:configure", "provider"),
    Action("provider:view", "provider"),
    Action("role:configure", "role", "configure"),
    Action("seat:configure", "seat", "configure"),
    Action("sign_in:configure", "sign_in"),
    Action("system:view", "system", "manage", is_ahead=True, for_programs=True),
    Action("token:create", "token", "configure"),
)
"""Words of rights themselves, and `system:view`, for pages that show a machine."""


class Agency(msgspec.Struct, frozen=True):
    """An agency as a scope needs it."""

    id: UUID
    kind: str
    name: str
    short: str
    is_active: bool = True


class HeldRole(msgspec.Struct, frozen=True):
    """A role that a person has, its actions, how far it reaches, and when it lapses."""

    name: str
    actions: list[str]
    reach: str
    lapses_at: datetime | None = None


class HeldGrant(msgspec.Struct, frozen=True):
    """A grant that reaches a person, to them or to their agency."""

    id: UUID
    actions: list[str]
    agencies: list[UUID] | None = None
    places: list[str] | None = None
    objects: list[UUID] | None = None
    tags: list[str] | None = None
    classes: list[str] | None = None
    deny: bool = False
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    purpose: str | None = None
    footage_from: datetime | None = None
    footage_to: datetime | None = None


class TokenLimits(msgspec.Struct, frozen=True):
    """What is asked of a token at each request.

    Attributes:
        networks: Where it may be used (CIDR); none is anywhere.
        per_minute: Requests a minute; None is what the settings say.
        is_account: Whether it is a service account's, not a person's.
    """

    expires_at: datetime
    networks: list[str]
    per_minute: int | None
    is_account: bool


Factor = Literal["none", "any", "passkey"]
"""What a role asks of a sign-in beside a password."""


class Demand(msgspec.Struct, frozen=True):
    """What a person's roles ask of a sign-in, and what they have to show.

    Attributes:
        required: The most that any of their roles asks for.
        due_at: From then on a sign-in without it may do nothing but enrol; None: not asked yet.
        seats_only: Whether they may sign in at enrolled seats alone.
        recovery: Recovery codes that were not used yet.
    """

    required: Factor = "none"
    grace_days: int = 0
    due_at: datetime | None = None
    seats_only: bool = False
    totp: bool = False
    passkeys: int = 0
    recovery: int = 0

    @property
    def has_factor(self) -> bool:
        """Whether a sign-in by password is asked for a second step."""
        return self.totp or self.passkeys > 0


class Principal(msgspec.Struct, frozen=True):
    """Everything a person's, or a service account's, rights follow from, read in one statement.

    Attributes:
        session_id: The session or token that was shown.
        only_actions: What the token is limited to; None is no limit.
        token: Limits of the token, if one was shown.
        strength: What the session showed: 0 a password, 1 a second factor, 2 a passkey.
        demand: What the roles ask of a session; None for tokens, which no demand locks out.
        must_change: Whether the session came by a password that somebody else knows.
        ends_at: When the session ends in any case; None for tokens.
    """

    person_id: UUID
    login: str
    name: str
    title: str
    language: str
    agency: Agency | None
    roles: list[HeldRole]
    grants: list[HeldGrant]
    session_id: UUID | None = None
    only_actions: list[str] | None = None
    token: TokenLimits | None = None
    strength: int = 0
    demand: Demand | None = None
    must_change: bool = False
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewAgency:
    """An agency to be made."""

    kind: str
    name: str
    short: str
    place: str | None = None


@dataclass(frozen=True, slots=True)
class NewPerson:
    """A person to be made; roles by name, each with its reach."""

    login: str
    name: str
    agency_id: UUID | None
    title: str = ""
    language: str = "id"
    roles: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Thing:
    """A thing as a right sees it, and what people call it.

    Attributes:
        kind: Kind of the thing: `camera`, `unit`, `agency`, `person`.
        agency_id: Its owner; None for what is the city's and no agency's.
        place: Area code.
        class_: Of a camera, its retention class; of a unit, its kind.
        of_city: Whether it is judged as the roads are (`Scope.allows_in_city`).
    """

    kind: str
    id: UUID
    label: str
    agency_id: UUID | None
    place: str | None = None
    tags: tuple[str, ...] = ()
    class_: str | None = None
    of_city: bool = False


type Finder = Callable[[Scope, Any, str], Awaitable[Thing | None]]
"""Scope, transaction, and what people call the thing."""


@dataclass(frozen=True, slots=True)
class Finders:
    """How other domains find a thing in view by what people call it; the first that knows it."""

    by_kind: Mapping[str, Finder]


_finders: dict[str, Finder] = {}


def finds(kind: str) -> Callable[[Finder], Finder]:
    """Makes known how things of a kind that carries action words are found.

    A finder answers for what the scope may see of it, and None for anything else. It is known once
    its module is imported; the composition root imports them all.

    Raises:
        ValueError: Another finder is known for the kind.
    """

    def register(finder: Finder) -> Finder:
        if _finders.setdefault(kind, finder) is not finder:
            message = f"{kind} is found twice"
            raise ValueError(message)
        return finder

    return register


def known_finders() -> Finders:
    """The finders of all domains."""
    return Finders(dict(_finders))


def id_of(asked: str) -> UUID | None:
    """The id that was typed, if it is one."""
    try:
        return UUID(asked)
    except ValueError:
        return None


type Eraser = Callable[[Scope, Any, UUID], Awaitable[int]]
"""Scope, transaction, and whose; tells how much was deleted."""


@dataclass(frozen=True, slots=True)
class Erasers:
    """What other domains delete with an account, by store."""

    by_store: Mapping[str, Eraser]


@dataclass(frozen=True, slots=True)
class NewRole:
    """An agency's own role, to be made."""

    agency_id: UUID
    label: str
    actions: tuple[str, ...]
    note: str = ""
    asks_with: tuple[str, ...] = ()
    """Roles it was copied from: what they ask of a sign-in, it asks too."""


@dataclass(frozen=True, slots=True)
class NewGrant:
    """Actions to be given to (or, with `deny`, taken from) one person or one agency.

    Attributes:
        to_role: Only people of the agency who hold this role.
        purpose: What the things are lent for; stands in the audit of all that is done by it.
        footage_from: First instant of recorded pictures that may be seen by it.
        footage_to: First instant of recorded pictures that may no longer be seen by it.
    """

    actions: tuple[str, ...]
    reason: str
    person_id: UUID | None = None
    to_agency_id: UUID | None = None
    agencies: tuple[UUID, ...] | None = None
    places: tuple[str, ...] | None = None
    objects: tuple[UUID, ...] | None = None
    tags: tuple[str, ...] | None = None
    classes: tuple[str, ...] | None = None
    deny: bool = False
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    letter: str = ""
    to_role: str | None = None
    purpose: str | None = None
    footage_from: datetime | None = None
    footage_to: datetime | None = None


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """A session just opened: the secret for the cookie, shown once, and when it ends."""

    token: str
    expires_at: datetime
    principal: Principal
    scope: Scope


@dataclass(frozen=True, slots=True)
class Caller:
    """Where somebody signs in from.

    Attributes:
        address: Network address.
        agent: What the browser calls itself.
        seat: Secret by which this browser has just shown that it is an enrolled seat.
    """

    address: str | None = None
    agent: str = ""
    seat: str | None = None


@dataclass(frozen=True, slots=True)
class SecondStep:
    """The password was right; the session opens when one of these ways is shown as well."""

    ticket: str
    ways: tuple[str, ...]
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class CreatedToken:
    """An API token just made: its secret is shown once."""

    id: UUID
    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class NewApplication:
    """A service account to be made: a program of an agency, and what it may do.

    Attributes:
        reach: `own` for things of the agency, `city` for all (of the city's own agencies only).
        places: Area codes it is limited to; likewise `objects` and `tags`.
        with_grants: Whether it may use, within its actions, what was granted to its agency.
    """

    agency_id: UUID
    name: str
    actions: tuple[str, ...]
    purpose: str = ""
    reach: Reach = "own"
    places: tuple[str, ...] | None = None
    objects: tuple[UUID, ...] | None = None
    tags: tuple[str, ...] | None = None
    with_grants: bool = False


@dataclass(frozen=True, slots=True)
class TokenTerms:
    """How a token may be used: what for, how long, from where and how often."""

    name: str
    days: int
    actions: tuple[str, ...] | None = None
    networks: tuple[str, ...] = ()
    per_minute: int | None = None


@dataclass(frozen=True, slots=True)
class Provider:
    """An OpenID Provider, and for whom it may speak.

    Attributes:
        agencies: The only agencies whose people it may let in.
        agency_claim: Claim that names the person's agency; None where it speaks for one alone.
        agency_map: Which agency each value of the claim means.
        creates: Whether the first sign-in of somebody unknown makes a person.
        default_role: Role of persons made so; None is no role.
        groups_claim: Claim that lists the person's groups.
        role_map: Which role each group means, for persons made by it.
        factor_values: Values of `amr` or `acr` that count as a second factor.
        ends_session: Whether signing out here leads on to the provider's own sign-out.
    """

    id: UUID
    slug: str
    name: str
    issuer: str
    client_id: str
    secret: bytes | None
    scopes: tuple[str, ...]
    agencies: frozenset[UUID]
    agency_claim: str | None
    agency_map: dict[str, UUID]
    creates: bool
    default_role: str | None
    groups_claim: str | None
    role_map: dict[str, str]
    factor_values: frozenset[str]
    ends_session: bool


class Outside(msgspec.Struct, frozen=True):
    """Who somebody is at the provider that let them in.

    Attributes:
        subject: What the provider calls them.
        sid: What it calls its own session, if it says so.
        id_token: Its word, sealed, where signing out here is to end that session.
    """

    provider_id: UUID
    subject: str
    sid: str | None = None
    id_token: bytes | None = None


@dataclass(frozen=True, slots=True)
class Logout:
    """A provider's word that a session of its own is over: whose, or which, and since when."""

    subject: str | None
    sid: str | None
    issued_at: datetime


@dataclass(frozen=True, slots=True)
class Departure:
    """Where a browser is sent to sign in elsewhere, and the secret by which it is known again."""

    url: str
    browser: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """How a sign-in elsewhere ended: the local address to go on to, and what was opened, if any."""

    next: str
    opened: OpenedSession | SecondStep | None
