"""Scenarios of `sipp` (Debian: sip-tester): what a trunk does, one step after the other."""

import shutil

import pytest

needs_sipp = pytest.mark.skipif(
    shutil.which("sipp") is None, reason="needs sipp (Debian package sip-tester)"
)

OUR_TAG = "<urn:service:sos>[peer_tag_param]"
FIXED = "z9hG4bK-fixed-[call_number]-[pid]"

_HEAD = """{method} {uri} SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch={branch};rport
From: <sip:0811444[call_number]@[local_ip]:[local_port]>;tag=[pid]w[call_number]
To: {to}
Call-ID: [call_id]
CSeq: {number} {method}
Contact: <sip:caller@[local_ip]:[local_port];transport=[transport]>
Max-Forwards: 70
{more}"""

_SDP = """v=0
o=u 1 {version} IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] {media}
t=0 0
m=audio {port} RTP/AVP {codec} 101
a=rtpmap:{codec} {name}/8000
a=rtpmap:101 telephone-event/8000
a={direction}
"""

_PLACE = """<?xml version="1.0" encoding="UTF-8"?>
<presence xmlns="urn:ietf:params:xml:ns:pidf"
 xmlns:gp="urn:ietf:params:xml:ns:pidf:geopriv10"
 xmlns:gml="http://www.opengis.net/gml"
 xmlns:gs="http://www.opengis.net/pidflo/1.0" entity="pres:caller@example.com">
<tuple id="t"><status><gp:geopriv><gp:location-info>
<gs:Circle srsName="urn:ogc:def:crs:EPSG::4326"><gml:pos>-5.1353 119.4238</gml:pos>
<gs:radius uom="urn:ogc:def:uom:EPSG::9001">{radius_m}</gs:radius></gs:Circle>
</gp:location-info><gp:usage-rules/><gp:method>GPS</gp:method></gp:geopriv></status></tuple>
</presence>
"""

EMPTY = "Content-Length: 0\n"


def head(
    method: str,
    number: int,
    *,
    to: str = "<urn:service:sos>",
    uri: str = "urn:service:sos",
    more: str = "",
    branch: str = "[branch]",
) -> str:
    """The header of a request."""
    return _HEAD.format(method=method, number=number, to=to, uri=uri, more=more, branch=branch)


def sdp(
    direction: str = "sendrecv",
    *,
    port: str = "[rtpstream_audio_port]",
    media: str = "[media_ip]",
    codec: int = 8,
    version: int = 1,
) -> str:
    """A description with its header."""
    name = {8: "PCMA", 0: "PCMU"}[codec]
    body = _SDP.format(
        direction=direction, port=port, media=media, codec=codec, name=name, version=version
    )
    return f"Content-Type: application/sdp\nContent-Length: [len]\n\n{body}"


def send(text: str, *, again: bool = True, lost: int = 0, attributes: str = "") -> str:
    """Sends a message, repeated until it is answered."""
    words = ('retrans="500" ' if again else "") + (f'lost="{lost}" ' if lost else "") + attributes
    return f"<send {words}><![CDATA[\n{text}\n]]></send>\n"


def receive(status: int, attributes: str = "") -> str:
    """Waits for an answer."""
    return f'<recv response="{status}" {attributes}/>\n'


def wait(ms: int) -> str:
    """Waits."""
    return f'<pause milliseconds="{ms}"/>\n'


def invite(**words: object) -> str:
    """INVITE with an offer."""
    return send(head("INVITE", 1) + sdp(**words))  # type: ignore[arg-type]


def ack(number: int = 1) -> str:
    """ACK of a success."""
    text = head("ACK", number, to=OUR_TAG, uri="[next_url]", more=EMPTY)
    return send(text, again=False)


def bye(number: int = 9) -> str:
    """BYE, and its answer."""
    return send(head("BYE", number, to=OUR_TAG, uri="[next_url]", more=EMPTY)) + receive(200)


def play(codec: int = 8) -> str:
    """Speaks."""
    name = {8: "PCMA", 0: "PCMU"}[codec]
    return f'<nop><action><exec rtp_stream="voice.raw,1,{codec},{name}/8000"/></action></nop>\n'


RINGING = (
    receive(100, 'optional="true"')
    + receive(180, 'optional="true"')
    + receive(183, 'optional="true"')
)
TAKEN = receive(200, 'rrs="true"')
OK = """SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0
"""


def reinvite(number: int, direction: str) -> str:
    """Hold or resume."""
    text = head("INVITE", number, to=OUR_TAG, uri="[next_url]") + sdp(direction, version=number)
    return send(text) + receive(100, 'optional="true"') + TAKEN + ack(number)


def location(radius_m: int) -> str:
    """An INVITE with the caller's place beside the description."""
    description = sdp().split("\n\n", 1)[1]
    document = _PLACE.format(radius_m=radius_m)
    more = "Geolocation: <cid:here@caller>\nGeolocation-Routing: no\n"
    body = (
        "Content-Type: multipart/mixed; boundary=b1\nContent-Length: [len]\n\n"
        f"--b1\nContent-Type: application/sdp\n\n{description}\n"
        "--b1\nContent-Type: application/pidf+xml\nContent-ID: <here@caller>\n\n"
        f"{document}\n--b1--\n"
    )
    return send(head("INVITE", 1, more=more) + body)


def talk(ms: int) -> str:
    """Answered, speaks, hangs up."""
    return RINGING + TAKEN + ack() + play() + wait(ms) + bye()


_CANCEL = send(head("CANCEL", 1, more=EMPTY, branch=FIXED))
_FIXED_INVITE = send(head("INVITE", 1, branch=FIXED) + sdp())

SCENARIOS = {
    "short": invite() + talk(1500),
    "mulaw": invite(codec=0) + RINGING + TAKEN + ack() + play(0) + wait(1500) + bye(),
    "located": location(18) + talk(1500),
    "long": invite() + talk(6000),
    "lateack": invite() + RINGING + TAKEN + wait(1700) + ack() + wait(300) + bye(),
    "hold": invite()
    + (RINGING + TAKEN + ack() + play() + wait(800))
    + (reinvite(2, "sendonly") + wait(1000) + reinvite(3, "sendrecv") + wait(800) + bye()),
    "cancel": _FIXED_INVITE
    + (receive(100) + receive(183) + wait(200) + _CANCEL + receive(200) + receive(487))
    + send(head("ACK", 1, to=OUR_TAG, more=EMPTY, branch=FIXED), again=False),
    "race": _FIXED_INVITE
    + (receive(100) + receive(183) + TAKEN + _CANCEL + receive(200))
    + (ack() + wait(300) + bye()),
    "options": send(
        head("OPTIONS", 1, to="<sip:112@[remote_ip]>", uri="sip:112@[remote_ip]", more=EMPTY)
    )
    + receive(200),
    "nat": invite(media="127.0.0.77", port="9000") + talk(1500),
    "named": invite(media="sbc.trunk.example") + talk(1500),
    "early": invite()
    + (receive(100) + receive(183, 'rrs="true"') + play() + wait(500))
    + (TAKEN + ack() + wait(1000) + bye()),
    "dtmf": invite()
    + (RINGING + TAKEN + ack())
    + '<nop><action><exec play_pcap_audio="keys.pcap"/></action></nop>\n'
    + (wait(1500) + bye()),
    "noack": invite()
    + (RINGING + TAKEN + '<recv request="BYE" timeout="60000"/>\n' + send(OK, again=False)),
    "badext": send(head("INVITE", 1, more="Require: nothing-we-know\n") + sdp())
    + (receive(100, 'optional="true"') + receive(420))
    + send(head("ACK", 1, to=OUR_TAG, more=EMPTY), again=False),
    "agentbye": invite()
    + (RINGING + TAKEN + ack() + play())
    + ('<recv request="BYE" timeout="30000"/>\n' + send(OK, again=False)),
    "agentbye_lateack": invite()
    + (RINGING + TAKEN + wait(1700) + ack())
    + ('<recv request="BYE" timeout="30000"/>\n' + send(OK, again=False)),
    "nooffer": send(head("INVITE", 1, more=EMPTY))
    + (receive(100) + receive(180, 'optional="true"') + TAKEN)
    + send(head("ACK", 1, to=OUR_TAG, uri="[next_url]") + sdp(), again=False)
    + (play() + wait(1000) + bye()),
}


GIVES_UP_LATE = (
    _FIXED_INVITE
    + (receive(100) + receive(183) + wait(8000))
    + (_CANCEL + receive(200) + receive(487))
    + send(head("ACK", 1, to=OUR_TAG, more=EMPTY, branch=FIXED), again=False)
)
"""Waits while the edge is killed and started again, which rings once more; then gives up."""


SPOKEN_LONG = invite() + talk(13_000)
"""Speaks longer than an edge takes to come back."""


def answer(status: str, more: str = "", body: str = EMPTY) -> str:
    """An answer of somebody whom we call."""
    text = (
        f"SIP/2.0 {status}\n[last_Via:]\n[last_From:]\n[last_To:];tag=t[call_number]\n"
        f"[last_Call-ID:]\n[last_CSeq:]\n{more}{body}"
    )
    return send(text, again=False)


_ASKS = (
    'WWW-Authenticate: Digest realm="trunk.example", nonce="84f1c1ae6cbe5ua9c8e88dfa3ecm3459", '
    'qop="auth", algorithm=MD5\n'
)
_CONTACT = "Contact: <sip:them@[local_ip]:[local_port]>\n"
_INVITED = '<recv request="INVITE"/>\n'
_STANDS = (
    answer("200 OK", _CONTACT, sdp())
    + '<recv request="ACK"/>\n'
    + play()
    + '<recv request="BYE" timeout="30000"/>\n'
    + send(OK, again=False)
)
_VERIFIED = (
    '<recv request="INVITE"><action><verifyauth assign_to="1" username="warroom" '
    'password="rahasia"/></action></recv>\n<nop next="ok" test="1"/>\n'
    + answer("403 Forbidden")
    + '<recv request="ACK"/>\n<nop next="end"/>\n<label id="ok"/>\n'
)

CALLED = {
    "answers": _INVITED + answer("180 Ringing", _CONTACT) + wait(200) + _STANDS,
    "answers_late": _INVITED + answer("180 Ringing", _CONTACT) + wait(2000) + _STANDS,
    "busy": _INVITED + answer("486 Busy Here") + '<recv request="ACK"/>\n',
    "broken": _INVITED + answer("503 Service Unavailable") + '<recv request="ACK"/>\n',
    "digest": _INVITED
    + answer("401 Unauthorized", _ASKS)
    + '<recv request="ACK"/>\n'
    + _VERIFIED
    + _STANDS
    + '<label id="end"/>\n<Reference variables="1"/>\n',
    "leaves": _INVITED
    + answer("200 OK", _CONTACT, sdp())
    + '<recv request="ACK"/>\n'
    + wait(600)
    + send(
        "BYE [next_url] SIP/2.0\nVia: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]\n"
        "From: <sip:them@[local_ip]>;tag=t[call_number]\nTo[$2]\nCall-ID: [call_id]\n"
        "CSeq: 1 BYE\nMax-Forwards: 70\nContent-Length: 0\n"
    ),
}


def document(name: str, steps: str) -> str:
    """The file that sipp reads."""
    return (
        f'<?xml version="1.0" encoding="UTF-8" ?>\n<scenario name="{name}">\n{steps}</scenario>\n'
    )
