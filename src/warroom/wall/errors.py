"""What can go wrong with layouts."""

from warroom.kernel.errors import InvalidError, Kind, NotFoundError, WarRoomError


class LayoutNotFoundError(NotFoundError):
    """No such layout, or not for this person."""

    code = "wall.not_found"


class LayoutInvalidError(InvalidError):
    """A layout cannot be kept as it is (`field`)."""

    code = "wall.invalid"


class UnknownCameraError(InvalidError):
    """A tile names a camera that does not exist, or not for this person."""

    code = "wall.unknown_camera"


class LayoutChangedError(WarRoomError):
    """Somebody else saved the layout since it was read (`version` it has now)."""

    code = "wall.changed_meanwhile"
    kind = Kind.CONFLICT


class LayoutLockedError(WarRoomError):
    """Somebody holds the layout locked (`name`)."""

    code = "wall.locked"
    kind = Kind.CONFLICT


class TooManyLayoutsError(WarRoomError):
    """A person keeps as many layouts as they may (`limit`)."""

    code = "wall.too_many"
    kind = Kind.CONFLICT
