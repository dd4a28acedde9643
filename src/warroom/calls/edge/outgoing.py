"""Calls of ours, to a third party or back to a caller: over the first trunk that takes them."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass

from warroom.calls.contracts import AudioPort
from warroom.calls.edge.trunk_watch import AWAY, TrunkWatch
from warroom.calls.edge.trunks import Line
from warroom.calls.errors import NoTrunkError, NumberError
from warroom.calls.sip.agent import UserAgent
from warroom.calls.sip.session import Callbacks, Session
from warroom.kernel.log import logger

_NUMBER = re.compile(r"\+?[0-9]{2,20}")
NOT_THERE = tuple(f"refused {status}" for status in AWAY)

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
        trunks: Those that take calls.
        sender: Our own number.
        answer_s: A trunk that says nothing at all so long is passed over.
        ring_s: How long it may ring.
    """

    def __init__(
        self, user: UserAgent, trunks: TrunkWatch, sender: str, answer_s: float, ring_s: float
    ) -> None:
        self._user, self._trunks, self._sender = user, trunks, sender
        self._answer_s, self._ring_s = answer_s, ring_s

    async def dial(
        self,
        number: str,
        where: tuple[str, int],
        port: AudioPort,
        on_session: Callable[[Session], None] | None = None,
    ) -> Dialled:
        """Calls until somebody answers, refuses, or no trunk is left.

        A trunk that does not answer, or says that it cannot (5xx, 408), is passed over; what the
        other side itself says (busy, no such number) is the answer.

        Args:
            number: Whom.
            where: Address and port at which we take sound.
            port: Takes the sound, early media too.
            on_session: Is told of each session as it begins, to take it back.

        Raises:
            NoTrunkError: None can be reached.
        """
        last = Dialled(None, 503, "")
        lines = self._trunks.in_order()
        for line in lines:
            # Where no other is left, it is waited for as long as it may ring.
            answer_s = self._ring_s if line is lines[-1] else self._answer_s
            dialled = await self._try(line, number, where, port, on_session, answer_s)
            if dialled is None:
                continue
            last = dialled
            if dialled.session is not None or not _is_the_trunks(dialled.status):
                return dialled
            _log.warning("calls.trunk_passed_over", line=line.trunk.name, status=dialled.status)
        if not last.line:
            raise NoTrunkError
        return last

    async def _try(
        self,
        line: Line,
        number: str,
        where: tuple[str, int],
        port: AudioPort,
        on_session: Callable[[Session], None] | None,
        answer_s: float,
    ) -> Dialled | None:
        try:
            flow = await self._user.stack.transports.flow(
                line.transport, line.peer, line.trunk.certificate_names
            )
        except (OSError, TimeoutError) as error:
            _log.warning("calls.trunk_away", line=line.trunk.name, problem=type(error).__name__)
            self._trunks.learn(line, is_there=False)
            return None
        outcome: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        told = Callbacks(
            on_media=lambda description: port.start(description.peer(line.media_networks)),
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
            reason = await self._outcome(line, session, outcome, answer_s)
        except TimeoutError:
            self._user.give_up(session)
            # A trunk that never said a word is at fault; one at which it rang is not.
            reason = "refused 480" if self._user.was_heard(session) else "refused 408"
        except asyncio.CancelledError:
            self._user.give_up(session)
            raise
        if reason:
            status = int(reason.split()[1]) if reason.startswith("refused ") else 487
            return Dialled(None, status, line.trunk.name)
        return Dialled(session, 200, line.trunk.name)

    async def _outcome(
        self, line: Line, session: Session, outcome: asyncio.Future[str], answer_s: float
    ) -> str:
        """How it ended, or that it stands (empty).

        Raises:
            TimeoutError: The trunk said nothing, or nobody took it.
        """
        await asyncio.wait([outcome], timeout=answer_s)
        is_there = (
            outcome.result() not in NOT_THERE if outcome.done() else self._user.was_heard(session)
        )
        self._trunks.learn(line, is_there=is_there)
        if not is_there and not outcome.done():
            raise TimeoutError
        if outcome.done():
            return outcome.result()
        async with asyncio.timeout(max(0.0, self._ring_s - answer_s)):
            return await asyncio.shield(outcome)


def _settle(outcome: "asyncio.Future[str]", reason: str) -> None:
    if not outcome.done():
        outcome.set_result(reason)


def _is_the_trunks(status: int) -> bool:
    """Whether it is the trunk that cannot, not the other side that will not."""
    return status in (401, 403, 407, 408) or 500 <= status < 600
