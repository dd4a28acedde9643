"""Settings of `incidents`."""

from dataclasses import dataclass, field
from typing import ClassVar

from warroom.kernel.settings import section, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """Another emergency centre to which incidents are handed.

    Attributes:
        name: In logs and on screens: `Kabupaten Gowa`.
        url: Where it takes EIDO-JSON (`https://.../api/incidents/eido`).
        token: What it gave us to be known by.
    """

    name: str
    url: str
    token: str = field(default="", repr=False)


@section
class IncidentSettings:
    """Who leads what, what counts as the same, and how long incidents are kept."""

    SECTION: ClassVar[str] = "incidents"

    leads: dict[str, str] = setting(
        {},
        "Short name of the agency that leads, by the card's word for it.",
    )
    same_within_m: float = setting(400.0, "Metres within which an incident may be the same.")
    same_within_min: float = setting(30.0, "Minutes since the last call, likewise.")
    draft_hours: float = setting(12.0, "Hours after which a draft that nobody touches is closed.")
    kept_days: int = setting(1_825, "Days for which ended incidents are kept.")
    neighbours: list[Neighbour] = setting(
        [], "Emergency centres to which incidents are handed, with their tokens.", secret=True
    )
    follow_days: int = setting(7, "Days for which a link tells who called what becomes of it.")
    follow_per_minute: int = setting(30, "Openings of such links by one address in a minute.")
