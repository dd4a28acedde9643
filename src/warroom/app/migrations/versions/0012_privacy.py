"""Records of processing and subject access."""

from alembic import op

from warroom.kernel.wall import policy, reaches

revision = "0012"
down_revision = "0011"

TABLES = ("record", "deletion", "case", "decision", "breach")


def upgrade() -> None:
    op.execute(_RECORDS)
    op.execute(_DELETIONS)
    op.execute(_CASES)
    op.execute(_BREACHES)
    for table in TABLES:
        op.execute(policy(f"privacy_{table}", reaches(agency="agency_id")))
        op.execute(f"revoke delete, truncate on privacy_{table} from warroom_app")
    op.execute("revoke update on privacy_record, privacy_decision from warroom_app")
    op.execute(_ROLES)


_RECORDS = """
-- What an agency says of its processing: each version of each purpose and each retention class.
-- What nobody has written yet is as the product says of itself.
create table privacy_record (
    agency_id uuid not null references agency,
    kind text not null check (kind in ('purpose', 'retention')),
    key text not null check (length(key) between 1 and 80),
    version integer not null check (version > 0),
    body jsonb not null,
    at timestamptz not null,
    person_id uuid,
    person_label text not null,
    reason text not null,
    primary key (agency_id, kind, key, version)
);

create table privacy_number (
    kind text not null,
    year integer not null,
    last integer not null,
    primary key (kind, year)
);
revoke all on privacy_number from warroom_app;
create function privacy_next_number(p_kind text, p_year integer) returns integer
language sql security definer set search_path = pg_catalog, pg_temp as $$
    insert into public.privacy_number as n (kind, year, last) values (p_kind, p_year, 1)
    on conflict (kind, year) do update set last = n.last + 1 returning last
$$;
revoke execute on function privacy_next_number from public;
grant execute on function privacy_next_number to warroom_app;
"""

_DELETIONS = """
-- Proof of deletion: sums of a day, by whose, from where, of which class and by which rule. A day
-- that is over is written into the audit; a sum that a recorder tells late grows and is written again.
create table privacy_deletion (
    id uuid primary key,
    day date not null,
    agency_id uuid references agency,
    store text not null,
    class text not null,
    rule text not null,
    thing_id uuid,
    count bigint not null check (count > 0),
    bytes bigint not null default 0,
    first_at timestamptz,
    last_at timestamptz,
    began_at timestamptz not null,
    ended_at timestamptz not null,
    sealed_at timestamptz,
    unique nulls not distinct (day, store, class, rule, thing_id, agency_id)
);
comment on column privacy_deletion.first_at is 'begin of the span of what was deleted';
comment on column privacy_deletion.began_at is 'when the first of it was deleted';
create index privacy_deletion_newest on privacy_deletion (day desc, id desc);
create index privacy_deletion_open on privacy_deletion (day) where sealed_at is null;
create function privacy_deletion_kept() returns trigger language plpgsql as $$
begin
    if new.count < old.count or new.bytes < old.bytes
        or (new.day, new.store, new.class, new.rule, new.thing_id, new.agency_id)
           is distinct from (old.day, old.store, old.class, old.rule, old.thing_id, old.agency_id)
    then
        raise exception 'proof of deletion only grows' using errcode = '42501';
    end if;
    if new.count > old.count then
        new.sealed_at := null;
    end if;
    return new;
end
$$;
create trigger privacy_deletion_kept before update on privacy_deletion
    for each row execute function privacy_deletion_kept();
"""

_CASES = """
-- What somebody asks about themselves. What they are looked for by is sealed; its keyed hash tells
-- that two cases are about the same.
create table privacy_case (
    id uuid primary key,
    number text not null unique,
    agency_id uuid not null references agency,
    asker text not null,
    identified_by text not null,
    wants text[] not null check (cardinality(wants) > 0),
    subject_kind text not null,
    subject_hash bytea not null,
    subject_sealed bytea not null,
    received_at timestamptz not null,
    due_at timestamptz not null check (received_at < due_at),
    created_label text not null,
    told_at timestamptz,
    searched_at timestamptz,
    report_sealed bytea,
    ended_at timestamptz,
    ended_label text,
    outcome text check (outcome in ('answered', 'refused')),
    reason text,
    exception text,
    check ((ended_at is null) = (outcome is null))
);
create index privacy_case_agency on privacy_case (agency_id, id desc);
create index privacy_case_open on privacy_case (due_at) where ended_at is null;

create table privacy_decision (
    id uuid primary key,
    case_id uuid not null references privacy_case,
    agency_id uuid not null references agency,
    wish text not null check (wish in ('correction', 'deletion')),
    source text not null,
    outcome text not null check (outcome in ('carried_out', 'refused')),
    reason text not null,
    exception text,
    at timestamptz not null,
    person_id uuid,
    person_label text not null,
    check ((outcome = 'refused') = (exception is not null))
);
create index privacy_decision_case on privacy_decision (case_id, id);
"""

_BREACHES = """
-- Failures of protection (Pasal 46); nothing of it can be deleted.
create table privacy_breach (
    id uuid primary key,
    number text not null unique,
    agency_id uuid not null references agency,
    title text not null,
    state text not null check (state in
        ('found', 'assessed', 'notified', 'not_required', 'closed')),
    body jsonb not null,
    found_at timestamptz not null,
    due_at timestamptz not null check (found_at < due_at),
    assessed_at timestamptz,
    subjects_at timestamptz,
    authority_at timestamptz,
    not_required_at timestamptz,
    not_required_reason text,
    check ((not_required_at is null) = (not_required_reason is null)),
    closed_at timestamptz,
    told_at timestamptz,
    created_label text not null,
    changed_at timestamptz not null,
    version integer not null default 1
);
create index privacy_breach_agency on privacy_breach (agency_id, id desc);
create index privacy_breach_open on privacy_breach (due_at) where closed_at is null;
"""

_ROLES = """
update role set actions = actions || more.words from (values
    ('manage', '{privacy:view}'::text[]),
    ('configure', '{privacy:*}'),
    ('admin_lembaga', '{privacy:*}'),
    ('petugas_pdp', '{privacy:*}'),
    ('kepala_lembaga', '{privacy:view,privacy:answer}'),
    ('auditor', '{privacy:view}')
) more (name, words) where role.name = more.name;
"""
