"""Shifts that were handed over, and who read what of it."""

from alembic import op

from warroom.kernel.wall import policy, reaches

revision = "0043b"
down_revision = "0043"


def upgrade() -> None:
    op.execute(_HANDOVER)
    op.execute(_FORGET)
    op.execute(policy("dispatch_handover", reaches(agency="agency_id", id="id")))
    op.execute(policy("dispatch_handover_read", _OF_HANDOVER))


_HANDOVER = """
create table dispatch_handover (
    id uuid primary key,
    agency_id uuid not null references agency,
    written_at timestamptz not null,
    written_by uuid references person,
    notes text not null default '' check (length(notes) <= 4000),
    content jsonb not null,
    sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$')
);
comment on column dispatch_handover.content is 'what was open then, as the outgoing shift saw it';
comment on column dispatch_handover.sha256 is 'of content and notes, as JSON with sorted keys';
create index dispatch_handover_written on dispatch_handover (written_at desc);
revoke update, delete, truncate on dispatch_handover from warroom_app;

create table dispatch_handover_read (
    handover_id uuid not null references dispatch_handover on delete cascade,
    item text not null check (length(item) <= 60),
    person_id uuid not null references person,
    at timestamptz not null,
    primary key (handover_id, item, person_id)
);
revoke update, delete, truncate on dispatch_handover_read from warroom_app;
"""

_FORGET = """
create function dispatch_forget_handovers(p_before timestamptz)
returns table (agency_id uuid, rows bigint)
language sql security definer set search_path = pg_catalog, pg_temp as $$
    with gone as (
        delete from public.dispatch_handover h
        where h.written_at < least(p_before, now() - interval '30 days') returning h.agency_id
    )
    select g.agency_id, count(*) from gone g group by 1
$$;
revoke execute on function dispatch_forget_handovers from public;
grant execute on function dispatch_forget_handovers to warroom_app;
"""

_OF_HANDOVER = "exists (select from dispatch_handover h where h.id = handover_id)"
