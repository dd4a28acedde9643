"""Settings of `alerts`."""

from dataclasses import dataclass, field
from typing import ClassVar

from warroom.kernel.settings import section, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSource:
    """A service whose alerts are read.

    Attributes:
        name: On screens: `BMKG`.
        urls: Feeds (RSS or Atom) whose links are alerts, or alerts themselves. Those of one source
            may tell the same alert in several languages: it becomes one.
        every_s: Seconds between two looks.
    """

    name: str
    urls: list[str] = field(default_factory=list)
    every_s: float = 120.0


@section
class AlertSettings:
    """Whose alerts are read, and how the city's own are called and told."""

    SECTION: ClassVar[str] = "alerts"

    sources: list[AlertSource] = setting([], "Services whose alerts (CAP 1.2) are read.")
    unexpiring_hours: float = setting(
        24.0, "Hours for which an alert holds that does not say until when."
    )
    kept_days: int = setting(400, "Days for which alerts that ended, and refused ones, are kept.")
    sender: str = setting("", "Sender of the city's own alerts; empty: `alert@` and its domain.")
    sender_name: str = setting("", "Who warns, as people read it; empty: the agency's name.")
    feed_days: int = setting(7, "Days for which the public feed lists what was issued.")
    feed_per_minute: int = setting(120, "Requests of the public feed by one address in a minute.")
