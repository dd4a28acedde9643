"""The audit chain; agencies, people, roles, grants, sessions and tokens."""

from alembic import op

revision = "0002"
down_revision = "0001"

CHAINS = 16


def upgrade() -> None:
    op.execute(_SCOPE)
    op.execute(_AUDIT)
    op.execute(_IDENTITY)
    op.execute(_RIGHTS)
    op.execute(_DOORS)


_SCOPE = """
-- What the transaction's scope reaches, evaluated once a query when wrapped in (select ...).
-- A connection that forgot its scope holds null or '' here: it reaches nothing.
create function scope_sees_all() returns boolean
language sql stable parallel safe as $$
    select coalesce(current_setting('warroom.agencies', true) = '*', false)
$$;
create function scope_agencies() returns uuid[]
language sql stable parallel safe as $$
    select case when coalesce(current_setting('warroom.agencies', true), '') in ('', '*')
        then '{}'::uuid[] else current_setting('warroom.agencies', true)::uuid[] end
$$;
create function scope_person() returns uuid
language sql stable parallel safe as $$
    select nullif(current_setting('warroom.person', true), '')::uuid
$$;
create function scope_agency() returns uuid
language sql stable parallel safe as $$
    select nullif(current_setting('warroom.agency', true), '')::uuid
$$;
-- An instant as the interfaces write it: 2026-11-24T06:27:05.123Z.
create function iso_ms(at timestamptz) returns text
language sql immutable parallel safe as $$
    select to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
$$;
grant execute on function scope_sees_all, scope_agencies, scope_person, scope_agency,
    iso_ms to warroom_app;
"""

_AUDIT = f"""
create table audit_head (
    chain smallint primary key,
    seq bigint not null,
    hash bytea not null
) with (fillfactor = 20);
insert into audit_head
    select n, 0, sha256(convert_to('warroom.audit.1/' || n, 'UTF8'))
    from generate_series(0, {CHAINS - 1}) n;

create table audit_entry (
    chain smallint not null,
    seq bigint not null,
    previous bytea not null,
    id uuid not null,
    at timestamptz not null,
    recorded_at timestamptz not null,
    person_id uuid,
    person_label text,
    agency_id uuid,
    agency_label text,
    owner_agency_id uuid,
    action text not null,
    object_kind text not null,
    object_id text,
    object_label text,
    place text,
    purpose text,
    reason text,
    door text not null,
    address text,
    session_id uuid,
    detail text not null,
    hash bytea not null,
    primary key (chain, seq)
);
create index audit_entry_at on audit_entry (at desc, id desc);
create index audit_entry_object on audit_entry (object_id, at desc) where object_id is not null;
create index audit_entry_person on audit_entry (person_id, at desc) where person_id is not null;
create index audit_entry_owner on audit_entry (owner_agency_id, at desc);
create index audit_entry_agency on audit_entry (agency_id, at desc);

alter table audit_entry enable row level security;
create policy audit_entry_read on audit_entry for select using (
    (select scope_sees_all())
    or owner_agency_id = any((select scope_agencies())::uuid[])
    or agency_id = any((select scope_agencies())::uuid[])
);
revoke all on audit_entry, audit_head from warroom_app;
grant select on audit_entry, audit_head to warroom_app;

-- The last full or partial walk of the chains: a convenience for people, not evidence.
create table audit_seal (
    is_only boolean primary key default true check (is_only),
    verified_at timestamptz not null,
    rows bigint not null,
    intact boolean not null,
    anchored_at timestamptz,
    positions text not null,
    finding text
);

-- Even the owner's mistakes stop here; a superuser's do not, and are found by the chain.
create function audit_refuse() returns trigger language plpgsql as $$
begin
    raise exception 'audit entries are never changed' using errcode = '42501';
end
$$;
create trigger audit_entry_kept before update or delete on audit_entry
    for each row execute function audit_refuse();

create function audit_field(content bytea) returns bytea
language sql immutable parallel safe as $$
    select coalesce(int4send(octet_length(content)) || content, '\\xffffffff'::bytea)
$$;
create function audit_field(content text) returns bytea
language sql immutable parallel safe as $$
    select coalesce(int4send(octet_length(convert_to(content, 'UTF8')))
        || convert_to(content, 'UTF8'), '\\xffffffff'::bytea)
$$;

-- Appends one entry to a chain that no other transaction holds; waits only when all are held.
-- The hash is over the fields in column order, each as its 32-bit length and its bytes in
-- PostgreSQL's binary form (-1 for null): what `copy ... (format binary)` sends of the row.
create function audit_append(
    p_id uuid, p_at timestamptz, p_person_id uuid, p_person_label text, p_agency_id uuid,
    p_agency_label text, p_owner_agency_id uuid, p_action text, p_object_kind text,
    p_object_id text, p_object_label text, p_place text, p_purpose text, p_reason text,
    p_door text, p_address text, p_session_id uuid, p_detail text
) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    head record;
    recorded timestamptz := clock_timestamp();
    digest bytea;
begin
    select chain, seq, hash into head from public.audit_head
    order by (chain + pg_backend_pid()) % {CHAINS} limit 1 for update skip locked;
    if not found then
        select chain, seq, hash into strict head from public.audit_head
        where chain = pg_backend_pid() % {CHAINS} for update;
    end if;
    digest := sha256(
        public.audit_field(int2send(head.chain))
        || public.audit_field(int8send(head.seq + 1))
        || public.audit_field(head.hash)
        || public.audit_field(uuid_send(p_id))
        || public.audit_field(timestamptz_send(p_at))
        || public.audit_field(timestamptz_send(recorded))
        || public.audit_field(uuid_send(p_person_id))
        || public.audit_field(p_person_label)
        || public.audit_field(uuid_send(p_agency_id))
        || public.audit_field(p_agency_label)
        || public.audit_field(uuid_send(p_owner_agency_id))
        || public.audit_field(p_action)
        || public.audit_field(p_object_kind)
        || public.audit_field(p_object_id)
        || public.audit_field(p_object_label)
        || public.audit_field(p_place)
        || public.audit_field(p_purpose)
        || public.audit_field(p_reason)
        || public.audit_field(p_door)
        || public.audit_field(p_address)
        || public.audit_field(uuid_send(p_session_id))
        || public.audit_field(p_detail)
    );
    insert into public.audit_entry values (
        head.chain, head.seq + 1, head.hash, p_id, p_at, recorded, p_person_id, p_person_label,
        p_agency_id, p_agency_label, p_owner_agency_id, p_action, p_object_kind, p_object_id,
        p_object_label, p_place, p_purpose, p_reason, p_door, p_address, p_session_id, p_detail,
        digest
    );
    update public.audit_head set seq = head.seq + 1, hash = digest where chain = head.chain;
end
$$;
revoke execute on function audit_append, audit_refuse from public;
grant execute on function audit_append to warroom_app;
"""

_IDENTITY = """
create table agency (
    id uuid primary key,
    kind text not null check (kind in
        ('city', 'kecamatan', 'skpd', 'police', 'prosecutor', 'fire', 'dishub', 'puskesmas')),
    name text not null,
    short text not null,
    place text,
    is_active boolean not null default true,
    created_at timestamptz not null,
    changed_at timestamptz not null,
    version integer not null default 1
);
create unique index agency_name on agency (lower(name));
create unique index agency_short on agency (lower(short));
alter table agency enable row level security;
create policy agency_scope on agency using (
    (select scope_sees_all())
    or id = any((select scope_agencies())::uuid[])
    or id = (select scope_agency())
);

create table person (
    id uuid primary key,
    agency_id uuid references agency,
    login text not null check (login = lower(login)),
    name text not null,
    title text not null default '',
    language text not null default 'id' check (language in ('id', 'en')),
    is_active boolean not null default true,
    created_at timestamptz not null,
    changed_at timestamptz not null,
    version integer not null default 1
);
create unique index person_login on person (login);
create index person_agency on person (agency_id);
alter table person enable row level security;
create policy person_scope on person using (
    (select scope_sees_all())
    or agency_id = any((select scope_agencies())::uuid[])
    or id = (select scope_person())
);

-- The hash can be written and never read by the application's role; identity_credentials alone
-- hands it out, one login at a time.
create table person_password (
    person_id uuid primary key references person on delete cascade,
    hash text not null,
    changed_at timestamptz not null
);
alter table person_password enable row level security;
create policy person_password_scope on person_password
    using (person_id in (select id from person));
revoke select on person_password from warroom_app;
grant select (person_id, changed_at) on person_password to warroom_app;

create table role (
    name text primary key,
    actions text[] not null,
    is_preset boolean not null default true
);
insert into role (name, actions) values
    ('view', '{city:view,camera:view,live:view,wall:view,agency:view}'),
    ('operate', '{city:view,camera:view,live:view,wall:view,agency:view,recording:view,ptz:move,wall:share}'),
    ('manage', '{city:view,camera:view,live:view,wall:view,agency:view,recording:view,ptz:move,wall:share,recording:export,recording:hold,audit:read,person:view,grant:view,system:view}'),
    ('configure', '{city:view,camera:*,live:*,wall:*,agency:view,agency:configure,recording:*,ptz:*,audit:read,person:*,grant:*,system:view,token:create}'),
    ('operator', '{city:view,camera:view,live:view,wall:view,agency:view,recording:view,ptz:move}'),
    ('supervisor', '{city:view,camera:view,live:view,wall:view,agency:view,recording:view,ptz:move,wall:share,recording:export,recording:hold,person:view,system:view,token:create}'),
    ('admin_lembaga', '{city:view,camera:*,live:*,wall:*,agency:view,agency:configure,recording:*,ptz:*,audit:read,person:*,grant:*,system:view,token:create}'),
    ('admin_sistem', '{*}'),
    ('auditor', '{city:view,camera:view,agency:view,person:view,grant:view,audit:read,system:view}');
revoke insert, update, delete on role from warroom_app;

create table person_role (
    person_id uuid not null references person on delete cascade,
    role text not null references role,
    reach text not null default 'own' check (reach in ('own', 'city')),
    primary key (person_id, role)
);
alter table person_role enable row level security;
create policy person_role_scope on person_role using (person_id in (select id from person));
"""

_RIGHTS = """
create table access_grant (
    id uuid primary key,
    person_id uuid references person,
    to_agency_id uuid references agency,
    agency_id uuid,
    actions text[] not null check (cardinality(actions) > 0),
    agencies uuid[],
    places text[],
    objects uuid[],
    tags text[],
    deny boolean not null default false,
    starts_at timestamptz,
    ends_at timestamptz,
    reason text not null,
    letter text not null default '',
    created_at timestamptz not null,
    created_by uuid,
    revoked_at timestamptz,
    revoked_by uuid,
    check ((person_id is null) <> (to_agency_id is null)),
    check (starts_at is null or ends_at is null or starts_at < ends_at)
);
comment on column access_grant.agency_id is 'agency of the one it is given to';
create index access_grant_person on access_grant (person_id) where revoked_at is null;
create index access_grant_agency on access_grant (to_agency_id) where revoked_at is null;
alter table access_grant enable row level security;
create policy access_grant_scope on access_grant using (
    (select scope_sees_all())
    or agency_id = any((select scope_agencies())::uuid[])
    or agencies && (select scope_agencies())
    or person_id = (select scope_person())
);

create table session (
    id uuid primary key,
    token_hash bytea not null unique,
    person_id uuid not null references person on delete cascade,
    method text not null,
    created_at timestamptz not null,
    seen_at timestamptz not null,
    expires_at timestamptz not null,
    revoked_at timestamptz,
    address text,
    agent text
);
create index session_person on session (person_id);
alter table session enable row level security;
create policy session_scope on session using (person_id in (select id from person));

create table api_token (
    id uuid primary key,
    token_hash bytea not null unique,
    person_id uuid not null references person on delete cascade,
    name text not null,
    actions text[],
    created_at timestamptz not null,
    created_by uuid,
    expires_at timestamptz not null,
    last_used_at timestamptz,
    revoked_at timestamptz
);
create index api_token_person on api_token (person_id);
alter table api_token enable row level security;
create policy api_token_scope on api_token using (person_id in (select id from person));

create table sign_in_link (
    id uuid primary key,
    token_hash bytea not null unique,
    person_id uuid not null references person on delete cascade,
    expires_at timestamptz not null,
    used_at timestamptz
);
alter table sign_in_link enable row level security;
create policy sign_in_link_scope on sign_in_link using ((select scope_sees_all()));

revoke select on session, api_token, sign_in_link from warroom_app;
grant select (id, person_id, method, created_at, seen_at, expires_at, revoked_at, address, agent)
    on session to warroom_app;
grant select (id, person_id, name, actions, created_at, created_by, expires_at, last_used_at, revoked_at)
    on api_token to warroom_app;
grant select (id, person_id, expires_at, used_at) on sign_in_link to warroom_app;

-- Failed tries by hashed (login, address) and by hashed address; holds no login and no address.
create table sign_in_bucket (
    key bytea primary key,
    tries integer not null,
    last_at timestamptz not null,
    succeeded_at timestamptz
);
create index sign_in_bucket_age on sign_in_bucket (last_at);

-- Grows with every change of anybody's rights; a process that sees it unchanged may go on using
-- the scopes it remembers. A row and not a sequence: it must appear with the change's commit.
create table rights_version (
    is_only boolean primary key default true check (is_only),
    version bigint not null
);
insert into rights_version (version) values (1);
revoke all on rights_version from warroom_app;
grant select on rights_version to warroom_app;

create function rights_changed() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    update public.rights_version set version = version + 1;
    return null;
end
$$;
create trigger rights_changed after insert or update or delete on agency
    for each statement execute function rights_changed();
create trigger rights_changed after update or delete on person
    for each statement execute function rights_changed();
create trigger rights_changed after insert or update or delete on role
    for each statement execute function rights_changed();
create trigger rights_changed after insert or update or delete on person_role
    for each statement execute function rights_changed();
create trigger rights_changed after insert or update or delete on access_grant
    for each statement execute function rights_changed();
create trigger rights_changed after update of revoked_at or delete on session
    for each statement execute function rights_changed();
create trigger rights_changed after update of revoked_at or delete on api_token
    for each statement execute function rights_changed();
"""

_DOORS = """
-- Doors for askers who have no scope yet. Each gives the least that its caller needs; all other
-- reading goes through row-level security.

create function identity_principal(p_person uuid) returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select jsonb_build_object(
        'person_id', p.id, 'login', p.login, 'name', p.name, 'title', p.title,
        'language', p.language,
        'agency', case when a.id is not null then jsonb_build_object(
            'id', a.id, 'kind', a.kind, 'name', a.name, 'short', a.short,
            'is_active', a.is_active) end,
        'roles', coalesce((
            select jsonb_agg(jsonb_build_object('name', r.name, 'actions', r.actions,
                'reach', pr.reach) order by r.name)
            from public.person_role pr join public.role r on r.name = pr.role
            where pr.person_id = p.id), '[]'),
        'grants', coalesce((
            select jsonb_agg(jsonb_build_object('id', g.id, 'actions', g.actions,
                'agencies', g.agencies, 'places', g.places, 'objects', g.objects, 'tags', g.tags,
                'deny', g.deny, 'starts_at', g.starts_at, 'ends_at', g.ends_at) order by g.id)
            from public.access_grant g
            where g.revoked_at is null
              and (g.person_id = p.id or g.to_agency_id = p.agency_id)), '[]')
    )
    from public.person p left join public.agency a on a.id = p.agency_id
    where p.id = p_person and p.is_active
$$;

create function identity_credentials(p_login text)
returns table (person_id uuid, agency_id uuid, name text, hash text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select p.id, p.agency_id, p.name, w.hash
    from public.person p join public.person_password w on w.person_id = p.id
    where p.login = p_login and p.is_active
$$;

create function identity_open_session(
    p_id uuid, p_person uuid, p_token_hash bytea, p_method text, p_now timestamptz,
    p_expires_at timestamptz, p_address text, p_agent text
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    principal jsonb := public.identity_principal(p_person);
begin
    if principal is not null then
        insert into public.session
            (id, token_hash, person_id, method, created_at, seen_at, expires_at, address, agent)
        values (p_id, p_token_hash, p_person, p_method, p_now, p_now, p_expires_at, p_address,
            p_agent);
    end if;
    return principal || jsonb_build_object('session_id', p_id);
end
$$;

create function identity_by_session(
    p_token_hash bytea, p_now timestamptz, p_idle interval, p_touch boolean
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    found_session record;
begin
    select id, person_id, seen_at into found_session from public.session
    where token_hash = p_token_hash and revoked_at is null and expires_at > p_now
      and seen_at > p_now - p_idle;
    if not found then
        return null;
    end if;
    if p_touch and found_session.seen_at < p_now - interval '1 minute' then
        update public.session set seen_at = p_now where id = found_session.id;
    end if;
    return public.identity_principal(found_session.person_id)
        || jsonb_build_object('session_id', found_session.id);
end
$$;

create function identity_by_token(p_token_hash bytea, p_now timestamptz) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    found_token record;
begin
    select id, person_id, actions, last_used_at into found_token from public.api_token
    where token_hash = p_token_hash and revoked_at is null and expires_at > p_now;
    if not found then
        return null;
    end if;
    if found_token.last_used_at is null or found_token.last_used_at < p_now - interval '1 minute'
    then
        update public.api_token set last_used_at = p_now where id = found_token.id;
    end if;
    return public.identity_principal(found_token.person_id) || jsonb_build_object(
        'session_id', found_token.id, 'only_actions', found_token.actions);
end
$$;

create function identity_use_link(p_token_hash bytea, p_now timestamptz) returns uuid
language sql security definer set search_path = pg_catalog, pg_temp as $$
    update public.sign_in_link set used_at = p_now
    where token_hash = p_token_hash and used_at is null and expires_at > p_now
    returning person_id
$$;

revoke execute on function identity_principal, identity_credentials, identity_open_session,
    identity_by_session, identity_by_token, identity_use_link, rights_changed from public;
grant execute on function identity_credentials, identity_open_session, identity_by_session,
    identity_by_token, identity_use_link to warroom_app;
"""
