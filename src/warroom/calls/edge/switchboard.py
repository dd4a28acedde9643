"""The room: calls come in, wait, ring at agents, are taken, and end; whatever else is away.

Everything runs in one event loop; nothing here waits for a disk, a database or another process
before the caller is served.
"""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from warroom.calls.audio import tones
from warroom.calls.audio.port import RtpPort
from warroom.calls.audio.recorder import TwoChannelRecorder
from warroom.calls.contracts import FRAME_MS, AgentLeg, AudioPort
from warroom.calls.edge.agents import NOBODY, Agent, Agents, Who
from warroom.calls.edge.call import Books, Call, Facts
from warroom.calls.edge.journal import Event, Journal
from warroom.calls.edge.media import Media, TwoWayRecorder
from warroom.calls.edge.resuming import CallFiles
from warroom.calls.edge.trunks import OPEN, Trunks
from warroom.calls.edge.unrecorded import Unrecorded
from warroom.calls.errors import AgentBusyError, CallStateError, NoCallError
from warroom.calls.rules import CallState, is_short, to_ring
from warroom.calls.settings import CallSettings
from warroom.calls.sip.agent import UserAgent
from warroom.calls.sip.digest import Challenger
from warroom.calls.sip.fields import MalformedError, NameAddr, split_top
from warroom.calls.sip.limits import RateLimit
from warroom.calls.sip.location import place_of, reference_of
from warroom.calls.sip.session import Session
from warroom.calls.sip.stack import STRANGERS_BURST, STRANGERS_PER_S, Stack
from warroom.calls.sip.transaction import Timers
from warroom.calls.sip.uri import EMERGENCY, parse_uri
from warroom.kernel.clock import Clock
from warroom.kernel.ids import new_id
from warroom.kernel.log import logger
from warroom.kernel.sealed_files import FileSealer

LOOK_EACH = 5
"""Ticks of sound between two looks at what is overdue."""

COMES_BACK_S = 5.0
"""An agent whose browser, or whose edge, was gone may take so long until another is rung."""

_log = logger("calls.edge")


@dataclass(slots=True)
class Loose:
    """A call that is over and not closed.

    Attributes:
        tries: How often it was called back.
        is_called: Whether it is being called back now.
    """

    state: CallState
    number: str = ""
    line: str = ""
    tries: int = 0
    is_called: bool = False


class Switchboard:
    """The room.

    Args:
        settings: All of it.
        trunks: Whose calls are taken.
        data: Folder of this node's data.
        clock: For instants and durations.
        on_written: Is told of events that are on the disk.
        sealer: Of recordings that are closed.
        timers: Of SIP.
    """

    def __init__(
        self,
        settings: CallSettings,
        trunks: Trunks,
        data: Path,
        clock: Clock,
        on_written: Callable[[list[Event]], None],
        sealer: FileSealer,
        timers: Timers | None = None,
    ) -> None:
        self.settings, self.trunks, self.clock = settings, trunks, clock
        self.folder = data / "calls"
        journal = Journal(self.folder / "journal.db", self.now_ms, on_written)
        self.books = Books(journal, CallFiles(self.folder / "state"), self.now_ms, sealer)
        self.agents = Agents(clock.monotonic)
        self.calls: dict[str, Call] = {}
        self.loose: dict[str, Loose] = {}
        self.user = UserAgent(trunks.admit, self._invited, Challenger("warroom", clock.monotonic))
        limit = RateLimit(settings.requests_per_s, settings.requests_burst, clock.monotonic)
        strangers = RateLimit(STRANGERS_PER_S, STRANGERS_BURST, clock.monotonic)
        host = settings.public_host or settings.host
        self.stack = self.user.stack = Stack(
            self.user, timers or Timers(), limit, host, trunks.gate(), strangers
        )
        self._tasks: set[asyncio.Task[Any]] = set()
        self.waiting_sound: tuple[bytes, ...] = ()
        self._ticks = 0
        self._ticker: asyncio.TimerHandle | None = None
        self._next = 0.0
        self.worst_late_s = 0.0

    def now_ms(self) -> int:
        """Milliseconds since 1970."""
        return int(self.clock.now().timestamp() * 1000)

    async def listen(self, tls: ssl.SSLContext | None = None) -> None:
        """Opens the ports of SIP.

        Raises:
            OSError: One of them is taken.
        """
        settings = self.settings
        self.stack.hold()
        await self.stack.transports.listen(settings.host, settings.port, settings.tls_port, tls)

    async def prepare(self) -> None:
        """Reads what callers hear while they wait.

        Raises:
            AnnouncementError: The file of the settings holds no sound.
        """
        announcement = self.settings.announcement
        self.waiting_sound = (
            await asyncio.to_thread(tones.announcement, Path(announcement))
            if announcement
            else tones.ring_back()
        )

    def start(self) -> None:
        """Takes calls, rings, and sends sound from now on."""
        self.stack.release()
        self._next = asyncio.get_running_loop().time()
        self._tick()

    async def stop(self) -> None:
        """Leaves calls as they are, for the process that comes after."""
        if self._ticker is not None:
            self._ticker.cancel()
        for call in list(self.calls.values()):
            call.save()
        for agent in self.agents:
            if agent.leg is not None:
                await agent.leg.close()
        await self.stack.transports.close()
        self.books.journal.close()

    def later(self, work: Any) -> None:
        """Runs a coroutine beside everything else."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _log.error("calls.work_failed", exc_info=task.exception())

    # Calls that come in

    def _invited(self, session: Session) -> None:
        if not session.flow.is_known and self._is_door_full():
            # Not written down: strangers must not fill the journal.
            session.refuse(503, [("retry-after", "5")])
            return
        if len(self.calls) >= self.settings.calls_most:
            self._turn_away(session, self._facts_of(session))
            return
        self.later(self._offer(session))

    def _is_door_full(self) -> bool:
        # Those that a process before this one took are known by their line alone.
        taken = sum(
            call.facts.line == OPEN and call.session.flow.is_known for call in self.calls.values()
        )
        return self.user.strangers() + taken > self.trunks.open_calls

    def _facts_of(self, session: Session) -> Facts:
        line = self.trunks.of(session.flow.peer[0], session.flow.names)
        name = line.trunk.name if line else "" if session.flow.is_known else OPEN
        return Facts(str(new_id()), _number_of(session), name, "in", self.now_ms())

    def _turn_away(self, session: Session, facts: Facts) -> None:
        """There is no room: the trunk may know another way; whoever called is to be called back."""
        session.refuse(503, [("retry-after", "5")])
        told = {"number": facts.number, "line": facts.line, "direction": "in"}
        is_emergency = session.invite.uri.lower().startswith(EMERGENCY)
        append = self.books.journal.append
        append(facts.call, "offered", source="caller", is_emergency=is_emergency, **told)
        append(facts.call, "abandoned", reason="full", is_short=False)
        state = CallState.ABANDONED
        if facts.number:
            append(facts.call, "callback_due")
            state = CallState.CALLBACK_DUE
        self.loose[facts.call] = Loose(state, facts.number, facts.line)

    async def _offer(self, session: Session) -> None:
        """Begins to record, writes the call down and finds somebody."""
        facts = self._facts_of(session)
        try:
            call = await self.begin(facts, session, self.new_port())
        except OSError as error:
            _log.error("calls.no_room", problem=error.strerror)
            self._turn_away(session, facts)
            return
        invite = session.invite
        place, reference = place_of(invite), reference_of(invite)
        call.log(
            "offered",
            source="caller",
            number=facts.number,
            line=facts.line,
            direction="in",
            is_emergency=invite.uri.lower().startswith(EMERGENCY),
            to=invite.uri[:200],
        )
        if place is not None or reference:
            told = asdict(place) if place is not None else {}
            call.log("location", source="caller", of="pidf", reference=reference, **told)
        if session.remote is not None:
            call.media.port.start(session.remote.peer(call.networks))
        if session.is_over:
            # Taken back before anybody was told of its end: with the same packet, perhaps.
            self._ended(call, "cancelled")
            return
        self.announce(call)
        call.save()
        self.ring()

    def new_port(self) -> AudioPort:
        """A port of sound that is not open yet."""
        ports = (self.settings.rtp_port_begin, self.settings.rtp_port_end)
        return RtpPort(self.clock, ports)

    async def begin(self, facts: Facts, session: Session, port: AudioPort) -> Call:
        """A call with open sound and a recording.

        Raises:
            OSError: There is no port.
        """
        number = await port.bind(self.settings.host)
        where = (self.settings.public_host or self.settings.host, number)
        return await self.begin_on(facts, session, port, where)

    async def begin_on(
        self, facts: Facts, session: Session, port: AudioPort, where: tuple[str, int]
    ) -> Call:
        """A call on a port that is open already; recorded, unless the disk does not let it be."""
        day = datetime.fromtimestamp(facts.offered_ms / 1000, UTC).strftime("%Y-%m-%d")
        path = Path("recordings") / day / f"{facts.call}.wav"
        recorder = await asyncio.to_thread(self.new_recorder, self.folder / path)
        session.host, session.port = where
        media = Media(port, recorder, self.clock.monotonic, waiting=self.waiting_sound)
        networks = self.trunks.media_networks(facts.line)
        call = Call(facts, self.books, session, media, str(path), networks=networks)
        self.join(call)
        return call

    def new_recorder(self, path: Path) -> TwoWayRecorder:
        """A recorder; one that keeps nothing where none can be made."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            return TwoChannelRecorder.create(path, self.clock)
        except OSError as error:
            _log.error("calls.not_recorded", problem=error.strerror)
            return Unrecorded(error.strerror or type(error).__name__)

    def join(self, call: Call) -> None:
        """The call is at the edge from now on, and is told what its session and sound say."""
        call.since = self.clock.monotonic()
        self.calls[call.id] = call
        told = call.session.callbacks
        told.on_end = lambda reason: self._ended(call, reason)
        told.on_media = call.heard
        told.on_key = call.pressed
        told.on_answer = call.save
        call.media.port.on_key = call.pressed
        call.media.port.on_change = call.sound_changed
        recorder = call.media.recorder
        recorder.on_anchor = call.save
        recorder.on_failed = lambda why: _log.error(
            "calls.recording_failed", call=call.id, problem=why
        )

    def announce(self, call: Call) -> None:
        """Rings; with our own tone or announcement where the settings want it."""
        if self.settings.early_media and call.session.remote is not None:
            call.media.is_up = True
            call.session.early(call.session.host, call.session.port)
        else:
            call.session.ring()

    # The queue

    def ring(self) -> None:
        """Rings at agents for the calls that wait, the oldest first; those cut off before all."""
        everybody = self.settings.strategy == "ring_all"
        waiting = [
            call for call in self.calls.values() if call.is_waiting and (everybody or not call.rung)
        ]
        if not waiting:
            return
        rung = set() if everybody else self._all_rung()
        free = self.agents.free(rung)
        for call in sorted(waiting, key=lambda call: call.turn):
            choice = [agent for agent in free if agent.agent not in call.rung]
            if not choice:
                continue
            names = to_ring(self.settings.strategy, choice, frozenset(call.tried))
            for name in names:
                call.rung[name] = self.clock.monotonic()
                call.log("ringing", agent=name)
            if not everybody:
                free = [agent for agent in free if agent.agent not in names]

    def _all_rung(self) -> set[str]:
        return {name for call in self.calls.values() if call.is_waiting for name in call.rung}

    def _pass_over(self, call: Call) -> None:
        now = self.clock.monotonic()
        for name, since in list(call.rung.items()):
            agent = self.agents.find(name)
            is_gone = agent is None or not agent.is_there or agent.is_busy or agent.is_paused
            if is_gone or now - since > self.settings.agent_answer_s:
                del call.rung[name]
                call.tried.add(name)
                call.log("passed_over", agent=name)

    # What agents do

    def get(self, call: str) -> Call:
        """A call that is at the edge.

        Raises:
            NoCallError: It is not.
        """
        found = self.calls.get(call)
        if found is None or found.is_over:
            raise NoCallError
        return found

    def answer(self, call: Call, name: str) -> asyncio.Future[None]:
        """An agent takes a call that waits.

        Raises:
            NoAgentError: Their sound is not open.
            AgentBusyError: They have a call.
            CallStateError: Somebody else was faster.
            NoCallError: The caller was faster.
        """
        agent = self.agents.get_there(name)
        if agent.is_busy:
            raise AgentBusyError
        if not call.is_waiting:
            raise CallStateError(state=call.state.value, kind="answered")
        session = call.session
        if session.is_early and not session.accept(session.host, session.port):
            raise NoCallError
        call.agent, call.answered, call.lost_at = name, True, None
        call.rung.clear()
        call.media.is_up = True
        call.media.waiting = ()
        self.connect(call, agent)
        done = call.log("answered", actor=name, source="operator")
        call.save()
        return done

    def connect(self, call: Call, agent: Agent) -> None:
        """The agent's sound goes to the call, and back."""
        agent.call = call.id
        call.media.attach(agent.leg)
        self.remix(call)

    def remix(self, call: Call) -> None:
        """Who hears whom in a call, after something changed."""
        call.remix(self._legs_of_watchers(call))

    def _legs_of_watchers(self, call: Call) -> dict[str, AgentLeg]:
        found = {name: self.agents.find(name) for name in call.watchers}
        return {
            name: agent.leg
            for name, agent in found.items()
            if agent is not None and agent.leg is not None and agent.is_there
        }

    def _look_at_watchers(self, call: Call, now: float) -> None:
        """Supervisors whose browser went away hear again once it is back; else they have left."""
        legs = self._legs_of_watchers(call)
        for name in list(call.watchers):
            if name in legs:
                call.watcher_lost.pop(name, None)
            elif now - call.watcher_lost.setdefault(name, now) > COMES_BACK_S:
                self.unwatch(call, name)
                call.log("monitored", actor=name, way="")
        if legs != call.mixed_in:
            self.remix(call)

    def unwatch(self, call: Call, name: str) -> None:
        """A supervisor no longer takes part in a call, and is free for others."""
        call.watchers.pop(name, None)
        call.watcher_lost.pop(name, None)
        agent = self.agents.find(name)
        if agent is not None and agent.call == call.id:
            self.agents.release(name)

    async def leg(self, name: str, leg: AgentLeg, who: Who = NOBODY) -> None:
        """The agent's browser offered its sound; a call that waits for it goes on."""
        agent = self.agents.sign_in(name)
        before, agent.leg, agent.who = agent.leg, leg, who
        if before is not None:
            await before.close()
        for call in self.calls.values():
            if call.agent == name:
                # It goes on as soon as the connection is open; another is rung if that takes long.
                call.lost_at = call.lost_at or self.clock.monotonic()
                self._look_at_agent(call, self.clock.monotonic())

    def lose(self, call: Call) -> None:
        """The agent of a call is gone: it waits again, before all others."""
        name, call.agent, call.lost_at = call.agent, "", None
        call.tried.add(name)
        call.media.is_held = False
        call.media.attach(None)
        self.agents.release(name)
        self.remix(call)
        call.log("agent_lost", agent=name)
        call.save()

    # Ends

    def _ended(self, call: Call, reason: str) -> None:
        if call.is_over:
            return
        now_ms = self.now_ms()
        if call.answered:
            call.log("ended", source="caller" if reason == "remote" else "auto", reason=reason)
            self.agents.release(call.agent, self.settings.wrap_up_s)
        else:
            facts = call.facts
            short = is_short(facts.offered_ms / 1000, now_ms / 1000, self.settings.short_abandon_s)
            call.log("abandoned", source="caller", reason=reason, is_short=short)
            if facts.number and facts.direction == "in":
                call.log("callback_due")
        self.loose[call.id] = Loose(call.state, call.facts.number, call.facts.line)
        for name in list(call.watchers):
            self.unwatch(call, name)
        call.is_over = True
        self.later(self._close(call))

    async def _close(self, call: Call) -> None:
        stats = call.media.port.stats()
        recorded = await call.finish()
        self.calls.pop(call.id, None)
        call.log(
            "recorded",
            path=call.recording,
            sha256=recorded.sha256 if recorded else "",
            duration_s=round(recorded.duration_s, 3) if recorded else 0.0,
            received=stats.received,
            lost=stats.lost,
            sent=stats.sent,
            foreign=stats.foreign,
            fillers=call.media.fillers,
            failed=call.media.recorder.failed or "",
        )
        self.ring()

    # Time

    def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        late = loop.time() - self._next
        self.worst_late_s = max(self.worst_late_s, late)
        self._next += FRAME_MS / 1000
        if late > 1.0:
            # The machine slept: what is past is not made up for.
            self._next = loop.time() + FRAME_MS / 1000
        self._ticker = loop.call_at(self._next, self._tick)
        self._ticks += 1
        for call in self.calls.values():
            if not call.is_over:
                try:
                    call.media.tick()
                except Exception as error:  # noqa: BLE001 - whatever it was, the others are heard
                    self._failed(call, error)
        if self._ticks % LOOK_EACH == 0:
            self._look()

    def _look(self) -> None:
        now = self.clock.monotonic()
        self.books.files.beat()
        for call in list(self.calls.values()):
            if not call.is_over:
                try:
                    self._look_at(call, now)
                except Exception as error:  # noqa: BLE001 - the others must be looked at too
                    self._failed(call, error)
        self.ring()

    def _failed(self, call: Call, error: Exception) -> None:
        """One call cannot go on as it should: told once, and no other call hears of it."""
        if not call.is_faulty:
            call.is_faulty = True
            _log.error("calls.call_failed", call=call.id, exc_info=error)

    def _look_at(self, call: Call, now: float) -> None:
        self._pass_over(call)
        if call.agent and call.is_talking:
            self._look_at_agent(call, now)
        if call.watchers:
            self._look_at_watchers(call, now)
        silent_s = call.media.port.stats().silent_s if self._ticks % 50 == 0 else 0.0
        if call.answered and silent_s > self.settings.caller_silent_s < now - call.probed_at:
            call.probed_at = now
            call.session.probe()

    def _look_at_agent(self, call: Call, now: float) -> None:
        agent = self.agents.find(call.agent)
        alive = agent is not None and agent.is_there
        if call.lost_at is not None:
            if agent is not None and alive:
                call.lost_at = None
                self.connect(call, agent)
            elif now - call.lost_at > COMES_BACK_S:
                self.lose(call)
            return
        # A browser begins to send when it hears of the answer, which a busy one may do late.
        silent_s = self.settings.agent_silent_s
        if not call.media.was_heard:
            silent_s = max(silent_s, COMES_BACK_S)
        if not alive or now - call.media.heard_at > silent_s:
            self.lose(call)


def _number_of(session: Session) -> str:
    """The caller's number: asserted by the operator (RFC 3325), else as the caller says."""
    for name in ("p-asserted-identity", "from"):
        value = session.invite.get(name)
        if not value:
            continue
        try:
            number = parse_uri(NameAddr.parse(split_top(value)[0]).uri).number
        except MalformedError:
            continue
        if number:
            return number
    return ""
