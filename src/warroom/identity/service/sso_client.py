"""What is asked of an OpenID Provider: its metadata, its keys, and a code's worth."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from warroom.identity.contracts import Provider
from warroom.identity.errors import SsoAwayError
from warroom.identity.sso_rules import UntrustedError, check_metadata
from warroom.kernel.clock import Clock
from warroom.kernel.errors import WarRoomError
from warroom.kernel.log import logger
from warroom.kernel.outbound import Answer, Outbound, TargetAwayError

_FRESH_S = 600.0
_AGAIN_S = 30.0


@dataclass(slots=True)
class _Known:
    metadata: Mapping[str, Any]
    keys: KeySet
    read_at: float


@dataclass(slots=True)
class SsoClient:
    """Asks providers; remembers their metadata and keys for ten minutes; made once a process."""

    outbound: Outbound
    clock: Clock
    _known: dict[tuple[str, str], _Known] = field(default_factory=dict)

    async def metadata(self, provider: Provider) -> Mapping[str, Any]:
        """The provider's metadata, at most ten minutes old, or older while it does not answer.

        Raises:
            SsoAwayError: It does not answer, and was never read.
            UntrustedError: They are another issuer's, or lack what is needed.
        """
        return (await self._read(provider, _FRESH_S)).metadata

    async def keys(self, provider: Provider, *, again: bool = False) -> KeySet:
        """The provider's keys; `again` for a key that was not among them, twice a minute at most.

        Raises:
            SsoAwayError: It does not answer, and was never read.
            UntrustedError: What it sent are no keys.
        """
        return (await self._read(provider, _AGAIN_S if again else _FRESH_S)).keys

    async def exchange(
        self, provider: Provider, secret: str | None, *, code: str, verifier: str, redirect_uri: str
    ) -> Mapping[str, Any]:
        """What the provider gives for a code: `id_token` and `access_token`.

        Raises:
            SsoAwayError: It does not answer.
            UntrustedError: It does not take the code (used, another client's, foreign verifier).
        """
        metadata = await self.metadata(provider)
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        headers = {
            "content-type": "application/x-www-form-urlencoded",
            "accept": "application/json",
        }
        methods = metadata.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        if secret is not None and "client_secret_basic" in methods:
            # RFC 6749, 2.3.1: both halves are form-encoded before they are joined.
            pair = f"{quote(provider.client_id, safe='')}:{quote(secret, safe='')}"
            headers["authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form["client_id"] = provider.client_id
            if secret is not None:
                form["client_secret"] = secret
        answer = await self._send(
            provider, "POST", metadata["token_endpoint"], headers, urlencode(form).encode()
        )
        if answer.status != 200:
            raise UntrustedError(why=f"token endpoint answered {answer.status}")
        return _object(answer)

    async def userinfo(self, provider: Provider, access_token: str) -> Mapping[str, Any]:
        """What the provider tells beside the ID token; nothing where it tells nothing readable.

        A sign-in does not fail by it: what it needs is in the ID token.

        References:
            OpenID Connect Core 1.0, section 5.3.
        """
        endpoint = (await self.metadata(provider)).get("userinfo_endpoint")
        if not isinstance(endpoint, str):
            return {}
        headers = {"accept": "application/json", "authorization": f"Bearer {access_token}"}
        try:
            answer = await self._send(provider, "GET", endpoint, headers, None)
            if answer.status == 200:
                return _object(answer)
            _tell(provider, f"userinfo {answer.status}")
        except SsoAwayError:
            _tell(provider, "userinfo")
        except UntrustedError as error:
            _tell(provider, f"userinfo: {error}")
        return {}

    async def _read(self, provider: Provider, most_s: float) -> _Known:
        key, now = (provider.slug, provider.issuer), self.clock.monotonic()
        known = self._known.get(key)
        if known is not None and now - known.read_at < most_s:
            return known
        try:
            url = f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration"
            metadata = _object(await self._get(provider, url))
            check_metadata(provider, metadata)
            keys = KeySet.import_key_set(_object(await self._get(provider, metadata["jwks_uri"])))  # type: ignore[arg-type]
        except SsoAwayError:
            if known is None:
                raise
            return known
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise UntrustedError(why=f"keys: {type(error).__name__}") from None
        self._known[key] = _Known(metadata, keys, now)
        return self._known[key]

    async def _get(self, provider: Provider, url: str) -> Answer:
        answer = await self._send(provider, "GET", url, {"accept": "application/json"}, None)
        if answer.status != 200:
            _tell(provider, f"{answer.status}")
            raise SsoAwayError(provider=provider.name)
        return answer

    async def _send(
        self,
        provider: Provider,
        method: str,
        url: str,
        headers: dict[str, str],
        content: bytes | None,
    ) -> Answer:
        try:
            return await self.outbound.send(method, url, headers=headers, content=content)
        except TargetAwayError as error:
            _tell(provider, error.params["why"])
            raise SsoAwayError(provider=provider.name) from None
        except WarRoomError as error:
            _tell(provider, error.code)
            raise SsoAwayError(provider=provider.name) from None


def _object(answer: Answer) -> dict[str, Any]:
    try:
        return msgspec.json.decode(answer.body, type=dict[str, Any])
    except msgspec.MsgspecError:
        raise UntrustedError("an answer that is no JSON object") from None


def _tell(provider: Provider, why: str) -> None:
    logger("identity.sso").warning("provider_away", provider=provider.slug, why=why)
