"""Layouts of video walls."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute(
        """
        create table wall_layout (
            id uuid primary key,
            agency_id uuid not null references agency,
            person_id uuid not null references person,
            name text not null check (length(name) between 1 and 80),
            shared text not null check (shared in ('person', 'agency')),
            cols smallint not null check (cols between 1 and 4),
            rows smallint not null check (rows between 1 and 4),
            dwell_s integer not null check (dwell_s between 5 and 3600),
            tiles jsonb not null,
            locked_by uuid references person,
            locked_at timestamptz,
            version integer not null default 1,
            created_at timestamptz not null,
            changed_at timestamptz not null
        );
        comment on column wall_layout.person_id is 'who made it; owns it while shared = person';
        create index wall_layout_agency on wall_layout (agency_id);
        create index wall_layout_person on wall_layout (person_id);
        alter table wall_layout enable row level security;
        -- A person's own layouts are theirs alone, whatever else their scope reaches.
        create policy wall_layout_scope on wall_layout using (
            case when shared = 'person' then person_id = (select scope_person())
            else (select scope_sees_all()) or agency_id = any((select scope_agencies())::uuid[])
            end
        );
        """
    )
