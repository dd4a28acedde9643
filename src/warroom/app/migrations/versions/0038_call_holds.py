"""Recordings of calls go after their time, unless somebody holds them."""

from alembic import op

from warroom.kernel.wall import policy

revision = "0038"
down_revision = "0042"


def upgrade() -> None:
    op.execute(_HOLD)
    op.execute(_GONE)
    op.execute(_FORGET)
    op.execute(policy("call_hold", _OF_CALL))
    op.execute(_ROLES)


_HOLD = """
create table call_hold (
    id uuid primary key,
    call_id uuid not null references call on delete cascade,
    held_by_agency uuid references agency,
    reason text not null check (length(reason) between 1 and 500),
    case_number text not null default '' check (length(case_number) <= 100),
    until_at timestamptz,
    created_at timestamptz not null,
    created_by uuid,
    released_at timestamptz,
    released_by uuid,
    release_reason text not null default '' check (length(release_reason) <= 500)
);
comment on table call_hold is 'recordings of calls that retention must not touch';
comment on column call_hold.held_by_agency is 'who alone lets go of it; none where the system holds';
create index call_hold_call on call_hold (call_id) where released_at is null;
revoke delete, truncate on call_hold from warroom_app;
"""

_GONE = """
alter table call add column recording_gone_at timestamptz;
comment on column call.recording_gone_at is 'when its file was deleted by age; its hash stays';
create index call_recorded on call (node, offered_at) where recording_path is not null;
"""

# A record stays as long as its recording does, and as long as somebody holds that.
_FORGET = """
create or replace function calls_forget(p_before timestamptz)
returns table (agency_id uuid, rows bigint)
language sql security definer set search_path = pg_catalog, pg_temp as $$
    with gone as (
        delete from public.call c
        where c.offered_at < least(p_before, now() - interval '30 days')
        and c.closed_at is not null and c.recording_path is null
        and not exists (select from public.call_hold h where h.call_id = c.id
            and h.released_at is null and (h.until_at is null or h.until_at > now()))
        returning c.agency_id
    )
    select g.agency_id, count(*) from gone g group by 1
$$;
"""

_OF_CALL = """(
    (select scope_sees_all())
    or exists (select from call c where c.id = call_id)
)"""

_ROLES = """
update role set actions = actions || '{call:hold}'::text[]
where name in ('pengawas_112', 'supervisor', 'admin_lembaga') and not actions @> '{call:hold}';
"""
