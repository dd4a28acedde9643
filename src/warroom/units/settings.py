"""Settings of units and their positions."""

from typing import ClassVar

from warroom.kernel.settings import section, setting


@section
class UnitSettings:
    """When a position is old, how long tracks are kept, how much a device may send."""

    SECTION: ClassVar[str] = "units"

    fresh_s: float = setting(30.0, "A position is fresh for so long.")
    silent_after_s: float = setting(300.0, "A unit is silent when its position is older.")
    track_days: int = setting(30, "Days for which it is kept where units were.")
    batch_ms: int = setting(200, "Positions that come within so long are stored together.")
    device_per_s: float = setting(5.0, "Positions a second one device may send in the long run.")
    device_burst: int = setting(600, "Positions one device may send at once, after a tunnel.")
    future_s: float = setting(60.0, "A position from further ahead of our clock is refused.")
    max_kmh: float = setting(250.0, "Nothing drives faster: a position that asks for it is a jump.")
    waiting_most: int = setting(50_000, "Positions that wait to be stored at most.")


@section
class MqttSettings:
    """The broker that vehicles publish their positions at; without a host there is none."""

    SECTION: ClassVar[str] = "mqtt"

    host: str = setting("", "Host name of the MQTT broker; empty hears none.")
    port: int = setting(1883, "Its port; 8883 is usual with TLS.")
    tls: bool = setting(False, "Whether the connection is encrypted and the broker proves itself.")
    ca_file: str = setting("", "Certificates that the broker's is judged by; empty: the system's.")
    username: str = setting("", "Login at the broker.")
    password: str = setting("", "Password of that login.", secret=True)
    client_id: str = setting(
        "warroom-units", "Name at the broker, which keeps messages for it; empty keeps none."
    )
    topics: list[str] = setting(
        ["owntracks/+/{device}", "warroom/units/{device}"],
        "Topics to hear; the level {device} is the id of the device.",
    )
    timeout_s: float = setting(10.0, "Seconds that the broker may take to answer.")
