"""Calls of ours, to a third party or back to a caller: over the first trunk that takes them."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass

from warroom.calls.contracts import AudioPort
from warroom.calls.edge.trunks import Line
from warroom.calls.errors import NoTrunkError, NumberError
from warroom.calls.sip import sdp
from warroom.calls.sip.agent import UserAgent
from warroom.calls.sip.session import Callbacks, Session
from warroom.kernel.log import logger

SILENT_S = 4.0
"""A trunk that says nothing at all for so long is passed over, where there is another."""

SHUNNED_S = 60.0
"""A trunk that said nothing is tried behind the others for so long."""

_NUMBER = re.compile(r"\+?[0-9]{2,20}")
_log = logger("calls.outgoing")


@dataclass(frozen=True, slots=True)
class Dialled:
    """What became of a call of ours.

    Attributes:
        session: It stands; None if it was not answered.
        status: With what it was refused; 408 where nobody answered.
        line: Over which trunk.
    """

    session: Session | None
    status: int
    line: str


def checked_number(text: str) -> str:
    """A number that can be called, without what is only to be read.

    Raises:
        NumberError: It is none.
    """
    number = re.sub(r"[ ().\-]", "", text)
    if not _NUMBER.fullmatch(number):
        raise NumberError
    return number


class Dialler:
    """Calls numbers over the trunks, in their order.

    Args:
        user: Our user agent.
        lines: Trunks that take calls.
        sender: Our own number.
        ring_s: How long it may ring.
    """

    def __init__(self, user: UserAgent, lines: list[Line], sender: str, ring_s: float) -> None:
        self._user, self._lines, self._sender, self._ring_s = user, lines, sender, ring_s
        self._shunned_until: dict[str, float] = {}

    async def dial(
        self,
        number: str,
        where: tuple[str, int],
        port: AudioPort,
        on_session: Callable[[Session], None] | None = None,
    ) -> Dialled:
        """Calls until somebody answers, refuses, or no trunk is left.

        A trunk that does not answer, or says that it cannot (5xx, 408), is passed over; what the
        other side itself says (busy, no such number) is the answer. One that said nothing is tried
        behind the others for a minute.

        Args:
            number: Whom.
            where: Address and port at which we take sound.
            port: Takes the sound, early media too.
            on_session: Is told of each session as it begins, to take it back.

        Raises:
            NoTrunkError: None can be reached.
        """
        last = Dialled(None, 503, "")
        now = asyncio.get_running_loop().time()
        lines = sorted(
            self._lines, key=lambda line: self._shunned_until.get(line.trunk.name, 0.0) > now
        )
        for line in lines:
            patient = line is lines[-1]
            dialled = await self._try(line, number, where, port, on_session, patient=patient)
            if dialled is None:
                self._shun(line)
                continue
            last = dialled
            if dialled.session is not None or not _is_the_trunks(dialled.status):
                return dialled
            _log.warning("calls.trunk_passed_over", line=line.trunk.name, status=dialled.status)
        if not last.line:
            raise NoTrunkError
        return last

    def _shun(self, line: Line) -> None:
        until = asyncio.get_running_loop().time() + SHUNNED_S
        self._shunned_until[line.trunk.name] = until

    async def _try(
        self,
        line: Line,
        number: str,
        where: tuple[str, int],
        port: AudioPort,
        on_session: Callable[[Session], None] | None,
        *,
        patient: bool,
    ) -> Dialled | None:
        """One trunk; None where it cannot be reached, or says nothing and others are left."""
        try:
            flow = await self._user.stack.transports.flow(line.transport, line.peer)
        except (OSError, TimeoutError) as error:
            _log.warning("calls.trunk_away", line=line.trunk.name, problem=type(error).__name__)
            return None
        outcome: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        told = Callbacks(
            on_media=lambda description: _start(port, description),
            on_answer=lambda: _settle(outcome, ""),
            on_end=lambda reason: _settle(outcome, reason),
        )
        sender = f"<sip:{self._sender}@{self._user.stack.host}>"
        session = self._user.call(
            line.address_of(number), flow, sender, where, told, line.credentials
        )
        if on_session is not None:
            on_session(session)
        try:
            async with asyncio.timeout(self._ring_s):
                if not patient:
                    await asyncio.wait({outcome}, timeout=SILENT_S)
                    if not (outcome.done() or self._user.is_heard(session)):
                        _log.warning("calls.trunk_silent", line=line.trunk.name)
                        self._user.give_up(session)
                        return None
                reason = await asyncio.shield(outcome)
        except TimeoutError:
            self._user.give_up(session)
            reason = "refused 480"
        except asyncio.CancelledError:
            self._user.give_up(session)
            raise
        if reason:
            status = int(reason.split()[1]) if reason.startswith("refused ") else 487
            return Dialled(None, status, line.trunk.name)
        return Dialled(session, 200, line.trunk.name)


def _settle(outcome: "asyncio.Future[str]", reason: str) -> None:
    if not outcome.done():
        outcome.set_result(reason)


def _start(port: AudioPort, description: sdp.Description) -> None:
    port.start(description.peer())


def _is_the_trunks(status: int) -> bool:
    """Whether it is the trunk that cannot, not the other side that will not."""
    return status in (401, 403, 407, 408) or 500 <= status < 600
