"""Claims about the simulated hospitals: what they tell could be, and is told by the door."""

import asyncio
import csv
import io
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcity.drive.wards import Wards

HOSPITALS = [(f"RS {number}", -5.1, 119.4) for number in range(5)]


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode())))


@given(st.integers(0, 1_000), st.integers(0, 40))
def test_never_are_more_beds_free_than_there_are_and_never_fewer_than_none(
    seed: int, steps: int
) -> None:
    wards = Wards("http://127.0.0.1:1", "", HOSPITALS, seed)
    for _ in range(steps):
        wards.step()

    for row in rows(wards.tell(everybody=True)):
        for kind in ("igd", "icu", "ward"):
            if row[kind]:
                assert 0 <= int(row[kind]) <= int(row[f"{kind}_total"])


def test_at_first_everybody_is_named_with_their_place_and_some_tell_nothing_of_icu() -> None:
    told = rows(Wards("http://127.0.0.1:1", "", HOSPITALS).tell(everybody=True))

    assert [row["nama"] for row in told] == [name for name, _, _ in HOSPITALS]
    assert {(row["lat"], row["lon"]) for row in told} == {("-5.1", "119.4")}
    assert [bool(row["icu"]) for row in told] == [True, True, True, False, True]
    assert all(row["igd"] for row in told)


@pytest.fixture
def door() -> Iterator[tuple[str, list[tuple[str, str | None, bytes]]]]:
    heard: list[tuple[str, str | None, bytes]] = []

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["content-length"]))
            heard.append((self.path, self.headers.get("authorization"), content))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", heard
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_program_brings_the_file_with_its_token(
    door: tuple[str, list[tuple[str, str | None, bytes]]],
) -> None:
    address, heard = door

    async def once() -> None:
        async with Wards(address, "t", HOSPITALS):
            async with asyncio.timeout(20):
                while not heard:
                    await asyncio.sleep(0.01)

    asyncio.run(once())

    (path, token, content) = heard[0]
    assert (path, token) == ("/api/dispatch/facilities/import", "Bearer t")
    assert len(rows(content)) == len(HOSPITALS)
