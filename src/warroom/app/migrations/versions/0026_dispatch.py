"""Tasks, units sent to them, what was told of it, who serves on a unit, and what it came to."""

from alembic import op

from warroom.kernel.wall import policy, reaches

revision = "0026"
down_revision = "0022"


def upgrade() -> None:
    op.execute(_TASK)
    op.execute(_ASSIGNMENT)
    op.execute(_EVENT)
    op.execute(_MEASURE)
    op.execute(_CREW)
    op.execute(_NUMBER)
    op.execute(_FORGET)
    for table, condition in _WALL.items():
        op.execute(policy(table, condition))
    op.execute(_ROLES)


_TASK = """
create table dispatch_task (
    id uuid primary key,
    number text not null unique,
    agency_id uuid not null references agency,
    kind text not null check (kind in ('traffic')),
    place text,
    lat double precision not null check (lat between -90 and 90),
    lon double precision not null check (lon between -180 and 180),
    roads text[] not null default '{}',
    note text not null default '' check (length(note) <= 500),
    priority smallint not null default 3 check (priority between 1 and 5),
    state text not null check (state in
        ('open', 'dispatched', 'accepted', 'en_route', 'on_scene', 'closed')),
    since timestamptz not null,
    jam_id uuid,
    keys text[] not null default '{}',
    jam_ended text,
    jam_ended_at timestamptz,
    opened_at timestamptz not null,
    opened_by uuid references person,
    closed_at timestamptz,
    closed_by uuid references person,
    outcome text check (outcome in ('solved', 'dissolved', 'not_found', 'cancelled')),
    check ((state = 'closed') = (closed_at is not null)),
    check ((closed_at is null) = (outcome is null))
);
comment on column dispatch_task.opened_by is 'null: a jam opened it by itself';
comment on column dispatch_task.keys is 'edges of the road graph: way:from:to, whatever the pack';
-- A jam has one open task of an agency, however many processes see it.
create unique index dispatch_task_jam on dispatch_task (agency_id, jam_id) where closed_at is null;
create index dispatch_task_open on dispatch_task (opened_at) where closed_at is null;
create index dispatch_task_closed on dispatch_task (closed_at desc);
revoke delete on dispatch_task from warroom_app;
"""

_ASSIGNMENT = """
create table dispatch_assignment (
    id uuid primary key,
    task_id uuid not null references dispatch_task on delete cascade,
    unit_id uuid not null references unit,
    state text not null,
    since timestamptz not null,
    dispatched_at timestamptz not null,
    accepted_at timestamptz,
    en_route_at timestamptz,
    on_scene_at timestamptz,
    ended_at timestamptz,
    eta_s real check (eta_s >= 0),
    created_at timestamptz not null,
    check ((ended_at is not null)
        = (state in ('cleared', 'declined', 'cancelled', 'handed_over')))
);
-- A unit is on one task at a time.
create unique index dispatch_assignment_unit on dispatch_assignment (unit_id)
    where ended_at is null;
create index dispatch_assignment_task on dispatch_assignment (task_id, created_at);
revoke delete on dispatch_assignment from warroom_app;
"""

_EVENT = """
create table dispatch_event (
    id uuid primary key,
    task_id uuid not null references dispatch_task on delete cascade,
    assignment_id uuid references dispatch_assignment on delete cascade,
    kind text not null,
    happened_at timestamptz not null,
    received_at timestamptz not null,
    device_at timestamptz,
    source text not null check (source in ('operator', 'unit', 'auto')),
    person_id uuid references person,
    reason text not null default '' check (length(reason) <= 500),
    detail jsonb not null default '{}',
    check (happened_at <= received_at)
);
comment on column dispatch_event.id is 'made where it was pressed: the same press is one row';
create index dispatch_event_task on dispatch_event (task_id, happened_at);
create index dispatch_event_assignment on dispatch_event (assignment_id);
-- What was told stays told: a correction is another row.
revoke update, delete, truncate on dispatch_event from warroom_app;
"""

_MEASURE = """
create table dispatch_measure (
    task_id uuid not null references dispatch_task on delete cascade,
    moment text not null check (moment in
        ('opened', 'sent', 'arrived', 'cleared', 'after_5', 'after_10', 'after_15')),
    due_at timestamptz not null,
    at timestamptz,
    length_m real,
    jam_factor real check (jam_factor between 0 and 10),
    delay_s real,
    known_share real not null default 0 check (known_share between 0 and 1),
    closed_share real not null default 0 check (closed_share between 0 and 1),
    trend text,
    primary key (task_id, moment)
);
comment on column dispatch_measure.at is 'null: nobody looked in time';
revoke update, delete, truncate on dispatch_measure from warroom_app;
"""

_CREW = """
create table dispatch_crew (
    id uuid primary key,
    unit_id uuid not null references unit,
    person_id uuid not null references person,
    agency_id uuid not null references agency,
    signed_on_at timestamptz not null,
    signed_off_at timestamptz check (signed_off_at >= signed_on_at)
);
comment on column dispatch_crew.agency_id is 'owner of the unit';
create unique index dispatch_crew_person on dispatch_crew (person_id) where signed_off_at is null;
create index dispatch_crew_unit on dispatch_crew (unit_id, signed_on_at);
revoke delete, truncate on dispatch_crew from warroom_app;
"""

_NUMBER = """
create table dispatch_number (
    kind text not null,
    year integer not null,
    last integer not null,
    primary key (kind, year)
);
revoke all on dispatch_number from warroom_app;
create function dispatch_next_number(p_kind text, p_year integer) returns integer
language sql security definer set search_path = pg_catalog, pg_temp as $$
    insert into public.dispatch_number as n (kind, year, last) values (p_kind, p_year, 1)
    on conflict (kind, year) do update set last = n.last + 1 returning last
$$;
revoke execute on function dispatch_next_number from public;
grant execute on function dispatch_next_number to warroom_app;
"""

_FORGET = """
-- The application deletes no task by itself: this takes those that are too old, and nothing else.
create function dispatch_forget(p_before timestamptz) returns table (agency_id uuid, rows bigint)
language sql security definer set search_path = pg_catalog, pg_temp as $$
    with gone as (
        delete from public.dispatch_task t
        where t.closed_at < least(p_before, now() - interval '30 days') returning t.agency_id
    )
    select g.agency_id, count(*) from gone g group by 1
$$;
create function dispatch_forget_crews(p_before timestamptz)
returns table (agency_id uuid, rows bigint)
language sql security definer set search_path = pg_catalog, pg_temp as $$
    with gone as (
        delete from public.dispatch_crew c
        where c.signed_off_at < least(p_before, now() - interval '30 days') returning c.agency_id
    )
    select g.agency_id, count(*) from gone g group by 1
$$;
revoke execute on function dispatch_forget, dispatch_forget_crews from public;
grant execute on function dispatch_forget, dispatch_forget_crews to warroom_app;
"""

_OF_TASK = """(
    (select scope_sees_all())
    or exists (select from dispatch_task t where t.id = task_id)
)"""

_OF_UNIT = """(
    (select scope_sees_all())
    or agency_id in (select scope_agency_ids())
    or ((select scope_has_things()) and exists (select from unit u where u.id = unit_id))
)"""

_WALL = {
    "dispatch_task": reaches(agency="agency_id", place="place", id="id", class_="kind"),
    "dispatch_assignment": _OF_TASK,
    "dispatch_event": _OF_TASK,
    "dispatch_measure": _OF_TASK,
    "dispatch_crew": _OF_UNIT,
}

# Who sends is named by the city, as who closes roads (decision 50); who serves on a unit of an
# agency is named by that agency.
_ROLES = """
update role set actions = actions || more.words from (values
    ('view', '{dispatch:view}'::text[]),
    ('operate', '{dispatch:view}'),
    ('manage', '{dispatch:view}'),
    ('configure', '{dispatch:view,dispatch:act}'),
    ('operator', '{dispatch:view}'),
    ('supervisor', '{dispatch:view}'),
    ('admin_lembaga', '{dispatch:view,dispatch:act}'),
    ('kepala_lembaga', '{dispatch:view}'),
    ('auditor', '{dispatch:view}'),
    ('petugas_lalin', '{dispatch:view,dispatch:send}')
) more (name, words) where role.name = more.name;
insert into role (name, actions) values ('petugas_lapangan',
    '{camera:view,live:view,dispatch:act,route:view,traffic:report,traffic:view,unit:view}')
on conflict (name) do nothing;
"""
