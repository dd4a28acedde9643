"""Credentials are kinds: each is made, shown and looked up as what it is, and stands for no other.

| kind | begins | is shown in | opens | is kept in |
|---|---|---|---|---|
| `SessionSecret` | `wrs_` | the session's cookie | door `web` | `session` |
| `TokenSecret` | `wr_` | `Authorization: Bearer` | door `api` | `api_token` |
| `LinkSecret` | `wrl_` | the body of `POST /api/session/link` | a session | `sign_in_link` |
| `TicketSecret` | `wrt_` | the body of a second half | that step alone | `sign_in_step` |
| `SeatPass` | `wrp_` | the seat's cookie | nothing by itself | `sign_in_step` |

A kind is read in its own place alone; what is found there and is of another kind is nothing. The
functions of `store` take kinds, not texts, and the beginning is a part of what is hashed, so that a
secret of one kind finds no row of another even where a table is mistaken.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass
from typing import ClassVar, Self

_REST = re.compile(r"[A-Za-z0-9_-]{43}")
"""256 random bits in base64url (RFC 4648, section 5), without padding."""


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """What somebody shows; its text is given out once and kept nowhere."""

    text: str
    BEGINS: ClassVar[str]

    @classmethod
    def new(cls) -> Self:
        """One that nobody has."""
        return cls(cls.BEGINS + secrets.token_urlsafe(32))

    @classmethod
    def read(cls, text: str | None) -> Self | None:
        """The secret in this text, if it is one of this kind."""
        if text is None or not text.startswith(cls.BEGINS):
            return None
        return cls(text) if _REST.fullmatch(text, len(cls.BEGINS)) else None

    @property
    def digest(self) -> bytes:
        """What is kept of it (SHA-256; 256 random bits need no salt)."""
        return hashlib.sha256(self.text.encode()).digest()

    def __repr__(self) -> str:
        """The kind alone."""
        return f"{type(self).__name__}(...)"


class SessionSecret(Secret):
    """Of somebody who signed in at a browser."""

    __slots__ = ()
    BEGINS = "wrs_"
    DOOR: ClassVar[str] = "web"


class TokenSecret(Secret):
    """Of a script that acts for a person, or of an agency's program."""

    __slots__ = ()
    BEGINS = "wr_"
    DOOR: ClassVar[str] = "api"


class LinkSecret(Secret):
    """Of a one-time link of the demonstration."""

    __slots__ = ()
    BEGINS = "wrl_"


class TicketSecret(Secret):
    """Of a step that waits for its second half."""

    __slots__ = ()
    BEGINS = "wrt_"


class SeatPass(TicketSecret):
    """Of a browser that has shown the key of a seat."""

    __slots__ = ()
    BEGINS = "wrp_"


type Credential = SessionSecret | TokenSecret
"""What a request is judged by."""
