"""`warroom audit`: walk the chains, check an export that lies in a file, and anchor now."""

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import cyclopts
import msgspec

from warroom.audit import api
from warroom.audit.errors import NoCopyError, NoRootsError
from warroom.kernel.command import Tools, run, say
from warroom.kernel.i18n import language_of_terminal, text

app = cyclopts.App(name="audit", help="Check and anchor the audit chains.")


@app.command
def verify(
    file: Path | None = None,
    *,
    copy: Annotated[list[Path] | None, cyclopts.Parameter(negative="")] = None,
    roots: Path | None = None,
    json: bool = False,
) -> None:
    """Walks every chain and names the first broken link; exit code 1 if there is one.

    With a file it checks an exported archive instead, without database or network, and says what
    that proves.

    Example: warroom audit verify --json
    Example: warroom audit verify audit-20261124-060000.zip --copy anchors.jsonl --roots tsa.pem

    Args:
        file: An export with its proof.
        copy: Copies of the anchors that were held elsewhere: the file, or a collector's log.
        roots: PEM file of the time-stamping authorities trusted, for a file.
        json: Print one JSON object.
    """
    copies = [_read(path) for path in copy or []]
    if file is not None:
        _verify_file(file, copies, roots, as_json=json)
        return

    async def work(tools: Tools) -> api.Verification:
        anchoring = tools.services[api.Anchoring]
        return await api.verify(tools.scope, tools.db, anchoring, tools.clock, copies=copies)

    outcome = run(work)
    say(api.as_json(outcome), as_json=json, text="\n".join(_lines_of_walk(outcome)))
    if not outcome.is_intact:
        sys.exit(1)


@app.command
def anchor(*, json: bool = False) -> None:
    """Copies the heads of the chains to every place outside now.

    Example: warroom audit anchor

    Args:
        json: Print one JSON object.
    """

    async def work(tools: Tools) -> tuple[bool, list[api.AnchorState]]:
        anchoring = tools.services[api.Anchoring]
        has_grown = await api.anchor(tools.scope, tools.db, anchoring, tools.clock)
        async with tools.db.transaction(tools.scope) as tx:
            return has_grown, await api.list_anchor_states(tools.scope, tx)

    has_grown, states = run(work)
    lines = [_say("audit.cli_anchored" if has_grown else "audit.cli_nothing_new")]
    lines += [
        _say("audit.cli_anchor_fails", target=state.target, problem=state.problem)
        for state in states
        if state.failing_since is not None
    ]
    body = {"anchored": has_grown, "anchors": msgspec.to_builtins(states)}
    say(body, as_json=json, text="\n".join(lines))
    if len(lines) > 1:
        sys.exit(1)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise NoCopyError(path=str(path)) from error


def _say(key: str, **params: object) -> str:
    return text(language_of_terminal(), key, **params)


def _time(at: datetime | None) -> str:
    return "-" if at is None else at.isoformat(timespec="seconds")


def _lines_of_walk(outcome: api.Verification) -> list[str]:
    if outcome.is_intact:
        lines = [
            _say("audit.cli_intact", rows=outcome.rows, anchors=outcome.anchors, head=outcome.head)
        ]
    else:
        lines = [
            _say(
                "audit.cli_broken" if found.chain >= 0 else "audit.cli_broken_file",
                fault=_say(f"audit.fault_{found.fault}"),
                chain=found.chain,
                seq=found.seq,
                at=_time(found.at),
            )
            for found in outcome.findings
        ]
    if outcome.stamps:
        lines.append(_say("audit.cli_stamps", count=outcome.stamps, at=_time(outcome.stamped_at)))
    if outcome.unjudged:
        lines.append(_say("audit.cli_unjudged", count=outcome.unjudged))
    if outcome.copies:
        lines.append(_say("audit.cli_copies", count=outcome.copies))
    return lines


def _verify_file(file: Path, copies: list[bytes], roots: Path | None, *, as_json: bool) -> None:
    try:
        trusted = api.load_roots(str(roots)) if roots else []
    except api.StampError as error:
        raise NoRootsError(path=str(roots)) from error
    report = api.check_export(file, copies, trusted)
    body = {"holds": report.holds, **msgspec.to_builtins(report)}
    say(body, as_json=as_json, text="\n".join(_lines_of_file(report)))
    if not report.holds:
        sys.exit(1)


def _lines_of_file(report: api.Report) -> list[str]:
    lines = [
        _say(f"audit.proof_{word}", chain=chain, number=number)
        for word, chain, number in report.problems
    ]
    if report.holds:
        lines.append(
            _say(
                "audit.proof_holds",
                rows=report.rows,
                by=report.by,
                made=report.made_at,
                first=_time(report.first_at),
                last=_time(report.last_at),
            )
        )
        lines.append(
            _say("audit.proof_anchored", rows=report.anchored, loose=report.rows - report.anchored)
        )
    for found in report.anchors:
        lines.append(_say("audit.proof_line", n=found["n"], at=found["at"], hash=found["hash"]))
        if found["in_copy"]:
            lines.append(_say("audit.proof_in_copy"))
        if found["stamped_at"]:
            lines.append(_say("audit.proof_stamped", at=found["stamped_at"]))
    if report.stated:
        lines.append(_say("audit.proof_stated", count=report.stated))
    lines.append(_say("audit.proof_limits"))
    return lines
