"""Pages to be printed: plain HTML without scripts; everything in them is escaped."""

from datetime import datetime
from html import escape
from typing import Any

from warroom.kernel.i18n import text

_PAGE = """<!doctype html>
<html lang="id"><head><meta charset="utf-8"><title>{title}</title><style>
body{{font:12px/1.45 sans-serif;margin:2em;color:#111;background:#fff}}h1{{font-size:18px}}
h2{{font-size:14px;margin:1.4em 0 .3em}}table{{border-collapse:collapse;width:100%}}
th,td{{border:1px solid #888;padding:3px 5px;text-align:left;vertical-align:top}}
pre{{white-space:pre-wrap;font:inherit}}@media print{{body{{margin:0}}}}
</style></head><body><h1>{title}</h1>{body}</body></html>"""

_PURPOSE_WORDS = {
    "name": "Tujuan",
    "basis": "Dasar",
    "data": "Data",
    "subjects": "Subjek",
    "recipients": "Penerima",
    "receiving": "Penerima menurut hak yang berlaku",
    "retention": "Retensi",
    "stored": "Tempat",
    "measures": "Pengamanan",
    "owner": "Penanggung jawab",
    "contact": "Pejabat pelindungan data",
    "version": "Versi",
}


def print_processing(rows: list[dict[str, Any]]) -> str:
    """The record of processing as a page."""
    return _page(
        "Rekaman kegiatan pemrosesan data pribadi (UU 27/2022 Pasal 31)",
        _table(
            list(_PURPOSE_WORDS.values()), [[one.get(w) for w in _PURPOSE_WORDS] for one in rows]
        ),
    )


def print_document(title: str, content: str) -> str:
    """A text as a page."""
    return _page(title, f"<pre>{escape(content)}</pre>")


def print_case(case: dict[str, Any]) -> str:
    """The answer to who asked: what is stored, why, until when, and who saw it."""
    report = case.get("report") or {"parts": [], "purposes": {}}
    body = _table(
        ["Nomor", "Pemohon", "Diidentifikasi dengan", "Diterima", "Batas", "Hasil"],
        [
            [
                *(case[word] for word in ("number", "asker", "identified_by")),
                *(case[word] for word in ("received_at", "due_at", "outcome")),
            ]
        ],
    )
    for part in report["parts"]:
        title = text("id", f"privacy.source_{part['source']}")
        body += f"<h2>{escape(title)}</h2>"
        if not part["is_able"]:
            body += "<p>Tidak dapat mencari dengan pengenal ini.</p>"
        elif not part["found"]:
            body += "<p>Tidak ada yang tersimpan.</p>"
        for one in part["found"]:
            purpose = report["purposes"].get(one["purpose"], {})
            body += (
                f"<p>{escape(one['what'])}: {one['count']}. Untuk: {_text(purpose.get('name'))}."
                f" Dasar: {_text(purpose.get('basis'))}. Sampai: {_text(one['until'])}.</p>"
            )
            items = one["items"]
            if items:
                words = sorted({word for item in items for word in item})
                body += _table(words, [[item.get(word) for word in words] for item in items])
            if one["seen_by"]:
                words = ["at", "person", "agency", "action"]
                rows = [[item.get(word) for word in words] for item in one["seen_by"]]
                body += "<p>Dilihat oleh:</p>" + _table(words, rows)
    if case.get("decisions"):
        words = ["at", "wish", "source", "outcome", "exception", "reason", "person_label"]
        body += "<h2>Keputusan</h2>"
        body += _table(words, [[item.get(word) for word in words] for item in case["decisions"]])
    if case.get("reason"):
        body += f"<h2>Jawaban</h2><p>{_text(case['reason'])}</p>"
    return _page(f"Jawaban permintaan subjek data {case['number']}", body)


def _page(title: str, body: str) -> str:
    return _PAGE.format(title=escape(title), body=body)


def _table(head: list[str], rows: list[list[Any]]) -> str:
    top = "".join(f"<th>{escape(one)}</th>" for one in head)
    cells = "".join(
        "<tr>" + "".join(f"<td>{_text(one)}</td>" for one in row) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{top}</tr></thead><tbody>{cells}</tbody></table>"


def _text(value: Any) -> str:
    if value is None or value == "":
        return "-"
    if isinstance(value, list | tuple):
        return escape(", ".join(str(one) for one in value) or "-")
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M} UTC"
    return escape(str(value))
