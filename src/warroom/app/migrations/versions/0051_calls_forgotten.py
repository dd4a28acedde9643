"""A call that is over is forgotten by its age whether or not somebody classed it."""

from alembic import op

revision = "0051"
down_revision = "0050"


def upgrade() -> None:
    op.execute(_FORGET)


# A record stays as long as its recording does, and as long as somebody holds that.
_FORGET = """
create or replace function calls_forget(p_before timestamptz)
returns table (agency_id uuid, rows bigint)
language sql security definer set search_path = pg_catalog, pg_temp as $$
    with gone as (
        delete from public.call c
        where c.offered_at < least(p_before, now() - interval '30 days')
        and (c.closed_at is not null or c.ended_at is not null) and c.recording_path is null
        and not exists (select from public.call_hold h where h.call_id = c.id
            and h.released_at is null and (h.until_at is null or h.until_at > now()))
        returning c.agency_id
    )
    select g.agency_id, count(*) from gone g group by 1
$$;
"""
