"""Settings of the audit: where copies of the chains' heads go."""

from typing import ClassVar

from warroom.kernel.settings import section, setting


@section
class AuditSettings:
    """Where the heads of the chains are copied to, besides the file of anchors."""

    SECTION: ClassVar[str] = "audit"

    syslog: list[str] = setting(
        [],
        "Log collectors (RFC 5424) that get each line of anchors: udp://host:514,"
        " tcp://host:601 or tls://host:6514.",
    )
    syslog_ca: str = setting(
        "", "PEM file of the authorities trusted for tls:// collectors; empty: the system's."
    )
    tsa: list[str] = setting(
        [], "Time-stamping authorities (RFC 3161) that sign the newest line, by http(s) address."
    )
    tsa_ca: str = setting("", "PEM file of the root certificates trusted for time stamps.")
    tsa_every_s: int = setting(3600, "Seconds between two time stamps of one authority.")
    timeout_s: float = setting(10.0, "Seconds to wait for a collector or an authority.")
