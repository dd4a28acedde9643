"""What is known of the chains from outside the database: the file of anchors, tokens and copies."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from warroom.audit.anchoring import Anchoring
from warroom.audit.anchors import Anchors, lines_of_copy, read_line
from warroom.audit.contracts import Finding
from warroom.audit.stamps import StampError

_FILE = -1
"""Stands for the chain where a finding is about a line of the file of anchors."""


@dataclass(slots=True)
class Evidence:
    """Anchored hashes from all sources, and what is wrong among the sources themselves.

    Attributes:
        anchors: The file.
        hashes: Anchored hash by (chain, entry number), from the file and from copies.
        findings: Where the sources contradict themselves or one another.
        stamps: Tokens that hold.
        stamped_at: Time of the newest of them.
        unjudged: Tokens that no trusted root speaks for, because none is set.
        copies: Lines compared with a copy.
    """

    anchors: Anchors
    hashes: dict[tuple[int, int], bytes]
    findings: list[Finding] = field(default_factory=list)
    stamps: int = 0
    stamped_at: datetime | None = None
    unjudged: int = 0
    copies: int = 0

    def rolled_back(self, found: Iterable[Finding], ends: dict[int, int]) -> list[Finding]:
        """Whether the database is whole, but as it was at an earlier anchor: the line it was at.

        So looks a database that was put back from a backup: more than one chain ends before its
        anchor, and each is what the anchors say up to one and the same line.
        """
        cut = {finding.chain for finding in found if finding.fault == "cut"}
        if len(cut) < 2:
            return []
        last, at = 0, None
        for line in self.anchors.content:
            record = read_line(line)
            if record is None:
                break
            if any(ends.get(int(chain), 0) < seq for chain, (seq, _) in record["heads"].items()):
                break
            last, at = record["n"], datetime.fromisoformat(record["at"])
        return [Finding("rolled_back", _FILE, last, at)] if last or self.anchors.lines else []


def gather_new(anchoring: Anchoring, ends: Mapping[int, int]) -> Evidence:
    """What anchors the entries after these numbers, by chain: the end of the file, if it does."""
    anchors = anchoring.file.read_end()
    if anchors.bad_line is not None or not anchors.reach_back_to(ends):
        return gather(anchoring)
    return Evidence(anchors, anchors.hashes)


def gather(anchoring: Anchoring, copies: Sequence[bytes] = ()) -> Evidence:
    """Reads all sources, and compares them with one another."""
    anchors = anchoring.file.read()
    evidence = Evidence(anchors, dict(anchors.hashes))
    if anchors.bad_line is not None:
        found = Finding("anchor_file", _FILE, anchors.bad_line, anchors.anchored_at)
        evidence.findings.append(found)
    for content in copies:
        _compare(evidence, content)
    _judge_tokens(evidence, anchoring)
    return evidence


def _compare(evidence: Evidence, content: bytes) -> None:
    differing: dict[int, datetime] = {}
    for record in lines_of_copy(content):
        evidence.copies += 1
        number, at = record["n"], datetime.fromisoformat(record["at"])
        own = evidence.anchors.line(number)
        is_same = own is not None and (read_line(own) or {}).get("hash") == record["hash"]
        if number > 0 and not is_same:
            differing.setdefault(number, at)
        for chain, (seq, digest) in record["heads"].items():
            evidence.hashes[int(chain), seq] = bytes.fromhex(digest)
    if differing:
        first = min(differing)
        evidence.findings.append(Finding("anchor_file", _FILE, first, differing[first]))


def _judge_tokens(evidence: Evidence, anchoring: Anchoring) -> None:
    stamps = anchoring.stamps
    for token in stamps.list_kept():
        if not stamps.roots:
            evidence.unjudged += 1
            continue
        try:
            at = stamps.check(token.content, evidence.anchors.line(token.line) or b"")
        except StampError:
            evidence.findings.append(Finding("timestamp", _FILE, token.line, None))
            continue
        evidence.stamps += 1
        evidence.stamped_at = max(at, evidence.stamped_at or at)
