"""The inventory of cameras, their streams and their states."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute(_CAMERA)
    op.execute(_STREAM)
    op.execute(_STATE)


_CAMERA = """
create table camera (
    id uuid primary key,
    agency_id uuid not null references agency,
    number integer not null check (number between 1 and 999999),
    name text not null check (length(name) between 1 and 120),
    site text not null default '',
    kecamatan text,
    kecamatan_name text,
    kelurahan text,
    kelurahan_name text,
    area_source text check (area_source in ('given', 'polygon', 'nearest_centre')),
    place text generated always as (coalesce(kelurahan, kecamatan)) stored,
    lat double precision not null check (lat between -90 and 90),
    lon double precision not null check (lon between -180 and 180),
    height_m real,
    bearing_deg real check (bearing_deg >= 0 and bearing_deg < 360),
    fov_deg real check (fov_deg > 0 and fov_deg <= 360),
    range_m real check (range_m > 0 and range_m <= 3000),
    is_ptz boolean not null default false,
    tags text[] not null default '{}',
    retention_class text not null default 'standard',
    simulated boolean not null default false,
    enabled boolean not null default true,
    notes text not null default '',
    version integer not null default 1,
    created_at timestamptz not null,
    changed_at timestamptz not null,
    removed_at timestamptz,
    -- Lets streams and states carry the owner for row-level security, always the same one.
    unique (id, agency_id)
);
comment on column camera.place is 'the most exact area code known: what a scope asks for';
-- A number is free again once its camera is gone; footage and audit speak of the id.
create unique index camera_number on camera (number) where removed_at is null;
create index camera_position on camera using gist (point(lon, lat)) where removed_at is null;
create index camera_agency on camera (agency_id) where removed_at is null;
alter table camera enable row level security;
create policy camera_scope on camera using (
    (select scope_sees_all()) or agency_id = any((select scope_agencies())::uuid[])
);
-- Cameras are marked as removed, so that footage keeps an owner; the row itself stays.
revoke delete on camera from warroom_app;

-- Numbers are unique in the city, so the next one is asked across all agencies.
create function camera_next_number() returns integer
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select coalesce(max(number), 0) + 1 from public.camera where removed_at is null
$$;
grant execute on function camera_next_number to warroom_app;
"""

_STREAM = """
create table camera_stream (
    id uuid primary key,
    camera_id uuid not null,
    agency_id uuid not null,
    role text not null check (role in ('main', 'sub')),
    url text not null check (length(url) <= 1100 and url !~ '@'),
    transport text not null default 'tcp' check (transport in ('tcp', 'udp')),
    credentials bytea,
    codec text,
    width integer,
    height integer,
    unique (camera_id, role),
    foreign key (camera_id, agency_id) references camera (id, agency_id)
        on update cascade on delete cascade
);
comment on column camera_stream.credentials is 'sealed outside the database, bound to the id';
alter table camera_stream enable row level security;
create policy camera_stream_scope on camera_stream using (
    (select scope_sees_all()) or agency_id = any((select scope_agencies())::uuid[])
);
"""

_STATE = """
create table camera_state (
    camera_id uuid primary key,
    agency_id uuid not null,
    state text not null check (state in ('live', 'late', 'offline', 'unknown')),
    since timestamptz not null,
    reason text,
    last_frame_at timestamptz,
    fps real,
    kbit_s real,
    clock_offset_ms real,
    clock_uncertainty_ms real,
    recording boolean not null default false,
    node text not null default '',
    reported_at timestamptz not null,
    foreign key (camera_id, agency_id) references camera (id, agency_id)
        on update cascade on delete cascade
) with (fillfactor = 50);
alter table camera_state enable row level security;
create policy camera_state_scope on camera_state using (
    (select scope_sees_all()) or agency_id = any((select scope_agencies())::uuid[])
);
"""
