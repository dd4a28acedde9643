"""What an OpenID Provider's answer is worth: pure decisions about claims. Time is an argument.

References:
    OpenID Connect Core 1.0, sections 2, 3.1.3.7 and 5.7; RFC 9207; RFC 9700, sections 2.1 and 4.4.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from warroom.identity.contracts import Logout, Provider

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
"""Signatures by a key that the provider alone has: never `none`, never a shared secret."""
LEEWAY_S = 60
MOST_SUBJECT = 255
_LOGOUT = "http://schemas.openid.net/event/backchannel-logout"
_OF_THE_TOKEN = frozenset(
    {"iss", "aud", "exp", "iat", "nbf", "nonce", "azp", "at_hash", "c_hash", "sid", "jti"}
    | {"auth_time", "acr", "amr"}
)
_LOGIN = re.compile(r"[^a-z0-9._@-]+")
_LOCAL = re.compile(r"^/(?![/\\])[^\s\\]*$")


class UntrustedError(Exception):
    """An answer that must not be believed.

    Args:
        why: For the log.
    """

    def __init__(self, why: str) -> None:
        super().__init__(why)


def local_path(wanted: str | None) -> str:
    """An address of this site to go on to; anything that could lead elsewhere becomes `/`."""
    if not wanted or len(wanted) > 500 or not _LOCAL.match(wanted):
        return "/"
    parts = urlsplit(wanted)
    return "/" if parts.scheme or parts.netloc else wanted


def authorization_url(
    endpoint: str,
    provider: Provider,
    *,
    redirect_uri: str,
    state: str,
    nonce: str,
    verifier: str,
    anew: bool = False,
) -> str:
    """Where the browser is sent: code flow with PKCE (S256), state and nonce.

    `anew` asks the provider to have them sign in whatever it remembers, and to say when they did.
    """
    from authlib.oauth2.rfc7636 import (  # noqa: PLC0415 - decision 51
        create_s256_code_challenge,
    )

    query = urlencode(
        {
            "response_type": "code",
            "client_id": provider.client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(provider.scopes),
            "state": state,
            "nonce": nonce,
            "code_challenge": create_s256_code_challenge(verifier),
            "code_challenge_method": "S256",
            **({"prompt": "login", "max_age": "0"} if anew else {}),
        }
    )
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{query}"


def check_metadata(provider: Provider, metadata: Mapping[str, Any]) -> None:
    """Refuses metadata that are another issuer's, or lack what is needed.

    Raises:
        UntrustedError: Why.

    References:
        OpenID Connect Discovery 1.0, section 4.3.
    """
    if metadata.get("issuer") != provider.issuer:
        raise UntrustedError("metadata of another issuer")
    for word in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        if not isinstance(metadata.get(word), str):
            raise UntrustedError(why=f"metadata without {word}")


def check_issuer(provider: Provider, metadata: Mapping[str, Any], given: str | None) -> None:
    """Refuses an answer that another server sent (mix-up).

    Raises:
        UntrustedError: Why.

    References:
        RFC 9207, section 2.4.
    """
    is_promised = metadata.get("authorization_response_iss_parameter_supported") is True
    if (given is None and is_promised) or (given is not None and given != provider.issuer):
        raise UntrustedError("answer of another issuer")


def claims_of(
    provider: Provider,
    keys: KeySet,
    id_token: str,
    *,
    nonce: str,
    access_token: str | None,
    now: datetime,
) -> dict[str, Any]:
    """The claims of an ID token, if everything about it holds.

    Checked are the signature by one of the provider's keys, issuer, audience and authorized
    party, the times, the nonce, and the access token's hash where one is told.

    Raises:
        UntrustedError: Why.
    """
    from authlib.oidc.core import CodeIDToken  # noqa: PLC0415 - decision 51

    try:
        token = jwt.decode(id_token, keys, algorithms=list(ALGORITHMS))
        claims = CodeIDToken(
            token.claims,
            token.header,
            {
                "iss": {"essential": True, "value": provider.issuer},
                "aud": {"essential": True, "value": provider.client_id},
                "exp": {"essential": True},
            },
            {"nonce": nonce, "client_id": provider.client_id, "access_token": access_token},
        )
        claims.validate(now=int(now.timestamp()), leeway=LEEWAY_S)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise UntrustedError(why=f"{type(error).__name__}: {error}"[:200]) from None
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= MOST_SUBJECT:
        raise UntrustedError("sub")
    return dict(claims)


def signed_in_at(claims: Mapping[str, Any]) -> datetime | None:
    """When somebody signed in at the provider, if it says so in a way that can be read."""
    told = claims.get("auth_time")
    if not isinstance(told, int | float) or isinstance(told, bool):
        return None
    try:
        return datetime.fromtimestamp(told, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def require_fresh(claims: Mapping[str, Any], since: datetime, now: datetime) -> None:
    """Refuses claims of somebody who did not sign in at the provider since then.

    Raises:
        UntrustedError: It was before, or is said to be to come, or nothing is said.

    References:
        OpenID Connect Core 1.0, section 2: `auth_time` is required where `max_age` was asked for.
    """
    at, leeway = signed_in_at(claims), timedelta(seconds=LEEWAY_S)
    if at is None or not since - leeway <= at <= now + leeway:
        raise UntrustedError("not signed in anew")


def logout_of(provider: Provider, keys: KeySet, logout_token: str, *, now: datetime) -> Logout:
    """What a logout token says, if everything about it holds.

    Raises:
        UntrustedError: Why.

    References:
        OpenID Connect Back-Channel Logout 1.0, sections 2.4 and 2.6.
    """
    must = jwt.JWTClaimsRegistry(
        now=int(now.timestamp()),
        leeway=LEEWAY_S,
        iss={"essential": True, "value": provider.issuer},
        aud={"essential": True, "value": provider.client_id},
        iat={"essential": True},
        exp={"essential": True},
        jti={"essential": True},
    )
    try:
        claims = jwt.decode(logout_token, keys, algorithms=list(ALGORITHMS)).claims
        must.validate(claims)
        issued_at = datetime.fromtimestamp(claims["iat"], UTC)
    except (JoseError, ValueError, TypeError, KeyError, OverflowError, OSError) as error:
        raise UntrustedError(why=f"{type(error).__name__}: {error}"[:200]) from None
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(_LOGOUT), dict):
        raise UntrustedError("no logout event")
    if "nonce" in claims:
        raise UntrustedError("an ID token, not a logout token")
    subject, sid = claims.get("sub"), claims.get("sid")
    told = [word for word in (subject, sid) if word is not None]
    if not told or not all(isinstance(word, str) and word for word in told):
        raise UntrustedError("neither sub nor sid")
    return Logout(subject, sid, issued_at)


def agency_of(provider: Provider, claims: Mapping[str, Any]) -> UUID | None:
    """The agency that the claims name, if the provider may speak for it; else None."""
    if provider.agency_claim is None:
        return next(iter(provider.agencies)) if len(provider.agencies) == 1 else None
    value = claims.get(provider.agency_claim)
    named = provider.agency_map.get(value) if isinstance(value, str) else None
    return named if named in provider.agencies else None


def roles_of(provider: Provider, claims: Mapping[str, Any]) -> dict[str, str]:
    """Roles on the own agency, as the claims' groups and the map tell; else the default."""
    listed = claims.get(provider.groups_claim) if provider.groups_claim else None
    groups = [listed] if isinstance(listed, str) else listed if isinstance(listed, list) else []
    roles = {provider.role_map[group] for group in groups if group in provider.role_map}
    if not roles and provider.default_role is not None:
        roles = {provider.default_role}
    return dict.fromkeys(sorted(roles), "own")


def is_second_factor(provider: Provider, claims: Mapping[str, Any]) -> bool:
    """Whether the provider says that it saw what its settings take for a second factor."""
    amr = claims.get("amr")
    shown = {value for value in amr if isinstance(value, str)} if isinstance(amr, list) else set()
    if isinstance(acr := claims.get("acr"), str):
        shown.add(acr)
    return not shown.isdisjoint(provider.factor_values)


def verified_email(claims: Mapping[str, Any]) -> str | None:
    """The e-mail address, in small letters, if the provider itself calls it verified."""
    email = claims.get("email")
    is_verified = claims.get("email_verified") is True
    return email.strip().lower() if is_verified and isinstance(email, str) and email else None


def login_of(provider: Provider, claims: Mapping[str, Any], taken: int) -> str:
    """A login for a person made by the provider, the `taken`-th that is tried (from 0)."""
    wanted = claims.get("preferred_username") or claims.get("email") or ""
    plain = _LOGIN.sub("", str(wanted).lower()).lstrip("._@-")[:48]
    name = plain if len(plain) >= 2 else f"{provider.slug}-orang"
    return name if taken == 0 else f"{name}-{taken + 1}"


def lacks_something(provider: Provider, claims: Mapping[str, Any]) -> bool:
    """Whether the ID token leaves out a name, or a claim that agencies or roles follow from."""
    wanted = ("name", provider.agency_claim, provider.groups_claim)
    return any(word is not None and word not in claims for word in wanted)


def with_userinfo(claims: dict[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    """The ID token's claims, and of userinfo what they leave out.

    Userinfo of another subject is not theirs and is dropped whole. What says how and when somebody
    signed in is the ID token's alone, and an address is taken together with whether it is verified.

    References:
        OpenID Connect Core 1.0, sections 5.3.2 and 5.7.
    """
    if told.get("sub") != claims["sub"]:
        return claims
    kept = _OF_THE_TOKEN | ({"email_verified"} if "email" in claims else set())
    return {word: value for word, value in told.items() if word not in kept} | claims


def name_of(claims: Mapping[str, Any], login: str) -> str:
    """What people call somebody, as the provider tells it."""
    name = claims.get("name")
    if not isinstance(name, str) or not name.strip():
        parts = (claims.get("given_name"), claims.get("family_name"))
        name = " ".join(part for part in parts if isinstance(part, str))
    words = " ".join(name.split())[:120]
    return words if words.isprintable() and words else login
