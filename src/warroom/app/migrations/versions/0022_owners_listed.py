"""What a list tells of a camera's owner and picture is written with them, as text."""

from alembic import op

from warroom.kernel.wall import reaches

revision = "0022"
down_revision = "0024"


def upgrade() -> None:
    op.execute(_LISTED)


_LISTED = f"""
-- An owner as a list of cameras tells it: written once, so that five hundred rows quote no text.
create function agency_listed(id uuid, name text, short text) returns text
language sql immutable parallel safe as $$
    select row_to_json(x)::text from (select id, name, short) x
$$;
grant execute on function agency_listed to warroom_app;
alter table agency add column listed text
    generated always as (agency_listed(id, name, short)) stored;

-- What a list tells of a camera's streams, a part of its object, kept with the camera: looking two
-- streams up for each of five hundred rows was two fifths of the list.
alter table camera add column pictured text not null default ',"has_sub"\\:false';
comment on column camera.pictured is 'codec, width and height of the main stream, and has_sub; made';

create function camera_pictured(p_camera uuid) returns text
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select concat(
        max(concat(',"codec":' || to_json(codec)::text, ',"width":' || width,
            ',"height":' || height)) filter (where role = 'main'),
        ',"has_sub":', coalesce(bool_or(role = 'sub'), false)::text)
    from public.camera_stream where camera_id = p_camera
$$;
revoke execute on function camera_pictured from public;

create function camera_streams_changed() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    stale uuid[] := (
        select array_agg(c.id) from public.camera c
        where c.id in (select camera_id from changed)
          and c.pictured is distinct from public.camera_pictured(c.id));
begin
    -- A change of the inventory is counted by the statement, whether it finds a row or not.
    if stale is not null then
        update public.camera c set pictured = public.camera_pictured(c.id) where c.id = any(stale);
    end if;
    return null;
end
$$;
revoke execute on function camera_streams_changed from public, warroom_app;
create trigger camera_streams_added after insert on camera_stream
    referencing new table as changed for each statement execute function camera_streams_changed();
create trigger camera_streams_changed after update on camera_stream
    referencing new table as changed for each statement execute function camera_streams_changed();
create trigger camera_streams_removed after delete on camera_stream
    referencing old table as changed for each statement execute function camera_streams_changed();
update camera set pictured = camera_pictured(id);

-- As it was, with the texts at its end.
create or replace view camera_seen with (security_barrier) as
select c.id, c.agency_id, c.number, c.name, c.site, c.kecamatan, c.kecamatan_name, c.kelurahan,
    c.kelurahan_name, c.area_source, c.place, c.lat, c.lon, c.height_m, c.bearing_deg, c.fov_deg,
    c.range_m, c.is_ptz, c.tags, c.retention_class, c.simulated, c.enabled, c.notes, c.version,
    c.created_at, c.changed_at, c.listed, a.name as agency_name, a.short as agency_short,
    m.id is not null as has_main, u.id is not null as has_sub, m.codec, m.width, m.height,
    s.state, s.since, s.reason, s.last_frame_at, s.fps, s.kbit_s, s.clock_offset_ms,
    s.clock_uncertainty_ms, s.recording, s.recording_since, s.node, s.reported_at,
    s.listed as state_listed, a.listed as agency_listed, c.pictured
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
"""
