"""`warroom setup`: the first settings, the first agency and the first administrator of a city.

It asks, or reads its answers from a TOML file. What is answered is written into the settings file,
whose comments and other entries stay; a second run shows what is there as the answer to keep, and
makes no agency or person twice.
"""

import os
import secrets
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec
import psycopg
import tomlkit

from warroom.app.node import open_node, provider
from warroom.identity import api as identity
from warroom.kernel import profile
from warroom.kernel.command import Tools, say
from warroom.kernel.db import Transaction
from warroom.kernel.errors import InvalidError
from warroom.kernel.i18n import language_of_terminal, text
from warroom.kernel.settings import Configuration, NodeSettings

ROLE = "admin_sistem"
OLDEST_POSTGRES = 170_000
_PASSWORD_BYTES = 18


class AnswerError(InvalidError):
    """An answer cannot be taken (`question`, `problem`)."""

    code = "app.setup_answer"


class Answers(msgspec.Struct, forbid_unknown_fields=True):
    """What `setup` asks for; the names are those of an answers file.

    Attributes:
        profile: Name or folder of the city's profile; empty keeps the neutral one.
        city: Name of the city; by default that of the profile.
        zone: Its time zone (IANA); likewise.
        node: Name of this machine among the city's nodes.
        public_url: Address that people open, with https; empty where there is none yet.
        database_url: libpq connection string of `warroom_app`; empty takes the PostgreSQL that
            comes with the product.
        database_owner_url: The same of `warroom_owner`.
        agency: Name of the agency that runs the system.
        agency_short: Its short name.
        admin_login: What the first administrator signs in with.
        admin_name: What people call them.
    """

    profile: str = ""
    city: str = ""
    zone: str = ""
    node: str = "rec-1"
    public_url: str = ""
    database_url: str = ""
    database_owner_url: str = ""
    agency: str = ""
    agency_short: str = ""
    admin_login: str = "admin"
    admin_name: str = ""


_PLACES = {
    "city": ("city", "name"),
    "zone": ("city", "zone"),
    "profile": ("warroom", "profile"),
    "node": ("warroom", "node"),
    "public_url": ("identity", "public_url"),
    "database_url": ("warroom", "database_url"),
    "database_owner_url": ("warroom", "database_owner_url"),
}
"""Where an answer stands in the settings file; the others are rows of the database."""
_OPTIONAL = {"profile", "public_url", "database_url", "database_owner_url"}


@dataclass(frozen=True, slots=True)
class Made:
    """What the database holds afterwards.

    Attributes:
        has_new_agency: Whether the agency was made now.
        password: One-time password of an administrator who was made now; None for one who was
            there.
    """

    has_new_agency: bool
    password: str | None


def setup(*, answers: Path | None = None, json: bool = False) -> None:
    """Asks for the city, its database and its first administrator, and puts them in place.

    The administrator signs in with a password that is shown once, and must change it then.

    Example: warroom setup --answers city.toml

    Args:
        answers: TOML file with the answers, in place of questions at the terminal.
        json: Print one JSON object.

    Raises:
        AnswerError: An answer of the file cannot be taken.
    """
    path = _settings_file()
    document = tomlkit.parse(path.read_text("utf-8")) if path.exists() else tomlkit.document()
    known = _known(document)
    given = _ask_all(known) if answers is None else _read(answers, known)
    for question in Answers.__struct_fields__:
        _check(question, getattr(given, question))
    _check_database(given)
    _write(path, document, given)
    os.environ["WARROOM_CONFIG"] = str(path)
    made = _populate(given)
    body = {
        "config": str(path),
        "agency": given.agency_short,
        "agency_made": made.has_new_agency,
        "login": given.admin_login,
        "password": made.password,
        "address": given.public_url or None,
    }
    language = language_of_terminal()
    lines = [text(language, "app.setup_written", path=str(path))]
    if made.password is None:
        lines.append(text(language, "app.setup_admin_is_there", login=given.admin_login))
    else:
        lines.append(
            text(language, "app.setup_admin", login=given.admin_login, password=made.password)
        )
    say(body, as_json=json, text="\n".join(lines))


def _settings_file() -> Path:
    """The file that the next process reads its settings from."""
    named = os.environ.get("WARROOM_CONFIG")
    if named:
        return Path(named)
    return Configuration({}, os.environ).section(NodeSettings).data / "warroom.toml"


def _known(document: tomlkit.TOMLDocument) -> Answers:
    said = document.unwrap()
    values = {
        question: value
        for question, (section, word) in _PLACES.items()
        if isinstance(value := said.get(section, {}).get(word), str)
    }
    return msgspec.convert(values, Answers)


def _read(path: Path, known: Answers) -> Answers:
    try:
        said = tomlkit.parse(path.read_text("utf-8")).unwrap()
        given = msgspec.convert(msgspec.to_builtins(known) | said, Answers)
        return _with_profile(given, given.profile) if _is_profile(given.profile) else given
    except (OSError, UnicodeDecodeError, tomlkit.exceptions.TOMLKitError) as error:
        raise AnswerError(question=str(path), problem=str(error)) from error
    except msgspec.ValidationError as error:
        raise AnswerError(question=str(path), problem=str(error)) from error


def _ask_all(known: Answers) -> Answers:
    """Every answer from the terminal; one that cannot be taken is asked for again."""
    values: dict[str, str] = {}
    # What a profile knows (its city's name and zone) is the answer offered for what follows it.
    for question in Answers.__struct_fields__:
        if question == "database_owner_url" and not values["database_url"]:
            continue
        values[question] = _ask(question, getattr(known, question))
        if question == "profile":
            known = _with_profile(known, values[question])
    return msgspec.convert(msgspec.to_builtins(known) | values, Answers)


def _with_profile(known: Answers, name: str) -> Answers:
    """Name and zone of the profile's city, where nothing else is known of them."""
    city = profile.load(name, Path(os.environ.get("WARROOM_HOME", ""))).sections.get("city", {})
    return msgspec.structs.replace(
        known,
        city=known.city or str(city.get("name", "")),
        zone=known.zone or str(city.get("zone", "")),
    )


def _ask(question: str, kept: str) -> str:
    language = language_of_terminal()
    shown = "***" if question.startswith("database") and kept else kept
    while True:
        sys.stderr.write(f"{text(language, f'app.setup_{question}')} [{shown}]: ")
        sys.stderr.flush()
        line = sys.stdin.readline()
        if not line:
            raise AnswerError(question=question, problem=text(language, "app.setup_no_answer"))
        answer = line.strip() or kept
        try:
            _check(question, answer)
        except AnswerError as error:
            told = text(language, f"error.{error.code}", **error.params)
            sys.stderr.write(told + "\n")
            continue
        return answer


def _check(question: str, answer: str) -> None:
    """Refuses an answer that cannot work.

    Raises:
        AnswerError: With what is wrong.
    """
    checks: dict[str, Callable[[str], bool]] = {
        "zone": _is_zone,
        "public_url": _is_public_url,
        "profile": _is_profile,
    }
    language = language_of_terminal()
    if not answer:
        if question in _OPTIONAL:
            return
        raise AnswerError(question=question, problem=text(language, "app.setup_no_answer"))
    if question in checks and not checks[question](answer):
        problem = text(language, f"app.setup_wrong_{question}", answer=answer)
        raise AnswerError(question=question, problem=problem)


def _is_zone(answer: str) -> bool:
    try:
        ZoneInfo(answer)
    except (KeyError, ValueError, OSError):  # unknown, a path, a folder
        return False
    return True


def _is_public_url(answer: str) -> bool:
    parts = urlsplit(answer)
    is_bare = parts.path in {"", "/"} and not parts.query and "@" not in parts.netloc
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and is_bare


def _is_profile(answer: str) -> bool:
    try:
        profile.load(answer, Path(os.environ.get("WARROOM_HOME", "")))
    except profile.ProfileError:
        return False
    return True


def _check_database(given: Answers) -> None:
    """Makes sure that a database elsewhere takes both roles, and is new enough.

    Raises:
        AnswerError: One address is missing, the server is too old, or the role is a superuser.
    """
    if not given.database_url:
        return
    language = language_of_terminal()
    if not given.database_owner_url:
        problem = text(language, "app.setup_no_answer")
        raise AnswerError(question="database_owner_url", problem=problem)
    for question in ("database_url", "database_owner_url"):
        with psycopg.connect(getattr(given, question), connect_timeout=10) as connection:
            row = connection.execute(
                "select current_setting('server_version_num')::int, rolsuper or rolbypassrls"
                " from pg_roles where rolname = current_user"
            ).fetchone()
        version, is_superuser = row or (0, True)
        if version < OLDEST_POSTGRES:
            problem = text(language, "app.setup_old_postgres", version=str(version // 10_000))
            raise AnswerError(question=question, problem=problem)
        if is_superuser:
            raise AnswerError(question=question, problem=text(language, "app.setup_superuser"))


def _write(path: Path, document: tomlkit.TOMLDocument, given: Answers) -> None:
    """Puts the answers into the settings file; its comments and other entries stay."""
    for question, (section, word) in _PLACES.items():
        value: str = getattr(given, question)
        table: Any = document.get(section)
        if not value and (table is None or word not in table):
            continue
        if table is None:
            table = tomlkit.table()
            document[section] = table
        table[word] = value
    content = tomlkit.dumps(document)
    if path.exists() and path.read_text("utf-8") == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o600
    new = path.with_name(f".{path.name}.new")
    handle = os.open(new, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as writing:
        writing.write(content)
    new.chmod(mode)
    new.replace(path)


def _populate(given: Answers) -> Made:
    """Brings the schema up and makes agency and administrator where they are missing."""
    import asyncio  # noqa: PLC0415 - after the questions

    from warroom.app.wiring import services  # noqa: PLC0415 - decision 51

    node = open_node()

    async def work() -> Made:
        async with (
            provider(node, services)() as tools,
            tools.db.transaction(tools.scope) as tx,
        ):
            return await _ensure(tools, tx, given)

    return asyncio.run(work())


async def _ensure(tools: Tools, tx: Transaction, given: Answers) -> Made:
    scope = tools.scope
    listed = msgspec.json.decode(await identity.list_agencies(scope, tx))["items"]
    has_agency = any(item["short"] == given.agency_short for item in listed)
    if not has_agency:
        new = identity.NewAgency("city", given.agency, given.agency_short, None)
        await identity.create_agency(scope, tx, new)
    if await identity.find_person_id(scope, tx, given.admin_login) is not None:
        return Made(not has_agency, None)
    agency_id = await identity.require_agency_id(scope, tx, given.agency_short)
    person = identity.NewPerson(
        given.admin_login, given.admin_name, agency_id, "", roles={ROLE: "city"}
    )
    person_id = await identity.create_person(scope, tx, person)
    password = secrets.token_urlsafe(_PASSWORD_BYTES)
    least = tools.services[identity.IdentitySettings].password_min_length
    passwords = tools.services[identity.Passwords]
    await identity.set_password(scope, tx, person_id, password, passwords, least, must_change=True)
    return Made(not has_agency, password)
