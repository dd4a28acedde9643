"""An evening of SUMO as a process of its own: what is seen of it each tick, and the truth after."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from warroom.kernel.errors import UnavailableError

type Floats = NDArray[np.float64]

TICK_S, COUNT_S = 10, 30
END_S = 60.0


class NoSimulatorError(UnavailableError):
    """The evening did not begin, or broke off (`problem`: what it said last)."""

    code = "app.bench_no_simulator"


@dataclass(frozen=True, slots=True)
class Course:
    """How long an evening is; minutes.

    Attributes:
        warm_up: Traffic alone.
        trouble: Incidents begin for so long after it.
        minutes: All of it.
        centre: Only the inner city.
    """

    warm_up: int
    trouble: int
    minutes: int
    centre: bool = True


class Evening:
    """Runs as long as the block; its first words are in `told`.

    Args:
        city: Folder of the city.
        work: Where network and demand are kept, and the truth is written.
        seed: Another one is another evening.
        course: How long it is.
        probes: Part of the vehicles with a receiver.
    """

    def __init__(self, city: Path, work: Path, seed: int, course: Course, probes: float) -> None:
        command = [
            sys.executable, "-m", "simcity", "sumo", "--city", str(city), "--cache",
            str(work / "cache"), "--out", str(work), "--seed", str(seed), "--probes", str(probes),
            "--minutes", str(course.minutes), "--warm-up", str(course.warm_up),
            "--trouble", str(course.trouble),
            *(["--centre"] if course.centre else []),
        ]  # fmt: skip
        self._log = work / f"sumo-{seed}.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - fixed words
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log
            )
        self.told: dict[str, Any] = {}

    def __enter__(self) -> Self:
        """Waits for its first words.

        Raises:
            NoSimulatorError: It does not begin.
        """
        try:
            self.told = self._hear()
        except NoSimulatorError:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Ends it, wherever it is."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.terminate()
        self._process.wait(END_S)

    def step(
        self, send: Mapping[str, Sequence[str]], turn: Mapping[str, Sequence[str]]
    ) -> dict[str, Any]:
        """Sends engines, turns others, lets a tick pass; gives what is seen after it.

        Raises:
            NoSimulatorError: It broke off.
        """
        assert self._process.stdin is not None  # noqa: S101 - asked for above
        words = json.dumps({"send": send, "turn": turn}, separators=(",", ":"))
        try:
            self._process.stdin.write(words.encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise NoSimulatorError(problem=self._last_words()) from error
        return self._hear()

    def truth(self) -> tuple[Floats, Floats, int]:
        """Ends it; vehicle-seconds and metres of each interval and edge, and its seconds.

        Raises:
            NoSimulatorError: It broke off.
        """
        assert self._process.stdin is not None  # noqa: S101 - asked for above
        self._process.stdin.close()
        told = self._hear()
        with np.load(told["truth"]) as stored:
            seconds, metres = (stored[name].astype(np.float64) for name in ("seconds", "metres"))
        return seconds, metres, int(told["interval_s"])

    def _hear(self) -> dict[str, Any]:
        assert self._process.stdout is not None  # noqa: S101 - asked for above
        line = self._process.stdout.readline()
        if not line:
            raise NoSimulatorError(problem=self._last_words())
        told: dict[str, Any] = json.loads(line)
        return told

    def _last_words(self) -> str:
        lines = self._log.read_text("utf-8", "replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "-")[:300]
