"""Tasks of incidents: one case, a task for each agency that works on it; run cards."""

from alembic import op

revision = "0036"
down_revision = "0032"


def upgrade() -> None:
    op.execute(_TASK)
    op.execute(_ASSIGNMENT)
    op.execute(_CARD)
    op.execute(_ROLES)


_TASK = """
alter table dispatch_task
    add column incident_id uuid,
    add column alarm_level smallint not null default 1 check (alarm_level between 1 and 5),
    drop constraint dispatch_task_kind_check,
    add constraint dispatch_task_kind_check check (kind in ('traffic', 'incident')),
    add constraint dispatch_task_of_incident check ((kind = 'incident') = (incident_id is not null)),
    drop constraint dispatch_task_state_check,
    add constraint dispatch_task_state_check check (state in ('open', 'dispatched', 'accepted',
        'en_route', 'staged', 'on_scene', 'transporting', 'at_facility', 'closed'));
comment on column dispatch_task.incident_id is 'the common case; it outlives the row that it names';
create index dispatch_task_incident on dispatch_task (incident_id, agency_id)
    where incident_id is not null;
"""

_ASSIGNMENT = """
alter table dispatch_assignment
    add column role text not null default '' check (length(role) <= 40),
    add column staged_at timestamptz,
    add column transporting_at timestamptz,
    add column at_facility_at timestamptz;
comment on column dispatch_assignment.role is 'what of the run card the unit was sent as';
create index dispatch_assignment_ended on dispatch_assignment (unit_id, ended_at desc);
"""

_CARD = """
create table dispatch_runcard (
    code text not null check (code ~ '^[a-z][a-z0-9_]{1,39}$'),
    version integer not null check (version > 0),
    body jsonb not null,
    written_at timestamptz not null,
    written_by uuid references person,
    primary key (code, version)
);
comment on table dispatch_runcard is 'of the city, no agency''s own; the product''s own lie in its files until they were used';
revoke update, delete, truncate on dispatch_runcard from warroom_app;
"""

_ROLES = """
update role set actions = actions || more.words from (values
    ('pengendali_112', '{dispatch:send}'::text[]),
    ('pengawas_112', '{dispatch:send,dispatch:configure}')
) more (name, words) where role.name = more.name and not role.actions @> more.words;
"""
