"""Second factors, what a role demands of a sign-in, seats."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute(_DEMANDS)
    op.execute(_FACTORS)
    op.execute(_SEATS)
    op.execute(_DOORS)
    op.execute(_SESSIONS)


_DEMANDS = """
create table sign_in_demand (
    role text primary key references role on delete cascade,
    factor text not null default 'none' check (factor in ('none', 'any', 'passkey')),
    grace_days integer not null default 14 check (grace_days between 0 and 365),
    seats_only boolean not null default false
);
comment on column sign_in_demand.factor is 'what a sign-in must show beside a password';
alter table sign_in_demand enable row level security;
create policy sign_in_demand_read on sign_in_demand for select using (true);
create policy sign_in_demand_set on sign_in_demand using ((select scope_sees_all()));
create trigger rights_changed after insert or update or delete on sign_in_demand
    for each statement execute function rights_changed();

update role set actions = actions || '{seat:*}' where name in ('configure', 'admin_lembaga');

alter table person
    add column factor_due_at timestamptz,
    add column seats_only boolean not null default false;
comment on column person.factor_due_at is 'from then on a sign-in without the factor may only enrol';
alter table person_password
    add column is_long boolean not null default true,
    add column must_change boolean not null default false;
comment on column person_password.is_long is 'long enough to be the only factor';
comment on column person_password.must_change is
    'somebody else knows it: a sign-in by it leads to its change and to nothing else';
grant select (is_long, must_change) on person_password to warroom_app;
create trigger must_change_changed after update of must_change on person_password
    for each statement execute function rights_changed();

-- What was shown: 0 a password alone, 1 a second factor, 2 a passkey.
alter table session
    add column strength smallint not null default 0,
    add column proven_at timestamptz,
    add column seat_id uuid;
update session set proven_at = created_at;
grant select (strength, proven_at, seat_id) on session to warroom_app;
"""

_FACTORS = """
-- Written by the application's role and never read back; identity_totp alone hands it out.
create table totp_factor (
    person_id uuid primary key references person on delete cascade,
    secret bytea not null,
    last_step bigint not null default 0,
    failed integer not null default 0,
    created_at timestamptz not null,
    used_at timestamptz
);
alter table totp_factor enable row level security;
create policy totp_factor_scope on totp_factor using (person_id in (select id from person));
revoke select on totp_factor from warroom_app;
grant select (person_id, created_at, used_at) on totp_factor to warroom_app;

create table passkey (
    id uuid primary key,
    person_id uuid not null references person on delete cascade,
    credential_id bytea not null unique,
    public_key bytea not null,
    sign_count bigint not null,
    name text not null,
    aaguid text not null,
    transports text[] not null default '{}',
    is_backed_up boolean not null,
    created_at timestamptz not null,
    used_at timestamptz
);
create index passkey_person on passkey (person_id);
alter table passkey enable row level security;
create policy passkey_scope on passkey using (person_id in (select id from person));

create table recovery_code (
    person_id uuid not null references person on delete cascade,
    code_hash bytea not null,
    created_at timestamptz not null,
    used_at timestamptz,
    primary key (person_id, code_hash)
);
alter table recovery_code enable row level security;
create policy recovery_code_scope on recovery_code using (person_id in (select id from person));
revoke select on recovery_code from warroom_app;
grant select (person_id, created_at, used_at) on recovery_code to warroom_app;

-- What waits for its second half: the password was right, a challenge was given out.
create table sign_in_step (
    id uuid primary key,
    token_hash bytea not null unique,
    purpose text not null,
    person_id uuid references person on delete cascade,
    session_id uuid,
    secret bytea,
    method text,
    expires_at timestamptz not null
);
comment on column sign_in_step.method is 'how the first half was shown';
create index sign_in_step_age on sign_in_step (expires_at);
alter table sign_in_step enable row level security;
create policy sign_in_step_scope on sign_in_step using ((select scope_sees_all()));
revoke select, insert, update on sign_in_step from warroom_app;
grant select (id, person_id, purpose, expires_at) on sign_in_step to warroom_app;

create trigger rights_changed after insert or delete on totp_factor
    for each statement execute function rights_changed();
create trigger rights_changed after insert or delete on passkey
    for each statement execute function rights_changed();
create trigger strength_changed after update of strength, proven_at on session
    for each statement execute function rights_changed();
"""

_SEATS = """
create table seat (
    id uuid primary key,
    agency_id uuid not null references agency,
    name text not null,
    place text,
    public_key bytea,
    code_hash bytea,
    code_expires_at timestamptz,
    created_at timestamptz not null,
    created_by uuid,
    enrolled_at timestamptz,
    seen_at timestamptz,
    address text,
    agent text,
    revoked_at timestamptz
);
create unique index seat_name on seat (agency_id, lower(name)) where revoked_at is null;
create index seat_code on seat (code_hash) where code_hash is not null;
alter table seat enable row level security;
create policy seat_scope on seat using (
    (select scope_sees_all()) or agency_id = any((select scope_agencies())::uuid[])
);
revoke select on seat from warroom_app;
grant select (id, agency_id, name, place, code_expires_at, created_at, created_by, enrolled_at,
    seen_at, address, agent, revoked_at) on seat to warroom_app;
"""

_DOORS = """
create function identity_demand(p_person uuid) returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select jsonb_build_object(
        'required', case coalesce(max(case d.factor when 'passkey' then 2 when 'any' then 1
            else 0 end), 0) when 2 then 'passkey' when 1 then 'any' else 'none' end,
        'grace_days', coalesce(min(d.grace_days) filter (where d.factor <> 'none'), 0),
        'due_at', p.factor_due_at,
        'seats_only', p.seats_only or coalesce(bool_or(d.seats_only), false),
        'totp', exists (select from public.totp_factor f where f.person_id = p.id),
        'passkeys', (select count(*) from public.passkey k where k.person_id = p.id),
        'recovery', (select count(*) from public.recovery_code c
            where c.person_id = p.id and c.used_at is null))
    from public.person p
    left join public.person_role pr on pr.person_id = p.id
    left join public.role r on r.name = pr.role
    -- A later migration lets roles be retired: read past the column that is not there yet.
    left join public.sign_in_demand d on d.role = r.name and to_jsonb(r)->>'retired_at' is null
    where p.id = p_person
    group by p.id, p.factor_due_at, p.seats_only
$$;

create function identity_begin_step(
    p_id uuid, p_token_hash bytea, p_purpose text, p_person uuid, p_session uuid, p_secret bytea,
    p_expires_at timestamptz, p_method text
) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
    insert into public.sign_in_step
        (id, token_hash, purpose, person_id, session_id, secret, expires_at, method)
    values (p_id, p_token_hash, p_purpose, p_person, p_session, p_secret, p_expires_at, p_method)
$$;

create function identity_look_step(p_token_hash bytea, p_purpose text, p_now timestamptz)
returns table (person_id uuid, session_id uuid, secret bytea, agency_id uuid, name text, login text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select s.person_id, s.session_id, s.secret, p.agency_id, p.name, p.login
    from public.sign_in_step s left join public.person p on p.id = s.person_id
    where s.token_hash = p_token_hash and s.purpose = p_purpose and s.expires_at > p_now
$$;

-- Two who use one step at once: the second waits for the first's row and finds it gone.
create function identity_use_step(p_token_hash bytea, p_purpose text, p_now timestamptz)
returns table (person_id uuid, session_id uuid, secret bytea, method text)
language sql security definer set search_path = pg_catalog, pg_temp as $$
    delete from public.sign_in_step s
    where s.token_hash = p_token_hash and s.purpose = p_purpose and s.expires_at > p_now
    returning s.person_id, s.session_id, s.secret, s.method
$$;

create function identity_totp(p_person uuid)
returns table (secret bytea, last_step bigint, failed integer)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select f.secret, f.last_step, f.failed from public.totp_factor f where f.person_id = p_person
$$;

create function identity_totp_passed(p_person uuid, p_step bigint, p_now timestamptz)
returns boolean
language sql security definer set search_path = pg_catalog, pg_temp as $$
    with passed as (
        update public.totp_factor set last_step = p_step, used_at = p_now, failed = 0
        where person_id = p_person and last_step < p_step returning 1
    ) select exists (select from passed)
$$;

create function identity_totp_failed(p_person uuid) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
    update public.totp_factor set failed = failed + 1 where person_id = p_person
$$;

create function identity_use_recovery(p_person uuid, p_hash bytea, p_now timestamptz)
returns boolean
language sql security definer set search_path = pg_catalog, pg_temp as $$
    with used as (
        update public.recovery_code set used_at = p_now
        where person_id = p_person and code_hash = p_hash and used_at is null returning 1
    ) select exists (select from used)
$$;

create function identity_passkeys(p_person uuid)
returns table (credential_id bytea, transports text[])
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select k.credential_id, k.transports from public.passkey k where k.person_id = p_person
$$;

create function identity_passkey(p_credential_id bytea)
returns table (id uuid, person_id uuid, public_key bytea, sign_count bigint, key_name text,
    name text, agency_id uuid)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select k.id, k.person_id, k.public_key, k.sign_count, k.name, p.name, p.agency_id
    from public.passkey k join public.person p on p.id = k.person_id
    where k.credential_id = p_credential_id and p.is_active
$$;

-- False if the count did not grow: somebody else has the same key (a copy), or used this answer.
create function identity_passkey_used(p_id uuid, p_count bigint, p_backed_up boolean,
    p_now timestamptz) returns boolean
language sql security definer set search_path = pg_catalog, pg_temp as $$
    with used as (
        update public.passkey
        set sign_count = p_count, is_backed_up = p_backed_up, used_at = p_now
        where id = p_id and (sign_count < p_count or (sign_count = 0 and p_count = 0)) returning 1
    ) select exists (select from used)
$$;

-- A code given out by an administrator makes this browser's key the seat's; it works once.
create function identity_enrol_seat(p_code_hash bytea, p_public_key bytea, p_now timestamptz,
    p_address text, p_agent text)
returns table (id uuid, agency_id uuid, name text)
language sql security definer set search_path = pg_catalog, pg_temp as $$
    update public.seat s set public_key = p_public_key, code_hash = null, code_expires_at = null,
        enrolled_at = p_now, seen_at = p_now, address = p_address, agent = p_agent
    where s.code_hash = p_code_hash and s.code_expires_at > p_now and s.revoked_at is null
    returning s.id, s.agency_id, s.name
$$;

create function identity_seat(p_id uuid)
returns table (id uuid, agency_id uuid, name text, public_key bytea)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select s.id, s.agency_id, s.name, s.public_key from public.seat s
    where s.id = p_id and s.revoked_at is null and s.public_key is not null
$$;

create function identity_seat_seen(p_id uuid, p_now timestamptz, p_address text, p_agent text)
returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
    update public.seat set seen_at = p_now, address = p_address, agent = p_agent where id = p_id
$$;

revoke execute on function identity_demand, identity_begin_step, identity_look_step,
    identity_use_step, identity_totp, identity_totp_passed, identity_totp_failed,
    identity_use_recovery, identity_passkeys, identity_passkey, identity_passkey_used,
    identity_enrol_seat, identity_seat, identity_seat_seen from public;
grant execute on function identity_demand, identity_begin_step, identity_look_step,
    identity_use_step, identity_totp, identity_totp_passed, identity_totp_failed,
    identity_use_recovery, identity_passkeys, identity_passkey, identity_passkey_used,
    identity_enrol_seat, identity_seat, identity_seat_seen to warroom_app;
"""

_SESSIONS = """
-- Whether this way in is by a password that somebody else knows; no other way is held up by it.
create function identity_must_change(p_person uuid, p_method text) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select p_method like 'password%' and exists (select from public.person_password w
        where w.person_id = p_person and w.must_change)
$$;

drop function identity_open_session(uuid, uuid, bytea, text, timestamptz, timestamptz, text, text);
create function identity_open_session(
    p_id uuid, p_person uuid, p_token_hash bytea, p_method text, p_now timestamptz,
    p_expires_at timestamptz, p_address text, p_agent text, p_strength integer, p_seat uuid
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    principal jsonb := public.identity_principal(p_person);
    demand jsonb := public.identity_demand(p_person);
    asked integer := case demand->>'required' when 'passkey' then 2 when 'any' then 1 else 0 end;
begin
    if principal is null then
        return null;
    end if;
    -- The grace time begins with the first sign-in that shows less than what is asked for.
    if p_strength < asked and demand->>'due_at' is null then
        update public.person
        set factor_due_at = p_now + make_interval(days => (demand->>'grace_days')::integer)
        where id = p_person;
        demand := public.identity_demand(p_person);
    end if;
    insert into public.session (id, token_hash, person_id, method, created_at, seen_at,
        expires_at, address, agent, strength, proven_at, seat_id)
    values (p_id, p_token_hash, p_person, p_method, p_now, p_now, p_expires_at, p_address,
        p_agent, p_strength, p_now, p_seat);
    return principal || jsonb_build_object('session_id', p_id, 'strength', p_strength,
        'demand', demand, 'must_change', public.identity_must_change(p_person, p_method));
end
$$;

create or replace function identity_by_session(
    p_token_hash bytea, p_now timestamptz, p_idle interval, p_touch boolean
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    found_session record;
begin
    select id, person_id, seen_at, strength, method into found_session from public.session
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
        'demand', public.identity_demand(found_session.person_id),
        'must_change',
        public.identity_must_change(found_session.person_id, found_session.method));
end
$$;

revoke execute on function identity_must_change, identity_open_session from public;
grant execute on function identity_must_change, identity_open_session to warroom_app;
"""
