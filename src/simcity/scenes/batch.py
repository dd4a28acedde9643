"""Render many clips on all cores, with progress; what is there already is left alone."""

import argparse
import json
import multiprocessing
import os
import queue
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.context import SpawnContext, SpawnProcess
from pathlib import Path
from typing import Any

import cv2

from simcity import clock
from simcity.daylight import PERIODS, Period, period_at
from simcity.rtsp.library import MANIFEST
from simcity.scenes.profile import demo_orders
from simcity.scenes.render import Order, is_fresh, render_clip

_TELL_EVERY = 4  # pictures
_LATER_NICENESS = 15  # of clips that are not shown yet


class RenderError(RuntimeError):
    """A clip could not be rendered."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far rendering has come; `clip` is the one that has just been finished, if any."""

    pictures: int
    of_pictures: int
    clips: int
    of_clips: int
    elapsed_s: float
    clip: str | None = None

    @property
    def left_s(self) -> float | None:
        """Seconds still to go, or None at the beginning."""
        if self.pictures == 0:
            return None
        return self.elapsed_s / self.pictures * (self.of_pictures - self.pictures)


def render_all(orders: list[Order], folder: Path, workers: int) -> Iterator[Progress]:
    """Render what is not fresh, in order; yield progress about twice a second.

    Raises:
        RenderError: a clip failed; those rendered before are kept.
    """
    folder.mkdir(parents=True, exist_ok=True)
    todo = [order for order in orders if not is_fresh(order, folder)]
    for order in todo:  # what older code rendered is not shown any more
        (folder / f"{order.name}.json").unlink(missing_ok=True)
    manifest = folder / f"{MANIFEST}.part"
    manifest.write_text(json.dumps({"names": [order.name for order in orders]}) + "\n")
    manifest.replace(folder / MANIFEST)
    if todo:
        yield from _render_in_processes(todo, len(orders) - len(todo), folder, workers)


def _render_in_processes(
    todo: list[Order], ready: int, folder: Path, workers: int
) -> Iterator[Progress]:
    context = multiprocessing.get_context("spawn")
    news: multiprocessing.Queue[tuple[str, Any]] = context.Queue()
    jobs: multiprocessing.Queue[Order | None] = context.Queue()
    for job in (*todo, *(None for _ in range(workers))):
        jobs.put(job)
    begun, pictures, finished = clock.monotonic_s(), 0, 0
    total = sum(order.frames for order in todo)
    with _crew(context, workers, (jobs, news, folder)) as crew:
        while finished < len(todo):
            clip = None
            with suppress(queue.Empty):
                kind, what = news.get(timeout=0.5)
                if kind == "failed":
                    raise RenderError(what)
                if kind == "pictures":
                    pictures += what
                else:
                    finished, clip = finished + 1, str(what)
            if not any(process.is_alive() for process in crew) and news.empty():
                raise RenderError("all renderers ended")
            elapsed = clock.monotonic_s() - begun
            yield Progress(pictures, total, ready + finished, ready + len(todo), elapsed, clip)


@contextmanager
def _crew(
    context: SpawnContext, workers: int, arguments: tuple[Any, ...]
) -> Iterator[list[SpawnProcess]]:
    """Run worker processes; none is left when the block ends, however it ends."""
    crew = [
        context.Process(target=_work, args=(*arguments, os.getpid()), daemon=True)
        for _ in range(workers)
    ]
    for process in crew:
        process.start()
    try:
        yield crew
    finally:
        for process in crew:
            process.terminate()
        for process in crew:
            process.join()


def _work(
    jobs: "multiprocessing.Queue[Order | None]",
    news: "multiprocessing.Queue[tuple[str, Any]]",
    folder: Path,
    parent: int,
) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends us
    cv2.setNumThreads(1)
    while (order := jobs.get()) is not None:
        if not order.name.startswith(period_at(clock.wall_s())):
            with suppress(OSError):
                os.nice(max(0, _LATER_NICENESS - os.nice(0)))
        teller = _Teller(news, parent)
        try:
            render_clip(order, folder, teller.tick)
        except Exception as problem:  # noqa: BLE001 - told to the parent, which raises it
            news.put(("failed", f"{order.name}: {problem}"))
            return
        teller.flush()
        news.put(("done", order.name))


class _Teller:
    """Reports pictures, a few at a time, and ends an orphan."""

    def __init__(self, news: "multiprocessing.Queue[tuple[str, Any]]", parent: int) -> None:
        self._news, self._parent, self._count = news, parent, 0

    def tick(self) -> None:
        self._count += 1
        if self._count == _TELL_EVERY:
            self.flush()
        if os.getppid() != self._parent:
            raise SystemExit

    def flush(self) -> None:
        self._news.put(("pictures", self._count))
        self._count = 0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `simcity clips`."""
    parser.add_argument("--out", type=Path, required=True, help="folder of the clips")
    parser.add_argument("--profile", choices=("demo",), default="demo")
    parser.add_argument(
        "--first", choices=("auto", *PERIODS), default="auto", help="period rendered first"
    )
    parser.add_argument("--only-first", action="store_true", help="and no other")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--bar", action="store_true", help="draw frame numbers, for tests")
    parser.add_argument("--sub", action="store_true", help="make sub-stream clips too")
    parser.add_argument(
        "--json", action="store_true", help="progress as a JSON object a line, on standard output"
    )


def run(options: argparse.Namespace) -> int:
    """Render the clips of a profile; return the exit code."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    first: Period = period_at(clock.wall_s()) if options.first == "auto" else options.first
    orders = demo_orders(first, has_bar=options.bar, has_sub=options.sub)
    if options.only_first:
        orders = [order for order in orders if order.name.startswith(first)]
    try:
        for progress in render_all(orders, options.out, options.workers):
            _show(progress, as_json=options.json)
    except KeyboardInterrupt:
        return 130
    except RenderError as problem:
        sys.stderr.write(f"rendering failed: {problem}\n")
        return 1
    _write_line({"ready": len(orders)} if options.json else f"{len(orders)} clips are ready")
    return 0


def _show(progress: Progress, *, as_json: bool) -> None:
    left = progress.left_s
    if as_json:
        row = {
            "clip": progress.clip,
            "clips": progress.clips,
            "of": progress.of_clips,
            "share": round(progress.pictures / progress.of_pictures, 3),
            "left_s": None if left is None else round(left),
        }
        _write_line(row)
        return
    share = f"{progress.pictures * 100 // progress.of_pictures} %"
    text = f"rendering clips: {progress.clips} of {progress.of_clips} ready, {share}"
    text += "" if left is None else f", {left:.0f} s left"
    if sys.stderr.isatty():
        is_last = progress.clips == progress.of_clips
        sys.stderr.write(f"\r\x1b[K{text}" + ("\n" if is_last else ""))
        sys.stderr.flush()
    elif progress.clip:
        sys.stderr.write(text + "\n")


def _write_line(what: dict[str, Any] | str) -> None:
    sys.stdout.write((what if isinstance(what, str) else json.dumps(what)) + "\n")
    sys.stdout.flush()
