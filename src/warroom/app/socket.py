"""The event socket of every browser tab."""

from starlette.websockets import WebSocket

from warroom.kernel.http import SIGNED_IN, Ctx, Router, standing_scope
from warroom.kernel.realtime import Hub
from warroom.kernel.scope import Scope

router = Router("socket", prefix="")


@router.websocket("/ws", action=SIGNED_IN, stands_alone=True)
async def events(socket: WebSocket, ctx: Ctx) -> None:
    """Topics as JSON texts, resumed by the id of the last event; ends with the session."""
    await socket.accept()

    async def still() -> Scope | None:
        return await standing_scope(socket)

    await ctx.services[Hub].serve(socket, ctx.scope, still)
