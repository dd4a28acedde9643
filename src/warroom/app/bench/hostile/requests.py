"""Plain requests of a stranger: what is not signed in, and what is not well-formed."""

from collections.abc import Iterator

import httpx

from warroom.app.bench.hostile.field import Check, Field


def checks(field: Field) -> Iterator[Check]:
    """Asks as nobody, and with a token that was never issued."""
    address = field.node().address
    with httpx.Client(base_url=address, timeout=10) as client:
        asked = client.get("/api/cameras")
        yield Check("Nobody lists cameras", asked.status_code == 401, asked.status_code)
        made_up = {"authorization": "Bearer wr_" + "x" * 43}
        asked = client.get("/api/cameras", headers=made_up)
        yield Check("A token never issued opens nothing", asked.status_code == 401,
                    asked.status_code)  # fmt: skip
