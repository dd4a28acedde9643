"""Pages to be printed, in the language that is asked for: plain HTML without scripts, all escaped.

What is stored stays as it is stored: purposes and reasons are texts of the agency, in Indonesian.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

from warroom.kernel.i18n import catalogue, text

_PAGE = """<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><title>{title}</title><style>
@page{{size:A4 {side};margin:16mm 14mm 18mm}}
@page{{@bottom-right{{content:counter(page) " / " counter(pages);font:9px sans-serif;color:#555}}}}
body{{font:11px/1.45 "IBM Plex Sans",sans-serif;margin:2em auto;max-width:{width};color:#111;
background:#fff}}
h1{{font-size:17px;margin:0 0 .2em}}h2{{font-size:13px;margin:1.5em 0 .4em}}
h3{{font-size:11.5px;margin:1em 0 .3em}}h1,h2,h3{{break-after:avoid}}
.made{{color:#555;margin:0 0 1.2em;padding-bottom:.6em;border-bottom:1px solid #999}}
table{{border-collapse:collapse;width:100%;margin:.3em 0 .8em}}thead{{display:table-header-group}}
tr,li{{break-inside:avoid}}th{{background:#eee}}
th,td{{border:1px solid #888;padding:3px 5px;text-align:left;vertical-align:top;
overflow-wrap:break-word}}
ul{{margin:.2em 0;padding-left:1.3em}}pre{{white-space:pre-wrap;font:inherit;font-size:12px}}
@media print{{body{{margin:0;max-width:none}}th{{print-color-adjust:exact}}}}
</style></head><body><h1>{title}</h1><p class="made">{made}</p>{body}</body></html>"""

_PURPOSE_WORDS = (
    *("name", "basis", "data", "subjects", "recipients", "receiving", "retention", "stored"),
    *("measures", "owner", "contact", "version"),
)
_CASE_WORDS = ("number", "asker", "identified_by", "received_at", "due_at", "outcome")
_DECISION_WORDS = ("at", "wish", "source", "outcome", "exception", "reason", "person_label")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands round every page.

    Attributes:
        language: `id` or `en`.
        zone: The city's, in which times are told.
        at: When it is printed.
        by: Who prints it, and for which agency.
    """

    language: str
    zone: ZoneInfo
    at: datetime
    by: str

    def say(self, key: str, **params: object) -> str:
        """A text of `privacy` in the page's language."""
        return text(self.language, f"privacy.{key}", **params)

    def time(self, at: datetime) -> str:
        """An instant in the city's zone."""
        local = at.astimezone(self.zone)
        return f"{local:%d-%m-%Y %H.%M} {local.tzname()}"


def print_processing(frame: Frame, rows: list[dict[str, Any]]) -> str:
    """The record of processing as a page."""
    head = [frame.say(f"print.col_{word}") for word in _PURPOSE_WORDS]
    body = _table(frame, head, [[one.get(word) for word in _PURPOSE_WORDS] for one in rows])
    return _page(frame, frame.say("print.processing"), body, side="landscape")


def print_text(frame: Frame, title: str, content: str) -> str:
    """A letter as a page."""
    return _page(frame, title, f"<pre>{escape(content)}</pre>")


def print_markdown(frame: Frame, content: str) -> str:
    """A document in the Markdown of `as_markdown` as a page; its first line is the title."""
    title, *lines = content.splitlines()
    blocks = "\n".join(lines).split("\n\n")
    parts = [_block(frame, one.strip().splitlines()) for one in blocks if one.strip()]
    return _page(frame, title.removeprefix("# "), "".join(parts))


def _block(frame: Frame, lines: list[str]) -> str:
    first = lines[0]
    if first.startswith("#"):
        level = len(first) - len(first.lstrip("#"))
        return f"<h{level}>{escape(first.lstrip('# '))}</h{level}>"
    if first.startswith("- "):
        return "<ul>" + "".join(f"<li>{escape(one[2:])}</li>" for one in lines) + "</ul>"
    if first.startswith("|"):
        head, _, *rows = [
            [cell.strip().strip("*") for cell in one.strip("|").split("|")] for one in lines
        ]
        return _table(frame, head, rows)
    return f"<p>{escape(' '.join(lines))}</p>"


def print_case(frame: Frame, case: dict[str, Any]) -> str:
    """The answer to who asked: what is stored, why, until when, and who saw it."""
    report = case.get("report")
    outcome = case["outcome"]
    words = dict(case) | {"outcome": outcome and frame.say(f"outcome_{outcome}")}
    head = [frame.say(f"print.col_{word}") for word in _CASE_WORDS]
    body = _table(frame, head, [[words[word] for word in _CASE_WORDS]])
    if report is None:
        body += f"<p>{escape(frame.say('print.not_searched'))}</p>"
    else:
        body += "".join(_part(frame, part, report["purposes"]) for part in report["parts"])
    if case.get("decisions"):
        body += f"<h2>{escape(frame.say('print.decisions'))}</h2>"
        body += _items(frame, [_decision(frame, one) for one in case["decisions"]], _DECISION_WORDS)
    if case.get("reason"):
        body += f"<h2>{escape(frame.say('print.answer'))}</h2><p>{_cell(frame, case['reason'])}</p>"
    return _page(frame, frame.say("print.case", number=case["number"]), body)


def _part(frame: Frame, part: dict[str, Any], purposes: dict[str, Any]) -> str:
    body = f"<h2>{escape(frame.say(f'source_{part["source"]}'))}</h2>"
    if not part["is_able"] or not part["found"]:
        word = "nothing" if part["is_able"] else "unable"
        return body + f"<p>{escape(frame.say(f'print.{word}'))}</p>"
    for one in part["found"]:
        purpose = purposes.get(one["purpose"], {})
        said = frame.say(
            "print.found",
            what=frame.say(f"source_{part['source']}"),
            count=one["count"],
            purpose=purpose.get("name") or "-",
            basis=purpose.get("basis") or "-",
            until=one["until"],
        )
        body += f"<p>{escape(said)}</p>"
        if one["items"]:
            body += _items(frame, one["items"])
        if one["seen_by"]:
            body += f"<h3>{escape(frame.say('print.seen_by'))}</h3>" + _items(frame, one["seen_by"])
    return body


def _decision(frame: Frame, one: dict[str, Any]) -> dict[str, Any]:
    exception = one["exception"]
    return one | {
        "wish": frame.say(f"wish_{one['wish']}"),
        "source": frame.say(f"source_{one['source']}"),
        "outcome": frame.say(f"print.decided_{one['outcome']}"),
        "exception": exception and frame.say(f"exception_{exception}"),
    }


def _items(frame: Frame, items: list[dict[str, Any]], words: tuple[str, ...] = ()) -> str:
    """Plain things as a table, each word as people call it where there is a text for it."""
    words = words or tuple(dict.fromkeys(word for item in items for word in item))
    texts = catalogue(frame.language)
    head = [texts.get(f"privacy.print.item_{word}", word) for word in words]
    return _table(frame, head, [[item.get(word) for word in words] for item in items])


def _page(frame: Frame, title: str, body: str, side: str = "portrait") -> str:
    made = frame.say("print.made", at=frame.time(frame.at), by=frame.by)
    return _PAGE.format(
        language=frame.language,
        title=escape(title),
        made=escape(made),
        body=body,
        side=side,
        width="190mm" if side == "portrait" else "270mm",
    )


def _table(frame: Frame, head: list[str], rows: list[list[Any]]) -> str:
    top = "".join(f"<th>{escape(one)}</th>" for one in head)
    cells = "".join(
        "<tr>" + "".join(f"<td>{_cell(frame, one)}</td>" for one in row) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{top}</tr></thead><tbody>{cells}</tbody></table>"


def _cell(frame: Frame, value: Any) -> str:
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return escape(frame.say("print.yes" if value else "print.no"))
    if isinstance(value, list | tuple):
        return escape(", ".join(str(one) for one in value) or "-")
    if isinstance(value, str) and _INSTANT.fullmatch(value):
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime):
        return escape(frame.time(value))
    return escape(str(value))
