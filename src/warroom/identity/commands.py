"""`warroom agency`, `user` and `grant`: administration from the machine itself.

Whoever can run these owns the installation; what they do is written to the audit chain as done
at the command line.
"""

from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

import cyclopts
import msgspec

from warroom.identity import api
from warroom.kernel import profile
from warroom.kernel.actions import Level, words_of_level
from warroom.kernel.command import Tools, ask_secret, say, transact
from warroom.kernel.db import Transaction
from warroom.kernel.errors import NotFoundError
from warroom.kernel.scope import Scope

agency = cyclopts.App(name="agency", help="Agencies: make and list them.")
user = cyclopts.App(name="user", help="People: make, list and stop them, set their passwords.")
grant = cyclopts.App(name="grant", help="Grants: give actions, list and revoke them.")


@agency.command(name="add")
def add_agency(
    *, name: str, short: str, kind: str = "", place: str | None = None, json: bool = False
) -> None:
    """Makes an agency.

    Example: warroom agency add --name "Dinas Perhubungan" --short Dishub --kind dishub

    Args:
        name: Full name.
        short: Short name, unique among agencies.
        kind: `city`, or another kind that the profile of the city names; its usual one if none.
        place: Area code it works in, 73.71.04.
        json: Print one JSON object.
    """

    async def work(tools: Tools, tx: Transaction) -> UUID:
        return await api.create_agency(
            tools.scope,
            tx,
            api.NewAgency(kind or profile.current().usual_agency_kind, name, short, place),
        )

    agency_id = transact(work)
    say({"id": agency_id}, as_json=json, text=str(agency_id))


@agency.command(name="list")
def list_agencies(*, json: bool = False) -> None:
    """Lists all agencies.

    Example: warroom agency list --json

    Args:
        json: Print one JSON object.
    """

    async def work(tools: Tools, tx: Transaction) -> bytes:
        return await api.list_agencies(tools.scope, tx)

    page = msgspec.json.decode(transact(work))
    lines = [f"{item['short']}\t{item['kind']}\t{item['name']}" for item in page["items"]]
    say(page, as_json=json, text="\n".join(lines))


@user.command(name="add")
def add_user(
    login: str,
    *,
    name: str,
    agency: str | None = None,
    role: list[str] | None = None,
    city: bool = False,
    title: str = "",
    password: bool = False,
    json: bool = False,
) -> None:
    """Makes a person.

    Example: warroom user add rahmat --name "Rahmat Hidayat" --agency Dishub --role operator

    Args:
        login: What they sign in with.
        name: What people call them.
        agency: Short name of their agency; without one they see nothing.
        role: A role; may be given several times.
        city: Let the roles reach the whole city (people of the city's own agencies only).
        title: Their post.
        password: Ask for a password (or read one line of standard input).
        json: Print one JSON object.
    """
    secret = ask_secret("Password: ") if password else None
    reach = "city" if city else "own"

    async def work(tools: Tools, tx: Transaction) -> UUID:
        scope = tools.scope
        agency_id = await api.require_agency_id(scope, tx, agency) if agency else None
        new = api.NewPerson(login, name, agency_id, title, roles=dict.fromkeys(role or (), reach))
        person_id = await api.create_person(scope, tx, new)
        if secret is not None:
            await _set_password(tools, scope, tx, person_id, secret)
        return person_id

    person_id = transact(work)
    say({"id": person_id}, as_json=json, text=str(person_id))


@user.command(name="list")
def list_users(*, json: bool = False) -> None:
    """Lists all people with their agencies and roles.

    Example: warroom user list --json

    Args:
        json: Print one JSON object.
    """

    async def work(tools: Tools, tx: Transaction) -> bytes:
        return await api.list_people(tools.scope, tx, limit=100_000)

    page = msgspec.json.decode(transact(work))
    lines = [
        "\t".join(
            [
                item["login"],
                item["agency"]["short"] if item["agency"] else "-",
                ",".join(f"{held['role']}/{held['reach']}" for held in item["roles"]) or "-",
                item["name"],
                "" if item["is_active"] else "(disabled)",
            ]
        ).rstrip()
        for item in page["items"]
    ]
    say(page, as_json=json, text="\n".join(lines))


@user.command(name="password")
def set_user_password(login: str, *, keep: bool = False, json: bool = False) -> None:
    """Sets a person's password: asked for at the terminal, or one line of standard input.

    Their next sign-in by it leads to its change and to nothing else.

    Example: warroom user password rahmat

    Args:
        login: Whose.
        keep: The person typed it themselves: nobody else knows it, and it may stay.
        json: Print one JSON object.
    """
    secret = ask_secret("Password: ")

    async def work(tools: Tools, tx: Transaction) -> None:
        scope = tools.scope
        person_id = await _person_id(scope, tx, login)
        await _set_password(tools, scope, tx, person_id, secret, must_change=not keep)

    transact(work)
    say({"login": login}, as_json=json, text=f"{login}: password set")


@user.command(name="compromised")
def mark_password(login: str, *, json: bool = False) -> None:
    """Says that somebody else knows a person's password: sessions end, and they must change it.

    Example: warroom user compromised rahmat

    Args:
        login: Whose.
        json: Print one JSON object.
    """

    async def work(tools: Tools, tx: Transaction) -> None:
        scope = tools.scope
        person_id = await _person_id(scope, tx, login)
        minutes = tools.services[api.IdentitySettings].prove_minutes
        await api.mark_compromised(scope, tx, person_id, minutes)

    transact(work)
    say({"login": login}, as_json=json, text=f"{login}: must change the password")


@user.command(name="erase")
def erase_user(login: str, *, reason: str, json: bool = False) -> None:
    """Erases a disabled account for good: a pseudonym stays where others refer to it.

    Example: warroom user erase rahmat --reason "Pensiun 1 November 2026"

    Args:
        login: Whose.
        reason: Why; it stays in the audit.
        json: Print one JSON object.
    """

    async def work(tools: Tools, tx: Transaction) -> dict[str, int]:
        scope = tools.scope
        minutes = tools.services[api.IdentitySettings].prove_minutes
        person_id = await _person_id(scope, tx, login)
        erasers = tools.services[api.Erasers]
        return await api.erase_person(scope, tx, erasers, person_id, reason, minutes)

    gone = transact(work)
    text = ", ".join(f"{count} {word}" for word, count in gone.items())
    say({"deleted": gone}, as_json=json, text=f"erased: {text}")


@user.command(name="disable")
def disable_user(login: str, *, json: bool = False) -> None:
    """Keeps a person from signing in, and ends their sessions and tokens.

    Example: warroom user disable rahmat

    Args:
        login: Whom.
        json: Print one JSON object.
    """

    async def work(tools: Tools, tx: Transaction) -> None:
        scope = tools.scope
        person_id = await _person_id(scope, tx, login)
        content = await api.find_person(scope, tx, person_id)
        version = msgspec.json.decode(content or b"{}")["version"]
        await api.change_person(scope, tx, person_id, version, {"is_active": False}, None)

    transact(work)
    say({"login": login}, as_json=json, text=f"{login}: disabled")


@user.command(name="reset-factors")
def reset_factors(login: str, *, json: bool = False) -> None:
    """Removes a person's passkeys, codes and recovery codes, and ends their sessions.

    Example: warroom user reset-factors rahmat

    Args:
        login: Whose.
        json: Print one JSON object.
    """

    async def work(tools: Tools, tx: Transaction) -> None:
        scope = tools.scope
        person_id = await _person_id(scope, tx, login)
        await api.reset_factors(scope, tx, person_id, 0)

    transact(work)
    say({"login": login}, as_json=json, text=f"{login}: second factors reset")


@user.command(name="bind")
def bind_user(login: str, *, anywhere: bool = False, json: bool = False) -> None:
    """Binds a person to the enrolled workstations, or lets them sign in anywhere again.

    Example: warroom user bind rahmat --anywhere

    Args:
        login: Whom.
        anywhere: Let them sign in anywhere.
        json: Print one JSON object.
    """

    async def work(tools: Tools, tx: Transaction) -> None:
        scope = tools.scope
        person_id = await _person_id(scope, tx, login)
        await api.bind_person(scope, tx, person_id, seats_only=not anywhere)

    transact(work)
    where = "anywhere" if anywhere else "at workstations only"
    say({"login": login, "seats_only": not anywhere}, as_json=json, text=f"{login}: {where}")


@user.command(name="demand")
def demand_of_role(
    role: str,
    *,
    factor: str | None = None,
    grace_days: int | None = None,
    seats_only: bool | None = None,
    json: bool = False,
) -> None:
    """Sets what a role asks of a sign-in; what is left out stays.

    Example: warroom user demand admin_sistem --factor passkey --grace-days 14

    Args:
        role: Which role.
        factor: none, any (second factor) or passkey.
        grace_days: Days from their next sign-in that people have to enrol (0-365).
        seats_only: Whether its people sign in at enrolled workstations alone.
        json: Print one JSON object.
    """
    given = {"factor": factor, "grace_days": grace_days, "seats_only": seats_only}
    changes = {word: value for word, value in given.items() if value is not None}

    async def work(tools: Tools, tx: Transaction) -> None:
        await api.set_role_demand(tools.scope, tx, role, changes)

    transact(work)
    say({"role": role, **changes}, as_json=json, text=f"{role}: {changes}")


@grant.command(name="add")
def add_grant(  # noqa: PLR0913 - the sides of a grant
    *,
    action: list[str] | None = None,
    level: Level | None = None,
    on: str = "camera",
    reason: str,
    user: str | None = None,
    to_agency: str | None = None,
    agency: list[str] | None = None,
    place: list[str] | None = None,
    camera: list[UUID] | None = None,
    tag: list[str] | None = None,
    class_: Annotated[list[str] | None, cyclopts.Parameter(name="--class")] = None,
    deny: bool = False,
    days: float | None = None,
    letter: str = "",
    json: bool = False,
) -> None:
    """Gives actions to a person or an agency, or takes them away.

    Example: warroom grant add --to-agency Kejari --action recording:view --agency Dishub
    --place 73.71.04 --days 14 --letter B-112/2026 --reason "Perkara 41"

    Args:
        action: An action word; may be given several times.
        level: view, operate, manage or configure: what each means on a kind of things.
        on: The kind of things that the level is given on: camera, unit, road, wall ...
        reason: Why.
        user: Login of the person it is given to.
        to_agency: Short name of the agency it is given to.
        agency: Short name of an agency whose things are meant; none means all.
        place: Area code of things that are meant.
        camera: Id of a single thing that is meant.
        tag: Tag of things that are meant.
        class_: Class of things that are meant, as a camera's retention class.
        deny: Take away instead of giving.
        days: Days until it ends.
        letter: Number of the letter.
        json: Print one JSON object.
    """

    async def work(tools: Tools, tx: Transaction) -> UUID:
        scope = tools.scope
        owners = [await api.require_agency_id(scope, tx, short) for short in agency or ()]
        new = api.NewGrant(
            (*(action or ()), *(words_of_level(level, on) if level else ())),
            reason,
            person_id=await _person_id(scope, tx, user) if user else None,
            to_agency_id=await api.require_agency_id(scope, tx, to_agency) if to_agency else None,
            agencies=tuple(owners) or None,
            places=tuple(place or ()) or None,
            objects=tuple(camera or ()) or None,
            tags=tuple(tag or ()) or None,
            classes=tuple(class_ or ()) or None,
            deny=deny,
            ends_at=scope.at + timedelta(days=days) if days else None,
            letter=letter,
        )
        return await api.create_grant(scope, tx, new)

    grant_id = transact(work)
    say({"id": grant_id}, as_json=json, text=str(grant_id))


@grant.command(name="explain")
def explain_grant(user: str, action: str, thing: str, *, json: bool = False) -> None:
    """Tells why a person may, or may not, do something to a thing.

    Example: warroom grant explain rahmat live:view 17

    Args:
        user: Login or id of the person.
        action: Action word.
        thing: Number of a camera, name of a unit, seat, layout or program, number of a request,
            short name of an agency, login of a person, or the id of any thing.
        json: Print one JSON object.
    """

    async def work(tools: Tools, tx: Transaction) -> dict[str, Any]:
        return await api.explain_right(
            tools.scope,
            tx,
            tools.services[api.Finders],
            person=user,
            action=action,
            thing=thing,
        )

    told = transact(work)
    say(told, as_json=json, text="\n".join(_explained(told)))


def _explained(told: dict[str, Any]) -> list[str]:
    lines = [
        f"{told['person']['name']} {'may' if told['allowed'] else 'may NOT'} {told['action']}"
        f" on {told['thing']['kind']} {told['thing']['label']}"
    ]
    if told["blocked"]:
        lines.append(f"blocked: {told['blocked']}")
    for right in told["rights"]:
        role, grant = right["role"], right["grant"]
        if role:
            what = f"role {role['label'] or role['name']} ({role['reach']})"
            if role["given_at"]:
                day = role["given_at"].date().isoformat()
                what += f" given by {role['given_by'] or '-'} on {day}"
        elif grant:
            what = f"grant {grant['id']} by {grant['created_by'] or '-'}: {grant['reason']}"
        else:
            what = "a grant that you may not see"
        effect = "denies" if right["deny"] else "allows"
        fails = f", but not by its {', '.join(right['misses'])}" if right["misses"] else ""
        until = f", until {right['until'].isoformat()}" if right["until"] else ""
        lines.append(f"{effect}: {what}{until}{fails}")
    if told["needed"]:
        names = ", ".join(role["label"] or role["name"] for role in told["needed"]["roles"])
        lines.append(f"needed: {told['action']} on its owner's things, as in: {names}")
    return lines


@grant.command(name="list")
def list_grants(*, ended: bool = False, json: bool = False) -> None:
    """Lists grants, newest first.

    Example: warroom grant list --json

    Args:
        ended: Also those that are over or revoked.
        json: Print one JSON object.
    """

    async def work(tools: Tools, tx: Transaction) -> bytes:
        return await api.list_grants(tools.scope, tx, limit=100_000, with_ended=ended)

    page = msgspec.json.decode(transact(work))
    lines = [
        "\t".join(
            [
                item["id"],
                "deny" if item["deny"] else "allow",
                (item["person"] or item["to_agency"])["name"],
                ",".join(item["actions"]),
                item["ends_at"] or "-",
                item["reason"],
            ]
        )
        for item in page["items"]
    ]
    say(page, as_json=json, text="\n".join(lines))


@grant.command(name="revoke")
def revoke_grant(grant_id: UUID, *, json: bool = False) -> None:
    """Ends a grant now.

    Example: warroom grant revoke 0199e9f0-0000-7000-8000-000000000000

    Args:
        grant_id: Which.
        json: Print one JSON object.
    """

    async def work(tools: Tools, tx: Transaction) -> None:
        await api.revoke_grant(tools.scope, tx, grant_id)

    transact(work)
    say({"id": grant_id}, as_json=json, text=f"{grant_id}: revoked")


async def _person_id(scope: Scope, tx: Any, login: str) -> UUID:
    found = await api.find_person_id(scope, tx, login)
    if found is None:
        raise NotFoundError
    return found


async def _set_password(
    tools: Tools,
    scope: Scope,
    tx: Any,
    person_id: UUID,
    secret: str,
    *,
    must_change: bool = True,
) -> None:
    least = tools.services[api.IdentitySettings].password_min_length
    passwords = tools.services[api.Passwords]
    await api.set_password(scope, tx, person_id, secret, passwords, least, must_change=must_change)
