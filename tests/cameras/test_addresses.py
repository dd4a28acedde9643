"""Which addresses are taken: pure rules, tried with whatever hypothesis thinks of."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from warroom.cameras.addresses import (
    HIDDEN,
    host_address,
    parse_address,
    same_host,
)
from warroom.cameras.errors import (
    FieldError,
    ForbiddenAddressError,
    RtspsError,
    SchemeError,
    TooLongError,
    UrlInvalidError,
)
from warroom.kernel.addresses import is_address_allowed

private_v4 = st.one_of(
    st.integers(0x0A000001, 0x0AFFFFFE),
    st.integers(0xC0A80001, 0xC0A8FFFE),
    st.integers(0xAC100001, 0xAC1FFFFE),
).map(IPv4Address)
forbidden_v4 = st.one_of(
    st.integers(0xA9FE0000, 0xA9FEFFFF),  # link-local
    st.integers(0xE0000000, 0xFFFFFFFF),  # multicast, reserved, broadcast
    st.integers(0x00000000, 0x00FFFFFF),  # this network
    st.integers(0x7F000000, 0x7FFFFFFF),  # loopback
).map(IPv4Address)
words = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_.", min_size=1, max_size=20)


@given(private_v4)
def test_private_addresses_are_where_cameras_live(ip: IPv4Address) -> None:
    assert is_address_allowed(ip, allow_loopback=False)
    assert parse_address(f"rtsp://{ip}/x", allow_loopback=False).host == str(ip)


@given(forbidden_v4)
def test_forbidden_addresses_are_refused_however_they_are_wrapped(ip: IPv4Address) -> None:
    number = int(ip)
    wrapped = [
        IPv6Address(0xFFFF_0000_0000 | number),
        IPv6Address((0x0064_FF9B << 96) | number),
        IPv6Address((0x2002 << 112) | (number << 80)),
    ]

    assert not is_address_allowed(ip, allow_loopback=False)
    for address in wrapped:
        assert not is_address_allowed(address, allow_loopback=False), address
        with pytest.raises(ForbiddenAddressError):
            parse_address(f"rtsp://[{address}]/x", allow_loopback=False)


@given(forbidden_v4)
def test_a_number_written_oddly_is_the_address_it_is(ip: IPv4Address) -> None:
    number = int(ip)
    octets = [number >> shift & 255 for shift in (24, 16, 8, 0)]
    for host in (
        str(number),
        hex(number),
        ".".join(f"{octet:#o}".replace("0o", "0") for octet in octets),
        ".".join(map(hex, octets)),
        f"{octets[0]}.{number & 0xFFFFFF}",
    ):
        assert host_address(host) == ip
        with pytest.raises(ForbiddenAddressError):
            parse_address(f"rtsp://{host}/x", allow_loopback=False)


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "[fd00:ec2::254]",
        "[fd20:ce::254]",
        "100.100.100.200",
        "168.63.129.16",
        "metadata.google.internal",
        "METADATA.google.internal.",
        "[fe80::1]",
        "[fe80::1%25eth0]",
        "[::]",
        "0.0.0.0",
        "0",
        "[ff02::1]",
        "239.1.2.3",
        "255.255.255.255",
        "localhost",
        "camera.localhost",
        "LOCALHOST.",
        "127.0.0.1",
        "127.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::127.0.0.1]",
    ],
)
def test_no_camera_is_there(host: str) -> None:
    with pytest.raises(ForbiddenAddressError):
        parse_address(f"rtsp://{host}/x", allow_loopback=False)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "127.9.9.9"])
def test_loopback_is_allowed_by_setting_alone(host: str) -> None:
    assert parse_address(f"rtsp://{host}:8554/cam1", allow_loopback=True).port == 8554


def test_the_setting_for_loopback_opens_nothing_else() -> None:
    for host in ("169.254.169.254", "[::ffff:169.254.169.254]", "0.0.0.0", "224.0.0.1"):
        with pytest.raises(ForbiddenAddressError):
            parse_address(f"rtsp://{host}/x", allow_loopback=True)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("http://10.0.0.1/x", SchemeError),
        ("file:///etc/passwd", SchemeError),
        ("javascript://10.0.0.1/%0a", SchemeError),
        ("rtsps://10.0.0.1/x", RtspsError),
        ("10.0.0.1/x", UrlInvalidError),
        ("", UrlInvalidError),
        ("rtsp://", UrlInvalidError),
        ("rtsp:///x", UrlInvalidError),
        ("rtsp://10.0.0.1:0/x", UrlInvalidError),
        ("rtsp://10.0.0.1:99999/x", UrlInvalidError),
        ("rtsp://10.0.0.1:x/", UrlInvalidError),
        ("rtsp://10.0.0.1/a\r\nEvil: 1", UrlInvalidError),
        ("rtsp://10.0.0.1/a b", UrlInvalidError),
        ("rtsp://10.0.0.1/\x00", UrlInvalidError),
        ("rtsp://a:p#b@10.0.0.1/", UrlInvalidError),
        ("rtsp://10.0.0.1\\@169.254.169.254/", UrlInvalidError),
        ("rtsp://[::1/x", UrlInvalidError),
        ("rtsp://010.0.0.1/x", UrlInvalidError),
        ("rtsp://k\N{LATIN SMALL LETTER A WITH ACUTE}mera/x", UrlInvalidError),
        ("rtsp://a%2fb/x", UrlInvalidError),
        ("rtsp://a:b%0d%0a@10.0.0.1/", UrlInvalidError),
        ("rtsp://10.0.0.1/" + "x" * 1100, TooLongError),
    ],
)
def test_what_is_no_address_of_a_stream_is_refused_by_name(
    text: str, error: type[FieldError]
) -> None:
    with pytest.raises(error):
        parse_address(text, allow_loopback=True)


@given(st.text(min_size=1, max_size=30), st.text(min_size=1, max_size=30))
@example("admin", "p@ss:w/rd?")
def test_a_login_in_the_address_is_taken_out_of_it(username: str, password: str) -> None:
    from urllib.parse import quote

    if not (username + password).isprintable():
        return
    url = f"rtsp://{quote(username, safe='')}:{quote(password, safe='')}@kamera.lan:8554/a?b=1"
    address = parse_address(url, allow_loopback=False)

    assert address.url == "rtsp://kamera.lan:8554/a?b=1"
    assert (address.credentials.username, address.credentials.password) == (username, password)
    assert "@" not in address.url


@given(words)
def test_a_password_in_the_path_is_hidden_from_what_is_shown(secret: str) -> None:
    url = f"rtsp://10.0.0.1/user=x&password={secret}&channel=1"
    address = parse_address(url, allow_loopback=False)

    assert address.url == f"rtsp://10.0.0.1/user=x&password={HIDDEN}&channel=1"
    assert address.credentials.url == url


@given(st.text(max_size=200))
@example("rtsp://")
@example("rtsp://[")
@example("rtsp://@")
@example("rtsp://1.2.3.4.5/")
def test_any_text_is_an_address_or_a_field_error(text: str) -> None:
    for candidate in (text, f"rtsp://{text}", f"rtsp://10.0.0.1/{text}"):
        try:
            address = parse_address(candidate, allow_loopback=False)
        except FieldError:
            continue
        again = parse_address(address.url, allow_loopback=False)
        assert (again.host, again.port) == (address.host, address.port)


@given(st.ip_addresses())
def test_text_and_address_are_judged_alike(ip: IPv4Address | IPv6Address) -> None:
    for allow in (True, False):
        assert is_address_allowed(str(ip), allow_loopback=allow) == is_address_allowed(
            ip_address(str(ip)), allow_loopback=allow
        )


def test_what_is_no_address_is_not_allowed() -> None:
    assert not is_address_allowed("kamera.lan", allow_loopback=True)
    assert not is_address_allowed("", allow_loopback=True)


def test_the_default_port_is_the_same_host_as_none() -> None:
    assert same_host("rtsp://A.lan/x", "rtsp://a.lan:554/y")
    assert not same_host("rtsp://a.lan/x", "rtsp://a.lan:8554/x")
