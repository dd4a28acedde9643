"""The paper of a handed over shift: plain HTML without scripts, all escaped."""

from collections.abc import Mapping
from datetime import datetime
from html import escape
from typing import Any

from warroom.dispatch.printing import PAGE, Frame, section, table


def print_handover(frame: Frame, told: Mapping[str, Any]) -> str:
    """What was handed over, who read what of it, and its hash."""
    content = told["content"]
    title = frame.say("handover_title", at=frame.time(told["written_at"]))
    body = "".join(
        (
            _facts(frame, told),
            section(frame, "handover_incidents", _incidents(frame, content)),
            section(frame, "handover_units", _units(frame, content)),
            section(frame, "handover_calls", _calls(frame, content)),
            section(frame, "handover_outages", _outages(frame, content["outages"])),
            section(frame, "handover_notes", _notes(told["notes"])),
            section(frame, "handover_reads", _reads(frame, told)),
            f"<h2>{escape(frame.say('after_hash'))}</h2><p><code>{told['sha256']}</code></p>",
        )
    )
    made = escape(frame.say("after_made", at=frame.time(frame.at), by=frame.by))
    return PAGE.format(language=frame.language, title=escape(title), made=made, body=body)


def item_word(frame: Frame, item: str, content: Mapping[str, Any]) -> str:
    """What an item is called: the incident by its number, the rest by its heading."""
    kind, _, incident_id = item.partition(":")
    if kind != "incident":
        return frame.say(f"handover_{kind}")
    numbers = {one["id"]: one["number"] for one in content["incidents"]}
    return numbers.get(incident_id) or frame.say("handover_draft")


def _facts(frame: Frame, told: Mapping[str, Any]) -> str:
    over = told["taken_over"]
    taken = f"{over['person']}, {frame.time(over['at'])}" if over else frame.say("handover_not_yet")
    rows = [
        [frame.say("handover_by"), told["written_by_name"] or "-"],
        [frame.say("handover_taken"), taken],
    ]
    return table([], rows)


def _incidents(frame: Frame, content: Mapping[str, Any]) -> str:
    rows = [
        [
            one["number"] or frame.say("handover_draft"),
            (one.get("name") or {}).get(frame.language) or one["event"] or "-",
            ", ".join(filter(None, (one["address"], one["area"]))) or "-",
            frame.word(f"incidents.state_{one['state']}", one["state"]),
            ", ".join(one["agencies"]),
            f"{one['log_rows']}: {one['log_sha256']}",
        ]
        for one in content["incidents"]
    ]
    head = ("number", "event", "place", "state", "agencies", "log")
    return table([frame.say(f"handover_{one}") for one in head], rows) if rows else ""


def _units(frame: Frame, content: Mapping[str, Any]) -> str:
    rows = [
        [
            one["name"],
            frame.word(f"dispatch.state_{one['state']}", one["state"]),
            frame.time(datetime.fromisoformat(one["since"])),
            one["task"],
        ]
        for one in content["units"]
    ]
    head = ("unit", "state", "since", "task")
    return table([frame.say(f"handover_{one}") for one in head], rows) if rows else ""


def _calls(frame: Frame, content: Mapping[str, Any]) -> str:
    rows = [
        [
            frame.time(datetime.fromisoformat(one["offered_at"])),
            frame.word(f"calls.state_{one['state']}", one["state"]),
        ]
        for one in content["calls"]
    ]
    return table([frame.say("handover_since"), frame.say("handover_state")], rows) if rows else ""


def _outages(frame: Frame, outages: Mapping[str, Any]) -> str:
    cameras = outages["cameras"]
    edge = frame.say("handover_edge_away" if outages["edge"] else "handover_edge_there")
    rows = [
        [frame.say("handover_edge"), edge],
        [frame.say("handover_trunks"), frame.say("handover_unwatched")],
        *(
            [frame.say(f"handover_cameras_{state}"), str(cameras.get(state, 0))]
            for state in ("offline", "late", "unknown", "live")
        ),
    ]
    return table([], rows)


def _notes(notes: str) -> str:
    return "".join(f"<p>{escape(line)}</p>" for line in notes.splitlines())


def _reads(frame: Frame, told: Mapping[str, Any]) -> str:
    rows = [
        [
            item_word(frame, one["item"], told["content"]),
            one["person"] or "-",
            frame.time(one["at"]),
        ]
        for one in told["reads"]
    ]
    head = ("item", "by", "at")
    return table([frame.say(f"handover_{one}") for one in head], rows) if rows else ""
