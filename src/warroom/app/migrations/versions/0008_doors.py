"""Service accounts and their tokens; single sign-on; webhooks."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.execute(_ACCOUNTS)
    op.execute(_ENTRANCE)
    op.execute(_PROVIDERS)
    op.execute(_WEBHOOKS)


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
grant execute on function identity_account, identity_by_token to warroom_app;
"""

_PROVIDERS = """
-- An OpenID Provider. It is configured by those who reach the whole city alone; its `agencies` are
-- the only ones whose people it may speak for, whatever it says.
create table identity_provider (
    id uuid primary key,
    slug text not null unique check (slug ~ '^[a-z0-9][a-z0-9-]{0,38}$'),
    name text not null,
    issuer text not null,
    client_id text not null,
    secret bytea,
    scopes text[] not null default '{openid,profile,email}',
    agencies uuid[] not null check (cardinality(agencies) > 0),
    agency_claim text,
    agency_map jsonb not null default '{}',
    creates boolean not null default false,
    default_role text references role,
    groups_claim text,
    role_map jsonb not null default '{}',
    factor_values text[] not null default '{}',
    ends_session boolean not null default false,
    is_active boolean not null default true,
    created_at timestamptz not null,
    created_by uuid,
    changed_at timestamptz not null,
    version integer not null default 1
);
comment on column identity_provider.secret is 'sealed; the key is not in the database';
comment on column identity_provider.factor_values is
    'values of amr or acr that count as a second factor';
alter table identity_provider enable row level security;
create policy identity_provider_scope on identity_provider using ((select scope_sees_all()));

-- Whose account at a provider is whose here. Without a subject it waits for the first sign-in with
-- this e-mail address, which the provider must call verified.
create table person_link (
    id uuid primary key,
    provider_id uuid not null references identity_provider on delete cascade,
    person_id uuid not null references person on delete cascade,
    subject text,
    email text check (email = lower(email)),
    is_managed boolean not null default false,
    created_at timestamptz not null,
    created_by uuid,
    last_used_at timestamptz,
    check (subject is not null or email is not null)
);
comment on column person_link.is_managed is 'made by the provider, whose groups set the roles';
create unique index person_link_subject on person_link (provider_id, subject)
    where subject is not null;
create unique index person_link_email on person_link (provider_id, email) where subject is null;
create unique index person_link_person on person_link (provider_id, person_id);
alter table person_link enable row level security;
create policy person_link_scope on person_link using (person_id in (select id from person));

-- A sign-in under way at a provider: used once, by the browser that began it.
create table sso_attempt (
    state_hash bytea primary key,
    browser_hash bytea not null,
    provider_id uuid not null references identity_provider on delete cascade,
    nonce text not null,
    verifier text not null,
    redirect_uri text not null,
    next text not null,
    person_id uuid references person on delete cascade,
    session_id uuid,
    expires_at timestamptz not null
);
alter table sso_attempt enable row level security;
revoke all on sso_attempt from warroom_app;

-- Who a session is at the provider that opened it, so that the provider can end it; and, where
-- signing out here is to end it there, the sealed token that says so.
create table sso_session (
    session_id uuid primary key references session on delete cascade,
    provider_id uuid not null references identity_provider on delete cascade,
    subject text not null,
    sid text,
    id_token bytea
);
create index sso_session_subject on sso_session (provider_id, subject);
alter table sso_session enable row level security;
revoke all on sso_session from warroom_app;

create function sso_keep(p_session uuid, p_provider uuid, p_subject text, p_sid text,
    p_id_token bytea) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
    insert into public.sso_session values (p_session, p_provider, p_subject, p_sid, p_id_token)
$$;

create function sso_id_token(p_session uuid) returns table (id_token bytea)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select x.id_token from public.sso_session x where x.session_id = p_session
$$;

create function sso_end(p_provider uuid, p_subject text, p_sid text, p_until timestamptz,
    p_now timestamptz) returns table (person_id uuid, agency_id uuid, name text)
language sql security definer set search_path = pg_catalog, pg_temp as $$
    with ended as (
        update public.session s set revoked_at = p_now from public.sso_session x
        where x.session_id = s.id and x.provider_id = p_provider
          and coalesce(p_subject, p_sid) is not null
          and (p_subject is null or x.subject = p_subject) and (p_sid is null or x.sid = p_sid)
          and s.revoked_at is null and s.created_at <= p_until
        returning s.person_id
    )
    select p.id, p.agency_id, p.name from ended e join public.person p on p.id = e.person_id
$$;

create function sso_providers() returns table (slug text, name text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select v.slug, v.name from public.identity_provider v where v.is_active order by lower(v.name)
$$;

create function sso_provider(p_slug text) returns setof identity_provider
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select * from public.identity_provider v where v.slug = p_slug and v.is_active
$$;

create function sso_begin(
    p_state_hash bytea, p_browser_hash bytea, p_provider uuid, p_nonce text, p_verifier text,
    p_redirect_uri text, p_next text, p_person uuid, p_session uuid, p_now timestamptz,
    p_expires_at timestamptz
) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
    delete from public.sso_attempt where expires_at < p_now;
    insert into public.sso_attempt values (p_state_hash, p_browser_hash, p_provider, p_nonce,
        p_verifier, p_redirect_uri, p_next, p_person, p_session, p_expires_at)
$$;

create function sso_take(p_state_hash bytea, p_now timestamptz)
returns table (slug text, browser_hash bytea, nonce text, verifier text, redirect_uri text,
    next text, person_id uuid, is_session_open boolean)
language sql security definer set search_path = pg_catalog, pg_temp as $$
    with taken as (
        delete from public.sso_attempt where state_hash = p_state_hash and expires_at > p_now
        returning *
    )
    select v.slug, t.browser_hash, t.nonce, t.verifier, t.redirect_uri, t.next, t.person_id,
        exists (select from public.session s where s.id = t.session_id
            and s.person_id = t.person_id and s.revoked_at is null and s.expires_at > p_now)
    from taken t join public.identity_provider v on v.id = t.provider_id
$$;

create function sso_linked(p_provider uuid, p_subject text)
returns table (link_id uuid, person_id uuid, agency_id uuid, is_managed boolean, is_active boolean)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select l.id, p.id, p.agency_id, l.is_managed, p.is_active
    from public.person_link l join public.person p on p.id = l.person_id
    where l.provider_id = p_provider and l.subject = p_subject
$$;

create function sso_provider_name(p_id uuid) returns table (slug text, name text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select v.slug, v.name from public.identity_provider v where v.id = p_id
$$;

revoke execute on function sso_keep, sso_id_token, sso_end, sso_providers, sso_provider, sso_begin,
    sso_take, sso_linked, sso_provider_name from public;
grant execute on function sso_keep, sso_id_token, sso_end, sso_providers, sso_provider, sso_begin,
    sso_take, sso_linked, sso_provider_name to warroom_app;
"""

_WEBHOOKS = """
-- An agency's endpoint. It hears what its service account may see at the moment of sending.
create table webhook (
    id uuid primary key,
    agency_id uuid not null references agency,
    account_id uuid not null references service_account on delete cascade,
    name text not null,
    url text not null,
    kinds text[] not null check (cardinality(kinds) > 0),
    secret bytea not null,
    old_secret bytea,
    old_secret_until timestamptz,
    is_active boolean not null default true,
    failures integer not null default 0,
    paused_until timestamptz,
    last_ok_at timestamptz,
    lost bigint not null default 0,
    created_at timestamptz not null,
    created_by uuid,
    changed_at timestamptz not null,
    version integer not null default 1
);
comment on column webhook.secret is 'sealed; the key is not in the database';
comment on column webhook.lost is 'events that found too many waiting before them';
create index webhook_account on webhook (account_id);
alter table webhook enable row level security;
create policy webhook_scope on webhook using (
    (select scope_sees_all()) or agency_id = any((select scope_agencies())::uuid[])
);

create table webhook_delivery (
    seq bigint generated always as identity primary key,
    id uuid not null unique,
    webhook_id uuid not null references webhook on delete cascade,
    kind text not null,
    body text not null,
    agency_id uuid,
    place text,
    object_id uuid,
    thing uuid not null generated always as (coalesce(object_id, webhook_id)) stored,
    tags text[] not null default '{}',
    class text,
    at timestamptz not null,
    state text not null default 'pending'
        check (state in ('pending', 'done', 'parked', 'withheld')),
    due_at timestamptz not null,
    tries integer not null default 0,
    status integer,
    why text,
    seconds real,
    ended_at timestamptz
);
comment on column webhook_delivery.thing is 'what is told of in order';
comment on column webhook_delivery.body is 'emptied when it is no longer needed';
create index webhook_delivery_due on webhook_delivery (webhook_id, thing, seq)
    where state = 'pending';
create index webhook_delivery_log on webhook_delivery (webhook_id, seq desc);
create index webhook_delivery_age on webhook_delivery (at) where state <> 'pending';
alter table webhook_delivery enable row level security;
create policy webhook_delivery_scope on webhook_delivery
    using (webhook_id in (select id from webhook));

-- How far the outbox was read for webhooks; written in the transaction that writes deliveries.
create table webhook_position (
    is_only boolean primary key default true check (is_only),
    xid bigint not null,
    event_id bigint not null
);

update role set actions = actions || '{webhook:view,webhook:configure}'::text[]
    where name in ('configure', 'admin_lembaga');
update role set actions = actions || '{webhook:view}'::text[] where name in ('manage', 'auditor');
"""
