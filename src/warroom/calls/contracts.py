"""What crosses the border of `calls`, and the ports by which its parts hold each other.

Sound inside is always G.711 A-law, 8000 samples a second, one byte each, in frames of 20 ms. A port
that speaks something else on its wire translates at that wire.

A sound frame travels as (`payload`, `rtp_time`, `source`): the bytes, the sender's clock in samples
(mod 2**32) and a number that changes when the sender does (its SSRC). Receivers place frames by
`rtp_time` and make nothing up: what did not come is missing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from warroom.kernel.actions import Action, declare

VIEW = "call:view"
"""To see calls: who called when, from where, and what became of it."""

TAKE = "call:take"
"""To sit at the desk: sign in, answer, hold, hand on, class, call back."""

LISTEN = "call:listen"
"""To hear recordings, and calls of others while they last."""

HOLD = "call:hold"
"""Keep a recording beyond its time."""

SUPERVISE = "call:supervise"
"""To see the room: its agents, its service level, how many people it needs."""

TELL = "call:tell"
"""To tell of a call that came by another way: a PBX of the city, a form, a panic button."""

ACTIONS = declare(
    Action(VIEW, "call", "view"),
    Action(TAKE, "call", "operate"),
    Action(LISTEN, "call", "manage"),
    Action(HOLD, "call", "manage"),
    Action(SUPERVISE, "call", "manage"),
    Action(TELL, "call", "operate", for_programs=True),
)

QUEUE = "calls.queue"
"""Topic: something happened to a call."""

MINE = "calls.mine"
"""Topic, personal: something happened to a call that rings at one, or that one has."""

RATE_HZ = 8000
"""Samples of sound in a second."""

FRAME_SAMPLES = 160
"""Samples, and bytes, of one frame of 20 ms."""

FRAME_MS = 20

SILENCE = b"\xd5" * FRAME_SAMPLES
"""One frame of A-law silence."""

CALLER, AGENT = 0, 1
"""Channels of a recording."""


type OnFrame = Callable[[bytes, int, int], None]
"""Is called with (payload, rtp_time, source) as soon as sound is there; never blocks."""

type OnKey = Callable[[str], None]
"""Is called once for each key pressed: one of `0-9 * # A-D`."""

type Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class CallStamps:
    """When a call was offered, answered and ended, and what it was.

    Attributes:
        offered_at: Its INVITE at our edge.
        answered_at, ended_at: None where that did not happen.
        recording_s: How long its recording is; None without one.
        recording_sha256: Of all bytes of the recording.
    """

    id: UUID
    direction: str
    class_: str | None
    offered_at: datetime
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    recording_s: float | None = None
    recording_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class RtpPeer:
    """What the SDP of the other side says about where and how it wants its sound.

    Attributes:
        host: Address in its SDP; behind a NAT the real one differs, and lies in `networks`.
        port: UDP port.
        payload_type: 8 (PCMA) or 0 (PCMU), RFC 3551; with `is_opus` the number SDP gave Opus.
        event_type: Payload type of `telephone-event/8000` (RFC 4733); None if it was not agreed.
        sends: Whether it will send sound.
        receives: Whether it wants sound; False while it has us on hold.
        is_opus: It offers Opus alone (RFC 7587): only then is sound decoded and encoded.
        rtcp_port: Where it wants reports (`a=rtcp`, RFC 3605); `port` itself with `a=rtcp-mux`
            (RFC 5761); None is the port after `port`.
        networks: From where its sound may come beside `host`: the trunk's media networks.
    """

    host: str
    port: int
    payload_type: int
    event_type: int | None = None
    sends: bool = True
    receives: bool = True
    is_opus: bool = False
    rtcp_port: int | None = None
    networks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RtpStats:
    """What went over one port since `bind`.

    Attributes:
        received: Sound packets taken from the peer.
        lost: Gaps in its sequence that nothing filled.
        sent: Sound packets sent.
        foreign: Packets of strangers, thrown away.
        jitter_ms: Interarrival jitter (RFC 3550, 6.4.1).
        silent_s: Seconds since the last packet of the peer; since `start` if none came.
        duplicates: Packets that came twice, used once.
        peer_lost: Packets of ours that the peer misses, as its reports say (RFC 3550, 6.4.1).
        peer_jitter_ms: Jitter of ours at the peer.
        round_trip_ms: There and back, from its reports; None before it heard one of ours.
    """

    received: int = 0
    lost: int = 0
    sent: int = 0
    foreign: int = 0
    jitter_ms: float = 0.0
    silent_s: float = 0.0
    duplicates: int = 0
    peer_lost: int = 0
    peer_jitter_ms: float = 0.0
    round_trip_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recording that is closed.

    Attributes:
        path: The file.
        sha256: Of all its bytes, in hex.
        duration_s: Of its sound.
    """

    path: Path
    sha256: str
    duration_s: float


class AudioPort(Protocol):
    """One UDP port of RTP (and RTCP) towards a trunk. `calls.audio.port.RtpPort()` is the real one.

    Belongs to the event loop in which it was bound; nothing here may be called from a thread.
    """

    on_frame: OnFrame | None
    on_key: OnKey | None
    on_change: Callable[[str], None] | None
    """Is told when sound comes from another place (`source`) or another sender (`stream`)."""

    async def bind(self, host: str, port: int = 0) -> int:
        """Open the port (0: any free one) and tell which; raises `OSError` if that cannot be."""
        ...

    def start(self, peer: RtpPeer) -> None:
        """Take sound from `peer` and send to it; again after each new SDP.

        Nobody else is heard but who sends steadily from the same host or from `peer.networks` while
        `peer` itself never did.
        """
        ...

    def send(self, payload: bytes, rtp_time: int, source: int) -> int | None:
        """Send one A-law frame; returns its RTP time on the wire, by which it is recorded.

        None: its place was filled already, and it is left out.

        SSRC, sequence and time go on without a jump when `source` changes: the new one's first
        frame follows the last frame sent. Nothing is sent while the peer does not receive; the
        time goes on nevertheless.
        """
        ...

    def fill(self, payload: bytes) -> int:
        """Send a frame in the place of one that did not come; returns its RTP time on the wire.

        The source stays. What it sends for that time later is left out: else each hiccup of a
        browser would make the caller hear the agent later, for the rest of the call.
        """
        ...

    def send_key(self, key: str) -> None:
        """Send one key of 100 ms by RFC 4733; does nothing if the peer cannot read it."""
        ...

    def stats(self) -> RtpStats:
        """What went over it until now."""
        ...

    def state(self) -> Json:
        """All that `resume` needs, as JSON: port, SSRC, sequence, time, latched address, peer."""
        ...

    async def resume(self, host: str, state: Json, gone_s: float) -> None:
        """Bind the same port and go on as if frames had been sent for the `gone_s` seconds."""
        ...

    def close(self) -> None:
        """Give the port back; again is no error."""
        ...


class Recorder(Protocol):
    """A two-channel recording, valid at every moment, even if the process dies.

    `calls.audio.recorder.TwoChannelRecorder.create(path)` begins one whose sample 0 is now;
    `.reopen(path, state)` goes on in one that a process which died left behind; and
    `calls.audio.recorder.recover(path)` closes one that nobody goes on with.
    """

    on_anchor: Callable[[], None] | None
    """Is called when a sender's clock was tied to the recording: `state` has changed."""

    on_failed: Callable[[str], None] | None
    """Is called once with why, when it cannot record any more; the call goes on."""

    def write(self, channel: int, rtp_time: int, payload: bytes, source: int) -> None:
        """Place A-law samples at the time they belong to; late ones fall into place.

        Raises nothing while a call lasts: a full disk is counted and told by `failed`.
        """
        ...

    def replay(self, seconds: float) -> bytes:
        """The last seconds as a WAV of both channels, to be heard while the call goes on."""
        ...

    @property
    def failed(self) -> str | None:
        """Why it does not record any more; None while it does."""
        ...

    def state(self) -> Json:
        """All that `reopen` needs beside the file, as JSON."""
        ...

    def close(self) -> Recorded:
        """Cut what was only reserved, sync to the disk, hash.

        Waits for the disk: to be called in a thread, after the last `write`.
        """
        ...


class AgentLeg(Protocol):
    """The agent's side in the browser, opened at sign-in and kept.

    `calls.legs.browser.BrowserLeg(host)` is the real one.
    """

    on_rtp: OnFrame | None
    on_key: OnKey | None

    async def answer(self, offer: str) -> str:
        """Answer the browser's offer (SDP); raises `LegRefusedError` if it offers no PCMA."""
        ...

    def send(self, payload: bytes, rtp_time: int, source: int) -> None:
        """Send one A-law frame to the browser; continuous like `AudioPort.send`."""
        ...

    def alive(self) -> bool:
        """False as soon as the connection is known to be gone."""
        ...

    @property
    def silent_s(self) -> float:
        """Seconds since the browser sent anything; it rests between calls, and never in one."""
        ...

    @property
    def is_open(self) -> bool:
        """Whether sound can go over it now."""
        ...

    async def close(self) -> None:
        """Hang up; again is no error."""
        ...


class Mixer(Protocol):
    """Several parties who hear each other by a table of who hears whom.

    `calls.audio.mixer.FrameMixer(hears)` is the real one; it is only used while a third party takes
    part. `tick()` is called each 20 ms by the call's own clock.
    """

    def put(self, party: str, payload: bytes, rtp_time: int, source: int) -> None:
        """Take one frame of a party into its jitter buffer of two frames."""
        ...

    def set_hears(self, hears: dict[str, frozenset[str]]) -> None:
        """Who hears whom from now on: `{listener: {speakers}}`; also adds and removes parties."""
        ...

    def tick(self) -> dict[str, bytes]:
        """One A-law frame of 20 ms for each party that hears anybody."""
        ...
