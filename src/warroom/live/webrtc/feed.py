"""One stream as WebRTC peers get it: access units, from the running GOP on."""

from uuid import UUID

from warroom.live.contracts import Role
from warroom.live.feeds import Feed
from warroom.live.fragments import decoder_setup
from warroom.live.rules import is_playable
from warroom.live.webrtc.peers import Peer
from warroom.recording.contracts import Frame, Init


class RtcFeed(Feed[Peer]):
    """Hands access units to the peers.

    Args:
        number: What the recorder's socket calls it.
        camera_id: The camera.
        role: Which stream.
        gop_max_bytes: A longer GOP is not kept.
    """

    def __init__(self, number: int, camera_id: UUID, role: Role, gop_max_bytes: int) -> None:
        super().__init__(number, camera_id, role)
        self._gop_max_bytes = gop_max_bytes
        self._gop: list[bytes] = []
        self._newest = 0
        self._gop_bytes = 0
        self._sets = b""

    @property
    def is_playable(self) -> bool:
        """Whether it is H.264 and described."""
        return self.description is not None and is_playable(self.description.codec)

    def describe(self, description: Init) -> None:
        """Takes over a description: its parameter sets go before every key frame."""
        self.description = description
        self._gop = []
        try:
            kind, record = decoder_setup(description.header)
            self._sets = parameter_sets(record) if kind == "h264" else b""
        except LookupError:
            self._sets = b""

    def add_frame(self, frame: Frame) -> None:
        """Sends a frame to every open peer."""
        if frame.is_audio or not self.is_playable:
            return
        timestamp = self._newest = self.line.place(frame) + frame.cts_90k
        sample = self._sets + frame.unit if frame.is_key else frame.unit
        if frame.is_key:
            self.key = frame
            self._gop = []
            self._gop_bytes = 0
        if frame.is_key or self._gop:
            self._gop.append(sample)
            self._gop_bytes += len(sample)
        if self._gop_bytes > self._gop_max_bytes:
            self._gop = []
        for peer in tuple(self.viewers):
            if frame.is_key and peer.is_open:
                peer.waits_for_key = peer.wants_key = False
            if not peer.waits_for_key:
                peer.send(sample, timestamp)

    def add(self, peer: Peer) -> None:
        """A peer comes; frames follow as soon as it is open."""
        self.viewers.add(peer)
        self.idle_since = None

    def begin(self, peer: Peer, now: float) -> bool:
        """Gives an open peer the running GOP from its key frame on; False if there is none to give.

        A peer that lost its picture gets the same frames a second time. Browsers throw away what is
        older than the last picture, so the frames are stamped anew, close together between the
        newest frame and the one to come: they are shown at once, and time never runs backwards.

        Args:
            peer: Who.
            now: Monotonic seconds.
        """
        last = max(self._newest, peer.last_stamp)
        # A quarter of what is left until the frame to come: there may be a second loss before it.
        room_90k = (self._newest + self.line.step_90k - last) // 4
        if not 0 < len(self._gop) <= room_90k:
            return False
        apart_90k = room_90k // len(self._gop)
        peer.patience.give(now)
        peer.waits_for_key = peer.wants_key = False
        for number, sample in enumerate(self._gop, 1):
            peer.send(sample, last + number * apart_90k)
        return True


def parameter_sets(record: bytes) -> bytes:
    """SPS and PPS of an avcC record, each with its length before it.

    References:
        ISO/IEC 14496-15, section 5.3.3.1.
    """
    sets: list[bytes] = []
    at = 5
    for mask in (31, 255):
        count = record[at] & mask
        at += 1
        for _ in range(count):
            size = int.from_bytes(record[at : at + 2], "big")
            sets.append(record[at + 2 : at + 2 + size])
            at += 2 + size
    return b"".join(len(one).to_bytes(4, "big") + one for one in sets)
