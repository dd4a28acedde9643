"""The audit names people by a pseudonym: what leads from it to them can be destroyed."""

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.execute(_ERASED)
    op.execute(_LABELS)
    op.execute(_NAMES)
    op.execute(_APPEND)
    op.execute(_APPEND_ALL)


_ERASED = """
alter table person add column erased_at timestamptz;
comment on column person.erased_at is
    'name, login and everything else about them is gone; the row keeps what others refer to';

-- Private layouts are their owner's alone, so nobody else could delete them. Those of an account
-- that is erased are nobody's any more.
create function wall_forget_person(p_person uuid) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    gone integer;
begin
    if not exists (select from public.person where id = p_person and erased_at is not null) then
        raise exception 'not an erased account' using errcode = '42501';
    end if;
    delete from public.wall_layout where person_id = p_person and shared = 'person';
    get diagnostics gone = row_count;
    update public.wall_layout set locked_by = null, locked_at = null where locked_by = p_person;
    return gone;
end
$$;
revoke execute on function wall_forget_person from public;
grant execute on function wall_forget_person to warroom_app;
"""

_LABELS = """
-- What an entry says of a person beside their id: nothing, where the id is an account's. Names of
-- what is no account (a process, a program, somebody made up) are written as before.
create function audit_label(p_kind text, p_id text, p_label text) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
    if p_kind <> 'person' or p_id is null
        or p_id !~ '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'
        or not exists (select from public.person where id = p_id::uuid)
    then
        return p_label;
    end if;
    return null;
end
$$;
revoke execute on function audit_label from public;
"""

_NAMES = """
-- What an account is called now, by its id, which only those know who may read an entry with it.
create function audit_name(p_id uuid) returns text
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select name from public.person where id = p_id
$$;

-- Accounts whose name is like this: to find their entries among those that may be read.
create function audit_people_like(p_like text) returns uuid[]
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select coalesce(array_agg(id), '{}') from public.person where name ilike p_like
$$;
revoke execute on function audit_name, audit_people_like from public;
grant execute on function audit_name, audit_people_like to warroom_app;

-- Copies of names beside the chain; hints and counts are shown with the name as it is now.
update audit_usage set person_label = null where person_id in (select id from person);
update audit_hint set person_label = null where person_id in (select id from person);
update audit_hint set seen_by_label = null where seen_by in (select id from person);
"""


_APPEND = """
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
    label text;
begin
    if p_object_kind = 'person' and p_object_label is not null then
        p_object_label := public.audit_label(p_object_kind, p_object_id, p_object_label);
    end if;
    -- The common case, one entry a transaction, without a further call. The name beside an account's
    -- id never becomes part of the chain, from which nothing can be taken away; a query of its own
    -- for that would cost a quarter of the append.
    if coalesce(current_setting('warroom.audit_head', true), '') = '' then
        select h.ctid, h.chain, h.seq + 1, h.hash,
            case when exists (select from public.person p where p.id = p_person_id) then null
                else p_person_label end
        into tid, chain, seq, previous, label
        from public.audit_head h where h.chain = pg_backend_pid() % 16 for update skip locked;
    end if;
    if chain is null then
        select o.tid, o.chain, o.seq + 1, o.hash,
            case when exists (select from public.person p where p.id = p_person_id) then null
                else p_person_label end
        into tid, chain, seq, previous, label
        from public.audit_open_chain() o;
    end if;
    digest := public.audit_link(chain, seq, previous, public.audit_content(
        p_id, p_at, recorded, p_person_id, label, p_agency_id, p_agency_label,
        p_owner_agency_id, p_action, p_object_kind, p_object_id, p_object_label, p_place,
        p_purpose, p_reason, p_door, p_address, p_session_id, p_detail));
    insert into public.audit_entry values (
        chain, seq, previous, p_id, p_at, recorded, p_person_id, label,
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
"""


_APPEND_ALL = """
create or replace function audit_append_all(p_entries jsonb) returns bigint
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
    for entry in select e.*,
        case when exists (select from public.person p where p.id = e.person_id) then null
            else e.person_label end as person_name,
        case when e.object_kind = 'person'
            then public.audit_label(e.object_kind, e.object_id, e.object_label)
            else e.object_label end as object_name
    from jsonb_to_recordset(p_entries) as e(
        id uuid, at timestamptz, person_id uuid, person_label text, agency_id uuid,
        agency_label text, owner_agency_id uuid, action text, object_kind text, object_id text,
        object_label text, place text, purpose text, reason text, door text, address text,
        session_id uuid, detail text)
    loop
        count := count + 1;
        recorded := clock_timestamp();
        head.hash := digest;
        digest := public.audit_link(head.chain, head.seq + count, head.hash, public.audit_content(
            entry.id, entry.at, recorded, entry.person_id, entry.person_name, entry.agency_id,
            entry.agency_label, entry.owner_agency_id, entry.action, entry.object_kind,
            entry.object_id, entry.object_name, entry.place, entry.purpose, entry.reason,
            entry.door, entry.address, entry.session_id, entry.detail));
        insert into public.audit_entry values (
            head.chain, head.seq + count, head.hash, entry.id, entry.at, recorded,
            entry.person_id, entry.person_name, entry.agency_id, entry.agency_label,
            entry.owner_agency_id, entry.action, entry.object_kind, entry.object_id,
            entry.object_name, entry.place, entry.purpose, entry.reason, entry.door,
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
"""
