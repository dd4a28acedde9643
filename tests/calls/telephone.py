"""Telephones with a tone for a voice: they call 112 or are called, and keep what they hear.

Each runs in a thread of its own, on real sockets, so that a test of pages can go on beside it.
"""

import re
import secrets
import select
import socket
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

from warroom.calls.audio import g711, rtp
from warroom.calls.contracts import FRAME_SAMPLES, RATE_HZ

HOST = "127.0.0.1"
FRAME_S = 0.02
T1_S = 0.5
KEPT_FRAMES = 500
LOUDNESS = 3000.0

type Address = tuple[str, int]
type Samples = NDArray[np.float64]


def tone_of(hz: float, seconds: float = 1.0) -> bytes:
    """A tone in A-law that can be repeated without a click (whole waves)."""
    at = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return g711.encode(LOUDNESS * np.sin(2 * np.pi * round(hz) * at))


def share_with(heard: Samples, hz: float) -> float:
    """In how much of a sound a tone is: 0 to 1, judged in pieces of 100 ms by their spectrum.

    Each voice of a call has a tone of its own, 150 Hz or more from the others: whoever is mixed
    with others is told apart, which the likeness of two voices does not allow.
    """
    size = RATE_HZ // 10
    pieces = heard[: len(heard) // size * size].reshape(-1, size)
    if not len(pieces):
        return 0.0
    window = np.hanning(size)
    wave = np.exp(-2j * np.pi * hz * np.arange(size) / RATE_HZ) * window
    loudness = 2 * np.abs(pieces @ wave) / window.sum()
    return float(np.mean(loudness > LOUDNESS / 8))


@dataclass
class _Dialog:
    """What the other side and we call this call."""

    peer: Address
    call_id: str
    ours: str
    theirs: str
    target: str
    sequence: int = 1
    media: Address | None = None
    headers: list[str] = field(default_factory=list)


class Telephone:
    """A telephone; closed by the end of the `with`.

    Args:
        hz: The tone that is its voice.
        number: Its own.
        host: Its address.
        port: At which it takes calls; 0 is any.

    Attributes:
        is_up: Whether a call of it stands.
        is_over: Whether the last call ended, or was refused.
        calls_taken: How often it was called.
    """

    def __init__(self, hz: float, number: str, host: str = HOST, port: int = 0) -> None:
        self._voice, self._number, self._host = tone_of(hz), number, host
        self._signals, self._sound = _bound(host, port), _bound(host, 0)
        self._heard: deque[bytes] = deque(maxlen=KEPT_FRAMES)
        self._dialog: _Dialog | None = None
        self._invite: tuple[bytes, float, float] | None = None
        self._branch = _branch()
        self._ends = threading.Event()
        self._lock = threading.Lock()
        self._ssrc, self._sent, self._due = secrets.randbits(31), 0, 0.0
        self.is_up = self.is_over = False
        self.calls_taken = 0
        self.frames_heard = 0
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.hang_up()
        self._ends.set()
        self._thread.join(5)
        self._signals.close()
        self._sound.close()

    @property
    def port(self) -> int:
        """At which it takes calls."""
        port: int = self._signals.getsockname()[1]
        return port

    def call(self, edge: Address) -> None:
        """Begins to call 112; `is_up` says when somebody answered."""
        with self._lock:
            self.is_up = self.is_over = False
            call_id, tag = f"{secrets.token_hex(8)}@{self._host}", secrets.token_hex(4)
            me = f"<sip:{self._number}@{self._host}>;tag={tag}"
            self._dialog = _Dialog(edge, call_id, me, "<urn:service:sos>", "urn:service:sos")
            self._branch = _branch()
            invite = self._request("INVITE", self._dialog, self._sdp())
            self._signals.sendto(invite, edge)
            self._invite = (invite, time.monotonic() + T1_S, T1_S)

    def give_up(self) -> None:
        """Hangs up before anybody answered."""
        with self._lock:
            if self._dialog is not None and not self.is_up:
                self._signals.sendto(self._request("CANCEL", self._dialog), self._dialog.peer)

    def hang_up(self) -> None:
        """Ends the call that stands."""
        with self._lock:
            if not self.is_up or self._dialog is None:
                return
            self._dialog.sequence += 1
            self._branch = _branch()
            self._signals.sendto(self._request("BYE", self._dialog), self._dialog.peer)
            self._is_up_no_more()

    def heard(self, seconds: float = 1.0) -> Samples:
        """What was heard last."""
        frames = list(self._heard)[-round(seconds / FRAME_S) :]
        return g711.decode(b"".join(frames)).astype(float)

    # The thread

    def _run(self) -> None:
        while not self._ends.is_set():
            ready, _, _ = select.select([self._signals, self._sound], [], [], FRAME_S / 2)
            with self._lock:
                if self._signals in ready:
                    data, peer = self._signals.recvfrom(65_536)
                    self._take(data.decode("utf-8", "replace"), peer)
                if self._sound in ready:
                    packet = rtp.parse(self._sound.recv(2048))
                    if packet is not None and packet.payload_type == 8:
                        self._heard.append(packet.payload)
                        self.frames_heard += 1
                self._repeat()
                self._speak()

    def _repeat(self) -> None:
        if self._invite is None or self._dialog is None:
            return
        invite, at, pause = self._invite
        if time.monotonic() >= at:
            self._signals.sendto(invite, self._dialog.peer)
            self._invite = (invite, time.monotonic() + pause * 2, pause * 2)

    def _speak(self) -> None:
        """Sends what is due: all of it, so that a busy machine leaves no hole in the voice."""
        if not self.is_up or self._dialog is None or self._dialog.media is None:
            return
        now = time.monotonic()
        while self._due <= now:
            begin = self._sent * FRAME_SAMPLES % len(self._voice)
            packet = rtp.Packet(
                8, self._sent == 0, self._sent & 0xFFFF, self._sent * FRAME_SAMPLES & 0xFFFFFFFF,
                self._ssrc, self._voice[begin : begin + FRAME_SAMPLES],
            )  # fmt: skip
            self._sound.sendto(rtp.build(packet), self._dialog.media)
            self._sent += 1
            self._due += FRAME_S

    def _take(self, message: str, peer: Address) -> None:
        if message.startswith("SIP/2.0"):
            self._take_answer(message)
        elif message.startswith("INVITE ") and not self.is_up:
            self._take_call(message, peer)
        elif not message.startswith("ACK "):
            is_sound = message.startswith(("INVITE ", "UPDATE "))
            self._answer(message, peer, self._sdp() if is_sound else "")
            if message.startswith("BYE "):
                self._is_up_no_more()

    def _take_answer(self, message: str) -> None:
        status = int(message.split()[1])
        method = _header(message, "CSeq").split()[-1]
        if self._dialog is None or method != "INVITE":
            return
        self._invite = None
        if status < 200:
            return
        self._dialog.theirs = _header(message, "To")
        if status == 200:
            self._dialog.target = re.findall(r"<([^>]+)>", _header(message, "Contact"))[0]
            self._branch = _branch()
            self._begin(message)
        else:
            self._is_up_no_more()
        self._signals.sendto(self._request("ACK", self._dialog), self._dialog.peer)

    def _take_call(self, message: str, peer: Address) -> None:
        target = re.findall(r"<([^>]+)>", _header(message, "Contact"))[0]
        tag = secrets.token_hex(4)
        ours = f"{_header(message, 'To')};tag={tag}"
        call_id = _header(message, "Call-ID")
        known = self._dialog
        if known is None or known.call_id != call_id:
            self._dialog = _Dialog(peer, call_id, ours, _header(message, "From"), target)
            self.calls_taken += 1
        self._answer(message, peer, self._sdp(), to=self._dialog.ours if self._dialog else ours)
        self._begin(message)

    def _begin(self, description: str) -> None:
        if self._dialog is None:
            return
        port = re.findall(r"(?m)^m=audio (\d+)", description)
        host = re.findall(r"(?m)^c=IN IP4 (\S+)", description)
        if port and host:
            self._dialog.media = (host[0], int(port[0]))
        if not self.is_up:
            self._heard.clear()
            self.is_up, self.is_over, self._due = True, False, time.monotonic()

    def _is_up_no_more(self) -> None:
        self.is_up, self.is_over = False, True

    # Messages

    def _request(self, method: str, dialog: _Dialog, body: str = "") -> bytes:
        here = f"{self._host}:{self.port}"
        lines = [
            f"{method} {dialog.target} SIP/2.0",
            f"Via: SIP/2.0/UDP {here};branch={self._branch};rport",
            f"From: {dialog.ours}",
            f"To: {dialog.theirs}",
            f"Call-ID: {dialog.call_id}",
            f"CSeq: {dialog.sequence} {method}",
            f"Contact: <sip:{self._number}@{here}>",
            "Max-Forwards: 70",
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        return "\r\n".join([*lines, "", body]).encode()

    def _answer(self, message: str, peer: Address, body: str = "", to: str = "") -> None:
        kept = []
        for line in message.partition("\r\n\r\n")[0].split("\r\n")[1:]:
            name = line.partition(":")[0].strip().lower()
            if name in ("via", "from", "call-id", "cseq"):
                kept.append(line)
            elif name == "to":
                kept.append(f"To: {to}" if to else line)
        kept.append(f"Contact: <sip:{self._number}@{self._host}:{self.port}>")
        kept += ["Content-Type: application/sdp"] if body else []
        kept += [f"Content-Length: {len(body)}", "", body]
        self._signals.sendto("\r\n".join(["SIP/2.0 200 OK", *kept]).encode(), peer)

    def _sdp(self) -> str:
        port = self._sound.getsockname()[1]
        lines = (
            "v=0", f"o=- 1 1 IN IP4 {self._host}", "s=-", f"c=IN IP4 {self._host}", "t=0 0",
            f"m=audio {port} RTP/AVP 8", "a=rtpmap:8 PCMA/8000", "a=ptime:20", "",
        )  # fmt: skip
        return "\r\n".join(lines)


def _header(message: str, name: str) -> str:
    found = re.search(rf"(?im)^{name}\s*:\s*(.+?)\r?$", message)
    return found[1] if found else ""


def _branch() -> str:
    return f"z9hG4bK{secrets.token_hex(8)}"


def _bound(host: str, port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    bound.bind((host, port))
    return bound
