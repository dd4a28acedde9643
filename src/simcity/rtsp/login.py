"""What a camera asks of its viewers: nothing, Basic (RFC 7617) or Digest (RFC 7616)."""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Scheme = Literal["basic", "digest", "sha256"]
REALM = "simcity"
_PARAMETER = re.compile(r'(\w+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))')
_HASHES = {"MD5": "md5", "SHA-256": "sha256"}


@dataclass(frozen=True, slots=True)
class Login:
    """Name and password of a camera, and the schemes it offers, strongest first."""

    username: str
    password: str
    schemes: tuple[Scheme, ...] = ("digest",)


@dataclass(slots=True)
class Door:
    """The challenges of one connection; a nonce is good for that connection only."""

    nonce: str = field(default_factory=lambda: secrets.token_hex(16))
    _last_count: int = 0

    def challenges(self, login: Login) -> list[str]:
        """Return the values of the `WWW-Authenticate` headers of a 401 answer."""
        offers = {
            "basic": f'Basic realm="{REALM}"',
            "digest": f'Digest realm="{REALM}", nonce="{self.nonce}", algorithm=MD5, qop="auth"',
            "sha256": f'Digest realm="{REALM}", nonce="{self.nonce}", algorithm=SHA-256, '
            'qop="auth"',
        }
        return [offers[scheme] for scheme in login.schemes]

    def admits(self, login: Login, method: str, uri: str, header: str | None) -> bool:
        """Tell whether the `Authorization` header proves the password for this request.

        A repeated or falling nonce count is refused (RFC 7616 section 3.4), as is a `uri` other
        than that of the request.
        """
        scheme, _, rest = (header or "").partition(" ")
        if scheme.lower() == "basic":
            return "basic" in login.schemes and _basic_matches(login, rest)
        if scheme.lower() != "digest":
            return False
        given = {name.lower(): quoted or bare for name, quoted, bare in _PARAMETER.findall(rest)}
        algorithm = given.get("algorithm", "MD5").upper()
        if {"MD5": "digest", "SHA-256": "sha256"}.get(algorithm) not in login.schemes:
            return False
        if given.get("nonce") != self.nonce or given.get("uri") != uri:
            return False
        wanted = digest_response(login, method, given)
        if not hmac.compare_digest(wanted, given.get("response", "").lower()):
            return False
        return self._counts_up(given)

    def _counts_up(self, given: Mapping[str, str]) -> bool:
        if "qop" not in given:  # RFC 2069 clients send no count
            return True
        try:
            count = int(given.get("nc", ""), 16)
        except ValueError:
            return False
        if count <= self._last_count:
            return False
        self._last_count = count
        return True


def _basic_matches(login: Login, token: str) -> bool:
    wanted = base64.b64encode(f"{login.username}:{login.password}".encode()).decode()
    return hmac.compare_digest(wanted, token.strip())


def digest_response(login: Login, method: str, given: Mapping[str, str]) -> str:
    """Return the `response` that proves the password for the parameters of a Digest header."""
    kind = _HASHES.get(given.get("algorithm", "MD5").upper(), "md5")

    def digest(text: str) -> str:
        return hashlib.new(kind, text.encode(), usedforsecurity=False).hexdigest()

    name = given.get("username", "")
    secret = digest(f"{name}:{REALM}:{login.password}") if name == login.username else "unknown"
    request = digest(f"{method}:{given.get('uri', '')}")
    if "qop" not in given:
        return digest(f"{secret}:{given.get('nonce', '')}:{request}")
    middle = ":".join(given.get(key, "") for key in ("nonce", "nc", "cnonce", "qop"))
    return digest(f"{secret}:{middle}:{request}")
