"""Vehicles that are out of service: why, since when, and who said so."""

from alembic import op

from warroom.kernel.wall import policy

revision = "0050"
down_revision = "0049"


def upgrade() -> None:
    op.execute(_OUTAGES)
    op.execute(policy("dispatch_outage", _OF_UNIT))


_OUTAGES = """
create table dispatch_outage (
    id uuid primary key,
    unit_id uuid not null references unit,
    agency_id uuid not null references agency,
    reason text not null
        check (reason in ('mechanical', 'fuel', 'supplies', 'cleaning', 'crew', 'other')),
    note text not null check (length(note) <= 200),
    began_at timestamptz not null,
    begun_by uuid references person,
    ended_at timestamptz check (ended_at >= began_at),
    ended_by uuid references person
);
comment on table dispatch_outage is 'spells in which a unit can not be sent although somebody serves on it';
comment on column dispatch_outage.agency_id is 'owner of the unit';
create unique index dispatch_outage_open on dispatch_outage (unit_id) where ended_at is null;
revoke delete, truncate on dispatch_outage from warroom_app;
create function dispatch_forget_outages(p_before timestamptz)
returns table (agency_id uuid, rows bigint)
language sql security definer set search_path = pg_catalog, pg_temp as $$
    with gone as (
        delete from public.dispatch_outage o
        where o.ended_at < least(p_before, now() - interval '30 days') returning o.agency_id
    )
    select g.agency_id, count(*) from gone g group by 1
$$;
revoke execute on function dispatch_forget_outages from public;
grant execute on function dispatch_forget_outages to warroom_app;
"""

_OF_UNIT = """(
    (select scope_sees_all())
    or agency_id in (select scope_agency_ids())
    or ((select scope_has_things()) and exists (select from unit u where u.id = unit_id))
)"""
