"""Settings of `traffic`."""

from typing import ClassVar

from warroom.kernel.settings import section, setting


@section
class TrafficSettings:
    """How often the state of the roads is made, and from what."""

    SECTION: ClassVar[str] = "traffic"

    cycle_s: float = setting(10.0, "Seconds between two states of all roads.")
    least_observed: float = setting(2.0, "Vehicles that must be seen on a road for it to be a jam.")
    population_million: float = setting(1.5, "People of the city, for the capacity of its roads.")
    motorcycle_emp: float = setting(0.25, "Passenger cars that a motorcycle stands for.")
    heavy_emp: float = setting(1.3, "Passenger cars that a heavy vehicle stands for.")
    tables_file: str = setting(
        "", "The city's own tables of capacities; empty: those that come along."
    )
    report_minutes: int = setting(30, "Minutes that a report holds, if not said.")
    report_most_hours: float = setting(12.0, "Hours that a report holds at most.")
    history_hours: int = setting(48, "Hours for which the state of the roads is kept.")
    jam_days: int = setting(400, "Days for which a jam that ended is kept.")
    closure_most_days: int = setting(366, "Days that a road can be closed at a time.")
