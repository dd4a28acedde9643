"""The web server under strangers: silent and half-sent connections, huge headers, HTTP/2, tabs."""

import asyncio
import socket
import time
from collections.abc import Iterator

import httpx

from warroom.app.bench.hostile.field import Check, Field
from warroom.app.bench.node import BenchNode
from warroom.app.bench.realtime import Tab
from warroom.app.connections import WebSettings

ANSWERED_S = 5.0
"""Longest answer of somebody honest that still counts as answered."""

GROWN_MB = 60.0
_HALF_BODY = b"POST /api/session HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n{"


def checks(field: Field) -> Iterator[Check]:
    """Holds as many connections as a stranger likes, then asks as somebody honest."""
    node = field.node()
    count = 300 if field.quick else 1_100
    for name, sent in (("silent", b""), ("half-sent", _HALF_BODY)):
        before = node.serve.memory_info().rss
        held = [_open(node, sent) for _ in range(count)]
        slowest = max(_ask(node) for _ in range(10))
        grown = (node.serve.memory_info().rss - before) / 1e6
        _close(held)
        yield Check(f"{count} {name} connections keep nobody out", slowest < ANSWERED_S,
                    round(slowest, 3))  # fmt: skip
        yield Check(f"{count} {name} connections cost little memory (MB)", grown < GROWN_MB,
                    round(grown, 1))  # fmt: skip
    yield _headers(node)
    yield _http_2(node)
    yield _methods(node)
    yield _challenges(node)
    yield asyncio.run(_tabs(node))


def _open(node: BenchNode, sent: bytes) -> socket.socket:
    made = socket.create_connection(("127.0.0.1", node.port), timeout=10)
    if sent:
        made.sendall(sent)
    return made


def _close(held: list[socket.socket]) -> None:
    for one in held:
        one.close()


def _ask(node: BenchNode) -> float:
    began = time.monotonic()
    httpx.get(f"{node.address}/healthz", timeout=30)
    return time.monotonic() - began


def _headers(node: BenchNode) -> Check:
    with _open(node, b"GET / HTTP/1.1\r\nx: " + b"a" * 40_000) as wire:
        answer = wire.recv(100)
    return Check("40 kB of headers are refused before they end", answer.startswith(b"HTTP/1.1 431"),
                 answer.split(b"\r\n")[0].decode("latin-1"))  # fmt: skip


def _http_2(node: BenchNode) -> Check:
    with _open(node, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0") as wire:
        answer = wire.recv(100)
    return Check("HTTP/2 in clear is not spoken", answer.startswith(b"HTTP/1.1 4"),
                 answer.split(b"\r\n")[0].decode("latin-1"))  # fmt: skip


def _methods(node: BenchNode) -> Check:
    with httpx.Client(base_url=node.address, timeout=30) as client:
        for number in range(30):
            client.request(f"INVENT{number}", "/api/cameras")
        told = client.get("/metrics").text
    return Check("Invented methods become no label", "INVENT" not in told, told.count("\n"))


def _challenges(node: BenchNode) -> Check:
    most, kept = WebSettings().challenges_at_once * 4, 0
    with httpx.Client(base_url=node.address, timeout=30, headers={"x-warroom": "1"}) as client:
        while kept < most:
            answer = client.post("/api/seats/challenge", json={})
            if answer.status_code != 200:
                break
            kept += 1
    is_told = answer.status_code == 429 and answer.json()["code"] == "too_often"
    return Check("A stranger's challenges for seats end at a pace", is_told, kept)


async def _tabs(node: BenchNode) -> Check:
    most = WebSettings().sockets_per_person
    tabs, refused = [], 0
    for _ in range(most + 5):
        try:
            tabs.append(await Tab.open(node, node.token, ["cameras.state"]))
        except ConnectionRefusedError:
            refused += 1
    for tab in tabs:
        tab.close()
    return Check("One person opens no more sockets than one may", refused == 5, refused)
