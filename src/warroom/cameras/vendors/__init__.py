"""Ways to turn a camera, one folder each; the scheme of its address says which one it is.

Listing them imports no driver. A camera's driver is given the address, the login and how to reach
the network, and answers as `contracts.Turning`.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from typing import Any

from warroom.cameras.contracts import Credentials, Turning


def list_specs() -> list[Mapping[str, Any]]:
    """The SPEC of each plug-in, by name."""
    names = sorted(found.name for found in pkgutil.iter_modules(__path__) if found.ispkg)
    return [importlib.import_module(f"{__name__}.{name}").SPEC for name in names]  # noqa: TID251 - the registry


def open_turning(
    url: str, login: Credentials, *, allow_loopback: bool, timeout_s: float
) -> Turning:
    """The camera at this address, not connected yet.

    Raises:
        LookupError: No plug-in speaks this scheme; an address is judged before it is stored.
    """
    scheme = url.partition("://")[0].lower()
    for spec in list_specs():
        if scheme in spec["schemes"]:
            driver = importlib.import_module(spec["driver"])  # noqa: TID251 - the registry
            opened: Turning = driver.open_camera(
                url, login, allow_loopback=allow_loopback, timeout_s=timeout_s
            )
            return opened
    raise LookupError(scheme)
