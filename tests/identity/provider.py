"""A real OpenID Provider on loopback, and the people it knows; some answers can be forged."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import flask
import httpx
import werkzeug.serving
from joserfc import jwt
from joserfc.jwk import RSAKey
from oidc_provider_mock import User
from oidc_provider_mock import app as provider_app
from oidc_provider_mock._server import _threaded_server

from warroom.kernel.clock import SystemClock

SUB = "6f1c-aminah"


@dataclass
class Idp:
    """The provider: its address, and how its next answers are bent."""

    address: str = ""
    bent_claims: dict[str, Any] = field(default_factory=dict)
    bent_header: dict[str, Any] = field(default_factory=dict)
    key: RSAKey | None = None
    unsigned: bool = False
    metadata: dict[str, Any] = field(default_factory=dict)
    is_down: bool = False
    renew_key: Callable[[], None] = lambda: None

    def logout_token(self, **claims: Any) -> str:
        """A logout token as the provider sends it, with these claims beside or in place of its own.

        `None` leaves a claim out.
        """
        own = {
            "iss": self.address,
            "aud": "warroom",
            "iat": seconds_ago(0),
            "exp": seconds_ago(-120),
            "jti": "satu",
            "sub": SUB,
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
        }
        return httpx.post(f"{self.address}/sign", json={**own, **claims}).text

    def sign_in(self, url: str, sub: str = SUB) -> dict[str, str]:
        """Signs somebody in at the provider as its form does; gives what it sends back."""
        answer = httpx.post(url, data={"sub": sub}, follow_redirects=False)
        assert answer.status_code in (302, 303), answer.text
        query = parse_qs(urlsplit(answer.headers["location"]).query)
        return {name: values[0] for name, values in query.items()}


@contextmanager
def running_provider(claims: dict[str, Any]) -> Iterator[Idp]:
    """Runs the provider until left."""
    idp = Idp()
    app = provider_app(user_claims=[User(sub=SUB, claims=claims)])
    app.debug = False

    renewals: list[bool] = []
    idp.renew_key = lambda: renewals.append(True)

    @app.before_request
    def _renew() -> None:
        if renewals:
            renewals.clear()
            flask.g.oidc_provider_mock_storage.jwk = RSAKey.generate_key(2048, private=True)

    @app.post("/sign")
    def _sign() -> str:
        own: RSAKey = flask.g.oidc_provider_mock_storage.jwk
        claims = {name: value for name, value in flask.request.json.items() if value is not None}
        return jwt.encode({"alg": "RS256", "kid": own.kid, "typ": "logout+jwt"}, claims, own)

    @app.before_request
    def _down() -> Any:
        return ("away", 503) if idp.is_down else None

    @app.after_request
    def _bend(answer: flask.Response) -> flask.Response:
        if flask.request.path == "/.well-known/openid-configuration" and answer.is_json:
            answer.set_data(flask.json.dumps({**answer.get_json(), **idp.metadata}))
        if flask.request.path == "/oauth2/token" and answer.status_code == 200:
            body = answer.get_json()
            body["id_token"] = _bent(idp, body["id_token"])
            answer.set_data(flask.json.dumps(body))
        return answer

    with _threaded_server(app, poll_interval=0.02) as server:
        assert isinstance(server, werkzeug.serving.BaseWSGIServer)
        idp.address = f"http://localhost:{server.server_port}"
        yield idp


def _bent(idp: Idp, token: str) -> str:
    """The token with other claims, signed again: by the provider's own key, or a foreign one."""
    if not (idp.bent_claims or idp.bent_header or idp.key or idp.unsigned):
        return token
    own: RSAKey = flask.g.oidc_provider_mock_storage.jwk
    parsed = jwt.decode(token, own, algorithms=["RS256"])
    claims = {**parsed.claims, **idp.bent_claims}
    claims = {name: value for name, value in claims.items() if value is not None}
    header = {"alg": "RS256", "kid": own.kid, **idp.bent_header}
    if idp.unsigned:
        return _unsigned(claims)
    return jwt.encode(header, claims, idp.key or own)


def _unsigned(claims: dict[str, Any]) -> str:
    from base64 import urlsafe_b64encode

    import msgspec

    head, body = (
        urlsafe_b64encode(msgspec.json.encode(part)).rstrip(b"=").decode()
        for part in ({"alg": "none", "typ": "JWT"}, claims)
    )
    return f"{head}.{body}."


def seconds_ago(seconds: float) -> int:
    """An instant as tokens tell it, by the machine's clock, which the provider uses."""
    return int(SystemClock().now().timestamp() - seconds)
