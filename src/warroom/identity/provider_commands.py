"""`warroom provider`: OpenID Providers by which people of some agencies sign in."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import cyclopts
import msgspec

from warroom.identity import api
from warroom.kernel.command import Tools, ask_secret, run, say
from warroom.kernel.db import Transaction
from warroom.kernel.errors import NotFoundError
from warroom.kernel.outbound import Outbound
from warroom.kernel.secrets import Sealer

app = cyclopts.App(name="provider", help="Sign-in by agencies' own OpenID Providers.")


@app.command(name="add")
def add_provider(  # noqa: PLR0913 - each is an option of the command
    slug: str,
    *,
    name: str,
    issuer: str,
    client_id: str,
    agency: list[str],
    secret: bool = True,
    scope: list[str] | None = None,
    create_people: bool = False,
    role: str | None = None,
    factor: list[str] | None = None,
    ends_session: bool = False,
    json: bool = False,
) -> None:
    """Makes a provider; its secret is asked for, or read as one line of standard input.

    Claims that name agencies and groups are mapped on the page "Penyedia masuk".

    Example: warroom provider add kominfo --name "SSO Kominfo" --issuer https://sso.example
    --client-id warroom --agency Diskominfo

    Args:
        slug: Its word in addresses, of small letters, digits and hyphens.
        name: What people read on the button.
        issuer: Its address, as its metadata say it.
        client_id: What it calls this installation.
        agency: Short name of an agency whose people it may let in; may be given several times.
        secret: Whether it asks for a secret; `--no-secret` for a public client.
        scope: A scope to ask for beside `openid`; `profile` and `email` if none is given.
        create_people: Make people at their first sign-in.
        role: Role of people made so.
        factor: Value of `amr` or `acr` that counts as a second factor; may be given several times.
        ends_session: Signing out here leads on to its own sign-out.
        json: Print one JSON object.
    """
    shown = ask_secret("Secret: ") if secret else None

    async def work(tools: Tools, tx: Transaction) -> UUID:
        wanted = scope or ["profile", "email"]
        fields: dict[str, Any] = {
            "slug": slug,
            "name": name,
            "issuer": issuer,
            "client_id": client_id,
            "scopes": ["openid", *(word for word in wanted if word != "openid")],
            "agencies": [await api.require_agency_id(tools.scope, tx, short) for short in agency],
            "agency_claim": None,
            "agency_map": {},
            "creates": create_people,
            "default_role": role,
            "groups_claim": None,
            "role_map": {},
            "factor_values": factor or [],
            "ends_session": ends_session,
        }
        return await api.create_provider(tools.scope, tx, fields, shown, **_parts(tools))

    provider_id = _in_one(work)
    say({"id": provider_id}, as_json=json, text=str(provider_id))


@app.command(name="list")
def list_providers(*, json: bool = False) -> None:
    """Lists providers, without their secrets.

    Example: warroom provider list --json

    Args:
        json: Print one JSON object.
    """
    page = _in_one(_page)
    lines = [
        "\t".join(
            [
                item["slug"],
                item["name"],
                item["issuer"],
                f"{item['people']} people",
                "" if item["is_active"] else "(disabled)",
            ]
        ).rstrip()
        for item in page["items"]
    ]
    say(page, as_json=json, text="\n".join(lines))


@app.command(name="disable")
def disable_provider(slug: str, *, json: bool = False) -> None:
    """Lets nobody in by a provider any more, and ends the sessions that it opened.

    Example: warroom provider disable kominfo

    Args:
        slug: Which.
        json: Print one JSON object.
    """

    async def work(tools: Tools, tx: Transaction) -> None:
        found = [item for item in (await _page(tools, tx))["items"] if item["slug"] == slug]
        if not found:
            raise NotFoundError
        changes = {"is_active": False}
        provider_id, version = UUID(found[0]["id"]), found[0]["version"]
        await api.change_provider(
            tools.scope, tx, provider_id, version, changes, None, **_parts(tools)
        )

    _in_one(work)
    say({"slug": slug}, as_json=json, text=f"{slug}: disabled")


async def _page(tools: Tools, tx: Transaction) -> dict[str, Any]:
    page: dict[str, Any] = msgspec.json.decode(await api.list_providers(tools.scope, tx))
    return page


def _parts(tools: Tools) -> dict[str, Any]:
    return {"sealer": tools.services[Sealer], "outbound": tools.services[Outbound]}


def _in_one[T](work: Callable[[Tools, Transaction], Awaitable[T]]) -> T:
    async def in_one(tools: Tools) -> T:
        async with tools.db.transaction(tools.scope) as tx:
            return await work(tools, tx)

    return run(in_one)
