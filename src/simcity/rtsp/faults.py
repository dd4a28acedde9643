"""What a camera can be told to do wrong."""

from dataclasses import dataclass

LINK_LOCAL = "rtsp://169.254.169.254/latest/meta-data"

# kind -> what it does; the number in brackets is the value taken when none is given.
KINDS: dict[str, str] = {
    "offline": "closes its connections and every new one as soon as it is asked for the camera",
    "die": "closes its connections once; the next ones work",
    "slow": "drips everything it has to say (500 bytes per second)",
    "freeze": "repeats one picture",
    "dark": "shows noise in the dark, as with a covered lens",
    "wrong_clock": "its clock is off (3600 seconds)",
    "drift": "its clock runs fast (300 parts per million)",
    "sps_change": "goes over to another picture size in mid-stream",
    "garbage": "sends RTP rubbish: random payloads, wrong versions, stubs, unknown channels",
    "auth": "closes its sessions and refuses every password from now on",
    "giant_header": "answers with a header that goes on for 64 megabytes",
    "endless_frame": "sends a picture that never ends (no marker, one timestamp)",
    "redirect": "answers 302 to another address, a link-local one unless told where",
    "not_video": "offers no video track",
    "loss": "loses packets (0.05 of them)",
    "duplicate_ts": "gives two pictures the same timestamp",
}
DEFAULTS: dict[str, float] = {"slow": 500, "wrong_clock": 3600, "drift": 300, "loss": 0.05}
# Kinds that show other pictures than the clip of the camera.
PICTURES = frozenset({"freeze", "dark", "sps_change"})
# Kinds that take effect by ending what is open.
ENDING = frozenset({"offline", "die", "auth"})


@dataclass(frozen=True, slots=True)
class Fault:
    """A kind of `KINDS` with its strength; `where` is the target of a redirect."""

    kind: str
    value: float = 0.0
    where: str = LINK_LOCAL


def fault(kind: str, value: float | None = None, where: str | None = None) -> Fault:
    """Return a fault of a known kind.

    Raises:
        ValueError: the kind is not one of `KINDS`.
    """
    if kind not in KINDS:
        msg = f"unknown fault {kind!r}; known: {', '.join(KINDS)}"
        raise ValueError(msg)
    strength = DEFAULTS.get(kind, 0.0) if value is None else float(value)
    return Fault(kind, strength, where or LINK_LOCAL)


def parse(text: str) -> tuple[int, Fault]:
    """Return camera number and fault of `12=offline`, `12=loss:0.2` or `12=redirect:rtsp://x/`.

    Raises:
        ValueError: the text is none of these.
    """
    number, _, rest = text.partition("=")
    kind, _, value = rest.partition(":")
    if not number.isdecimal() or not kind:
        msg = f"{text!r} is not CAMERA=FAULT[:VALUE]"
        raise ValueError(msg)
    if kind == "redirect":
        return int(number), fault(kind, where=value or None)
    return int(number), fault(kind, float(value) if value else None)
