"""Ways to turn a camera, one folder each; the scheme of its address says which one it is.

Listing them imports no driver. A camera's driver is given the address, the login and how to reach
the network, and answers as `contracts.Turning`.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from typing import Any, Protocol

from warroom.cameras.contracts import Credentials, Turning


def list_specs() -> list[Mapping[str, Any]]:
    """The SPEC of each plug-in, by name."""
    names = sorted(found.name for found in pkgutil.iter_modules(__path__) if found.ispkg)
    return [importlib.import_module(f"{__name__}.{name}").SPEC for name in names]  # noqa: TID251 - the registry


class Driver(Protocol):
    """The module that a SPEC names as its driver."""

    def open_camera(
        self, url: str, login: Credentials, *, allow_loopback: bool, timeout_s: float
    ) -> Turning:
        """The camera at this address, not connected yet."""


def driver_of(url: str) -> Driver:
    """The driver that speaks to this address; loading one takes a while, so not on the loop.

    Raises:
        LookupError: No plug-in speaks this scheme; an address is judged before it is stored.
    """
    scheme = url.partition("://")[0].lower()
    for spec in list_specs():
        if scheme in spec["schemes"]:
            driver: Driver = importlib.import_module(spec["driver"])  # noqa: TID251 - the registry
            return driver
    raise LookupError(scheme)
