"""Cautions of incidents, and what is known of buildings, hydrants and gates."""

from alembic import op

from warroom.kernel.wall import policy, reaches

revision = "0032"
down_revision = "0035"


def upgrade() -> None:
    op.execute(_CAUTION)
    op.execute(_PREMISE)
    for table, condition in _WALL.items():
        op.execute(policy(table, condition))


_CAUTION = """
create table incident_caution (
    id uuid primary key,
    incident_id uuid not null references incident on delete cascade,
    severity smallint not null check (severity between 1 and 3),
    text text not null check (length(text) between 1 and 500),
    lat double precision not null check (lat between -90 and 90),
    lon double precision not null check (lon between -180 and 180),
    radius_m real not null check (radius_m between 10 and 5000),
    starts_at timestamptz not null,
    ends_at timestamptz not null check (ends_at > starts_at),
    person_id uuid references person,
    ended_at timestamptz,
    ended_by uuid references person
);
comment on column incident_caution.severity is '1 danger to life, 2 danger, 3 to be known';
create index incident_caution_incident on incident_caution (incident_id);
create index incident_caution_place on incident_caution using gist (point(lon, lat))
    where ended_at is null;
revoke delete, truncate on incident_caution from warroom_app;
"""

_PREMISE = """
create table premise (
    id uuid primary key,
    agency_id uuid not null references agency,
    kind text not null check (kind in ('building', 'hydrant', 'gate')),
    name text not null check (length(name) between 1 and 200),
    place text,
    lat double precision not null check (lat between -90 and 90),
    lon double precision not null check (lon between -180 and 180),
    hazards text not null default '' check (length(hazards) <= 1000),
    access text not null default '' check (length(access) <= 1000),
    contacts text not null default '' check (length(contacts) <= 500),
    changed_at timestamptz not null,
    changed_by uuid references person,
    version integer not null default 1,
    removed_at timestamptz
);
comment on column premise.contacts is 'who has the keys, and their numbers: personal';
create index premise_at on premise using gist (point(lon, lat)) where removed_at is null;
revoke delete, truncate on premise from warroom_app;
"""

_WALL = {
    "incident_caution": "exists (select from incident i where i.id = incident_id)",
    "premise": reaches(agency="agency_id", place="place", id="id", class_="kind"),
}
