"""One call at the edge: its session, its sound, its state, and what is kept for a restart."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from warroom.calls.contracts import AgentLeg, AudioPort, Recorded
from warroom.calls.edge.journal import Journal
from warroom.calls.edge.media import DESK, WIRE, Media, hearing
from warroom.calls.edge.resuming import CallFiles
from warroom.calls.rules import TALKING, CallState, advance
from warroom.calls.sealed_recordings import seal_recording
from warroom.calls.sip import sdp
from warroom.calls.sip.session import Session
from warroom.kernel.sealed_files import FileSealer

KEYS_MOST = 200
"""Of one call: a key that is pressed again and again must not fill the journal."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What does not change during a call.

    Attributes:
        number: Of the other side; empty where it hides it.
        line: Name of the trunk.
        direction: `in` or `out`.
        offered_ms: When it came, ms since 1970.
        callback_of: The abandoned call that this one calls back.
    """

    call: str
    number: str
    line: str
    direction: str
    offered_ms: int
    callback_of: str = ""


@dataclass(slots=True)
class Books:
    """Where calls are written down.

    Attributes:
        journal: Every event.
        files: What a restart needs.
        now_ms: Milliseconds since 1970.
        sealer: Of recordings that are closed.
    """

    journal: Journal
    files: CallFiles
    now_ms: Callable[[], int]
    sealer: FileSealer


@dataclass(slots=True, eq=False)
class Third:
    """A third party by a trunk."""

    name: str
    session: Session
    port: AudioPort


@dataclass(slots=True, eq=False)
class Call:
    """One call.

    Attributes:
        agent: Who talks, or is expected back; empty while nobody does.
        rung: Who is being rung, since when (seconds, monotonic).
        tried: Who did not answer.
        answered: Whether it was ever answered.
        watchers: Supervisors and their way (`listen`, `whisper`, `barge`).
        watcher_lost: Those of them whose browser is gone, since when (seconds, monotonic).
        mixed_in: The browsers of those who are heard or hear.
        back_ms: By so much it rings later than its turn.
        is_faulty: Whether it was told already that something of it fails.
        networks: From where the trunk's sound may come beside the address in its SDP.
    """

    facts: Facts
    books: Books
    session: Session
    media: Media
    recording: str
    state: CallState = CallState.NEW
    agent: str = ""
    since: float = 0.0
    lost_at: float | None = None
    rung: dict[str, float] = field(default_factory=dict)
    tried: set[str] = field(default_factory=set)
    answered: bool = False
    thirds: dict[str, Third] = field(default_factory=dict)
    watchers: dict[str, str] = field(default_factory=dict)
    watcher_lost: dict[str, float] = field(default_factory=dict)
    mixed_in: dict[str, AgentLeg] = field(default_factory=dict)
    keys: str = ""
    probed_at: float = 0.0
    back_ms: int = 0
    is_over: bool = False
    is_faulty: bool = False
    networks: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """Its id."""
        return self.facts.call

    @property
    def turn(self) -> tuple[bool, int, int]:
        """When it is its turn: those cut off from their agent first, then who came first."""
        back_ms = 0 if self.keys.count("1") else self.back_ms
        return (not self.answered, self.facts.offered_ms + back_ms, self.facts.offered_ms)

    @property
    def is_waiting(self) -> bool:
        """Whether somebody must be found for it."""
        return not self.is_over and not self.agent and not self.is_handed_on

    @property
    def is_handed_on(self) -> bool:
        """Whether it was transferred outside, and whoever took it is there."""
        return self.state is CallState.TRANSFERRED and bool(self.thirds)

    @property
    def is_talking(self) -> bool:
        """Whether the line to the caller is up."""
        return self.state in TALKING

    def log(
        self, kind: str, *, actor: str = "", source: str = "auto", **body: Any
    ) -> asyncio.Future[None]:
        """Writes an event down and takes its state.

        Raises:
            CallStateError: It cannot come now.
        """
        self.state = advance(self.state, kind)
        return self.books.journal.append(self.id, kind, actor=actor, source=source, **body)

    def save(self) -> None:
        """Keeps what a new process needs."""
        if self.is_over:
            return
        state = {
            "facts": _facts_of(self.facts),
            "session": self.session.state(),
            "port": self.media.port.state(),
            "recorder": self.media.recorder.state(),
            "recording": self.recording,
            "agent": self.agent,
            "answered": self.answered,
            "is_up": self.media.is_up,
            "is_held": self.media.is_held,
            "keys": self.keys,
            "at_ms": self.books.now_ms(),
        }
        self.books.files.save(self.id, state)

    def heard(self, told: sdp.Description) -> None:
        """The trunk says where and how it wants sound: at first, on hold, from a new address."""
        before = self.session.remote
        self.media.port.start(told.peer(self.networks))
        if before is not None and self.answered:
            self.log("caller_hold", source="caller", on=told.is_hold)
        self.save()

    def pressed(self, key: str) -> None:
        """The caller pressed a key; a 1 says that a silent call is meant."""
        is_first_1 = key == "1" and "1" not in self.keys
        if len(self.keys) >= KEYS_MOST and not is_first_1:
            return
        self.keys += key
        self.log("key", source="caller", key=key)
        if is_first_1:
            self.log("silent_confirmed", source="caller")
        self.save()

    def sound_changed(self, what: str) -> None:
        """The caller's sound comes from another place, or from another sender there.

        Args:
            what: `source` or `stream` (another SSRC).
        """
        self.log("sound_changed", of=what)
        self.save()

    def remix(self, legs: dict[str, AgentLeg]) -> None:
        """Who hears whom now.

        Args:
            legs: The supervisors' legs, by name.
        """
        self.mixed_in = legs
        others: dict[str, AgentLeg | AudioPort] = {
            name: third.port for name, third in self.thirds.items()
        }
        others |= legs
        parties = [*self.thirds]
        if not self.media.is_held:
            parties.append(WIRE)
        if self.agent:
            parties.append(DESK)
        ways = {name: way for name, way in self.watchers.items() if name in legs}
        self.media.mix(others, hearing(parties, ways))

    async def finish(self) -> Recorded | None:
        """Closes its sound and its recording; None where the recording cannot be closed."""
        self.is_over = True
        self.books.files.remove(self.id)
        for third in list(self.thirds.values()):
            third.session.hang_up()
            third.port.close()
        self.thirds.clear()
        self.media.close()
        try:
            recorded = await asyncio.to_thread(self.media.recorder.close)
        except OSError:
            return None
        await asyncio.to_thread(seal_recording, recorded.path, self.books.sealer)
        return recorded


def _facts_of(facts: Facts) -> dict[str, Any]:
    return {
        "call": facts.call,
        "number": facts.number,
        "line": facts.line,
        "direction": facts.direction,
        "offered_ms": facts.offered_ms,
        "callback_of": facts.callback_of,
    }
