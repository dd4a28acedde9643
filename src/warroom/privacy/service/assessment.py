"""The assessment of impact (DPIA, Pasal 34), filled from what is really in force."""

from typing import Any
from uuid import UUID

import msgspec

from warroom.audit import api as audit
from warroom.identity import api as identity
from warroom.kernel.db import Transaction
from warroom.kernel.scope import Scope
from warroom.privacy import store
from warroom.privacy.contracts import VIEW, Registry
from warroom.privacy.service.records import list_purposes, list_retention, require

UNKNOWN = "tidak diketahui sistem"


async def assess(
    scope: Scope, tx: Transaction, registry: Registry, agency_id: UUID | None
) -> dict[str, Any]:
    """Everything that an assessment states, as it is now; what the system cannot know says so.

    Raises:
        NotFoundError: No such agency in reach.
    """
    agency = require(scope, VIEW, agency_id)
    retention = await list_retention(scope, tx, registry, agency)
    walls = await store.count_walled(scope, tx)
    seats = msgspec.json.decode(await identity.list_seats(scope, tx))["total"]
    anchors = [
        {"target": one.target, "works": one.failing_since is None, "problem": one.problem}
        for one in await audit.list_anchor_states(scope, tx)
    ]
    return {
        "made_at": scope.at,
        "made_by": scope.label,
        "agency_id": agency,
        "purposes": await list_purposes(scope, tx, registry, agency),
        "retention": retention["items"],
        "findings": retention["findings"],
        "roles": [
            {"role": one["role"], "factor": one["factor"], "seats_only": one["seats_only"]}
            for one in await identity.list_demands(scope, tx)
        ],
        "seats": seats,
        "security": {
            "tables": walls["tables"],
            "tables_walled": walls["walled"],
            "anchors": anchors,
            "disk_encryption": None,
        },
        **{word: await fact(scope, tx, agency) for word, fact in registry.facts.items()},
    }


def as_markdown(found: dict[str, Any]) -> str:
    """The assessment as a document in Indonesian; what people must judge is left as blanks."""
    lines = [
        "# Penilaian Dampak Pelindungan Data Pribadi (UU 27/2022 Pasal 34)",
        "",
        f"Disusun otomatis {found['made_at']:%Y-%m-%d %H:%M} UTC oleh {found['made_by']} dari"
        " keadaan sistem. Bukan nasihat hukum. Bagian bertanda [....] diisi oleh instansi.",
        "",
        "## 1. Pemrosesan dan tujuannya",
        "",
    ]
    for one in found["purposes"]:
        lines += [
            f"### {one['name']}",
            "",
            *(
                f"- {title}: {one.get(word) or '[....]'}"
                for title, word in (
                    ("Dasar", "basis"),
                    ("Data", "data"),
                    ("Subjek", "subjects"),
                    ("Tempat", "stored"),
                    ("Pengamanan", "measures"),
                    ("Penanggung jawab", "owner"),
                    ("Pejabat pelindungan data", "contact"),
                )
            ),
            f"- Penerima: {one.get('recipients') or '[....]'}",
            f"- Penerima menurut hak yang berlaku: {', '.join(one['receiving']) or 'tidak ada'}",
            "",
        ]
    lines += ["## 2. Kamera", "", "| kelas | pemilik | wilayah | jumlah |", "|---|---|---|---|"]
    lines += [
        f"| {one['class']} | {one['owner']} | {one['place'] or '-'} | {one['count']} |"
        for one in found.get("cameras", [])
    ]
    lines += ["", "## 3. Retensi", "", "| kelas | hari | akhir | dasar |", "|---|---|---|---|"]
    lines += [
        f"| {one['name']} | {'-' if one['days'] is None else f'{one["days"]:g}'} | {one['end']}"
        f" | {one['basis'] or '**TEMUAN: belum ada dasar**'} |"
        for one in found["retention"]
    ]
    security = found["security"]
    lines += ["", "## 4. Akses", "", "| peran | faktor kedua | hanya di kursi |", "|---|---|---|"]
    lines += [
        f"| {one['role']} | {one['factor']} | {'ya' if one['seats_only'] else 'tidak'} |"
        for one in found["roles"]
    ]
    lines += [
        "",
        f"Kursi ruang kendali yang terlihat: {found['seats']}.",
        "",
        "## 5. Pengamanan yang berlaku",
        "",
        f"- Row-level security: {security['tables_walled']} dari {security['tables']} tabel",
        *(
            f"- Jangkar audit {one['target']}: {'baik' if one['works'] else one['problem']}"
            for one in security["anchors"]
        ),
        *([] if security["anchors"] else ["- Jangkar audit: belum ada"]),
        f"- Enkripsi disk: {UNKNOWN}; [....]",
        "",
        "## 6. Risiko bagi subjek dan mitigasi",
        "",
        "| risiko | kemungkinan | dampak | mitigasi | sisa risiko |",
        "|---|---|---|---|---|",
        *["| [....] | [....] | [....] | [....] | [....] |"] * 3,
        "",
        "## 7. Penilaian kebutuhan dan proporsionalitas",
        "",
        "[....]",
        "",
        "## 8. Persetujuan",
        "",
        "Pejabat pelindungan data: [....]  Tanggal: [....]",
        "",
    ]
    return "\n".join(lines)
