"""The clips of the demo: junctions and roads, by day, dusk and night, some in rain."""

from simcity.daylight import PERIODS, Period
from simcity.scenes.camera import View
from simcity.scenes.light import LightName
from simcity.scenes.render import Order
from simcity.scenes.traffic import Plan

JUNCTIONS: tuple[View, ...] = (
    View(),
    View(height_m=11, y_m=-12, pitch_deg=22, fov_deg=64, x_m=2, yaw_deg=-3),
    View(x_m=-9.4, y_m=-4, height_m=7, pitch_deg=17, fov_deg=66, yaw_deg=17),
    View(x_m=8.6, y_m=-6, height_m=8, pitch_deg=18, fov_deg=62, yaw_deg=-16),
    View(x_m=0.5, y_m=-16, height_m=13, pitch_deg=21, fov_deg=52),
    View(x_m=-3.4, y_m=-14, height_m=5.6, pitch_deg=15, fov_deg=34),
)
ROADS: tuple[View, ...] = (
    View(x_m=-7.6, y_m=-6, height_m=6, pitch_deg=12, fov_deg=46, yaw_deg=7),
    View(x_m=0, y_m=-10, height_m=9, pitch_deg=15, fov_deg=56),
    View(x_m=9.2, y_m=-8, height_m=6.5, pitch_deg=13, fov_deg=54, yaw_deg=-11),
    View(x_m=-10.5, y_m=-5, height_m=5, pitch_deg=9, fov_deg=60, yaw_deg=16),
    View(x_m=3.5, y_m=-14, height_m=12, pitch_deg=19, fov_deg=60, yaw_deg=-4),
    View(x_m=-2, y_m=-12, height_m=7, pitch_deg=11, fov_deg=36, yaw_deg=2),
)
_PER_PERIOD: dict[Period, int] = {"day": 6, "dusk": 3, "night": 6}  # of each layout
_RAINY = 4  # which one of them is in the rain by day


def demo_orders(first: Period, *, has_bar: bool = False, has_sub: bool = False) -> list[Order]:
    """Return the orders of the demo, those of the period `first` before all others.

    Names are `<period>-<simpang|jalan>-<number>`, by which cameras choose what fits them.
    """
    periods = (first, *(period for period in PERIODS if period != first))
    return [
        _order(period, layout, number, has_bar=has_bar, has_sub=has_sub)
        for period in periods
        for number in range(_PER_PERIOD[period])
        for layout in ("simpang", "jalan")
    ]


def _order(period: Period, layout: str, number: int, *, has_bar: bool, has_sub: bool) -> Order:
    is_junction = layout == "simpang"
    light: LightName = "rain" if period == "day" and number == _RAINY else period
    views = JUNCTIONS if is_junction else ROADS
    return Order(
        name=f"{period}-{layout}-{number + 1}",
        view=views[number],
        light=light,
        plan=_plan(number, is_junction=is_junction),
        seed=100 + 20 * PERIODS.index(period) + 2 * number + (not is_junction),
        has_bar=has_bar,
        has_sub=has_sub,
    )


def _plan(number: int, *, is_junction: bool) -> Plan:
    """Return ordinary traffic; one junction has a red-light runner, others a wrong-way rider."""
    return Plan(
        layout="junction" if is_junction else "road",
        busy=(1 if is_junction else 2) + number % 2,
        walkers=3,
        runner_s=13.0 if is_junction and number == 1 else None,
        wrong_way_s=10.0 if number == 3 else None,
        has_parked=not is_junction and number == 2,
    )
