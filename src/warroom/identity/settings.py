"""Settings of `identity`, and of the city as its pages show it."""

from typing import ClassVar

from warroom.kernel.settings import section, setting


@section
class IdentitySettings:
    """Sessions and sign-in."""

    SECTION: ClassVar[str] = "identity"

    session_hours: float = setting(12.0, "Hours after which a session ends in any case.")
    idle_minutes: float = setting(120.0, "Minutes without a request after which a session ends.")
    remember_s: float = setting(1.0, "Seconds a process trusts that no rights were changed.")
    password_min_length: int = setting(15, "Characters of a password at least (NIST: 15).")
    application_per_minute: int = setting(
        1_200, "Requests a minute of a service account's token, where it has no limit of its own."
    )
    token_per_minute: int = setting(
        120_000, "Requests a minute of a person's token, where it has no limit of its own."
    )
    password_min_length_with_factor: int = setting(
        8, "Characters of a password at least beside a second factor (NIST: 8)."
    )
    prove_minutes: float = setting(
        15.0, "Minutes after signing in (or proving it anew) in which factors may be changed."
    )
    step_minutes: float = setting(5.0, "Minutes in which a second step must be done.")
    seat_code_minutes: float = setting(15.0, "Minutes in which a seat's code must be used.")
    public_url: str = setting(
        "",
        "Address people open, https://host; with https cookies are Secure and bound to the host."
        " Empty means the one of the request.",
    )
    hash_threads: int = setting(2, "Passwords checked at a time; each takes 64 MiB.")

    @property
    def is_secure(self) -> bool:
        """Whether people reach the pages over https alone."""
        return self.public_url.lower().startswith("https://")

    def cookie(self, name: str) -> str:
        """What a cookie is called: bound to this very host where that can be (`__Host-`).

        A browser takes such a name only over https, for the whole host and from no other, so that
        a page of a neighbouring host name cannot plant it (RFC 6265bis, section 4.1.3.2).
        """
        return f"__Host-{name}" if self.is_secure else name


@section
class CitySettings:
    """The city: name, zone, and what the map shows first; as its pack says, else its profile."""

    SECTION: ClassVar[str] = "city"
    PACK: ClassVar[str] = "city.json"

    name: str = setting("", "Name of the city.")
    zone: str = setting("UTC", "Time zone (IANA) in which times are shown.")
    zone_label: str = setting("", "How people call the zone; empty: as its clocks say.")
    domain: str = setting(
        "", "Domain name of the city, a part of what other centres call its incidents; empty: none."
    )
    schematic: bool = setting(False, "Whether the map is a schematic drawing, not a survey.")
    label: str = setting("", "What is said of the map's origin, on the map.")
    bounds: list[float] = setting(
        [-180.0, -60.0, 180.0, 75.0],
        "West, south, east, north of the map at first, in degrees.",
    )
    center: list[float] = setting([0.0, 0.0], "Longitude and latitude of the centre.")
