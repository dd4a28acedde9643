"""A network in memory: flows that note what was sent, and messages as others send them."""

from dataclasses import dataclass, field

from warroom.calls.sip.agent import Admission, UserAgent
from warroom.calls.sip.digest import Challenger
from warroom.calls.sip.message import Message, parse
from warroom.calls.sip.session import Session
from warroom.calls.sip.stack import Stack
from warroom.calls.sip.transaction import Timers

QUICK = Timers(t1_s=0.01, t2_s=0.04, t4_s=0.05)

SDP = (
    "v=0\r\no=u 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 40000 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n"
)


@dataclass(eq=False)
class Line:
    """A flow to a peer that only listens."""

    transport: str = "UDP"
    is_reliable: bool = False
    peer: tuple[str, int] = ("127.0.0.1", 5090)
    is_closed: bool = False
    is_known: bool = True
    names: tuple[str, ...] = ()
    sent: list[Message] = field(default_factory=list)

    def send(self, wire: bytes) -> None:
        """Notes what was sent."""
        self.sent.append(parse(wire))

    @property
    def statuses(self) -> list[int]:
        """The answers that were sent, in order."""
        return [message.status for message in self.sent if message.status]

    @property
    def requests(self) -> list[str]:
        """The methods of the requests that were sent, in order."""
        return [message.method for message in self.sent if message.method]


class Edge:
    """A user agent on lines in memory; keeps every session that it is offered."""

    def __init__(self, admission: Admission | None = None) -> None:
        admission = admission or Admission(is_known=True)
        self.offered: list[Session] = []
        self.ended: list[str] = []
        self.media: list[str] = []
        self.answered = 0
        self.agent = UserAgent(
            lambda _, __: admission, self._take, Challenger("warroom", lambda: 100.0)
        )
        self.stack = Stack(self.agent, QUICK)
        self.agent.stack = self.stack
        self.line = Line()

    def _take(self, session: Session) -> None:
        self.offered.append(session)
        self.listen(session)

    def listen(self, session: Session) -> None:
        """Notes what the session tells."""
        told = session.callbacks
        told.on_end = self.ended.append
        told.on_media = lambda description: self.media.append(description.direction)
        told.on_answer = self._note_answer

    def _note_answer(self) -> None:
        self.answered += 1

    def hear(self, text: str, line: Line | None = None) -> None:
        """A message of the other side arrives."""
        self.stack.receive(text.encode(), line or self.line)

    def to_tag(self) -> str:
        """Our tag, as the newest answer tells it."""
        return next(m for m in reversed(self.line.sent) if m.status > 100).recipient.tag


def request(
    method: str,
    *,
    number: int = 1,
    branch: str = "z9hG4bKa",
    tag: str = "",
    uri: str = "urn:service:sos",
    extra: str = "",
    body: str = "",
    call: str = "c1",
    of: str = "",
) -> str:
    """A request as a trunk sends it."""
    to = f"<{uri}>;tag={tag}" if tag else f"<{uri}>"
    kind = "Content-Type: application/sdp\r\n" if body and "Content-Type" not in extra else ""
    return (
        f"{method} {uri} SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP 127.0.0.1:5090;branch={branch};rport\r\n"
        f"From: <sip:0811@127.0.0.1>;tag=f1\r\nTo: {to}\r\nCall-ID: {call}\r\n"
        f"CSeq: {number} {of or method}\r\nContact: <sip:caller@127.0.0.1:5090>\r\n"
        f"Max-Forwards: 70\r\n{extra}{kind}Content-Length: {len(body)}\r\n\r\n{body}"
    )


def invite(**words: object) -> str:
    """An INVITE with an offer."""
    return request("INVITE", body=SDP, **words)  # type: ignore[arg-type]
