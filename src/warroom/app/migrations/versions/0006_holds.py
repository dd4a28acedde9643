"""Holds with a case, an end and a release; what an operator must know of recording at once."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute(_HOLD)
    op.execute(_RECORDING_SINCE)
    op.execute(_NODE)
    op.execute(_ALARM)


_HOLD = """
alter table recording_hold
    add column case_number text not null default '' check (length(case_number) <= 80),
    add column until_at timestamptz,
    add column held_by_agency uuid references agency,
    add column created_by_label text not null default '',
    add column held_by_label text not null default '',
    add column changed_at timestamptz,
    add column changed_by uuid,
    add column released_by_label text not null default '',
    add column release_reason text check (length(release_reason) between 1 and 500),
    add constraint recording_hold_until check (until_at is null or until_at > created_at);
comment on column recording_hold.held_by_agency is
    'agency of the person who set it; null: set on the machine itself';
comment on column recording_hold.created_by_label is
    'what the person was called then: a hold outlives people and agencies';
comment on column recording_hold.until_at is
    'when it ends by itself; the release at that instant has no released_by';
create index recording_hold_ending on recording_hold (until_at)
    where released_at is null and until_at is not null;
create index recording_hold_newest on recording_hold (created_at desc, id desc);
"""

_RECORDING_SINCE = """
alter table camera_state add column recording_since timestamptz;
update camera_state set recording_since = reported_at;
alter table camera_state alter column recording_since set not null,
    alter column recording_since set default now();
comment on column camera_state.recording_since is 'since when "recording" is what it is';
"""

_NODE = """
create table recording_node (
    node text primary key check (length(node) between 1 and 200),
    reported_at timestamptz not null,
    disks jsonb not null
);
comment on table recording_node is 'the last word of each recorder, and how its disks are';
create table recording_watch (
    id boolean primary key default true check (id),
    seen_at timestamptz not null,
    since timestamptz not null
);
comment on table recording_watch is
    'since when alarms were judged without a pause: who did not look cannot call others silent';
-- Machines belong to no agency: only a scope that sees the whole city reads or writes them.
alter table recording_node enable row level security;
create policy recording_node_scope on recording_node using ((select scope_sees_all()));
alter table recording_watch enable row level security;
create policy recording_watch_scope on recording_watch using ((select scope_sees_all()));
"""

_ALARM = """
create table recording_alarm (
    id uuid primary key,
    kind text not null,
    subject text not null,
    level text not null check (level in ('alarm', 'warning')),
    node text not null default '',
    disk text not null default '',
    camera_id uuid references camera on delete cascade,
    agency_id uuid references agency,
    place text,
    tags text[] not null default '{}',
    detail jsonb not null default '{}',
    since timestamptz not null,
    raised_at timestamptz not null,
    changed_at timestamptz not null,
    cleared_at timestamptz
);
comment on column recording_alarm.agency_id is 'owner of the camera; null for nodes and disks';
create unique index recording_alarm_open on recording_alarm (kind, subject)
    where cleared_at is null;
create index recording_alarm_cleared on recording_alarm (cleared_at)
    where cleared_at is not null;
alter table recording_alarm enable row level security;
create policy recording_alarm_scope on recording_alarm using (
    (select scope_sees_all()) or agency_id = any((select scope_agencies())::uuid[])
);
"""
