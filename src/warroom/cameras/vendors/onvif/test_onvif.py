"""Claims about `onvif`, held against recorded exchanges."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import httpx
import pytest

from warroom.cameras.contracts import Credentials, Pose, Preset, Reach, Velocity
from warroom.cameras.errors import (
    NotTurningError,
    TurningAwayError,
    TurningError,
    TurningLoginError,
    TurningRefusedError,
    TurningTimeoutError,
)
from warroom.cameras.vendors.onvif import SPEC
from warroom.cameras.vendors.onvif.driver import Guarded, OnvifCamera, open_camera, read_reach

FIXTURES = Path(__file__).parent / "fixtures"
URL = "http://10.9.8.7/onvif/device_service"
DEGREES = "http://www.onvif.org/ver10/tptz/PanTiltSpaces/SphericalPositionSpaceDegrees"

type Answer = httpx.Response | Exception


class Recorded(httpx.AsyncBaseTransport):
    """Answers each question with what was recorded, or with what a test wants instead."""

    def __init__(self, instead: dict[str, Answer] | None = None) -> None:
        self.instead, self.asked = instead or {}, list[tuple[str, str]]()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = (await request.aread()).decode()
        word = next(
            word
            for word in (
                *("GetServices", "GetProfiles", "GetNodes", "GetStatus", "GetPresets"),
                *("ContinuousMove", "AbsoluteMove", "RelativeMove", "GotoPreset", "Stop"),
                "GetSystemDateAndTime",
            )
            if f":{word}" in body
        )
        self.asked.append((str(request.url), body))
        answer = self.instead.get(word)
        if isinstance(answer, Exception):
            raise answer
        if answer is not None:
            return answer
        path = FIXTURES / f"{word}.xml"
        return httpx.Response(200, text=path.read_text() if path.exists() else "<ok/>")


def camera(transport: httpx.AsyncBaseTransport) -> OnvifCamera:
    login = Credentials("u", "p")
    return open_camera(URL, login, allow_loopback=False, timeout_s=3.0, transport=transport)


def asked[T](
    word: Callable[[OnvifCamera], Coroutine[Any, Any, T]], transport: httpx.AsyncBaseTransport
) -> T:
    async def run() -> T:
        one = camera(transport)
        try:
            return await word(one)
        finally:
            await one.close()

    return asyncio.run(run())


def fault(word: str, status: int = 400) -> httpx.Response:
    return httpx.Response(
        status,
        text='<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><s:Fault>'
        f"<s:Code><s:Subcode><s:Value>{word}</s:Value></s:Subcode></s:Code>"
        f"<s:Reason><s:Text>{word}</s:Text></s:Reason></s:Fault></s:Body></s:Envelope>",
    )


def node(*spaces: tuple[str, str, float, float]) -> str:
    rows = "".join(
        f"<{kind}><URI>{uri}</URI><XRange><Min>{low}</Min><Max>{high}</Max></XRange></{kind}>"
        for kind, uri, low, high in spaces
    )
    return f"<a><PTZNode><SupportedPTZSpaces>{rows}</SupportedPTZSpaces></PTZNode></a>"


def test_onvif_is_called_by_the_word_of_its_folder() -> None:
    assert "onvif" == SPEC["name"]


def test_a_camera_is_asked_at_the_address_it_was_reached_on_and_at_no_other_it_names() -> None:
    transport = Recorded()

    asked(lambda one: one.move(Velocity(pan=0.5, zoom=-1), 2.0), transport)

    # What was recorded names 192.168.1.64:8080 as the place of its services.
    assert {"10.9.8.7"} == {httpx.URL(url).host for url, _ in transport.asked}
    url, body = transport.asked[-1]
    assert "http://10.9.8.7/onvif/ptz_service" == url
    assert '<tt:PanTilt x="0.5" y="0.0"/><tt:Zoom x="-1"/>' in body
    assert "<tptz:Timeout>PT2S</tptz:Timeout>" in body
    assert ">p<" not in body


def test_a_node_is_read_with_its_units() -> None:
    assert Reach("absolute", -1.0, 1.0, False) == asked(lambda one: one.reach(), Recorded())


@pytest.mark.parametrize(
    ("xml", "expected"),
    [
        (
            node(
                ("AbsolutePanTiltPositionSpace", "generic", -1, 1),
                ("AbsolutePanTiltPositionSpace", DEGREES, 0, 360),
            ),
            Reach("absolute", 0.0, 360.0, True),
        ),
        (
            node(("RelativePanTiltTranslationSpace", "generic", -2, 2)),
            Reach("relative", -1.0, 1.0, False),
        ),
        (node(("AbsolutePanTiltPositionSpace", "generic", 1, 1)), Reach()),
        (node(("ContinuousPanTiltVelocitySpace", "generic", -1, 1)), Reach()),
        ("<a/>", Reach()),
        ("no xml", Reach()),
        (
            "<a><PTZNode><AbsolutePanTiltPositionSpace><XRange><Min>x</Min></XRange>"
            "</AbsolutePanTiltPositionSpace></PTZNode></a>",
            Reach(),
        ),
    ],
)
def test_what_a_node_offers(xml: str, expected: Reach) -> None:
    assert expected == read_reach(xml)


def test_answers_that_are_no_xml_tell_nothing_and_nothing_is_made_up_of_them() -> None:
    """Recorded as it came: the prefix is declared nowhere."""
    assert Pose() == asked(lambda one: one.pose(), Recorded())
    assert [] == asked(lambda one: one.presets(), Recorded())


def test_positions_are_told_by_token_name_and_pan() -> None:
    xml = (FIXTURES / "GetPresets.xml").read_text().replace("ptz:GetPresetsResponse", "r")
    xml = xml.replace("tptz:Preset", "Preset").replace("Home</", "Ru\x7fmah</")
    transport = Recorded({"GetPresets": httpx.Response(200, text=xml)})

    assert [Preset("home", "Rumah", 0.0)] == asked(lambda one: one.presets(), transport)


def test_turning_by_a_relative_node_begins_where_it_looks_now() -> None:
    status = '<a><PTZStatus><Position><PanTilt x="0.25" y="0.5"/></Position></PTZStatus></a>'
    relative = node(("RelativePanTiltTranslationSpace", "generic", -2, 2))
    transport = Recorded(
        {
            "GetNodes": httpx.Response(200, text=relative),
            "GetStatus": httpx.Response(200, text=status),
        }
    )

    asked(lambda one: one.turn(0.75), transport)

    assert '<tt:PanTilt x="0.5" y="0"/>' in transport.asked[-1][1]


def test_a_node_without_positions_is_not_turned_to_one() -> None:
    transport = Recorded({"GetNodes": httpx.Response(200, text=node())})

    with pytest.raises(NotTurningError):
        asked(lambda one: one.turn(0.1), transport)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (httpx.ConnectError("no"), TurningAwayError),
        (httpx.ReadTimeout("slow"), TurningTimeoutError),
        (httpx.Response(302, headers={"location": "http://169.254.169.254/"}), TurningAwayError),
        (httpx.Response(401), TurningLoginError),
        (fault("ter:NotAuthorized"), TurningLoginError),
        (fault("ter:NoToken"), TurningRefusedError),
        (fault("ter:ActionNotSupported"), NotTurningError),
        (httpx.Response(503), TurningRefusedError),
        (httpx.Response(500, text="<html>"), TurningAwayError),
        (httpx.Response(200, content=b"x" * (1 << 23)), TurningAwayError),
    ],
)
def test_each_way_to_fail_has_its_word(answer: Answer, expected: type[TurningError]) -> None:
    with pytest.raises(expected) as raised:
        asked(lambda one: one.go_to("1"), Recorded({"GotoPreset": answer}))

    assert expected is type(raised.value)


def test_a_camera_that_is_away_is_not_taken_for_one_that_does_not_turn() -> None:
    with pytest.raises(TurningAwayError):
        asked(lambda one: one.stop(), Recorded({"GetServices": httpx.ConnectError("no")}))


def test_a_camera_without_a_head_says_so() -> None:
    profiles = (FIXTURES / "GetProfiles.xml").read_text().replace("PTZConfiguration", "Other")
    transport = Recorded({"GetProfiles": httpx.Response(200, text=profiles)})

    with pytest.raises(NotTurningError):
        asked(lambda one: one.stop(), transport)


@pytest.mark.parametrize(
    ("url", "to"),
    [
        ("http://10.9.8.7/", "http://10.9.8.8/"),
        ("http://10.9.8.7/", "http://10.9.8.7:8080/"),
        ("http://10.9.8.7/", "https://10.9.8.7/"),
        ("http://127.0.0.1:9/", "http://127.0.0.1:9/"),
        ("http://localhost:9/", "http://localhost:9/"),
        ("http://169.254.169.254/", "http://169.254.169.254/"),
    ],
)
def test_nothing_is_sent_to_where_no_camera_is(url: str, to: str) -> None:
    async def send() -> None:
        guarded = Guarded(url, allow_loopback=False)
        try:
            await guarded.handle_async_request(httpx.Request("POST", to))
        finally:
            await guarded.aclose()

    with pytest.raises(httpx.ConnectError, match=r"elsewhere|forbidden"):
        asyncio.run(send())


def test_opening_a_camera_sends_nothing_and_shows_no_password() -> None:
    one = open_camera(URL, Credentials("u", "rahasia"), allow_loopback=False, timeout_s=3)

    assert "rahasia" not in repr(one) + repr(vars(one))
    asyncio.run(one.close())
