"""How the node is, for people who run it: health, readiness, metrics, the OpenAPI text."""

import hmac
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from warroom.app import recorder_metrics
from warroom.app.calls import calls_socket
from warroom.app.forwarded import WRITTEN_BY_PROXIES, is_from_this_machine
from warroom.audit import api as audit
from warroom.kernel import metrics
from warroom.kernel.db import DatabaseAwayError
from warroom.kernel.errors import NotFoundError
from warroom.kernel.http import PUBLIC, Ctx, Router, json_response
from warroom.kernel.settings import NodeSettings

router = Router("health", prefix="")


ASK_HEADER = "x-warroom-ask"
_ASK_BYTES = 64


def ask_file(settings: NodeSettings) -> Path:
    """Holds the word by which `warroom doctor` is told how its request arrived."""
    return settings.run / "doctor.ask"


@router.get("/healthz", action=PUBLIC)
async def healthz(ctx: Ctx, request: Request) -> Response:
    """The process lives; `lacks` names what it works without for now.

    Who can read this node's folder and sends the word in it is told as whom the request is seen:
    so `warroom doctor` finds out whether a proxy hands on who asks.
    """
    lacks = await _anchors(ctx) if await ctx.db.is_there() else ["database"]
    node = ctx.services[NodeSettings]
    lacks += [
        name
        for name, socket in (
            ("media", node.run / f"media-{node.node}.sock"),
            ("webrtc", node.run / "webrtc.sock"),
            ("calls", calls_socket(node)),
        )
        if not socket.exists()
    ]
    seen = _seen(request) if _asks_for_itself(request, ask_file(node)) else {}
    return json_response({"status": "degraded" if lacks else "ok", "lacks": lacks} | seen)


def _asks_for_itself(request: Request, file: Path) -> bool:
    given = request.headers.get(ASK_HEADER, "")
    if not given or len(given) > _ASK_BYTES:
        return False
    try:
        word = file.read_bytes()[:_ASK_BYTES]
    except OSError:
        return False
    return bool(word) and hmac.compare_digest(given.encode("latin-1"), word)


def _seen(request: Request) -> dict[str, object]:
    host, port = request.client or ("", -1)
    proxied = any(name in request.headers for name in WRITTEN_BY_PROXIES)
    # A client that a believed proxy named has no port.
    told = {"address": host, "scheme": request.url.scheme, "is_proxied": proxied}
    return {"seen": told | {"is_believed": port == 0}}


@router.get("/readyz", action=PUBLIC)
async def readyz(ctx: Ctx) -> Response:
    """200 once requests can be answered in full, 503 before that."""
    ready = await ctx.db.is_there()
    return json_response({"ready": ready}, 200 if ready else 503)


@router.get("/metrics", action=PUBLIC, include_in_schema=False)
async def prometheus(ctx: Ctx, request: Request) -> Response:
    """Metrics, to this machine alone.

    Raises:
        NotFoundError: Somebody else asks.
    """
    if not is_from_this_machine(request):
        raise NotFoundError
    node = ctx.services[NodeSettings]
    recorder = await recorder_metrics.exposition(node.run / f"media-{node.node}.sock")
    content = metrics.exposition() + recorder
    return Response(content, media_type="text/plain; version=0.0.4; charset=utf-8")


@router.get("/api/openapi.json", action=PUBLIC, include_in_schema=False)
async def openapi(request: Request) -> Response:
    """The description of this interface (OpenAPI 3.1)."""
    return json_response(request.app.openapi())


async def _anchors(ctx: Ctx) -> list[str]:
    """Kinds of places that take no copies of the audit's heads now; where they are is not told."""
    try:
        async with ctx.db.transaction(ctx.scope) as tx:
            states = await audit.list_anchor_states(ctx.scope, tx)
    except DatabaseAwayError:
        return ["database"]
    failing = {state.kind for state in states if state.failing_since is not None}
    return [f"audit_anchor_{kind}" for kind in sorted(failing)]
