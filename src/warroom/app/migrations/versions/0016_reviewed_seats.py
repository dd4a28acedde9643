"""Seats of control rooms are reviewed like rights: what nobody confirms lapses."""

from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.execute(_SEATS)


_SEATS = """
alter table seat add column lapses_at timestamptz;
comment on column seat.lapses_at is 'from then on nobody signs in here; a review has set it';

alter table access_review_item
    drop constraint access_review_item_kind_check,
    add constraint access_review_item_kind_check
        check (kind in ('role', 'grant', 'token', 'seat')),
    add column seat_id uuid;

grant select (lapses_at), update (lapses_at) on seat to warroom_app;

-- A seat that has lapsed is none, whether or not the job that forgets its key has run.
drop function identity_seat(uuid);
create function identity_seat(p_id uuid, p_now timestamptz)
returns table (id uuid, agency_id uuid, name text, public_key bytea)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select s.id, s.agency_id, s.name, s.public_key from public.seat s
    where s.id = p_id and s.revoked_at is null and s.public_key is not null
      and (s.lapses_at is null or s.lapses_at > p_now)
$$;
revoke execute on function identity_seat from public;
grant execute on function identity_seat to warroom_app;
"""
