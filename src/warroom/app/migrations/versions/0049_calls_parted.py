"""A call that was joined to the wrong incident is parted from it again; both stay in the log."""

from alembic import op

revision = "0049"
down_revision = "0047"


def upgrade() -> None:
    op.execute(_PARTED)


_PARTED = """
alter table incident_call
    add column parted_at timestamptz,
    add column parted_by uuid references person;
comment on column incident_call.parted_at is 'since then the call is not about the incident';
grant update (linked_at, linked_by, parted_at, parted_by) on incident_call to warroom_app;
"""
