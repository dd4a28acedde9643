"""The state of roads: what people say of them, jams, and typical speeds."""

from alembic import op

from warroom.kernel.wall import policy, reaches

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.execute(_TABLES)
    op.execute(policy("traffic_said", reaches(agency="agency_id", place="place", id="id")))
    op.execute(_ROLES)


_TABLES = """
create table traffic_said (
    id uuid primary key,
    kind text not null check (kind in ('closure', 'report')),
    agency_id uuid not null references agency,
    place text,
    keys text[] not null check (cardinality(keys) between 1 and 20000),
    roads text[] not null,
    line jsonb not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null check (ends_at > starts_at),
    source smallint not null,
    level text check (level in ('clear', 'slow', 'jam', 'standing')),
    cause text,
    reason text not null check (length(reason) <= 500),
    person_id uuid references person,
    created_at timestamptz not null,
    ended_at timestamptz,
    ended_by uuid references person,
    check ((kind = 'report') = (level is not null))
);
comment on column traffic_said.keys is 'edges of the road graph: way:from:to, whatever the pack';
create index traffic_said_active on traffic_said (ends_at) where ended_at is null;
create index traffic_said_agency on traffic_said (agency_id, created_at desc);

-- Jams and typical speeds are of the city's roads and belong to no agency.
create table traffic_jam (
    id uuid primary key,
    place text,
    roads text[] not null,
    keys text[] not null,
    began_at timestamptz not null,
    changed_at timestamptz not null,
    ended_at timestamptz,
    length_m real not null,
    queue_m real not null,
    delay_s real not null,
    lat double precision not null,
    lon double precision not null,
    how text not null,
    cause text,
    reason text not null default ''
);
comment on column traffic_jam.length_m is 'the greatest it had';
create index traffic_jam_ended on traffic_jam (ended_at desc);

create table traffic_pack (
    version text primary key,
    keys bytea not null
);
comment on column traffic_pack.keys is 'way, from, to of each edge in order: int64, zlib';
create table traffic_typical (
    slot smallint primary key check (slot between 0 and 2015),
    pack text not null references traffic_pack,
    content bytea not null,
    learnt_at timestamptz not null
);
comment on column traffic_typical.content is 'a byte of speed and one of weeks for each edge, zlib';
alter table traffic_typical alter column content set storage external;
"""

_ROLES = """
update role set actions = actions || more.words from (values
    ('view', '{traffic:view,route:view}'::text[]),
    ('operate', '{traffic:view,traffic:report,route:view}'),
    ('manage', '{traffic:view,traffic:report,traffic:close,route:view}'),
    ('configure', '{traffic:*,route:*}'),
    ('operator', '{traffic:view,traffic:report,route:view}'),
    ('supervisor', '{traffic:view,traffic:report,traffic:close,route:view}'),
    ('admin_lembaga', '{traffic:*,route:*}'),
    ('kepala_lembaga', '{traffic:view,route:view}'),
    ('penyidik', '{traffic:view,route:view}'),
    ('auditor', '{traffic:view}')
) more (name, words) where role.name = more.name;
"""
