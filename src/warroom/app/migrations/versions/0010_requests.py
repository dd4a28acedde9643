"""Access lent across agencies: requests, emergencies, and the review of rights."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.execute(_LENT)
    op.execute(_ROLES)
    op.execute(_REQUESTS)
    op.execute(_EMERGENCIES)
    op.execute(_REVIEWS)


_LENT = """
alter table access_grant
    add column to_role text references role,
    add column purpose text,
    add column footage_from timestamptz,
    add column footage_to timestamptz,
    add check (to_role is null or to_agency_id is not null),
    add check (purpose is null or (ends_at is not null and agencies is not null and not deny)),
    add check (footage_from is null or footage_to is null or footage_from < footage_to);
comment on column access_grant.to_role is 'only people of to_agency_id who hold this role';
comment on column access_grant.purpose is 'set on what is lent: a request, an emergency';
alter table person_role add column lapses_at timestamptz;
comment on column person_role.lapses_at is 'ends by itself then, unless a review confirms it';

-- What a person holds, as before, with what is said of it here: for what it was lent, which
-- pictures it reaches, for which role alone, and when it lapses.
alter function identity_principal(uuid) rename to identity_principal_held;
create function identity_principal(p_person uuid) returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select held || jsonb_build_object(
        'roles', coalesce((
            select jsonb_agg(item || jsonb_build_object('lapses_at', r.lapses_at)
                order by item ->> 'name')
            from jsonb_array_elements(held -> 'roles') item
            join public.person_role r on r.person_id = p_person and r.role = item ->> 'name'),
            '[]'),
        'grants', coalesce((
            select jsonb_agg(item || jsonb_build_object('purpose', g.purpose,
                'footage_from', g.footage_from, 'footage_to', g.footage_to) order by g.id)
            from jsonb_array_elements(held -> 'grants') item
            join public.access_grant g on g.id = (item ->> 'id')::uuid
            where g.to_role is null or exists (
                select from public.person_role r
                where r.person_id = p_person and r.role = g.to_role)),
            '[]'))
    from public.identity_principal_held(p_person) held
    where held is not null
$$;
revoke execute on function identity_principal from public;
"""

_ROLES = """
insert into role (name, actions) values
    ('kepala_lembaga', '{city:view,camera:view,agency:view,person:view,grant:view,audit:read,access:*}'),
    ('petugas_pdp', '{city:view,agency:view,person:view,grant:view,audit:read,access:view,access:approve,access:review}'),
    ('penyidik', '{city:view,camera:view,live:view,wall:view,recording:view,agency:view,access:view,access:request}')
on conflict (name) do nothing;
update role set actions = actions || more.words from (values
    ('manage', '{access:view,access:request}'::text[]),
    ('configure', '{access:*}'),
    ('supervisor', '{access:view,access:request,access:approve,access:break_glass}'),
    ('admin_lembaga', '{access:*}'),
    ('auditor', '{access:view}')
) more (name, words) where role.name = more.name;
"""

_REQUESTS = """
-- Names of the government's agencies, to whom a letter can be addressed: no secret of anybody.
create function access_agencies()
returns table (id uuid, name text, short text, kind text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select a.id, a.name, a.short, a.kind from public.agency a where a.is_active order by a.name
$$;

-- Numbers that people say run through a year, over all agencies.
create table access_number (
    kind text not null,
    year integer not null,
    last integer not null,
    primary key (kind, year)
);
revoke all on access_number from warroom_app;
create function access_next_number(p_kind text, p_year integer) returns integer
language sql security definer set search_path = pg_catalog, pg_temp as $$
    insert into public.access_number as n (kind, year, last) values (p_kind, p_year, 1)
    on conflict (kind, year) do update set last = n.last + 1 returning last
$$;
revoke execute on function access_agencies, access_next_number from public;
grant execute on function access_agencies, access_next_number to warroom_app;

-- The laws on which a request can rest: one list for the city, edited by who configures it.
create table access_basis (
    id uuid primary key,
    law text not null check (length(law) between 3 and 200),
    article text not null check (length(article) between 1 and 120),
    is_active boolean not null default true,
    unique (law, article)
);
insert into access_basis (id, law, article) values
    ('01890000-0000-7000-8000-000000000001', 'UU 20/2025 (KUHAP)', 'Pasal 235 ayat (1)'),
    ('01890000-0000-7000-8000-000000000002', 'Putusan MK 20/PUU-XIV/2016', 'amar putusan'),
    ('01890000-0000-7000-8000-000000000003', 'UU 11/2008 jo. UU 1/2024 (ITE)', 'Pasal 5-6'),
    ('01890000-0000-7000-8000-000000000004', 'UU 22/2009 (LLAJ)', 'Pasal 249 ayat (3)'),
    ('01890000-0000-7000-8000-000000000005', 'UU 22/2009 (LLAJ)', 'Pasal 251'),
    ('01890000-0000-7000-8000-000000000006', 'Perpol 8/2023', 'Pasal 17-19'),
    ('01890000-0000-7000-8000-000000000007', 'UU 27/2022 (PDP)', 'Pasal 20 ayat (2) huruf e');

create table access_request (
    id uuid primary key,
    number text unique,
    from_agency_id uuid not null references agency,
    from_agency_label text not null,
    requester_id uuid not null references person,
    requester_label text not null,
    letter_number text not null,
    letter_date date not null,
    basis_id uuid not null references access_basis,
    basis_label text not null,
    purpose text not null,
    case_number text not null,
    actions text[] not null,
    owners uuid[] not null,
    rings jsonb not null,
    places text[] not null,
    cameras integer[] not null,
    footage_from timestamptz,
    footage_to timestamptz,
    starts_at timestamptz not null,
    ends_at timestamptz not null check (starts_at < ends_at),
    people uuid[] not null,
    people_label text[] not null,
    roles text[] not null,
    created_at timestamptz not null,
    changed_at timestamptz not null,
    sent_at timestamptz,
    withdrawn_at timestamptz,
    closed_at timestamptz,
    version integer not null default 1,
    check ((sent_at is null) = (number is null)),
    check (footage_from < footage_to)
);
comment on column access_request.starts_at is 'from when the right holds; not the time of footage';
comment on column access_request.closed_at is 'when both agencies were told that it is over';
create index access_request_from on access_request (from_agency_id, id desc);
create index access_request_owners on access_request using gin (owners);
create index access_request_open on access_request (ends_at)
    where sent_at is not null and closed_at is null;
alter table access_request enable row level security;
create policy access_request_scope on access_request using (
    (select scope_sees_all())
    or from_agency_id = any((select scope_agencies())::uuid[])
    or (sent_at is not null and owners && (select scope_agencies()))
);
revoke delete on access_request from warroom_app;

-- What one owner decides about its own things; other owners do not see it.
create table access_part (
    request_id uuid not null references access_request,
    owner_id uuid not null references agency,
    owner_label text not null,
    from_agency_id uuid not null references agency,
    refused_at timestamptz,
    refused_by text,
    refusal text,
    approved_at timestamptz,
    actions text[],
    cameras jsonb,
    starts_at timestamptz,
    ends_at timestamptz,
    footage_from timestamptz,
    footage_to timestamptz,
    grants uuid[] not null default '{}',
    revoked_at timestamptz,
    revoked_by text,
    revocation text,
    primary key (request_id, owner_id)
);
alter table access_part enable row level security;
create policy access_part_scope on access_part using (
    (select scope_sees_all())
    or from_agency_id = any((select scope_agencies())::uuid[])
    or owner_id = any((select scope_agencies())::uuid[])
);
revoke delete on access_part from warroom_app;

create table access_approval (
    request_id uuid not null,
    owner_id uuid not null,
    person_id uuid not null references person,
    from_agency_id uuid not null,
    person_label text not null,
    agency_id uuid not null,
    agency_label text not null,
    role text not null,
    at timestamptz not null,
    note text not null,
    actions text[] not null,
    cameras jsonb not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    footage_from timestamptz,
    footage_to timestamptz,
    primary key (request_id, owner_id, person_id),
    foreign key (request_id, owner_id) references access_part
);
alter table access_approval enable row level security;
create policy access_approval_scope on access_approval using (
    (select scope_sees_all())
    or from_agency_id = any((select scope_agencies())::uuid[])
    or owner_id = any((select scope_agencies())::uuid[])
);
revoke update, delete on access_approval from warroom_app;

create table access_attachment (
    id uuid primary key,
    request_id uuid not null references access_request,
    name text not null check (length(name) between 1 and 200),
    media_type text not null,
    size integer not null,
    digest text not null,
    at timestamptz not null,
    unique (request_id, digest)
);
comment on column access_attachment.digest is 'hex SHA-256; names the file among the blobs';
alter table access_attachment enable row level security;
create policy access_attachment_scope on access_attachment
    using (request_id in (select id from access_request));

create index audit_entry_purpose on audit_entry (purpose, at desc) where purpose is not null;
"""

_EMERGENCIES = """
-- Access taken in an emergency; it ends by the clock, and is answered for afterwards.
create table access_emergency (
    id uuid primary key,
    number text not null unique,
    person_id uuid not null references person,
    person_label text not null,
    agency_id uuid not null references agency,
    agency_label text not null,
    owner_id uuid not null references agency,
    owner_label text not null,
    reason text not null,
    actions text[] not null,
    cameras jsonb not null,
    grants uuid[] not null,
    opened_at timestamptz not null,
    ends_at timestamptz not null check (opened_at < ends_at),
    ended_at timestamptz,
    closed_at timestamptz,
    due_at timestamptz not null,
    level integer not null default 0,
    reviewed_at timestamptz,
    reviewed_by uuid references person,
    reviewer_label text,
    outcome text check (outcome in ('justified', 'unclear', 'misuse')),
    review_note text,
    check ((reviewed_at is null) = (outcome is null)),
    check (reviewed_by <> person_id)
);
comment on column access_emergency.level is 'how many levels up its open review was told';
create index access_emergency_agency on access_emergency (agency_id, id desc);
create index access_emergency_owner on access_emergency (owner_id, id desc);
create index access_emergency_open on access_emergency (due_at) where reviewed_at is null;
alter table access_emergency enable row level security;
-- Loud: whoever works for either agency knows of it.
create policy access_emergency_scope on access_emergency using (
    (select scope_sees_all())
    or agency_id in (select scope_agency_ids()) or agency_id = (select scope_agency())
    or owner_id in (select scope_agency_ids()) or owner_id = (select scope_agency())
);
revoke delete on access_emergency from warroom_app;
"""

_REVIEWS = """
-- Campaigns in which an agency confirms or drops the rights of its people.
create table access_review (
    id uuid primary key,
    agency_id uuid not null references agency,
    agency_label text not null,
    opened_at timestamptz not null,
    due_at timestamptz not null check (opened_at < due_at),
    closed_at timestamptz,
    reminded_days integer
);
create unique index access_review_open on access_review (agency_id) where closed_at is null;
create index access_review_agency on access_review (agency_id, id desc);
alter table access_review enable row level security;
create policy access_review_scope on access_review using (
    (select scope_sees_all()) or agency_id in (select scope_agency_ids())
);
revoke delete on access_review from warroom_app;

create table access_review_item (
    id uuid primary key,
    review_id uuid not null references access_review,
    agency_id uuid not null,
    kind text not null check (kind in ('role', 'grant', 'token')),
    person_id uuid,
    person_label text not null,
    role text,
    grant_id uuid,
    token_id uuid,
    label text not null,
    reach text not null,
    actions text[] not null,
    is_admin boolean not null,
    was_until timestamptz,
    last_used_at timestamptz,
    decision text check (decision in ('confirmed', 'dropped', 'lapsed', 'escalated')),
    decided_at timestamptz,
    decided_by uuid,
    decided_label text,
    check ((decision is null) = (decided_at is null)),
    check (decision in ('lapsed', 'escalated') or decided_by is null or decided_by <> person_id)
);
comment on column access_review_item.was_until is 'when the right would have ended without it';
create index access_review_item_review on access_review_item (review_id);
alter table access_review_item enable row level security;
create policy access_review_item_scope on access_review_item using (
    (select scope_sees_all()) or agency_id in (select scope_agency_ids())
);
revoke delete on access_review_item from warroom_app;
"""
