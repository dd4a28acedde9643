"""Turning a camera by ONVIF; imported only when one is turned.

`onveef` writes and reads the SOAP; where it connects to is decided here. A camera names addresses
of its own services: they are re-pointed at the host and port it was reached on, and the transport
refuses every other one. The name is looked up at each connection, every address it has is judged,
and the connection goes to the one that was judged. Redirects are not followed, nothing is taken
from the environment, and the password never travels in plain text (WS-UsernameToken or Digest).

References:
    ONVIF PTZ Service Specification 24.12, sections 5.1 and 5.3; WS-Security UsernameToken 1.0.
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Awaitable, Callable
from typing import Any
from xml.sax.saxutils import escape

import httpx
from onveef import AsyncOnvifClient, OnvifEndpoint, envelopes, parsers
from onveef.exceptions import (
    OnvifAuthError,
    OnvifCapabilityMissingError,
    OnvifError,
    OnvifFaultError,
    OnvifOperationNotSupportedError,
    OnvifServiceUnavailableError,
    OnvifTimeoutError,
)

from warroom.cameras.contracts import Credentials, Pose, Preset, Reach, Velocity
from warroom.cameras.errors import (
    NotTurningError,
    TurningAwayError,
    TurningLoginError,
    TurningRefusedError,
    TurningTimeoutError,
)
from warroom.kernel.addresses import is_address_allowed

MAX_ANSWER_BYTES = 1 << 20
MAX_PRESETS = 300
_NAME_LENGTH = 80
_DEGREES = "http://www.onvif.org/ver10/tptz/PanTiltSpaces/SphericalPositionSpaceDegrees"
_DEGREES_MOVED = "http://www.onvif.org/ver10/tptz/PanTiltSpaces/SphericalTranslationSpaceDegrees"


class Guarded(httpx.AsyncBaseTransport):
    """Reaches one host and port, at an address that was judged, and nothing else.

    Args:
        url: Address of the camera.
        allow_loopback: Whether it may be on this machine.
    """

    def __init__(self, url: str, *, allow_loopback: bool) -> None:
        target = httpx.URL(url)
        self._scheme, self._host = target.scheme, target.host
        self._port = target.port or (443 if target.scheme == "https" else 80)
        self._allow_loopback = allow_loopback
        verify = ssl.create_default_context() if target.scheme == "https" else False
        self._inner = httpx.AsyncHTTPTransport(verify=verify, retries=0)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Sends it, if it is meant for this camera.

        Raises:
            ConnectError: It is meant for somewhere else, or the name leads where no camera is.
        """
        url = request.url
        port = url.port or (443 if url.scheme == "https" else 80)
        if (url.scheme, url.host, port) != (self._scheme, self._host, self._port):
            raise httpx.ConnectError("elsewhere", request=request)
        request.url = url.copy_with(host=await self._judged(request))
        request.extensions = {**request.extensions, "sni_hostname": self._host}
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._inner.aclose()

    async def _judged(self, request: httpx.Request) -> str:
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise httpx.ConnectError("name", request=request) from error
        ips = [str(entry[4][0]) for entry in found]
        if not all(is_address_allowed(ip, allow_loopback=self._allow_loopback) for ip in ips):
            raise httpx.ConnectError("forbidden", request=request)
        return ips[0]


class OnvifCamera:
    """One camera's node, found at the first word.

    Args:
        client: Speaks to it.
        timeout_s: For the error that says so.
    """

    def __init__(self, client: AsyncOnvifClient, timeout_s: float) -> None:
        self._client = client
        self._timeout_s = timeout_s
        self._profile: str | None = None
        self._reach: Reach | None = None

    async def reach(self) -> Reach:
        """What its node offers; asked once a connection."""
        if self._reach is None:
            await self._token()
            xml = await self._asked(
                lambda: self._client.call(
                    service="ptz", operation="GetNodes", body_inner=envelopes.ptz_get_nodes()
                )
            )
            self._reach = read_reach(xml)
        return self._reach

    async def move(self, velocity: Velocity, seconds: float) -> None:
        """Moves until told otherwise, and by itself not longer than `seconds`."""
        profile = await self._token()
        await self._asked(
            lambda: self._client.ptz_continuous_move(
                profile_token=profile,
                pan=velocity.pan,
                tilt=velocity.tilt,
                zoom=velocity.zoom,
                timeout=f"PT{seconds:g}S",
            )
        )

    async def stop(self) -> None:
        """Stands still."""
        profile = await self._token()
        await self._asked(lambda: self._client.ptz_stop(profile_token=profile))

    async def turn(self, pan: float) -> None:
        """Turns to a pan position; tilt and zoom stay as they are.

        Raises:
            NotTurningError: The node offers neither of the two ways.
        """
        profile, reach = await self._token(), await self.reach()
        if reach.by is None:
            raise NotTurningError
        now = await self.pose()
        # Without a position to start from, tilt would be set to the middle: the least bad of both.
        tilt = now.tilt if now.tilt is not None else 0.0
        if reach.by == "absolute":
            word, part, pan_tilt = "AbsoluteMove", "Position", (pan, tilt)
        else:
            if now.pan is None:
                raise NotTurningError
            word, part, pan_tilt = "RelativeMove", "Translation", (pan - now.pan, 0.0)
        spaces = {"AbsoluteMove": _DEGREES, "RelativeMove": _DEGREES_MOVED}
        space = f' space="{spaces[word]}"' if reach.in_degrees else ""
        token = escape(profile)
        body = (
            f"<tptz:{word}><tptz:ProfileToken>{token}</tptz:ProfileToken>"
            f'<tptz:{part}><tt:PanTilt x="{pan_tilt[0]:g}" y="{pan_tilt[1]:g}"{space}/>'
            f"</tptz:{part}></tptz:{word}>"
        )
        await self._asked(lambda: self._client.call(service="ptz", operation=word, body_inner=body))

    async def presets(self) -> list[Preset]:
        """The positions it keeps, the first three hundred."""
        profile = await self._token()
        found = await self._asked(lambda: self._client.ptz_get_presets(profile_token=profile))
        return [
            Preset(
                one["token"][:_NAME_LENGTH],
                "".join(sign for sign in one.get("name", "") if sign.isprintable())[:_NAME_LENGTH],
                one.get("pan"),
            )
            for one in found[:MAX_PRESETS]
            if one.get("token")
        ]

    async def go_to(self, token: str) -> None:
        """Goes to a position it keeps."""
        profile = await self._token()
        await self._asked(
            lambda: self._client.ptz_goto_preset(profile_token=profile, preset_token=token)
        )

    async def pose(self) -> Pose:
        """Where it looks now, as far as it tells."""
        profile = await self._token()
        told = await self._asked(lambda: self._client.ptz_get_status(profile_token=profile))
        states = told.get("move_status", {}).values()
        is_moving = "MOVING" in states if any(states) else None
        return Pose(told.get("pan"), told.get("tilt"), told.get("zoom"), is_moving)

    async def close(self) -> None:
        """Lets go of the connection."""
        with contextlib.suppress(httpx.HTTPError):
            await self._client.aclose()

    async def _token(self) -> str:
        """The profile whose node is turned: the first that has one.

        Raises:
            NotTurningError: None has.
        """
        if self._profile is None:
            # Asked for by itself: the library's own discovery takes silence for "no such service".
            services = await self._asked(self._client.discover_services)
            device = self._client.endpoint.device_xaddr
            self._client.set_endpoint(OnvifEndpoint(device, services))
            profiles = await self._asked(self._client.get_profiles)
            found = next((one["token"] for one in profiles if one.get("ptz")), None)
            if found is None:
                raise NotTurningError
            self._profile = found
        return self._profile

    async def _asked[T](self, ask: Callable[[], Awaitable[T]]) -> T:
        """An answer of the camera, or why there is none.

        Raises:
            TurningLoginError: It refuses the login.
            NotTurningError: It has no such service.
            TurningTimeoutError: It takes too long.
            TurningRefusedError: It says no.
            TurningAwayError: It cannot be reached, or says nothing that can be read.
        """
        try:
            return await ask()
        except OnvifAuthError:
            raise TurningLoginError from None
        except (OnvifCapabilityMissingError, OnvifOperationNotSupportedError):
            raise NotTurningError from None
        except OnvifTimeoutError:
            raise TurningTimeoutError(limit_s=round(self._timeout_s)) from None
        except (OnvifFaultError, OnvifServiceUnavailableError):
            raise TurningRefusedError from None
        except OnvifError:
            raise TurningAwayError from None


def open_camera(
    url: str,
    login: Credentials,
    *,
    allow_loopback: bool,
    timeout_s: float,
    transport: httpx.AsyncBaseTransport | None = None,
) -> OnvifCamera:
    """The camera whose device service is at `url`; nothing is sent yet.

    `transport` replaces the guarded one: for recorded exchanges.
    """
    client = AsyncOnvifClient(
        url,
        username=login.username,
        password=login.password,
        auto_discover=False,
        timeout_s=timeout_s,
        retries=0,
        http_auth="digest",
        max_response_bytes=MAX_ANSWER_BYTES,
        user_agent="WarRoom",
        transport=transport or Guarded(url, allow_loopback=allow_loopback),
    )
    return OnvifCamera(client, timeout_s)


def read_reach(xml: str) -> Reach:
    """What the first node in an answer to GetNodes offers; degrees before units of its own.

    A node without a space for positions can be moved by velocities and presets alone.
    """
    root = parsers.parse_xml(xml)
    node = None if root is None else parsers.find_local(root, "PTZNode")
    if node is None:
        return Reach()
    absolute = _best(node, "AbsolutePanTiltPositionSpace", _DEGREES)
    if absolute is not None:
        return Reach("absolute", *absolute)
    relative = _best(node, "RelativePanTiltTranslationSpace", _DEGREES_MOVED)
    if relative is None:
        return Reach()
    # The range of a translation is twice that of the positions it leads between.
    low, high, in_degrees = relative
    return Reach("relative", low / 2, high / 2, in_degrees)


def _best(node: Any, name: str, degrees: str) -> tuple[float, float, bool] | None:
    """Least, most and whether they are degrees, of the best space of this kind that can be read."""
    spaces = [_space(one) for one in parsers.find_all_local(node, name)]
    known = [(uri != degrees, low, high) for uri, low, high in spaces if low < high]
    if not known:
        return None
    other, low, high = min(known)
    return low, high, not other


def _space(element: Any) -> tuple[str, float, float]:
    """Address, least and most of a space; an empty range where it cannot be read."""
    across = parsers.find_local(element, "XRange")
    if across is None:
        return "", 0.0, 0.0
    try:
        low = float(parsers.child_text(across, "Min"))
        high = float(parsers.child_text(across, "Max"))
    except ValueError:
        return "", 0.0, 0.0
    return parsers.child_text(element, "URI"), low, high
