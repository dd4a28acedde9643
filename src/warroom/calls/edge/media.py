"""Who hears whom in one call, and what the trunk gets when nobody speaks.

With two parties every frame goes through untouched. A third party (transfer, conference, a
supervisor) brings a mixer in between, with a jitter buffer for each. The trunk gets a frame each
20 ms without a gap, whoever speaks: ring tone, announcement, silence, hold tone.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from warroom.calls.audio import tones
from warroom.calls.audio.mixer import FrameMixer
from warroom.calls.contracts import (
    AGENT,
    CALLER,
    FRAME_SAMPLES,
    SILENCE,
    AgentLeg,
    AudioPort,
    Mixer,
    Recorder,
)

GAP_S = 0.06
"""After so long without a frame of the agent the trunk gets frames of ours."""

MIXED, SENT = 2, 3
"""Sources: what is mixed, and the channel of what the caller was sent."""

WIRE = "caller"
DESK = "agent"


class TwoWayRecorder(Recorder, Protocol):
    """A recorder that tells when it placed a channel anew."""

    on_anchor: Callable[[], None] | None
    on_failed: Callable[[str], None] | None


@dataclass(slots=True, eq=False)
class Media:
    """The sound of one call.

    Attributes:
        port: Towards the caller.
        recorder: Both ways.
        monotonic: Seconds.
        is_up: Whether the caller may hear us (early media or answered).
        is_held: Whether the agent put the caller on hold: neither hears the other.
        waiting: What the caller hears until somebody answers.
        heard_at: When the agent's sound came last; when they took the call, until it came.
        was_heard: Whether any of it came since they took the call.
    """

    port: AudioPort
    recorder: TwoWayRecorder
    monotonic: Callable[[], float]
    is_up: bool = False
    is_held: bool = False
    waiting: tuple[bytes, ...] = ()
    heard_at: float = 0.0
    was_heard: bool = False
    fillers: int = 0
    _leg: AgentLeg | None = None
    _others: dict[str, AgentLeg | AudioPort] = field(default_factory=dict)
    _mixer: Mixer | None = None
    _hears: dict[str, frozenset[str]] = field(default_factory=dict)
    _sent_at: float = 0.0
    _tick: int = 0

    def __post_init__(self) -> None:
        """Listens to the caller."""
        self.port.on_frame = self._from_caller

    @property
    def is_mixed(self) -> bool:
        """Whether a third party takes part."""
        return self._mixer is not None

    def attach(self, leg: AgentLeg | None) -> None:
        """An agent takes the call, or leaves it."""
        if self._leg is not None and self._leg is not leg:
            self._leg.on_rtp = self._leg.on_key = None
        self._leg = leg
        self.heard_at, self.was_heard = self.monotonic(), False
        if leg is not None:
            leg.on_rtp, leg.on_key = self._from_agent, self.press

    def press(self, key: str) -> None:
        """A key of the agent goes to the third parties, or to the caller where there are none."""
        ports = [other for other in self._others.values() if not hasattr(other, "on_rtp")]
        for port in ports or [self.port]:
            if not hasattr(port, "on_rtp"):
                port.send_key(key)

    def mix(
        self, others: dict[str, AgentLeg | AudioPort], hears: dict[str, frozenset[str]]
    ) -> None:
        """Who takes part beside caller and agent, and who hears whom; without others two again."""
        for gone in self._others.keys() - others.keys():
            _listen(self._others[gone], None)
        self._others, self._hears = dict(others), hears
        if not others:
            self._mixer = None
            return
        if self._mixer is None:
            self._mixer = FrameMixer(hears)
        else:
            self._mixer.set_hears(hears)
        for name, other in others.items():
            _listen(other, self._taker(name))

    def _taker(self, name: str) -> Callable[[bytes, int, int], None]:
        def take(payload: bytes, rtp_time: int, source: int) -> None:
            if self._mixer is not None:
                self._mixer.put(name, payload, rtp_time, source)

        return take

    def _from_caller(self, payload: bytes, rtp_time: int, source: int) -> None:
        self.recorder.write(CALLER, rtp_time, payload, source)
        if self._mixer is not None:
            self._mixer.put(WIRE, payload, rtp_time, source)
        elif self._leg is not None and not self.is_held:
            self._leg.send(payload, rtp_time, source)

    def _from_agent(self, payload: bytes, rtp_time: int, source: int) -> None:
        self.heard_at, self.was_heard = self.monotonic(), True
        if self._mixer is not None:
            if not self.is_held:
                self._mixer.put(DESK, payload, rtp_time, source)
        elif not self.is_held:
            self._send(payload, rtp_time, source)

    def _send(self, payload: bytes, rtp_time: int, source: int) -> None:
        sent = self.port.send(payload, rtp_time, source)
        if sent is not None:
            self._sent_at = self.monotonic()
            self.recorder.write(AGENT, sent, payload, SENT)

    def tick(self) -> None:
        """Each 20 ms: mixes, or fills what nobody said."""
        self._tick += 1
        if not self.is_up:
            return
        if self._mixer is not None:
            self._send_mixed(self._tick * FRAME_SAMPLES & 0xFFFF_FFFF)
        elif self.monotonic() - self._sent_at > GAP_S:
            self._fill()

    def _fill(self) -> None:
        """Ours go on until the agent speaks."""
        self.fillers += 1
        frame = self._filler()
        self.recorder.write(AGENT, self.port.fill(frame), frame, SENT)

    def _filler(self) -> bytes:
        frames = tones.hold() if self.is_held else self.waiting
        return frames[self._tick % len(frames)] if frames else SILENCE

    def _send_mixed(self, at: int) -> None:
        if self._mixer is None:
            return
        frames = self._mixer.tick()
        to_caller = tones.hold()[self._tick % 500] if self.is_held else frames.get(WIRE, SILENCE)
        self._send(to_caller, at, MIXED)
        if self._leg is not None and DESK in frames:
            self._leg.send(frames[DESK], at, MIXED)
        for name, other in self._others.items():
            if name in frames:
                other.send(frames[name], at, MIXED)

    def close(self) -> None:
        """Lets everybody go."""
        self.attach(None)
        self.mix({}, {})
        self.port.on_frame = self.port.on_key = None
        self.port.close()


def _listen(other: "AgentLeg | AudioPort", taker: Callable[[bytes, int, int], None] | None) -> None:
    if hasattr(other, "on_rtp"):
        other.on_rtp = taker
    else:
        other.on_frame = taker


def hearing(parties: Iterable[str], monitors: dict[str, str]) -> dict[str, frozenset[str]]:
    """Who hears whom: the parties each other; monitors by their way.

    Args:
        parties: `caller`, `agent` and third parties.
        monitors: Supervisor -> `listen`, `whisper` (the agent hears them) or `barge` (all do).
    """
    talking = set(parties) | {name for name, way in monitors.items() if way == "barge"}
    hears = {name: talking - {name} for name in talking}
    for name, way in monitors.items():
        if way != "barge":
            hears[name] = set(talking)
        if way == "whisper" and DESK in hears:
            hears[DESK] |= {name}
    return {name: frozenset(others) for name, others in hears.items()}
