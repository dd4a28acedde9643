"""What a new process needs to go on with the calls of one that died: one small file each.

Written at each change, by a rename, so that it is whole at every moment. It need not outlive the
machine (calls do not), and is not synced to the disk.
"""

import json
from pathlib import Path
from typing import Any

from warroom.kernel.log import logger

_log = logger("calls.resuming")


class CallFiles:
    """The state files of this node.

    Args:
        folder: Where they are.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._alive = folder / "process.alive"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def save(self, call: str, state: dict[str, Any]) -> None:
        """Keeps the state of a call; a disk that takes none is logged, the call goes on."""
        path = self._folder / call
        fresh = path.with_suffix(".new")
        try:
            # In ASCII: names of callers may hold bytes that are no text (RFC 3261 asks for UTF-8).
            fresh.write_text(json.dumps(state), encoding="ascii")
            fresh.replace(path)
        except OSError as error:
            _log.error("calls.state_not_kept", call=call, problem=error.strerror)

    def remove(self, call: str) -> None:
        """The call is over."""
        (self._folder / call).unlink(missing_ok=True)

    def beat(self) -> None:
        """Tells that this process lives; by the last one the next knows how long nobody did."""
        try:
            self._alive.touch()
        except OSError as error:
            _log.error("calls.beat_not_kept", problem=error.strerror)

    def last_beat_ms(self) -> int:
        """When a process lived last, ms since 1970; 0 if none did."""
        try:
            return int(self._alive.stat().st_mtime * 1000)
        except FileNotFoundError:
            return 0

    def load(self) -> dict[str, dict[str, Any]]:
        """What was left behind, by call; a file that cannot be read is logged and set aside."""
        found = {}
        for path in sorted(self._folder.iterdir()):
            if path.suffix:
                continue
            try:
                kept = json.loads(path.read_text(encoding="ascii"))
                found[path.name] = dict(kept)
            except (OSError, ValueError, TypeError) as error:
                _log.error("calls.state_unreadable", call=path.name, problem=str(error))
                path.replace(path.with_suffix(".unreadable"))
        return found
