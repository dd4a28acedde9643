"""Rights by class; a second wall that narrows by the same sides as the first."""

from alembic import op

from warroom.kernel.wall import policy, reaches

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.execute(_SCOPE)
    op.execute(_ROLES)
    op.execute(_CLASSES)
    for table, condition in _WALL.items():
        op.execute(policy(table, condition))
    op.execute(_AUDIT)
    op.execute(_SEEN)


_SCOPE = """
-- The sides of the scope's rights, as `Scope.database_settings` tells them: single sides, and the
-- rules that have several. Nothing told is nothing reached.
create function scope_agency_ids() returns setof uuid
language sql stable parallel safe rows 4 as $$
    select unnest(scope_agencies())
$$;
create function scope_object_ids() returns setof uuid
language sql stable parallel safe rows 4 as $$
    select unnest(nullif(current_setting('warroom.objects', true), '')::uuid[])
$$;
create function scope_places() returns text[]
language sql stable parallel safe as $$
    select nullif(current_setting('warroom.places', true), '')::text[]
$$;
create function scope_tags() returns text[]
language sql stable parallel safe as $$
    select nullif(current_setting('warroom.tags', true), '')::text[]
$$;
create function scope_classes() returns text[]
language sql stable parallel safe as $$
    select nullif(current_setting('warroom.classes', true), '')::text[]
$$;
create function scope_has_rules() returns boolean
language sql stable parallel safe as $$
    select coalesce(current_setting('warroom.rules', true), '') <> ''
$$;
-- Whether single things may be reached that no agency of the scope owns.
create function scope_has_things() returns boolean
language sql stable parallel safe as $$
    select concat(current_setting('warroom.objects', true), current_setting('warroom.places', true),
        current_setting('warroom.tags', true), current_setting('warroom.classes', true),
        current_setting('warroom.rules', true)) <> ''
$$;
create function scope_rules()
returns table (agencies uuid[], places text[], objects uuid[], tags text[], classes text[])
language sql stable parallel safe rows 4 as $$
    select * from jsonb_to_recordset(nullif(current_setting('warroom.rules', true), '')::jsonb)
        as r(agencies uuid[], places text[], objects uuid[], tags text[], classes text[])
$$;
grant execute on function scope_agency_ids, scope_object_ids, scope_places, scope_tags,
    scope_classes, scope_has_rules, scope_has_things, scope_rules to warroom_app;
"""

_CLASSES = """
alter table access_grant add column classes text[];
alter table outbox add column class text;

create or replace function identity_principal(p_person uuid) returns jsonb
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
            where pr.person_id = p.id and r.retired_at is null), '[]'),
        'grants', coalesce((
            select jsonb_agg(to_jsonb(g) order by g.id)  -- whole: limits added later hold too
            from public.access_grant g
            where g.revoked_at is null
              and (g.person_id = p.id or g.to_agency_id = p.agency_id)), '[]')
    )
    from public.person p left join public.agency a on a.id = p.agency_id
    where p.id = p_person and p.is_active
$$;

-- A change of rights wakes the processes that remember them; the version says whether to forget.
create or replace function rights_changed() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    update public.rights_version set version = version + 1;
    perform pg_notify('warroom_rights', '');
    return null;
end
$$;
"""

_ROLES = f"""
-- Presets belong to nobody and are as the migrations made them; an agency's own roles are its data.
alter table role
    add column agency_id uuid references agency,
    add column label text not null default '',
    add column note text not null default '',
    add column created_at timestamptz not null default now(),
    add column created_by uuid,
    add column changed_at timestamptz not null default now(),
    add column retired_at timestamptz,
    add column version integer not null default 1,
    add constraint role_owner check (is_preset = (agency_id is null));
-- What an own role asks of a sign-in is never less than what others ask for the same power.
alter table role
    add column asks_like text[] not null default '{{}}',
    add column asks_with text[] not null default '{{}}';
comment on column role.asks_like is 'powerful words: what a preset asks that holds one, it asks too';
comment on column role.asks_with is 'the roles it was copied from: what they ask, it asks too';
-- Every role whose demand one role's people must meet; what was copied from is heard when retired too.
create function role_asks(p_role text) returns setof text
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select q.name from public.role r join public.role q on q.name = r.name
        or q.name = any(r.asks_with)
        or (r.agency_id is not null and q.agency_id is null and q.actions && r.asks_like)
    where r.name = p_role and r.retired_at is null
$$;
revoke execute on function role_asks from public, warroom_app;
create or replace function identity_demand(p_person uuid) returns jsonb
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
    left join lateral public.role_asks(pr.role) asked on true
    left join public.sign_in_demand d on d.role = asked
    where p.id = p_person
    group by p.id, p.factor_due_at, p.seats_only
$$;
-- Who gave a role, and when; of those given before it was noted, nobody knows here (the audit does).
alter table person_role add column given_by uuid, add column given_at timestamptz;
comment on column role.name is 'a word for presets; an id, that nobody sees, for own roles';
create unique index role_label on role (agency_id, lower(label))
    where agency_id is not null and retired_at is null;
create index role_agency on role (agency_id) where agency_id is not null;
alter table role enable row level security;
create policy role_read on role for select using (
    agency_id in (select a.id from agency a)
    or (agency_id is null and coalesce(current_setting('warroom.door', true), '') <> '')
);
create policy role_made on role for insert with check (
    agency_id is not null and {reaches(agency="agency_id")}
);
create policy role_changed on role for update using (
    agency_id is not null and {reaches(agency="agency_id")}
);
grant insert, update on role to warroom_app;
drop policy sign_in_demand_read on sign_in_demand;
create policy sign_in_demand_read on sign_in_demand for select
    using (role in (select r.name from role r));

update role set actions = actions || '{{role:configure}}'::text[]
    where name in ('configure', 'admin_lembaga');
"""

_OF_CAMERA = """(
    (select scope_sees_all())
    or agency_id in (select scope_agency_ids())
    or ((select scope_has_things()) and exists (select from camera c where c.id = camera_id))
)"""

_WALL = {
    # Whoever sees a camera or a person sees whose they are; what follows for a person is judged by it.
    "agency": f"""(
        {reaches(agency="id", place="place", id="id")}
        or id = (select scope_agency())
        or id in (select p.agency_id from person p)
        or ((select scope_has_things()) and exists (
            select from camera c where c.agency_id = agency.id and c.removed_at is null))
    )""",
    "camera": reaches(
        agency="agency_id", place="place", id="id", tags="tags", class_="retention_class"
    ),
    "camera_state": _OF_CAMERA,
    "camera_stream": _OF_CAMERA,
    "person": f"({reaches(agency='agency_id', id='id')} or id = (select scope_person()))",
    "seat": reaches(agency="agency_id", id="id"),
    "recording_alarm": _OF_CAMERA,
    "recording_hold": _OF_CAMERA,
    "service_account": reaches(agency="agency_id", id="id"),
    # A person's own layouts are theirs alone, whatever else their scope reaches.
    "wall_layout": f"""(
        case when shared = 'person' then person_id = (select scope_person())
        else {reaches(agency="agency_id", id="id")} end
    )""",
    # Whoever sees a person sees what follows for them: who changes people must know all of it.
    "access_grant": """(
        (select scope_sees_all())
        or agency_id in (select scope_agency_ids())
        or agencies && (select scope_agencies())
        or person_id in (select id from person)
        or to_agency_id in (select p.agency_id from person p)
    )""",
}

_AUDIT = f"""
drop policy audit_entry_read on audit_entry;
create policy audit_entry_read on audit_entry for select using (
    {reaches(agency="owner_agency_id", place="place")}
    or {reaches(agency="agency_id", place="place")}
);
"""

_SEEN = f"""
-- What a camera's own row tells a list, as JSON without its closing brace: written with the row, so
-- that reading five hundred of them builds nothing.
create function camera_listed(
    id uuid, number integer, name text, site text, kecamatan text, kecamatan_name text,
    kelurahan text, kelurahan_name text, area_source text, lat double precision,
    lon double precision, height_m real, bearing_deg real, fov_deg real, range_m real,
    is_ptz boolean, tags text[], simulated boolean, enabled boolean, retention_class text,
    version integer
) returns text
language sql immutable parallel safe set extra_float_digits = 1 as $$
    select left(row_to_json(x)::text, -1) from (
        select id, number, name, site as place,
            case when kecamatan is not null then
                json_build_object('code', kecamatan, 'name', kecamatan_name) end as kecamatan,
            case when kelurahan is not null then json_build_object(
                'code', kelurahan, 'name', kelurahan_name, 'how_known', area_source
            ) end as kelurahan,
            lat, lon, height_m, bearing_deg, fov_deg, range_m, is_ptz, tags, simulated, enabled,
            retention_class, version
    ) x
$$;
grant execute on function camera_listed to warroom_app;
alter table camera add column listed text generated always as (camera_listed(
    id, number, name, site, kecamatan, kecamatan_name, kelurahan, kelurahan_name, area_source, lat,
    lon, height_m, bearing_deg, fov_deg, range_m, is_ptz, tags, simulated, enabled,
    retention_class, version
)) stored;

-- What a list shows of a camera, in one row. The view is the owner's, so the policies of the tables
-- do not hold in it: the wall stands in it once, in place of once for each table it is put together of.
create view camera_seen with (security_barrier) as
select c.id, c.agency_id, c.number, c.name, c.site, c.kecamatan, c.kecamatan_name, c.kelurahan,
    c.kelurahan_name, c.area_source, c.place, c.lat, c.lon, c.height_m, c.bearing_deg, c.fov_deg,
    c.range_m, c.is_ptz, c.tags, c.retention_class, c.simulated, c.enabled, c.notes, c.version,
    c.created_at, c.changed_at, c.listed, a.name as agency_name, a.short as agency_short,
    m.id is not null as has_main, u.id is not null as has_sub, m.codec, m.width, m.height,
    s.state, s.since, s.reason, s.last_frame_at, s.fps, s.kbit_s, s.clock_offset_ms,
    s.clock_uncertainty_ms, s.recording, s.recording_since, s.node, s.reported_at
from camera c
left join agency a on a.id = c.agency_id
left join camera_state s on s.camera_id = c.id
left join camera_stream m on m.camera_id = c.id and m.role = 'main'
left join camera_stream u on u.camera_id = c.id and u.role = 'sub'
where c.removed_at is null and {
    reaches(
        agency="c.agency_id",
        place="c.place",
        id="c.id",
        tags="c.tags",
        class_="c.retention_class",
    )
};
comment on view camera_seen is 'cameras in use behind the second wall, with owner, picture and state';
revoke all on camera_seen from warroom_app;
grant select on camera_seen to warroom_app;

-- Grows with each change of the inventory: what was worked out at one version holds until the next.
create table camera_version (
    is_only boolean primary key default true check (is_only),
    version bigint not null
);
insert into camera_version (version) values (1);
revoke all on camera_version from warroom_app;
grant select on camera_version to warroom_app;
create function cameras_changed() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    update public.camera_version set version = version + 1;
    return null;
end
$$;
revoke execute on function cameras_changed from public, warroom_app;
create trigger cameras_changed after insert or update or delete or truncate on camera
    for each statement execute function cameras_changed();
"""
