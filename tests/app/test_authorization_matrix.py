"""Every route, socket and topic of the running application, against everybody who might ask.

The list comes from the application itself: a route that was not declared with a guard fails here,
and so does one whose path or body nobody said how to fill. For each, four askers: a stranger
(401), somebody of the thing's own agency, somebody of another agency with the same role there
(404, worded as if the thing did not exist), and somebody without an agency (404, whatever roles
they were given). And what another agency reads, in lists and counts alike, is the same text
before and after the things came to be.
"""

import asyncio
import json
import re
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, APIWebSocketRoute
from psycopg import sql

from tests.app.asgi_socket import Refused, Socket, open_socket
from tests.identity.authenticator import Authenticator
from tests.photos import photo
from warroom.app import wiring
from warroom.app.asgi import create_app, declared
from warroom.app.node import Node
from warroom.identity import api as identity
from warroom.incidents import api as incidents
from warroom.kernel import outbox
from warroom.kernel.clock import FixedClock
from warroom.kernel.db import Database
from warroom.kernel.http import PUBLIC, SIGNED_IN, Declared
from warroom.kernel.ids import new_id
from warroom.kernel.postgres import Connections
from warroom.kernel.realtime import Hub
from warroom.kernel.scope import Scope
from warroom.kernel.settings import Configuration, NodeSettings

MARK = "Zxq"
"""Stands in every name of the things of the first agency; nobody else may read it anywhere."""

ASKERS = ("stranger", "own", "other", "agencyless", "agencyless_with_roles")
OUTSIDERS = ("other", "agencyless", "agencyless_with_roles")


@dataclass
class World:
    """The application, and who asks it for what."""

    app: FastAPI
    db: Database
    clock: FixedClock
    clients: dict[str, httpx.AsyncClient]
    things: dict[str, str] = field(default_factory=dict)

    @property
    def own(self) -> httpx.AsyncClient:
        return self.clients["own"]


# How to fill a parameter of a path, by its name: with the thing that the first agency owns.
# A parameter in GLOBAL stands for nothing that anybody owns.
OWNED = {
    "camera_id": "camera",
    "number": "camera_number",
    "person_id": "person",
    "agency_id": "agency",
    "application_id": "application",
    "grant_id": "grant",
    "token_id": "token",
    "hint_id": "hint",
    "layout_id": "layout",
    "link_id": "link",
    "webhook_id": "webhook",
    "provider_id": "provider",
    "role_name": "role",
    "hold_id": "hold",
    "unit_id": "unit",
    "task_id": "task",
    "incident_id": "incident",
    "caution_id": "caution",
    "premise_id": "premise",
    "location_id": "location",
    "assignment_id": "assignment",
    "fence_id": "fence",
    "request_id": "request",
    "emergency_id": "emergency",
    "review_id": "review",
    "case_id": "case",
    "breach_id": "breach",
    "owner_id": "agency",
    "attachment_id": "attachment",
    "passkey_id": "passkey",
    "seat_id": "seat",
    "session_id": "session",
    "closure_id": "closure",
    "report_id": "report",
    "call_id": "call",
    "minimum_id": "minimum",
    "facility_id": "facility",
    "stacked_id": "stacked",
    "alarm_id": "alarm",
    "photo_id": "photo",
    "alert_draft_id": "alert_draft",
    "handover_id": "handover",
}
BASIS = "01890000-0000-7000-8000-000000000001"
GLOBAL = {
    "basis_id": BASIS,
    "layer": "kecamatan",
    "language": "id",
    "address": "peta",
    "role": "operate",
    "session": str(UUID(int=77)),
    "slug": "kota",
    "kind": "purpose",
    "key": "cctv_live",
    "edge": "0",
    "preset": "1",
    "draft_id": str(UUID(int=90)),
    "alert_id": str(UUID(int=88)),
    "refused_id": str(UUID(int=89)),
    "told_id": str(UUID(int=87)),
    "type_code": "flood",
    "card_code": "house",
    "token": "x" * 32,
}

# Whose routes are about the asker themselves, and so answer every signed-in person.
OF_THE_ASKER = {
    ("GET", "/api/session"),
    ("PATCH", "/api/session"),
    ("DELETE", "/api/session"),
    ("GET", "/api/emergencies/active"),
    ("GET", "/api/tokens"),
    ("GET", "/api/account"),
    ("POST", "/api/account/totp"),
    ("PUT", "/api/account/totp"),
    ("POST", "/api/account/recovery"),
    ("POST", "/api/account/passkeys/options"),
    ("POST", "/api/account/passkeys"),
    ("POST", "/api/account/proof"),
    ("POST", "/api/account/proof/options"),
    ("POST", "/api/account/proof/passkey"),
    ("GET", "/api/sessions"),
    ("DELETE", "/api/sessions"),
    ("GET", "/api/sso/links"),
    ("GET", "/api/sso/session"),
    ("GET", "/api/words"),
    ("GET", "/api/webhooks/kinds"),
}

# What changes for a reason that is no agency's thing; everything else must stay word for word.
MAY_CHANGE = {
    "/api/session": "holds the time",
    "/api/audit": "the search before it is an entry of its own",
    "/api/audit/seal": "one hash over all chains: it grows with any entry, and tells of none",
    "/api/openapi.json": "the same for all, and long",
    "/api/dispatch/handovers/draft": "holds the time",
    "/healthz": "the state of the machine",
    "/readyz": "the state of the machine",
    "/metrics": "counts of this machine; for loopback alone",
    "/{address:path}": "the page itself",
}

QUERIES = {
    "/api/audit/seen": {
        "person": str(UUID(int=78)),
        "from": "2026-11-24T05:00:00Z",
        "to": "2026-11-24T06:00:00Z",
    },
    "/api/audit/watchers": {
        "object": str(UUID(int=79)),
        "from": "2026-11-24T05:00:00Z",
        "to": "2026-11-24T06:00:00Z",
    },
    "/api/cameras/nearby": {"lat": "-5.1338", "lon": "119.409"},
    "/api/places/search": {"q": "losari"},
    "/api/why": {"person": "own", "action": "camera:view", "thing": "1"},
    "/api/recordings/{camera_id}/timeline": {
        "from": "2026-11-24T05:00:00Z",
        "to": "2026-11-24T06:00:00Z",
    },
    "/api/recordings/{camera_id}/media": {
        "from": "2026-11-24T05:00:00Z",
        "to": "2026-11-24T05:01:00Z",
    },
    "/api/units/{unit_id}/track": {
        "from": "2026-11-24T05:00:00Z",
        "to": "2026-11-24T06:00:00Z",
    },
    "/api/units/events": {"from": "2026-11-24T05:00:00Z", "to": "2026-11-24T06:00:00Z"},
    "/api/calls/{call_id}/holds": {"hold": str(UUID(int=95)), "reason": "Selesai"},
    "/api/calls/staffing": {"calls_per_h": "25", "handling_s": "120"},
    "/api/incidents/around": {
        "lat": "-5.1338",
        "lon": "119.409",
        "but": str(UUID(int=91)),
    },
    "/api/incidents/similar": {
        "lat": "-5.1338",
        "lon": "119.409",
        "but": str(UUID(int=91)),
    },
    "/api/dispatch/assignments/{assignment_id}/photos": {
        "id": str(UUID(int=95)),
        "at": "2026-11-24T05:00:00Z",
        "sent_at": "2026-11-24T05:00:00Z",
    },
    "/api/dispatch/kpi": {"from": "2026-11-24", "to": "2026-11-24"},
    "/api/traffic/history/state": {"at": "2026-11-24T05:00:00Z"},
    "/api/recordings/{camera_id}/thumbnail.jpg": {"at": "2026-11-24T05:00:00Z"},
}


def deed(**more: Any) -> dict[str, Any]:
    """What is done to an incident, under an id of its own."""
    return {"id": str(new_id()), **more}


def eido() -> dict[str, Any]:
    """An incident that another centre hands over."""
    prologue = {
        "$id": f"urn:emergency:uid:incidentid:{new_id()}:gowa.example",
        "lastUpdateTimeStamp": "2026-11-24T06:00:00Z",
        "updatedByAgencyReference": {"$ref": "damkar.gowa.example"},
    }
    agency = {
        **prologue,
        "$id": "damkar.gowa.example",
        "agencyRoleDescriptionRegistryText": ["Dispatching"],
        "agencyType": ["fire"],
    }
    return {
        **prologue,
        "eidoVersion": "1.0",
        "issuingElementIdentification": "gowa.example",
        "agencyComponent": [agency],
    }


def premise(word: str) -> dict[str, Any]:
    """What is known of a building."""
    return {"kind": "building", "name": f"{word} gudang", "lat": -5.1338, "lon": 119.409}


def camera_body(agency: str) -> dict[str, Any]:
    return {
        "name": f"{MARK} Kamera",
        "agency_id": agency,
        "lat": -5.1338,
        "lon": 119.409,
        "tags": [MARK.lower()],
    }


def unit_body(agency: str, name: str, device: str | None = None) -> dict[str, Any]:
    return {"name": f"{MARK} {name}", "agency_id": agency, "kind": "patrol", "device": device}


def fence_body(agency: str) -> dict[str, Any]:
    ring = [[119.40, -5.14], [119.41, -5.14], [119.41, -5.13]]
    return {"agency_id": agency, "name": f"{MARK} Mako", "ring": ring}


def hold_body(camera: str) -> dict[str, Any]:
    return {
        "camera_ids": [camera],
        "from": "2026-11-24T05:00:00Z",
        "to": "2026-11-24T05:10:00Z",
        "reason": f"{MARK} alasan",
    }


def emergency_body(agency: str) -> dict[str, Any]:
    return {"owner_id": agency, "reason": f"{MARK} kebakaran", "cameras": [1]}


CASE = {
    "asker": f"{MARK} Sri",
    "identified_by": "KTP",
    "wants": ["access", "deletion"],
    "kind": "name",
    "value": f"{MARK} Sri",
}
BREACH = {"title": f"{MARK} laptop hilang"}

STAMPS = {
    "sent_at": "2026-11-24T06:00:00Z",
    "items": [{"id": str(UUID(int=80)), "stamp": "accepted", "at": "2026-11-24T06:00:00Z"}],
}
TASK = {"at": [-5.1338, 119.409], "note": f"{MARK} macet"}


def form(word: str) -> dict[str, Any]:
    """What is typed into the form of a call."""
    at = "2026-11-24T06:00:00Z"
    place = {"lat": -5.1338, "lon": 119.409, "name": f"{word} lorong"}
    return {
        "writer": str(UUID(int=92)),
        "revision": 1,
        "sent_at": at,
        "fields": {
            "place": {"value": place, "at": at},
            "event_text": {"value": f"{word} asap", "at": at},
        },
    }


def written(reference: object) -> dict[str, Any]:
    """What somebody sent to 112 by a form."""
    return {
        "channel": "web",
        "reference": f"{MARK} {reference}",
        "number": "+62811200",
        "text": f"{MARK} banjir",
        "lat": -5.13,
        "lon": 119.41,
    }


SAID = {"line": [[119.4, -5.13], [119.41, -5.13]]}

REQUEST = {
    "letter_number": "B-1/XI/2026",
    "letter_date": "2026-11-20",
    "basis_id": BASIS,
    "purpose": "Penyidikan",
    "case_number": "PDM-1",
    "actions": ["live:view"],
    "starts_at": "2026-11-24T06:00:00Z",
    "ends_at": "2026-11-25T06:00:00Z",
}


def bodies(world: World) -> dict[tuple[str, str], Any]:
    """A body for every route that takes one; it would be accepted from somebody in scope."""
    things = world.things
    name = {"version": 1, "name": f"{MARK} Nama"}
    return {
        ("POST", "/api/alerts/drafts"): {},
        ("PUT", "/api/alerts/drafts/{alert_draft_id}"): {
            "version": 1,
            "fields": {"id": {"headline": f"{MARK} banjir"}},
        },
        **{
            ("POST", f"/api/alerts/drafts/{{alert_draft_id}}/{deed}"): {"version": 1}
            for deed in ("ask", "issue", "drop")
        },
        ("POST", "/api/alerts/drafts/{alert_draft_id}/return"): {"version": 1, "reason": "Salah"},
        ("POST", "/api/session"): {"login": "nobody", "password": "x"},
        ("POST", "/api/session/link"): {"token": "x"},
        ("PATCH", "/api/session"): {"language": "id"},
        ("POST", "/api/session/second"): {"ticket": "x", "way": "totp", "code": "x"},
        ("POST", "/api/session/passkey/options"): {},
        ("POST", "/api/session/passkey"): {"ticket": "x", "credential": {}},
        ("PUT", "/api/account/totp"): {"ticket": "x", "code": "x"},
        ("POST", "/api/account/passkeys"): {"ticket": "x", "credential": {}, "name": "x"},
        ("PATCH", "/api/account/passkeys/{passkey_id}"): {"name": f"{MARK} kunci"},
        ("POST", "/api/account/proof"): {"way": "password", "shown": "x"},
        ("POST", "/api/account/proof/passkey"): {"ticket": "x", "credential": {}},
        ("PUT", "/api/people/{person_id}/seats-only"): {"seats_only": True},
        ("PATCH", "/api/roles/{role}/sign-in"): {"grace_days": 3},
        ("POST", "/api/seats"): {"agency_id": things["agency"], "name": f"{MARK} kursi baru"},
        ("POST", "/api/seats/enrol"): {"code": "x", "public_key": "eA=="},
        ("POST", "/api/seats/pass"): {
            "seat_id": str(UUID(int=77)),
            "challenge": "x",
            "signature": "eA==",
        },
        ("POST", "/api/audit/export"): {"form": "csv"},
        ("POST", "/api/audit/hints/{hint_id}/seen"): {"note": f"{MARK} dilihat"},
        ("POST", "/api/agencies"): {"kind": "skpd", "name": "Baru", "short": "Baru"},
        ("PATCH", "/api/agencies/{agency_id}"): name,
        ("POST", "/api/people"): {
            "login": "zxq.baru",
            "name": f"{MARK} Baru",
            "agency_id": things["agency"],
        },
        ("POST", "/api/people/{person_id}/erase"): {"reason": "Pensiun"},
        ("PATCH", "/api/people/{person_id}"): name,
        ("POST", "/api/people/{person_id}/password"): {"password": "lima ekor ikan terbang"},
        ("POST", "/api/roles"): {
            "agency_id": things["agency"],
            "label": f"{MARK} Peran",
            "actions": ["live:view"],
        },
        ("PATCH", "/api/roles/{role_name}"): {"version": 1, "label": f"{MARK} Nama"},
        ("POST", "/api/grants"): {
            "person_id": things["person"],
            "actions": ["live:view"],
            "agencies": [things["agency"]],
            "reason": f"{MARK} alasan",
        },
        ("POST", "/api/sso/{slug}"): {},
        ("POST", "/api/webhooks"): {
            "application_id": things.get("application", ""),
            "name": f"{MARK} webhook",
            "url": "https://10.20.4.31/hook",
            "kinds": ["camera.changed"],
        },
        ("PATCH", "/api/webhooks/{webhook_id}"): name,
        ("POST", "/api/webhooks/{webhook_id}/rotate"): {},
        ("POST", "/api/providers"): {
            "slug": "baru",
            "name": "Baru",
            "issuer": "https://idp.example",
            "client_id": "x",
            "agencies": [things["agency"]],
        },
        ("PATCH", "/api/providers/{provider_id}"): name,
        ("POST", "/api/people/{person_id}/links"): {"provider": "kota", "subject": "x"},
        ("POST", "/api/tokens"): {"name": "skrip"},
        ("POST", "/api/tokens/{token_id}/rotate"): {},
        ("POST", "/api/applications"): {
            "name": f"{MARK} Aplikasi {len(things)}",
            "agency_id": things["agency"],
            "actions": ["camera:view"],
        },
        ("PATCH", "/api/applications/{application_id}"): name,
        ("POST", "/api/applications/{application_id}/tokens"): {"name": "skrip"},
        ("POST", "/api/cameras"): {**camera_body(things["agency"]), "name": f"{MARK} Dua"},
        ("PATCH", "/api/cameras/{camera_id}"): name,
        ("POST", "/api/cameras/probe"): {"url": "http://not.rtsp/"},
        ("POST", "/api/incidents/{incident_id}/cameras/{camera_id}/aim"): {},
        ("POST", "/api/cameras/{camera_id}/ptz/hold"): {"reserve": True},
        ("POST", "/api/cameras/{camera_id}/ptz/move"): {"pan": 1},
        ("POST", "/api/cameras/{camera_id}/ptz/preset"): {"token": "1"},
        ("POST", "/api/cameras/{camera_id}/ptz/aim"): {"lat": -5.13, "lon": 119.4},
        ("PUT", "/api/cameras/{camera_id}/ptz/presets/{preset}/bearing"): {"bearing_deg": 90},
        ("POST", "/api/recording/holds"): hold_body(things.get("camera", "")),
        ("PATCH", "/api/recording/holds/{hold_id}"): {"reason": f"{MARK} alasan"},
        # Of an agency that does not exist: whoever may open another's does so, and that is seen.
        ("POST", "/api/emergencies"): emergency_body(str(UUID(int=78))),
        ("POST", "/api/emergencies/{emergency_id}/review"): {"outcome": "justified"},
        ("POST", "/api/requests"): REQUEST,
        ("POST", "/api/reviews"): {"agency_id": things["agency"]},
        ("POST", "/api/reviews/{review_id}/decide"): {
            "items": [things.get("item", str(UUID(int=79)))],
            "decision": "confirmed",
        },
        ("PUT", "/api/requests/{request_id}"): REQUEST | {"version": 1},
        ("POST", "/api/requests/{request_id}/withdraw"): {"reason": "Selesai"},
        ("POST", "/api/requests/{request_id}/parts/{owner_id}/approve"): {"role": "supervisor"},
        ("POST", "/api/requests/{request_id}/parts/{owner_id}/refuse"): {"reason": "Tidak"},
        ("POST", "/api/requests/{request_id}/parts/{owner_id}/revoke"): {"reason": "Cukup"},
        ("POST", "/api/requests/basis"): {"law": "UU 1/2026", "article": "Pasal 1"},
        ("PUT", "/api/requests/basis/{basis_id}"): {"law": "UU 1/2026", "article": "Pasal 2"},
        ("PUT", "/api/privacy/records/{kind}/{key}"): {
            "version": 0,
            "reason": "Menurut Perwali",
            "body": {"name": "Tujuan"},
        },
        ("POST", "/api/privacy/cases"): CASE,
        ("POST", "/api/privacy/cases/{case_id}/decisions"): {
            "wish": "deletion",
            "source": "audit",
            "reason": "Wajib disimpan",
            "exception": "pasal_50",
        },
        ("POST", "/api/privacy/cases/{case_id}/end"): {"reason": "Sudah dijawab"},
        ("POST", "/api/privacy/breaches"): BREACH,
        ("PATCH", "/api/privacy/breaches/{breach_id}"): {"version": 1, "to": "assessed"},
        ("POST", "/api/traffic/closures"): SAID | {"reason": f"{MARK} banjir"},
        ("POST", "/api/traffic/along"): SAID,
        ("POST", "/api/traffic/counts"): {"at_s": 0, "seconds": 30, "items": []},
        ("PUT", "/api/traffic/sights/{camera_id}"): {"away": ["1:2:3"]},
        ("POST", "/api/traffic/reports"): SAID | {"level": "jam"},
        ("POST", "/api/dispatch/tasks"): TASK,
        ("POST", "/api/dispatch/tasks/{task_id}/assignments"): {
            "unit_id": things.get("unit", str(UUID(int=81)))
        },
        ("POST", "/api/dispatch/tasks/{task_id}/close"): {"outcome": "not_found"},
        ("POST", "/api/dispatch/incidents/{incident_id}/assignments"): {
            "units": [{"unit_id": things.get("unit", str(UUID(int=95)))}]
        },
        ("POST", "/api/dispatch/incidents/{incident_id}/stacked"): {
            "units": [{"unit_id": things.get("unit", str(UUID(int=95)))}]
        },
        ("POST", "/api/dispatch/incidents/{incident_id}/written-down"): {
            "runs": [
                {
                    "id": str(UUID(int=97)),
                    "unit_id": things.get("unit", str(UUID(int=95))),
                    "at": {"dispatched": "2026-11-24T06:00:00Z", "cleared": "2026-11-24T07:00:00Z"},
                }
            ]
        },
        ("PUT", "/api/dispatch/units/{unit_id}/stack"): {"order": [str(UUID(int=96))]},
        ("PUT", "/api/dispatch/runcards/{card_code}"): {"version": 1},
        ("PUT", "/api/dispatch/minimums/{minimum_id}"): minimum_body(things["agency"], 1),
        ("PUT", "/api/dispatch/facilities/{facility_id}"): facility_body(things["agency"]),
        ("POST", "/api/dispatch/facilities/{facility_id}/beds"): {
            "items": [{"kind": "igd", "free": 2}]
        },
        ("POST", "/api/dispatch/minimums/{minimum_id}/move-ups"): {
            "unit_id": things.get("unit", str(UUID(int=81)))
        },
        ("POST", "/api/dispatch/assignments/{assignment_id}/cancel"): {"reason": "Salah"},
        ("POST", "/api/dispatch/assignments/{assignment_id}/hand-over"): {
            "unit_id": things.get("unit", str(UUID(int=81))),
            "reason": "Lebih dekat",
        },
        ("POST", "/api/dispatch/assignments/{assignment_id}/radio"): STAMPS,
        ("POST", "/api/dispatch/assignments/{assignment_id}/stamps"): STAMPS,
        ("POST", "/api/dispatch/duty/stamps"): STAMPS,
        ("PUT", "/api/dispatch/duty/outage"): {"reason": "fuel"},
        ("PUT", "/api/dispatch/units/{unit_id}/outage"): {"reason": "fuel"},
        ("PUT", "/api/dispatch/duty"): {"unit_id": things.get("unit", str(UUID(int=81)))},
        ("PUT", "/api/incidents/drafts/{draft_id}"): form("Satu"),
        ("POST", "/api/incidents/types"): {"code": "x"},
        ("POST", "/api/dispatch/handovers"): {"id": str(UUID(int=96)), "notes": "Genset mati"},
        ("POST", "/api/dispatch/handovers/{handover_id}/read"): {"items": ["notes"]},
        ("POST", "/api/incidents/{incident_id}/send"): deed(),
        ("POST", "/api/incidents/{incident_id}/schedule"): deed(due_at="2099-01-01T00:00:00Z"),
        ("POST", "/api/incidents/{incident_id}/end"): deed(outcome="handled"),
        ("POST", "/api/incidents/eido"): eido(),
        ("POST", "/api/incidents/{incident_id}/hand-over"): deed(to="Gowa", reason="Batas"),
        ("POST", "/api/incidents/{incident_id}/informed"): deed(reason="telepon"),
        ("POST", "/api/incidents/{incident_id}/reopen"): deed(reason="Api lagi"),
        ("POST", "/api/incidents/{incident_id}/corrections"): deed(
            row=str(UUID(int=93)), reason="Tertukar"
        ),
        ("POST", "/api/incidents/{incident_id}/merge"): deed(
            into=things.get("incident", str(UUID(int=93)))
        ),
        ("POST", "/api/incidents/{incident_id}/split"): deed(),
        ("POST", "/api/incidents/{incident_id}/cautions"): deed(text="Tabung gas"),
        ("POST", "/api/incidents/premises"): premise("Satu"),
        ("PUT", "/api/incidents/premises/{premise_id}"): premise("Satu") | {"version": 1},
        ("POST", "/api/incidents/premises/import"): {"type": "FeatureCollection", "features": []},
        ("POST", "/api/incidents/{incident_id}/notes"): deed(text=f"{MARK} asap"),
        ("POST", "/api/incidents/{incident_id}/locations"): deed(lat=-5.13, lon=119.41),
        ("POST", "/api/incidents/{incident_id}/calls"): {"call_id": str(UUID(int=94))},
        ("POST", "/api/incidents/{incident_id}/part-call"): deed(call_id=str(UUID(int=94))),
        ("POST", "/api/incidents/{incident_id}/agencies"): {"agency_id": things["agency"]},
        ("POST", "/api/incidents/{incident_id}/links"): {
            "to": things.get("incident2", str(UUID(int=93)))
        },
        ("POST", "/api/incidents/{incident_id}/unlink"): {
            "to": things.get("incident2", str(UUID(int=93)))
        },
        ("POST", "/api/calls/messages"): written(new_id()),
        ("POST", "/api/calls/pbx"): {"event": "ringing", "call": str(new_id()), "number": "0811"},
        ("PUT", "/api/calls/ready"): {"ready": True},
        ("POST", "/api/calls/{call_id}/keys"): {"key": "1"},
        ("POST", "/api/calls/{call_id}/transfer"): {"number": "113"},
        ("POST", "/api/calls/{call_id}/conference"): {"number": "113"},
        ("POST", "/api/calls/{call_id}/drop"): {"party": "third 1"},
        ("POST", "/api/calls/{call_id}/close"): {"class": "test"},
        ("POST", "/api/calls/{call_id}/watch"): {"way": "listen"},
        ("POST", "/api/calls/{call_id}/holds"): {"reason": "Penyidikan"},
        ("POST", "/api/routing/routes"): {"from": [-5.13, 119.4], "to": [-5.14, 119.41]},
        ("POST", "/api/routing/reach"): {"from": [-5.13, 119.4]},
        ("POST", "/api/units"): unit_body(things["agency"], "dua"),
        ("PATCH", "/api/units/{unit_id}"): name,
        ("POST", "/api/units/fences"): fence_body(things["agency"]),
        ("POST", "/api/walls/layouts"): {"name": "Dinding"},
        ("PATCH", "/api/walls/layouts/{layout_id}"): name,
    }


# Bodies that are not JSON: content and its media type.
RAW = {
    ("POST", "/api/alerts/received"): ("<alert/>", "application/cap+xml"),
    ("POST", "/api/cameras/import"): ("nonsense", "text/csv"),
    ("POST", "/api/live/{camera_id}/whep"): ("v=0\r\n", "application/sdp"),
    ("POST", "/api/calls/leg"): ("v=0\r\n", "application/sdp"),
    ("POST", "/api/requests/{request_id}/attachments"): ("%PDF-1.7 surat", "application/pdf"),
    ("POST", "/api/dispatch/facilities/import"): (
        f"nama,lat,lon,igd\n{MARK} RS Dua,-5.1338,119.409,1\n".encode(),
        "text/csv",
    ),
    ("POST", "/api/dispatch/assignments/{assignment_id}/photos"): (photo(), "image/jpeg"),
}


EITHER_WALL = pytest.mark.parametrize(
    "walls", ["both walls", "first wall alone", "second wall alone"], indirect=True
)


@pytest.fixture
def walls(
    request: pytest.FixtureRequest, connections: Connections, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """Each wall must hold without the other: the scope's predicates, and row-level security."""
    standing = getattr(request, "param", "both walls")
    if standing == "second wall alone":
        monkeypatch.setattr(Scope, "narrow", lambda *_, **__: (sql.SQL("true"), {}))
    with psycopg.connect(connections.superuser, autocommit=True) as connection:
        if standing == "first wall alone":
            connection.execute("alter role warroom_app bypassrls")
        yield standing
        connection.execute("alter role warroom_app nobypassrls")


@pytest.fixture
def world(
    walls: str,
    connections: Connections,
    db: Database,
    clock: FixedClock,
    tmp_path: Path,
    loop_runner: asyncio.Runner,
) -> Iterator[World]:
    pages = tmp_path / "pages"
    (pages / "assets").mkdir(parents=True)
    (pages / "index.html").write_text("<title>War Room</title>")
    environment = {
        "WARROOM_DATA_DIR": str(tmp_path / "data"),
        "WARROOM_STATIC_DIR": str(pages),
        "WARROOM_DEMO": "1",
        "WARROOM_IDENTITY_REMEMBER_S": "0",
    }
    configuration = Configuration({}, environment)
    settings = configuration.section(NodeSettings)
    node = Node(configuration, settings, clock, None, connections)
    app = create_app(wiring.wire(node, db))
    clients = {
        asker: httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app, raise_app_exceptions=False),
            base_url="http://warroom.test",
            headers={"x-warroom": "1"},
        )
        for asker in ASKERS
    }
    made = World(app, db, clock, clients)
    loop_runner.run(_people(made))
    yield made
    for client in clients.values():
        loop_runner.run(client.aclose())


async def _people(world: World) -> None:
    """The same role in two agencies, and twice nobody's people; each signed in."""
    scope = identity.system_scope("test", world.clock, door="cli")
    async with world.db.transaction(scope) as tx:
        agencies = await identity.ensure_agencies(
            scope,
            tx,
            [
                identity.NewAgency("police", f"{MARK} Polrestabes", f"{MARK} Polres"),
                identity.NewAgency("fire", "Pemadam", "Damkar"),
            ],
        )
        own, other = agencies.values()
        role = dict.fromkeys(
            ("admin_lembaga", "petugas_lalin", "petugas_lapangan", "pengawas_112"), "own"
        )
        people = await identity.ensure_people(
            scope,
            tx,
            [
                identity.NewPerson("own", f"{MARK} Sendiri", own, roles=role),
                identity.NewPerson("other", "Lain", other, roles=role),
                identity.NewPerson("agencyless", "Tanpa", None),
                identity.NewPerson(
                    "agencyless_with_roles", "Tanpa", None, roles={"admin_sistem": "own"}
                ),
            ],
        )
    world.things["agency"], world.things["person"] = str(own), str(people["own"])
    doorkeeper = world.app.state.services[identity.Doorkeeper]
    for login in people:
        token = await doorkeeper.create_link(scope, login)
        answer = await world.clients[login].post("/api/session/link", json={"token": token})
        assert answer.status_code == 200, answer.text


async def plant_hint(world: World) -> str:
    """A hint about somebody of the first agency: only a job makes them, from much that was done."""
    hint_id = new_id()
    scope = identity.system_scope("test", world.clock, door="cli")
    async with world.db.transaction(scope) as tx:
        await tx.execute(
            "insert into audit_hint (id, kind, person_id, person_label, agency_id, begins_at,"
            " ends_at, found_at, numbers) values (%s, 'bulk', %s, %s, %s, now(), now(), now(),"
            " '{}')",
            [hint_id, new_id(), f"{MARK} Sri", UUID(world.things["agency"])],
        )
    return str(hint_id)


async def plant_said(world: World, kind: str) -> str:
    """A closure or a report of the first agency: no city pack is installed to draw one on."""
    said_id, scope = new_id(), identity.system_scope("test", world.clock, door="cli")
    async with world.db.transaction(scope) as tx:
        await tx.execute(
            "insert into traffic_said (id, kind, agency_id, place, keys, roads, line, starts_at,"
            " ends_at, source, level, reason, created_at) values (%s, %s, %s, '73.71.01',"
            " '{1:2:3}', %s, '[]', %s, '2099-01-01', 2, %s, %s, %s)",
            [
                said_id,
                kind,
                UUID(world.things["agency"]),
                [f"{MARK} jalan"],
                world.clock.now(),
                "jam" if kind == "report" else None,
                f"{MARK} alasan",
                world.clock.now(),
            ],
        )
    return str(said_id)


async def make_things(world: World) -> None:
    """One thing of every kind, made through the front door by their own agency's administrator."""

    async def made(url: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = await world.own.post(url, json=body)
        assert answer.status_code in (200, 201), f"{url}: {answer.text}"
        content: dict[str, Any] = answer.json()
        return content

    things = world.things
    camera = await made("/api/cameras", camera_body(things["agency"]))
    things["camera"], things["camera_number"] = camera["id"], str(camera["number"])
    person = await made(
        "/api/people",
        {"login": "zxq.orang", "name": f"{MARK} Orang", "agency_id": things["agency"]},
    )
    things |= {
        "person": person["id"],
        "alert_draft": (await made("/api/alerts/drafts", {}))["id"],
    }
    role = {"agency_id": things["agency"], "label": f"{MARK} Lama", "actions": ["live:view"]}
    things["role"] = (await made("/api/roles", role))["name"]
    grant = await made("/api/grants", bodies(world)["POST", "/api/grants"])
    things["grant"] = grant["id"]
    token = await made("/api/tokens", {"name": f"{MARK} token"})
    things["token"] = token["id"]
    application = await made("/api/applications", bodies(world)["POST", "/api/applications"])
    things["application"] = application["id"]
    webhook = await made("/api/webhooks", bodies(world)["POST", "/api/webhooks"])
    things["webhook"] = webhook["id"]
    things["link"], things["provider"] = str(UUID(int=78)), str(UUID(int=79))
    layout = await made(
        "/api/walls/layouts",
        {
            "name": f"{MARK} Dinding",
            "shared": "agency",
            "tiles": [{"position": 1, "cameras": [things["camera"]]}],
        },
    )
    things["layout"] = layout["id"]
    things["hint"] = await plant_hint(world)
    for kind in ("closure", "report"):
        things[kind] = await plant_said(world, kind)
    held = await made("/api/recording/holds", hold_body(things["camera"]))
    things["hold"] = held["items"][0]["id"]
    emergency = await made("/api/emergencies", emergency_body(things["agency"]))
    things["emergency"] = emergency["id"]
    things["review"] = (await made("/api/reviews", {"agency_id": things["agency"]}))["id"]
    page = (await world.own.get(f"/api/reviews/{things['review']}")).json()
    things["item"] = next(item["id"] for item in page["items"] if not item["is_own"])
    request = await made("/api/requests", REQUEST | {"purpose": f"{MARK} penyidikan"})
    things["request"] = request["id"]
    answer = await world.own.post(
        f"/api/requests/{request['id']}/attachments", content=f"%PDF-1.7 {MARK}"
    )
    assert answer.status_code == 201, answer.text
    things["attachment"] = answer.json()["id"]
    await _tell_of_privacy(world)
    await _make_units(world)
    seat = {"agency_id": things["agency"], "name": f"{MARK} kursi"}
    things["seat"] = (await made("/api/seats", seat))["id"]
    asked = await made("/api/account/passkeys/options", {})
    credential = Authenticator().make(asked["options"])
    body = {"ticket": asked["ticket"], "credential": credential, "name": f"{MARK} kunci"}
    await made("/api/account/passkeys", body)
    account = (await world.own.get("/api/account")).json()
    things["passkey"] = account["factors"]["passkeys"][0]["id"]
    sitter = {"login": "zxq.duduk", "name": f"{MARK} Duduk", "agency_id": things["agency"]}
    await made("/api/people", sitter)
    things["session"] = await _session_of(world, sitter["login"])


async def _make_units(world: World) -> None:
    """A vehicle and a watched area of the first agency."""
    agency = world.things["agency"]
    for word, url, body in (
        ("unit", "/api/units", unit_body(agency, "satu", "zxq-1")),
        ("fence", "/api/units/fences", fence_body(agency)),
    ):
        made = await world.own.post(url, json=body)
        assert made.status_code == 201, made.text
        world.things[word] = made.json()["id"]
    await _send_unit(world)
    await _take_in(world)


async def plant_stacked(world: World, task: str) -> str:
    """The vehicle goes to a second task when it is done with the first."""
    made = str(new_id())
    async with world.db.transaction(identity.system_scope("test", world.clock, door="cli")) as tx:
        await tx.execute(
            "insert into dispatch_stacked (id, unit_id, task_id, position, stacked_at)"
            " values (%s, %s, %s, 1, %s)",
            [made, world.things["unit"], task, world.clock.now()],
        )
    return made


async def plant_alarm(world: World) -> str:
    """A crew of the first agency called for help while it was on no task."""
    made, now = str(new_id()), world.clock.now()
    async with world.db.transaction(identity.system_scope("test", world.clock, door="cli")) as tx:
        await tx.execute(
            "insert into dispatch_alarm (id, unit_id, agency_id, person_id, happened_at,"
            " received_at, device_at) values (%s, %s, %s, %s, %s, %s, %s)",
            [
                *(made, world.things["unit"], world.things["agency"], world.things["person"]),
                *(now, now, now),
            ],
        )
    return made


def facility_body(agency: str) -> dict[str, Any]:
    """A hospital."""
    return {"agency_id": agency, "name": f"{MARK} RSUD", "lat": -5.1338, "lon": 119.409}


def minimum_body(agency: str, version: int = 0) -> dict[str, Any]:
    """What a station keeps free."""
    return {
        "agency_id": agency, "station": f"{MARK} pos", "kind": "patrol", "least": 1,
        "lat": -5.13, "lon": 119.41, "version": version,
    }  # fmt: skip


async def _send_unit(world: World) -> None:
    """A task of the first agency, with its vehicle sent there and somebody in it."""
    unit = {"unit_id": world.things["unit"]}
    signed_on = await world.own.put("/api/dispatch/duty", json=unit)
    assert signed_on.status_code == 204, signed_on.text
    for word, url, body in (
        ("task", "/api/dispatch/tasks", TASK),
        ("assignment", "/api/dispatch/tasks/{}/assignments", unit),
    ):
        made = await world.own.post(url.format(world.things.get("task")), json=body)
        assert made.status_code == 201, made.text
        world.things[word] = made.json()["id"]
    other = await world.own.post("/api/dispatch/tasks", json=TASK)
    assert other.status_code == 201, other.text
    world.things["stacked"] = await plant_stacked(world, other.json()["id"])
    world.things["alarm"] = await plant_alarm(world)
    world.things["minimum"] = str(new_id())
    url = f"/api/dispatch/minimums/{world.things['minimum']}"
    kept = await world.own.put(url, json=minimum_body(world.things["agency"]))
    assert kept.status_code == 200, kept.text
    world.things["facility"] = str(new_id())
    url = f"/api/dispatch/facilities/{world.things['facility']}"
    written = await world.own.put(url, json=facility_body(world.things["agency"]))
    assert written.status_code == 200, written.text


async def _take_in(world: World) -> None:
    """Two incidents of the first agency, one of them with a position; a call that was written."""
    told = await world.own.post("/api/calls/messages", json=written(1))
    assert told.status_code == 201, told.text
    world.things["call"] = told.json()["id"]
    for word in ("incident", "incident2"):
        made = await world.own.put(f"/api/incidents/drafts/{new_id()}", json=form(MARK))
        assert made.status_code == 200, made.text
        world.things[word] = made.json()["id"]
    url = f"/api/incidents/{world.things['incident']}"
    sent = await world.own.post(f"{url}/send", json=deed())
    assert sent.status_code == 200, sent.text
    located = await world.own.post(f"{url}/locations", json=deed(lat=-5.13, lon=119.41))
    assert located.status_code == 201, located.text
    world.things["location"] = located.json()["id"]
    warned = await world.own.post(f"{url}/cautions", json=deed(text=f"{MARK} gas"))
    assert warned.status_code == 201, warned.text
    world.things["caution"] = warned.json()["id"]
    await _photograph(world)
    shift = await world.own.post(
        "/api/dispatch/handovers", json={"id": str(new_id()), "notes": MARK}
    )
    assert shift.status_code == 201, shift.text
    world.things["handover"] = shift.json()["id"]
    kept = await world.own.post("/api/incidents/premises", json=premise(MARK))
    assert kept.status_code == 201, kept.text
    world.things["premise"] = kept.json()["id"]


async def _photograph(world: World) -> None:
    """A photo of the first incident, as a crew's comes to be kept."""
    things, now = world.things, world.clock.now()
    taken = incidents.Taken(new_id(), photo(), now, UUID(things["agency"]), f"{MARK} satu")
    scope = identity.system_scope("test", world.clock, door="cli")
    files = world.app.state.services[incidents.PhotoFiles]
    async with world.db.transaction(scope) as tx:
        await incidents.add_photo(files, scope, tx, UUID(things["incident"]), taken, now)
    things["photo"] = str(taken.id)


async def _tell_of_privacy(world: World) -> None:
    """A case, a breach, and a record of processing of the first agency."""
    for word, body in (("case", CASE), ("breach", BREACH)):
        kind = "cases" if word == "case" else "breaches"
        made = await world.own.post(f"/api/privacy/{kind}", json=body)
        assert made.status_code == 201, made.text
        world.things[word] = made.json()["id"]
    record = {"version": 0, "reason": MARK + " alasan", "body": {"name": f"{MARK} tujuan"}}
    written = await world.own.put("/api/privacy/records/purpose/cctv_live", json=record)
    assert written.status_code == 200, written.text


async def _session_of(world: World, login: str) -> str:
    """An open session of somebody of the first agency."""
    scope = identity.system_scope("test", world.clock, door="cli")
    doorkeeper = world.app.state.services[identity.Doorkeeper]
    link = await doorkeeper.create_link(scope, login)
    opened = await doorkeeper.sign_in_by_link(link, "127.0.0.1", MARK)
    return str(opened.principal.session_id)


def parameters_of(path: str) -> list[str]:
    return re.findall(r"{(\w+)(?::\w+)?}", path)


def filled(path: str, things: dict[str, str], *, missing: bool = False) -> str:
    """The path with a thing of the first agency in it, or with one that does not exist."""
    for name in parameters_of(path):
        if name in GLOBAL:
            value = GLOBAL[name]
        elif missing:
            value = "999999" if name == "number" else str(new_id())
        else:
            value = things[OWNED[name]]
        path = re.sub(rf"{{{name}(?::\w+)?}}", value, path)
    return path


def is_about_a_thing(route: Declared) -> bool:
    return any(name in OWNED for name in parameters_of(route.path))


async def ask(
    world: World, asker: str, route: Declared, *, missing: bool = False
) -> httpx.Response:
    url = filled(route.path, world.things, missing=missing)
    more: dict[str, Any] = {"params": QUERIES.get(route.path)}
    key = (route.method, route.path)
    if key in RAW:
        content, media_type = RAW[key]
        more |= {"content": content, "headers": {"content-type": media_type}}
    elif key in bodies(world):
        more["json"] = bodies(world)[key]
    return await world.clients[asker].request(route.method, url, **more)


def http_routes(world: World) -> list[Declared]:
    return [route for route in declared(world.app) if route.method != "WEBSOCKET"]


async def test_every_route_of_the_application_was_declared_with_a_guard(world: World) -> None:
    known = {(route.method, route.path) for route in declared(world.app)}
    served = set()
    for route in _flat(world.app):
        if isinstance(route, APIWebSocketRoute):
            served.add(("WEBSOCKET", route.path))
        else:
            served |= {(method, route.path) for method in route.methods - {"HEAD"}}

    assert served - known == set()
    assert known - served == set()
    assert len(known) == len(declared(world.app)) > 40


def _flat(app: FastAPI) -> list[Any]:
    """All routes; whatever is mounted in another way (a sub-application, a plain route) fails."""
    found: list[Any] = []
    waiting = list(app.routes)
    while waiting:
        route = waiting.pop()
        inner = getattr(route, "original_router", None) or getattr(route, "router", None)
        if isinstance(route, APIRoute | APIWebSocketRoute):
            found.append(route)
        elif inner is not None:
            waiting += inner.routes
        else:
            pytest.fail(f"a route of another kind, with no guard: {route}")
    return found


async def test_every_parameter_and_body_can_be_filled(world: World) -> None:
    """A new route says here what it is about; else it would go untested."""
    await make_things(world)
    unknown = {
        name
        for route in declared(world.app)
        for name in parameters_of(route.path)
        if name not in OWNED and name not in GLOBAL
    }
    takes_body = {
        (method, route.path)
        for route in _flat(world.app)
        if isinstance(route, APIRoute) and route.body_field is not None
        for method in route.methods
    }

    assert unknown == set()
    assert takes_body - set(bodies(world)) == set()


async def test_a_stranger_is_asked_to_sign_in_by_every_route(world: World) -> None:
    await make_things(world)
    wrong = {}
    for route in http_routes(world):
        if route.guard == PUBLIC:
            continue
        answer = await ask(world, "stranger", route)
        if (answer.status_code, answer.json()["code"]) != (401, "unauthenticated"):
            wrong[f"{route.method} {route.path}"] = answer.status_code

    assert wrong == {}


@EITHER_WALL
@pytest.mark.parametrize("asker", OUTSIDERS)
async def test_a_thing_of_another_agency_is_told_of_like_one_that_does_not_exist(
    world: World, asker: str
) -> None:
    await make_things(world)
    wrong = {}
    for route in http_routes(world):
        if not is_about_a_thing(route):
            continue
        there = await ask(world, asker, route)
        not_there = await ask(world, asker, route, missing=True)
        if there.status_code != 404 or _told(there) != _told(not_there):
            wrong[f"{route.method} {route.path}"] = (there.status_code, there.text[:200])

    assert wrong == {}


def _told(answer: httpx.Response) -> tuple[int, bytes, set[str]]:
    """What an answer gives away: number, every byte of its body, and which headers it has."""
    return answer.status_code, answer.content, set(answer.headers)


@pytest.mark.parametrize("asker", ["agencyless", "agencyless_with_roles"])
async def test_somebody_without_an_agency_may_do_nothing_but_sign_out(
    world: World, asker: str
) -> None:
    await make_things(world)
    wrong = {}
    for route in http_routes(world):
        key = (route.method, route.path)
        if route.guard == PUBLIC or key in OF_THE_ASKER:
            continue
        answer = await ask(world, asker, route)
        if answer.status_code != 404:
            wrong[f"{route.method} {route.path}"] = (answer.status_code, answer.text[:200])

    assert wrong == {}


async def test_the_own_agency_is_let_in_everywhere(world: World) -> None:
    """Else the refusals above would prove nothing: here the same requests pass the guards."""
    await make_things(world)
    wrong = {}
    routes = sorted(http_routes(world), key=lambda route: route.method == "DELETE")
    for route in routes:
        if route.guard == PUBLIC or route.path == "/api/session":
            continue
        if (route.method, route.path) in _FOR_THE_CITY:
            continue
        answer = await ask(world, "own", route)
        code = answer.json().get("code") if "json" in answer.headers.get("content-type", "") else ""
        if answer.status_code in (401, 403) or code in ("not_found", "unauthenticated"):
            wrong[f"{route.method} {route.path}"] = (answer.status_code, answer.text[:200])

    assert wrong == {}


# What an agency's administrator may not do though they are in scope, and why.
_FOR_THE_CITY = {
    ("POST", "/api/agencies"): "only who reaches the whole city makes agencies",
    ("GET", "/api/providers"): "providers speak for people: they are the city's",
    ("POST", "/api/providers"): "as above",
    ("PATCH", "/api/providers/{provider_id}"): "as above",
    ("POST", "/api/people/{person_id}/links"): "no provider is configured in this test",
    ("DELETE", "/api/people/{person_id}/links/{link_id}"): "as above",
    ("DELETE", "/api/sso/links/{link_id}"): "as above; tests/identity/test_sso.py has one",
    ("GET", "/api/places/layers/{layer}.geojson"): "no city pack is installed in this test",
    ("DELETE", "/api/live/whep/{session}"): "no such session is open",
    ("POST", "/api/emergencies/{emergency_id}/review"): "nobody reviews their own",
    ("POST", "/api/requests/basis"): "the list of laws is the city's",
    ("PUT", "/api/requests/basis/{basis_id}"): "the list of laws is the city's",
    **{
        (method, f"/api/requests/{{request_id}}/parts/{{owner_id}}/{word}"): (
            "who asked does not decide; owners are let in by tests/access"
        )
        for method, word in (
            ("GET", "cameras"),
            ("POST", "approve"),
            ("POST", "refuse"),
            ("POST", "revoke"),
        )
    },
    ("DELETE", "/api/account/totp"): "they have a passkey and no code generator",
    ("POST", "/api/incidents/types"): "question cards are the city's",
    ("PUT", "/api/dispatch/runcards/{card_code}"): "run cards are the city's",
    ("PATCH", "/api/roles/{role}/sign-in"): "only who reaches the whole city sets it",
}

# Names of agencies are an address book: whoever writes a letter must be able to address it.
ADDRESS_BOOK = (
    "/api/requests/directory",
    "/api/emergencies/directory",
    "/api/incidents/agencies",
)


@EITHER_WALL
async def test_what_another_agency_reads_does_not_change_when_things_come_to_be(
    world: World,
) -> None:
    """Lists, counts, totals, summaries and searches: word for word the same, before and after."""
    collections = [
        route
        for route in http_routes(world)
        if route.method == "GET" and not is_about_a_thing(route) and route.path not in MAY_CHANGE
    ]
    askers = [asker for asker in ASKERS if asker != "own"]
    before = {(a, r.path): await _text(world, a, r) for a in askers for r in collections}

    await make_things(world)

    after = {(a, r.path): await _text(world, a, r) for a in askers for r in collections}
    mine = {r.path: await _text(world, "own", r) for r in collections}
    assert {key for key in before if before[key] != after[key]} == set()
    assert sum(MARK in text for text in mine.values()) >= 6


async def _text(world: World, asker: str, route: Declared) -> str:
    answer = await ask(world, asker, route)
    return f"{answer.status_code} {answer.text}"


@EITHER_WALL
async def test_no_answer_to_an_outsider_holds_a_word_of_the_things(world: World) -> None:
    await make_things(world)
    secrets = [MARK, *(value for name, value in world.things.items() if name != "camera_number")]
    leaks = {}
    for asker in ("stranger", *OUTSIDERS):
        for route in http_routes(world):
            if route.path == "/api/session" and route.method == "DELETE":
                continue
            if route.path in ADDRESS_BOOK:
                continue
            answer = await ask(world, asker, route)
            held = [word for word in secrets if word in answer.text]
            if held:
                leaks[asker, route.method, route.path] = held

    assert leaks == {}


async def test_sockets_refuse_before_they_are_opened(world: World) -> None:
    await make_things(world)
    expected = {"stranger": 401, "other": 404, "agencyless": 404, "agencyless_with_roles": 404}
    wrong = {}
    for route in declared(world.app):
        if route.method != "WEBSOCKET" or not is_about_a_thing(route):
            continue
        for asker, status in expected.items():
            refused = await _refusal(world, asker, filled(route.path, world.things))
            if refused != status:
                wrong[route.path, asker] = refused

    assert wrong == {}


async def _refusal(world: World, asker: str, path: str) -> int | None:
    try:
        async with open_socket(world.app, path, _cookie(world, asker)) as socket:
            return await socket.refused_after_opening()
    except Refused as refused:
        return refused.status


def _cookie(world: World, asker: str) -> str:
    return f"warroom_session={world.clients[asker].cookies.get('warroom_session', '')}"


async def test_the_event_socket_is_for_those_who_are_signed_in(world: World) -> None:
    sockets = [r for r in declared(world.app) if r.method == "WEBSOCKET"]

    assert {r.path for r in sockets if r.guard == SIGNED_IN} == {"/ws"}
    assert await _refusal(world, "stranger", "/ws") == 401


async def test_events_reach_those_who_may_know_of_the_thing_and_nobody_else(
    world: World,
) -> None:
    """Each topic of the application, published about a thing of the first agency."""
    await make_things(world)
    hub: Hub = world.app.state.services[Hub]
    topics = sorted(topic.name for topic in world.app.state.topics)
    heard: dict[str, list[str]] = {}
    running = asyncio.create_task(hub.run())
    try:
        async with AsyncExitStack() as stack:
            sockets = {
                asker: await stack.enter_async_context(
                    open_socket(world.app, "/ws", _cookie(world, asker))
                )
                for asker in ASKERS[1:]
            }
            for socket in sockets.values():
                await socket.receive_text()
                await socket.send_text(json.dumps({"op": "subscribe", "topics": topics}))
            await asyncio.sleep(0.2)
            await _publish(world, topics)
            async with asyncio.timeout(20):
                heard["own"] = sorted([await _next_topic(sockets["own"]) for _ in topics])
            await asyncio.sleep(0.2)
            for asker in OUTSIDERS:
                heard[asker] = sorted(
                    message["topic"]
                    for message in sockets[asker].received()
                    if message["type"] == "event"
                )
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    commons = sorted(topic.name for topic in world.app.state.topics if topic.is_common)
    assert len(topics) >= 3
    # Alerts and what is of the roads belong to no agency: they are heard by all who hold the word.
    assert {"alerts.changed", "traffic.edges", "traffic.jams"} == set(commons)
    assert heard.pop("other") == commons
    assert heard == {"own": topics, "agencyless": [], "agencyless_with_roles": []}


async def _next_topic(socket: Socket) -> str:
    while True:
        message = json.loads(await socket.receive_text())
        if message["type"] == "event" and MARK in message["body"]:
            topic: str = message["topic"]
            return topic


async def _publish(world: World, topics: list[str]) -> None:
    scope = identity.system_scope("test", world.clock)
    agency = UUID(world.things["agency"])
    asker = (await world.own.get("/api/session")).json()["person"]["id"]
    things = {True: UUID(asker), False: UUID(world.things["camera"])}
    personal = {topic.name: topic.is_personal for topic in world.app.state.topics}
    async with world.db.transaction(scope) as tx:
        for topic in topics:
            thing = things[personal[topic]]
            await outbox.publish(
                tx, topic, {MARK: topic}, agency_id=agency, object_id=thing, now=world.clock.now()
            )
