"""What handlers, jobs and commands work with, found by type."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Services:
    """What handlers may use beside their request, by type: filled once by the composition root."""

    by_type: Mapping[type, Any]

    def __getitem__[T](self, kind: type[T]) -> T:
        """The one service of this type; a missing one is a wiring mistake (KeyError)."""
        service: T = self.by_type[kind]
        return service
