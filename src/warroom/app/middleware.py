"""What surrounds every request: limits on its size, headers that keep browsers strict, counters."""

import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from warroom.kernel.errors import TooLargeError
from warroom.kernel.metrics import REQUEST_SECONDS, REQUESTS

_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
"""Those that are counted by their name; what a client invents must not become a label for ever."""

BODY_BYTES = 1 << 20
IMPORT_BYTES = 32 << 20

_HEADERS = {
    "content-security-policy": (
        "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:;"
        " style-src 'self' 'unsafe-inline'; worker-src 'self' blob:; object-src 'none';"
        " base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(self), geolocation=(self)",
}


class Surroundings:
    """Limits bodies, adds security headers, and counts answers and their time by route.

    Args:
        app: The application inside.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes one request, socket or lifespan on.

        Raises:
            TooLargeError: The body is larger than its route takes.
        """
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 500

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, _limited(scope, receive), send_with_headers)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            method = scope["method"] if scope["method"] in _METHODS else "other"
            REQUESTS.labels(route, method, str(status)).inc()
            REQUEST_SECONDS.labels(route).observe(time.perf_counter() - began)


def _limited(scope: Scope, receive: Receive) -> Receive:
    limit = IMPORT_BYTES if scope["path"].endswith(("/attachments", "/import")) else BODY_BYTES
    declared = Headers(scope=scope).get("content-length", "0")
    seen = int(declared) if declared.isdigit() and int(declared) > limit else 0

    async def count() -> Message:
        nonlocal seen
        if seen > limit:
            raise TooLargeError(limit_bytes=limit)
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            raise TooLargeError(limit_bytes=limit)
        return message

    return count
