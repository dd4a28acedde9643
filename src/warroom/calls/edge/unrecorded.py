"""A call that cannot be recorded is taken nevertheless, and says that it was not recorded."""

from collections.abc import Callable

from warroom.calls.contracts import Json, Recorded


class Unrecorded:
    """Stands where a recorder would (`contracts.Recorder`), and keeps nothing.

    Args:
        why: What kept it from being made.
    """

    def __init__(self, why: str) -> None:
        self.failed: str | None = why
        self.on_anchor: Callable[[], None] | None = None
        self.on_failed: Callable[[str], None] | None = None

    def write(self, channel: int, rtp_time: int, payload: bytes, source: int) -> None:
        """Lets it go."""

    def replay(self, seconds: float) -> bytes:  # noqa: ARG002 - there is nothing to hear again
        """Nothing."""
        return b""

    def state(self) -> Json:
        """Nothing that could be gone on with: the next process tries to record again."""
        return {}

    def close(self) -> Recorded:
        """There is no recording.

        Raises:
            OSError: Always: with what kept it from being made.
        """
        raise OSError(self.failed)
