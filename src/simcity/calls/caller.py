"""One caller: INVITE with the place of the phone, speech over RTP, and the end of the call.

What is not answered is sent again (RFC 3261, 17.1.1.2: after 0.5 s, then doubled); a caller whose
patience ends cancels.
"""

import asyncio
import contextlib
import re
import secrets
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from simcity import clock
from simcity.calls.sound import FRAME_SAMPLES, SILENCE

T1_S = 0.5
GIVE_UP_S = 32.0
FRAME_S = 0.02
_PAYLOAD_TYPE = 8
_EVENT_TYPE = 101
_KEYS = "0123456789*#"
_BOUNDARY = "caller-part"
_HEARD_MOST = 4_000

type Address = tuple[str, int]
type End = Literal["talked", "hung_up_on", "abandoned", "refused", "no_answer"]

_PLACE = """<?xml version="1.0" encoding="UTF-8"?>
<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:gp="urn:ietf:params:xml:ns:pidf:geopriv10"
 xmlns:gml="http://www.opengis.net/gml" xmlns:gs="http://www.opengis.net/pidflo/1.0"
 entity="pres:caller@simcity.invalid"><tuple id="t"><status><gp:geopriv><gp:location-info>
<gs:Circle srsName="urn:ogc:def:crs:EPSG::4326"><gml:pos>{lat:.6f} {lon:.6f}</gml:pos>
<gs:radius uom="urn:ogc:def:uom:EPSG::9001">{radius:.0f}</gs:radius></gs:Circle>
</gp:location-info><gp:usage-rules/><gp:method>GPS</gp:method></gp:geopriv></status></tuple>
</presence>"""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a call went.

    Attributes:
        call_id: Of SIP.
        status: The last answer to the INVITE; 0 is none.
        waited_s: Until the answer, or until it was given up.
        spoken, heard: Packets.
    """

    end: End
    call_id: str
    status: int
    waited_s: float
    spoken: int = 0
    heard: int = 0


class Caller:
    """Somebody who calls once.

    Args:
        edge: Where SIP is taken.
        number: Of the caller; empty withholds it.
        place: Latitude, longitude, radius in metres, as the phone tells; None tells none.
        host: Own address.
        presses: Keys that are pressed once somebody answers, before anything is said.
    """

    def __init__(
        self,
        edge: Address,
        number: str,
        place: tuple[float, float, float] | None = None,
        host: str = "127.0.0.1",
        presses: str = "",
    ) -> None:
        self._edge, self._number, self._place, self._host = edge, number, place, host
        self._presses = presses
        self.call_id = f"{secrets.token_hex(10)}@simcity"
        self._tag = secrets.token_hex(5)
        self._branch = _branch()
        self._to = "<urn:service:sos>"
        self._target = "urn:service:sos"
        self._port = self._sound_port = 0
        self._sequence = 1

    async def call(self, said: bytes, patience_s: float, linger_s: float = 2.0) -> Ended:
        """The whole call: rings, says what it has to say, stays on the line a while, hangs up.

        Args:
            said: Whole frames of A-law.
            patience_s: How long it is let ring.
            linger_s: How long it stays silent on the line after that.
        """
        loop = asyncio.get_running_loop()
        wire, mail = await loop.create_datagram_endpoint(_Mail, local_addr=(self._host, 0))
        sound, ear = await loop.create_datagram_endpoint(_Ear, local_addr=(self._host, 0))
        self._port = wire.get_extra_info("sockname")[1]
        self._sound_port = sound.get_extra_info("sockname")[1]
        began = clock.monotonic_s()
        try:
            status, answer = await self._ring(wire, mail, patience_s)
            waited = clock.monotonic_s() - began
            if status != 200:
                end: End = "no_answer" if status == 0 else "refused"
                end = "abandoned" if status == 487 else end
                return Ended(end, self.call_id, status, waited)
            there = _media_of(answer)
            end, spoken = await self._talk(wire, mail, sound, said, linger_s, there)
            return Ended(end, self.call_id, status, waited, spoken, ear.heard)
        finally:
            wire.close()
            sound.close()

    async def _ring(
        self, wire: asyncio.DatagramTransport, mail: "_Mail", patience_s: float
    ) -> tuple[int, str]:
        """The final answer to the INVITE; a caller whose patience ends cancels."""
        invite = self._request("INVITE", self._offer())
        heard = asyncio.Event()
        again = asyncio.create_task(self._repeat(wire, invite, heard))
        cancelled = False
        try:
            until = clock.monotonic_s() + patience_s
            while True:
                left = until - clock.monotonic_s()
                try:
                    answer = await asyncio.wait_for(mail.came.get(), max(0.0, left))
                except TimeoutError:
                    if cancelled:
                        return 0, ""
                    cancelled, until = True, clock.monotonic_s() + GIVE_UP_S
                    wire.sendto(self._request("CANCEL"), self._edge)
                    continue
                status, method = _status_of(answer)
                if method != "INVITE":
                    self._obey(wire, answer)
                    continue
                heard.set()
                if status < 200:
                    continue
                self._to = _header(answer, "to", "t") or self._to
                self._acknowledge(wire, status, answer)
                return status, answer
        finally:
            again.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await again

    async def _repeat(
        self, wire: asyncio.DatagramTransport, invite: bytes, heard: asyncio.Event
    ) -> None:
        pause = T1_S
        wire.sendto(invite, self._edge)
        while pause < GIVE_UP_S:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(heard.wait(), pause)
                return
            wire.sendto(invite, self._edge)
            pause *= 2

    def _acknowledge(self, wire: asyncio.DatagramTransport, status: int, answer: str) -> None:
        if status == 200:
            # Its own transaction, to where the other side says that it is.
            contact = re.search(r"<([^>]+)>", _header(answer, "contact", "m") or "")
            self._target = contact[1] if contact else self._target
            self._branch = _branch()
        wire.sendto(self._request("ACK"), self._edge)

    async def _talk(
        self,
        wire: asyncio.DatagramTransport,
        mail: "_Mail",
        sound: asyncio.DatagramTransport,
        said: bytes,
        linger_s: float,
        there: Address,
    ) -> tuple[End, int]:
        """Says it all, lingers, hangs up; or hears that the other side hung up."""
        over = asyncio.create_task(self._listen(wire, mail))
        silence = bytes([SILENCE]) * (int(linger_s / FRAME_S) * FRAME_SAMPLES)
        voice = asyncio.create_task(_speak(sound, said + silence, there, self._presses))
        try:
            await asyncio.wait({over, voice}, return_when=asyncio.FIRST_COMPLETED)
            if over.done():
                return "hung_up_on", voice.result() if voice.done() else 0
            await self._hang_up(wire, over)
            return "talked", voice.result()
        finally:
            for task in (over, voice):
                task.cancel()
            await asyncio.gather(over, voice, return_exceptions=True)

    async def _listen(self, wire: asyncio.DatagramTransport, mail: "_Mail") -> None:
        """Answers what the other side asks in the call; ends with its BYE or its answer to ours."""
        while True:
            message = await mail.came.get()
            if message.startswith("SIP/2.0"):
                status, method = _status_of(message)
                if method == "BYE" and status >= 200:
                    return
                if method == "INVITE" and status == 200:
                    wire.sendto(self._request("ACK"), self._edge)
                continue
            self._obey(wire, message)
            if message.startswith("BYE "):
                return

    async def _hang_up(self, wire: asyncio.DatagramTransport, over: asyncio.Task[None]) -> None:
        self._sequence += 1
        self._branch = _branch()
        bye, pause = self._request("BYE"), T1_S
        while pause < GIVE_UP_S and not over.done():
            wire.sendto(bye, self._edge)
            await asyncio.wait({over}, timeout=pause)
            pause *= 2

    def _obey(self, wire: asyncio.DatagramTransport, message: str) -> None:
        """Says yes to a request, with our sound where it asks for it; an answer needs none."""
        if message.startswith(("SIP/2.0", "ACK ")):
            return
        kept = [
            line for line in message.partition("\r\n\r\n")[0].split("\r\n")[1:]
            if re.match(r"(?i)(via|v|from|f|to|t|call-id|i|cseq)\s*:", line)
        ]  # fmt: skip
        body = self._sdp() if message.startswith(("INVITE ", "UPDATE ")) else ""
        kept += [f"Contact: <sip:caller@{self._host}:{self._port}>"]
        kept += ["Content-Type: application/sdp"] if body else []
        kept += [f"Content-Length: {len(body)}", "", body]
        wire.sendto("\r\n".join(["SIP/2.0 200 OK", *kept]).encode(), self._edge)

    def _request(self, method: str, parts: Mapping[str, str] | None = None) -> bytes:
        who = f"sip:{self._number or 'anonymous'}@{self._host}"
        fields = dict(parts or {})
        body = fields.pop("", "")
        lines = [
            f"{method} {self._target} SIP/2.0",
            f"Via: SIP/2.0/UDP {self._host}:{self._port};branch={self._branch};rport",
            f"From: <{who}>;tag={self._tag}",
            f"To: {self._to}",
            f"Call-ID: {self.call_id}",
            f"CSeq: {self._sequence} {method}",
            f"Contact: <sip:caller@{self._host}:{self._port}>",
            "Max-Forwards: 70",
            *(f"{name}: {value}" for name, value in fields.items()),
            f"Content-Length: {len(body.encode())}",
            "",
            body,
        ]
        return "\r\n".join(lines).encode()

    def _offer(self) -> dict[str, str]:
        """Header fields of the INVITE, and under no name its body."""
        if self._place is None:
            return {"Content-Type": "application/sdp", "": self._sdp()}
        lat, lon, radius = self._place
        place = _PLACE.format(lat=lat, lon=lon, radius=radius)
        body = (
            f"--{_BOUNDARY}\r\nContent-Type: application/sdp\r\n\r\n{self._sdp()}\r\n"
            f"--{_BOUNDARY}\r\nContent-Type: application/pidf+xml\r\n"
            f"Content-ID: <place@simcity>\r\n\r\n{place}\r\n--{_BOUNDARY}--\r\n"
        )
        return {
            "Geolocation": "<cid:place@simcity>",
            "Content-Type": f"multipart/mixed; boundary={_BOUNDARY}",
            "": body,
        }

    def _sdp(self) -> str:
        lines = (
            "v=0", f"o=- 1 1 IN IP4 {self._host}", "s=-", f"c=IN IP4 {self._host}", "t=0 0",
            f"m=audio {self._sound_port} RTP/AVP {_PAYLOAD_TYPE} {_EVENT_TYPE}",
            "a=rtpmap:8 PCMA/8000", f"a=rtpmap:{_EVENT_TYPE} telephone-event/8000",
            "a=ptime:20", "",
        )  # fmt: skip
        return "\r\n".join(lines)


class _Mail(asyncio.DatagramProtocol):
    """Keeps what comes over SIP."""

    def __init__(self) -> None:
        self.came: asyncio.Queue[str] = asyncio.Queue(_HEARD_MOST)

    def datagram_received(self, data: bytes, addr: Address) -> None:  # noqa: ARG002 - the edge's
        """One came; what nobody reads is thrown away."""
        with contextlib.suppress(asyncio.QueueFull):
            self.came.put_nowait(data.decode("utf-8", "replace"))


class _Ear(asyncio.DatagramProtocol):
    """Counts the packets of sound that come."""

    def __init__(self) -> None:
        self.heard = 0

    def datagram_received(self, data: bytes, addr: Address) -> None:  # noqa: ARG002 - counted only
        """One came."""
        self.heard += 1


async def _speak(
    wire: asyncio.DatagramTransport, said: bytes, there: Address, keys: str = ""
) -> int:
    """Presses the keys, then sends sound, at the pace of speech; the number of packets of sound."""
    began, ssrc = clock.monotonic_s(), secrets.randbits(32)
    pressed = [one for key in keys for one in _pressed(_KEYS.index(key))]
    frames = range(0, len(said), FRAME_SAMPLES)
    for number in range(len(pressed) + len(frames)):
        await asyncio.sleep(max(0.0, began + number * FRAME_S - clock.monotonic_s()))
        at, sequence = number * FRAME_SAMPLES, number & 0xFFFF
        if number < len(pressed):
            step, content = pressed[number]
            # The time of an event is that of its beginning (RFC 4733, 2.5.1.2).
            kind, at = _EVENT_TYPE, at - step * FRAME_SAMPLES
            is_first = step == 0
        else:
            begin = (number - len(pressed)) * FRAME_SAMPLES
            content, kind = said[begin : begin + FRAME_SAMPLES], _PAYLOAD_TYPE
            is_first = number == len(pressed)
        head = struct.pack(
            "!BBHII", 0x80, kind | (0x80 if is_first else 0), sequence, at, ssrc
        )  # fmt: skip
        wire.sendto(head + content, there)
    return len(frames)


def _pressed(key: int) -> list[tuple[int, bytes]]:
    """The packets of one key: five while it is held, and its end three times (RFC 4733)."""
    steps = []
    for step in range(8):
        is_end = step >= 5
        length = FRAME_SAMPLES * (min(step, 5) + 1)
        steps.append((step, struct.pack("!BBH", key, (0x80 if is_end else 0) | 10, length)))
    return steps


def _branch() -> str:
    return f"z9hG4bK{secrets.token_hex(8)}"


def _header(message: str, *names: str) -> str | None:
    found = re.search(rf"(?im)^(?:{'|'.join(names)})\s*:\s*(.+?)\r?$", message)
    return found[1] if found else None


def _status_of(message: str) -> tuple[int, str]:
    """Status and method of an answer; of a request 0 and nothing."""
    found = re.match(r"SIP/2\.0 (\d{3})", message)
    method = (_header(message, "cseq") or "").split()
    return (int(found[1]), method[-1]) if found and method else (0, "")


def _media_of(answer: str) -> Address:
    """Where sound goes.

    Raises:
        ConnectionError: The answer does not say.
    """
    port = re.search(r"(?m)^m=audio (\d+)", answer)
    host = re.search(r"(?m)^c=IN IP4 (\S+)", answer)
    if port is None or host is None:
        raise ConnectionError(answer.partition("\r\n")[0])
    return host[1], int(port[1])
