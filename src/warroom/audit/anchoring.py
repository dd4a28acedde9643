"""Copies the heads of the chains outside the database: to the file, to collectors, to authorities.

The file comes first, for its lines are what the others get. Each place is tried by itself and keeps
its own state; one that fails is tried again at the next run and harms no other, and no writer ever
waits for any of them.
"""

import asyncio
import socket
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from warroom.audit import store, syslog
from warroom.audit.anchors import TAIL_LINES, AnchorFile, Anchors, loose_line
from warroom.audit.contracts import AnchorState, Head
from warroom.audit.head_file import HeadFile
from warroom.audit.settings import AuditSettings
from warroom.audit.stamps import StampError, Stamps
from warroom.kernel.clock import Clock
from warroom.kernel.db import Database
from warroom.kernel.log import logger
from warroom.kernel.scope import Scope

MOST_LINES = TAIL_LINES
"""Lines that a collector is sent at once after it was away; the newest."""

_log = logger("audit.anchoring")


@dataclass(frozen=True, slots=True)
class Anchoring:
    """Where heads go to.

    Attributes:
        file: The file of anchors.
        stamps: Its tokens.
        settings: The other places.
    """

    file: AnchorFile
    stamps: Stamps
    settings: AuditSettings

    @property
    def heads(self) -> HeadFile:
        """The newest heads, beside the file of anchors."""
        return HeadFile(self.file.path.with_name("heads"))


@dataclass(frozen=True, slots=True)
class _Run:
    """One run: what is to be sent, and what each place had before."""

    anchoring: Anchoring
    at: datetime
    anchors: Anchors
    loose: bytes
    known: dict[str, AnchorState]


async def anchor(scope: Scope, db: Database, anchoring: Anchoring, clock: Clock) -> bool:
    """Copies the heads to every place; tells whether any had grown since the last time."""
    async with db.transaction(scope) as tx:
        heads = await store.list_heads(scope, tx)
        known = {state.target: state for state in await store.list_anchor_states(scope, tx)}
    now = clock.now()
    has_grown, problem = _write_file(anchoring.file, heads, now)
    anchors = _read_file(anchoring.file)
    run = _Run(anchoring, now, anchors, loose_line(heads, now) if problem else b"", known)
    settings = anchoring.settings
    states = [_outcome(run, "file", "file", anchors.lines, problem)]
    states += await asyncio.gather(
        *(_try(run, url, "syslog", _collect(run, url)) for url in settings.syslog),
        *(_try(run, url, "tsa", _stamp(run, url)) for url in settings.tsa),
    )
    async with db.transaction(scope) as tx:
        for state in states:
            await store.save_anchor_state(scope, tx, state)
        await store.forget_anchors(scope, tx, [state.target for state in states])
    return has_grown


def _write_file(file: AnchorFile, heads: list[Head], now: datetime) -> tuple[bool, str | None]:
    try:
        return file.append(heads, now), None
    except OSError:
        return True, "not_written"


def _read_file(file: AnchorFile) -> Anchors:
    try:
        return file.read_end()
    except OSError:  # Told as `not_written`; the other places get the heads all the same.
        return Anchors({}, None, 0, "", None)


async def _try(run: _Run, url: str, kind: str, work: Awaitable[int]) -> AnchorState:
    target = f"{kind}:{_shown(url)}"
    try:
        return _outcome(run, target, kind, await work, None)
    except (StampError, syslog.CollectorError) as error:
        problem = str(error)
    except Exception as error:  # noqa: BLE001 - one place must not stop the others; it is told
        problem = type(error).__name__
    _log.warning("audit_anchor_failed", target=target, problem=problem)
    return _outcome(run, target, kind, 0, problem)


def _outcome(run: _Run, target: str, kind: str, line: int, problem: str | None) -> AnchorState:
    before = run.known.get(target)
    was_at = before.anchored_at if before else None
    was_line = before.line if before else 0
    if problem is not None:
        since = before.failing_since if before and before.failing_since else run.at
        return AnchorState(target, kind, was_line, was_at, run.at, since, problem)
    moved = before is None or line > was_line or (bool(run.loose) and kind == "syslog")
    if not moved and kind != "file":
        return AnchorState(target, kind, was_line, was_at, run.at, None, None)
    at = run.anchors.anchored_at if kind == "file" else run.at
    return AnchorState(target, kind, line, at if line or run.loose else None, run.at, None, None)


async def _collect(run: _Run, url: str) -> int:
    """Sends a collector the lines it has not got; returns the last one's number."""
    target = f"syslog:{_shown(url)}"
    before = run.known[target].line if target in run.known else run.anchors.lines - 1
    missed = min(run.anchors.lines - before, MOST_LINES)
    lines = list(run.anchors.content[-missed:]) if missed > 0 else []
    lines += [run.loose] if run.loose else []
    if lines:
        host = socket.gethostname()
        settings = run.anchoring.settings
        await syslog.send(
            url,
            [syslog.message_of(line, run.at, host) for line in lines],
            timeout_s=settings.timeout_s,
            authorities=settings.syslog_ca,
        )
    return max(before, 0) if run.loose else run.anchors.lines


async def _stamp(run: _Run, url: str) -> int:
    """Has an authority sign the newest line, if it is due; returns the last one's number."""
    settings = run.anchoring.settings
    before = run.known.get(f"tsa:{_shown(url)}")
    number = run.anchors.lines
    line = run.anchors.line(number)
    if line is None:
        return 0
    if before is not None and before.anchored_at is not None:
        is_due = run.at - before.anchored_at >= timedelta(seconds=settings.tsa_every_s)
        if before.line == number or not is_due:
            return before.line
    await run.anchoring.stamps.obtain(url, number, line, timeout_s=settings.timeout_s)
    return number


def _shown(url: str) -> str:
    """What to call a place: without name, password and query, which are nobody's business."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}"
