"""What `audit` does: append, look up, anchor, and walk the chains."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import batched
from typing import Any
from uuid import UUID

import msgspec

from warroom.audit import store
from warroom.audit.anchoring import Anchoring
from warroom.audit.contracts import Access, Asked, Fault, Finding, Head, Verification
from warroom.audit.errors import WrongCursorError, WrongPeriodError
from warroom.audit.evidence import gather, gather_new
from warroom.audit.rules import ChainWalk, genesis, head_of_all
from warroom.audit.writer import writer_of
from warroom.kernel.clock import Clock
from warroom.kernel.db import Database, Transaction
from warroom.kernel.ids import new_id
from warroom.kernel.log import logger
from warroom.kernel.scope import Scope, Sides

_ENTRIES_A_CALL = 1_000
_ROWS_A_BATCH = 5_000
_MOST_ITEMS = 500
_WINDOWS = (50_000, 50_000)
_WINDOWS_OF_AGENCIES = (1_000, 10_000, 20_000)
"""Entries looked through for one page, in turn; an agency's must be sorted, so a few come first."""

_FEW_AGENCIES = 5
_MOST_ANSWERS = 500
_LONGEST_WATCH = timedelta(days=7)
_LONGEST_SEEN = timedelta(days=92)
_END_OF_TIME = datetime(9999, 1, 1, tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WALK_ALL = timedelta(days=1)
_ENCODE = msgspec.json.Encoder(order="sorted").encode


async def record(  # noqa: PLR0913 - these are the words of one sentence
    scope: Scope,
    tx: Transaction,
    *,
    action: str,
    object_kind: str,
    object_id: UUID | str | None,
    agency_id: UUID | None,
    object_label: str | None = None,
    place: str | None = None,
    detail: dict[str, Any] | None = None,
    reason: str | None = None,
    at: datetime | None = None,
    sides: Sides | None = None,
) -> UUID:
    """Appends one entry; see `api.record`."""
    asked = Asked(
        action, object_kind, object_id, agency_id, object_label, place, detail, reason, at, sides
    )
    entry_id = new_id()
    await store.append(scope, tx, _entry(scope, entry_id, asked))
    return entry_id


async def record_all(scope: Scope, tx: Transaction, entries: Iterable[Asked]) -> list[UUID]:
    """Appends many entries; see `api.record_all`."""
    ids: list[UUID] = []
    for batch in batched(entries, _ENTRIES_A_CALL):
        made = [(new_id(), asked) for asked in batch]
        await store.append_all(scope, tx, [_entry(scope, *pair) for pair in made])
        ids += [entry_id for entry_id, _ in made]
    return ids


async def record_alone(scope: Scope, db: Database, asked: Asked) -> UUID:
    """Appends one entry that is a transaction by itself; see `api.record_alone`."""
    entry_id = new_id()
    await writer_of(db).write(store.sign(scope, _entry(scope, entry_id, asked)))
    return entry_id


def _entry(scope: Scope, entry_id: UUID, asked: Asked) -> dict[str, Any]:
    entry = {
        "id": entry_id,
        "owner_agency_id": asked.agency_id,
        "action": asked.action,
        "object_kind": asked.object_kind,
        "object_id": None if asked.object_id is None else str(asked.object_id),
        "object_label": asked.object_label,
        "place": asked.place,
        "purpose": scope.purpose or _purpose(scope, asked),
        "reason": asked.reason,
        "detail": _ENCODE(asked.detail or {}).decode(),
        "thing_tags": None if asked.sides is None else list(asked.sides["tags"]),
        "thing_class": None if asked.sides is None else asked.sides["class_"],
    }
    return entry | ({"at": asked.at} if asked.at else {})


def _purpose(scope: Scope, asked: Asked) -> str | None:
    """What for it is done, where the right to do it was lent for a purpose."""
    # The end of a look (`live:end`) is done by the right by which it began.
    begun = asked.action.removesuffix(":end")
    word = f"{begun}:view" if begun != asked.action else asked.action
    if asked.sides is not None:
        return scope.purpose_of(word, **asked.sides)
    thing = asked.object_id if isinstance(asked.object_id, UUID) else None
    return scope.purpose_of(
        word,
        agency_id=asked.agency_id,
        place=asked.place,
        object_id=thing,
        tags=(),
        class_=None,
    )


async def search(
    scope: Scope, tx: Transaction, filters: dict[str, Any], cursor: str | None, limit: int
) -> bytes:
    """One page of entries, newest first, as JSON; see `api.search`.

    Raises:
        WrongCursorError: `cursor` is not one of ours.
    """
    asked = wanted(filters)
    if cursor is not None:
        asked["after_at"], asked["after_id"] = _position(cursor)
        asked["after"] = True
    limit = max(1, min(limit, _MOST_ITEMS))
    items: list[dict[str, Any]] = []
    asked["agencies"] = _few_agencies(scope, asked)
    for rows in _WINDOWS_OF_AGENCIES if asked["agencies"] else _WINDOWS:
        until = asked.get("after_at") or asked.get("until") or _END_OF_TIME
        floor = await store.find_floor(scope, tx, asked, until, rows)
        window = asked if floor is None else asked | {"floor": floor}
        found = await store.search(scope, tx, window, limit + 1 - len(items))
        items += msgspec.json.decode(found, type=list[dict[str, Any]])
        if len(items) > limit or floor is None or floor < asked.get("since", floor):
            floor = None
            break
        asked |= {"after": True, "after_at": floor, "after_id": UUID(int=0)}
    more = items[limit - 1]["cursor"] if len(items) > limit else _cursor(floor)
    page = [{k: v for k, v in item.items() if k != "cursor"} for item in items[:limit]]
    return msgspec.json.encode({"items": page, "next": more, "searched_to": floor})


def _few_agencies(scope: Scope, asked: dict[str, Any]) -> list[UUID] | None:
    """The agencies that entries must be of, as owner or asker; None if of too many, or any.

    A small agency's entries lie far apart among those of all, and would be looked for in vain
    page after page. Where a person or a thing is asked for, there are few enough.
    """
    if "person" in asked or "object" in asked:
        return None
    if "agency" in asked:
        return [asked["agency"]]
    agencies = scope.agencies_of("audit:read")
    return None if agencies is None or len(agencies) > _FEW_AGENCIES else sorted(agencies)


def wanted(filters: dict[str, Any]) -> dict[str, Any]:
    """The filters that are asked for, texts as patterns."""
    asked = {word: value for word, value in filters.items() if value not in {None, False}}
    for word in ("q", "purpose"):
        if word in asked:
            escaped = asked[word].replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
            asked[word] = f"%{escaped}%"
    return asked


def _cursor(floor: datetime | None) -> str | None:
    """Everything from `floor` on was looked through: the next page begins before it."""
    if floor is None:
        return None
    return f"{(floor - _EPOCH) // timedelta(microseconds=1)}.{UUID(int=0)}"


async def list_watchers(
    scope: Scope, tx: Transaction, object_id: str, since: datetime, until: datetime
) -> bytes:
    """Who saw what a thing showed; see `api.list_watchers`.

    Raises:
        WrongPeriodError: The period is empty or too long for one answer.
    """
    _check_period(since, until, _LONGEST_WATCH)
    items = await store.list_watchers(scope, tx, object_id, since, until, _MOST_ANSWERS)
    return msgspec.json.encode({"items": msgspec.Raw(items), "most": _MOST_ANSWERS})


async def list_seen_by(
    scope: Scope, tx: Transaction, person_id: UUID, since: datetime, until: datetime
) -> bytes:
    """What a person saw; see `api.list_seen_by`.

    Raises:
        WrongPeriodError: The period is empty or too long for one answer.
    """
    _check_period(since, until, _LONGEST_SEEN)
    items = await store.list_seen_by(scope, tx, person_id, since, until, _MOST_ANSWERS)
    return msgspec.json.encode({"items": msgspec.Raw(items), "most": _MOST_ANSWERS})


def _check_period(since: datetime, until: datetime, longest: timedelta) -> None:
    if not timedelta() < until - since <= longest:
        raise WrongPeriodError(days=longest.days)


def _position(cursor: str) -> tuple[datetime, UUID]:
    micros, _, id_ = cursor.partition(".")
    try:
        at = msgspec.convert(int(micros) / 1_000_000, datetime, strict=False)
        return at, UUID(id_)
    except (ValueError, OverflowError, msgspec.ValidationError) as error:
        raise WrongCursorError from error


async def list_accesses(
    scope: Scope,
    tx: Transaction,
    *,
    action: str,
    object_id: UUID | str,
    since: datetime,
    limit: int,
) -> list[Access]:
    """Who looked at a thing; see `api.accesses`."""
    return await store.list_accesses(scope, tx, action, str(object_id), since, limit)


async def verify(
    scope: Scope,
    db: Database,
    anchoring: Anchoring,
    clock: Clock,
    *,
    since: dict[int, Head] | None = None,
    copies: Sequence[bytes] = (),
) -> Verification:
    """Walks the chains; see `api.verify`.

    Args:
        scope: Must see all agencies, or entries will seem to be missing.
        db: The database.
        anchoring: Anchors and tokens to compare with.
        clock: For the time of the walk.
        since: Where an earlier walk ended, by chain: the walk begins there.
        copies: Contents of copies of the anchors that were held elsewhere.
    """
    began, since = clock.now(), since or {}
    evidence = (
        gather_new(anchoring, {chain: head.seq for chain, head in since.items()})
        if since and not copies
        else gather(anchoring, copies)
    )
    anchors = evidence.anchors
    async with db.transaction(scope) as tx:
        heads = await store.list_heads(scope, tx)
        strays = await store.list_strays(scope, tx, [head.chain for head in heads])
    findings = [Finding("head", chain, seq, at) for chain, seq, at in strays]
    findings += evidence.findings
    chains = {head.chain: head for head in heads}
    for chain in evidence.chains:
        chains.setdefault(chain, Head(chain, 0, genesis(chain)))
    rows = compared = 0
    ends: dict[int, Head] = {}
    for chain, head in sorted(chains.items()):
        known: dict[int, tuple[Fault, bytes]] = {head.seq: ("head", head.hash)} if head.seq else {}
        walk = _begin(chain, evidence.known(chain, known), since.get(chain))
        await _walk(scope, db, walk)
        findings += walk.findings
        rows, compared = rows + walk.rows, compared + len(walk.anchors)
        ends[chain] = Head(chain, walk.seq, walk.hash or b"")
    rolled_back = evidence.rolled_back(findings, {chain: end.seq for chain, end in ends.items()})
    return Verification(
        began,
        rows,
        compared,
        (*rolled_back, *findings),
        head_of_all(end.hash for end in ends.values()),
        anchors.anchored_at,
        evidence.stamps,
        evidence.stamped_at,
        evidence.unjudged,
        evidence.copies,
    )


async def verify_and_seal(scope: Scope, db: Database, anchoring: Anchoring, clock: Clock) -> None:
    """Walks what is new, or everything once in a while; see `api.verify_and_seal`."""
    async with db.transaction(scope) as tx:
        last = await store.find_seal(scope, tx)
    positions = last["positions"] if last and last["intact"] else {}
    walked_all_at = _walked_all_at(positions)
    is_due = walked_all_at is None or clock.now() - walked_all_at >= _WALK_ALL
    since = {} if is_due else _since(positions)
    async with db.transaction(scope) as tx:
        ends = await store.list_heads(scope, tx)
    outcome = await verify(scope, db, anchoring, clock, since=since)
    if since and not outcome.is_intact:
        # What is found in passing is looked at as a whole: all anchors, all tokens.
        outcome, is_due = await verify(scope, db, anchoring, clock), True
    if is_due:
        walked_all_at = outcome.verified_at
    async with db.transaction(scope) as tx:
        await store.save_seal(
            scope,
            tx,
            {
                "verified_at": outcome.verified_at,
                "rows": sum(head.seq for head in ends),
                "intact": outcome.is_intact,
                "anchored_at": outcome.anchored_at,
                "positions": _positions(ends, walked_all_at or outcome.verified_at),
                "finding": _ENCODE(outcome.findings[0]).decode() if outcome.findings else None,
            },
        )
    if not outcome.is_intact:
        worst = outcome.findings[0]
        logger("audit").error(
            "audit_chain_broken", fault=worst.fault, chain=worst.chain, seq=worst.seq
        )


def _walked_all_at(positions: dict[str, Any]) -> datetime | None:
    return datetime.fromisoformat(positions["walked_all_at"]) if positions else None


def _positions(ends: list[Head], walked_all_at: datetime) -> str:
    heads = {str(head.chain): [head.seq, head.hash.hex()] for head in ends}
    return _ENCODE({"heads": heads, "walked_all_at": walked_all_at}).decode()


def _since(positions: dict[str, Any]) -> dict[int, Head]:
    return {
        int(chain): Head(int(chain), seq, bytes.fromhex(digest))
        for chain, (seq, digest) in positions["heads"].items()
    }


async def seal(scope: Scope, tx: Transaction) -> dict[str, Any]:
    """The outcome of the last walk; see `api.seal`."""
    last = await store.find_seal(scope, tx)
    heads = await store.list_heads(scope, tx)
    return {
        "verified_at": last and last["verified_at"],
        "rows": last["rows"] if last else 0,
        "intact": last and last["intact"],
        "finding": last and last["finding"] and msgspec.Raw(last["finding"].encode()),
        "anchored_at": last and last["anchored_at"],
        "anchors": await store.list_anchor_states(scope, tx),
        "head": head_of_all(head.hash for head in heads),
    }


def _begin(chain: int, known: Mapping[int, tuple[Fault, bytes]], start: Head | None) -> ChainWalk:
    if start is None or start.seq == 0:
        return ChainWalk(chain, known, 0, genesis(chain))
    later = {seq: fact for seq, fact in known.items() if seq > start.seq}
    # The last entry of the earlier walk is judged again, by the hash it had then.
    return ChainWalk(chain, later | {start.seq: ("anchor", start.hash)}, start.seq - 1, None)


async def _walk(scope: Scope, db: Database, walk: ChainWalk) -> None:
    while True:
        async with db.transaction(scope) as tx:
            messages = await store.copy_rows(scope, tx, walk.chain, walk.seq, _ROWS_A_BATCH)
        if not messages:
            break
        walk.feed(messages)
    async with db.transaction(scope) as tx:
        newest = {head.chain: head.seq for head in await store.list_heads(scope, tx)}
    walk.finish(newest.get(walk.chain))
