"""A SIP message: read from bytes as strictly as RFC 4475 asks, and written to bytes.

Header names are kept in lower case, compact forms as long ones; lists of those that may be lists
are taken apart, so that each value stands alone.
"""

import re
import secrets
from collections.abc import Iterable, Sequence

from warroom.calls.sip.fields import SCHEME, TOKEN, MalformedError, NameAddr, Via, split_top
from warroom.calls.sip.uri import Uri, parse_uri

HEAD_MAX_BYTES = 32_768
BODY_MAX_BYTES = 65_536
FIELDS_MOST = 256

_COMPACT = {
    "a": "accept-contact",
    "b": "referred-by",
    "c": "content-type",
    "e": "content-encoding",
    "f": "from",
    "i": "call-id",
    "k": "supported",
    "l": "content-length",
    "m": "contact",
    "o": "event",
    "r": "refer-to",
    "s": "subject",
    "t": "to",
    "u": "allow-events",
    "v": "via",
    "x": "session-expires",
}
_LISTS = frozenset({"via", "contact", "route", "record-route"})
_ONCE = ("from", "to", "call-id", "cseq", "content-length", "max-forwards")
_NEEDED = ("via", "from", "to", "call-id", "cseq")
_SPELLED = {
    "call-id": "Call-ID",
    "cseq": "CSeq",
    "mime-version": "MIME-Version",
    "min-se": "Min-SE",
    "rack": "RAck",
    "rseq": "RSeq",
    "www-authenticate": "WWW-Authenticate",
}
METHODS = frozenset(
    {
        "ACK",
        "BYE",
        "CANCEL",
        "INFO",
        "INVITE",
        "MESSAGE",
        "NOTIFY",
        "OPTIONS",
        "PRACK",
        "PUBLISH",
        "REFER",
        "REGISTER",
        "SUBSCRIBE",
        "UPDATE",
    }
)
"""Methods that some RFC defines; any other is answered 501."""

REASONS = {
    100: "Trying",
    180: "Ringing",
    183: "Session Progress",
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    408: "Request Timeout",
    415: "Unsupported Media Type",
    416: "Unsupported URI Scheme",
    420: "Bad Extension",
    422: "Session Interval Too Small",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist",
    482: "Loop Detected",
    486: "Busy Here",
    487: "Request Terminated",
    488: "Not Acceptable Here",
    491: "Request Pending",
    500: "Server Internal Error",
    501: "Not Implemented",
    503: "Service Unavailable",
    505: "Version Not Supported",
    513: "Message Too Large",
    603: "Decline",
}
_STATUS_LINE = re.compile(r"SIP/(\d+\.\d+) (\d+)(?: (.*))?", re.IGNORECASE | re.DOTALL)
_VERSION = re.compile(r"SIP/\d+\.\d+", re.IGNORECASE)
_STRAY_BREAK = re.compile(r"[\r\n]")
_INTEGER = re.compile(r"\d{1,10}")


class Message:
    """A request (`method`, `uri`) or a response (`status`, `reason`).

    Attributes:
        headers: (name in lower case, value), in order.
    """

    __slots__ = ("body", "headers", "method", "reason", "status", "uri")

    def __init__(
        self,
        *,
        method: str = "",
        uri: str = "",
        status: int = 0,
        reason: str = "",
        headers: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
    ) -> None:
        self.method, self.uri, self.status, self.reason = method, uri, status, reason
        self.headers, self.body = list(headers), body

    @property
    def is_request(self) -> bool:
        """Whether it asks; otherwise it answers."""
        return not self.status

    def get(self, name: str) -> str:
        """The first value of a header; empty where there is none."""
        return next((value for known, value in self.headers if known == name), "")

    def all(self, name: str) -> list[str]:
        """All values of a header, in order."""
        return [value for known, value in self.headers if known == name]

    def tokens(self, name: str) -> list[str]:
        """The words of a header that is a list of words."""
        return [word for value in self.all(name) for word in split_top(value) if word]

    def replace(self, name: str, value: str) -> None:
        """Changes the first value of a header, or adds it."""
        for index, (known, _) in enumerate(self.headers):
            if known == name:
                self.headers[index] = (name, value)
                return
        self.headers.append((name, value))

    @property
    def cseq(self) -> tuple[int, str]:
        """The number and the method of CSeq."""
        number, _, method = self.get("cseq").partition(" ")
        return int(number), method.strip()

    @property
    def via(self) -> Via:
        """The topmost hop."""
        return Via.parse(self.get("via"))

    @property
    def sender(self) -> NameAddr:
        """From."""
        return NameAddr.parse(self.get("from"))

    @property
    def recipient(self) -> NameAddr:
        """To."""
        return NameAddr.parse(self.get("to"))

    @property
    def content_type(self) -> str:
        """Media type of the body, in lower case, without parameters."""
        return self.get("content-type").partition(";")[0].strip().lower()

    def target(self) -> Uri:
        """Where a request is addressed to."""
        return parse_uri(self.uri)

    def to_bytes(self) -> bytes:
        """The message as it goes over the wire."""
        first = f"{self.method} {self.uri} SIP/2.0"
        if self.status:
            first = f"SIP/2.0 {self.status} {self.reason}"
        lines = [first, *(f"{_spell(n)}: {v}" for n, v in self.headers if n != "content-length")]
        lines += [f"Content-Length: {len(self.body)}", "", ""]
        return "\r\n".join(lines).encode("utf-8", "surrogateescape") + self.body


class RefusedError(MalformedError):
    """A message that is refused, with as much of it as could be read.

    Args:
        error: What is wrong.
        message: What was read.
    """

    def __init__(self, error: MalformedError, message: Message | None = None) -> None:
        super().__init__(error.reason, error.status)
        self.message = message

    @property
    def is_answerable(self) -> bool:
        """Whether it is a request of which enough was read to answer it."""
        known = self.message
        if known is None or not known.method or known.method == "ACK":
            return False
        return all(known.get(name) for name in _NEEDED)


def _spell(name: str) -> str:
    return _SPELLED.get(name) or name.title()


def parse(wire: bytes, *, is_stream: bool = False) -> Message:
    """Reads one message. What follows the body in a datagram is dropped (18.3).

    Args:
        wire: All its bytes.
        is_stream: It came over a stream, where Content-Length must be told.

    Raises:
        RefusedError: It is none; with a status for who asked.
    """
    head, end, body = wire.lstrip(b"\r\n").partition(b"\r\n\r\n")
    if not end or len(head) > HEAD_MAX_BYTES:
        raise RefusedError(MalformedError("No end of the header" if not end else "Too long", 400))
    text = re.sub(r"\r\n[ \t]+", " ", head.decode("utf-8", "surrogateescape"))
    first, *lines = text.split("\r\n")
    message = Message(body=body)
    # All fields are read even of a message that is refused: it is answered by them.
    problems = (_read_first(message, first), _read_fields(message, lines))
    problem = problems[0] or problems[1] or _check(message, is_stream=is_stream)
    if problem is not None:
        raise RefusedError(problem, message)
    return message


def _read_first(message: Message, line: str) -> MalformedError | None:
    answer = _STATUS_LINE.fullmatch(line)
    if answer is None:
        return _read_request(message, line.split(" "))
    version, status, reason = answer.groups()
    # Kept as an answer, whatever follows: one that is refused is dropped.
    message.status, message.reason = 999, reason or ""
    if version != "2.0":
        return MalformedError("Version Not Supported", 505)
    if not (len(status) == 3 and "100" <= status <= "699"):
        return MalformedError("Bad status")
    message.status = int(status)
    return None


def _read_request(message: Message, words: list[str]) -> MalformedError | None:
    message.method = words[0]
    if len(words) != 3:
        return MalformedError("Bad request line")
    message.uri = words[1]
    if not _VERSION.fullmatch(words[2]):
        return MalformedError("Bad request line")
    if words[2].upper() != "SIP/2.0":
        return MalformedError("Version Not Supported", 505)
    if not TOKEN.fullmatch(words[0]):
        return MalformedError("Bad method")
    return _check_uri(message.uri)


def _check_uri(uri: str) -> MalformedError | None:
    if not SCHEME.match(uri) or any(letter in uri for letter in '<>" \t') or uri[-1] == ":":
        return MalformedError("Bad Request-URI")
    if uri[:3].lower() == "sip" and "?" in uri.rpartition("@")[2]:
        return MalformedError("Headers in the Request-URI")
    return None


def _read_fields(message: Message, lines: Sequence[str]) -> MalformedError | None:
    problem: MalformedError | None = None
    if len(lines) > FIELDS_MOST:
        return MalformedError("Too many header fields")
    for line in lines:
        try:
            message.headers += _read_field(line)
        except MalformedError as error:
            problem = problem or error
    return problem


def _read_field(line: str) -> list[tuple[str, str]]:
    name, colon, value = line.partition(":")
    name = name.rstrip(" \t").lower()
    if not colon or not TOKEN.fullmatch(name) or _STRAY_BREAK.search(value):
        raise MalformedError("Bad header field")
    name, value = _COMPACT.get(name, name), value.strip()
    if name not in _LISTS:
        return [(name, value)]
    parts = split_top(value)
    if "" in parts:
        raise MalformedError("Empty item in a list")
    return [(name, part) for part in parts]


def _check(message: Message, *, is_stream: bool) -> MalformedError | None:
    """What must hold beyond the grammar of each line (8.1.1, 18.3, 20)."""
    missing = next((name for name in _NEEDED if not message.get(name)), None)
    if missing is not None:
        return MalformedError("Missing " + _spell(missing))
    repeated = next((name for name in _ONCE if len(message.all(name)) > 1), None)
    if repeated is not None:
        return MalformedError("Repeated " + _spell(repeated))
    try:
        _check_sequence(message)
        for address in ("from", "to", "contact", "route", "record-route"):
            for value in message.all(address):
                NameAddr.parse(value)
        message.via  # noqa: B018 - reading it checks it
        _check_numbers(message, is_stream=is_stream)
    except MalformedError as error:
        return error
    return None


def _check_sequence(message: Message) -> None:
    words = message.get("cseq").split()
    if len(words) != 2 or not _INTEGER.fullmatch(words[0]) or int(words[0]) >= 2**31:
        raise MalformedError("Bad CSeq")
    message.replace("cseq", f"{int(words[0])} {words[1]}")
    if message.method and words[1] != message.method:
        known = message.method in METHODS
        raise MalformedError("CSeq of another method", 400 if known else 501)


def _check_numbers(message: Message, *, is_stream: bool) -> None:
    told = message.get("content-length")
    if not told and is_stream:
        raise MalformedError("Missing Content-Length")
    if told:
        if not _INTEGER.fullmatch(told) or int(told) > len(message.body):
            raise MalformedError("Bad Content-Length")
        message.body = message.body[: int(told)]
    if len(message.body) > BODY_MAX_BYTES:
        raise MalformedError("Message Too Large", 513)
    hops = message.get("max-forwards")
    if hops and (not _INTEGER.fullmatch(hops) or int(hops) > 255):
        raise MalformedError("Bad Max-Forwards")


def new_tag() -> str:
    """A tag, or the random part of a branch, that nobody guesses (19.3)."""
    return secrets.token_hex(8)


def respond(
    request: Message,
    status: int,
    *,
    tag: str = "",
    reason: str = "",
    headers: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
    content_type: str = "application/sdp",
) -> Message:
    """An answer to a request (8.2.6).

    Args:
        request: What is answered.
        status: With what.
        tag: Our tag, put into To where it has none and the answer is not 100.
        reason: Instead of the usual phrase.
        headers: More of them.
        body: What it carries.
        content_type: Of the body.
    """
    answer = Message(status=status, reason=reason or REASONS.get(status, ""), body=body)
    for name, value in request.headers:
        if name in _NEEDED or (name == "record-route" and status < 300):
            answer.headers.append((name, value))
    if tag and status > 100:
        _add_tag(answer, tag)
    answer.headers += headers
    if body:
        answer.headers.append(("content-type", content_type))
    return answer


def _add_tag(answer: Message, tag: str) -> None:
    value = answer.get("to")
    try:
        if NameAddr.parse(value).tag:
            return
    except MalformedError:  # it is sent back as it came
        return
    answer.replace("to", f"{value};tag={tag}")
