"""Runs checks beside each other; none can hold up or break another."""

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from warroom.app.doctor.contracts import Found, Patient
from warroom.kernel.log import logger

type Check = Callable[[Patient], Iterable[Found]]

LIMIT_S = 20.0


def run_checks(
    patient: Patient, checks: Mapping[str, Check], limit_s: float = LIMIT_S
) -> Iterator[Found]:
    """What every check found, in the order of `checks`.

    One that breaks, or takes longer than `limit_s`, is `unknown`.
    """
    results: dict[str, queue.Queue[list[Found]]] = {name: queue.Queue() for name in checks}
    for name, check in checks.items():
        # As daemons: one that hangs does not keep the command from ending.
        threading.Thread(
            target=_run, args=(name, check, patient, results[name]), daemon=True
        ).start()
    deadline = time.monotonic() + limit_s
    for name, result in results.items():
        try:
            yield from result.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            yield Found(name, "unknown", "too_slow", {"seconds": round(limit_s)})


def _run(name: str, check: Check, patient: Patient, result: Any) -> None:
    found: list[Found] = []
    try:
        found += check(patient)
    except Exception as error:  # noqa: BLE001 - one check that breaks must not hide the others
        logger("app.doctor").warning("check_broke", check=name, exc_info=error)
        found.append(Found(name, "unknown", "broke", {"kind": type(error).__name__}))
    result.put(found)
