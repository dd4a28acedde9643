"""A program of an agency, by its token, does all that a program may: it is no row of `person`."""

from uuid import UUID

from tests.app.askers import browser, system
from tests.app.test_authorization_matrix import World, ask, http_routes, make_things
from warroom.identity import api as identity
from warroom.kernel.actions import for_programs


async def test_no_deed_that_a_program_may_do_fails_because_a_program_does_it(world: World) -> None:
    await make_things(world)
    words = for_programs()
    scope = system(world)
    async with world.db.transaction(scope) as tx:
        new = identity.NewApplication(UUID(world.things["agency"]), "Program", words)
        account = await identity.create_application(scope, tx, new)
        terms = identity.TokenTerms("uji", 1)
        made = await identity.create_application_token(scope, tx, account, terms)
    client = browser(world)
    client.headers["authorization"] = f"Bearer {made.token}"
    world.clients["program"] = client
    told = {}
    for route in sorted(http_routes(world), key=lambda route: route.method == "DELETE"):
        if route.guard not in words:
            continue
        answer = await ask(world, "program", route)
        told[f"{route.method} {route.path}"] = answer.status_code

    # 503 is what the test's city lacks: roads, a recorder, tiles.
    assert {route for route, status in told.items() if status == 500} == set()
    done = {route.rpartition("/")[2] for route, status in told.items() if 200 <= status < 205}
    assert {"eido", "{draft_id}", "schedule", "choose", "pbx", "messages", "beds"} <= done
