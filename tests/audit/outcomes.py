"""What a verification found, short enough to compare."""

from warroom.audit import api


def faults(outcome: api.Verification) -> list[tuple[str, int, int]]:
    """Fault, chain and place of each finding."""
    return [(found.fault, found.chain, found.seq) for found in outcome.findings]
