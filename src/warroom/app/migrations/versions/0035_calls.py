"""Calls to 112, what happened to each, and where callers were."""

from alembic import op

from warroom.kernel.wall import policy, reaches

revision = "0035"
down_revision = "0031"


def upgrade() -> None:
    op.execute(_JOURNAL)
    op.execute(_CALL)
    op.execute(_EVENT)
    op.execute(_LOCATION)
    op.execute(_FORGET)
    for table, condition in _WALL.items():
        op.execute(policy(table, condition))
    op.execute(_ROLES)


_JOURNAL = """
create table call_journal (
    id uuid primary key,
    node text not null,
    seq bigint not null check (seq >= 0),
    changed_at timestamptz not null
);
comment on table call_journal is 'up to which event the journal of each edge is stored here';
"""

_CALL = """
create table call (
    id uuid primary key,
    agency_id uuid not null references agency,
    node text not null,
    line text not null default '',
    direction text not null check (direction in ('in', 'out')),
    from_number text not null default '' check (length(from_number) <= 40),
    is_emergency boolean not null default false,
    state text not null,
    class text,
    agent_id uuid,
    callback_of uuid references call on delete set null,
    callback_tries integer not null default 0,
    silent_confirmed boolean not null default false,
    is_short boolean not null default false,
    offered_at timestamptz not null,
    answered_at timestamptz,
    ended_at timestamptz,
    closed_at timestamptz,
    recording_path text,
    recording_sha256 text,
    recording_s real,
    rtp_received bigint,
    rtp_lost bigint,
    gap_s real not null default 0
);
comment on column call.from_number is 'of the caller, or of whom we called; empty where hidden';
create index call_offered on call (agency_id, offered_at desc);
create index call_open on call (agency_id) where closed_at is null;
create index call_number on call (from_number) where from_number <> '';
revoke delete, truncate on call from warroom_app;
"""

_EVENT = """
create table call_event (
    journal uuid not null references call_journal,
    seq bigint not null,
    call_id uuid not null references call on delete cascade,
    kind text not null,
    at timestamptz not null,
    actor_id uuid,
    source text not null check (source in ('operator', 'auto', 'caller')),
    body jsonb not null default '{}',
    primary key (journal, seq)
);
create index call_event_call on call_event (call_id, at);
-- What was told stays told: a correction is another row.
revoke update, delete, truncate on call_event from warroom_app;
"""

_LOCATION = """
create table call_location (
    journal uuid not null,
    seq bigint not null,
    call_id uuid not null references call on delete cascade,
    source text not null,
    lat double precision check (lat between -90 and 90),
    lon double precision check (lon between -180 and 180),
    radius_m real check (radius_m >= 0),
    confidence real,
    method text not null default '',
    reference text not null default '',
    at timestamptz not null,
    primary key (journal, seq),
    foreign key (journal, seq) references call_event on delete cascade
);
comment on table call_location is 'each place that was told, as it was told; a person chooses';
create index call_location_call on call_location (call_id, at);
revoke update, delete, truncate on call_location from warroom_app;
"""

_FORGET = """
-- The application deletes no call: this one forgets those that ended long ago, and nothing else.
create function calls_forget(p_before timestamptz)
returns table (agency_id uuid, rows bigint)
language sql security definer set search_path = pg_catalog, pg_temp as $$
    with gone as (
        delete from public.call c
        where c.offered_at < least(p_before, now() - interval '30 days')
        and c.closed_at is not null returning c.agency_id
    )
    select g.agency_id, count(*) from gone g group by 1
$$;
revoke execute on function calls_forget from public;
grant execute on function calls_forget to warroom_app;
"""

_OF_CALL = """(
    (select scope_sees_all())
    or exists (select from call c where c.id = call_id)
)"""

_WALL = {
    "call_journal": "(select scope_sees_all())",
    "call": reaches(agency="agency_id", id="id", class_="class"),
    "call_event": _OF_CALL,
    "call_location": _OF_CALL,
}

_ROLES = """
update role set actions = actions || more.words from (values
    ('operator', '{call:view}'::text[]),
    ('supervisor', '{call:view}'),
    ('admin_lembaga', '{call:view}'),
    ('kepala_lembaga', '{call:view}'),
    ('auditor', '{call:view}')
) more (name, words) where role.name = more.name;
"""
