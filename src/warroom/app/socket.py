"""The event socket of every browser tab."""

from starlette.websockets import WebSocket

from warroom.app.connections import WebSettings
from warroom.kernel.http import SIGNED_IN, Ctx, Router, standing_scope
from warroom.kernel.limits import AskerSlots
from warroom.kernel.realtime import Hub
from warroom.kernel.scope import Scope

router = Router("socket", prefix="")


class EventSockets(AskerSlots):
    """How many event sockets each person, and each network address, holds.

    Args:
        settings: The limits.
    """

    def __init__(self, settings: WebSettings) -> None:
        super().__init__(settings.sockets_per_person, settings.sockets_per_address)


@router.websocket("/ws", action=SIGNED_IN, stands_alone=True)
async def events(socket: WebSocket, ctx: Ctx) -> None:
    """Topics as JSON texts, resumed by the id of the last event; ends with the session.

    Raises:
        TooManyOpenError: This person has as many tabs open as one may (`limit`).
        TooManyFromAddressError: So has this network address.
    """
    with ctx.services[EventSockets].take(ctx.scope):
        await socket.accept()

        async def still() -> Scope | None:
            return await standing_scope(socket)

        await ctx.services[Hub].serve(socket, ctx.scope, still)
