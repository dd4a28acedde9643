"""What stations are to keep free, since when they do not, and units that are moved up to them."""

from alembic import op

from warroom.kernel.wall import policy, reaches

revision = "0040"
down_revision = "0037"


def upgrade() -> None:
    op.execute(_MINIMUM)
    op.execute(_TASK)
    op.execute(policy("dispatch_minimum", reaches(agency="agency_id", place="place", id="id")))
    op.execute(policy("dispatch_shortfall", _OF_MINIMUM))
    op.execute(_ROLES)


_MINIMUM = """
create table dispatch_minimum (
    id uuid primary key,
    agency_id uuid not null references agency,
    station text not null check (length(station) between 1 and 120),
    area text check (length(area) <= 40),
    kind text not null check (length(kind) between 1 and 40),
    least smallint not null check (least between 1 and 50),
    place text,
    lat double precision not null check (lat between -90 and 90),
    lon double precision not null check (lon between -180 and 180),
    version integer not null default 1,
    changed_at timestamptz not null,
    changed_by uuid references person,
    removed_at timestamptz
);
comment on column dispatch_minimum.area is 'units of stations in it count; null: those of the station of this name';
comment on column dispatch_minimum.place is 'area in which the point lies: what rights by place ask for';
create unique index dispatch_minimum_once on dispatch_minimum
    (agency_id, lower(station), coalesce(area, ''), kind) where removed_at is null;
revoke delete, truncate on dispatch_minimum from warroom_app;

create table dispatch_shortfall (
    minimum_id uuid not null references dispatch_minimum,
    since timestamptz not null,
    ended_at timestamptz check (ended_at >= since),
    primary key (minimum_id, since)
);
create unique index dispatch_shortfall_open on dispatch_shortfall (minimum_id)
    where ended_at is null;
revoke delete, truncate on dispatch_shortfall from warroom_app;
"""

_TASK = """
alter table dispatch_task
    add column minimum_id uuid references dispatch_minimum,
    drop constraint dispatch_task_kind_check,
    add constraint dispatch_task_kind_check check (kind in ('traffic', 'incident', 'move_up')),
    add constraint dispatch_task_of_minimum check ((kind = 'move_up') = (minimum_id is not null));
"""

_OF_MINIMUM = """(
    (select scope_sees_all())
    or exists (select from dispatch_minimum m where m.id = minimum_id)
)"""

# Who answers for an agency says how many of its vehicles stay free; run cards stay the city's.
_ROLES = """
update role set actions = array_append(actions, 'dispatch:configure')
where name = 'admin_lembaga' and not 'dispatch:configure' = any(actions);
"""
