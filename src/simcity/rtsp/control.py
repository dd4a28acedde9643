"""The control door: a small HTTP server on the loopback address that tells cameras to fail.

GET  /cameras   cameras, faults and what is needed to compute the time of each picture
GET  /faults    the kinds of fault and what they do
POST /faults    {"camera": 12, "fault": "freeze", "value": 3600, "where": "rtsp://..."}
                "fault": null makes the camera work again
"""

import json
from http.server import BaseHTTPRequestHandler
from typing import Any

from simcity.listening import Listening
from simcity.rtsp.faults import KINDS
from simcity.rtsp.server import RtspServer

_BODY_BYTES = 65_536


class ControlDoor(Listening):
    """Serves the control door of an RTSP server in a thread of its own."""

    def __init__(self, cameras: RtspServer, port: int = 0) -> None:
        handler = type("Handler", (_Handler,), {"cameras": cameras})
        super().__init__(handler, port)


class _Handler(BaseHTTPRequestHandler):
    cameras: RtspServer

    def do_GET(self) -> None:
        if self.path == "/cameras":
            self._reply(200, self.cameras.state())
        elif self.path == "/faults":
            self._reply(200, KINDS)
        else:
            self._reply(404, {"error": "known: GET /cameras, GET /faults, POST /faults"})

    def do_POST(self) -> None:
        if self.path != "/faults":
            self._reply(404, {"error": "known: POST /faults"})
            return
        if "Origin" in self.headers:  # no web page may break cameras
            self._reply(403, {"error": "not from a browser"})
            return
        try:
            wanted = json.loads(self.rfile.read(min(_BODY_BYTES, self._length())))
            _apply(self.cameras, wanted)
        except KeyError as missing:
            self._reply(404, {"error": f"no camera or field {missing}"})
        except (ValueError, TypeError) as problem:
            self._reply(400, {"error": str(problem)})
        else:
            self._reply(200, {"camera": wanted["camera"], "fault": wanted["fault"]})

    def _length(self) -> int:
        return int(self.headers.get("Content-Length") or 0)

    def _reply(self, status: int, answer: dict[str, Any]) -> None:
        body = (json.dumps(answer) + "\n").encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        # A page of a browser test reads this to compute when a picture was sent.
        self.send_header("Access-Control-Allow-Origin", "*")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _apply(cameras: RtspServer, wanted: dict[str, Any]) -> None:
    if wanted["fault"] is None:
        cameras.clear(int(wanted["camera"]))
        return
    cameras.fault(int(wanted["camera"]), wanted["fault"], wanted.get("value"), wanted.get("where"))
