"""What can go wrong in `traffic`; the text a person reads is the message `error.<code>`."""

from warroom.kernel.errors import InvalidError, NotFoundError, UnavailableError


class SaidNotFoundError(NotFoundError):
    """No such closure or report, or not for this person."""

    code = "traffic.not_found"


class NoEdgeError(NotFoundError):
    """The road graph has no such edge (`edges` it has)."""

    code = "traffic.no_edge"


class NoRoadOnLineError(InvalidError):
    """No road lies along what was drawn."""

    code = "traffic.no_road_on_line"


class LineTooLongError(InvalidError):
    """What was drawn is longer than may be said of at once (`km`)."""

    code = "traffic.line_too_long"


class OutOfAreaError(InvalidError):
    """Some of the roads lie where the person may not do this (`roads`)."""

    code = "traffic.out_of_area"


class TimesError(InvalidError):
    """It ends before it begins, is over already, or lasts too long (`hours` at most)."""

    code = "traffic.times"


class ReasonMissingError(InvalidError):
    """A road is closed for a reason that people can read."""

    code = "traffic.reason_missing"


class NoHistoryError(NotFoundError):
    """Nothing was kept of the roads at that time, or before it."""

    code = "traffic.no_history"


class NotYetError(UnavailableError):
    """The first state of the roads is still being made."""

    code = "traffic.not_yet"


class BadCountsError(InvalidError):
    """What a program told of cameras cannot be read (`problem`)."""

    code = "traffic.bad_counts"


class NoSuchEdgesError(InvalidError):
    """The road graph has none of these edges (`keys`)."""

    code = "traffic.no_such_edges"


class BadTablesError(UnavailableError):
    """The city's own tables of capacities cannot be read (`file`, `problem`)."""

    code = "traffic.bad_tables"
