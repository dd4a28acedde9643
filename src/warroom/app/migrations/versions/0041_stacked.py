"""What waits for a unit that is busy."""

from alembic import op

from warroom.kernel.wall import policy

revision = "0041"
down_revision = "0040"


def upgrade() -> None:
    op.execute(_STACKED)
    op.execute(policy("dispatch_stacked", _OF_TASK))


_STACKED = """
create table dispatch_stacked (
    id uuid primary key,
    unit_id uuid not null references unit,
    task_id uuid not null references dispatch_task on delete cascade,
    role text not null default '' check (length(role) <= 40),
    position integer not null,
    stacked_at timestamptz not null,
    stacked_by uuid references person,
    unique (unit_id, task_id)
);
comment on table dispatch_stacked is 'what a unit goes to when it is done with what it is on; no assignment yet';
create index dispatch_stacked_task on dispatch_stacked (task_id);
"""

_OF_TASK = """(
    (select scope_sees_all())
    or exists (select from dispatch_task t where t.id = task_id)
)"""
