"""The assessment of impact (DPIA, Pasal 34), filled from what is really in force."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import msgspec

from warroom.audit import api as audit
from warroom.identity import api as identity
from warroom.kernel.db import Transaction
from warroom.kernel.i18n import catalogue, text
from warroom.kernel.scope import Scope
from warroom.privacy import store
from warroom.privacy.contracts import VIEW, Registry
from warroom.privacy.service.records import list_purposes, list_retention, require
from warroom.privacy.service.words import class_word

_BLANK = "[....]"
"""Where people write."""


async def assess(
    scope: Scope, tx: Transaction, registry: Registry, agency_id: UUID | None, language: str
) -> dict[str, Any]:
    """Everything that an assessment states, as it is now; what the system cannot know says so.

    Raises:
        NotFoundError: No such agency in reach.
    """
    agency = require(scope, VIEW, agency_id)
    retention = await list_retention(scope, tx, registry, agency, language)
    walls = await store.count_walled(scope, tx)
    seats = msgspec.json.decode(await identity.list_seats(scope, tx))["total"]
    anchors = [
        {"target": one.target, "works": one.failing_since is None, "problem": one.problem}
        for one in await audit.list_anchor_states(scope, tx)
    ]
    return {
        "made_at": scope.at,
        "made_by": scope.label,
        "agency_id": agency,
        "purposes": await list_purposes(scope, tx, registry, agency, language),
        "retention": retention["items"],
        "findings": retention["findings"],
        "roles": [
            {
                "role": one["role"],
                "label": one["label"],
                "factor": one["in_force"]["factor"],
                "seats_only": one["in_force"]["seats_only"],
            }
            for one in await identity.list_demands(scope, tx)
        ],
        "seats": seats,
        "security": {
            "tables": walls["tables"],
            "tables_walled": walls["walled"],
            "anchors": anchors,
            "disk_encryption": None,
        },
        **{word: await fact(scope, tx, agency) for word, fact in registry.facts.items()},
    }


def as_markdown(found: dict[str, Any], language: str) -> str:
    """The assessment as a document; what people must judge is left as blanks."""

    def say(key: str, **params: object) -> str:
        return text(language, f"privacy.{key}", **params)

    def table(key: str, rows: list[list[Any]]) -> list[str]:
        head = [one.strip() for one in say(f"dpia.{key}_head").split(",")]
        lines: list[list[Any]] = [head, ["---"] * len(head), *rows]
        return [*("| " + " | ".join(_line(cell) for cell in row) + " |" for row in lines), ""]

    known = catalogue(language)
    purposes: list[str] = []
    for one in found["purposes"]:
        purposes += [f"### {_line(one['name'])}", ""]
        purposes += [
            f"- {say(f'print.col_{word}')}: {_line(one.get(word) or _BLANK)}"
            for word in ("basis", "data", "subjects", "stored", "measures", "owner", "contact")
        ]
        receiving = ", ".join(one["receiving"]) or say("print.none")
        purposes += [
            f"- {say('print.col_recipients')}: {_line(one.get('recipients') or _BLANK)}",
            f"- {say('print.col_receiving')}: {receiving}",
            "",
        ]
    cameras = [
        [class_word(one["class"], language), one["owner"], one["place"] or "-", one["count"]]
        for one in found.get("cameras", [])
    ]
    retention = [
        [
            one["name"],
            "-" if one["days"] is None else f"{one['days']:.4g}",
            one["end"],
            one["basis"] or f"**{say('dpia.no_basis')}**",
        ]
        for one in found["retention"]
    ]
    roles = [
        [
            one["label"] or known.get(f"identity.role.{one['role']}", one["role"]),
            known[f"demand.{one['factor']}"],
            say("print.yes" if one["seats_only"] else "print.no"),
        ]
        for one in found["roles"]
    ]
    security = found["security"]
    anchors = [
        say("dpia.anchor", target=one["target"], state=_state(say, one))
        for one in security["anchors"]
    ]
    walls = say("dpia.walled", walled=security["tables_walled"], tables=security["tables"])
    facts = [walls, *(anchors or [say("dpia.no_anchor")]), say("dpia.disk")]
    parts = [
        ("purposes", purposes),
        ("cameras", table("cameras", cameras)),
        ("retention", table("retention", retention)),
        ("access", [*table("access", roles), say("dpia.seats", count=found["seats"]), ""]),
        ("security", [*(f"- {fact}" for fact in facts), ""]),
        ("risks", table("risks", [[_BLANK] * 5] * 3)),
        ("need", [_BLANK, ""]),
        ("approval", [say("dpia.officer"), ""]),
    ]
    at = f"{found['made_at']:%Y-%m-%d %H:%M} UTC"
    lines = [f"# {say('print.assessment')}", "", say("dpia.made", at=at, by=found["made_by"]), ""]
    for number, (key, content) in enumerate(parts, 1):
        lines += [f"## {number}. {say(f'dpia.{key}')}", "", *content]
    return "\n".join(lines)


def _state(say: Callable[..., str], anchor: dict[str, Any]) -> str:
    return say("dpia.anchor_good") if anchor["works"] else str(anchor["problem"])


def _line(value: object) -> str:
    """A text of people in one line that divides no table."""
    return " ".join(str(value).replace("|", "/").split())
