"""Who asks by a session is told with when it ends: it is kept to while the database is away."""

from alembic import op

revision = "0056"
down_revision = "0055"


def upgrade() -> None:
    op.execute(_BY_SESSION)


_BY_SESSION = """
create or replace function identity_by_session(
    p_token_hash bytea, p_now timestamptz, p_idle interval, p_touch boolean
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    found_session record;
begin
    select id, person_id, seen_at, expires_at, strength, method into found_session
    from public.session
    where token_hash = p_token_hash and revoked_at is null and expires_at > p_now
      and seen_at > p_now - p_idle;
    if not found then
        return null;
    end if;
    if p_touch and found_session.seen_at < p_now - interval '1 minute' then
        update public.session set seen_at = p_now where id = found_session.id;
    end if;
    return public.identity_principal(found_session.person_id) || jsonb_build_object(
        'session_id', found_session.id, 'strength', found_session.strength,
        'ends_at', found_session.expires_at,
        'demand', public.identity_demand(found_session.person_id),
        'must_change',
        public.identity_must_change(found_session.person_id, found_session.method));
end
$$;
"""
