"""A dialog: what two sides keep about each other between requests (RFC 3261 section 12)."""

from dataclasses import asdict, dataclass
from typing import Any

from warroom.calls.sip.fields import NameAddr
from warroom.calls.sip.message import Message

HOPS = "70"


@dataclass(slots=True)
class Dialog:
    """One dialog, from our side.

    Attributes:
        call_id: Names it, with both tags.
        local: Our address, as To or From carry it, with our tag.
        remote: Theirs, with their tag.
        target: Where they want requests (their Contact).
        routes: By what proxies.
        local_seq: CSeq of our newest request.
        remote_seq: CSeq of theirs.
    """

    call_id: str
    local: str
    remote: str
    local_tag: str
    remote_tag: str
    target: str
    routes: list[str]
    local_seq: int
    remote_seq: int

    @classmethod
    def of_invite(cls, invite: Message, tag: str) -> "Dialog":
        """The dialog that we answer with `tag` (12.1.1)."""
        contact = invite.get("contact")
        sender = invite.sender
        return cls(
            invite.get("call-id"),
            f"{invite.get('to')};tag={tag}",
            invite.get("from"),
            tag,
            sender.tag,
            NameAddr.parse(contact).uri if contact else sender.uri,
            invite.all("record-route"),
            0,
            invite.cseq[0],
        )

    @classmethod
    def of_answer(cls, invite: Message, answer: Message) -> "Dialog":
        """The dialog that an answer to our INVITE makes (12.1.2)."""
        contact = answer.get("contact")
        return cls(
            invite.get("call-id"),
            invite.get("from"),
            answer.get("to"),
            invite.sender.tag,
            answer.recipient.tag,
            NameAddr.parse(contact).uri if contact else invite.uri,
            answer.all("record-route")[::-1],
            invite.cseq[0],
            0,
        )

    def request(self, method: str, *, number: int | None = None) -> Message:
        """A request inside it (12.2.1.1).

        Args:
            method: Which.
            number: CSeq of the INVITE, for its ACK; otherwise the next one is taken.
        """
        if number is None:
            self.local_seq += 1
            number = self.local_seq
        return Message(
            method=method,
            uri=self.target,
            headers=[
                ("max-forwards", HOPS),
                *(("route", route) for route in self.routes),
                ("from", self.local),
                ("to", self.remote),
                ("call-id", self.call_id),
                ("cseq", f"{number} {method}"),
            ],
        )

    def takes(self, request: Message) -> bool:
        """Whether a request of theirs comes in order (12.2.2); it is the newest from then on."""
        number = request.cseq[0]
        if number < self.remote_seq:
            return False
        self.remote_seq = number
        contact = request.get("contact")
        if contact and request.method in ("INVITE", "UPDATE"):
            self.target = NameAddr.parse(contact).uri
        return True

    def state(self) -> dict[str, Any]:
        """All of it, as JSON."""
        return asdict(self)
