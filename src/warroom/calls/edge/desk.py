"""What agents and supervisors do with a call; each returns what is to wait for, or nothing."""

import asyncio
from base64 import b64encode
from dataclasses import asdict
from typing import Any

from warroom.calls.contracts import AudioPort
from warroom.calls.edge.call import Call, Facts, Third
from warroom.calls.edge.outgoing import Dialler, checked_number
from warroom.calls.edge.switchboard import Loose, Switchboard
from warroom.calls.edge.trunk_watch import TrunkWatch
from warroom.calls.errors import (
    AgentBusyError,
    CallStateError,
    NoAgentError,
    NoCallError,
    WatchError,
)
from warroom.calls.rules import CallState, advance, may_come
from warroom.calls.sip.session import Callbacks, Session
from warroom.kernel.ids import new_id

WAYS = ("listen", "whisper", "barge", "")
REPLAY_MAX_S = 30.0
DEFER_MOST_S = 60.0


class Desk:
    """The commands.

    Args:
        board: The room.
    """

    def __init__(self, board: Switchboard) -> None:
        self._board = board
        settings = board.settings
        self.trunks = TrunkWatch(
            board.user,
            board.trunks.outgoing(),
            settings.number,
            settings.trunk_answer_s,
            board.now_ms,
        )
        self._dialler = Dialler(
            board.user,
            self.trunks,
            settings.number,
            settings.trunk_answer_s,
            settings.outgoing_ring_s,
        )

    async def answer(self, call: str, agent: str) -> None:
        """Takes a call that waits; it is on the disk when this returns."""
        await self._board.answer(self._board.get(call), agent)

    async def hold(self, call: str, agent: str) -> None:
        """Neither hears the other; the caller hears that the line is there."""
        found = self._own(call, agent)
        done = found.log("held", actor=agent, source="operator")
        found.media.is_held = True
        self._board.remix(found)
        found.save()
        await done

    async def resume(self, call: str, agent: str) -> None:
        """They hear each other again."""
        found = self._own(call, agent)
        done = found.log("resumed", actor=agent, source="operator")
        found.media.is_held = False
        found.media.heard_at = self._board.clock.monotonic()
        self._board.remix(found)
        found.save()
        await done

    async def hang_up(self, call: str, agent: str) -> None:
        """Ends a call that the agent has."""
        self._own(call, agent).session.hang_up("agent")

    async def key(self, call: str, agent: str, key: str) -> None:
        """Presses a key for the agent: towards the third party if there is one, else the caller."""
        self._own(call, agent).media.press(key)

    async def replay(self, call: str, seconds: float) -> str:
        """The last seconds of a call that goes on, as a WAV in base64."""
        recorder = self._board.get(call).media.recorder
        wav = await asyncio.to_thread(recorder.replay, min(seconds, REPLAY_MAX_S))
        return b64encode(wav).decode()

    def _own(self, call: str, agent: str) -> Call:
        """A call that the agent has.

        Raises:
            NoCallError: They have it not.
        """
        found = self._board.get(call)
        if found.agent != agent:
            raise NoCallError
        return found

    # A third party

    async def conference(self, call: str, agent: str, number: str) -> str:
        """Calls a third party into the call; returns its name in it, empty if it did not come."""
        found = self._own(call, agent)
        advance(found.state, "conferenced")
        number = checked_number(number)
        third, status = await self._bring(found, agent, number, "conferenced")
        if third is None:
            await found.log("transfer_failed", actor=agent, status=status, to=number)
            return ""
        done = found.log("conferenced", actor=agent, source="operator", to=number, party=third.name)
        # Whoever was on hold while the third was called is one of three from now on.
        found.media.is_held = False
        self._board.remix(found)
        found.save()
        await done
        return third.name

    async def transfer(self, call: str, agent: str, number: str) -> bool:
        """Hands the caller on to a number; the agent is free once that answers.

        If it does not, the caller is back with the agent.
        """
        found = self._own(call, agent)
        advance(found.state, "transferred")
        number = checked_number(number)
        found.log("transfer_begun", actor=agent, source="operator", to=number)
        third, status = await self._bring(found, agent, number, "transferred")
        if third is None:
            await found.log("transfer_failed", actor=agent, status=status, to=number)
            return False
        await self._leave(found, agent, number)
        return True

    async def leave(self, call: str, agent: str) -> None:
        """The agent leaves a conference: the caller stays with the third party.

        Raises:
            CallStateError: There is no third party.
        """
        found = self._own(call, agent)
        if not found.thirds:
            raise CallStateError(state=found.state.value, kind="transferred")
        await self._leave(found, agent, "")

    async def _leave(self, call: Call, agent: str, number: str) -> None:
        done = call.log("transferred", actor=agent, source="operator", to=number)
        call.agent, call.media.is_held = "", False
        call.media.attach(None)
        self._board.agents.release(agent, self._board.settings.wrap_up_s)
        self._board.remix(call)
        call.save()
        await done

    async def hand_to(self, call: str, agent: str, to: str) -> None:
        """Hands the caller to another agent, at whom it rings; to whoever is free if they miss it.

        Raises:
            NoAgentError: The other has no open sound.
            AgentBusyError: The other has a call, or takes none for now.
        """
        found, other = self._own(call, agent), self._board.agents.get_there(to)
        if other.is_busy or other.is_paused:
            raise AgentBusyError
        board = self._board
        found.log("handed", actor=agent, source="operator", to=to)
        found.agent, found.lost_at, found.media.is_held = "", None, False
        found.media.attach(None)
        board.agents.release(agent)
        board.remix(found)
        found.tried.clear()
        found.rung[to] = board.clock.monotonic()
        done = found.log("ringing", agent=to)
        found.save()
        await done

    async def defer(self, call: str, seconds: float) -> None:
        """Lets a call that waits ring so much later than its turn; it rings nevertheless."""
        self._board.get(call).back_ms = round(max(0.0, min(seconds, DEFER_MOST_S)) * 1000)

    async def drop(self, call: str, agent: str, party: str) -> None:
        """Hangs up on the third party.

        Raises:
            NoCallError: There is none of that name.
        """
        third = self._own(call, agent).thirds.get(party)
        if third is None:
            raise NoCallError
        third.session.hang_up()

    async def _bring(
        self, call: Call, agent: str, number: str, kind: str
    ) -> tuple[Third | None, int]:
        """A third party whose sound is in the call; None and the status if it did not come.

        It rings long: whoever has the call by then may be another, and deals with it anew.
        """
        board = self._board
        port = board.new_port()
        host = board.settings.public_host or board.settings.host
        where = (host, await port.bind(board.settings.host))
        try:
            dialled = await self._dialler.dial(number, where, port)
        except BaseException:
            port.close()
            raise
        session = dialled.session
        is_theirs = not call.is_over and call.agent == agent and may_come(call.state, kind)
        if session is None or session.is_over or not is_theirs:
            port.close()
            if session is not None:
                session.hang_up()
            return None, dialled.status
        third = Third(f"third {len(call.thirds) + 1}", session, port)
        session.callbacks.on_end = lambda _: self._gone(call, third)
        call.thirds[third.name] = third
        board.remix(call)
        return third, dialled.status

    def _gone(self, call: Call, third: Third) -> None:
        """The third party hung up: the call goes on without it, or ends with it."""
        call.thirds.pop(third.name, None)
        third.port.close()
        if call.is_over:
            return
        self._board.remix(call)
        if call.thirds:
            return
        if call.state is CallState.CONFERENCED:
            call.log("parted", party=third.name)
        elif call.state is CallState.TRANSFERRED:
            call.session.hang_up("third")

    # Supervisors

    async def watch(self, call: str, agent: str, way: str) -> None:
        """Listens, whispers to the agent, or speaks to all; an empty way leaves.

        Raises:
            WatchError: There is no such way, or it is their own call.
            AgentBusyError: They have a call themselves.
        """
        found = self._board.get(call)
        if way not in WAYS or found.agent == agent:
            raise WatchError
        supervisor = self._board.agents.get_there(agent)
        if supervisor.is_busy and agent not in found.watchers:
            raise AgentBusyError
        if way:
            found.watchers[agent] = way
            supervisor.call = found.id
        elif agent in found.watchers:
            self._board.unwatch(found, agent)
        self._board.remix(found)
        await found.log("monitored", actor=agent, source="operator", way=way)

    # After the call, and back

    def _loose(self, call: str) -> Loose:
        found = self._board.loose.get(call)
        if found is None:
            raise NoCallError
        return found

    async def close(self, call: str, agent: str, call_class: str) -> None:
        """Classes a call that is over; nothing more happens to it."""
        loose = self._loose(call)
        loose.state = advance(loose.state, "closed")
        del self._board.loose[call]
        known = self._board.agents.find(agent)
        if known is not None:
            known.wrap_until = 0.0
        await self._board.books.journal.append(
            call, "closed", actor=agent, source="operator", call_class=call_class
        )

    async def call_back(self, call: str, agent: str) -> str:
        """Calls somebody back who gave up; returns the id of the new call, empty if not reached.

        Raises:
            AgentBusyError: The agent has a call.
            CallStateError: It is not to be called back, or somebody else does.
        """
        board, loose = self._board, self._loose(call)
        advance(loose.state, "reached")
        if loose.is_called:
            raise CallStateError(state=loose.state.value, kind="reached")
        caller = board.agents.get_there(agent)
        if caller.is_busy:
            raise AgentBusyError
        number = checked_number(loose.number)
        loose.is_called = caller.is_calling = True
        try:
            new = await self._reach(call, number, agent)
        finally:
            loose.is_called = caller.is_calling = False
        if new is not None:
            loose.state = advance(loose.state, "reached")
            await board.books.journal.append(call, "reached", actor=agent, by=new.id)
            return new.id
        loose.tries += 1
        journal = board.books.journal
        done = journal.append(call, "not_reached", actor=agent, tries=loose.tries)
        if loose.tries >= board.settings.callback_tries:
            loose.state = advance(loose.state, "closed")
            board.loose.pop(call, None)
            done = journal.append(call, "closed", call_class="abandoned")
        await done
        return ""

    async def _reach(self, of: str, number: str, agent: str) -> Call | None:
        board = self._board
        port = board.new_port()
        host = board.settings.public_host or board.settings.host
        where = (host, await port.bind(board.settings.host))
        try:
            dialled = await self._dialler.dial(number, where, port)
        except BaseException:
            port.close()
            raise
        if dialled.session is None:
            port.close()
            return None
        facts = Facts(str(new_id()), number, dialled.line, "out", board.now_ms(), of)
        return await self._begin_out(facts, dialled.session, port, where, agent)

    async def _begin_out(
        self, facts: Facts, session: Session, port: AudioPort, where: tuple[str, int], agent: str
    ) -> Call:
        board = self._board
        session.callbacks = Callbacks()
        call = await board.begin_on(facts, session, port, where)
        call.log(
            "offered",
            actor=agent,
            source="operator",
            number=facts.number,
            line=facts.line,
            direction="out",
            callback_of=facts.callback_of,
        )
        caller = board.agents.find(agent)
        if caller is not None:
            caller.is_calling = False
        try:
            board.answer(call, agent)
        except NoAgentError:
            # Their browser went while it rang: who was called hears that, and waits for another.
            call.media.is_up = True
        if session.is_over:
            session.callbacks.on_end("remote")
        return call

    def snapshot(self) -> dict[str, Any]:
        """Everything at the edge, for who begins to follow."""
        board = self._board
        now_ms, now = board.now_ms(), board.clock.monotonic()
        return {
            "seq": board.books.journal.newest,
            "trunks": self.trunks.state(),
            "calls": [
                {
                    "id": call.id,
                    "state": call.state.value,
                    "line": call.facts.line,
                    "direction": call.facts.direction,
                    "offered_ms": call.facts.offered_ms,
                    "waits_ms": now_ms - call.facts.offered_ms if call.is_waiting else 0,
                    "agent": call.agent,
                    "ringing": sorted(call.rung),
                    "watchers": call.watchers,
                    "parties": sorted(call.thirds),
                    "keys": call.keys,
                    "is_held": call.media.is_held,
                    "recording_failed": call.media.recorder.failed,
                }
                for call in board.calls.values()
                if not call.is_over
            ],
            "loose": {name: loose.state.value for name, loose in board.loose.items()},
            "agents": [
                {
                    "id": agent.name,
                    **asdict(agent.who),
                    "is_there": agent.is_there,
                    "is_paused": agent.is_paused,
                    "call": agent.call,
                    "idle_s": round(now - agent.idle_since, 1),
                    "wraps_up": now < agent.wrap_until,
                    "wrap_s": round(max(0.0, agent.wrap_until - now), 1),
                }
                for agent in board.agents
            ],
        }
