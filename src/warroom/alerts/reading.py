"""Reads the feeds of other services: at their pace, asking only for what changed."""

from dataclasses import dataclass, replace
from typing import Any

from warroom.alerts import store
from warroom.alerts.contracts import CHANGED
from warroom.alerts.errors import BadAlertError
from warroom.alerts.feeds import Item, read_feed
from warroom.alerts.service import Taker, take_in
from warroom.alerts.settings import AlertSource
from warroom.alerts.xml_tree import MOST_BYTES
from warroom.kernel import outbox
from warroom.kernel.clock import Clock
from warroom.kernel.db import Database, DatabaseAwayError
from warroom.kernel.errors import WarRoomError
from warroom.kernel.loops import Loop
from warroom.kernel.outbound import Answer, Outbound, TargetAwayError
from warroom.kernel.scope import Scope

AT_ONCE = 50
"""Alerts read of one feed in one look; BMKG asks for 60 requests a minute at most."""
LEAST_S = 15.0
"""No source is asked more often, whatever is set."""
LOOK_EVERY_S = 5.0

_HEADERS = {
    "accept": "application/cap+xml, application/rss+xml, application/atom+xml, application/xml",
    "user-agent": "WarRoom-CAP/1",
}


@dataclass(eq=False)
class Reading(Loop):
    """Reads every source that is due while it is entered; one of all processes reads each.

    Args:
        db: Where alerts are kept.
        clock: For when they came.
        standing: The system's scope.
        outbound: Sends guarded requests.
        taker: Takes them in.
    """

    db: Database
    clock: Clock
    standing: Scope
    outbound: Outbound
    taker: Taker

    def __post_init__(self) -> None:
        super().__init__("alerts.reading", self.step, every_s=LOOK_EVERY_S)
        self._is_tidy = False

    @property
    def _scope(self) -> Scope:
        return replace(self.standing, at=self.clock.now())

    async def step(self) -> None:
        """Reads all that is due, one after the other.

        Raises:
            DatabaseAwayError: The database does not answer.
        """
        sources = self.taker.settings.sources
        if not self._is_tidy:
            known = [(one.name, url) for one in sources for url in one.urls]
            async with self.db.transaction(self._scope) as tx:
                await store.forget_sources(self._scope, tx, known)
            self._is_tidy = True
        for source in sources:
            for url in source.urls:
                await self._look(source, url)

    async def _look(self, source: AlertSource, url: str) -> None:
        scope, which = self._scope, (source.name, url)
        async with self.db.transaction(scope) as tx:
            last = await store.claim_source(
                scope, tx, which, max(LEAST_S, source.every_s), scope.at
            )
        if last is None:
            return
        tags: tuple[str | None, str | None] = (last["etag"], last["modified"])
        problem: tuple[str, str] | None = None
        try:
            answer = await self._ask(url, tags)
            if answer.status != 304:
                is_whole = await self._take(source.name, url, answer.body)
                # What was left for the next look must not be hidden by a 304.
                tags = _tags(answer) if is_whole else (None, None)
        except DatabaseAwayError:
            raise
        except WarRoomError as error:
            problem, tags = _problem(error), (None, None)
        await self._note(which, problem, tags, last["problem"])

    async def _note(
        self,
        which: tuple[str, str],
        problem: tuple[str, str] | None,
        tags: tuple[str | None, str | None],
        before: str | None,
    ) -> None:
        scope = self._scope
        async with self.db.transaction(scope) as tx:
            await store.note_answer(scope, tx, which, problem, tags, scope.at)
            if (problem and problem[0]) != before:
                told: dict[str, Any] = {"ids": [], "change": "source"}
                await outbox.publish(tx, CHANGED, told, agency_id=None, now=scope.at)

    async def _ask(self, url: str, tags: tuple[str | None, str | None]) -> Answer:
        headers = dict(_HEADERS)
        if tags[0]:
            headers["if-none-match"] = tags[0]
        if tags[1]:
            headers["if-modified-since"] = tags[1]
        answer = await self.outbound.send("GET", url, headers=headers, most_bytes=MOST_BYTES)
        if answer.status not in (200, 304):
            raise TargetAwayError(why=f"http_{answer.status}")
        return answer

    async def _take(self, source: str, url: str, content: bytes) -> bool:
        """Takes in what an address holds; whether nothing was left for the next look.

        Raises:
            BadAlertError: It is no feed, or leads to other hosts.
        """
        feed = read_feed(content, url)
        if feed is None:
            await self._keep(source, Item(url, ""), content)
            return True
        scope = self._scope
        async with self.db.transaction(scope) as tx:
            marks = await store.list_marks(scope, tx, source, [one.url for one in feed.items])
        new = [one for one in feed.items if marks.get(one.url) != one.mark]
        failed: WarRoomError | None = None
        for item in new[:AT_ONCE]:
            try:
                answer = await self._ask(item.url, (None, None))
            except WarRoomError as error:
                # One that cannot be had holds up no other; it is asked for again.
                failed = error
                continue
            await self._keep(source, item, answer.body)
        if failed is not None:
            raise failed
        if feed.skipped:
            raise BadAlertError(problem="other_host", detail=str(feed.skipped))
        return len(new) <= AT_ONCE

    async def _keep(self, source: str, item: Item, content: bytes) -> None:
        scope = self._scope
        async with self.db.transaction(scope) as tx:
            await take_in(self.taker, scope, tx, source, content, item.url)
            await store.note_mark(scope, tx, source, (item.url, item.mark), scope.at)


def _tags(answer: Answer) -> tuple[str | None, str | None]:
    return answer.headers.get("etag"), answer.headers.get("last-modified")


def _problem(error: WarRoomError) -> tuple[str, str]:
    if isinstance(error, TargetAwayError):
        return "away", str(error.params["why"])
    if isinstance(error, BadAlertError):
        return str(error.params["problem"]), str(error.params["detail"])[:300]
    return error.code, ""
