"""Holds on footage: what retention must not touch, whatever its age."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute(_HOLD)


_HOLD = """
create table recording_hold (
    id uuid primary key,
    camera_id uuid not null references camera,
    agency_id uuid not null references agency,
    place text,
    start_at timestamptz not null,
    end_at timestamptz not null,
    reason text not null check (length(reason) between 1 and 500),
    created_at timestamptz not null,
    created_by uuid,
    released_at timestamptz,
    released_by uuid,
    check (end_at > start_at)
);
comment on table recording_hold is
    'footage kept from retention; recorders copy the holds in force into their own indexes';
create index recording_hold_in_force on recording_hold (camera_id) where released_at is null;
alter table recording_hold enable row level security;
create policy recording_hold_scope on recording_hold using (
    (select scope_sees_all()) or agency_id = any((select scope_agencies())::uuid[])
);
-- A hold is released, never erased: who kept what, and until when, stays known.
revoke delete on recording_hold from warroom_app;
"""
