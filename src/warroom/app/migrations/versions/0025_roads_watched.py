"""The state of roads of the last days, and who may close a road."""

from alembic import op

revision = "0025"
down_revision = "0020"


def upgrade() -> None:
    op.execute(_HISTORY)
    op.execute(_ROLES)


# Of the city's roads, which belong to no agency (decision 45).
_HISTORY = """
create table traffic_history (
    at timestamptz primary key,
    pack text not null references traffic_pack,
    content bytea not null
);
comment on table traffic_history is 'every five minutes; those too old are deleted by the next';
comment on column traffic_history.content is 'a byte for each edge, colour + 8 * how; zlib';
alter table traffic_history alter column content set storage external;
"""

# Closing a road changes everybody's way: it is for those whom the city names for it (decision 50).
_ROLES = """
insert into role (name, actions)
select 'petugas_lalin', array(
    select distinct word from unnest(actions
        || '{traffic:view,traffic:report,traffic:close,route:view,unit:view}'::text[]) word
    order by word)
from role where name = 'operate'
on conflict (name) do nothing;
update role set actions = array_remove(actions, 'traffic:close')
where name in ('manage', 'supervisor');
update role set actions = array_remove(actions, 'traffic:*')
    || '{traffic:view,traffic:report}'::text[]
where name in ('configure', 'admin_lembaga');
"""
