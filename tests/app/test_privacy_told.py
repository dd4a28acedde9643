"""Every domain that keeps something about people tells so: judged from the database's catalogue.

A table of tomorrow with a column about somebody fails here until a purpose names it, with a
retention class and a way to look for a person in it.
"""

from collections import defaultdict
from dataclasses import replace

import psycopg
import pytest

from warroom.app.wiring import registry_of
from warroom.kernel.i18n import COMPLETE
from warroom.kernel.postgres import Connections
from warroom.kernel.settings import Configuration
from warroom.privacy import rules
from warroom.privacy.contracts import Registry
from warroom.privacy.service.words import texts_of

_COLUMNS = """
select c.relname, a.attname, (
    select f.relname from pg_constraint k join pg_class f on f.oid = k.confrelid
    where k.contype = 'f' and k.conrelid = c.oid and a.attnum = any(k.conkey) limit 1)
from pg_class c join pg_attribute a on a.attrelid = c.oid
where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace
  and a.attnum > 0 and not a.attisdropped
order by 1, a.attnum
"""


def personal_columns(connections: Connections) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    with psycopg.connect(connections.superuser) as connection:
        for table, column, references in connection.execute(_COLUMNS).fetchall():
            if rules.is_about_people(column, references):
                found[table].append(column)
    return dict(found)


@pytest.fixture
def registry() -> Registry:
    return registry_of(Configuration({}, {}))


def test_every_column_about_people_is_in_the_record_of_processing(
    connections: Connections, registry: Registry
) -> None:
    columns = personal_columns(connections)

    assert {"person", "session", "audit_entry", "webhook", "wall_layout"} <= columns.keys()
    assert rules.gaps(registry, columns) == []


@pytest.mark.parametrize("language", COMPLETE)
def test_everything_that_is_told_of_has_its_words_in_both_languages(
    registry: Registry, language: str
) -> None:
    for purpose in registry.purposes:
        told = texts_of("purpose", purpose.key, language)
        empty = {word for word, said in told.items() if not said}
        assert empty == ({"recipients", "unsearched"} if purpose.is_searched else {"recipients"})
    for one in registry.retention:
        told = texts_of("retention", one.key, language)
        assert "" not in {told["name"], told["end"]}, one.key
        assert "{" not in told["name"]


def test_the_record_names_no_table_that_is_not_there(
    connections: Connections, registry: Registry
) -> None:
    with psycopg.connect(connections.superuser) as connection:
        rows = connection.execute("select tablename from pg_tables where schemaname = 'public'")
        tables = {name for (name,) in rows.fetchall()}

    assert {table for one in registry.purposes for table in one.tables} - tables == set()


@pytest.mark.parametrize(
    ("column", "references"),
    [("driver_id", "person"), ("confirmed_by", None), ("caller_phone", None), ("plate", None)],
)
def test_a_table_about_people_that_nobody_told_of_is_named(
    registry: Registry, column: str, references: str | None
) -> None:
    assert rules.is_about_people(column, references)

    found = rules.gaps(registry, {"vehicle": [column]})

    assert found == [f"table vehicle ({column}) is of no purpose"]


def test_a_purpose_needs_its_class_and_a_way_to_look_for_people(registry: Registry) -> None:
    accounts = next(one for one in registry.purposes if one.key == "accounts")
    classless = Registry((replace(accounts, retention="eternal"),), sources=registry.sources[:0])
    excused = replace(accounts, is_searched=False)
    both = Registry((excused,), registry.retention, registry.sources)

    assert rules.gaps(classless, {}) == [
        "purpose accounts has no retention class eternal",
        "purpose accounts must have a subject source or say why not, not both",
    ]
    assert "purpose accounts must have a subject source or say why not, not both" in rules.gaps(
        both, {}
    )
