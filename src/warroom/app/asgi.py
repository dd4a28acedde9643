"""The web application: routes of all domains behind one frame."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from warroom.app import city_routes, health, pages, problems, socket
from warroom.app.connections import WebSettings
from warroom.app.forwarded import ForwardedClient, Proxies
from warroom.app.middleware import Surroundings
from warroom.kernel.clock import Clock
from warroom.kernel.db import Database
from warroom.kernel.http import Authenticator, Declared, Router
from warroom.kernel.jobs import Job, Worker, run_forever
from warroom.kernel.limits import AskerSlots, Rate, RequestLimits
from warroom.kernel.loops import keep_on
from warroom.kernel.realtime import Hub, Topic
from warroom.kernel.scope import Scope
from warroom.kernel.services import Services

_MEDIA = ("live:view", "recording:export", "recording:view")
"""Words that let somebody see or hear what a camera shows."""

type Recheck = Callable[[], Awaitable[None]]
type WatchRights = Callable[[Sequence[Recheck]], Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class Wiring:
    """What the composition root brings together for one `serve` process.

    Attributes:
        authenticator: Finds out who asks.
        routers: Routes of the domains.
        topics: Topics of the event socket.
        jobs: Recurring work.
        services: What handlers use, by type.
        running: Things that live as long as the process (entered at start, left at stop).
        scope: The scope of the process itself.
        holder: Name of the process in leases.
        pages: Folder of the built web pages.
        watch_rights: Runs for ever, and calls what it is given whenever rights were changed.
        proxies: Whose word on who asks is believed.
    """

    authenticator: Authenticator
    db: Database
    clock: Clock
    scope: Scope
    holder: str
    pages: Path
    routers: Iterable[Router]
    topics: tuple[Topic, ...] = ()
    jobs: list[Job] = field(default_factory=list)
    services: dict[type, Any] = field(default_factory=dict)
    running: tuple[Any, ...] = ()
    watch_rights: WatchRights | None = None
    proxies: Proxies = field(default_factory=Proxies)


def create_app(wiring: Wiring) -> FastAPI:
    """The application; the same for the server, the tests and the list of routes."""
    hub = Hub(wiring.topics, wiring.db, wiring.scope, wiring.clock)
    limits = wiring.services.get(WebSettings, WebSettings())
    sockets = socket.EventSockets(limits)
    costly = RequestLimits(
        AskerSlots(limits.exports_per_person, limits.exports_per_address),
        Rate(limits.challenges_per_minute, limits.challenges_at_once),
    )
    services = Services(
        {**wiring.services, Hub: hub, socket.EventSockets: sockets, RequestLimits: costly}
    )
    for part in wiring.running:
        if hasattr(part, "subscribe"):
            hub.handlers.extend(part.subscribe())
        if hasattr(part, "meet"):
            part.meet(hub)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        worker = Worker(wiring.db, wiring.scope, wiring.clock, services)
        async with AsyncExitStack() as stack:
            await wiring.db.open()
            stack.push_async_callback(wiring.db.close)
            for part in wiring.running:
                await stack.enter_async_context(part)
            tasks = [
                asyncio.create_task(keep_on("kernel.realtime", hub.run)),
                asyncio.create_task(run_forever(worker, wiring.jobs, wiring.holder)),
            ]
            if wiring.watch_rights is not None:
                told = [hub, *wiring.running]
                rechecks = [part.recheck for part in told if hasattr(part, "recheck")]
                watch = partial(wiring.watch_rights, rechecks)
                tasks.append(asyncio.create_task(keep_on("identity.sessions", watch)))
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    app = FastAPI(
        title="War Room", version="0.1.0", lifespan=lifespan, openapi_url=None, docs_url=None
    )
    app.state.authenticator = wiring.authenticator
    app.state.db, app.state.clock, app.state.services = wiring.db, wiring.clock, services
    app.state.pages = wiring.pages
    problems.install(app)
    app.state.declared = []
    for router in (*wiring.routers, city_routes.router, health.router, socket.router, pages.router):
        app.include_router(router.api)
        app.state.declared.extend(router.declared)
    app.state.topics = wiring.topics
    app.add_middleware(Surroundings)
    app.add_middleware(ForwardedClient, proxies=wiring.proxies)
    return app


def declared(app: FastAPI) -> list[Declared]:
    """Every route of the application with its guard."""
    routes: list[Declared] = app.state.declared
    return routes


def guard_table(app: FastAPI) -> dict[str, list[dict[str, Any]]]:
    """Everything that answers, with what is asked of whoever asks: one table for people and tests.

    Routes with their domain, method, path, guard (an action word, `public`, `signed_in`) and
    whether they are a path of media and go on without the database; topics of the event socket with
    the word by which each is heard.
    """
    return {
        "routes": [asdict(route) | {"media": is_media(route)} for route in declared(app)],
        "topics": [asdict(topic) for topic in app.state.topics],
    }


def is_media(route: Declared) -> bool:
    """Whether a camera's pictures or sound, live or recorded, are told of by this route."""
    return route.guard in _MEDIA and "{camera_id}" in route.path
