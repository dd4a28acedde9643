"""`warroom incident`: what 112 achieved, from the machine itself."""

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import cyclopts

from warroom.dispatch import api
from warroom.identity import api as identity
from warroom.kernel.command import Tools, say, transact
from warroom.kernel.db import Transaction

app = cyclopts.App(name="incident", help="Incidents of 112: what was achieved.")

_DAYS = 30


@app.command
def kpi(*, since: date | None = None, until: date | None = None, json: bool = False) -> None:
    """Tells how quickly 112 answered, sent and arrived; without days, of the last thirty.

    Example: warroom incident kpi --since 2026-11-01 --until 2026-11-24 --json

    Args:
        since: First day, in the city's time.
        until: Last day, included.
        json: Print one JSON object.
    """

    async def work(tools: Tools, tx: Transaction) -> dict[str, Any]:
        scope = identity.system_scope("warroom incident", tools.clock, door="cli")
        zone, now = tools.services[ZoneInfo], tools.clock.now()
        last = until or now.astimezone(zone).date()
        first = since or last - timedelta(days=_DAYS - 1)
        return await api.report_kpi(scope, tx, first, last, zone, now)

    told = transact(work)
    say(
        told,
        as_json=json,
        text="\n".join([*map(_line, told["timings"]), *map(_part, told["shares"])]),
    )


def _line(one: dict[str, Any]) -> str:
    figures = "  ".join(f"{word} {_number(one[f'{word}_s'])} s" for word in ("p50", "p90", "p95"))
    aims = "".join(
        f"\n    {aim['percent']:g} % <= {aim['within_s']:g} s: {_number(aim['reached'])} %,"
        f" {_MET[aim['is_met']]} ({aim['source']})"
        for aim in one["aims"]
    )
    return f"{one['key']:20} n {one['n']}, missing {one['missing']}  {figures}{aims}"


def _part(one: Any) -> str:
    aim = "" if one.aim_percent is None else f", >= {one.aim_percent:g} %: {_MET[one.is_met]}"
    return f"{one.key:20} {one.part} of {one.whole}, {_number(one.percent)} %{aim}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


_MET = {True: "met", False: "MISSED", None: "unknown"}
