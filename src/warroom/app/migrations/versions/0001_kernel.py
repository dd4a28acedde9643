"""Outbox, leases and jobs."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute(
        """
        grant usage on schema public to warroom_app;
        alter default privileges in schema public
            grant select, insert, update, delete on tables to warroom_app;
        alter default privileges in schema public
            grant usage, select on sequences to warroom_app;
        alter default privileges revoke execute on functions from public;

        -- Whether the transaction's scope reaches things of this agency: what every policy asks.
        create function warroom_sees(agency uuid) returns boolean
        language sql stable parallel safe as $$
            select current_setting('warroom.agencies', true) = '*'
                or agency = any(
                    nullif(nullif(current_setting('warroom.agencies', true), '*'), '')::uuid[]
                )
        $$;
        grant execute on function warroom_sees to warroom_app;

        create table outbox (
            id bigint generated always as identity primary key,
            xid xid8 not null default pg_current_xact_id(),
            topic text not null,
            body text not null,
            agency_id uuid,
            place text,
            object_id uuid,
            tags text[] not null default '{}',
            at timestamptz not null
        );
        create index outbox_order on outbox (xid, id);
        create index outbox_at on outbox using brin (at);
        alter table outbox enable row level security;
        create policy outbox_written on outbox for insert with check (true);
        create policy outbox_read on outbox for select
            using ((select current_setting('warroom.agencies', true)) = '*');
        create policy outbox_trimmed on outbox for delete
            using ((select current_setting('warroom.agencies', true)) = '*');

        create table lease (
            kind text not null,
            key text not null,
            holder text not null,
            fence bigint not null default 1,
            until timestamptz not null,
            primary key (kind, key)
        ) with (fillfactor = 50);

        create table job (
            id uuid primary key,
            kind text not null,
            body text not null,
            due_at timestamptz not null default clock_timestamp(),
            tries integer not null default 0,
            failed_code text
        );
        create index job_due on job (due_at) where failed_code is null;

        create table job_run (
            name text primary key,
            ran_at timestamptz not null
        );
        """
    )
