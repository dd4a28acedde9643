"""The ONVIF door of the simulated cameras: SOAP over HTTP, one path for each camera.

POST /cam/N/onvif/device_service (and media_service, ptz_service)   ONVIF
GET  /heads                                                         where each head looks, as JSON

References:
    ONVIF Core, Media and PTZ Service Specifications 24.12; WS-Security UsernameToken Profile 1.0.
"""

import base64
import hashlib
import hmac
import json
import re
import threading
import time
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from simcity.listening import Listening
from simcity.onvif.head import PRESETS, Axes, Head
from simcity.rtsp.login import Login

_BODY_BYTES = 65_536
_PATH = re.compile(r"^/cam/(\d{1,6})/onvif/(device|media|ptz)_service$")
_SECONDS = re.compile(r"^PT(\d+(?:\.\d+)?)S$")
_SPACES = "http://www.onvif.org/ver10/tptz"
_DEGREES = f"{_SPACES}/PanTiltSpaces/SphericalPositionSpaceDegrees"
_PROFILE = "main"
_ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?><s:Envelope'
    ' xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:ter="http://www.onvif.org/ver10/error"'
    ' xmlns:tt="http://www.onvif.org/ver10/schema" xmlns:tds="http://www.onvif.org/ver10/device/wsdl"'
    ' xmlns:trt="http://www.onvif.org/ver10/media/wsdl"'
    ' xmlns:tptz="http://www.onvif.org/ver20/ptz/wsdl"><s:Body>{}</s:Body></s:Envelope>'
)


class RefusedError(Exception):
    """What a camera does not do: a SOAP fault."""


class OnvifDoor(Listening):
    """Serves the heads of turning cameras in a thread of its own.

    Args:
        numbers: Cameras that turn.
        port: 0 is any free one.
        login: Asked for by all of them; None asks for none.
        deaf: Numbers of those that go on until they are stopped.
        only_units: Numbers of those whose node knows no degrees.
    """

    def __init__(
        self,
        numbers: Iterable[int],
        port: int = 0,
        login: Login | None = None,
        *,
        deaf: frozenset[int] = frozenset(),
        only_units: frozenset[int] = frozenset(),
    ) -> None:
        self.heads = {number: Head(deaf_to_timeout=number in deaf) for number in numbers}
        self.login, self.only_units = login, only_units
        self.lock = threading.Lock()
        self.hung: set[int] = set()
        """Cameras that take a request and never answer."""
        handler = type("Handler", (_Handler,), {"door": self})
        super().__init__(handler, port)

    def url(self, number: int) -> str:
        """Where this camera is asked first."""
        return f"http://127.0.0.1:{self.port}/cam/{number}/onvif/device_service"

    def looks(self, number: int) -> Axes:
        """Where a head looks now."""
        with self.lock:
            return self.heads[number].at(time.monotonic())

    def state(self) -> dict[str, object]:
        """Where each head looks, and what it was told last."""
        now = time.monotonic()
        with self.lock:
            return {
                str(number): {
                    "pan_deg": round(head.at(now)[0], 2),
                    "tilt_deg": round(head.at(now)[1], 2),
                    "zoom": round(head.at(now)[2], 3),
                    "is_moving": head.is_moving(now),
                    "told": head.told[-5:],
                }
                for number, head in self.heads.items()
            }

    def answer(self, number: int, envelope: bytes) -> str:
        """What a camera says to a SOAP request.

        Raises:
            RefusedError: It does not do that.
        """
        root = ET.fromstring(envelope)  # noqa: S314 - a simulated camera on loopback
        body = _find(root, "Body")
        if body is None or not len(body):
            raise RefusedError("ter:WellFormed")
        word = _local(body[0])
        if word == "GetSystemDateAndTime":
            return _date()
        if self.login is not None and not _is_let_in(root, self.login):
            raise RefusedError("ter:NotAuthorized")
        do = _WORDS.get(word)
        if do is None:
            raise RefusedError("ter:ActionNotSupported")
        with self.lock:
            return do(self, number, body[0], time.monotonic())


def _services(door: OnvifDoor, number: int, _asked: ET.Element, _now: float) -> str:
    base = f"http://127.0.0.1:{door.port}/cam/{number}/onvif"
    names = {
        "device": "http://www.onvif.org/ver10/device/wsdl",
        "media": "http://www.onvif.org/ver10/media/wsdl",
        "ptz": "http://www.onvif.org/ver20/ptz/wsdl",
    }
    rows = "".join(
        f"<tds:Service><tds:Namespace>{namespace}</tds:Namespace>"
        f"<tds:XAddr>{base}/{name}_service</tds:XAddr><tds:Version><tt:Major>2</tt:Major>"
        "<tt:Minor>60</tt:Minor></tds:Version></tds:Service>"
        for name, namespace in names.items()
    )
    return f"<tds:GetServicesResponse>{rows}</tds:GetServicesResponse>"


def _profiles(_door: OnvifDoor, _number: int, _asked: ET.Element, _now: float) -> str:
    return (
        f'<trt:GetProfilesResponse><trt:Profiles token="{_PROFILE}" fixed="true">'
        "<tt:Name>main</tt:Name>"
        '<tt:PTZConfiguration token="ptz"><tt:Name>ptz</tt:Name><tt:UseCount>1</tt:UseCount>'
        "<tt:NodeToken>node</tt:NodeToken></tt:PTZConfiguration>"
        "</trt:Profiles></trt:GetProfilesResponse>"
    )


def _nodes(door: OnvifDoor, number: int, _asked: ET.Element, _now: float) -> str:
    spaces = _space("AbsolutePanTiltPositionSpace", "PositionGenericSpace", (-1, 1), (-1, 1))
    if number not in door.only_units:
        spaces += _space(
            "AbsolutePanTiltPositionSpace", "SphericalPositionSpaceDegrees", (-180, 180), (-90, 20)
        )
    spaces += _space("ContinuousPanTiltVelocitySpace", "VelocityGenericSpace", (-1, 1), (-1, 1))
    return (
        '<tptz:GetNodesResponse><tptz:PTZNode token="node"><tt:Name>node</tt:Name>'
        f"<tt:SupportedPTZSpaces>{spaces}</tt:SupportedPTZSpaces>"
        f"<tt:MaximumNumberOfPresets>{len(PRESETS)}</tt:MaximumNumberOfPresets>"
        "<tt:HomeSupported>false</tt:HomeSupported></tptz:PTZNode></tptz:GetNodesResponse>"
    )


def _space(kind: str, name: str, across: tuple[float, float], up: tuple[float, float]) -> str:
    return (
        f"<tt:{kind}><tt:URI>{_SPACES}/PanTiltSpaces/{name}</tt:URI>"
        f"<tt:XRange><tt:Min>{across[0]}</tt:Min><tt:Max>{across[1]}</tt:Max></tt:XRange>"
        f"<tt:YRange><tt:Min>{up[0]}</tt:Min><tt:Max>{up[1]}</tt:Max></tt:YRange></tt:{kind}>"
    )


def _status(door: OnvifDoor, number: int, _asked: ET.Element, now: float) -> str:
    head = door.heads[number]
    word = "MOVING" if head.is_moving(now) else "IDLE"
    return (
        f"<tptz:GetStatusResponse><tptz:PTZStatus><tt:Position>"
        f"{_position(head.at(now), number in door.only_units)}</tt:Position>"
        f"<tt:MoveStatus><tt:PanTilt>{word}</tt:PanTilt><tt:Zoom>IDLE</tt:Zoom></tt:MoveStatus>"
        f"<tt:UtcTime>{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())}</tt:UtcTime>"
        "</tptz:PTZStatus></tptz:GetStatusResponse>"
    )


def _position(axes: Axes, in_units: bool) -> str:  # noqa: FBT001 - private
    pan, tilt, zoom = axes
    if in_units:
        return f'<tt:PanTilt x="{pan / 180:.5f}" y="{tilt / 90:.5f}"/><tt:Zoom x="{zoom:.4f}"/>'
    return f'<tt:PanTilt x="{pan:.4f}" y="{tilt:.4f}" space="{_DEGREES}"/><tt:Zoom x="{zoom:.4f}"/>'


def _presets(door: OnvifDoor, number: int, _asked: ET.Element, _now: float) -> str:
    rows = "".join(
        f'<tptz:Preset token="{token}"><tt:Name>{escape(name)}</tt:Name><tt:PTZPosition>'
        f"{_position(axes, number in door.only_units)}</tt:PTZPosition></tptz:Preset>"
        for token, (name, axes) in PRESETS.items()
    )
    return f"<tptz:GetPresetsResponse>{rows}</tptz:GetPresetsResponse>"


def _move(door: OnvifDoor, number: int, asked: ET.Element, now: float) -> str:
    pan_tilt, zoom = _find(asked, "PanTilt"), _find(asked, "Zoom")
    speed = (_number(pan_tilt, "x"), _number(pan_tilt, "y"), _number(zoom, "x"))
    timeout = _find(asked, "Timeout")
    seconds = _SECONDS.match((timeout.text or "") if timeout is not None else "")
    door.heads[number].move(speed, float(seconds[1]) if seconds else None, now)
    return "<tptz:ContinuousMoveResponse/>"


def _stop(door: OnvifDoor, number: int, _asked: ET.Element, now: float) -> str:
    door.heads[number].stop(now)
    return "<tptz:StopResponse/>"


def _turn(door: OnvifDoor, number: int, asked: ET.Element, now: float) -> str:
    head = door.heads[number]
    pan_tilt = _find(asked, "PanTilt")
    is_degrees = pan_tilt is not None and pan_tilt.get("space") == _DEGREES
    if is_degrees and number in door.only_units:
        raise RefusedError("ter:SpaceNotSupported")
    factor = (1.0, 1.0) if is_degrees else (180.0, 90.0)
    pan, tilt = _number(pan_tilt, "x") * factor[0], _number(pan_tilt, "y") * factor[1]
    head.turn((pan, tilt, head.at(now)[2]), now)
    return "<tptz:AbsoluteMoveResponse/>"


def _go_to(door: OnvifDoor, number: int, asked: ET.Element, now: float) -> str:
    token = _find(asked, "PresetToken")
    kept = PRESETS.get((token.text or "") if token is not None else "")
    if kept is None:
        raise RefusedError("ter:NoToken")
    door.heads[number].turn(kept[1], now)
    return "<tptz:GotoPresetResponse/>"


_WORDS: dict[str, Callable[[OnvifDoor, int, ET.Element, float], str]] = {
    "GetServices": _services,
    "GetProfiles": _profiles,
    "GetNodes": _nodes,
    "GetStatus": _status,
    "GetPresets": _presets,
    "ContinuousMove": _move,
    "Stop": _stop,
    "AbsoluteMove": _turn,
    "GotoPreset": _go_to,
}


def _date() -> str:
    at = time.gmtime()
    return (
        "<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:UTCDateTime>"
        f"<tt:Time><tt:Hour>{at.tm_hour}</tt:Hour><tt:Minute>{at.tm_min}</tt:Minute>"
        f"<tt:Second>{at.tm_sec}</tt:Second></tt:Time><tt:Date><tt:Year>{at.tm_year}</tt:Year>"
        f"<tt:Month>{at.tm_mon}</tt:Month><tt:Day>{at.tm_mday}</tt:Day></tt:Date>"
        "</tt:UTCDateTime></tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>"
    )


def _is_let_in(root: ET.Element, login: Login) -> bool:
    told = {
        name: (found.text or "").strip() if (found := _find(root, name)) is not None else ""
        for name in ("Username", "Password", "Nonce", "Created")
    }
    secret = base64.b64decode(told["Nonce"]) + (told["Created"] + login.password).encode()
    digest = hashlib.sha1(secret, usedforsecurity=False).digest()
    right = base64.b64encode(digest).decode()
    return told["Username"] == login.username and hmac.compare_digest(told["Password"], right)


def _local(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _find(root: ET.Element, name: str) -> ET.Element | None:
    return next((one for one in root.iter() if _local(one) == name), None)


def _number(element: ET.Element | None, name: str) -> float:
    return float(element.get(name, "0")) if element is not None else 0.0


class _Handler(BaseHTTPRequestHandler):
    door: OnvifDoor

    def do_GET(self) -> None:
        if self.path == "/heads":
            self._reply(200, json.dumps(self.door.state()) + "\n", "application/json")
        else:
            self._reply(404, "", "text/plain")

    def do_POST(self) -> None:
        path = _PATH.match(self.path)
        number = int(path[1]) if path else 0
        body = self.rfile.read(min(_BODY_BYTES, int(self.headers.get("Content-Length") or 0)))
        if number not in self.door.heads:
            self._reply(404, "", "text/plain")
            return
        while number in self.door.hung:
            time.sleep(0.05)
        try:
            status, said = 200, self.door.answer(number, body)
        except ET.ParseError:
            status, said = 400, _fault("ter:WellFormed")
        except RefusedError as why:
            status, said = 400, _fault(str(why))
        self._reply(status, _ENVELOPE.format(said), "application/soap+xml; charset=utf-8")

    def _reply(self, status: int, text: str, kind: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _fault(word: str) -> str:
    return (
        "<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>"
        f"{word}</s:Value></s:Subcode></s:Code><s:Reason><s:Text>{word}</s:Text></s:Reason>"
        "</s:Fault>"
    )
