"""What `audit` can tell a person."""

from warroom.kernel.errors import InvalidError


class WrongCursorError(InvalidError):
    """A page was asked for by a cursor that this server did not give out."""

    code = "audit.wrong_cursor"


class TooMuchToExportError(InvalidError):
    """More entries are wanted than one export takes (`most`)."""

    code = "audit.too_much_to_export"


class NoProofError(InvalidError):
    """A file is no export of the audit with its proof."""

    code = "audit.no_proof"


class WrongPeriodError(InvalidError):
    """A question is about no time, or about too long a one (`days` at most)."""

    code = "audit.wrong_period"


class NoRootsError(InvalidError):
    """A file of trusted certificates cannot be read (`path`)."""

    code = "audit.no_roots"


class NoCopyError(InvalidError):
    """A copy of the anchors cannot be read (`path`)."""

    code = "audit.no_copy"


class OwnHintError(InvalidError):
    """Somebody else must look at a hint that is about the asker."""

    code = "audit.own_hint"


class HintSeenError(InvalidError):
    """Somebody looked at the hint already."""

    code = "audit.hint_seen"
