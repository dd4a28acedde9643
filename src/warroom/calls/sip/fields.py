"""The grammar of header values: lists, parameters, addresses, Via (RFC 3261, 20 and 25)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

TOKEN = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+")
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.\-]+)\s*(?::\s*(\d{1,5}))?")
_SENT = re.compile(r"SIP\s*/\s*2\.0\s*/\s*([A-Za-z0-9\-.!%*_+`'~]+)\s+(\S.*)", re.DOTALL)


class MalformedError(ValueError):
    """A message, or a part of one, that its grammar does not allow.

    Args:
        reason: What is wrong, for the reason phrase; never what was received.
        status: With what a request that has it is answered.
    """

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.reason, self.status = reason, status


def split_top(value: str, separator: str = ",") -> list[str]:
    """The parts between separators that stand neither in quotes nor in angle brackets.

    Raises:
        MalformedError: A quote is not closed.
    """
    if '"' not in value and "<" not in value:
        return [part.strip() for part in value.split(separator)]
    parts, begin = [], 0
    for index in _outside(value, separator):
        parts.append(value[begin:index].strip())
        begin = index + 1
    return [*parts, value[begin:].strip()]


def _outside(value: str, wanted: str) -> list[int]:
    """Where `wanted` stands outside quotes and angle brackets.

    Raises:
        MalformedError: A quote is not closed.
    """
    found: list[int] = []
    quoted, bracketed, skip = False, 0, False
    for index, letter in enumerate(value):
        if skip:
            skip = False
        elif quoted:
            skip = letter == "\\"
            quoted = letter != '"'
        elif letter == wanted and not bracketed:
            found.append(index)
        elif letter == '"':
            quoted = True
        elif letter == "<":
            bracketed += 1
        elif letter == ">" and bracketed:
            bracketed -= 1
    if quoted:
        raise MalformedError("Unbalanced quote")
    return found


def parameters(value: str) -> dict[str, str]:
    """`;a=1;b` as a table: names in lower case, a parameter without a value is empty."""
    found: dict[str, str] = {}
    for part in split_top(value, ";"):
        if part:
            name, _, given = part.partition("=")
            found[name.strip().lower()] = given.strip()
    return found


@dataclass(frozen=True, slots=True)
class NameAddr:
    """`"Name" <uri>;parameters`, as From, To, Contact and Route carry it."""

    uri: str
    display: str = ""
    params: Mapping[str, str] = field(default_factory=dict)

    @property
    def tag(self) -> str:
        """The tag; empty where there is none."""
        return self.params.get("tag", "")

    @classmethod
    def parse(cls, value: str) -> "NameAddr":
        """Reads one address.

        Raises:
            MalformedError: It is none.
        """
        value = value.strip()
        display, uri, rest = _bracketed(value) if "<" in value or '"' in value else _bare(value)
        if uri != "*" and not SCHEME.match(uri):
            raise MalformedError("Address without a scheme")
        return cls(uri, display, parameters(rest))


def _bracketed(value: str) -> tuple[str, str, str]:
    opening = _outside(value, "<")
    closing = value.find(">", opening[0]) if opening else -1
    if closing < 0:
        raise MalformedError("Bad name-addr")
    display, rest = value[: opening[0]].strip(), value[closing + 1 :].strip()
    if rest and not rest.startswith(";"):
        raise MalformedError("Bad name-addr")
    if display[:1] == '"':
        if len(display) < 2 or display[-1] != '"' or _outside(display, "x"):
            raise MalformedError("Bad display name")
        display = re.sub(r"\\(.)", r"\1", display[1:-1])
    elif display and not all(TOKEN.fullmatch(word) for word in display.split()):
        raise MalformedError("Bad display name")
    return display, value[opening[0] + 1 : closing].strip(), rest


def _bare(value: str) -> tuple[str, str, str]:
    uri, _, rest = value.partition(";")
    uri = uri.strip()
    if " " in uri or "?" in uri.rpartition("@")[2]:
        raise MalformedError("Unquoted display name")
    return "", uri, rest


@dataclass(frozen=True, slots=True)
class Via:
    """One hop: by what transport, from where, with what branch."""

    transport: str
    host: str
    port: int | None
    params: Mapping[str, str] = field(default_factory=dict)

    @property
    def branch(self) -> str:
        """Names the transaction (17.1.3); empty from senders older than RFC 3261."""
        return self.params.get("branch", "")

    @property
    def sent_by(self) -> str:
        """Who sent it, as it says."""
        return self.host if self.port is None else f"{self.host}:{self.port}"

    @classmethod
    def parse(cls, value: str) -> "Via":
        """Reads one Via.

        Raises:
            MalformedError: It is none, or of another protocol.
        """
        match = _SENT.fullmatch(value.strip())
        if match is None:
            raise MalformedError("Bad Via")
        sent, *rest = split_top(match[2], ";")
        host = _HOST.fullmatch(sent)
        if host is None or (host[2] and int(host[2]) > 65_535):
            raise MalformedError("Bad Via")
        port = int(host[2]) if host[2] else None
        return cls(match[1].upper(), host[1], port, parameters(";".join(rest)))

    def seen_from(self, host: str, port: int) -> "Via":
        """The hop with where it really came from (RFC 3261 18.2.1, RFC 3581)."""
        params = dict(self.params)
        if "rport" in params:
            params["rport"] = str(port)
        elif host == self.host:
            return self
        params["received"] = host
        return Via(self.transport, self.host, self.port, params)

    def __str__(self) -> str:
        tail = "".join(f";{name}={v}" if v else f";{name}" for name, v in self.params.items())
        return f"SIP/2.0/{self.transport} {self.sent_by}{tail}"
