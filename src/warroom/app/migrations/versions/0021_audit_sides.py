"""Entries of the audit keep the tags and the class that their thing had, and are judged by them."""

from alembic import op

from warroom.kernel.wall import policy, reaches

revision = "0021"
down_revision = "0025"


def upgrade() -> None:
    op.execute(_SIDES)
    op.execute(_APPEND)
    op.execute(_APPEND_ALL)
    op.execute(_LINKS)
    op.execute(_WALL)
    op.execute(policy("audit_hint", reaches(agency="agency_id", id="person_id")))


_SIDES = """
alter table audit_entry add column thing_tags text[], add column thing_class text;
comment on column audit_entry.thing_tags is
    'of the thing, when the entry was written; null before form 3, and where the thing has none';

-- The content of form 3: that of form 2, and the thing's tags (as JSON) and class behind it.
create function audit_content(
    p_id uuid, p_at timestamptz, p_recorded_at timestamptz, p_person_id uuid,
    p_person_label text, p_agency_id uuid, p_agency_label text, p_owner_agency_id uuid,
    p_action text, p_object_kind text, p_object_id text, p_object_label text, p_place text,
    p_purpose text, p_reason text, p_door text, p_address text, p_session_id uuid, p_detail text,
    p_tags text[], p_class text
) returns bytea language sql stable parallel safe as $$
    select record_send(row(
        p_id, p_at, p_recorded_at, p_person_id, convert_to(p_person_label, 'UTF8'), p_agency_id,
        convert_to(p_agency_label, 'UTF8'), p_owner_agency_id, convert_to(p_action, 'UTF8'),
        convert_to(p_object_kind, 'UTF8'), convert_to(p_object_id, 'UTF8'),
        convert_to(p_object_label, 'UTF8'), convert_to(p_place, 'UTF8'),
        convert_to(p_purpose, 'UTF8'), convert_to(p_reason, 'UTF8'), convert_to(p_door, 'UTF8'),
        convert_to(p_address, 'UTF8'), p_session_id, convert_to(p_detail, 'UTF8'),
        convert_to(array_to_json(p_tags)::text, 'UTF8'), convert_to(p_class, 'UTF8')))
$$;
grant execute on function audit_content(
    uuid, timestamptz, timestamptz, uuid, text, uuid, text, uuid, text, text, text, text, text,
    text, text, text, text, uuid, text, text[], text) to warroom_app;
"""

_APPEND = """
drop function audit_append;
create function audit_append(
    p_id uuid, p_at timestamptz, p_person_id uuid, p_person_label text, p_agency_id uuid,
    p_agency_label text, p_owner_agency_id uuid, p_action text, p_object_kind text,
    p_object_id text, p_object_label text, p_place text, p_purpose text, p_reason text,
    p_door text, p_address text, p_session_id uuid, p_detail text, p_tags text[], p_class text
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
    set_to text;
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
    -- What is assigned costs less than what is performed: a query of its own.
    digest := public.audit_link(chain, seq, previous, public.audit_content(
        p_id, p_at, recorded, p_person_id, label, p_agency_id, p_agency_label,
        p_owner_agency_id, p_action, p_object_kind, p_object_id, p_object_label, p_place,
        p_purpose, p_reason, p_door, p_address, p_session_id, p_detail, p_tags, p_class));
    insert into public.audit_entry values (
        chain, seq, previous, p_id, p_at, recorded, p_person_id, label,
        p_agency_id, p_agency_label, p_owner_agency_id, p_action, p_object_kind, p_object_id,
        p_object_label, p_place, p_purpose, p_reason, p_door, p_address, p_session_id, p_detail,
        digest, 3, p_tags, p_class
    );
    update public.audit_head h set seq = entry.seq, hash = digest
    where h.ctid = entry.tid and h.seq = entry.seq - 1
    returning h.ctid into strict moved;
    set_to := set_config('warroom.audit_head', moved::text, true);
end
$$;
revoke execute on function audit_append from public;
grant execute on function audit_append to warroom_app;
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
        session_id uuid, detail text, thing_tags text[], thing_class text)
    loop
        count := count + 1;
        recorded := clock_timestamp();
        head.hash := digest;
        digest := public.audit_link(head.chain, head.seq + count, head.hash, public.audit_content(
            entry.id, entry.at, recorded, entry.person_id, entry.person_name, entry.agency_id,
            entry.agency_label, entry.owner_agency_id, entry.action, entry.object_kind,
            entry.object_id, entry.object_name, entry.place, entry.purpose, entry.reason,
            entry.door, entry.address, entry.session_id, entry.detail, entry.thing_tags,
            entry.thing_class));
        insert into public.audit_entry values (
            head.chain, head.seq + count, head.hash, entry.id, entry.at, recorded,
            entry.person_id, entry.person_name, entry.agency_id, entry.agency_label,
            entry.owner_agency_id, entry.action, entry.object_kind, entry.object_id,
            entry.object_name, entry.place, entry.purpose, entry.reason, entry.door,
            entry.address, entry.session_id, entry.detail, digest, 3, entry.thing_tags,
            entry.thing_class
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

_LINKS = """
create or replace function audit_links(p_chain smallint, p_first bigint, p_last bigint)
returns table (seq bigint, previous bytea, form smallint, digest bytea, hash bytea)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select e.seq, e.previous, e.form, case e.form
        when 2 then sha256(public.audit_content(
            e.id, e.at, e.recorded_at, e.person_id, e.person_label, e.agency_id, e.agency_label,
            e.owner_agency_id, e.action, e.object_kind, e.object_id, e.object_label, e.place,
            e.purpose, e.reason, e.door, e.address, e.session_id, e.detail))
        when 3 then sha256(public.audit_content(
            e.id, e.at, e.recorded_at, e.person_id, e.person_label, e.agency_id, e.agency_label,
            e.owner_agency_id, e.action, e.object_kind, e.object_id, e.object_label, e.place,
            e.purpose, e.reason, e.door, e.address, e.session_id, e.detail, e.thing_tags,
            e.thing_class)) end, e.hash
    from public.audit_entry e
    where e.chain = p_chain and e.seq between p_first and p_last order by e.seq
$$;
"""

_SIDES_OF = {
    "place": "place", "id": "object_id::text", "tags": "thing_tags", "class_": "thing_class",
}  # fmt: skip

_WALL = f"""
drop policy audit_entry_read on audit_entry;
create policy audit_entry_read on audit_entry for select using (
    {reaches(agency="owner_agency_id", **_SIDES_OF)}
    or {reaches(agency="agency_id", **_SIDES_OF)}
);
"""
