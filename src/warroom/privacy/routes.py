"""Addresses of `privacy`: read the request, call `api`, answer."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.responses import Response

from warroom.identity.api import CitySettings
from warroom.kernel.http import Ctx, Language, Router, json_response
from warroom.kernel.limits import Cost
from warroom.kernel.realtime import Topic
from warroom.privacy import api
from warroom.privacy.contracts import (
    ANSWER,
    CHANGED,
    CONFIGURE,
    OVERDUE,
    VIEW,
    CaseDraft,
    Registry,
    Subject,
    SubjectKind,
)

router = Router("privacy")

TOPICS = (Topic(CHANGED, ANSWER), Topic(OVERDUE, ANSWER))

PURPOSE_WORDS = (
    *("key", "name", "basis", "data", "subjects", "recipients", "receiving", "retention", "stored"),
    *("measures", "owner", "contact", "version", "changed_at", "changed_by"),
)
DELETION_WORDS = (
    *("day", "store", "class", "rule", "thing_id", "count", "bytes", "first_at", "last_at"),
    *("began_at", "ended_at", "sealed_at"),
)

type Sentence = Annotated[str, Field(min_length=3, max_length=2000)]
type Line = Annotated[str, Field(min_length=1, max_length=300)]
type Key = Annotated[str, Field(pattern=r"^[a-z0-9_.]{1,80}$")]
type RecordKind = Literal["purpose", "retention"]
type Cursor = Annotated[int, Query(ge=1, le=500)]


class Body(BaseModel):
    """A body without words that nobody knows."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class RecordBody(Body):
    """The next version of a purpose or a retention class."""

    version: Annotated[int, Field(ge=0)]
    reason: Sentence
    body: dict[Annotated[str, Field(max_length=40)], Annotated[str, Field(max_length=2000)] | None]
    days: Annotated[float, Field(gt=0, le=36_600)] | None = None


class CaseBody(Body):
    """Somebody asks about themselves."""

    agency_id: UUID | None = None
    asker: Line
    identified_by: Line
    wants: Annotated[list[Literal["access", "correction", "deletion"]], Field(min_length=1)]
    kind: SubjectKind
    value: Line
    from_at: AwareDatetime | None = None
    to_at: AwareDatetime | None = None
    received_at: AwareDatetime | None = None


class DecisionBody(Body):
    """What becomes of a wish at one store."""

    wish: Literal["correction", "deletion"]
    source: Key
    reason: Sentence
    exception: Key | None = None
    changes: dict[Literal["name", "title"], Line] | None = None


class EndBody(Body):
    """A case is answered, or refused by an exception."""

    reason: Sentence
    exception: Key | None = None


class BreachBody(Body):
    """A failure of protection was found."""

    agency_id: UUID | None = None
    title: Line
    found_at: AwareDatetime | None = None
    body: dict[Key, Annotated[str, Field(max_length=4000)]] = {}


class BreachChange(Body):
    """What is known of it now."""

    version: int
    body: dict[Key, Annotated[str, Field(max_length=4000)]] | None = None
    subjects_at: AwareDatetime | None = None
    authority_at: AwareDatetime | None = None
    to: Literal["assessed", "notified", "not_required", "closed"] | None = None
    reason: Annotated[str, Field(max_length=2000)] = ""


@router.get("/purposes", action=VIEW)
async def list_purposes(ctx: Ctx, agency: UUID | None = None) -> Response:
    """The record of processing of an agency (Pasal 31)."""
    return json_response({"items": await _purposes(ctx, agency), "next": None})


@router.get("/purposes.csv", action=VIEW, cost=Cost.EXPORT)
async def export_purposes(ctx: Ctx, agency: UUID | None = None) -> Response:
    """The record of processing as CSV."""
    rows = await _purposes(ctx, agency)
    return _file(api.as_csv(rows, PURPOSE_WORDS), "text/csv", "pemrosesan.csv")


@router.get("/purposes.html", action=VIEW, cost=Cost.EXPORT)
async def print_purposes(
    ctx: Ctx, agency: UUID | None = None, language: Language | None = None
) -> Response:
    """The record of processing as a page to be printed."""
    frame = _frame(ctx, language)
    rows = await _purposes(ctx, agency, frame.language)
    return _page(api.print_processing(frame, rows))


@router.get("/retention", action=VIEW)
async def list_retention(ctx: Ctx, agency: UUID | None = None) -> Response:
    """Retention classes with their legal basis; those without are findings."""
    registry = ctx.services[Registry]
    async with ctx.db.transaction(ctx.scope) as tx:
        return json_response(
            await api.list_retention(ctx.scope, tx, registry, agency, ctx.language)
        )


@router.get("/records/{kind}/{key}/versions", action=VIEW)
async def list_versions(
    ctx: Ctx, kind: RecordKind, key: Key, agency: UUID | None = None
) -> Response:
    """Who changed a record when, why, and to what."""
    async with ctx.db.transaction(ctx.scope) as tx:
        items = await api.list_versions(ctx.scope, tx, agency, kind, key)
    return json_response({"items": items, "next": None})


@router.put("/records/{kind}/{key}", action=CONFIGURE)
async def save_record(
    ctx: Ctx, kind: RecordKind, key: Key, body: RecordBody, agency: UUID | None = None
) -> Response:
    """Writes the next version of a record."""
    words: dict[str, Any] = {word: value or "" for word, value in body.body.items()}
    if body.days is not None:
        words["days"] = body.days
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.save_record(
            ctx.scope,
            tx,
            agency,
            kind,
            key,
            body=words,
            version=body.version,
            reason=body.reason,
        )
    return json_response({"key": key, "version": body.version + 1})


@router.get("/deletions", action=VIEW)
async def list_deletions(
    ctx: Ctx,
    since: date | None = None,
    until: date | None = None,
    cursor: UUID | None = None,
    limit: Cursor = 200,
) -> Response:
    """What was deleted, when, and by which rule; the last 31 days if not said."""
    days = _days(ctx.clock.now(), since, until)
    async with ctx.db.transaction(ctx.scope) as tx:
        page = await api.list_deletions(ctx.scope, tx, *days, after=cursor, limit=limit)
    return json_response(page)


@router.get("/deletions.csv", action=VIEW, cost=Cost.EXPORT)
async def export_deletions(
    ctx: Ctx, since: date | None = None, until: date | None = None
) -> Response:
    """What was deleted as CSV; fifty thousand rows at most."""
    days = _days(ctx.clock.now(), since, until)
    async with ctx.db.transaction(ctx.scope) as tx:
        page = await api.list_deletions(ctx.scope, tx, *days, limit=50_000)
    return _file(api.as_csv(page["items"], DELETION_WORDS), "text/csv", "terhapus.csv")


@router.get("/waiting", action=ANSWER)
async def count_waiting(ctx: Ctx) -> Response:
    """How many requests of people and failures of protection wait for an answer."""
    async with ctx.db.transaction(ctx.scope) as tx:
        return json_response(await api.count_waiting(ctx.scope, tx))


@router.get("/cases", action=VIEW)
async def list_cases(ctx: Ctx, cursor: UUID | None = None, limit: Cursor = 100) -> Response:
    """What people asked about themselves, newest first, with their deadlines."""
    async with ctx.db.transaction(ctx.scope) as tx:
        return json_response(await api.list_cases(ctx.scope, tx, after=cursor, limit=limit))


@router.post("/cases", action=ANSWER)
async def register_case(ctx: Ctx, body: CaseBody) -> Response:
    """Writes down that somebody asks; the clock of 3 x 24 hours runs."""
    draft = CaseDraft(
        body.agency_id,
        body.asker,
        body.identified_by,
        tuple(body.wants),
        Subject(body.kind, body.value, body.from_at, body.to_at),
        body.received_at or ctx.scope.at,
    )
    keeper = ctx.services[api.SubjectKeeper]
    async with ctx.db.transaction(ctx.scope) as tx:
        case_id = await api.register_case(ctx.scope, tx, keeper, draft)
    return json_response({"id": case_id}, 201)


@router.get("/cases/{case_id}", action=VIEW)
async def get_case(ctx: Ctx, case_id: UUID) -> Response:
    """One case; with the report for who may answer it."""
    return json_response(await _case(ctx, case_id))


@router.get("/cases/{case_id}/report.html", action=ANSWER, cost=Cost.EXPORT)
async def print_case(ctx: Ctx, case_id: UUID, language: Language | None = None) -> Response:
    """The answer as a page to be printed."""
    return _page(api.print_case(_frame(ctx, language), await _case(ctx, case_id, language)))


@router.get("/cases/{case_id}/report.json", action=ANSWER, cost=Cost.EXPORT)
async def export_case(ctx: Ctx, case_id: UUID) -> Response:
    """The answer as JSON, to be handed over (Pasal 13: a form that machines read)."""
    answer = json_response(await _case(ctx, case_id))
    answer.headers["content-disposition"] = 'attachment; filename="jawaban.json"'
    return answer


@router.post("/cases/{case_id}/search", action=ANSWER, cost=Cost.EXPORT)
async def search_case(ctx: Ctx, case_id: UUID) -> Response:
    """Looks for the person in every store."""
    keeper, registry = ctx.services[api.SubjectKeeper], ctx.services[Registry]
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.search_case(ctx.scope, tx, keeper, registry, case_id)
    return json_response(await _case(ctx, case_id))


@router.post("/cases/{case_id}/decisions", action=ANSWER)
async def decide_wish(ctx: Ctx, case_id: UUID, body: DecisionBody) -> Response:
    """Carries a wish out in one store, or refuses it."""
    keeper, registry = ctx.services[api.SubjectKeeper], ctx.services[Registry]
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.decide_wish(
            ctx.scope,
            tx,
            keeper,
            registry,
            case_id,
            wish=body.wish,
            source=body.source,
            reason=body.reason,
            exception=body.exception,
            changes={str(word): value for word, value in (body.changes or {}).items()},
        )
    return json_response(await _case(ctx, case_id))


@router.post("/cases/{case_id}/end", action=ANSWER)
async def end_case(ctx: Ctx, case_id: UUID, body: EndBody) -> Response:
    """Answers or refuses a case."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.end_case(ctx.scope, tx, case_id, reason=body.reason, exception=body.exception)
    return json_response(await _case(ctx, case_id))


@router.get("/overdue", action=ANSWER)
async def list_overdue(ctx: Ctx) -> Response:
    """Cases and breaches past their deadline that wait for the asker: for the alarms of a page."""
    async with ctx.db.transaction(ctx.scope) as tx:
        found = await api.list_overdue(ctx.scope, tx)
    return json_response({"items": found, "total": len(found), "next": None})


@router.get("/breaches", action=VIEW)
async def list_breaches(ctx: Ctx, cursor: UUID | None = None, limit: Cursor = 100) -> Response:
    """The register of failures of protection, newest first."""
    async with ctx.db.transaction(ctx.scope) as tx:
        return json_response(await api.list_breaches(ctx.scope, tx, after=cursor, limit=limit))


@router.post("/breaches", action=ANSWER)
async def register_breach(ctx: Ctx, body: BreachBody) -> Response:
    """Writes a failure down; the clock of 3 x 24 hours runs."""
    found_at = body.found_at or ctx.scope.at
    async with ctx.db.transaction(ctx.scope) as tx:
        breach_id = await api.register_breach(
            ctx.scope, tx, body.agency_id, body.title, found_at, dict(body.body)
        )
    return json_response({"id": breach_id}, 201)


@router.get("/breaches/{breach_id}", action=VIEW)
async def get_breach(ctx: Ctx, breach_id: UUID) -> Response:
    """One failure, with the text of its notice."""
    return json_response(await _breach(ctx, breach_id))


@router.get("/breaches/{breach_id}/notice.html", action=VIEW, cost=Cost.EXPORT)
async def print_notice(ctx: Ctx, breach_id: UUID, language: Language | None = None) -> Response:
    """The notice as a page to be printed."""
    frame = _frame(ctx, language)
    found = await _breach(ctx, breach_id, frame.language)
    title = frame.say("print.notice", number=found["number"])
    return _page(api.print_text(frame, title, found["notice"]))


@router.patch("/breaches/{breach_id}", action=ANSWER)
async def change_breach(ctx: Ctx, breach_id: UUID, body: BreachChange) -> Response:
    """Writes what is known now, and moves it on."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.change_breach(
            ctx.scope,
            tx,
            breach_id,
            body.version,
            body=dict(body.body) if body.body is not None else None,
            subjects_at=body.subjects_at,
            authority_at=body.authority_at,
            to=body.to,
            reason=body.reason,
        )
    return json_response(await _breach(ctx, breach_id))


@router.get("/assessment", action=VIEW)
async def get_assessment(ctx: Ctx, agency: UUID | None = None) -> Response:
    """The assessment of impact, filled from what is in force (Pasal 34)."""
    return json_response(await _assessment(ctx, agency))


@router.get("/assessment.md", action=VIEW, cost=Cost.EXPORT)
async def export_assessment(
    ctx: Ctx, agency: UUID | None = None, language: Language | None = None
) -> Response:
    """The assessment as Markdown, to be finished by people."""
    text = api.as_markdown(await _assessment(ctx, agency, language), language or ctx.language)
    return _file(text, "text/markdown", "penilaian-dampak.md")


@router.get("/assessment.html", action=VIEW, cost=Cost.EXPORT)
async def print_assessment(
    ctx: Ctx, agency: UUID | None = None, language: Language | None = None
) -> Response:
    """The assessment as a page to be printed."""
    frame = _frame(ctx, language)
    text = api.as_markdown(await _assessment(ctx, agency, language), frame.language)
    return _page(api.print_markdown(frame, text))


async def _purposes(
    ctx: Ctx, agency: UUID | None, language: str | None = None
) -> list[dict[str, Any]]:
    registry = ctx.services[Registry]
    async with ctx.db.transaction(ctx.scope) as tx:
        return await api.list_purposes(ctx.scope, tx, registry, agency, language or ctx.language)


async def _case(ctx: Ctx, case_id: UUID, language: str | None = None) -> dict[str, Any]:
    keeper = ctx.services[api.SubjectKeeper]
    async with ctx.db.transaction(ctx.scope) as tx:
        return await api.show_case(ctx.scope, tx, keeper, case_id, language or ctx.language)


async def _breach(ctx: Ctx, breach_id: UUID, language: str = "id") -> dict[str, Any]:
    zone = ZoneInfo(ctx.services[CitySettings].zone)
    async with ctx.db.transaction(ctx.scope) as tx:
        return await api.show_breach(ctx.scope, tx, breach_id, zone, language)


async def _assessment(ctx: Ctx, agency: UUID | None, language: str | None = None) -> dict[str, Any]:
    registry = ctx.services[Registry]
    async with ctx.db.transaction(ctx.scope) as tx:
        return await api.assess(ctx.scope, tx, registry, agency, language or ctx.language)


def _frame(ctx: Ctx, language: str | None) -> api.Frame:
    """What stands round a page: in the language asked for, else in the asker's."""
    by = ", ".join(filter(None, (ctx.scope.label, ctx.scope.agency_label)))
    zone = ZoneInfo(ctx.services[CitySettings].zone)
    return api.Frame(language or ctx.language, zone, ctx.scope.at, by)


def _days(now: datetime, since: date | None, until: date | None) -> tuple[date, date]:
    end = until or now.astimezone(UTC).date() + timedelta(days=1)
    return since or end - timedelta(days=31), end


def _page(content: str) -> Response:
    return Response(content, media_type="text/html", headers={"cache-control": "no-store"})


def _file(content: str, media_type: str, name: str) -> Response:
    headers = {
        "content-disposition": f'attachment; filename="{name}"',
        "cache-control": "no-store",
    }
    return Response(content, media_type=f"{media_type}; charset=utf-8", headers=headers)
