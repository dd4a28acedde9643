"""The paper after an incident: plain HTML without scripts, all escaped, printed or kept as PDF."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from html import escape
from typing import Any

from warroom.dispatch.replay import Moment
from warroom.kernel.i18n import catalogue, text

PAGE = """<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><title>{title}</title><style>
@page{{size:A4;margin:16mm 14mm 18mm}}
@page{{@bottom-right{{content:counter(page) " / " counter(pages);font:9px sans-serif;color:#555}}}}
body{{font:11px/1.45 "IBM Plex Sans",sans-serif;margin:2em auto;max-width:190mm;color:#111;
background:#fff}}
h1{{font-size:17px;margin:0 0 .2em}}h2{{font-size:13px;margin:1.5em 0 .4em}}
h1,h2{{break-after:avoid}}
.made{{color:#555;margin:0 0 1.2em;padding-bottom:.6em;border-bottom:1px solid #999}}
table{{border-collapse:collapse;width:100%;margin:.3em 0 .8em}}thead{{display:table-header-group}}
tr{{break-inside:avoid}}th{{background:#eee}}
th,td{{border:1px solid #888;padding:3px 5px;text-align:left;vertical-align:top;
overflow-wrap:break-word}}code{{overflow-wrap:anywhere}}
@media print{{body{{margin:0;max-width:none}}th{{print-color-adjust:exact}}}}
</style></head><body><main><h1>{title}</h1><p class="made">{made}</p>{body}</main></body></html>"""

_UNIT = ("dispatched_at", "en_route_at", "on_scene_at", "ended_at")


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands round the page.

    Attributes:
        language: `id` or `en`.
        zone: The city's, in which times are told.
        at: When it is printed.
        by: Who prints it, and for which agency.
    """

    language: str
    zone: tzinfo
    at: datetime
    by: str

    def say(self, key: str, **params: object) -> str:
        """A text of `dispatch` in the page's language."""
        return text(self.language, f"dispatch.{key}", **params)

    def word(self, key: str, otherwise: str) -> str:
        """A text that may be missing: then the bare word."""
        return text(self.language, key) if key in catalogue(self.language) else otherwise

    def time(self, at: datetime | None) -> str:
        """An instant in the city's zone; a dash where there is none."""
        if at is None:
            return "-"
        local = at.astimezone(self.zone)
        return f"{local:%d-%m-%Y %H.%M.%S} {local.tzname()}"

    def seconds(self, value: float | None) -> str:
        """Minutes and seconds; a dash where there is none."""
        if value is None:
            return "-"
        minutes, rest = divmod(int(value), 60)
        return f"{minutes}.{rest:02d}"


def print_after_action(
    frame: Frame, content: Mapping[str, Any], figures: Mapping[str, Any] | None
) -> str:
    """The paper: what it was, its calls, its units with their stamps, figures, all that happened.

    Args:
        frame: What stands round it.
        content: As `replay_service.content_of` tells it.
        figures: Of this incident alone; None of one that was not handed on.
    """
    incident = content["incident"]
    title = frame.say("after_title", number=incident["number"] or "-")
    body = "".join(
        (
            _facts(frame, incident),
            section(frame, "after_calls", _calls(frame, content)),
            section(frame, "after_units", _units(frame, content["units"])),
            section(frame, "after_photos", _photos(frame, content["photos"])),
            section(frame, "after_figures", "" if figures is None else _aims(frame, figures)),
            section(frame, "after_moments", _moments(frame, content["moments"])),
            f"<h2>{escape(frame.say('after_hash'))}</h2><p><code>{content['sha256']}</code></p>",
            f"<p>{escape(frame.say('after_hash_of'))}</p>",
        )
    )
    made = escape(frame.say("after_made", at=frame.time(frame.at), by=frame.by))
    return PAGE.format(language=frame.language, title=escape(title), made=made, body=body)


def section(frame: Frame, key: str, content: str) -> str:
    """A heading and what stands below it; says so where that is nothing."""
    inside = content or f"<p>{escape(frame.say('after_none'))}</p>"
    return f"<h2>{escape(frame.say(key))}</h2>{inside}"


def _facts(frame: Frame, incident: Mapping[str, Any]) -> str:
    place = ", ".join(filter(None, (incident["address"], incident["area"])))
    state = frame.word(f"incidents.state_{incident['state']}", str(incident["state"]))
    rows = [
        ("after_event", incident["event"] or "-"),
        ("after_place", place or "-"),
        ("after_priority", str(incident["priority"] or "-")),
        ("after_opened", frame.time(incident["opened_at"])),
        ("after_ended", frame.time(incident["ended_at"])),
        ("after_state", state),
        ("after_agencies", ", ".join(incident["agencies"])),
    ]
    return table([], [[frame.say(key), value] for key, value in rows])


def _calls(frame: Frame, content: Mapping[str, Any]) -> str:
    rows = [
        [
            *(frame.time(one[key]) for key in ("offered_at", "answered_at", "ended_at")),
            one["class"] or "-",
            one["recording_sha256"] or "-",
        ]
        for one in content["calls"]
    ]
    unseen = content["calls_unseen"]
    more = f"<p>{escape(frame.say('after_unseen', n=unseen))}</p>" if unseen else ""
    head = ("offered", "answered", "ended", "class", "recording")
    return (table([frame.say(f"after_{one}") for one in head], rows) if rows else "") + more


def _units(frame: Frame, units: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        [
            f"{one['name']} ({one['kind']})",
            *(frame.time(one[key]) for key in _UNIT),
            *(frame.seconds(one[key]) for key in ("turnout_s", "travel_s")),
        ]
        for one in units
    ]
    head = ("unit", "notified", "en_route", "on_scene", "done", "turnout", "travel")
    return table([frame.say(f"after_{one}") for one in head], rows) if rows else ""


def _photos(frame: Frame, photos: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        [frame.time(one["taken_at"]), one["unit"], one["person"] or "-", one["sha256"]]
        for one in photos
    ]
    head = ("taken", "unit", "who", "photo")
    return table([frame.say(f"after_{one}") for one in head], rows) if rows else ""


def _aims(frame: Frame, figures: Mapping[str, Any]) -> str:
    rows = []
    for one in figures["timings"]:
        name = frame.word(f"dispatch.kpi_{one['key']}", one["key"])
        told = frame.seconds(one["longest_s"])
        aims = one["aims"] or [None]
        rows += [[name, told, *_aim(frame, aim)] for aim in aims]
    head = ("figure", "longest", "aim", "source", "met")
    return table([frame.say(f"after_{one}") for one in head], rows)


def _aim(frame: Frame, aim: Mapping[str, Any] | None) -> list[str]:
    if aim is None:
        return ["-", "-", frame.say("kpi_told_only")]
    met = {True: "kpi_met", False: "kpi_missed", None: "kpi_unknown"}[aim["is_met"]]
    return [f"{frame.seconds(aim['within_s'])}", aim["source"], frame.say(met)]


def _moments(frame: Frame, moments: Iterable[Moment]) -> str:
    rows = [
        [
            frame.time(one.at) + (" *" if one.is_backdated else ""),
            frame.say(f"after_sort_{one.sort}"),
            _kind(frame, one),
            one.who,
            _text(frame, one),
        ]
        for one in moments
    ]
    head = ("at", "sort", "what", "who", "text")
    told = table([frame.say(f"after_{one}") for one in head], rows)
    return f"{told}<p>{escape(frame.say('after_backdated'))}</p>"


def _text(frame: Frame, one: Moment) -> str:
    held = one.detail.get("held") if one.sort == "unit" else None
    word = frame.word(f"dispatch.held_{held}", str(held)) if held else ""
    return ", ".join(filter(None, (word, one.text)))


def _kind(frame: Frame, one: Moment) -> str:
    if one.sort == "log":
        return frame.word(f"incidents.log_{one.kind}", one.kind)
    if one.sort == "unit":
        return frame.word(f"dispatch.state_{one.kind}", one.kind)
    if one.sort == "note":
        return frame.word(f"incidents.visibility_{one.kind}", one.kind)
    return frame.word(f"dispatch.after_{one.kind}", one.kind)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; without a head where that is empty."""
    top = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table>{f'<thead><tr>{top}</tr></thead>' if head else ''}<tbody>{body}</tbody></table>"
