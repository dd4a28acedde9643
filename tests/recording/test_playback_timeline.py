"""What the time line shows: every stretch is footage or a gap with the best known cause."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from warroom.recording.contracts import Gap, Segment
from warroom.recording.playback_index import Footage
from warroom.recording.playback_timeline import (
    Span,
    clip_spans,
    clock_notes,
    find_gaps,
    merge_spans,
)

HOUR = 3_600_000


def footage(start_ms: int, end_ms: int, offset_ms: float | None = None) -> Footage:
    return Footage(
        Path("/disk"),
        Segment(
            segment_id=start_ms, camera_id="c", role="main", run_id=1, start_ms=start_ms,
            end_ms=end_ms, media_duration_90k=0, bytes=1, frames=1, path="x", sha256=b"",
            codec="avc1", init_id=1, gops=[], clock_offset_ms=offset_ms,
            clock_uncertainty_ms=None, retention_class="standard", is_held=False,
        ),
    )  # fmt: skip


def gaps_of(
    items: list[Footage],
    told: list[Gap] | None = None,
    damaged: list[Footage] | None = None,
    *,
    end_ms: int = 10 * HOUR,
    first_ms: int | None = 0,
    pending_ms: int = 10 * HOUR,
) -> list[tuple[int, int, str]]:
    found = find_gaps(
        merge_spans(items, 500),
        told or [],
        damaged or [],
        start_ms=0,
        end_ms=end_ms,
        first_ms=first_ms,
        pending_ms=pending_ms,
    )
    return [(gap.start_ms, gap.end_ms, gap.cause) for gap in found]


def test_segments_that_abut_are_one_span() -> None:
    assert merge_spans([footage(0, 60_000), footage(60_020, 120_000)], 500) == [Span(0, 120_000)]


def test_zoomed_out_line_joins_what_is_closer_than_a_pixel() -> None:
    items = [footage(0, 60_000), footage(90_000, 120_000), footage(500_000, 600_000)]

    assert merge_spans(items, 60_000) == [Span(0, 120_000), Span(500_000, 600_000)]


def test_gap_has_the_cause_that_the_recorder_wrote_down() -> None:
    told = [Gap("c", "main", HOUR, 2 * HOUR, "offline")]

    assert gaps_of([footage(0, HOUR), footage(2 * HOUR, 10 * HOUR)], told) == [
        (HOUR, 2 * HOUR, "offline")
    ]


def test_gap_without_a_word_is_unknown() -> None:
    assert gaps_of([footage(0, HOUR), footage(2 * HOUR, 10 * HOUR)]) == [
        (HOUR, 2 * HOUR, "unknown")
    ]


def test_two_causes_share_one_hole() -> None:
    told = [
        Gap("c", "main", HOUR, 2 * HOUR, "offline"),
        Gap("c", "main", 2 * HOUR, 3 * HOUR, "disk_full"),
    ]

    assert gaps_of([footage(0, HOUR), footage(3 * HOUR, 10 * HOUR)], told) == [
        (HOUR, 2 * HOUR, "offline"),
        (2 * HOUR, 3 * HOUR, "disk_full"),
    ]


def test_damaged_file_is_a_gap_of_its_own() -> None:
    assert gaps_of(
        [footage(0, HOUR), footage(2 * HOUR, 10 * HOUR)], None, [footage(HOUR, 2 * HOUR)]
    ) == [(HOUR, 2 * HOUR, "damaged")]


def test_before_the_first_footage_nothing_was_kept() -> None:
    assert gaps_of([footage(4 * HOUR, 10 * HOUR)], first_ms=4 * HOUR) == [(0, 4 * HOUR, "not_kept")]


def test_segment_that_is_being_written_is_no_gap() -> None:
    assert gaps_of([footage(0, 10 * HOUR - 50_000)], pending_ms=10 * HOUR - 80_000) == []


def test_camera_that_is_away_now_shows_its_gap_to_the_end() -> None:
    told = [Gap("c", "main", 9 * HOUR, 10 * HOUR, "offline")]

    assert gaps_of([footage(0, 9 * HOUR)], told, pending_ms=10 * HOUR - 80_000) == [
        (9 * HOUR, 10 * HOUR, "offline")
    ]


def test_clock_is_noted_where_it_changed() -> None:
    items = [
        footage(0, 1, 100.0), footage(1, 2, 120.0), footage(2, 3, None), footage(3, 4, -3000.0),
    ]  # fmt: skip

    assert [(note.start_ms, note.offset_ms) for note in clock_notes(items)] == [
        (0, 100.0),
        (3, -3000.0),
    ]


@given(
    st.lists(st.tuples(st.integers(0, 1000), st.integers(1, 200)), max_size=8),
    st.lists(st.tuples(st.integers(0, 1000), st.integers(1, 300)), max_size=5),
)
def test_footage_and_gaps_fill_the_line_and_never_overlap(
    pieces: list[tuple[int, int]], holes: list[tuple[int, int]]
) -> None:
    unit = 10_000
    items = sorted(
        (footage(a * unit, (a + b) * unit) for a, b in pieces), key=lambda item: item.start_ms
    )
    told = sorted(
        (Gap("c", "main", a * unit, (a + b) * unit, "offline") for a, b in holes),
        key=lambda gap: gap.start_ms,
    )
    end_ms = 1000 * unit
    spans = clip_spans(merge_spans(items, 0), 0, end_ms)
    gaps = find_gaps(spans, told, [], start_ms=0, end_ms=end_ms, first_ms=0, pending_ms=end_ms + 1)

    both = sorted([(s.start_ms, s.end_ms) for s in spans] + [(g.start_ms, g.end_ms) for g in gaps])
    at_ms = 0
    for start_ms, stop_ms in both:
        assert start_ms == at_ms
        at_ms = stop_ms
    assert at_ms == end_ms
