"""Checks an export of the audit that lies in a file: no database, no network, no trust in us."""

import base64
import hashlib
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from cryptography import x509

from warroom.audit.anchors import lines_of_copy, read_line
from warroom.audit.errors import NoProofError
from warroom.audit.proofs import FORMAT, VERSION, Form, Report, check_runs, render
from warroom.audit.stamps import StampError, Stamps

PROOF = "proof.jsonl"
MOST_BYTES = 1 << 30


def check_file(
    path: Path, copies: Sequence[bytes] = (), roots: Sequence[x509.Certificate] = ()
) -> Report:
    """Checks an exported archive.

    Args:
        path: The archive.
        copies: Copies of the anchors that the one who checks got elsewhere.
        roots: Certificates of the time-stamping authorities that they trust.

    Raises:
        NoProofError: It is no export with a proof.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(item.file_size for item in archive.infolist()) > MOST_BYTES:
                raise NoProofError
            files = {item.filename: archive.read(item) for item in archive.infolist()}
        return _check(files, copies, roots)
    except (OSError, zipfile.BadZipFile, msgspec.MsgspecError, LookupError) as error:
        raise NoProofError from error
    except (TypeError, ValueError, AttributeError) as error:
        raise NoProofError from error


def _check(
    files: dict[str, bytes], copies: Sequence[bytes], roots: Sequence[x509.Certificate]
) -> Report:
    text = files[PROOF]
    parts = [msgspec.json.decode(line) for line in io.BytesIO(text)]
    header, end = parts[0], parts[-1]
    if (header.get("kind"), header.get("version")) != (FORMAT, VERSION):
        raise NoProofError
    report = Report(made_at=header["made_at"], by=header["by"])
    body = text[: text.rindex(b"\n", 0, len(text) - 1) + 1] if len(parts) > 1 else b""
    is_whole = end.get("kind") == "end" and end["lines"] == len(parts) - 1
    if not is_whole or hashlib.sha256(body).hexdigest() != end["sha256"]:
        report.problems.append(("whole", -1, len(parts)))
    heads = _anchors(parts, copies, report)
    _tokens(parts, heads, roots, report)
    entries = check_runs([part for part in parts if part["kind"] == "run"], heads, report)
    report.rows = len(entries)
    report.first_at = min((entry.at for entry in entries), default=None)
    report.last_at = max((entry.at for entry in entries), default=None)
    if report.rows != header["rows"]:
        report.problems.append(("rows", -1, report.rows))
    data, form = header["data"], _form(header["data"]["name"])
    written = render(entries, form)
    if files.get(data["name"]) != written or hashlib.sha256(written).hexdigest() != data["sha256"]:
        report.problems.append(("data", -1, 0))
    return report


def _form(name: str) -> Form:
    return "csv" if name.endswith(".csv") else "jsonl"


def _anchors(
    parts: list[dict[str, Any]], copies: Sequence[bytes], report: Report
) -> dict[int, dict[str, Any]]:
    held = {
        (record["n"], record["hash"]) for content in copies for record in lines_of_copy(content)
    }
    found: dict[int, dict[str, Any]] = {}
    for number, part in enumerate(parts):
        if part["kind"] != "anchor":
            continue
        record = read_line(part["line"].encode())
        if record is None:
            report.problems.append(("anchor_line", -1, number))
            continue
        is_held = (record["n"], record["hash"]) in held if copies else None
        if is_held is False:
            report.problems.append(("copy", -1, record["n"]))
        found[record["n"]] = {**record, "line": part["line"].encode()}
        report.anchors.append(
            {"n": record["n"], "at": record["at"], "hash": record["hash"], "in_copy": is_held,
             "stamped_at": None}
        )  # fmt: skip
    return found


def _tokens(
    parts: list[dict[str, Any]],
    heads: dict[int, dict[str, Any]],
    roots: Sequence[x509.Certificate],
    report: Report,
) -> None:
    stamps = Stamps(Path(), roots)
    for part in parts:
        if part["kind"] != "token" or not roots:
            continue
        try:
            at = stamps.check(base64.b64decode(part["tsr"]), heads[part["n"]]["line"])
        except (StampError, KeyError):
            report.problems.append(("token", -1, part["n"]))
            continue
        for anchor in report.anchors:
            if anchor["n"] == part["n"]:
                anchor["stamped_at"] = at.isoformat()
