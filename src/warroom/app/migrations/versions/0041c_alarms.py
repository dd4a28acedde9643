"""Crews in danger that are on no task; and those on one, found at once."""

from alembic import op

from warroom.kernel.wall import policy

revision = "0041c"
down_revision = "0043b"


def upgrade() -> None:
    op.execute(_DURESS)
    op.execute(policy("dispatch_alarm", _OF_UNIT))


_DURESS = """
create index dispatch_event_duress on dispatch_event (assignment_id, received_at)
    where kind in ('duress', 'duress_answered');
create table dispatch_alarm (
    id uuid primary key,
    unit_id uuid not null references unit,
    agency_id uuid not null references agency,
    person_id uuid not null references person,
    happened_at timestamptz not null,
    received_at timestamptz not null,
    device_at timestamptz not null,
    answered_at timestamptz check (answered_at >= received_at),
    answered_by uuid references person
);
comment on table dispatch_alarm is 'calls for help of crews that are on no task; those on one are in its log';
create index dispatch_alarm_open on dispatch_alarm (unit_id, received_at) where answered_at is null;
revoke delete, truncate on dispatch_alarm from warroom_app;
create function dispatch_forget_alarms(p_before timestamptz)
returns table (agency_id uuid, rows bigint)
language sql security definer set search_path = pg_catalog, pg_temp as $$
    with gone as (
        delete from public.dispatch_alarm a
        where a.answered_at < least(p_before, now() - interval '30 days') returning a.agency_id
    )
    select g.agency_id, count(*) from gone g group by 1
$$;
revoke execute on function dispatch_forget_alarms from public;
grant execute on function dispatch_forget_alarms to warroom_app;
"""

_OF_UNIT = """(
    (select scope_sees_all())
    or agency_id in (select scope_agency_ids())
    or ((select scope_has_things()) and exists (select from unit u where u.id = unit_id))
)"""
