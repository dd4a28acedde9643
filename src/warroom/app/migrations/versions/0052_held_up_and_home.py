"""Units that are held up on their way, and units on their way home."""

from alembic import op

revision = "0052"
down_revision = "0051"


def upgrade() -> None:
    op.execute(_ASSIGNMENT)
    op.execute(_TASK)


_ASSIGNMENT = """
alter table dispatch_assignment
    add column returning_at timestamptz,
    add column in_quarters_at timestamptz check (in_quarters_at >= returning_at),
    add constraint dispatch_assignment_home check (returning_at is null or ended_at is not null);
comment on column dispatch_assignment.returning_at is 'told after the end: on the way home';
create index dispatch_assignment_homeward on dispatch_assignment (unit_id)
    where returning_at is not null and in_quarters_at is null;
"""

_TASK = """
alter table dispatch_task
    drop constraint dispatch_task_state_check,
    add constraint dispatch_task_state_check check (state in ('open', 'dispatched', 'accepted',
        'en_route', 'delayed', 'staged', 'on_scene', 'transporting', 'at_facility', 'closed'));
"""
