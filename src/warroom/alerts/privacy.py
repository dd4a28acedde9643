"""What `alerts` tells `privacy`: who wrote and released the city's own; what others warn of."""

from warroom.alerts.settings import AlertSettings
from warroom.privacy.contracts import Purpose, Retention, Told


def told(settings: AlertSettings) -> Told:
    """The one purpose, and how long the settings keep alerts, which are about nobody."""
    return Told(
        (
            Purpose(
                "public_alerts",
                "alert",
                actions=("alert:view", "alert:write", "alert:issue"),
                tables=("alert", "alert_draft"),
                is_searched=False,
            ),
        ),
        (Retention("alert", float(settings.kept_days)),),
    )
