"""Every door of `warroom bench hostile` holds; a door that breaks its attacker counts as fallen."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from types import SimpleNamespace

import pytest

from warroom.app.bench.hostile import NoSuchDoorError, bench_hostile, doors
from warroom.app.bench.hostile.field import Check, Field
from warroom.app.bench.realtime import Tab


@pytest.fixture(scope="module")
def field() -> Iterator[Field]:
    with ExitStack() as stack:
        yield Field(stack, quick=True)


@pytest.mark.parametrize("door", doors())
def test_door_holds(door: str, field: Field) -> None:
    result = bench_hostile([door], quick=True, field=field)

    assert result["checks"], "an attack that tries nothing proves nothing"
    assert [check for check in result["checks"] if not check["held"]] == []


def test_a_door_that_breaks_its_attacker_counts_as_fallen(monkeypatch: pytest.MonkeyPatch) -> None:
    def checks(field: Field) -> Iterator[Check]:
        yield Check("first", held=True)
        raise ConnectionResetError

    monkeypatch.setattr("warroom.app.bench.hostile.requests.checks", checks)

    result = bench_hostile(["requests"])

    assert [True, False] == [check["held"] for check in result["checks"]]
    assert 1 == result["failed"]


def test_an_unknown_door_is_refused() -> None:
    with pytest.raises(NoSuchDoorError):
        bench_hostile(["cellar"])


async def test_a_tab_that_is_refused_leaves_no_connection() -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 503 Service Unavailable\r\n\r\n")
        left.set_result(await reader.read())
        writer.close()

    left = asyncio.get_running_loop().create_future()
    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    node = SimpleNamespace(port=server.sockets[0].getsockname()[1])
    async with server:
        with pytest.raises(ConnectionRefusedError):
            await Tab.open(node, "", [])
        assert await asyncio.wait_for(left, 10) == b""
