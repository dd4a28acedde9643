"""What can go wrong in `roads`; the text a person reads is the message `error.<code>`."""

from warroom.kernel.errors import InvalidError, NotFoundError, UnavailableError


class BadExtractError(InvalidError):
    """The file is no OpenStreetMap extract, or a damaged one (`file`, `problem`)."""

    code = "roads.bad_extract"


class NoRoadsError(InvalidError):
    """The extract is sound and holds no road that can be driven (`file`)."""

    code = "roads.none_in_extract"


class BadBoundariesError(InvalidError):
    """The boundaries are not what is needed (`file`, `problem`)."""

    code = "roads.bad_boundaries"


class NotEmptyError(InvalidError):
    """The folder for the pack holds something that is no city pack (`folder`)."""

    code = "roads.folder_not_empty"


class NoRoadGraphError(UnavailableError):
    """The city pack has no road graph, or it cannot be read (`folder`, `problem`)."""

    code = "roads.no_graph"


class OffRoadError(NotFoundError):
    """No road lies near this position (`lat`, `lon`, `within_m`)."""

    code = "roads.off_road"
