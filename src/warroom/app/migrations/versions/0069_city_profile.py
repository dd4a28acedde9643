"""Kinds of agencies and languages are words of the city's profile, not of the schema."""

from alembic import op

revision = "0069"
down_revision = "0067"

_UP = """
alter table agency drop constraint agency_kind_check,
    add constraint agency_kind_check check (kind ~ '^[a-z][a-z0-9_]{1,30}$');
alter table person drop constraint person_language_check,
    add constraint person_language_check check (language ~ '^[a-z]{2,3}$');
"""


def upgrade() -> None:
    op.execute(_UP)
