"""Which roads a camera counts on, where somebody said so, and who may tell counts."""

from alembic import op

from warroom.kernel.wall import policy

revision = "0024"
down_revision = "0021"


def upgrade() -> None:
    op.execute(_TABLE)
    op.execute(policy("traffic_sight", _OF_THE_CAMERA))
    op.execute(_ROLES)


_TABLE = """
create table traffic_sight (
    camera_id uuid primary key references camera,
    away text[] not null check (cardinality(away) <= 20),
    toward text[] not null check (cardinality(toward) <= 20),
    changed_at timestamptz not null
);
comment on table traffic_sight is 'set by people; of other cameras it follows from place and map';
comment on column traffic_sight.away is
    'edges (way:from:to) whose traffic drives away from the camera; both empty: it counts nowhere';
"""

_OF_THE_CAMERA = """(
    (select scope_sees_all()) or exists (select from camera c where c.id = camera_id)
)"""

# For programs of an agency that analyse its cameras: no level gives it to people.
_ROLES = """
update role set actions = actions || '{traffic:count}'::text[]
where name in ('configure', 'admin_lembaga') and not actions && '{traffic:*,traffic:count,*}';
"""
