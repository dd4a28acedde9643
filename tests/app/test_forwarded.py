"""Who asks, where proxies stand before the application: theirs is the word, and nobody else's."""

from typing import Any

import pytest
from starlette.requests import HTTPConnection
from starlette.types import Receive, Scope, Send

from warroom.app.forwarded import (
    ForwardedClient,
    Proxies,
    is_from_this_machine,
    read_address,
)
from warroom.kernel.settings import Configuration, NodeSettings, SettingsError

PROXY = "10.0.0.1"


def proxies(*networks: str, header: str = "x-forwarded-for") -> Proxies:
    told = {"warroom": {"trusted_proxies": list(networks), "forwarded_header": header}}
    return Proxies.read(Configuration(told, {}).section(NodeSettings))


async def seen(
    believed: Proxies, peer: str, *headers: tuple[str, str], kind: str = "http"
) -> dict[str, Any]:
    """What the application inside is told of a request."""
    told: dict[str, Any] = {}

    async def inside(scope: Scope, _receive: Receive, _send: Send) -> None:
        told.update(scope)

    scope = {
        "type": kind,
        "scheme": "http" if kind == "http" else "ws",
        "client": (peer, 4711),
        "headers": [(name.encode(), value.encode()) for name, value in headers],
    }
    await ForwardedClient(inside, believed)(scope, None, None)  # type: ignore[arg-type]
    return told


@pytest.mark.parametrize(
    ("peer", "header", "client"),
    [
        (PROXY, "203.0.113.9", "203.0.113.9"),
        (PROXY, "127.0.0.1, 203.0.113.9", "203.0.113.9"),
        (PROXY, "203.0.113.9, 10.0.0.2", "203.0.113.9"),
        (PROXY, "10.0.0.9, 10.0.0.2", "10.0.0.9"),
        (PROXY, "203.0.113.9:5060", "203.0.113.9"),
        (PROXY, "[2001:db8::1]:443", "2001:db8::1"),
        (PROXY, "2001:db8::1", "2001:db8::1"),
        (PROXY, "::ffff:203.0.113.9", "203.0.113.9"),
        (PROXY, "203.0.113.9, unknown", PROXY),
        (PROXY, "", PROXY),
        (PROXY, "127.0.0.1, " * 4_000 + "203.0.113.9", "203.0.113.9"),
        ("::ffff:10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("203.0.113.1", "127.0.0.1", "203.0.113.1"),
        ("127.0.0.1", "203.0.113.9", "127.0.0.1"),
    ],
)
async def test_the_client_is_the_last_that_is_no_trusted_proxy(
    peer: str, header: str, client: str
) -> None:
    told = await seen(proxies("10.0.0.0/24"), peer, ("x-forwarded-for", header))

    assert client == told["client"][0]


@pytest.mark.parametrize(
    ("header", "client", "scheme"),
    [
        ('for="[2001:db8::1]:80";proto=https;by=10.0.0.1', "2001:db8::1", "https"),
        ('For=203.0.113.9; Proto="https"', "203.0.113.9", "https"),
        ("for=127.0.0.1;proto=http, for=203.0.113.9;proto=https", "203.0.113.9", "https"),
        ('for="127.0.0.1, for=203.0.113.9;proto=https', "203.0.113.9", "https"),
        ("for=203.0.113.9;proto=https, for=10.0.0.2;proto=http", "203.0.113.9", "https"),
        ("for=_hidden", PROXY, "http"),
        ("for=203.0.113.9;proto=gopher", "203.0.113.9", "http"),
    ],
)
async def test_the_standards_header_is_read_where_it_is_named(
    header: str, client: str, scheme: str
) -> None:
    believed = proxies("10.0.0.0/24", header="forwarded")

    told = await seen(believed, PROXY, ("forwarded", header), ("x-forwarded-for", "127.0.0.1"))

    assert (client, scheme) == (told["client"][0], told["scheme"])


async def test_a_header_that_the_proxy_does_not_write_is_not_read() -> None:
    told = await seen(
        proxies("10.0.0.0/24"),
        PROXY,
        ("forwarded", "for=127.0.0.1;proto=https"),
        ("x-forwarded-for", "203.0.113.9"),
    )

    assert ("203.0.113.9", "http") == (told["client"][0], told["scheme"])


async def test_two_lines_of_a_header_are_one() -> None:
    told = await seen(
        proxies("10.0.0.0/24"),
        PROXY,
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-for", "203.0.113.9"),
    )

    assert "203.0.113.9" == told["client"][0]


async def test_the_scheme_is_the_proxys_and_a_sockets_is_its_own() -> None:
    secure = ("x-forwarded-proto", "https")
    believed = proxies("10.0.0.0/24")

    assert "https" == (await seen(believed, PROXY, secure))["scheme"]
    assert "wss" == (await seen(believed, PROXY, secure, kind="websocket"))["scheme"]
    assert "http" == (await seen(believed, "203.0.113.9", secure))["scheme"]


@pytest.mark.parametrize("network", ["10.0.0.1/8", "proxy", "0.0.0.0/0", "::/0"])
def test_a_network_that_cannot_be_meant_is_refused(network: str) -> None:
    with pytest.raises(SettingsError) as refused:
        proxies(network)

    assert "[warroom] trusted_proxies" == refused.value.params["setting"]


def test_another_header_is_refused() -> None:
    with pytest.raises(SettingsError):
        proxies(header="x-real-ip")


@pytest.mark.parametrize("text", ["", "unknown", "1.2.3", "[]", "1.2.3.4.5:80", "::ffff:zz"])
def test_what_is_no_address_is_none(text: str) -> None:
    assert read_address(text) is None


@pytest.mark.parametrize(
    ("client", "version", "headers", "is_here"),
    [
        ("127.0.0.1", "1.1", {"host": "127.0.0.1:8112"}, True),
        ("::1", "1.1", {"host": "[::1]:8112"}, True),
        ("127.0.0.1", "1.1", {"host": "localhost:8112"}, True),
        ("203.0.113.9", "1.1", {"host": "127.0.0.1:8112"}, False),
        ("127.0.0.1", "1.1", {"host": "warroom.example"}, False),
        ("127.0.0.1", "1.0", {"host": "127.0.0.1:8112"}, False),
        ("127.0.0.1", "1.1", {"host": "127.0.0.1", "x-forwarded-for": "127.0.0.1"}, False),
        ("127.0.0.1", "1.1", {"host": "127.0.0.1", "forwarded": "for=127.0.0.1"}, False),
        ("", "1.1", {"host": "127.0.0.1"}, False),
    ],
)
def test_a_proxy_of_this_machine_is_not_this_machine(
    client: str, version: str, headers: dict[str, str], is_here: bool
) -> None:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {
        "type": "http",
        "http_version": version,
        "scheme": "http",
        "path": "/metrics",
        "client": (client, 1),
        "headers": raw,
    }

    assert is_here == is_from_this_machine(HTTPConnection(scope))
