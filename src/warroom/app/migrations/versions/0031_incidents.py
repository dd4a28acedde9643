"""The common case of 112: drafts, incidents, their log, notes, positions, calls, links and cards."""

from alembic import op

from warroom.kernel.wall import policy, reaches

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    op.execute(_INCIDENT)
    op.execute(_EVENT)
    op.execute(_NOTE)
    op.execute(_LOCATION)
    op.execute(_JOINED)
    op.execute(_CARD)
    op.execute(_NUMBER)
    op.execute(_NAMES)
    op.execute(_FORGET)
    for table, condition in _WALL.items():
        op.execute(policy(table, condition))
    op.execute(_ROLES)


_INCIDENT = """
create table incident (
    id uuid primary key,
    number text unique,
    agency_id uuid not null references agency,
    taken_by_agency uuid not null references agency,
    agencies uuid[] not null check (agency_id = any(agencies) and taken_by_agency = any(agencies)),
    fields jsonb not null default '{}',
    revision integer not null default 0,
    state text not null,
    since timestamptz not null,
    missing text[] not null default '{place,event}',
    type_code text,
    family text not null default 'other',
    card_version integer,
    priority smallint check (priority between 1 and 5),
    event text not null default '',
    address text not null default '',
    area text not null default '',
    place text,
    lat double precision check (lat between -90 and 90),
    lon double precision check (lon between -180 and 180),
    opened_at timestamptz not null,
    opened_by uuid references person,
    heard_at timestamptz not null,
    pending_at timestamptz,
    due_at timestamptz,
    ended_at timestamptz,
    disposition text,
    merged_into uuid references incident,
    callback_key text,
    caller_key text,
    check ((lat is null) = (lon is null))
);
comment on column incident.agency_id is 'the lead; until it is handed on, who took the call';
comment on column incident.agencies is 'the lead, who took the call, and all that take part';
comment on column incident.fields is 'what was typed: each field with its writer and its time';
comment on column incident.heard_at is 'when somebody last called about it';
comment on column incident.callback_key is 'callback number as it is compared';
create index incident_open on incident (opened_at desc, id desc) where ended_at is null;
create index incident_listed on incident (opened_at desc, id desc);
create index incident_place on incident using gist (point(lon, lat)) where lat is not null;
create index incident_heard on incident (heard_at desc);
create index incident_callback on incident (callback_key) where callback_key is not null;
create index incident_merged on incident (merged_into) where merged_into is not null;
revoke delete, truncate on incident from warroom_app;
"""

_EVENT = """
create table incident_event (
    id uuid primary key,
    incident_id uuid not null references incident on delete cascade,
    kind text not null,
    happened_at timestamptz not null,
    received_at timestamptz not null,
    is_backdated boolean not null default false,
    source text not null check (source in ('operator', 'unit', 'auto', 'import')),
    person_id uuid references person,
    reason text not null default '' check (length(reason) <= 500),
    corrects uuid,
    detail jsonb not null default '{}',
    check (happened_at <= received_at)
);
comment on column incident_event.corrects is 'a correction is a row that names the wrong one';
create index incident_event_incident on incident_event (incident_id, happened_at);
revoke update, delete, truncate on incident_event from warroom_app;
"""

_NOTE = """
create table incident_note (
    id uuid primary key,
    incident_id uuid not null references incident on delete cascade,
    agency_id uuid not null references agency,
    visibility text not null check (visibility in ('all', 'agency', 'police')),
    text text not null check (length(text) between 1 and 4000),
    happened_at timestamptz not null,
    received_at timestamptz not null,
    is_backdated boolean not null default false,
    person_id uuid references person,
    corrects uuid,
    check (happened_at <= received_at)
);
comment on column incident_note.agency_id is 'of its author';
create index incident_note_incident on incident_note (incident_id, happened_at);
revoke update, delete, truncate on incident_note from warroom_app;
"""

_LOCATION = """
create table incident_location (
    id uuid primary key,
    incident_id uuid not null references incident on delete cascade,
    source text not null check (source in
        ('operator', 'cell', 'aml', 'sms_link', 'spoken', 'cctv', 'sip')),
    lat double precision not null check (lat between -90 and 90),
    lon double precision not null check (lon between -180 and 180),
    radius_m real check (radius_m >= 0),
    confidence real check (confidence between 0 and 1),
    call_id uuid,
    at timestamptz not null,
    received_at timestamptz not null,
    person_id uuid references person
);
comment on column incident_location.call_id is 'call of the domain calls';
create index incident_location_incident on incident_location (incident_id, at);
revoke update, delete, truncate on incident_location from warroom_app;
"""

_JOINED = """
create table incident_call (
    incident_id uuid not null references incident on delete cascade,
    call_id uuid not null,
    linked_at timestamptz not null,
    linked_by uuid references person,
    primary key (incident_id, call_id)
);
comment on column incident_call.call_id is 'call of the domain calls; either may come first';
create index incident_call_call on incident_call (call_id);
revoke update, delete, truncate on incident_call from warroom_app;
create table incident_link (
    incident_id uuid not null references incident on delete cascade,
    other_id uuid not null references incident on delete cascade,
    kind text not null check (kind in ('parent', 'child', 'related')),
    primary key (incident_id, other_id),
    check (incident_id <> other_id)
);
create index incident_link_other on incident_link (other_id);
"""

_CARD = """
create table incident_card (
    code text not null check (code ~ '^[a-z][a-z0-9_]{1,39}$'),
    version integer not null check (version > 0),
    body jsonb not null,
    written_at timestamptz not null,
    written_by uuid references person,
    primary key (code, version)
);
comment on table incident_card is 'every version that was ever asked; those of the product lie in its files until then';
revoke update, delete, truncate on incident_card from warroom_app;
"""

_NUMBER = """
create table incident_number (
    year integer primary key,
    last integer not null
);
revoke all on incident_number from warroom_app;
create function incident_next_number(p_year integer) returns integer
language sql security definer set search_path = pg_catalog, pg_temp as $$
    insert into public.incident_number as n (year, last) values (p_year, 1)
    on conflict (year) do update set last = n.last + 1 returning last
$$;
revoke execute on function incident_next_number from public;
grant execute on function incident_next_number to warroom_app;
"""

_NAMES = """
-- Who takes part is named to who takes part, whatever else of an agency they see.
create function incident_agencies()
returns table (id uuid, short text, name text, kind text, is_active boolean)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select a.id, a.short, a.name, a.kind, a.is_active from public.agency a
$$;
revoke execute on function incident_agencies from public;
grant execute on function incident_agencies to warroom_app;
"""

_FORGET = """
-- The application deletes no incident by itself: this takes those that are too old.
create function incident_forget(p_before timestamptz) returns table (agency_id uuid, rows bigint)
language sql security definer set search_path = pg_catalog, pg_temp as $$
    with old as (
        select i.id from public.incident i
        where i.ended_at < least(p_before, now() - interval '30 days')
    ), gone as (
        delete from public.incident i where i.id in (select id from old) and not exists (
            select from public.incident m
            where m.merged_into = i.id and m.id not in (select id from old))
        returning i.agency_id
    )
    select g.agency_id, count(*) from gone g group by 1
$$;
revoke execute on function incident_forget from public;
grant execute on function incident_forget to warroom_app;
"""

# Within the scope of one of the agencies that take part.
_INCIDENT_WALL = (
    "exists (select from unnest(agencies) as x(party) where "
    + reaches(agency="x.party", place="place", id="id", class_="family")
    + ")"
)
_OF_INCIDENT = "exists (select from incident i where i.id = incident_id)"

# Of a note more is asked than of its incident: the author's agency, or the police.
_NOTE_WALL = f"""(
    {_OF_INCIDENT} and (
        visibility = 'all'
        or agency_id = (select scope_agency())
        or (visibility = 'police' and exists (select from agency a
            where a.id = (select scope_agency()) and a.kind = 'police'))
        or ((select scope_agency()) is null and (select scope_sees_all()))
    )
)"""

_BOTH = """(
    exists (select from incident i where i.id = incident_id)
    and exists (select from incident o where o.id = other_id)
)"""

_WALL = {
    "incident": _INCIDENT_WALL,
    "incident_event": _OF_INCIDENT,
    "incident_note": _NOTE_WALL,
    "incident_location": _OF_INCIDENT,
    "incident_call": _OF_INCIDENT,
    "incident_link": _BOTH,
}

_ROLES = """
update role set actions = actions || more.words from (values
    ('view', '{incident:view}'::text[]),
    ('operate', '{incident:view,incident:work}'),
    ('manage', '{incident:view,incident:work}'),
    ('configure', '{incident:view,incident:work}'),
    ('supervisor', '{incident:view,incident:work,incident:take,incident:supervise}'),
    ('admin_lembaga', '{incident:view,incident:work}'),
    ('kepala_lembaga', '{incident:view}'),
    ('petugas_lalin', '{incident:view,incident:work}')
) more (name, words) where role.name = more.name;
insert into role (name, actions) values
    ('penerima_112', '{camera:view,city:view,incident:take,incident:view,incident:work,live:view,
        route:view,traffic:view,unit:view}'),
    ('pengendali_112', '{camera:view,city:view,dispatch:view,incident:view,incident:work,live:view,
        route:view,traffic:view,unit:view}'),
    ('pengawas_112', '{camera:view,city:view,dispatch:view,incident:configure,incident:supervise,
        incident:take,incident:view,incident:work,live:view,recording:hold,recording:view,
        route:view,traffic:view,unit:view}')
on conflict (name) do nothing;
"""
