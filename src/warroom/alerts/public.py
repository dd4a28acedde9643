"""The public feed of what the city issued: an Atom index, readable by anybody's software. Pure."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import msgspec

from warroom.alerts.contracts import Alert
from warroom.alerts.rules import info_for
from warroom.kernel.i18n import text

PATH = "/cap/"


def write_index(
    rows: Iterable[Mapping[str, Any]], sender: str, language: str, now: datetime
) -> bytes:
    """An Atom feed (RFC 4287) of these alerts; each links to its document.

    A test or an exercise says so in its title, whoever reads no further.
    """
    entries = [_entry(row, language) for row in rows]
    newest = max((row["received_at"] for row in rows), default=None)
    title = escape(text(language, "alerts.feed_title"))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{language}">'
        f"<title>{title}</title><id>urn:warroom:cap:{escape(sender)}</id>"
        f"<updated>{_at(newest or now.replace(hour=0, minute=0, second=0))}</updated>"
        f"<author><name>{escape(sender)}</name></author>"
        f'<link rel="self" href="{PATH}"/>{"".join(entries)}</feed>\n'
    ).encode()


def _entry(row: Mapping[str, Any], language: str) -> str:
    alert = msgspec.convert(row["body"], Alert)
    info = info_for(alert.infos, language)
    headline = info.headline or info.event if info else alert.identifier
    before = (
        "" if alert.status == "Actual" else text(language, f"alerts.status_{alert.status.lower()}")
    )
    kind = "" if alert.type == "Alert" else text(language, f"alerts.type_{alert.type.lower()}")
    title = ": ".join(part for part in (before, kind, headline) if part)
    href = quoteattr(f"{PATH}{row['id']}.xml")
    return (
        f"<entry><title>{escape(title)}</title><id>urn:uuid:{row['id']}</id>"
        f"<updated>{_at(row['received_at'])}</updated>"
        f'<link type="application/cap+xml" href={href}/>'
        f"<summary>{escape(info.description if info else '')}</summary></entry>"
    )


def _at(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")
