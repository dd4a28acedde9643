"""Digest authentication, both sides: towards a trunk that asks, and of a trunk that we ask.

References:
    RFC 8760 and RFC 7616 (SHA-256), RFC 3261 section 22, `qop=auth`.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from warroom.calls.sip.message import Message

_PAIR = re.compile(r'([A-Za-z0-9\-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
_HASHES: dict[str, Callable[..., "hashlib._Hash"]] = {
    "SHA-256": hashlib.sha256,
    "MD5": lambda data: hashlib.md5(data, usedforsecurity=False),
}
"""By strength: the first that is offered is used."""

NONCE_S = 300
_NONCES_MOST = 4096


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who we are to a trunk, or a trunk to us."""

    user: str
    password: str


class NoDigestError(ValueError):
    """What is asked for is not Digest with MD5 or SHA-256."""


def fields_of(value: str) -> dict[str, str]:
    """The parameters of a challenge or of an answer to one; names in lower case."""
    scheme, _, rest = value.strip().partition(" ")
    if scheme.lower() != "digest":
        return {}
    return {
        name.lower(): re.sub(r"\\(.)", r"\1", quoted) or plain
        for name, quoted, plain in _PAIR.findall(rest)
    }


def _hash(algorithm: str, text: str) -> str:
    return _HASHES[algorithm](text.encode("utf-8", "surrogateescape")).hexdigest()


def _response(fields: dict[str, str], method: str, who: Credentials, algorithm: str) -> str:
    mine = _hash(algorithm, f"{who.user}:{fields['realm']}:{who.password}")
    what = _hash(algorithm, f"{method}:{fields['uri']}")
    if not fields.get("qop"):
        return _hash(algorithm, f"{mine}:{fields['nonce']}:{what}")
    counted = f"{fields['nc']}:{fields['cnonce']}:{fields['qop']}"
    return _hash(algorithm, f"{mine}:{fields['nonce']}:{counted}:{what}")


def authorization(
    refusal: Message, method: str, uri: str, who: Credentials, count: int = 1
) -> tuple[str, str]:
    """The header that answers a 401 or 407.

    Args:
        refusal: The answer that asks.
        method: Of the request that is sent again.
        uri: Its Request-URI.
        who: Who we are.
        count: How often its nonce is used now.

    Raises:
        NoDigestError: It asks for nothing that we can answer.
    """
    proxy = refusal.status == 407
    asked = refusal.all("proxy-authenticate" if proxy else "www-authenticate")
    offers = [fields_of(value) for value in asked]
    for algorithm in _HASHES:
        for fields in offers:
            named = fields.get("algorithm", "MD5").upper()
            if named == algorithm and "nonce" in fields and "realm" in fields:
                name = "proxy-authorization" if proxy else "authorization"
                return name, _answer(fields, method, uri, who, algorithm, count)
    raise NoDigestError


def _answer(
    fields: dict[str, str], method: str, uri: str, who: Credentials, algorithm: str, count: int
) -> str:
    told = {"realm": fields["realm"], "nonce": fields["nonce"], "uri": uri}
    if "auth" in [word.strip() for word in fields.get("qop", "").split(",")]:
        told |= {"qop": "auth", "nc": f"{count:08x}", "cnonce": secrets.token_hex(8)}
    told["response"] = _response(told, method, who, algorithm)
    quoted = {"username": who.user, **told, "opaque": fields.get("opaque", "")}
    words = []
    for name, value in quoted.items():
        plain = name in ("qop", "nc")
        if value:
            escaped = value.replace("\\", "\\\\").replace('"', '\\"')
            words.append(f"{name}={value}" if plain else f'{name}="{escaped}"')
    return f"Digest {', '.join(words)}, algorithm={algorithm}"


class Challenger:
    """Asks who calls, and judges the answer.

    A nonce carries its time and is signed, so that none is kept until it is used; each may be used
    with a count that only grows.

    Args:
        realm: Shown to the other side.
        monotonic: Seconds.
    """

    def __init__(self, realm: str, monotonic: Callable[[], float]) -> None:
        self._realm, self._monotonic = realm, monotonic
        self._key = secrets.token_bytes(32)
        self._counts: dict[str, int] = {}

    def challenges(self) -> list[tuple[str, str]]:
        """The headers of a 401: SHA-256 first, MD5 for those who know no better (RFC 8760)."""
        nonce = self._nonce(int(self._monotonic()))
        return [
            (
                "www-authenticate",
                f'Digest realm="{self._realm}", nonce="{nonce}", qop="auth", algorithm={name}',
            )
            for name in _HASHES
        ]

    def is_right(self, request: Message, who: Credentials) -> bool:
        """Whether the request proves to come from who knows the password."""
        fields = fields_of(request.get("authorization"))
        algorithm = fields.get("algorithm", "MD5").upper()
        needed = {"username", "realm", "nonce", "uri", "response", "nc", "cnonce"}
        if algorithm not in _HASHES or not needed <= fields.keys() or fields.get("qop") != "auth":
            return False
        if fields["username"] != who.user or fields["realm"] != self._realm:
            return False
        expected = _response(fields, request.method, who, algorithm)
        proves = hmac.compare_digest(expected.encode(), fields["response"].encode())
        return proves and fields["uri"] == request.uri and self._is_fresh(fields)

    def _nonce(self, second: int) -> str:
        stamp = f"{second:x}"
        return f"{stamp}.{hmac.new(self._key, stamp.encode(), 'sha256').hexdigest()[:32]}"

    def _is_fresh(self, fields: dict[str, str]) -> bool:
        nonce, count = fields["nonce"], fields["nc"]
        stamp = nonce.partition(".")[0]
        if not re.fullmatch(r"[0-9a-f]{1,12}", stamp) or not re.fullmatch(r"[0-9a-fA-F]{8}", count):
            return False
        second = int(stamp, 16)
        signed = hmac.compare_digest(self._nonce(second).encode(), nonce.encode())
        if not signed or not 0 <= self._monotonic() - second <= NONCE_S:
            return False
        used = f"{nonce}:{fields['cnonce']}"
        if int(count, 16) <= self._counts.get(used, 0):
            return False
        while len(self._counts) >= _NONCES_MOST:
            self._counts.pop(next(iter(self._counts)))
        self._counts[used] = int(count, 16)
        return True
