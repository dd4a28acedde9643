"""Strangers on loopback who send requests of SIP at a rate, and count what comes back.

Run as a process of its own: `python -m warroom.calls.bench.flooder PORT RATE SOURCES`. It says when
it begins, and ends with the next line that it is told.
"""

import secrets
import select
import socket
import sys
import time
from collections.abc import Callable
from typing import Any

import msgspec

HOST = "127.0.0.1"
STEP_S = 0.002
METHODS = ("INVITE", "INVITE", "INVITE", "OPTIONS", "REGISTER")


def source(number: int) -> str:
    """An address of loopback that is no trunk's."""
    return f"127.9.{number // 250}.{number % 250 + 1}"


def request(method: str, host: str, port: int) -> bytes:
    """What scanners send: a call to a number, or a question."""
    body = ""
    if method == "INVITE":
        body = (
            f"v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
            "m=audio 40000 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\n"
        )
    name = secrets.token_hex(6)
    kind = "Content-Type: application/sdp\r\n" if body else ""
    return (
        f"{method} sip:112@{HOST} SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{name}\r\n"
        f"From: <sip:100@{host}>;tag={name}\r\nTo: <sip:112@{HOST}>\r\nCall-ID: {name}\r\n"
        f"CSeq: 1 {method}\r\nContact: <sip:100@{host}:{port}>\r\nMax-Forwards: 70\r\n"
        f"User-Agent: friendly-scanner\r\n{kind}Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def flood(port: int, rate: int, sources: int, ends: Callable[[], bool]) -> dict[str, Any]:
    """Sends until told, waits half a second for late answers, and tells what went and came back."""
    wires = []
    for number in range(sources):
        wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        wire.bind((source(number), 0))
        wire.setblocking(False)
        own = wire.getsockname()
        wires.append((wire, [request(method, *own) for method in METHODS]))
    sent = sent_bytes = 0
    _say({"begun": True})
    began = time.monotonic()
    while not ends():
        now = time.monotonic()
        for _ in range(max(0, round((now - began) * rate) - sent)):
            wire, requests = wires[sent % sources]
            datagram = requests[sent // sources % len(requests)]
            try:
                wire.sendto(datagram, (HOST, port))
            except BlockingIOError:
                break
            sent, sent_bytes = sent + 1, sent_bytes + len(datagram)
        time.sleep(STEP_S)
    window_s = time.monotonic() - began
    time.sleep(0.5)
    came = [len(data) for wire, _ in wires for data in _waiting(wire)]
    for wire, _ in wires:
        wire.close()
    return {
        "sent": sent,
        "sent_bytes": sent_bytes,
        "window_s": window_s,
        "came": len(came),
        "came_bytes": sum(came),
    }


def _waiting(wire: socket.socket) -> list[bytes]:
    found = []
    while True:
        try:
            found.append(wire.recv(65_536))
        except BlockingIOError:
            return found


def _say(words: dict[str, Any]) -> None:
    sys.stdout.write(msgspec.json.encode(words).decode() + "\n")
    sys.stdout.flush()


def _is_told() -> bool:
    return bool(select.select([sys.stdin], [], [], 0)[0])


if __name__ == "__main__":
    _port, _rate, _sources = (int(word) for word in sys.argv[1:])
    _say(flood(_port, _rate, _sources, _is_told))
