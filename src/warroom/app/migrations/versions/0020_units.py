"""Units, where they are, where they were, and the areas they entered and left."""

from alembic import op

from warroom.kernel.wall import policy, reaches

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.execute(_UNIT)
    op.execute(_FENCE)
    op.execute(_POSITION)
    op.execute(_TRACK)
    op.execute(_EVENT)
    for table, condition in _WALL.items():
        op.execute(policy(table, condition))
    op.execute(_ROLES)


_UNIT = """
create table unit (
    id uuid primary key,
    agency_id uuid not null references agency,
    name text not null check (length(name) between 1 and 60),
    kind text not null check (length(kind) between 1 and 40),
    plate text not null default '',
    station text not null default '',
    place text,
    capabilities text[] not null default '{}',
    crew integer not null default 0 check (crew between 0 and 100),
    width_m real check (width_m > 0),
    height_m real check (height_m > 0),
    device text check (device ~ '^[A-Za-z0-9_-]{1,64}$'),
    key_hash bytea check (length(key_hash) = 32),
    key_made_at timestamptz,
    tags text[] not null default '{}',
    simulated boolean not null default false,
    enabled boolean not null default true,
    notes text not null default '',
    version integer not null default 1,
    created_at timestamptz not null,
    changed_at timestamptz not null,
    removed_at timestamptz
);
comment on column unit.place is 'area code of its station: what a scope asks for';
comment on column unit.key_hash is 'SHA-256 of 256 random bits: what its device shows';
create unique index unit_name on unit (agency_id, lower(name)) where removed_at is null;
create unique index unit_device on unit (device) where removed_at is null;
revoke delete on unit from warroom_app;
"""

_FENCE = """
create table unit_fence (
    id uuid primary key,
    agency_id uuid not null references agency,
    name text not null check (length(name) between 1 and 120),
    ring jsonb not null,
    created_at timestamptz not null
);
create index unit_fence_agency on unit_fence (agency_id);
"""

_POSITION = """
create table unit_position (
    unit_id uuid primary key,
    agency_id uuid not null,
    at timestamptz not null,
    received_at timestamptz not null,
    lat double precision not null,
    lon double precision not null,
    kmh real,
    bearing real,
    accuracy_m real,
    battery real,
    edge text,
    road text,
    fraction real,
    beside_m real,
    kecamatan text,
    fences uuid[] not null default '{}'
) with (fillfactor = 50);
comment on column unit_position.edge is 'key of the directed edge of roads it is on';
create index unit_position_received on unit_position using brin (received_at);
"""

_TRACK = """
create table unit_track (
    unit_id uuid not null,
    agency_id uuid not null,
    at timestamptz not null,
    lat double precision not null,
    lon double precision not null,
    kmh real,
    bearing real,
    accuracy_m real,
    edge text,
    late boolean not null default false,
    primary key (unit_id, at)
) partition by range (at);
comment on table unit_track is 'one partition a day (UTC), dropped when it is too old';
-- What comes for a day that was not prepared is kept here, and dropped with nothing.
create table unit_track_rest partition of unit_track default;
alter table unit_track_rest enable row level security;
revoke all on unit_track_rest from warroom_app;

-- The application owns no table: these two make and drop days, and can do nothing else.
create function unit_track_prepare(p_day date) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    part text := 'unit_track_' || to_char(p_day, 'YYYYMMDD');
begin
    if to_regclass('public.' || part) is not null then
        return;
    end if;
    perform pg_advisory_xact_lock(hashtext('unit_track'));
    if to_regclass('public.' || part) is null then
        execute format('create table public.%I partition of public.unit_track
            for values from (%L) to (%L)', part, p_day::timestamp at time zone 'UTC',
            (p_day + 1)::timestamp at time zone 'UTC');
        execute format('alter table public.%I enable row level security', part);
        execute format('revoke all on public.%I from warroom_app', part);
    end if;
end
$$;

create function unit_track_drop(p_before date)
returns table (day date, agency_id uuid, rows bigint)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    part text;
begin
    for part, day in
        select c.relname, to_date(right(c.relname, 8), 'YYYYMMDD')
        from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = 'public.unit_track'::regclass and c.relname ~ '^unit_track_[0-9]{8}$'
          and to_date(right(c.relname, 8), 'YYYYMMDD') < p_before
        order by 1
    loop
        for agency_id, rows in
            execute format('select t.agency_id, count(*) from public.%I t group by 1', part)
        loop
            return next;
        end loop;
        execute format('drop table public.%I', part);
    end loop;
    day := null;
    for agency_id, rows in
        with gone as (
            delete from public.unit_track_rest t
            where t.at < p_before::timestamp at time zone 'UTC' returning t.agency_id
        ) select g.agency_id, count(*) from gone g group by 1
    loop
        return next;
    end loop;
end
$$;
revoke execute on function unit_track_prepare, unit_track_drop from public;
grant execute on function unit_track_prepare, unit_track_drop to warroom_app;
"""

_EVENT = """
create table unit_event (
    id uuid primary key,
    unit_id uuid not null,
    agency_id uuid not null,
    at timestamptz not null,
    what text not null check (what in ('enter', 'leave')),
    fence_id uuid,
    area text not null,
    check (area <> '')
);
comment on column unit_event.area is 'name of the fence, or code of the kecamatan';
create index unit_event_at on unit_event (at);
create index unit_event_unit on unit_event (unit_id, at);
"""

_OF_UNIT = """(
    (select scope_sees_all())
    or agency_id in (select scope_agency_ids())
    or ((select scope_has_things()) and exists (select from unit u where u.id = unit_id))
)"""

_WALL = {
    "unit": reaches(agency="agency_id", place="place", id="id", tags="tags", class_="kind"),
    "unit_fence": reaches(agency="agency_id", id="id"),
    "unit_position": _OF_UNIT,
    "unit_track": _OF_UNIT,
    "unit_event": _OF_UNIT,
}

_ROLES = """
update role set actions = actions || more.words from (values
    ('view', '{unit:view}'::text[]),
    ('operate', '{unit:view}'),
    ('manage', '{unit:view,unit:track}'),
    ('configure', '{unit:*}'),
    ('operator', '{unit:view}'),
    ('supervisor', '{unit:view,unit:track}'),
    ('admin_lembaga', '{unit:*}'),
    ('kepala_lembaga', '{unit:view}'),
    ('auditor', '{unit:view}')
) more (name, words) where role.name = more.name;
"""
