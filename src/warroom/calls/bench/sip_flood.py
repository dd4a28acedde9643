"""A trunk's calls while strangers flood the port, beside the same calls without a flood."""

import select
import subprocess
import tempfile
import time
from dataclasses import dataclass
from typing import Any

from warroom.calls.bench.calls import HOST, Caller, press, sdp, socket_of, started, told
from warroom.calls.bench.figures import nearest_rank

SOURCES = 400
T1_S, PATIENCE_S = 0.5, 8.0


@dataclass(slots=True)
class _Placed:
    """One call of the trunk."""

    caller: Caller
    invite: bytes
    again_at: float
    pause_s: float = T1_S
    repeats: int = 0


def bench_sip_flood(*, rate: int, calls: int, seconds: float) -> dict[str, Any]:
    """Places calls, first alone, then under `rate` foreign requests a second."""
    with (
        tempfile.TemporaryDirectory(prefix="wr-flood-") as folder,
        started("flooded", folder, str(2 * calls)) as edge,
    ):
        port = told(edge)["port"]
        floor = _round(edge, port, calls, seconds, first=0)
        with started(str(port), str(rate), str(SOURCES), module="flooder") as flooder:
            told(flooder)
            flooded = _round(edge, port, calls, seconds, first=calls)
            press(flooder)
            flood = told(flooder)
        if edge.stdin:
            edge.stdin.close()
        edge.wait(10)
    return {
        "foreign_per_s": round(flood["sent"] / flood["window_s"]),
        "foreign_sent": flood["sent"],
        "foreign_sources": SOURCES,
        "flood_s": round(flood["window_s"], 1),
        "reflected_datagrams_per_foreign": round(flood["came"] / flood["sent"], 5),
        "reflected_bytes_per_foreign_byte": round(flood["came_bytes"] / flood["sent_bytes"], 5),
        "reflected_datagrams": flood["came"],
        **flooded,
        **{f"floor_{name}": value for name, value in floor.items()},
    }


def _round(
    edge: "subprocess.Popen[bytes]", port: int, calls: int, seconds: float, first: int
) -> dict[str, Any]:
    """Calls, one after the other, that all stay until the end."""
    press(edge)
    target = (HOST, port)
    placed: dict[Any, _Placed] = {}
    heard_ms: list[float] = []
    began = time.monotonic()
    for number in range(calls):
        caller = Caller(first + number, socket_of(), socket_of())
        invite = caller.request("INVITE", 1, sdp(caller))
        caller.asked_at = time.monotonic()
        caller.sip.sendto(invite, target)
        placed[caller.sip] = _Placed(caller, invite, caller.asked_at + T1_S)
        _listen(placed, target, heard_ms, began + (number + 1) * seconds / calls)
    ends = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends and any(one.caller.media is None for one in placed.values()):
        _listen(placed, target, heard_ms, time.monotonic() + 0.05)
    window_s = time.monotonic() - began
    press(edge)
    counted = told(edge)
    callers = [one.caller for one in placed.values()]
    answers = sorted(1000 * (c.answered_at - c.asked_at) for c in callers if c.media is not None)
    for caller in callers:
        caller.sip.sendto(caller.request("BYE", 2), target)
        caller.sip.close()
        caller.sound.close()
    heard_ms.sort()
    return {
        "calls": calls,
        "calls_lost": calls - len(answers),
        "invite_heard_ms_p50": round(nearest_rank(heard_ms, 50), 1),
        "invite_heard_ms_p99": round(nearest_rank(heard_ms, 99), 1),
        "answer_ms_p50": round(nearest_rank(answers, 50), 1),
        "answer_ms_p99": round(nearest_rank(answers, 99), 1),
        "invites_repeated": sum(one.repeats for one in placed.values()),
        "cpu_s": round(counted["cpu_s"], 3),
        "cpu_pct_of_core": round(100 * counted["cpu_s"] / window_s, 1),
        "foreign_read": counted["strangers"],
        "foreign_refused": counted["refused"],
        "foreign_dropped_by_kernel": counted["unread"][1],
        "trunk_dropped_by_kernel": counted["unread"][0],
        "transactions": counted["transactions"],
        "sorted_by_kernel": counted["is_sorted"],
        "worst_tick_late_ms": counted["worst_late_ms"],
    }


def _listen(
    placed: dict[Any, _Placed], target: tuple[str, int], heard_ms: list[float], until: float
) -> None:
    """Takes answers and repeats INVITEs as RFC 3261, 17.1.1.2 asks, until an instant."""
    while (left := until - time.monotonic()) > 0:
        ready, _, _ = select.select(list(placed), [], [], min(left, 0.05))
        now = time.monotonic()
        for wire in ready:
            _take(placed[wire], target, heard_ms, now)
        for one in placed.values():
            if one.again_at <= now:
                one.caller.sip.sendto(one.invite, target)
                one.pause_s *= 2
                one.again_at, one.repeats = now + one.pause_s, one.repeats + 1


def _take(one: _Placed, target: tuple[str, int], heard_ms: list[float], now: float) -> None:
    caller = one.caller
    # A socket of SIP may lie where another caller's RTCP belongs: one port above its sound.
    text = caller.sip.recv(65_536).decode(errors="replace")
    if not text.startswith("SIP/2.0 "):
        return
    if one.again_at != float("inf"):
        heard_ms.append(1000 * (now - caller.asked_at))
        one.again_at = float("inf")
    if text.startswith("SIP/2.0 200") and caller.media is None:
        caller.answered_at = now
        lines = text.split("\r\n")
        caller.to = next(line[4:] for line in lines if line.startswith("To: "))
        port = next(line for line in lines if line.startswith("m=audio ")).split()[1]
        caller.media = (HOST, int(port))
        caller.sip.sendto(caller.request("ACK", 1), target)
