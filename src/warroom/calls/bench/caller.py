"""A caller on loopback: sends INVITE, speaks, listens, hangs up.

Nothing is lost there, so nothing is repeated.
"""

import asyncio
import re
import secrets

from warroom.calls.audio import rtp
from warroom.calls.contracts import FRAME_MS, FRAME_SAMPLES

HOST = "127.0.0.1"
ANSWER_S = 20.0
PAUSE_S = 0.5

type Address = tuple[str, int]


class _Mailbox(asyncio.DatagramProtocol):
    """Keeps what comes."""

    def __init__(self) -> None:
        self.came: asyncio.Queue[bytes] = asyncio.Queue()
        self.at: list[float] = []

    def datagram_received(self, data: bytes, addr: Address) -> None:  # noqa: ARG002 - the trunk's
        """One came."""
        self.came.put_nowait(data)
        self.at.append(asyncio.get_running_loop().time())


class Caller:
    """One call.

    Args:
        number: Tells callers apart.
        edge: Where SIP is taken.
    """

    def __init__(self, number: int, edge: Address) -> None:
        self._number, self._edge = number, edge
        self._call = secrets.token_hex(8)
        self._to = f"<sip:112@{HOST}>"
        self._sequence = 1
        self.heard_packets = 0
        self.spoken_at: list[float] = []
        """Loop seconds at which each frame was sent."""
        self.heard_at: list[float] = []
        """Loop seconds at which each frame came."""

    async def talk(self, said: bytes) -> None:
        """The whole call; ends when everything was said.

        Args:
            said: A-law.
        """
        loop = asyncio.get_running_loop()
        sip_wire, sip = await loop.create_datagram_endpoint(_Mailbox, local_addr=(HOST, 0))
        sound_wire, sound = await loop.create_datagram_endpoint(_Mailbox, local_addr=(HOST, 0))
        own = sip_wire.get_extra_info("sockname")[1]
        port = sound_wire.get_extra_info("sockname")[1]
        try:
            sip_wire.sendto(self._request("INVITE", own, _offer(port)), self._edge)
            there = await self._answered(sip)
            sip_wire.sendto(self._request("ACK", own), self._edge)
            await self._speak(said, sound_wire, there)
            self._sequence += 1
            # Signalling must not overtake the last of the sound.
            await asyncio.sleep(PAUSE_S)
            sip_wire.sendto(self._request("BYE", own), self._edge)
            await asyncio.wait_for(sip.came.get(), ANSWER_S)
            self.heard_packets, self.heard_at = sound.came.qsize(), sound.at
        finally:
            sip_wire.close()
            sound_wire.close()

    async def _answered(self, sip: _Mailbox) -> Address:
        async with asyncio.timeout(ANSWER_S):
            while True:
                answer = (await sip.came.get()).decode()
                if answer.startswith("SIP/2.0 1"):
                    continue
                to = re.search(r"(?im)^(?:to|t)\s*:\s*(.+?)\r?$", answer)
                media = re.search(r"m=audio (\d+)", answer)
                if not answer.startswith("SIP/2.0 200") or to is None or media is None:
                    raise ConnectionRefusedError(answer.splitlines()[0])
                self._to = to[1]
                return HOST, int(media[1])

    async def _speak(self, said: bytes, wire: asyncio.DatagramTransport, there: Address) -> None:
        loop = asyncio.get_running_loop()
        begun, ssrc = loop.time(), secrets.randbits(32)
        for number, at in enumerate(range(0, len(said), FRAME_SAMPLES)):
            due = begun + number * FRAME_MS / 1000
            await asyncio.sleep(max(0.0, due - loop.time()))
            frame = said[at : at + FRAME_SAMPLES]
            wire.sendto(rtp.build(rtp.Packet(8, at == 0, number, at, ssrc, frame)), there)
            self.spoken_at.append(loop.time())

    def _request(self, method: str, port: int, body: str = "") -> bytes:
        number = self._sequence
        lines = (
            f"{method} sip:112@{HOST} SIP/2.0",
            f"Via: SIP/2.0/UDP {HOST}:{port};branch=z9hG4bK{secrets.token_hex(8)};rport",
            f"From: <sip:0811{self._number:04}@{HOST}>;tag={self._call}",
            f"To: {self._to}",
            f"Call-ID: {self._call}@bench",
            f"CSeq: {number} {method}",
            f"Contact: <sip:caller@{HOST}:{port}>",
            "Max-Forwards: 70",
            *(("Content-Type: application/sdp",) if body else ()),
            f"Content-Length: {len(body)}",
            "",
            body,
        )
        return "\r\n".join(lines).encode()


def _offer(port: int) -> str:
    lines = (
        "v=0", f"o=- 1 1 IN IP4 {HOST}", "s=-", f"c=IN IP4 {HOST}", "t=0 0",
        f"m=audio {port} RTP/AVP 8", "a=rtpmap:8 PCMA/8000", "a=ptime:20", "",
    )  # fmt: skip
    return "\r\n".join(lines)
