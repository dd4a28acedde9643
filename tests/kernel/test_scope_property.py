"""For random rights and things, `narrow` in SQL and `allows` in Python are of one mind."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from psycopg import AsyncConnection, sql
from psycopg.rows import DictRow, dict_row

from tests.scopes import AT, scope_of
from warroom.kernel.postgres import Connections
from warroom.kernel.scope import Rule
from warroom.kernel.wall import reaches

ACTIONS = ["camera:view", "camera:configure", "live:view"]
AGENCIES = [UUID(int=number) for number in range(1, 4)]
PLACES = ["73.71", "73.71.01", "73.71.01.1001", "73.71.010", "73.72", "73"]
OBJECTS = [UUID(int=number) for number in range(100, 103)]
TAGS = ["a", "b", 'c, "d" \\{}']
CLASSES = ["public", "indoor", "sensitive"]


def some[T](items: list[T]) -> st.SearchStrategy[frozenset[T] | None]:
    return st.none() | st.frozensets(st.sampled_from(items))


INSTANTS = st.none() | st.sampled_from([AT + timedelta(hours=h) for h in (-1, 0, 1)])

RULES = st.lists(
    st.builds(
        Rule,
        actions=st.frozensets(st.sampled_from([*ACTIONS, "camera:*", "*"]), min_size=1),
        agencies=some(AGENCIES),
        places=some(PLACES),
        objects=some(OBJECTS),
        tags=some(TAGS),
        classes=some(CLASSES),
        deny=st.sampled_from([False, False, True]),
        starts_at=INSTANTS,
        ends_at=INSTANTS,
        footage_from=INSTANTS,
        footage_to=INSTANTS,
    ),
    max_size=5,
)

THINGS = st.lists(
    st.fixed_dictionaries(
        {
            "agency_id": st.none() | st.sampled_from(AGENCIES),
            "place": st.none() | st.sampled_from(PLACES),
            "id": st.sampled_from(OBJECTS),
            "tags": st.none() | st.lists(st.sampled_from(TAGS), unique=True),
            "class": st.none() | st.sampled_from(CLASSES),
            "seen_at": st.sampled_from([AT + timedelta(minutes=m) for m in (-90, -60, 0, 30)]),
        }
    ),
    min_size=1,
    max_size=12,
)

ALLOWS_ALL = Rule(frozenset({"camera:view"}))
DENIES_A_STRETCH = Rule(frozenset({"camera:view"}), deny=True, footage_to=AT - timedelta(hours=1))
A_THING = {"agency_id": None, "place": None, "id": OBJECTS[0], "tags": None, "class": None}
COLUMNS = {
    "agency": "t.agency_id",
    "place": "t.place",
    "id": "t.id",
    "tags": "t.tags",
    "class_": "t.class",
    "seen_at": "t.seen_at",
}

_QUERY = """
select number from (
    select ordinality::int as number, value ->> 'place' as place,
        value ->> 'class' as class, (value ->> 'seen_at')::timestamptz as seen_at,
        (value ->> 'agency_id')::uuid as agency_id, (value ->> 'id')::uuid as id,
        case when jsonb_typeof(value -> 'tags') = 'array' then
            array(select jsonb_array_elements_text(value -> 'tags')) end as tags
    from jsonb_array_elements(%(things)s::jsonb) with ordinality
) t where {predicate} order by number
"""


def test_sql_and_python_judge_every_thing_alike(
    connections: Connections, loop_runner: asyncio.Runner
) -> None:
    connection = loop_runner.run(
        AsyncConnection[DictRow].connect(connections.app, autocommit=True, row_factory=dict_row)
    )

    @settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        rules=RULES,
        things=THINGS,
        action=st.sampled_from(ACTIONS),
        columns=st.fixed_dictionaries(
            {
                "agency": st.sampled_from(["t.agency_id", "agency_id", None]),
                "place": st.sampled_from(["t.place", "place", None]),
                "id": st.sampled_from(["t.id", None]),
                "tags": st.sampled_from(["t.tags", None]),
                "class_": st.sampled_from(["t.class", "class", None]),
                "seen_at": st.sampled_from(["t.seen_at", None]),
            }
        ),
    )
    @example(
        rules=[ALLOWS_ALL, DENIES_A_STRETCH],
        things=[{**A_THING, "seen_at": AT}],
        action="camera:view",
        columns=COLUMNS,
    )
    def judge(
        rules: list[Rule],
        things: list[dict[str, Any]],
        action: str,
        columns: dict[str, str | None],
    ) -> None:
        scope = scope_of(*rules)

        def is_seen(thing: dict[str, Any]) -> bool:
            sides: Any = {
                "agency_id": thing["agency_id"] if columns["agency"] else None,
                "place": thing["place"] if columns["place"] else None,
                "object_id": thing["id"] if columns["id"] else None,
                "tags": (thing["tags"] or ()) if columns["tags"] else (),
                "class_": thing["class"] if columns["class_"] else None,
            }
            if not scope.allows(action, **sides):
                return False
            spans = scope.footage_of(action, **sides) if columns["seen_at"] else None
            return spans is None or any(
                (begin is None or begin <= thing["seen_at"])
                and (end is None or thing["seen_at"] < end)
                for begin, end in spans
            )

        expected = [number for number, thing in enumerate(things, 1) if is_seen(thing)]

        predicate, parameters = scope.narrow(action, **columns)
        query = sql.SQL(_QUERY).format(predicate=predicate)
        rows = loop_runner.run(_run(connection, query, parameters | {"things": _json(things)}))

        assert expected == rows

    try:
        judge()
    finally:
        loop_runner.run(connection.close())


def test_the_second_wall_lets_through_what_some_rule_allows_and_nothing_else(
    connections: Connections, loop_runner: asyncio.Runner
) -> None:
    connection = loop_runner.run(
        AsyncConnection[DictRow].connect(connections.app, autocommit=True, row_factory=dict_row)
    )

    @settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        rules=RULES,
        things=THINGS,
        sides=st.sets(st.sampled_from(["agency", "place", "id", "tags", "class_"])),
    )
    def judge(rules: list[Rule], things: list[dict[str, Any]], sides: set[str]) -> None:
        def shown(side: str, thing: dict[str, Any]) -> Any:
            return thing[_KEYS[side]] if side in sides else None

        expected = [
            number
            for number, thing in enumerate(things, 1)
            if any(
                rule.matches(*(shown(side, thing) for side in _KEYS))
                for rule in rules
                if not rule.deny and rule.holds_at(AT)
            )
        ]

        columns = {side: "t." + _KEYS[side] for side in sides}
        query = sql.SQL(_QUERY).format(predicate=sql.SQL(reaches(**columns)))  # type: ignore[arg-type]
        told = scope_of(*rules).database_settings()
        rows = loop_runner.run(_told(connection, told, query, {"things": _json(things)}))

        assert expected == rows

    try:
        judge()
    finally:
        loop_runner.run(connection.close())


_KEYS = {"agency": "agency_id", "place": "place", "id": "id", "tags": "tags", "class_": "class"}


async def _told(
    connection: AsyncConnection[DictRow],
    told: dict[str, str],
    query: sql.Composed,
    parameters: dict[str, Any],
) -> list[int]:
    async with connection.transaction():
        for name, value in told.items():
            await connection.execute("select set_config(%s, %s, true)", [name, value])
        return await _run(connection, query, parameters)


async def _run(
    connection: AsyncConnection[DictRow], query: sql.Composed, parameters: dict[str, Any]
) -> list[int]:
    rows = await (await connection.execute(query, parameters)).fetchall()
    return [row["number"] for row in rows]


def _json(things: list[dict[str, Any]]) -> str:
    import json

    return json.dumps(things, default=str)
