"""Turning cameras: where they are asked to move, where their positions look, who has one in hand."""

from alembic import op

from warroom.kernel.wall import policy

revision = "0054"
down_revision = "0052"


def upgrade() -> None:
    op.execute(_CAMERA)
    op.execute(_TURNING)
    op.execute(policy("camera_preset", _OF_CAMERA))
    op.execute(policy("camera_grip", _OF_CAMERA))
    op.execute(_ROLES)


_CAMERA = """
alter table camera
    add column control_url text check (length(control_url) <= 1100 and control_url !~ '@'),
    add column pan_span_deg real check (pan_span_deg between 1 and 720);
comment on column camera.control_url is 'without a login: that of the main stream is used, on its host';
comment on column camera.pan_span_deg is 'degrees of the whole pan range, its middle at bearing_deg';
"""

_TURNING = """
create table camera_preset (
    camera_id uuid not null,
    agency_id uuid not null,
    token text not null check (length(token) <= 80),
    bearing_deg real not null check (bearing_deg >= 0 and bearing_deg < 360),
    primary key (camera_id, token),
    foreign key (camera_id, agency_id) references camera (id, agency_id)
        on update cascade on delete cascade
);
comment on table camera_preset is 'where positions that a camera keeps look, as people have said';
create table camera_grip (
    camera_id uuid primary key,
    agency_id uuid not null,
    person_id uuid not null,
    person_name text not null,
    rank smallint not null check (rank between 1 and 3),
    taken_at timestamptz not null,
    seen_at timestamptz not null,
    reserved_until timestamptz,
    free_at timestamptz not null,
    incident_id uuid,
    waiter_id uuid,
    waiting_since timestamptz,
    told_at timestamptz,
    foreign key (camera_id, agency_id) references camera (id, agency_id)
        on update cascade on delete cascade
) with (fillfactor = 50);
comment on table camera_grip is 'who has a turning camera in hand; gone when they let go of it';
comment on column camera_grip.person_id is 'a person or a program: whoever asked';
comment on column camera_grip.free_at is 'when it is free if nothing more is heard of them';
"""

_OF_CAMERA = """(
    (select scope_sees_all())
    or agency_id in (select scope_agency_ids())
    or ((select scope_has_things()) and exists (select from camera c where c.id = camera_id))
)"""

# Whoever answers for the cameras of an agency, and who runs the desk of 112, may take one over; who
# takes in and dispatches turns the cameras that their agency runs or was lent.
_ROLES = """
update role set actions = actions || array['ptz:override']
where name in ('manage', 'configure', 'supervisor', 'admin_lembaga', 'pengawas_112')
    and not actions && '{ptz:override,ptz:*}';
update role set actions = actions || array['ptz:move']
where name in ('admin_lembaga', 'pengawas_112', 'pengendali_112', 'penerima_112')
    and not actions && '{ptz:move,ptz:*}';
"""
