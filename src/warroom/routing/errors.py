"""What can go wrong in `routing`; the text a person reads is the message `error.<code>`."""

from warroom.kernel.errors import InvalidError, NotFoundError


class NoRouteError(NotFoundError):
    """No way leads there for this vehicle (`profile`)."""

    code = "routing.no_route"


class UnknownProfileError(InvalidError):
    """There is no such kind of vehicle (`profile`, `known`)."""

    code = "routing.unknown_profile"


class BadPositionError(InvalidError):
    """This is no latitude and longitude (`given`)."""

    code = "routing.bad_position"


class BadMinutesError(InvalidError):
    """These are no minutes, or too many (`given`)."""

    code = "routing.bad_minutes"
