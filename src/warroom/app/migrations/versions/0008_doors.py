"""Service accounts and their tokens."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.execute(_ACCOUNTS)
    op.execute(_ENTRANCE)


_ACCOUNTS = """
-- A program of an agency: no person, no password, no session; it comes in by its tokens alone.
create table service_account (
    id uuid primary key,
    agency_id uuid not null references agency,
    name text not null,
    purpose text not null default '',
    actions text[] not null check (cardinality(actions) > 0),
    reach text not null default 'own' check (reach in ('own', 'city')),
    places text[],
    objects uuid[],
    tags text[],
    with_grants boolean not null default false,
    is_active boolean not null default true,
    created_at timestamptz not null,
    created_by uuid,
    changed_at timestamptz not null,
    version integer not null default 1,
    check (not with_grants
        or (reach = 'own' and places is null and objects is null and tags is null))
);
comment on column service_account.with_grants is
    'whether it may use, within its actions, what was granted to its agency';
create unique index service_account_name on service_account (agency_id, lower(name));
alter table service_account enable row level security;
create policy service_account_scope on service_account using (
    (select scope_sees_all()) or agency_id = any((select scope_agencies())::uuid[])
);
create trigger rights_changed after update or delete on service_account
    for each statement execute function rights_changed();

alter table api_token
    alter column person_id drop not null,
    add column account_id uuid references service_account on delete cascade,
    add column networks cidr[] not null default '{}',
    add column per_minute integer check (per_minute > 0),
    add column last_address text,
    add column last_route text,
    add column replaced_by uuid references api_token,
    add constraint api_token_owner check (num_nonnulls(person_id, account_id) = 1);
create index api_token_account on api_token (account_id) where account_id is not null;
drop policy api_token_scope on api_token;
create policy api_token_scope on api_token using (
    person_id in (select id from person) or account_id in (select id from service_account)
);
grant select (account_id, networks, per_minute, last_address, last_route, replaced_by)
    on api_token to warroom_app;
drop trigger rights_changed on api_token;
create trigger rights_changed after update of revoked_at, expires_at, networks, per_minute or delete
    on api_token for each statement execute function rights_changed();

update role set actions = actions || '{application:view,application:configure}'::text[]
    where name in ('configure', 'admin_lembaga');
update role set actions = actions || '{application:view}'::text[]
    where name in ('manage', 'auditor');
"""

_ENTRANCE = """
-- What a service account's rights follow from, in the shape of a person's: its own right as a grant
-- on its agency (or, of the city's own agencies, on all), what was taken from its agency, and with
-- `with_grants` what was given to it. Nothing that the agency itself could not do.
create function identity_account(p_account uuid, p_actions text[]) returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select jsonb_build_object(
        'person_id', s.id, 'login', '', 'name', s.name, 'title', '', 'language', 'id',
        'agency', jsonb_build_object('id', a.id, 'kind', a.kind, 'name', a.name,
            'short', a.short, 'is_active', a.is_active),
        'roles', '[]'::jsonb,
        'only_actions', case when p_actions is null then s.actions else array(
            select unnest(p_actions) intersect select unnest(s.actions)) end,
        'grants', jsonb_build_array(jsonb_build_object('id', s.id, 'actions', s.actions,
                'agencies', case when s.reach = 'own' or a.kind <> 'city'
                    then jsonb_build_array(a.id) end,
                'places', s.places, 'objects', s.objects, 'tags', s.tags))
            || coalesce((
                select jsonb_agg(to_jsonb(g) order by g.id)  -- whole: limits added later hold too
                from public.access_grant g
                where g.revoked_at is null and g.to_agency_id = a.id
                  and (g.deny or s.with_grants)), '[]')
    )
    from public.service_account s join public.agency a on a.id = s.agency_id
    where s.id = p_account and s.is_active
$$;

drop function identity_by_token(bytea, timestamptz);
create function identity_by_token(
    p_token_hash bytea, p_now timestamptz, p_address inet, p_route text
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    t record;
begin
    select * into t from public.api_token
    where token_hash = p_token_hash and revoked_at is null and expires_at > p_now;
    if not found then
        return null;
    end if;
    if (t.last_used_at is null or t.last_used_at < p_now - interval '1 minute'
            or t.last_address is distinct from host(p_address))
        and (cardinality(t.networks) = 0 or p_address <<= any(t.networks))
    then
        update public.api_token
        set last_used_at = p_now, last_address = host(p_address), last_route = p_route
        where id = t.id;
    end if;
    if t.account_id is not null then
        return public.identity_account(t.account_id, t.actions) || jsonb_build_object(
            'session_id', t.id, 'token', jsonb_build_object('expires_at', t.expires_at,
                'networks', t.networks, 'per_minute', t.per_minute, 'is_account', true));
    end if;
    return public.identity_principal(t.person_id) || jsonb_build_object(
        'session_id', t.id, 'only_actions', t.actions, 'token', jsonb_build_object(
            'expires_at', t.expires_at, 'networks', t.networks, 'per_minute', t.per_minute,
            'is_account', false));
end
$$;

revoke execute on function identity_account, identity_by_token from public;
grant execute on function identity_by_token to warroom_app;
"""
