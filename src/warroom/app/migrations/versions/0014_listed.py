"""What a list tells of a camera, without what is not known of it."""

from alembic import op

from warroom.kernel.wall import reaches

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.execute(_LISTED)


_LISTED = f"""
drop view camera_seen;
alter table camera drop column listed;
drop function camera_listed;

-- What a camera's own row tells a list, as JSON without its closing brace: written with the row, so
-- that reading five hundred of them builds nothing. What is not known is left out: it was a third of
-- the list, and every byte is copied five times on its way to the one who asks.
create function camera_listed(
    id uuid, number integer, name text, site text, kecamatan text, kecamatan_name text,
    kelurahan text, kelurahan_name text, area_source text, lat double precision,
    lon double precision, height_m real, bearing_deg real, fov_deg real, range_m real,
    is_ptz boolean, tags text[], simulated boolean, enabled boolean
) returns text
language sql immutable parallel safe set extra_float_digits = 1 as $$
    select left(json_strip_nulls(row_to_json(x))::text, -1) from (
        select id, number, name, site as place,
            case when kecamatan is not null then
                json_build_object('code', kecamatan, 'name', kecamatan_name) end as kecamatan,
            case when kelurahan is not null then json_build_object(
                'code', kelurahan, 'name', kelurahan_name, 'how_known', area_source
            ) end as kelurahan,
            lat, lon, height_m, bearing_deg, fov_deg, range_m, is_ptz, tags, simulated, enabled
    ) x
$$;
grant execute on function camera_listed to warroom_app;
alter table camera add column listed text generated always as (camera_listed(
    id, number, name, site, kecamatan, kecamatan_name, kelurahan, kelurahan_name, area_source, lat,
    lon, height_m, bearing_deg, fov_deg, range_m, is_ptz, tags, simulated, enabled
)) stored;

-- As it was, over the new column.
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
"""
