"""Settings of `hub`."""

from typing import ClassVar

from warroom.kernel.settings import section, setting


@section
class HubSettings:
    """Webhooks."""

    SECTION: ClassVar[str] = "hub"

    senders: int = setting(16, "Webhooks that one process sends to at a time.")
    log_days: int = setting(14, "Days for which what was sent is listed (without its content).")
    most_per_agency: int = setting(50, "Webhooks that an agency may have.")
