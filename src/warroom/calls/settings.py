"""Settings of the calls edge: all that it reads, so that it needs no database."""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from warroom.kernel.settings import section, setting

type Strategy = Literal["longest_idle", "ring_all"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trunk:
    """One line to an operator.

    Attributes:
        name: In records and on screens.
        addresses: From where it calls: addresses or networks (`10.1.0.0/16`). Messages from
            elsewhere are not read; empty only where `certificate_names` says who it is.
        certificate_names: Names of which its certificate must carry one: it then comes over TLS
            alone. Our calls to it ask for the same.
        media_addresses: From where its sound may come beside the address that its SDP tells; empty:
            from `addresses`.
        uri: Where it takes our calls (`sip:sbc.example:5060;transport=udp`); empty: it takes none.
        user: Our login at it, and its own at us where it must prove itself.
        secret: The password, sealed by `warroom trunk seal NAME`.
        proves: Whether it must prove who it is (digest), beyond its address.
    """

    name: str
    addresses: list[str] = field(default_factory=list)
    uri: str = ""
    user: str = ""
    secret: str = field(default="", repr=False)
    proves: bool = False
    certificate_names: list[str] = field(default_factory=list)
    media_addresses: list[str] = field(default_factory=list)


@section
class CallSettings:
    """Trunks, the queue, and how long is waited for what."""

    SECTION: ClassVar[str] = "calls"

    host: str = setting("127.0.0.1", "Address on which SIP and RTP are taken.")
    public_host: str = setting("", "Address that others reach it by, where a NAT is between.")
    port: int = setting(5060, "Port of SIP over UDP and TCP.")
    tls_port: int = setting(5061, "Port of SIP over TLS.")
    tls_certificate: str = setting("", "Certificate chain (PEM) for SIP over TLS; empty: no TLS.")
    tls_key: str = setting("", "Key (PEM) of that certificate.")
    tls_authorities: str = setting(
        "", "Authorities (PEM) that vouch for the certificates of trunks; empty: the system's."
    )
    open_door_calls: int = setting(
        0,
        "Calls at once from addresses of no trunk, over TCP or TLS alone; 0: none. "
        "Callers of mobile operators come by trunks: this is for a centre without one.",
    )
    rtp_port_begin: int = setting(16_384, "First port of sound.")
    rtp_port_end: int = setting(32_766, "Last port of sound.")
    webrtc_host: str = setting("127.0.0.1", "Address to which agents' browsers send sound.")
    webrtc_port_begin: int = setting(0, "First UDP port for agents' browsers; 0: any free one.")
    webrtc_port_end: int = setting(0, "Last UDP port for them; the same as the first is shared.")
    agency: str = setting("", "Short name of the agency whose calls these are.")
    number: str = setting("112", "Our own number, shown to whom we call.")
    trunks: list[Trunk] = setting(
        [], "Lines to operators, in the order in which our calls try them.", secret=True
    )
    strategy: Strategy = setting(
        "longest_idle", "Who is rung: the one who waits longest, or everybody (ring_all)."
    )
    agent_answer_s: float = setting(15.0, "An agent who does not answer so long is passed over.")
    agent_silent_s: float = setting(1.0, "A browser that sends nothing so long is gone.")
    outgoing_ring_s: float = setting(45.0, "A call of ours rings so long.")
    trunk_answer_s: float = setting(
        4.0, "A trunk that says nothing so long to a call of ours is passed over."
    )
    trunk_ask_s: float = setting(
        30.0, "So often the trunks that take our calls are asked if they are there; 0: never."
    )
    caller_silent_s: float = setting(
        30.0, "After so long without sound the trunk is asked whether the call still stands."
    )
    early_media: bool = setting(
        default=True, help="Whether callers hear our ring tone or announcement before the answer."
    )
    announcement: str = setting("", "Sound file that callers hear while they wait; empty: rings.")
    wrap_up_s: float = setting(90.0, "An agent is free so long after a call at the latest.")
    short_abandon_s: float = setting(5.0, "Calls given up sooner are counted apart.")
    callback_tries: int = setting(3, "How often an abandoned call is called back.")
    calls_most: int = setting(300, "Calls at once; more are refused to the trunk (503).")
    requests_per_s: float = setting(100.0, "SIP messages a second of one address, in the long run.")
    requests_burst: int = setting(1000, "SIP messages that one address may send at once.")
    recording_days: int = setting(
        365, "Days for which recordings of calls are kept that nobody holds."
    )
    record_days: int = setting(730, "Days for which records of calls that are over are kept.")
    journal_days: int = setting(30, "Days for which the edge keeps events that are stored.")
