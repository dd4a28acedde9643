"""`warroom audit`: walk the chains, and anchor them now."""

import sys

import cyclopts

from warroom.audit import api
from warroom.kernel.command import Tools, run, say

app = cyclopts.App(name="audit", help="Check and anchor the audit chains.")


@app.command
def verify(*, json: bool = False) -> None:
    """Walks every chain and names the first broken link; exit code 1 if there is one.

    Example: warroom audit verify --json

    Args:
        json: Print one JSON object.
    """

    async def work(tools: Tools) -> api.Verification:
        return await api.verify(tools.scope, tools.db, tools.services[api.Anchoring], tools.clock)

    outcome = run(work)
    if outcome.is_intact:
        text = f"intact: {outcome.rows} entries, {outcome.anchors} anchors, head {outcome.head}"
    else:
        text = "\n".join(
            f"broken: {found.fault} at chain {found.chain}, entry {found.seq} ({found.at})"
            for found in outcome.findings
        )
    say(api.as_json(outcome), as_json=json, text=text)
    if not outcome.is_intact:
        sys.exit(1)


@app.command
def anchor(*, json: bool = False) -> None:
    """Copies the heads of the chains to the anchor file now.

    Example: warroom audit anchor

    Args:
        json: Print one JSON object.
    """

    async def work(tools: Tools) -> bool:
        return await api.anchor(tools.scope, tools.db, tools.services[api.Anchoring], tools.clock)

    has_grown = run(work)
    text = "anchored" if has_grown else "nothing new to anchor"
    say({"anchored": has_grown}, as_json=json, text=text)
