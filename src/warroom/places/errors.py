"""What can go wrong with the city pack."""

from warroom.kernel.errors import InvalidError, NotFoundError, UnavailableError


class NoCityPackError(UnavailableError):
    """No city pack is installed, or it cannot be read (`folder`, `problem`)."""

    code = "places.no_city_pack"


class NoLayerError(NotFoundError):
    """The city pack has no such layer (`layer`)."""

    code = "places.no_layer"


class NoTilesError(NotFoundError):
    """The city pack was made without tiles of the ground."""

    code = "places.no_tiles"


class RangeError(InvalidError):
    """Nothing of the file lies in the range that was asked for (`size_bytes`)."""

    code = "places.range"


class BadPackError(InvalidError):
    """A file of the city pack is not what it should be (`file`, `problem`)."""

    code = "places.bad_pack"
