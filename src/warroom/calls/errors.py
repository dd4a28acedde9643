"""What can go wrong in `calls`; the text a person reads is the message `error.<code>`."""

from warroom.kernel.errors import InvalidError


class LegRefusedError(InvalidError):
    """The browser's offer cannot be answered with G.711 A-law."""

    code = "calls.leg_refused"


class AnnouncementError(InvalidError):
    """A file that was given as an announcement holds no sound that can be played."""

    code = "calls.announcement_unreadable"
