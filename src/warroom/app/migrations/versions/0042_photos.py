"""Photos that crews take at the place of an incident."""

from alembic import op

from warroom.kernel.wall import policy

revision = "0042"
down_revision = "0044"


def upgrade() -> None:
    op.execute(_PHOTO)
    op.execute(policy("incident_photo", _OF_INCIDENT))


_PHOTO = """
create table incident_photo (
    id uuid primary key,
    incident_id uuid not null references incident on delete cascade,
    agency_id uuid not null references agency,
    unit text not null,
    person_id uuid references person,
    digest text not null check (digest ~ '^[0-9a-f]{64}$'),
    bytes integer not null check (bytes > 0),
    width integer not null check (width > 0),
    height integer not null check (height > 0),
    taken_at timestamptz not null,
    received_at timestamptz not null,
    check (taken_at <= received_at)
);
comment on column incident_photo.digest is 'hex SHA-256; names the file among the photos';
comment on column incident_photo.agency_id is 'of the unit whose crew took it';
create index incident_photo_incident on incident_photo (incident_id, taken_at);
create index incident_photo_digest on incident_photo (digest);
revoke update, delete, truncate on incident_photo from warroom_app;
"""

_OF_INCIDENT = "exists (select from incident i where i.id = incident_id)"
