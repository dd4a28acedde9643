"""Proving who one is at the provider that one signs in by."""

from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.execute(_ATTEMPT)


_ATTEMPT = """
alter table sso_attempt add column proves boolean not null default false;
comment on column sso_attempt.proves is 'the session of the asker is to be proven, nobody signed in';

drop function sso_begin(bytea, bytea, uuid, text, text, text, text, uuid, uuid, timestamptz,
    timestamptz);
create function sso_begin(
    p_state_hash bytea, p_browser_hash bytea, p_provider uuid, p_nonce text, p_verifier text,
    p_redirect_uri text, p_next text, p_person uuid, p_session uuid, p_proves boolean,
    p_now timestamptz, p_expires_at timestamptz
) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
    delete from public.sso_attempt where expires_at < p_now;
    insert into public.sso_attempt (state_hash, browser_hash, provider_id, nonce, verifier,
        redirect_uri, next, person_id, session_id, proves, expires_at)
    values (p_state_hash, p_browser_hash, p_provider, p_nonce, p_verifier, p_redirect_uri, p_next,
        p_person, p_session, p_proves, p_expires_at)
$$;

drop function sso_take(bytea, timestamptz);
create function sso_take(p_state_hash bytea, p_now timestamptz)
returns table (slug text, browser_hash bytea, nonce text, verifier text, redirect_uri text,
    next text, person_id uuid, session_id uuid, proves boolean, expires_at timestamptz,
    is_session_open boolean)
language sql security definer set search_path = pg_catalog, pg_temp as $$
    with taken as (
        delete from public.sso_attempt where state_hash = p_state_hash and expires_at > p_now
        returning *
    )
    select v.slug, t.browser_hash, t.nonce, t.verifier, t.redirect_uri, t.next, t.person_id,
        t.session_id, t.proves, t.expires_at,
        exists (select from public.session s where s.id = t.session_id
            and s.person_id = t.person_id and s.revoked_at is null and s.expires_at > p_now)
    from taken t join public.identity_provider v on v.id = t.provider_id
$$;
revoke execute on function sso_begin, sso_take from public;
grant execute on function sso_begin, sso_take to warroom_app;
"""
