"""What a camera's time line shows: footage, gaps with their cause, holds, the camera's clock.

Pure: rows of the index and the present time are passed in.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from warroom.recording.contracts import Gap
from warroom.recording.playback_index import Footage

DAMAGED = "damaged"
UNKNOWN = "unknown"
NOT_KEPT = "not_kept"
CLOCK_STEP_MS = 50.0
"""The clock's offset is told again when it changed by more."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time, UTC, ms since 1970; of a gap also the cause."""

    start_ms: int
    end_ms: int
    cause: str = ""


@dataclass(frozen=True, slots=True)
class ClockNote:
    """From when the camera's clock was known to be off by so much."""

    start_ms: int
    offset_ms: float
    uncertainty_ms: float | None


def merge_spans(footage: Iterable[Footage | Span], join_ms: int) -> list[Span]:
    """Footage as few spans: pieces no further apart than `join_ms` become one."""
    spans: list[Span] = []
    for item in footage:
        if spans and item.start_ms - spans[-1].end_ms <= join_ms:
            last = spans.pop()
            spans.append(Span(last.start_ms, max(last.end_ms, item.end_ms)))
        else:
            spans.append(Span(item.start_ms, item.end_ms))
    return spans


def clip_spans(spans: Iterable[Span], start_ms: int, end_ms: int) -> list[Span]:
    """The parts of spans that lie in a range."""
    return [
        Span(max(span.start_ms, start_ms), min(span.end_ms, end_ms), span.cause)
        for span in spans
        if span.end_ms > start_ms and span.start_ms < end_ms
    ]


def find_gaps(
    spans: list[Span],
    told: Sequence[Gap | Span],
    damaged: Sequence[Footage | Span],
    *,
    start_ms: int,
    end_ms: int,
    first_ms: int | None,
    pending_ms: int,
) -> list[Span]:
    """Every stretch without footage, with the best known cause.

    Args:
        spans: Footage, merged, by time.
        told: What recorders wrote down; of two that hold, the first is told.
        damaged: Files that cannot be read.
        start_ms: Beginning of the range.
        end_ms: End of the range, at most now.
        first_ms: The camera's first footage; before it the cause is `not_kept`.
        pending_ms: What is younger may still be on its way to the index and is no gap.
    """
    gaps: list[Span] = []
    at_ms = start_ms
    for span in [*spans, Span(end_ms, end_ms)]:
        if span.start_ms > at_ms:
            gaps += _explain(at_ms, span.start_ms, told, damaged, first_ms)
        at_ms = max(at_ms, span.end_ms)
    causeless = {UNKNOWN, NOT_KEPT}
    return [
        gap
        for gap in gaps
        if not (gap.cause in causeless and gap.end_ms >= end_ms and gap.start_ms >= pending_ms)
    ]


def clock_notes(footage: Iterable[Footage]) -> list[ClockNote]:
    """How the camera's clock stood, where it changed."""
    notes: list[ClockNote] = []
    for item in footage:
        offset = item.segment.clock_offset_ms
        if offset is None:
            continue
        if not notes or abs(notes[-1].offset_ms - offset) > CLOCK_STEP_MS:
            notes.append(ClockNote(item.start_ms, offset, item.segment.clock_uncertainty_ms))
    return notes


def _explain(
    start_ms: int,
    end_ms: int,
    told: Sequence[Gap | Span],
    damaged: Sequence[Footage | Span],
    first_ms: int | None,
) -> list[Span]:
    """Cuts a hole at the borders of the causes that lie in it."""
    causes = [Span(item.start_ms, item.end_ms, DAMAGED) for item in damaged]
    causes += [Span(gap.start_ms, gap.end_ms, gap.cause) for gap in told]
    causes = [cause for cause in causes if cause.end_ms > start_ms and cause.start_ms < end_ms]
    borders = {start_ms, end_ms}
    for cause in causes:
        borders |= {max(start_ms, cause.start_ms), min(end_ms, cause.end_ms)}
    if first_ms is not None and start_ms < first_ms < end_ms:
        borders.add(first_ms)
    edges = sorted(borders)
    parts: list[Span] = []
    for left, right in pairwise(edges):
        word = _cause_of(left, right, causes, first_ms)
        if parts and parts[-1].cause == word:
            parts[-1] = Span(parts[-1].start_ms, right, word)
        else:
            parts.append(Span(left, right, word))
    return _swallow_unknown(parts)


def _cause_of(left: int, right: int, causes: list[Span], first_ms: int | None) -> str:
    for cause in causes:
        if cause.start_ms <= left and right <= cause.end_ms:
            return cause.cause
    return NOT_KEPT if first_ms is None or right <= first_ms else UNKNOWN


def _swallow_unknown(parts: list[Span]) -> list[Span]:
    """A sliver without a cause belongs to its neighbour: borders are not exact to the ms."""
    kept: list[Span] = []
    for part in parts:
        is_sliver = part.cause == UNKNOWN and part.end_ms - part.start_ms < 5000
        if is_sliver and kept:
            kept[-1] = Span(kept[-1].start_ms, part.end_ms, kept[-1].cause)
        elif kept and kept[-1].cause == UNKNOWN and kept[-1].end_ms - kept[-1].start_ms < 5000:
            kept[-1] = Span(kept[-1].start_ms, part.end_ms, part.cause)
        else:
            kept.append(part)
    return kept
