"""Hospitals, and how many beds of each kind they have free: what was told, when and by whom."""

from alembic import op

from warroom.kernel.wall import policy, reaches

revision = "0055"
down_revision = "0054"


def upgrade() -> None:
    op.execute(_FACILITY)
    op.execute(_BED)
    op.execute(policy("dispatch_facility", reaches(agency="agency_id", place="place", id="id")))
    op.execute(policy("dispatch_bed", _OF_FACILITY))
    op.execute(_ROLES)


_FACILITY = """
create table dispatch_facility (
    id uuid primary key,
    agency_id uuid not null references agency,
    name text not null check (length(name) between 1 and 120),
    place text,
    lat double precision not null check (lat between -90 and 90),
    lon double precision not null check (lon between -180 and 180),
    changed_at timestamptz not null,
    changed_by uuid references person,
    removed_at timestamptz
);
comment on table dispatch_facility is 'hospitals that patients are taken to, kept by an agency (health)';
create unique index dispatch_facility_once on dispatch_facility (agency_id, lower(name))
    where removed_at is null;
revoke delete, truncate on dispatch_facility from warroom_app;
"""

_BED = """
create table dispatch_bed (
    id uuid primary key,
    facility_id uuid not null references dispatch_facility,
    kind text not null check (kind in ('igd', 'icu', 'ward')),
    free integer not null check (free between 0 and 5000),
    total integer check (total >= free),
    at timestamptz not null,
    received_at timestamptz not null check (received_at >= at),
    source text not null check (source in ('operator', 'import', 'program')),
    origin text not null default '' check (length(origin) <= 120),
    person_id uuid references person,
    program text not null default '' check (length(program) <= 120)
);
comment on table dispatch_bed is 'counts of free beds: rows are added and never changed';
comment on column dispatch_bed.at is 'when they were counted; how fresh a count is goes by this';
create index dispatch_bed_last on dispatch_bed (facility_id, kind, at desc);
revoke update, delete, truncate on dispatch_bed from warroom_app;
create function dispatch_forget_beds(p_before timestamptz)
returns table (agency_id uuid, rows bigint)
language sql security definer set search_path = pg_catalog, pg_temp as $$
    with gone as (
        delete from public.dispatch_bed b using public.dispatch_facility f
        where f.id = b.facility_id and b.received_at < least(p_before, now() - interval '30 days')
        and exists (select from public.dispatch_bed n where n.facility_id = b.facility_id
            and n.kind = b.kind and (n.at, n.received_at) > (b.at, b.received_at))
        returning f.agency_id
    )
    select g.agency_id, count(*) from gone g group by 1
$$;
revoke execute on function dispatch_forget_beds from public;
grant execute on function dispatch_forget_beds to warroom_app;
"""

_OF_FACILITY = """(
    (select scope_sees_all())
    or exists (select from dispatch_facility f where f.id = facility_id)
)"""

# Who sends ambulances, and who answers for an agency; a hospital's own program by a token.
_ROLES = """
update role set actions = array_append(actions, 'dispatch:beds')
where name in ('pengendali_112', 'pengawas_112', 'admin_lembaga')
    and not 'dispatch:beds' = any(actions);
"""
