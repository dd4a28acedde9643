"""Settings of `dispatch`."""

from typing import ClassVar

from warroom.kernel.settings import section, setting


@section
class DispatchSettings:
    """For whom jams open tasks by themselves, what a unit must have, how long tasks are kept."""

    SECTION: ClassVar[str] = "dispatch"

    open_for: list[str] = setting(
        [], "Short names of agencies for which jams open tasks; a person sends, whatever it says."
    )
    open_after_min: float = setting(5.0, "Minutes that a jam has lasted when it opens a task.")
    open_from_m: float = setting(150.0, "Metres of queue from which a jam opens a task.")
    unseen_min: float = setting(
        30.0,
        "Minutes until a task that opened by itself, whose jam nobody sees any more and to which"
        " nobody was sent, closes as not found; 0 never.",
    )
    capability: str = setting("traffic", "What a unit must be able to do to be sent to a jam.")
    silent_after_s: float = setting(300.0, "A position older than this proposes no unit.")
    considered_most: int = setting(60, "Units, the nearest by air, whose travel time is asked for.")
    kept_days: int = setting(1_825, "Days for which closed tasks are kept.")
    rest_min: float = setting(
        0.0, "Minutes that a crew that was at a place is left alone before it is proposed again."
    )
    arrive_s: float = setting(
        900.0,
        "Seconds after the call within which the first unit must be there of the law (profile).",
    )
    answer_s: float = setting(60.0, "Seconds in which a crew answers that it comes.")
    turnout_s: float = setting(120.0, "Seconds from there to leaving.")
    travel_factor: float = setting(1.5, "Of the promised travel time, until a unit is overdue.")
    check_min: float = setting(20.0, "Minutes at the place without a word until a crew is asked.")
    move_gain_s: float = setting(
        120.0, "Seconds by which a move-up must bring the first unit nearer to be proposed."
    )
    beds_fresh_min: float = setting(
        60.0, "Minutes after which a count of free beds says nothing of now any more."
    )
    worse_share: float = setting(
        0.3, "Share by which the way before a unit must become slower for it to be told."
    )
    worse_s: float = setting(120.0, "Seconds by which it must become slower at least.")
