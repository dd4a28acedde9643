"""The one root of all errors that a person may meet.

A domain subclasses `WarRoomError` in its `errors.py` with a stable `code`; the text a person reads
is the message `error.<code>` in their language, filled with the error's parameters. Numbers of
HTTP, WebSocket and the command line are given by one table in `app`.
"""

from enum import StrEnum
from typing import Any, ClassVar


class Kind(StrEnum):
    """What went wrong, as far as a door (HTTP, socket, command line) must know."""

    INVALID = "invalid"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    TOO_LARGE = "too_large"
    LIMITED = "limited"
    UNAVAILABLE = "unavailable"
    INTERNAL = "internal"


class WarRoomError(Exception):
    """Something a person can be told: a stable code, a kind and parameters for its text.

    Args:
        **params: Values for the text. They are shown to people and logged: never a password, a
            plate, a face, a phone number or a patient.
    """

    code: ClassVar[str] = "internal"
    kind: ClassVar[Kind] = Kind.INTERNAL

    def __init__(self, **params: Any) -> None:
        super().__init__(self.code)
        self.params = params


class NotFoundError(WarRoomError):
    """The thing does not exist, or not for this person: nobody can tell which."""

    code = "not_found"
    kind = Kind.NOT_FOUND


class UnauthenticatedError(WarRoomError):
    """Nobody is signed in."""

    code = "unauthenticated"
    kind = Kind.UNAUTHENTICATED


class ForbiddenError(WarRoomError):
    """The request itself is not allowed, whoever sends it (foreign origin, missing header)."""

    code = "forbidden"
    kind = Kind.FORBIDDEN


class NeedsSessionError(ForbiddenError):
    """This can be done by a person who signed in, not by a token."""

    code = "needs_session"


class InvalidError(WarRoomError):
    """The request cannot be read; `fields` names what is wrong where."""

    code = "invalid"
    kind = Kind.INVALID


class TooLargeError(WarRoomError):
    """More bytes than this door takes (`limit_bytes`)."""

    code = "too_large"
    kind = Kind.TOO_LARGE


class UnavailableError(WarRoomError):
    """Something this needs is away for now; trying again later is right."""

    code = "unavailable"
    kind = Kind.UNAVAILABLE
