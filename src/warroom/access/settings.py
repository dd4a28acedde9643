"""Settings of `access`."""

from typing import ClassVar

from warroom.kernel.settings import section, setting


@section
class AccessSettings:
    """Requests across agencies, emergencies, and the review of rights."""

    SECTION: ClassVar[str] = "access"

    approver_roles: list[str] = setting(
        ["kepala_lembaga", "petugas_pdp", "supervisor"],
        "Roles in which a request is approved; two different ones must sign.",
    )
    longest_days: int = setting(366, "Days for which access can be asked at most.")
    attachment_mb: int = setting(10, "Megabytes of one attachment at most.")
    emergency_minutes: int = setting(60, "Minutes that emergency access lasts, if not said.")
    emergency_most_minutes: int = setting(240, "Minutes that emergency access lasts at most.")
    emergency_actions: list[str] = setting(
        ["camera:view", "live:view", "recording:view", "unit:view", "unit:track"],
        "What emergency access allows: on cameras, and on vehicles where they were asked for.",
    )
    emergency_review_hours: float = setting(
        24.0, "Hours in which somebody of the owner reviews an emergency."
    )
    escalate_hours: float = setting(12.0, "Hours after which an open review goes one level up.")
    review_days: int = setting(91, "Days between two reviews of an agency's rights; 0 is never.")
    review_open_days: int = setting(14, "Days that a review is open; then rights lapse.")
    reminder_days: list[int] = setting([7, 3, 1], "Days before its end at which a review reminds.")
