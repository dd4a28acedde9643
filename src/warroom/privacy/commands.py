"""`warroom privacy`: open cases and breaches, what was deleted, and the assessment."""

from datetime import timedelta
from typing import Any

import cyclopts

from warroom.identity import api as identity
from warroom.kernel.command import Tools, run, say, transact
from warroom.kernel.db import Transaction
from warroom.kernel.i18n import language_in, language_of_terminal
from warroom.privacy import api
from warroom.privacy.contracts import Registry

app = cyclopts.App(name="privacy", help="Personal data: deadlines, deletions, assessment.")


@app.command
def report(*, json: bool = False) -> None:
    """Lists cases and breaches with their deadlines.

    Example: warroom privacy report --json

    Args:
        json: Print one JSON object.
    """

    async def work(tools: Tools) -> dict[str, Any]:
        async with tools.db.transaction(tools.scope) as tx:
            cases = await api.list_cases(tools.scope, tx, after=None, limit=500)
            breaches = await api.list_breaches(tools.scope, tx, after=None, limit=500)
        return {"cases": cases["items"], "breaches": breaches["items"]}

    found = run(work)
    lines = [
        "\t".join((one["number"], one["clock"], f"{one['due_at']:%Y-%m-%dT%H:%MZ}"))
        for one in (*found["cases"], *found["breaches"])
    ]
    say(found, as_json=json, text="\n".join(lines))


@app.command
def deleted(*, days: int = 31, json: bool = False) -> None:
    """Lists what was deleted, when, and by which rule.

    Example: warroom privacy deleted --days 7 --json

    Args:
        days: How many days back, today among them.
        json: Print one JSON object.
    """

    async def work(tools: Tools, tx: Transaction) -> dict[str, Any]:
        until = tools.clock.now().date() + timedelta(days=1)
        since = until - timedelta(days=max(1, days))
        return await api.list_deletions(tools.scope, tx, since, until, limit=50_000)

    found = transact(work)
    lines = [
        "\t".join(str(one[word]) for word in ("day", "store", "class", "rule", "count", "bytes"))
        for one in found["items"]
    ]
    say(found, as_json=json, text="\n".join(lines))


@app.command
def dpia(agency: str, *, lang: str | None = None, json: bool = False) -> None:
    """Prints the assessment of impact of an agency as Markdown.

    Example: warroom privacy dpia Diskominfo --lang en

    Args:
        agency: Short name of the agency.
        lang: Its language; without it that of the terminal (`LANG`).
        json: Print one JSON object instead.
    """
    language = language_in(lang or language_of_terminal())

    async def work(tools: Tools, tx: Transaction) -> dict[str, Any]:
        agency_id = await identity.require_agency_id(tools.scope, tx, agency)
        return await api.assess(tools.scope, tx, tools.services[Registry], agency_id, language)

    found = transact(work)
    say(found, as_json=json, text=api.as_markdown(found, language))
