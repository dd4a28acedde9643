"""Many calls at once: packets lost, CPU of a call, time until the answer."""

import os
import random
import secrets
import select
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import msgspec

from warroom.calls.bench.figures import STAMP

HOST = "127.0.0.1"
FRAME_S = 0.02
MEASURED_FROM_S = 1.0
"""After the last answer: starting up is not part of what a call costs."""

_SDP = (
    "v=0\r\no=u 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
    "m=audio {port} RTP/AVP 8\r\na=sendrecv\r\n"
)


@dataclass(slots=True)
class Caller:
    """One caller: a socket for SIP and one for sound."""

    number: int
    sip: socket.socket
    sound: socket.socket
    asked_at: float = 0.0
    answered_at: float = 0.0
    to: str = ""
    media: tuple[str, int] | None = None
    sent: int = 0
    heard: int = 0

    def request(self, method: str, number: int, body: str = "") -> bytes:
        """A request of this caller."""
        host, port = self.sip.getsockname()
        kind = "Content-Type: application/sdp\r\n" if body else ""
        return (
            f"{method} urn:service:sos SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{method}{self.number};rport\r\n"
            f"From: <sip:0811{self.number}@{host}>;tag=c{self.number}\r\n"
            f"To: {self.to or '<urn:service:sos>'}\r\nCall-ID: bench-{self.number}\r\n"
            f"CSeq: {number} {method}\r\nContact: <sip:c@{host}:{port}>\r\nMax-Forwards: 70\r\n"
            f"{kind}Content-Length: {len(body)}\r\n\r\n{body}"
        ).encode()


def bench_calls(*, calls: int, seconds: float) -> dict[str, Any]:
    """Measures `calls` calls at once for so many seconds each."""
    with (
        tempfile.TemporaryDirectory(prefix="wr-calls-") as folder,
        started("edge", folder, str(calls)) as edge,
    ):
        measured = _measure(edge, calls, seconds)
    floor = _floor(calls, seconds)
    per_call = 100 * measured.pop("cpu_s") / measured["window_s"] / calls
    return {
        "calls": calls,
        "rtp_lost": measured.pop("rtp_lost"),
        "cpu_pct_of_core_per_call": round(per_call, 3),
        "answer_ms_p99": measured.pop("answer_ms_p99"),
        "floor_pct_of_core_per_call": round(floor, 3),
        "ratio": round(per_call / floor, 2) if floor else None,
        **measured,
    }


@contextmanager
def started(*words: str, module: str = "edge") -> "Iterator[subprocess.Popen[bytes]]":
    """A process of a module of this folder, killed at the end."""
    with subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", f"warroom.calls.bench.{module}", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def told(process: "subprocess.Popen[bytes]") -> dict[str, Any]:
    """What it says next; waits for it."""
    line = process.stdout.readline() if process.stdout else b""
    return msgspec.json.decode(line, type=dict[str, Any])


def press(process: "subprocess.Popen[bytes]") -> None:
    """Has it go on to what comes next."""
    if process.stdin:
        process.stdin.write(b"\n")
        process.stdin.flush()


def sdp(caller: Caller) -> str:
    """What a caller offers."""
    return _SDP.format(host=HOST, port=caller.sound.getsockname()[1])


def socket_of() -> socket.socket:
    """A socket of a caller, on any port."""
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    made.bind((HOST, 0))
    made.setblocking(False)
    return made


def _measure(edge: "subprocess.Popen[bytes]", calls: int, seconds: float) -> dict[str, Any]:
    target = (HOST, told(edge)["port"])
    callers = [Caller(number, socket_of(), socket_of()) for number in range(calls)]
    voice = secrets.token_bytes(160)
    for caller in callers:
        caller.asked_at = time.monotonic()
        caller.sip.sendto(caller.request("INVITE", 1, sdp(caller)), target)
        _hear(callers, target, 0.002)
    while any(caller.media is None for caller in callers):
        _hear(callers, target, 0.01)
    _speak(callers, target, voice, MEASURED_FROM_S)
    press(edge)
    began = time.monotonic()
    _speak(callers, target, voice, seconds)
    window_s = time.monotonic() - began
    press(edge)
    for caller in callers:
        caller.sip.sendto(caller.request("BYE", 2), target)
    counted = told(edge)
    _hang_up(callers)
    sent = sum(caller.sent for caller in callers)
    answers = sorted(1000 * (caller.answered_at - caller.asked_at) for caller in callers)
    return {
        "cpu_s": counted["cpu_s"],
        "window_s": round(window_s, 2),
        "rtp_lost": sent - counted["received"],
        "answer_ms_p99": round(answers[max(0, -(-99 * calls // 100) - 1)], 1),
        "rtp_sent": sent,
        "caller_to_leg_ms_p50": counted["late_ms_p50"],
        "caller_to_leg_ms_p99": counted["late_ms_p99"],
        "recordings_hashed": counted["hashed"],
        "worst_tick_late_ms": counted["worst_late_ms"],
    }


def _hear(callers: list[Caller], target: tuple[str, int], wait_s: float) -> None:
    by_socket = {caller.sip: caller for caller in callers}
    ready, _, _ = select.select(list(by_socket), [], [], wait_s)
    for wire in ready:
        caller = by_socket[wire]
        # A socket of SIP may lie where another caller's RTCP belongs: one port above its sound.
        text = wire.recv(4096).decode(errors="replace")
        if text.startswith("SIP/2.0 200") and caller.media is None:
            caller.answered_at = time.monotonic()
            lines = text.split("\r\n")
            caller.to = next(line[4:] for line in lines if line.startswith("To: "))
            port = next(line for line in lines if line.startswith("m=audio ")).split()[1]
            caller.media = (HOST, int(port))
            caller.sip.sendto(caller.request("ACK", 1), target)


def _speak(callers: list[Caller], target: tuple[str, int], voice: bytes, seconds: float) -> None:
    """Each caller sends a frame each 20 ms, spread over them as real ones are."""
    order = list(callers)
    random.Random(1).shuffle(order)  # noqa: S311 - an order, no secret
    step = FRAME_S / len(order)
    due = time.monotonic()
    for number in range(round(seconds / FRAME_S)):
        for caller in order:
            due += step
            late = due - time.monotonic()
            if late > 0:
                time.sleep(late)
            head = struct.pack(
                "!BBHII", 0x80, 8, caller.sent & 0xFFFF, caller.sent * 160, caller.number + 1
            )
            if caller.media is not None:
                stamped = STAMP.pack(time.monotonic_ns()) + voice[STAMP.size :]
                caller.sound.sendto(head + stamped, caller.media)
            caller.sent += 1
        _drain(callers)
        if number % 25 == 0:
            _hear(callers, target, 0)


def _hang_up(callers: list[Caller]) -> None:
    for caller in callers:
        caller.sip.close()
        caller.sound.close()


def _drain(callers: list[Caller]) -> None:
    for caller in callers:
        while True:
            try:
                caller.sound.recv(400)
            except BlockingIOError:
                break
            caller.heard += 1


def _floor(calls: int, seconds: float) -> float:
    """Percent of a core for each call of a process that sends every packet back."""
    with started("floor", str(calls)) as process:
        ports = told(process)["ports"]
        callers = [Caller(number, socket_of(), socket_of()) for number in range(calls)]
        for caller, port in zip(callers, ports, strict=True):
            caller.media = (HOST, port)
        press(process)
        began = time.monotonic()
        _speak(callers, (HOST, ports[0]), secrets.token_bytes(160), seconds)
        window_s = time.monotonic() - began
        press(process)
        _hang_up(callers)
        return float(100 * told(process)["cpu_s"] / window_s / calls)
