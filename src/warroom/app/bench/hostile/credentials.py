"""Credentials where they do not belong: a token as a session, and what a token tries to become."""

from collections.abc import Iterator

import httpx

from warroom.app.bench.hostile.field import Check, Field

_TRIES = {
    "An API token sets no password": ("POST", "/api/people/{person}/password"),
    "An API token makes no token": ("POST", "/api/tokens"),
    "An API token renews no token": ("POST", "/api/tokens/{token}/rotate"),
    "An API token breaks no glass": ("POST", "/api/emergencies"),
    "An API token adds no second factor": ("POST", "/api/account/totp"),
    "An API token ends no session": ("DELETE", "/api/sessions"),
    "An API token makes no seat": ("POST", "/api/seats"),
}


def checks(field: Field) -> Iterator[Check]:
    """Shows a token of everything in the places of other kinds, and asks it for more than it is."""
    node = field.node()
    with httpx.Client(base_url=node.address, timeout=10) as client:
        own = {"authorization": f"Bearer {node.token}"}
        person = client.get("/api/session", headers=own).json()["person"]["id"]
        token = client.get("/api/tokens", headers=own).json()["items"][0]["id"]
        for name in ("warroom_session", "__Host-warroom_session", "warroom_seat"):
            told = {"cookie": f"{name}={node.token}", "x-warroom": "1"}
            status = client.get("/api/session", headers=told).status_code
            yield Check(f"An API token in the cookie {name} is no session", status == 401, status)
        for claim, (method, path) in _TRIES.items():
            url = path.format(person=person, token=token)
            answer = client.request(method, url, headers=own)
            yield Check(claim, answer.json().get("code") == "needs_session", answer.status_code)
        link = client.post("/api/session/link", json={"token": node.token})
        yield Check("An API token is no one-time link", link.status_code >= 400, link.status_code)
        left = client.get("/api/tokens", headers=own).json()["total"]
        yield Check("After all this there is one token still", left == 1, left)
