"""`warroom application` and `warroom token`: programs of agencies, and tokens for scripts."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import cyclopts
import msgspec

from warroom.identity import api
from warroom.kernel.command import Tools, run, say, transact
from warroom.kernel.db import Transaction
from warroom.kernel.errors import NotFoundError
from warroom.kernel.scope import Scope

application = cyclopts.App(name="application", help="Service accounts of agencies' programs.")
token = cyclopts.App(name="token", help="API tokens for scripts and programs.")


@application.command(name="add")
def add_application(
    *,
    name: str,
    agency: str,
    action: list[str],
    purpose: str = "",
    place: list[str] | None = None,
    tag: list[str] | None = None,
    city: bool = False,
    with_grants: bool = False,
    json: bool = False,
) -> None:
    """Makes a service account; its tokens are made with `warroom token create --application`.

    Example: warroom application add --name "Peta Macet" --agency Dishub --action camera:view

    Args:
        name: What people call the program.
        agency: Short name of the agency that it belongs to.
        action: An action word it may use; may be given several times.
        purpose: What it is for.
        place: Area code it is limited to; may be given several times.
        tag: Tag of things it is limited to; may be given several times.
        city: Let it reach the whole city (the city's own agencies only).
        with_grants: Let it use, within its actions, what was granted to its agency.
        json: Print one JSON object.
    """

    async def work(tools: Tools, tx: Transaction) -> UUID:
        scope = tools.scope
        new = api.NewApplication(
            await api.require_agency_id(scope, tx, agency),
            name,
            tuple(_words(action) or ()),
            purpose,
            "city" if city else "own",
            places=tuple(place or ()) or None,
            tags=tuple(tag or ()) or None,
            with_grants=with_grants,
        )
        return await api.create_application(scope, tx, new)

    account_id = transact(work)
    say({"id": account_id}, as_json=json, text=str(account_id))


@application.command(name="list")
def list_applications(*, json: bool = False) -> None:
    """Lists service accounts with their tokens.

    Example: warroom application list --json

    Args:
        json: Print one JSON object.
    """

    async def work(tools: Tools, tx: Transaction) -> bytes:
        return await api.list_applications(tools.scope, tx)

    page = msgspec.json.decode(transact(work))
    lines = [
        "\t".join(
            [
                item["id"],
                item["agency"]["short"],
                item["name"],
                ",".join(item["actions"]),
                f"{len(item['tokens'])} tokens" if item["is_active"] else "(disabled)",
            ]
        )
        for item in page["items"]
    ]
    say(page, as_json=json, text="\n".join(lines))


@application.command(name="disable")
def disable_application(name: str, *, json: bool = False) -> None:
    """Stops a service account and ends its tokens at once.

    Example: warroom application disable "Peta Macet"

    Args:
        name: Name or id.
        json: Print one JSON object.
    """

    async def work(tools: Tools, tx: Transaction) -> None:
        scope = tools.scope
        account_id = await _application_id(scope, tx, name)
        content = await api.find_application(scope, tx, account_id)
        version = msgspec.json.decode(content or b"{}")["version"]
        await api.change_application(scope, tx, account_id, version, {"is_active": False})

    transact(work)
    say({"name": name}, as_json=json, text=f"{name}: disabled")


@token.command(name="create")
def create_token(
    *,
    user: str | None = None,
    application: str | None = None,
    actions: list[str] | None = None,
    days: int = 30,
    name: str = "cli",
    address: list[str] | None = None,
    per_minute: int | None = None,
    json: bool = False,
) -> None:
    """Makes an API token for a person or a program; its secret is printed once and kept nowhere.

    Example: warroom token create --user rahmat --actions camera:view --days 7 --json

    Args:
        user: Login of the person the script acts for.
        application: Name or id of the service account, in place of a person.
        actions: Action words it is limited to; may be given several times.
        days: Days until it ends.
        name: What it is for.
        address: Network it may be used from, 10.20.0.0/16; may be given several times.
        per_minute: Requests a minute; without it what the settings say.
        json: Print one JSON object.
    """
    terms = api.TokenTerms(
        name,
        days,
        None if (words := _words(actions)) is None else tuple(words),
        tuple(address or ()),
        per_minute,
    )

    async def work(tools: Tools, tx: Transaction) -> api.CreatedToken:
        scope = tools.scope
        if application is not None and user is None:
            account_id = await _application_id(scope, tx, application)
            return await api.create_application_token(scope, tx, account_id, terms)
        if user is None or application is not None:
            raise api.TokenOwnerError
        return await api.create_token(scope, tx, login=user, terms=terms)

    _say_once(transact(work), as_json=json)


@token.command(name="list")
def list_tokens(*, json: bool = False) -> None:
    """Lists all tokens that are not revoked: whose, until when, and when and whence last used.

    Example: warroom token list --json

    Args:
        json: Print one JSON object.
    """

    async def work(tools: Tools) -> list[Any]:
        scope = tools.scope
        async with tools.db.transaction(scope) as tx:
            lists = (
                await api.list_tokens(scope, tx),
                await api.list_program_tokens(scope, tx),
            )
        return [item for content in lists for item in msgspec.json.decode(content)["items"]]

    items = run(work)
    lines = [
        "\t".join(
            [
                item["id"],
                (item["person"] or item["application"])["name"],
                item["name"],
                item["expires_at"],
                item["last_used_at"] or "-",
                item["last_address"] or "-",
                item["last_route"] or "-",
            ]
        )
        for item in items
    ]
    page = {"items": items, "total": len(items), "next": None}
    say(page, as_json=json, text="\n".join(lines))


@token.command(name="rotate")
def rotate_token(
    token_id: UUID, *, overlap_hours: float = 24, days: int | None = None, json: bool = False
) -> None:
    """Makes a new token beside an old one, which ends after the overlap.

    Example: warroom token rotate 0199e9f0-0000-7000-8000-000000000000 --overlap-hours 48

    Args:
        token_id: The old token.
        overlap_hours: Hours for which both are in force; 0 ends the old one now.
        days: Days until the new one ends; as long as the old one, if not given.
        json: Print one JSON object.
    """

    async def work(tools: Tools, tx: Transaction) -> api.CreatedToken:
        return await api.rotate_token(
            tools.scope,
            tx,
            token_id,
            overlap=timedelta(hours=max(0.0, overlap_hours)),
            lasts=None if days is None else timedelta(days=days),
        )

    _say_once(transact(work), as_json=json)


@token.command(name="revoke")
def revoke_token(token_id: UUID, *, json: bool = False) -> None:
    """Ends a token at once.

    Example: warroom token revoke 0199e9f0-0000-7000-8000-000000000000

    Args:
        token_id: Which.
        json: Print one JSON object.
    """

    async def work(tools: Tools, tx: Transaction) -> None:
        await api.revoke_token(tools.scope, tx, token_id)

    transact(work)
    say({"id": token_id}, as_json=json, text=f"{token_id}: revoked")


def _words(groups: list[str] | None) -> list[str] | None:
    return [word for group in groups or () for word in group.split(",")] or None


def _say_once(made: api.CreatedToken, *, as_json: bool) -> None:
    body = {"id": made.id, "token": made.token, "expires_at": made.expires_at}
    say(body, as_json=as_json, text=made.token)


async def _application_id(scope: Scope, tx: Any, name: str) -> UUID:
    try:
        return UUID(name)
    except ValueError:
        found = await api.find_application_id(scope, tx, name)
    if found is None:
        raise NotFoundError
    return found
