"""How `serve` asks the WebRTC process: one question, one answer, over its control socket."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec

from warroom.kernel.errors import WarRoomError
from warroom.live.contracts import Answered, Role
from warroom.live.errors import (
    CodecNotPlayableError,
    MediaAwayError,
    NoPictureError,
    OfferError,
    TooManyViewersError,
    WebRtcAwayError,
)

ANSWER_S = 8.0
LINE_MAX_BYTES = 200_000

_ERRORS: dict[str, type[WarRoomError]] = {
    error.code: error
    for error in (
        CodecNotPlayableError,
        MediaAwayError,
        NoPictureError,
        OfferError,
        TooManyViewersError,
    )
}


class WebRtcClient:
    """Speaks to the WebRTC process of this node.

    Args:
        control_socket: Where it listens.
    """

    def __init__(self, control_socket: Path) -> None:
        self._control_socket = control_socket

    async def offer(self, camera_id: str, role: Role, sdp: str) -> Answered:
        """Hands an offer over.

        Raises:
            WarRoomError: What the process refused with.
        """
        answer = await self._ask(op="offer", camera=camera_id, role=role, sdp=sdp)
        if "error" in answer:
            raise _ERRORS.get(answer["error"], OfferError)(**answer.get("params", {}))
        return Answered(answer["session"], answer["sdp"], answer.get("sound"))

    async def close(self, session: str) -> None:
        """Ends a session; one that ended already is fine."""
        await self._ask(op="close", session=session)

    async def sessions(self) -> set[str]:
        """The sessions that go on."""
        return set((await self._ask(op="sessions")).get("sessions", ()))

    async def health(self) -> dict[str, Any]:
        """Whether the process answers, and how much it does."""
        return await self._ask(op="health")

    async def _ask(self, **words: object) -> dict[str, Any]:
        try:
            async with asyncio.timeout(ANSWER_S):
                reader, writer = await asyncio.open_unix_connection(
                    str(self._control_socket), limit=LINE_MAX_BYTES
                )
                try:
                    writer.write(msgspec.json.encode(words) + b"\n")
                    return msgspec.json.decode(await reader.readline(), type=dict[str, Any])
                finally:
                    writer.close()
        except (OSError, TimeoutError, msgspec.MsgspecError) as error:
            raise WebRtcAwayError from error
