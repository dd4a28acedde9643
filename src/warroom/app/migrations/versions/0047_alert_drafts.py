"""Alerts of the city: written by one person, released by another."""

from alembic import op

from warroom.kernel.wall import policy, reaches

revision = "0047"
down_revision = "0048"


def upgrade() -> None:
    op.execute(_DRAFT)
    op.execute(policy("alert_draft", reaches(agency="agency_id", id="id")))
    op.execute(_ROLES)


_DRAFT = """
create table alert_draft (
    id uuid primary key,
    agency_id uuid not null references agency,
    incident_id uuid references incident on delete set null,
    kind text not null check (kind in ('Alert', 'Update', 'Cancel')),
    previous uuid references alert,
    fields jsonb not null,
    version integer not null default 1,
    state text not null check (state in ('draft', 'waiting', 'issued', 'dropped')),
    writers uuid[] not null check (cardinality(writers) >= 1),
    made_at timestamptz not null,
    changed_at timestamptz not null,
    asked_at timestamptz,
    asked_by uuid references person,
    returned text not null default '' check (length(returned) <= 500),
    ended_at timestamptz,
    ended_by uuid references person,
    alert_id uuid unique references alert,
    check ((kind = 'Alert') = (previous is null)),
    check ((state = 'issued') = (alert_id is not null)),
    check (ended_by is null or state <> 'issued' or ended_by <> all(writers))
);
comment on column alert_draft.writers is 'everybody who wrote in it: none of them releases it';
create index alert_draft_open on alert_draft (agency_id, changed_at desc);
create index alert_own on alert (received_at desc) where source = 'own';
"""

_ROLES = """
update role set actions = actions || more.words from (values
    ('operate', '{alert:write}'::text[]),
    ('manage', '{alert:issue,alert:write}'),
    ('configure', '{alert:issue,alert:write}'),
    ('supervisor', '{alert:issue,alert:write}'),
    ('admin_lembaga', '{alert:issue,alert:write}'),
    ('kepala_lembaga', '{alert:issue,alert:write}'),
    ('pengendali_112', '{alert:write}'),
    ('pengawas_112', '{alert:issue,alert:write}')
) more (name, words) where role.name = more.name;
"""
