"""Narrowing that is written into a query by hand: `where person_id = %(own)s`."""

import re

OWNERS = r"(?:agency|person|owner|requester|session)_id"
NARROWED = re.compile(
    rf"""(?<![\w.])(?P<before>where|and|or|not|on|when|then|\()(?P<gap>\s*)
    (?P<claim>(?:\w+\.)?(?:\w+_)?{OWNERS}\s+(?:=|is\s+not\s+distinct\s+from)\s+
    (?:any\()?%(?:\(\w+\))?s(?:::[\w\[\]]+)?\)?)""",
    re.VERBOSE,
)
"""A column that says whose a thing is, compared with a parameter; an assignment follows no `where`.

Told apart from `any(...)`, the parenthesis after the parameter closes something else.
"""
_SEEN = re.compile(rb"/\*guard (\d+)\*/")


class Queries:
    """The predicates by their numbers; a query carries them as comments.

    Attributes:
        names: Number -> the guard's name.
    """

    def __init__(self) -> None:
        self.names: list[str] = []

    def marked(self, name: str, claim: str) -> str:
        """The predicate between two comments that tell its number."""
        self.names.append(name)
        number = len(self.names) - 1
        return f"/*guard {number}*/{claim}/*{number} guard*/"

    def passed_by(self, query: bytes) -> set[str]:
        """The names of the predicates in a query that goes out."""
        return {self.names[int(number)] for number in _SEEN.findall(query)}

    def without(self, query: bytes, away: frozenset[str]) -> bytes:
        """The query as it would be if these predicates held for every row.

        The parameter stays in its place, so that the query still takes as many as it is given.
        """
        for number, name in enumerate(self.names):
            if name in away:
                query = query.replace(b"/*guard %d*/" % number, b"(")
                query = query.replace(b"/*%d guard*/" % number, b" or true)")
        return query


def claims(text: str) -> list[tuple[int, int]]:
    """Where in a text such predicates stand: beginnings and ends."""
    found = []
    for match in NARROWED.finditer(text):
        begin, end = match.span("claim")
        claim = text[begin:end]
        if claim.endswith(")") and claim.count("(") - claim.count(")") < 0:
            end -= 1
        found.append((begin, end))
    return found
