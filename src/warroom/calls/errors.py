"""What can go wrong in `calls`; the text a person reads is the message `error.<code>`."""

from warroom.kernel.errors import InvalidError, Kind, NotFoundError, UnavailableError, WarRoomError


class LegRefusedError(InvalidError):
    """The browser's offer cannot be answered with G.711 A-law."""

    code = "calls.leg_refused"


class AnnouncementError(InvalidError):
    """A file that was given as an announcement holds no sound that can be played."""

    code = "calls.announcement_unreadable"


class EdgeAwayError(UnavailableError):
    """The calls process of this node does not answer."""

    code = "calls.edge_away"


class NoCallError(NotFoundError):
    """The call is not at the edge any more."""

    code = "calls.no_call"


class NoAgentError(WarRoomError):
    """The agent has not signed in at the edge, or their browser's sound is not open."""

    code = "calls.no_agent"
    kind = Kind.CONFLICT


class CallStateError(WarRoomError):
    """The call's state does not allow this (`state`, `kind`)."""

    code = "calls.state"
    kind = Kind.CONFLICT


class AgentBusyError(WarRoomError):
    """The agent has another call."""

    code = "calls.agent_busy"
    kind = Kind.CONFLICT


class NoTrunkError(UnavailableError):
    """No trunk takes our call."""

    code = "calls.no_trunk"


class NumberError(InvalidError):
    """This is no number that can be called."""

    code = "calls.number"


class CommandError(InvalidError):
    """The edge does not know this command."""

    code = "calls.command"


class WatchError(InvalidError):
    """There is no such way to listen in, or the call is one's own."""

    code = "calls.watch"


class BenchBrowserError(InvalidError):
    """Legs are measured with a real browser, and there is none here."""

    code = "calls.bench_no_browser"


class NoDeskError(UnavailableError):
    """No agency was set whose calls are taken here, or it is not there."""

    code = "calls.no_desk"


class NoRecordingError(NotFoundError):
    """The call has no recording, or it lies on another node (`node`)."""

    code = "calls.no_recording"


class RecordingChangedError(WarRoomError):
    """The recording is not what was hashed when the call ended; it is not played."""

    code = "calls.recording_changed"
    kind = Kind.CONFLICT


class ForeignCallHoldError(WarRoomError):
    """Another agency holds this recording; it alone lets go of it."""

    code = "calls.foreign_hold"
    kind = Kind.FORBIDDEN


class WayError(InvalidError):
    """This cannot be done to a call that came by this way (`channel`)."""

    code = "calls.way"
