"""The user agent: takes INVITEs and makes them, keeps the sessions, answers all else (RFC 3261).

Who may call is decided by `admit`; what happens with a call by `on_invite`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from warroom.calls.sip import sdp
from warroom.calls.sip.dialog import HOPS, Dialog
from warroom.calls.sip.digest import Challenger, Credentials, NoDigestError, authorization
from warroom.calls.sip.fields import MalformedError
from warroom.calls.sip.location import description_of
from warroom.calls.sip.message import METHODS, Message, new_tag, parse, respond
from warroom.calls.sip.session import (
    ALLOWED,
    SHORTEST_S,
    SUPPORTED,
    Callbacks,
    Session,
    acknowledge,
    interval_of,
)
from warroom.calls.sip.stack import Stack
from warroom.calls.sip.transaction import ClientTransaction, Key, ServerTransaction, State
from warroom.calls.sip.transport import Flow
from warroom.calls.sip.uri import KNOWN

ACCEPTED = ("application/sdp", "multipart/mixed", "application/pidf+xml")
SESSIONS_MOST = 1000
_TAGS_KEPT = 10_000


type Refusal = tuple[int, list[tuple[str, str]]]
"""A status and what is told with it."""


@dataclass(frozen=True, slots=True)
class Admission:
    """Whether a sender may call.

    Attributes:
        is_known: Whether it is one of ours.
        credentials: What it must prove to know; None to believe its address.
    """

    is_known: bool
    credentials: Credentials | None = None


@dataclass(slots=True)
class Outgoing:
    """What a call of ours needs until it is answered."""

    session: Session
    credentials: Credentials | None
    transaction: ClientTransaction | None = None
    tries: int = 0
    is_cancelled: bool = False


class UserAgent:
    """Both ends of sessions over one stack.

    Args:
        admit: Judges the sender of an INVITE.
        on_invite: Takes a session that waits for an answer.
        challenger: Asks those whom `admit` does not believe.

    Attributes:
        stack: Must be set before anything is received.
        refusing: A status with which new calls are refused; 0 takes them.
    """

    stack: Stack

    def __init__(
        self,
        admit: Callable[[Message, Flow], Admission],
        on_invite: Callable[[Session], None],
        challenger: Challenger,
    ) -> None:
        self._admit, self._on_invite, self._challenger = admit, on_invite, challenger
        self._sessions: dict[tuple[str, str], Session] = {}
        self._inviting: dict[Key, Session] = {}
        self._outgoing: dict[Session, Outgoing] = {}
        self.refusing = 0

    def __len__(self) -> int:
        return len(self._sessions)

    def strangers(self) -> int:
        """How many sessions are with somebody whom an open door let in."""
        return sum(not session.flow.is_known for session in self._sessions.values())

    def contact(self, flow: Flow) -> str:
        """Where we want requests that come later."""
        port = self.stack.transports.ports.get(flow.transport, 5060)
        host = f"[{self.stack.host}]" if ":" in self.stack.host else self.stack.host
        return f"<sip:112@{host}:{port};transport={flow.transport.lower()}>"

    def forget(self, session: Session) -> None:
        """The session is over."""
        self._sessions.pop((session.dialog.call_id, session.dialog.local_tag), None)
        self._outgoing.pop(session, None)
        for key in [key for key, known in self._inviting.items() if known is session]:
            del self._inviting[key]

    # Requests of others

    def on_request(self, request: Message, transaction: ServerTransaction) -> None:
        """Answers a new request, or hands it to its session."""
        tag = request.recipient.tag
        if request.method == "CANCEL":
            self._cancel(request, transaction)
        elif tag and request.method != "OPTIONS":
            session = self._sessions.get((request.get("call-id"), tag))
            if session is None:
                transaction.respond(respond(request, 481))
            else:
                session.take(request, transaction)
        elif request.method == "INVITE":
            self._invite(request, transaction)
        else:
            self._answer_alone(request, transaction)

    def on_acknowledge(self, request: Message) -> None:
        """The ACK of a success."""
        session = self._sessions.get((request.get("call-id"), request.recipient.tag))
        if session is not None:
            session.acknowledged(request)

    def _cancel(self, request: Message, transaction: ServerTransaction) -> None:
        meant = self.stack.find_invite(request)
        if meant is None:
            transaction.respond(respond(request, 481, tag=new_tag()))
            return
        session = self._inviting.get(meant.key)
        tag = session.dialog.local_tag if session else new_tag()
        transaction.respond(respond(request, 200, tag=tag))
        if session is not None:
            session.cancel()

    def _answer_alone(self, request: Message, transaction: ServerTransaction) -> None:
        headers = [("allow", ", ".join(ALLOWED))]
        if request.method == "OPTIONS":
            problem = _refusal(request)
            status, headers = problem or (
                200,
                [*headers, ("accept", ", ".join(ACCEPTED)), ("supported", ", ".join(SUPPORTED))],
            )
        elif request.method in ("BYE", "UPDATE", "INFO"):
            status = 481
        else:
            status = 405 if request.method in METHODS else 501
        transaction.respond(respond(request, status, tag=new_tag(), headers=headers))

    def _invite(self, request: Message, transaction: ServerTransaction) -> None:
        known = self._known(request)
        if known is not None and not known.is_early and _is_repeat(request, known.invite):
            # The process that answered it died before they heard so: a transaction ends with it.
            known.repeat(transaction)
            return
        refusal = (
            # The same INVITE by another way (8.2.2.2).
            ((482, []) if known is not None else None)
            or _refusal(request)
            or self._unadmitted(request, transaction.flow)
        )
        if refusal is None and (self.refusing or len(self._sessions) >= SESSIONS_MOST):
            # Another of the operator's lines, or another centre, may have room.
            refusal = (self.refusing or 503, [("retry-after", "5")])
        offered: sdp.Description | None = None
        if refusal is None:
            try:
                body = description_of(request)
                offered = sdp.read(body, transaction.flow.peer[0]) if body else None
            except sdp.NoCommonSoundError:
                refusal = (488, [])
            except MalformedError:
                refusal = (400, [])
        if refusal is not None:
            status, headers = refusal
            transaction.respond(respond(request, status, tag=new_tag(), headers=headers))
            return
        transaction.respond(respond(request, 100))
        self._begin(request, transaction, offered)

    def _begin(
        self, request: Message, transaction: ServerTransaction, offered: sdp.Description | None
    ) -> None:
        dialog = Dialog.of_invite(request, new_tag())
        session = Session(self, request, transaction.flow, dialog, remote=offered)
        session.attach(transaction)
        session.take_timer()
        self._sessions[dialog.call_id, dialog.local_tag] = session
        self._inviting[transaction.key] = session
        self._on_invite(session)

    def _known(self, request: Message) -> Session | None:
        """The session that this INVITE began, if it came before."""
        same = (request.get("call-id"), request.sender.tag, request.cseq)
        for known in self._sessions.values():
            invite = known.invite
            if same == (invite.get("call-id"), invite.sender.tag, invite.cseq):
                return known
        return None

    def _unadmitted(self, request: Message, flow: Flow) -> Refusal | None:
        admission = self._admit(request, flow)
        if not admission.is_known:
            return 403, []
        who = admission.credentials
        if who is not None and not self._challenger.is_right(request, who):
            return 401, self._challenger.challenges()
        return None

    # Calls of ours

    def call(
        self,
        to: str,
        flow: Flow,
        sender: str,
        where: tuple[str, int],
        callbacks: Callbacks,
        credentials: Credentials | None = None,
    ) -> Session:
        """Calls somebody.

        Args:
            to: Whom (URI).
            flow: Over which trunk.
            sender: From whom, as From carries it (`<sip:112@...>`).
            where: Address and port at which we take sound.
            callbacks: What is told.
            credentials: For a trunk that asks who we are.
        """
        invite = Message(
            method="INVITE",
            uri=to,
            headers=[
                ("max-forwards", HOPS),
                ("from", f"{sender};tag={new_tag()}"),
                ("to", f"<{to}>"),
                ("call-id", f"{new_tag()}@{self.stack.host}"),
                ("cseq", "1 INVITE"),
                ("contact", self.contact(flow)),
                ("allow", ", ".join(ALLOWED)),
                ("supported", ", ".join(SUPPORTED)),
                ("content-type", "application/sdp"),
            ],
        )
        tag = invite.sender.tag
        dialog = Dialog(invite.get("call-id"), invite.get("from"), f"<{to}>", tag, "", to, [], 1, 0)
        session = Session(self, invite, flow, dialog, callbacks)
        session.host, session.port = where
        invite.body = session.propose()
        self._sessions[dialog.call_id, tag] = session
        self._outgoing[session] = Outgoing(session, credentials)
        self._send_invite(self._outgoing[session])
        return session

    def _send_invite(self, out: Outgoing) -> None:
        out.tries += 1
        invite = out.session.invite
        invite.headers = [(name, value) for name, value in invite.headers if name != "via"]
        out.transaction = self.stack.ask(
            invite, out.session.flow, lambda answer: self._answered(out, answer)
        )

    def _answered(self, out: Outgoing, answer: Message) -> None:
        session = out.session
        if answer.status < 200:
            self._progress(out, answer)
        elif answer.status < 300:
            self._success(out, answer)
        elif answer.status in (401, 407) and out.credentials is not None and out.tries == 1:
            self._prove(out, out.credentials, answer)
        elif not session.is_over:
            session.finish("cancelled" if out.is_cancelled else f"refused {answer.status}")

    def _progress(self, out: Outgoing, answer: Message) -> None:
        session = out.session
        if out.is_cancelled:
            self._send_cancel(out)
            return
        if answer.status > 100:
            if answer.recipient.tag:
                session.dialog = Dialog.of_answer(session.invite, answer)
            session.hear(answer)
            session.callbacks.on_progress(answer.status)

    def _success(self, out: Outgoing, answer: Message) -> None:
        session = out.session
        if not session.is_early and answer.recipient.tag == session.dialog.remote_tag:
            acknowledge(session, answer)  # ours was lost
            return
        if not session.is_early or session.is_over:
            self._hang_up_other(session, answer)
            return
        session.dialog = Dialog.of_answer(session.invite, answer)
        acknowledge(session, answer)
        session.is_early = False
        if out.is_cancelled:
            session.hang_up("cancelled")
        elif session.hear(answer):
            session.established(answer)
        else:
            session.hang_up("refused 488")

    def _hang_up_other(self, session: Session, answer: Message) -> None:
        """A second place answered the same INVITE, or one that we gave up (13.2.2.4)."""
        other = Session(
            self, session.invite, session.flow, Dialog.of_answer(session.invite, answer)
        )
        acknowledge(other, answer)
        self.stack.ask(other.dialog.request("BYE"), session.flow, lambda _: None)

    def _prove(self, out: Outgoing, who: Credentials, answer: Message) -> None:
        session = out.session
        invite = session.invite
        number = session.dialog.local_seq = invite.cseq[0] + 1
        try:
            proof = authorization(answer, "INVITE", invite.uri, who)
        except NoDigestError:
            session.finish(f"refused {answer.status}")
            return
        invite.replace("cseq", f"{number} INVITE")
        invite.headers.append(proof)
        self._send_invite(out)

    def was_heard(self, session: Session) -> bool:
        """Whether the other side answered a call of ours with anything, if only that it tries."""
        out = self._outgoing.get(session)
        if out is None or out.transaction is None:
            return out is None
        return out.tries > 1 or out.transaction.state is not State.TRYING

    def give_up(self, session: Session) -> None:
        """Takes a call of ours back that was not answered; hangs up one that was."""
        out = self._outgoing.get(session)
        if out is None or not session.is_early or out.transaction is None:
            session.hang_up()
            return
        out.is_cancelled = True
        if out.transaction.state is State.PROCEEDING:
            self._send_cancel(out)

    def _send_cancel(self, out: Outgoing) -> None:
        """A CANCEL has the branch of its INVITE, and may only follow a 1xx (9.1)."""
        invite = out.session.invite
        kept = [
            (name, value)
            for name, value in invite.headers
            if name in ("via", "from", "to", "call-id", "max-forwards", "route")
        ]
        request = Message(
            method="CANCEL",
            uri=invite.uri,
            headers=[*kept, ("cseq", f"{invite.cseq[0]} CANCEL")],
        )
        self.stack.ask(request, out.session.flow, lambda _: None)

    # Asking, and coming back

    async def ping(self, to: str, flow: Flow, sender: str) -> int:
        """OPTIONS: whether the other side is there; the status it answers with."""
        request = Message(
            method="OPTIONS",
            uri=to,
            headers=[
                ("max-forwards", HOPS),
                ("from", f"{sender};tag={new_tag()}"),
                ("to", f"<{to}>"),
                ("call-id", f"{new_tag()}@{self.stack.host}"),
                ("cseq", "1 OPTIONS"),
                ("contact", self.contact(flow)),
            ],
        )
        return (await self.stack.request(request, flow)).status

    def restore(self, state: dict[str, Any], flow: Flow) -> Session:
        """A session of a process that died, answered or still waiting.

        Raises:
            MalformedError: What it kept cannot be read.
        """
        invite = parse(state["invite"].encode("latin-1"))
        session = Session(self, invite, flow, Dialog(**state["dialog"]))
        session.resume(state)
        if session.is_early:
            transaction = self.stack.adopt(invite, flow)
            session.attach(transaction)
            self._inviting[transaction.key] = session
        # The process may have sent a request after it wrote this.
        session.dialog.local_seq += 1
        self._sessions[session.dialog.call_id, session.dialog.local_tag] = session
        return session


def _is_repeat(request: Message, invite: Message) -> bool:
    return (request.via.branch, request.via.sent_by) == (invite.via.branch, invite.via.sent_by)


def _refusal(request: Message) -> Refusal | None:
    """With what a request is refused that asks for what we do not have (8.2)."""
    scheme = request.uri.partition(":")[0].lower()
    if scheme not in KNOWN:
        return 416, []
    unknown = [word for word in request.tokens("require") if word not in SUPPORTED]
    if unknown:
        return 420, [("unsupported", ", ".join(unknown))]
    kind = request.content_type
    if request.body and kind and kind not in ACCEPTED and request.method == "INVITE":
        return 415, [("accept", ", ".join(ACCEPTED))]
    encoding = request.get("content-encoding")
    if encoding and encoding.lower() != "identity":
        return 415, [("accept-encoding", "identity")]
    seconds, _ = interval_of(request)
    if 0 < seconds < SHORTEST_S and "timer" in request.tokens("supported"):
        return 422, [("min-se", str(SHORTEST_S))]
    return None
