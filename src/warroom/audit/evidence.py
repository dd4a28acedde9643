"""What is known of the chains from outside the database: the file of anchors, tokens and copies."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from warroom.audit.anchored import Known, Spill
from warroom.audit.anchoring import Anchoring
from warroom.audit.anchors import AnchorFile, Anchors, Line, lines_of_copy
from warroom.audit.contracts import Fault, Finding
from warroom.audit.stamps import StampError, Token

_FILE = -1
"""Stands for the chain where a finding is about a line of the file of anchors."""


@dataclass(slots=True)
class Evidence:
    """Anchored hashes from all sources, and what is wrong among the sources themselves.

    Attributes:
        anchors: The file.
        file: Where it lies.
        hashes: Anchored hash by (chain, entry number): from copies, where they say something else
            than the file; of a walk over what is new, from the file's end.
        spills: Anchored hashes of the whole file, by chain.
        findings: Where the sources contradict themselves or one another.
        stamps: Tokens that hold.
        stamped_at: Time of the newest of them.
        unjudged: Tokens that no trusted root speaks for, because none is set.
        copies: Lines compared with a copy.
    """

    anchors: Anchors
    file: AnchorFile
    hashes: dict[tuple[int, int], bytes] = field(default_factory=dict)
    spills: dict[int, Spill] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    stamps: int = 0
    stamped_at: datetime | None = None
    unjudged: int = 0
    copies: int = 0

    @property
    def chains(self) -> set[int]:
        """Chains of which something is anchored."""
        return {*self.spills, *(chain for chain, _ in self.hashes)}

    def known(
        self, chain: int, before: dict[int, tuple[Fault, bytes]]
    ) -> Mapping[int, tuple[Fault, bytes]]:
        """What the entries of a chain must be; `before` gives way to what is anchored."""
        over = {seq: digest for (of, seq), digest in self.hashes.items() if of == chain}
        if chain in self.spills:
            return Known(before, self.spills[chain], over)
        return before | {seq: ("anchor", digest) for seq, digest in over.items()}

    def rolled_back(self, found: Iterable[Finding], ends: dict[int, int]) -> list[Finding]:
        """Whether the database is whole, but as it was at an earlier anchor: the line it was at.

        So looks a database that was put back from a backup: more than one chain ends before its
        anchor, and each is what the anchors say up to one and the same line.
        """
        cut = {finding.chain for finding in found if finding.fault == "cut"}
        if len(cut) < 2:
            return []
        last: list[Line] = []
        is_behind = False

        def see(line: Line) -> None:
            nonlocal is_behind
            is_behind |= any(ends.get(chain, 0) < seq for chain, (seq, _) in line.heads.items())
            if not is_behind:
                last[:] = [line]

        lines = self.file.walk(see).lines
        if last:
            return [Finding("rolled_back", _FILE, last[0].number, last[0].at)]
        return [Finding("rolled_back", _FILE, 0, None)] if lines else []


def gather_new(anchoring: Anchoring, ends: Mapping[int, int]) -> Evidence:
    """What anchors the entries after these numbers, by chain: the end of the file, if it does."""
    anchors = anchoring.file.read_end()
    if anchors.bad_line is not None or not anchors.reach_back_to(ends):
        return gather(anchoring)
    evidence = Evidence(anchors, anchoring.file, dict(anchors.hashes))
    _take_heads(evidence, anchoring)
    return evidence


def gather(anchoring: Anchoring, copies: Sequence[bytes] = ()) -> Evidence:
    """Reads all sources, and compares them with one another.

    Of the file its hashes go to disk, and of its lines those stay that a token is about, or that a
    copy says something of: memory does not grow with the file.
    """
    tokens = anchoring.stamps.list_kept()
    stamped = {token.line for token in tokens}
    copied = [record for content in copies for record in lines_of_copy(content)]
    named = {record["n"] for record in copied}
    spills: dict[int, Spill] = {}
    lines: dict[int, bytes] = {}
    hashes: dict[int, str] = {}

    def see(line: Line) -> None:
        for chain, (seq, digest) in line.heads.items():
            if chain not in spills:
                spills[chain] = Spill(anchoring.file.path.parent)
            spills[chain].add(seq, digest)
        if line.number in stamped:
            lines[line.number] = line.content
        if line.number in named:
            hashes[line.number] = line.hash

    evidence = Evidence(anchoring.file.walk(see), anchoring.file, spills=spills)
    anchors = evidence.anchors
    if anchors.bad_line is not None:
        found = Finding("anchor_file", _FILE, anchors.bad_line, anchors.anchored_at)
        evidence.findings.append(found)
    _take_heads(evidence, anchoring)
    _compare(evidence, copied, hashes)
    _judge_tokens(evidence, anchoring, tokens, lines)
    return evidence


def _take_heads(evidence: Evidence, anchoring: Anchoring) -> None:
    """Adds the heads that were noted since the last line of anchors."""
    noted, is_whole = anchoring.heads.read()
    evidence.hashes |= noted
    if not is_whole:
        evidence.findings.append(Finding("anchor_file", _FILE, 0, None))


def _compare(evidence: Evidence, copied: list[dict[str, Any]], hashes: dict[int, str]) -> None:
    """Compares what copies say with the file's own lines, by the hashes of these."""
    differing: dict[int, datetime] = {}
    for record in copied:
        evidence.copies += 1
        number, at = record["n"], datetime.fromisoformat(record["at"])
        if hashes.get(number) == record["hash"]:
            continue
        if number > 0:
            differing.setdefault(number, at)
        for chain, (seq, digest) in record["heads"].items():
            evidence.hashes[int(chain), seq] = bytes.fromhex(digest)
    if differing:
        first = min(differing)
        evidence.findings.append(Finding("anchor_file", _FILE, first, differing[first]))


def _judge_tokens(
    evidence: Evidence, anchoring: Anchoring, tokens: list[Token], lines: dict[int, bytes]
) -> None:
    stamps = anchoring.stamps
    for token in tokens:
        if not stamps.roots:
            evidence.unjudged += 1
            continue
        try:
            at = stamps.check(token.content, lines.get(token.line, b""))
        except StampError:
            evidence.findings.append(Finding("timestamp", _FILE, token.line, None))
            continue
        evidence.stamps += 1
        evidence.stamped_at = max(at, evidence.stamped_at or at)
