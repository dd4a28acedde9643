"""Places by the names people say, what is dangerous in them, and how each came to be as it is."""

from alembic import op

from warroom.kernel.wall import policy

revision = "0048"
down_revision = "0046"


def upgrade() -> None:
    op.execute(_PREMISE)
    op.execute(_VERSION)
    op.execute(policy("premise_version", _OF_PREMISE))
    op.execute(_ROLES)


_PREMISE = """
alter table premise
    drop constraint premise_kind_check,
    add constraint premise_kind_check check (kind in ('building', 'school', 'worship', 'market',
        'hotel', 'clinic', 'industry', 'hydrant', 'gate')),
    add column aliases text not null default '' check (length(aliases) <= 300),
    add column area text not null default '' check (length(area) <= 200),
    add column dangers text[] not null default '{}' check (dangers <@ array['gas', 'fuel',
        'chemical', 'electric', 'crowd', 'helpless']),
    add column key_holder text not null default '' check (length(key_holder) <= 300),
    add column hydrant text not null default '' check (length(hydrant) <= 300),
    add column plan text not null default '' check (length(plan) <= 300);
comment on column premise.key_holder is 'who has the keys, and their number: personal';
comment on column premise.contacts is 'whom to call there, and their numbers: personal';
"""

_VERSION = """
create table premise_version (
    premise_id uuid not null references premise,
    version integer not null check (version > 0),
    deed text not null check (deed in ('added', 'changed', 'imported', 'removed')),
    told jsonb not null,
    key_holder text not null,
    contacts text not null,
    at timestamptz not null,
    person_id uuid references person,
    primary key (premise_id, version)
);
comment on column premise_version.key_holder is 'personal; emptied when the premise is taken away';
comment on column premise_version.contacts is 'personal; emptied when the premise is taken away';
revoke delete, truncate on premise_version from warroom_app;
"""

_OF_PREMISE = "exists (select from premise p where p.id = premise_id)"

# Who dispatches or answers for an agency; call takers and traffic officers read them alone.
_ROLES = """
update role set actions = array_append(actions, 'incident:premises')
where name in ('operate', 'manage', 'configure', 'supervisor', 'admin_lembaga', 'pengendali_112',
        'pengawas_112')
    and not 'incident:premises' = any(actions);
"""
