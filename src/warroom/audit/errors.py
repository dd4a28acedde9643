"""What `audit` can tell a person."""

from warroom.kernel.errors import InvalidError


class WrongCursorError(InvalidError):
    """A page was asked for by a cursor that this server did not give out."""

    code = "audit.wrong_cursor"
