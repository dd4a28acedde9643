"""The audit: a cheaper form of entries, search in bounded time, proofs, hints and anchors."""

from alembic import op

from warroom.kernel import wall

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.execute(_FORM)
    op.execute(_APPEND)
    op.execute(_READ)
    op.execute(_HINTS)
    for table in ("audit_usage", "audit_hint"):
        op.execute(wall.policy(table, wall.reaches(agency="agency_id")))


_FORM = """
-- Form 1: one hash over all columns. Form 2: hash over the link (chain, number, hash before) and a
-- digest of the content, so that a link can be shown to a stranger without its content.
alter table audit_entry add column form smallint not null default 1;

-- The bytes of an entry's content: what PostgreSQL sends of the record of its columns, texts as
-- UTF-8 bytes whatever the connection speaks. Written out once, for the append and for the walk.
create function audit_content(
    p_id uuid, p_at timestamptz, p_recorded_at timestamptz, p_person_id uuid,
    p_person_label text, p_agency_id uuid, p_agency_label text, p_owner_agency_id uuid,
    p_action text, p_object_kind text, p_object_id text, p_object_label text, p_place text,
    p_purpose text, p_reason text, p_door text, p_address text, p_session_id uuid, p_detail text
) returns bytea language sql stable parallel safe as $$
    select record_send(row(
        p_id, p_at, p_recorded_at, p_person_id, convert_to(p_person_label, 'UTF8'), p_agency_id,
        convert_to(p_agency_label, 'UTF8'), p_owner_agency_id, convert_to(p_action, 'UTF8'),
        convert_to(p_object_kind, 'UTF8'), convert_to(p_object_id, 'UTF8'),
        convert_to(p_object_label, 'UTF8'), convert_to(p_place, 'UTF8'),
        convert_to(p_purpose, 'UTF8'), convert_to(p_reason, 'UTF8'), convert_to(p_door, 'UTF8'),
        convert_to(p_address, 'UTF8'), p_session_id, convert_to(p_detail, 'UTF8')))
$$;

-- 'warroom.audit.2' in front, so that no link of this form can be read as one of another.
create function audit_link(p_chain smallint, p_seq bigint, p_previous bytea, p_content bytea)
returns bytea language sql stable parallel safe as $$
    select sha256('\\x776172726f6f6d2e61756469742e32'::bytea || int2send(p_chain)
        || int8send(p_seq) || p_previous || sha256(p_content))
$$;
grant execute on function audit_content, audit_link to warroom_app;
"""

_APPEND = """
-- Takes the end of a chain for this transaction: its own, else any that is free, else it waits.
-- Where the transaction appended before, the hint leads straight to its newest version of the head:
-- looking for it would pass every older one. A false hint does no harm: what stands there is locked
-- and judged as any other head.
create function audit_open_chain(out tid tid, out chain smallint, out seq bigint, out hash bytea)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    hint text := current_setting('warroom.audit_head', true);
    own integer := pg_backend_pid() % 16;
begin
    if hint <> '' then
        select h.ctid, h.chain, h.seq, h.hash into tid, chain, seq, hash
        from public.audit_head h where h.ctid = hint::tid for update skip locked;
        if found then return; end if;
    end if;
    select h.ctid, h.chain, h.seq, h.hash into tid, chain, seq, hash
    from public.audit_head h order by (h.chain + own) % 16 limit 1 for update skip locked;
    if found then return; end if;
    select h.ctid, h.chain, h.seq, h.hash into strict tid, chain, seq, hash
    from public.audit_head h
    where h.chain = coalesce((select min(o.chain) from public.audit_head o where o.chain >= own),
        (select min(o.chain) from public.audit_head o)) for update;
end
$$;

create or replace function audit_append(
    p_id uuid, p_at timestamptz, p_person_id uuid, p_person_label text, p_agency_id uuid,
    p_agency_label text, p_owner_agency_id uuid, p_action text, p_object_kind text,
    p_object_id text, p_object_label text, p_place text, p_purpose text, p_reason text,
    p_door text, p_address text, p_session_id uuid, p_detail text
) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
<<entry>>
declare
    tid tid;
    chain smallint;
    seq bigint;
    previous bytea;
    recorded timestamptz := clock_timestamp();
    digest bytea;
    moved tid;
begin
    -- The common case, one entry a transaction, without a further call.
    if coalesce(current_setting('warroom.audit_head', true), '') = '' then
        select h.ctid, h.chain, h.seq + 1, h.hash into tid, chain, seq, previous
        from public.audit_head h where h.chain = pg_backend_pid() % 16 for update skip locked;
    end if;
    if chain is null then
        select o.tid, o.chain, o.seq + 1, o.hash into tid, chain, seq, previous
        from public.audit_open_chain() o;
    end if;
    digest := public.audit_link(chain, seq, previous, public.audit_content(
        p_id, p_at, recorded, p_person_id, p_person_label, p_agency_id, p_agency_label,
        p_owner_agency_id, p_action, p_object_kind, p_object_id, p_object_label, p_place,
        p_purpose, p_reason, p_door, p_address, p_session_id, p_detail));
    insert into public.audit_entry values (
        chain, seq, previous, p_id, p_at, recorded, p_person_id, p_person_label,
        p_agency_id, p_agency_label, p_owner_agency_id, p_action, p_object_kind, p_object_id,
        p_object_label, p_place, p_purpose, p_reason, p_door, p_address, p_session_id, p_detail,
        digest, 2
    );
    update public.audit_head h set seq = entry.seq, hash = digest
    where h.ctid = entry.tid and h.seq = entry.seq - 1
    returning h.ctid into strict moved;
    perform set_config('warroom.audit_head', moved::text, true);
end
$$;

-- Appends many entries, in their order, to one chain; its head moves once.
create function audit_append_all(p_entries jsonb) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    head record;
    entry record;
    recorded timestamptz;
    digest bytea;
    count bigint := 0;
    moved tid;
begin
    head := public.audit_open_chain();
    digest := head.hash;
    for entry in select * from jsonb_to_recordset(p_entries) as e(
        id uuid, at timestamptz, person_id uuid, person_label text, agency_id uuid,
        agency_label text, owner_agency_id uuid, action text, object_kind text, object_id text,
        object_label text, place text, purpose text, reason text, door text, address text,
        session_id uuid, detail text)
    loop
        count := count + 1;
        recorded := clock_timestamp();
        head.hash := digest;
        digest := public.audit_link(head.chain, head.seq + count, head.hash, public.audit_content(
            entry.id, entry.at, recorded, entry.person_id, entry.person_label, entry.agency_id,
            entry.agency_label, entry.owner_agency_id, entry.action, entry.object_kind,
            entry.object_id, entry.object_label, entry.place, entry.purpose, entry.reason,
            entry.door, entry.address, entry.session_id, entry.detail));
        insert into public.audit_entry values (
            head.chain, head.seq + count, head.hash, entry.id, entry.at, recorded,
            entry.person_id, entry.person_label, entry.agency_id, entry.agency_label,
            entry.owner_agency_id, entry.action, entry.object_kind, entry.object_id,
            entry.object_label, entry.place, entry.purpose, entry.reason, entry.door,
            entry.address, entry.session_id, entry.detail, digest, 2
        );
    end loop;
    if count > 0 then
        update public.audit_head set seq = head.seq + count, hash = digest
        where ctid = head.tid and seq = head.seq returning ctid into strict moved;
        perform set_config('warroom.audit_head', moved::text, true);
    end if;
    return count;
end
$$;
revoke execute on function audit_open_chain, audit_append_all from public;
grant execute on function audit_append_all to warroom_app;
"""


_READ = """
-- The end of a look, by the look it ends.
create index audit_entry_end on audit_entry
    (substring(detail from '"view":"([0-9a-f-]{36})"')) where action like '%\\:end';

-- How long a look lasted, by its id, which only those know who may read the look. A query of theirs
-- could not use the index: what is behind the wall is judged before an expression that may leak.
create function audit_seconds(p_view uuid) returns double precision
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select (e.detail::json ->> 'seconds')::float8 from public.audit_entry e
    where e.action like '%\\:end'
      and substring(e.detail from '"view":"([0-9a-f-]{36})"') = p_view::text
    limit 1
$$;

-- How far back `p_rows` entries of a person, of a thing, of agencies or of all reach: a search that
-- filters by what no index knows looks no further, so that it ends in time. Of agencies each counts
-- by itself, as owner and as asker. Tells an instant and no entry.
create function audit_floor(
    p_person uuid, p_object text, p_agencies uuid[], p_until timestamptz, p_rows integer)
returns timestamptz
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
    found_at timestamptz;
begin
    if p_person is not null then
        select at into found_at from public.audit_entry
        where person_id = p_person and at <= p_until order by at desc offset p_rows limit 1;
    elsif p_object is not null then
        select at into found_at from public.audit_entry
        where object_id = p_object and at <= p_until order by at desc offset p_rows limit 1;
    elsif p_agencies is not null then
        select max(greatest(
            (select at from public.audit_entry
             where owner_agency_id = a and at <= p_until order by at desc offset p_rows limit 1),
            (select at from public.audit_entry
             where agency_id = a and at <= p_until order by at desc offset p_rows limit 1)
        )) into found_at from unnest(p_agencies) a;
    else
        select at into found_at from public.audit_entry
        where at <= p_until order by at desc, id desc offset p_rows limit 1;
    end if;
    return found_at;
end
$$;

-- Links of a chain without their content: for the proof of entries that stand between them. The
-- digest hides the content (each holds a random id); an entry of form 1 has none to give.
create function audit_links(p_chain smallint, p_first bigint, p_last bigint)
returns table (seq bigint, previous bytea, form smallint, digest bytea, hash bytea)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select e.seq, e.previous, e.form, case e.form when 2 then sha256(public.audit_content(
        e.id, e.at, e.recorded_at, e.person_id, e.person_label, e.agency_id, e.agency_label,
        e.owner_agency_id, e.action, e.object_kind, e.object_id, e.object_label, e.place,
        e.purpose, e.reason, e.door, e.address, e.session_id, e.detail)) end, e.hash
    from public.audit_entry e
    where e.chain = p_chain and e.seq between p_first and p_last order by e.seq
$$;
revoke execute on function audit_floor, audit_links, audit_seconds from public;
grant execute on function audit_floor, audit_links, audit_seconds to warroom_app;

-- How each place that takes copies of the heads does; it holds no agency's thing.
create table audit_anchor (
    target text primary key,
    kind text not null check (kind in ('file', 'syslog', 'tsa')),
    line bigint not null default 0,
    anchored_at timestamptz,
    tried_at timestamptz not null,
    failing_since timestamptz,
    problem text
);
"""

_HINTS = """
-- What each person did in each hour, by district of the thing: counts, no thing by name.
create table audit_usage (
    person_id uuid not null,
    hour timestamptz not null,
    district text not null,
    agency_id uuid,
    person_label text,
    looks integer not null,
    things integer not null,
    refusals integer not null,
    emergencies integer not null,
    primary key (person_id, hour, district)
);
create index audit_usage_hour on audit_usage (hour);

create table audit_hint (
    id uuid primary key,
    kind text not null check (kind in ('bulk', 'hours', 'place', 'refusals', 'emergency')),
    person_id uuid not null,
    person_label text,
    agency_id uuid,
    begins_at timestamptz not null,
    ends_at timestamptz not null,
    found_at timestamptz not null,
    numbers text not null,
    seen_at timestamptz,
    seen_by uuid,
    seen_by_label text,
    note text,
    unique (kind, person_id, begins_at)
);
create index audit_hint_newest on audit_hint (begins_at desc, id desc);
"""
