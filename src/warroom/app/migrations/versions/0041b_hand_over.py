"""Incidents on their way to another emergency centre, and what it answered."""

from alembic import op

from warroom.kernel.wall import policy

revision = "0041b"
down_revision = "0038"


def upgrade() -> None:
    op.execute(_HANDOVER)
    op.execute(
        policy("incident_handover", "exists (select from incident i where i.id = incident_id)")
    )


_HANDOVER = """
create table incident_handover (
    id uuid primary key,
    incident_id uuid not null references incident on delete cascade,
    neighbour text not null check (length(neighbour) between 1 and 80),
    state text not null check (state in ('waiting', 'accepted', 'refused', 'given_up')),
    body jsonb not null,
    reason text not null check (length(reason) between 1 and 500),
    asked_at timestamptz not null,
    asked_by uuid references person,
    tries integer not null default 0,
    due_at timestamptz not null,
    why text not null default '' check (length(why) <= 300),
    their_number text not null default '' check (length(their_number) <= 80),
    answered_at timestamptz,
    check ((state = 'waiting') = (answered_at is null))
);
comment on column incident_handover.body is 'the EIDO as it was sent';
create unique index incident_handover_waiting on incident_handover (incident_id)
    where state = 'waiting';
create index incident_handover_due on incident_handover (due_at) where state = 'waiting';
create index incident_handover_incident on incident_handover (incident_id, asked_at);
revoke delete, truncate on incident_handover from warroom_app;
"""
